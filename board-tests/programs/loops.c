// SPDX-License-Identifier: GPL-2.0
// loops: counts for ever, for debuggers, terminals and kill; `loops FILE` reads it.
#include "move.h"

#include <fcntl.h>

/* Debuggers look for these two. */
long counted;
void count_on(long by);

__attribute__((noinline)) void count_on(long by)
{
	counted += by;
	__asm__ volatile("" ::: "memory");
}

static volatile sig_atomic_t continued;

static void goes_on(int sig)
{
	(void)sig;
	continued = 1;
}

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
}

/* Blocks in a system call if the file is a FIFO that nobody writes to. */
static int reads(const char *name)
{
	int fd = open(name, O_RDWR);
	char c;

	say("reading");
	return fd < 0 || read(fd, &c, 1) != 1;
}

int main(int argc, char **argv)
{
	go(1);
	if (argc > 1)
		return reads(argv[1]);
	signal(SIGCONT, goes_on);
	say("counting");
	for (;;) {
		count_on(1);
		if (continued) {
			continued = 0;
			say("continued");
		}
	}
}
