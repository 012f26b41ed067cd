/* SPDX-License-Identifier: GPL-2.0 */
/* atomics.c - atomics of all sizes, fences, bit operations */
#include <stdatomic.h>
#include <stdio.h>

static _Atomic int count;
static _Atomic long total;
static _Atomic unsigned char small;
static _Atomic(void *) where;
static atomic_flag flag = ATOMIC_FLAG_INIT;

static int slow(int n)
{
	return n < 2 ? n : slow(n - 1) + slow(n - 2);
}

static int step(int n)
{
	int seen = atomic_load(&count);
	void *none = NULL;

	while (!atomic_compare_exchange_weak(&count, &seen, seen + n))
		;
	atomic_fetch_add_explicit(&total, slow(n % 7), memory_order_relaxed);
	atomic_fetch_xor(&small, (unsigned char)n);
	atomic_compare_exchange_strong(&where, &none, &count);
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_flag_test_and_set(&flag))
		atomic_flag_clear(&flag);
	return __builtin_popcountl((long)n * 77777) + __builtin_clz(n + 1) +
	       __builtin_ctz(n | 64) + (int)__builtin_bswap32(n);
}

int main(void)
{
	long s = 0;
	int i;

	for (i = 0; i < 100; i++)
		s += step(i);
	printf("%d %ld %d %d %ld\n", count, total, small,
	       where == (void *)&count, s);
	return 0;
}
