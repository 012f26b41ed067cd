/* SPDX-License-Identifier: GPL-2.0 */
/*
 * move.h: for programs that show that a task cannot tell where it runs. They
 * place their threads by sched_setaffinity() on the cores that MOVE_CPUS lists
 * ("0,2": a core of kernel 0, one of kernel 1), and stay where they are
 * without it: what they print must be the same.
 */
#ifndef TOMBOLO_MOVE_H
#define TOMBOLO_MOVE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"

#define MOVE_PLACES 16

static int move_cpus[MOVE_PLACES], move_places;

/* Shared with the children, whose moves count as well */
static struct move_count {
	int made, failed;
} * move_count;

__attribute__((constructor)) static void move_setup(void)
{
	const char *list = getenv("MOVE_CPUS");
	char *end;

	move_count = mmap(NULL, sizeof(*move_count), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	while (list && *list && move_places < MOVE_PLACES) {
		move_cpus[move_places++] = strtol(list, &end, 10);
		list = *end ? end + 1 : end;
	}
}

/* The calling thread goes to a place: 0 is home; counted round and round. */
static inline void go(unsigned int place)
{
	cpu_set_t set;
	int cpu;

	if (!move_places)
		return;
	cpu = move_cpus[place % move_places];
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (!sched_setaffinity(0, sizeof(set), &set)) {
		__atomic_fetch_add(&move_count->made, 1, __ATOMIC_RELAXED);
		return;
	}
	if (!__atomic_fetch_add(&move_count->failed, 1, __ATOMIC_RELAXED))
		fprintf(stderr, "no move to core %d: %s\n", cpu,
			strerror(errno));
}

static inline enum ktap_status moves_are_made(void)
{
	KTAP_EXPECT(!move_count->failed);
	KTAP_EXPECT(!move_places || move_count->made);
	return KTAP_PASS;
}

/* The last of a program's tests */
#define MOVES_ARE_MADE                           \
	{                                        \
		"moves are made", moves_are_made \
	}

/* A child that runs a function and ends with what it returns */
static inline pid_t child(int (*run)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(run(arg));
	return pid;
}

/* The exit status of a child, 256 + signal if it was killed, -1 if lost */
static inline int ended(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static inline uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000l };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* xorshift: the same numbers on each run with the same seed */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline uint64_t seed(void)
{
	const char *text = getenv("SEED");

	return (text ? strtoull(text, NULL, 0) : 0) * 2 + 88172645463325253ull;
}

static inline void *shared_pages(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static inline void *private_pages(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

#endif /* TOMBOLO_MOVE_H */
