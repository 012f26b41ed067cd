/* SPDX-License-Identifier: GPL-2.0 */
/* away.h: for suites in C whose threads go to kernel 1 by themselves, as programs do. */
#ifndef TOMBOLO_AWAY_H
#define TOMBOLO_AWAY_H

#include "../../programs/move.h"
#include <fcntl.h>

/* Kernel 0's cores come first. */
static inline enum ktap_status kernel_1_takes_threads(void)
{
	int own = sysconf(_SC_NPROCESSORS_ONLN), i;

	move_cpus[0] = 0;
	move_cpus[1] = own;
	for (i = 0; i < 600 && sched_getcpu() != own; i++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(own, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			sleep_ms(100);
	}
	KTAP_EXPECT(sched_getcpu() == own);
	move_places = 2;
	go(0);
	KTAP_EXPECT(sched_getcpu() == 0);
	return KTAP_PASS;
}

/* The first of a suite's tests: from then on go(1) goes to kernel 1 */
#define KERNEL_1_TAKES_THREADS                                      \
	{                                                           \
		"a thread goes to kernel 1", kernel_1_takes_threads \
	}

static inline uint64_t said_seed(void)
{
	ktap_say("SEED=%s", getenv("SEED") ?: "0");
	return seed();
}

/* A number of a file of "name value" lines, -1 if it is not there */
static inline long number_in(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[256], what[64];
	long value, found = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %ld", what, &value) == 2 &&
		    !strcmp(what, name))
			found = value;
	if (file)
		fclose(file);
	return found;
}

#define DSM_STATS "/sys/kernel/debug/dsm/stats"
#define DSM_HELD  "/sys/kernel/debug/dsm/held"

static inline int write_text(const char *path, const char *text)
{
	int file = open(path, O_WRONLY), ok;

	ok = file >= 0 &&
	     write(file, text, strlen(text)) == (ssize_t)strlen(text);
	close(file);
	return ok;
}

static inline enum ktap_status nothing_leaked(void)
{
	KTAP_EXPECT(number_in(DSM_STATS, "frames_leaked") == 0);
	return KTAP_PASS;
}

/* The last of a suite's tests */
#define NOTHING_LEAKED                           \
	{                                        \
		"nothing leaked", nothing_leaked \
	}

#endif /* TOMBOLO_AWAY_H */
