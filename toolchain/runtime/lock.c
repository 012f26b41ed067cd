// SPDX-License-Identifier: GPL-2.0
// lock.c - waiting for a word in memory, and locks of that.
#include "runtime.h"

void tb_futex_wait(u32 *word, u32 value)
{
	s64 second[2] = { 1, 0 };

	sys4(SYS_futex, word, 0, value, second);
}

void tb_futex_wake(u32 *word)
{
	sys3(SYS_futex, word, 1, 0x7fffffff);
}

/*
 * 0: free, 1: held, 2: held, and others wait. They do not try again and again: on
 * few CPUs that keeps the one from running whom the holder waits for.
 */
void tb_lock(u32 *word)
{
	u32 was = 0;

	if (__atomic_compare_exchange_n(word, &was, 1, 0, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE))
		tb_futex_wait(word, 2);
}

void tb_unlock(u32 *word)
{
	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2)
		tb_futex_wake(word);
}
