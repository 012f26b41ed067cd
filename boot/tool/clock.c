// SPDX-License-Identifier: GPL-2.0
/* clock.c: tombolo clock, which puts this kernel's clock beside the board's counter. */
#include <stdio.h>
#include <time.h>

#include "tool.h"

/* The counter is the same in all kernels, in nanoseconds. */
static uint64_t board_ns(void)
{
#if defined(__aarch64__)
	uint64_t count, hz;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count));
	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return (unsigned __int128)count * 1000000000 / hz;
#else
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
#endif
}

static uint64_t own_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Of several readings the one that was least disturbed */
int command_clock(void)
{
	uint64_t before, own, after, board = 0, monotonic = 0, best = -1;
	int i;

	for (i = 0; i < 20; i++) {
		before = board_ns();
		own = own_ns();
		after = board_ns();
		if (after - before >= best)
			continue;
		best = after - before;
		board = before + best / 2;
		monotonic = own;
	}
	printf("board_ns=%llu\nmonotonic_ns=%llu\nerror_ns=%llu\n",
	       (unsigned long long)board, (unsigned long long)monotonic,
	       (unsigned long long)best);
	return EXIT_OK;
}
