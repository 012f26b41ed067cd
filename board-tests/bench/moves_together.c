// SPDX-License-Identifier: GPL-2.0
/* moves_together.c: what threads on several cores do together, for `moves`. */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "moves.h"

#define PAGE 4096

static pthread_barrier_t start, turn;
static sem_t ping, pong;
static int fds[2][2];
static pthread_t threads[MAX_CORES];

/* work(number) in a thread on each core but the first `skip`; all are there, and
 * wait for the barrier `start`, when we come back. */
static void gather(void *(*work)(void *), int skip)
{
	int i, n = nr_cores - skip;

	pthread_barrier_init(&start, NULL, n + 1);
	pthread_barrier_init(&turn, NULL, n);
	for (i = skip; i < nr_cores; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)(long)i))
			give_up("no thread");
	pthread_barrier_wait(&start);
}

/* The number of the calling thread, which is on its core now */
static int arrive(void *number)
{
	go(cores[(long)number]);
	pthread_barrier_wait(&start);
	pthread_barrier_wait(&start);
	return (long)number;
}

static void join(int skip)
{
	int i;

	for (i = skip; i < nr_cores; i++)
		pthread_join(threads[i], NULL);
}

/* The stretch is from when all are there until all have ended. */
static void together(void *(*work)(void *), int skip)
{
	struct stretch s;

	gather(work, skip);
	begin(&s);
	pthread_barrier_wait(&start);
	join(skip);
	end(&s);
}

/* ---- two that wake each other: this one on the first core, one on the second ---- */

static void *by_futex(void *number)
{
	int i;

	arrive(number);
	for (i = 0; i < count; i++) {
		sem_wait(&ping);
		sem_post(&pong);
	}
	return NULL;
}

void futex(void)
{
	struct stretch s;
	int i;

	sem_init(&ping, 0, 0);
	sem_init(&pong, 0, 0);
	gather(by_futex, 1);
	pthread_barrier_wait(&start);
	begin(&s);
	for (i = 0; i < count; i++) {
		sem_post(&ping);
		sem_wait(&pong);
		lap(&s);
	}
	end(&s);
	join(1);
}

static void *by_pipe(void *number)
{
	int i;
	char c;

	arrive(number);
	for (i = 0; i < count; i++)
		if (read(fds[0][0], &c, 1) != 1 || write(fds[1][1], &c, 1) != 1)
			give_up("a pipe");
	return NULL;
}

void through_pipe(void)
{
	struct stretch s;
	char c = 0;
	int i;

	if (pipe(fds[0]) || pipe(fds[1]))
		give_up("no pipe");
	gather(by_pipe, 1);
	pthread_barrier_wait(&start);
	begin(&s);
	for (i = 0; i < count; i++) {
		if (write(fds[0][1], &c, 1) != 1 || read(fds[1][0], &c, 1) != 1)
			give_up("a pipe");
		lap(&s);
	}
	end(&s);
	join(1);
}

/* ---- faults of several threads at once, each of pages of its own ---- */

#define APART 512

static volatile char *memory;

static void *reads_its_pages(void *number)
{
	int i, me = arrive(number);

	for (i = me - 1; i < count; i += nr_cores - 1)
		if (memory[(size_t)i * APART * PAGE] != 1)
			give_up("a page is not what was written");
	return NULL;
}

/* count pages, written on the first core, by threads on all others together */
void faults(void)
{
	int i;

	memory = mmap(NULL, (size_t)count * APART * PAGE,
		      PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		give_up("no memory");
	madvise((void *)memory, (size_t)count * APART * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < count; i++)
		memory[(size_t)i * APART * PAGE] = 1;
	together(reads_its_pages, 1);
}

/* ---- two that write words of one page, or of two ---- */

static struct {
	volatile uint64_t word;
	char rest[PAGE - sizeof(uint64_t)];
} __attribute__((aligned(PAGE))) words[2];
static volatile uint64_t *counted[2];

static void *increments(void *number)
{
	int i, me = arrive(number);

	for (i = 0; i < count; i++)
		++*counted[me];
	return NULL;
}

static void increment(volatile uint64_t *first, volatile uint64_t *second)
{
	counted[0] = first;
	counted[1] = second;
	together(increments, 0);
	if (*first != (uint64_t)count || *second != (uint64_t)count)
		give_up("an increment was lost");
}

void false_sharing(void)
{
	increment(&words[0].word, (volatile uint64_t *)(words[0].rest + 1024));
}

void apart(void)
{
	increment(&words[0].word, &words[1].word);
}

/* ---- parallel applications ---- */

static uint64_t sums[MAX_CORES];

/* Nobody needs anybody: count rounds of a generator, mixed by a table */
static void *computes(void *number)
{
	int i, k, me = arrive(number);
	uint32_t *mix = malloc(PAGE), x = 12345 + me;
	uint64_t sum = 0;

	if (!mix)
		give_up("no memory");
	for (i = 0; i < PAGE / 4; i++)
		mix[i] = i * 2654435761u;
	for (i = 0; i < count; i++) {
		for (k = 0; k < 1000; k++) {
			x = x * 1664525u + 1013904223u;
			mix[x >> 22] += x;
			sum += mix[x % (PAGE / 4)];
		}
	}
	free(mix);
	sums[me] = sum;
	return NULL;
}

static uint64_t sum_of_all(void)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < MAX_CORES; i++)
		sum = sum * 31 + sums[i];
	return sum;
}

void alone(void)
{
	together(computes, 0);
	report("sum", sum_of_all());
}

/* A grid of heat: halves, of which each needs the other's edge in each step */
#define ROWS  64
#define WIDTH (PAGE / (int)sizeof(double))

static double (*grid)[ROWS][WIDTH];

static void step(int from, int first, int last)
{
	int r, c;

	for (r = first; r < last; r++)
		for (c = 1; c < WIDTH - 1; c++)
			grid[!from][r][c] =
				(grid[from][r - 1][c] + grid[from][r + 1][c] +
				 grid[from][r][c - 1] + grid[from][r][c + 1]) /
				4;
}

static void *relaxes(void *number)
{
	int i, me = arrive(number);
	int first = me ? ROWS / 2 : 1, last = me ? ROWS - 1 : ROWS / 2;

	for (i = 0; i < count; i++) {
		step(i % 2, first, last);
		pthread_barrier_wait(&turn);
	}
	return NULL;
}

void shared(void)
{
	uint64_t sum = 0, bits;
	int r, c;

	grid = aligned_alloc(PAGE, 2 * sizeof(*grid));
	if (!grid || nr_cores != 2)
		give_up("no grid");
	memset(grid, 0, 2 * sizeof(*grid));
	for (c = 0; c < WIDTH; c++)
		grid[0][0][c] = grid[1][0][c] = 1000;
	together(relaxes, 0);
	for (r = 0; r < ROWS; r++)
		for (c = 0; c < WIDTH; c++) {
			memcpy(&bits, &grid[count % 2][r][c], sizeof(bits));
			sum = sum * 31 + bits;
		}
	report("sum", sum);
}
