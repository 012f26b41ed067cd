// SPDX-License-Identifier: GPL-2.0
/*
 * resident: a process that always looks at all of its memory, and knows for how
 * long it could not: the subject of a move by any means. By the board's counter,
 * which all kernels read alike.
 *
 * usage: resident MIB FILE. SIGUSR1: writes to FILE the longest gap between two
 * pages and the longest round over all of them, as key=value; then forgets them.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE	      4096
#define PAGES_PER_MIB 256

static volatile sig_atomic_t asked;

static uint64_t ticks(void)
{
	uint64_t t;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(t) : : "memory");
	return t;
}

static uint64_t ns_of(uint64_t t)
{
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return (unsigned __int128)t * 1000000000u / hz;
}

static void ask(int signo)
{
	(void)signo;
	asked = 1;
}

static void tell(const char *path, uint64_t gap, uint64_t round)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "gap_ns=%llu\nround_ns=%llu\n",
			 (unsigned long long)ns_of(gap),
			 (unsigned long long)ns_of(round));
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, n) != n || close(fd))
		exit(1);
}

/* A page's number is in it: whoever moves it has to keep it. */
static uint64_t look(volatile uint64_t *memory, size_t pages, uint64_t *last)
{
	uint64_t t, gap = 0;
	size_t i;

	for (i = 0; i < pages; i++) {
		if (memory[i * PAGE / sizeof(*memory)] != i + 1)
			abort();
		t = ticks();
		if (t - *last > gap)
			gap = t - *last;
		*last = t;
	}
	return gap;
}

int main(int argc, char **argv)
{
	size_t i, pages = argc == 3 ? atoi(argv[1]) * PAGES_PER_MIB : 0;
	uint64_t *memory, last, begin, gap = 0, round = 0, g;

	memory = aligned_alloc(PAGE, pages * PAGE);
	if (!pages || !memory)
		return 2;
	for (i = 0; i < pages; i++)
		memory[i * PAGE / sizeof(*memory)] = i + 1;
	signal(SIGUSR1, ask);
	last = ticks();
	for (;;) {
		begin = last;
		g = look(memory, pages, &last);
		gap = g > gap ? g : gap;
		round = last - begin > round ? last - begin : round;
		if (!asked)
			continue;
		tell(argv[2], gap, round);
		asked = gap = round = 0;
		last = ticks();
	}
}
