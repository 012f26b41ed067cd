/* SPDX-License-Identifier: GPL-2.0 */
/* c11.c - <threads.h> and <stdatomic.h>: who sees what, in which order */
#include <stdatomic.h>
#include <stdio.h>
#include <threads.h>

enum { THREADS = 4, ROUNDS = 2000, BOTH = 400, NODES = 64 };

static atomic_long counter;
static atomic_uchar small;
static atomic_flag held = ATOMIC_FLAG_INIT;
static long guarded;
static long _Atomic published;
static long payload[8];
static atomic_long stale;
static mtx_t mutex;
static cnd_t cond;
static tss_t slot;
static once_flag once = ONCE_FLAG_INIT;
static int turn, inits;
static atomic_int x, y, both_zero, seen_x, seen_y, go;
static thread_local int own = 3;

struct node {
	struct node *next;
	long value;
};
static _Atomic(struct node *) stack;
static struct node nodes[THREADS][NODES];

static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void init(void)
{
	inits++;
	tss_create(&slot, NULL);
}

static void push(struct node *n)
{
	n->next = atomic_load(&stack);
	while (!atomic_compare_exchange_weak(&stack, &n->next, n))
		;
}

static int count(void *arg)
{
	long number = (long)arg;
	int i;

	call_once(&once, init);
	tss_set(slot, arg);
	for (i = 0; i < ROUNDS; i++) {
		atomic_fetch_add(&counter, 1);
		atomic_fetch_add_explicit(&small, 1, memory_order_relaxed);
		while (atomic_flag_test_and_set_explicit(&held,
							 memory_order_acquire))
			thrd_yield();
		guarded++;
		atomic_flag_clear_explicit(&held, memory_order_release);
		if (i < NODES) {
			nodes[number][i].value = i;
			push(&nodes[number][i]);
			fib(4);
		}
		own++;
	}
	return own == ROUNDS + 3 && tss_get(slot) == arg ? (int)number : -1;
}

/* What was written before the release is seen after the acquire. */
static int write_all(void *arg)
{
	long i, round;

	(void)arg;
	for (round = 1; round <= ROUNDS; round++) {
		while (atomic_load_explicit(&published, memory_order_acquire) !=
		       -(round - 1))
			thrd_yield();
		for (i = 0; i < 8; i++)
			payload[i] = round * i;
		atomic_store_explicit(&published, round, memory_order_release);
		if (round % 100 == 0)
			fib(6);
	}
	return 0;
}

static int read_all(void *arg)
{
	long i, round;

	(void)arg;
	for (round = 1; round <= ROUNDS; round++) {
		while (atomic_load_explicit(&published, memory_order_acquire) !=
		       round)
			thrd_yield();
		for (i = 0; i < 8; i++)
			if (payload[i] != round * i)
				atomic_fetch_add(&stale, 1);
		atomic_store_explicit(&published, -round, memory_order_release);
		if (round % 77 == 0)
			fib(6);
	}
	return 0;
}

static int in_turn(void *arg)
{
	int i, number = (int)(long)arg;

	for (i = 0; i < 25; i++) {
		mtx_lock(&mutex);
		while (turn % THREADS != number)
			cnd_wait(&cond, &mutex);
		turn++;
		cnd_broadcast(&cond);
		mtx_unlock(&mutex);
		fib(5);
	}
	return 0;
}

/* Sequential consistency: not both may miss the other's store. */
static int store_x(void *arg)
{
	int i;

	(void)arg;
	for (i = 1; i <= BOTH; i++) {
		while (atomic_load(&go) != i)
			thrd_yield();
		atomic_store(&x, 1);
		atomic_thread_fence(memory_order_seq_cst);
		atomic_store(&seen_y, atomic_load(&y) + 1);
		if (i % 50 == 0)
			fib(6);
	}
	return 0;
}

static int store_y(void *arg)
{
	int i;

	(void)arg;
	for (i = 1; i <= BOTH; i++) {
		while (atomic_load(&go) != i)
			thrd_yield();
		atomic_store(&y, 1);
		atomic_thread_fence(memory_order_seq_cst);
		atomic_store(&seen_x, atomic_load(&x) + 1);
		if (i % 60 == 0)
			fib(6);
	}
	return 0;
}

static void start_two(thrd_t *thread, thrd_start_t a, thrd_start_t b)
{
	thrd_create(&thread[0], a, NULL);
	thrd_create(&thread[1], b, NULL);
}

int main(void)
{
	thrd_t thread[THREADS];
	struct node *n;
	long i, sum = 0, length = 0;
	int ret;

	for (i = 0; i < THREADS; i++)
		thrd_create(&thread[i], count, (void *)i);
	for (i = 0; i < THREADS; i++) {
		thrd_join(thread[i], &ret);
		sum += ret * 10;
	}
	for (n = atomic_load(&stack); n; n = n->next, length++)
		sum += n->value;
	printf("%ld %d %ld, %ld nodes, sum %ld, once %d\n",
	       atomic_load(&counter), atomic_load(&small), guarded, length, sum,
	       inits);

	start_two(thread, write_all, read_all);
	thrd_join(thread[0], NULL);
	thrd_join(thread[1], NULL);
	printf("stale %ld\n", atomic_load(&stale));

	mtx_init(&mutex, mtx_plain);
	cnd_init(&cond);
	for (i = 0; i < THREADS; i++)
		thrd_create(&thread[i], in_turn, (void *)i);
	for (i = 0; i < THREADS; i++)
		thrd_join(thread[i], NULL);
	printf("turns %d\n", turn);

	start_two(thread, store_x, store_y);
	for (i = 1; i <= BOTH; i++) {
		atomic_store(&x, 0);
		atomic_store(&y, 0);
		atomic_store(&seen_x, 0);
		atomic_store(&seen_y, 0);
		atomic_store(&go, (int)i);
		while (!atomic_load(&seen_x) || !atomic_load(&seen_y))
			thrd_yield();
		if (atomic_load(&seen_x) == 1 && atomic_load(&seen_y) == 1)
			atomic_fetch_add(&both_zero, 1);
	}
	thrd_join(thread[0], NULL);
	thrd_join(thread[1], NULL);
	printf("both missed %d\n", atomic_load(&both_zero));
	return 0;
}
