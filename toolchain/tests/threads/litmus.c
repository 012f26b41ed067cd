/* SPDX-License-Identifier: GPL-2.0 */
/*
 * litmus.c - what threads may see of each other's stores, wherever each of them
 * runs: store buffering, message passing, load buffering, and two readers of two
 * independent writers; with sequentially consistent accesses and with fences. An
 * outcome that C11 forbids must not be seen. The machine under an emulator may be
 * stronger than the ISAs: this finds gross errors, passes/atomics.ll the others. Or
 * weaker: qemu (7.2, 10.0) on x86_64 lets a load (ldar) pass an earlier store (stlr) of
 * aarch64, so that the first test has no zero there, whoever compiled it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { ROUNDS = 3000, THREADS = 4 };
enum { SB, SB_FENCE, MP, MP_FENCE, LB, IRIW, IRIW_FENCE, TESTS };

static const char *const names[TESTS] = {
	"SB",	"SB with fences",   "MP", "MP with fences", "LB",
	"IRIW", "IRIW with fences",
};

/* Of each round its own words, each on a line of its own */
static struct words {
	_Alignas(64) atomic_int x;
	_Alignas(64) atomic_int y;
	int seen[THREADS][2];
} words[ROUNDS];
static pthread_barrier_t barrier;
static int test;

static int get(atomic_int *from, memory_order order)
{
	return atomic_load_explicit(from, order);
}

static void put(atomic_int *to, memory_order order)
{
	atomic_store_explicit(to, 1, order);
}

static void buffering(struct words *w, int me, int fenced)
{
	memory_order order = fenced ? memory_order_relaxed :
				      memory_order_seq_cst;

	if (me > 1)
		return;
	put(me ? &w->y : &w->x, order);
	if (fenced)
		atomic_thread_fence(memory_order_seq_cst);
	w->seen[me][0] = get(me ? &w->x : &w->y, order);
}

static void passing(struct words *w, int me, int fenced)
{
	if (me == 0) {
		put(&w->x, memory_order_relaxed);
		if (fenced)
			atomic_thread_fence(memory_order_release);
		put(&w->y,
		    fenced ? memory_order_relaxed : memory_order_release);
	} else if (me == 1) {
		w->seen[1][0] = get(&w->y, fenced ? memory_order_relaxed :
						    memory_order_acquire);
		if (fenced)
			atomic_thread_fence(memory_order_acquire);
		w->seen[1][1] = get(&w->x, memory_order_relaxed);
	}
}

static void loads_first(struct words *w, int me)
{
	if (me > 1)
		return;
	w->seen[me][0] = get(me ? &w->y : &w->x, memory_order_acquire);
	put(me ? &w->x : &w->y, memory_order_release);
}

static void two_writers(struct words *w, int me, int fenced)
{
	memory_order order = fenced ? memory_order_relaxed :
				      memory_order_seq_cst;

	if (me < 2) {
		put(me ? &w->y : &w->x, order);
		return;
	}
	w->seen[me][0] = get(me == 2 ? &w->x : &w->y, order);
	if (fenced)
		atomic_thread_fence(memory_order_seq_cst);
	w->seen[me][1] = get(me == 2 ? &w->y : &w->x, order);
}

static void once(struct words *w, int me)
{
	switch (test) {
	case SB:
	case SB_FENCE:
		buffering(w, me, test == SB_FENCE);
		break;
	case MP:
	case MP_FENCE:
		passing(w, me, test == MP_FENCE);
		break;
	case LB:
		loads_first(w, me);
		break;
	default:
		two_writers(w, me, test == IRIW_FENCE);
	}
}

static int is_forbidden(struct words *w)
{
	switch (test) {
	case SB:
	case SB_FENCE:
		return !w->seen[0][0] && !w->seen[1][0];
	case MP:
	case MP_FENCE:
		return w->seen[1][0] && !w->seen[1][1];
	case LB:
		return w->seen[0][0] && w->seen[1][0];
	default:
		return w->seen[2][0] && !w->seen[2][1] && w->seen[3][0] &&
		       !w->seen[3][1];
	}
}

static void *work(void *arg)
{
	int me = (int)(long)arg, i;

	for (i = 0; i < ROUNDS; i++) {
		if (i % 100 == 0)
			pthread_barrier_wait(&barrier);
		once(&words[i], me);
	}
	return NULL;
}

static int run(void)
{
	pthread_t thread[THREADS];
	int i, bad = 0;

	for (i = 0; i < ROUNDS; i++)
		words[i] = (struct words){ 0 };
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, (void *)(long)i);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < ROUNDS; i++)
		bad += is_forbidden(&words[i]);
	return bad;
}

/* With an argument: only store buffering without fences, else all but that. */
int main(int argc, char **argv)
{
	int only = argc > 1;

	(void)argv;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (test = only ? SB : SB + 1; test < (only ? SB + 1 : TESTS); test++)
		printf("%s: %d\n", names[test], run());
	return 0;
}
