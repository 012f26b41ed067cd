/* SPDX-License-Identifier: GPL-2.0 */
/* heap.c - malloc, realloc and free by all threads, of each other's blocks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { THREADS = 5, ROUNDS = 120, SHELF = 16 };

static void *shelf[SHELF];
static long wrong;

struct block {
	size_t size;
	unsigned char fill;
	unsigned char data[];
};

static unsigned int draw(unsigned int *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void check(struct block *b)
{
	size_t i;

	for (i = 0; i < b->size; i += 97)
		if (b->data[i] != b->fill)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
	if (b->size && b->data[b->size - 1] != b->fill)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
}

static struct block *make(unsigned int *seed)
{
	unsigned int kind = draw(seed) % 10;
	size_t size = draw(seed) % (kind < 7 ? 300 : kind < 9 ? 20000 : 400000);
	struct block *b = malloc(sizeof(*b) + size);

	b->size = size;
	b->fill = (unsigned char)draw(seed);
	memset(b->data, b->fill, size);
	return b;
}

static struct block *change(struct block *b, unsigned int *seed)
{
	size_t size = b->size * (1 + draw(seed) % 3) / (1 + draw(seed) % 2);

	b = realloc(b, sizeof(*b) + size);
	if (size > b->size)
		memset(b->data + b->size, b->fill, size - b->size);
	b->size = size;
	return b;
}

static void map_something(unsigned int *seed)
{
	size_t i, size = 4096 * (1 + draw(seed) % 40);
	unsigned char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (i = 0; i < size; i += 4096) {
		if (p[i])
			__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
		p[i] = 1;
	}
	mprotect(p, 4096, PROT_READ);
	if (p[0] != 1)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
	munmap(p, size);
}

static void *work(void *arg)
{
	unsigned int seed = (unsigned int)(long)arg * 77 + 1;
	struct block *b;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		b = __atomic_exchange_n(&shelf[draw(&seed) % SHELF], NULL,
					__ATOMIC_SEQ_CST);
		if (!b)
			b = make(&seed);
		check(b);
		if (draw(&seed) % 4 == 0)
			b = change(b, &seed);
		check(b);
		b = __atomic_exchange_n(&shelf[draw(&seed) % SHELF], b,
					__ATOMIC_SEQ_CST);
		if (b) {
			check(b);
			free(b);
		}
		if (i % 16 == 0)
			map_something(&seed);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread[THREADS];
	long i;

	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, (void *)i);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < SHELF; i++) {
		if (shelf[i])
			check(shelf[i]);
		free(shelf[i]);
	}
	printf("wrong %ld\n", wrong);
	return wrong != 0;
}
