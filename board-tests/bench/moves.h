/* SPDX-License-Identifier: GPL-2.0 */
/* moves.h: what the parts of `moves` share. */
#ifndef MOVES_H
#define MOVES_H

#include <stdint.h>
#include <time.h>

#define MAX_CORES 8

extern int count, cores[MAX_CORES], nr_cores;

static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void give_up(const char *why) __attribute__((noreturn));
void go(int core);
void report(const char *key, uint64_t value);

/* What is measured; on the stack, so that it goes where its thread goes. Each lap
 * is one time that it is done: there is a shortest one, and counts of each. */
struct stretch {
	uint64_t began, last, least;
	int laps;
};

void begin(struct stretch *s);
void lap(struct stretch *s);
void end(struct stretch *s);

/* moves_together.c: several threads */
void futex(void);
void through_pipe(void);
void faults(void);
void false_sharing(void);
void apart(void);
void alone(void);
void shared(void);

#endif /* MOVES_H */
