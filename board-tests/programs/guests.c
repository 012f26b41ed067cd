// SPDX-License-Identifier: GPL-2.0
// guests: threads that compute, read, sleep and wait, for each line of input all
// go on once more. For suites that take the kernel away under them.
#include "move.h"

#include <pthread.h>

#define WORDS 16384
#define LIMIT 3000 /* hundredths of a second */

static uint64_t words[WORDS];
static int line[2];
static long told, over;
static long laps[4];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void lap(int which)
{
	__atomic_fetch_add(&laps[which], 1, __ATOMIC_RELAXED);
}

static int ends(void)
{
	return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

/* Each word is what it was, plus one */
static void *computes(void *unused)
{
	uint64_t n, i;

	(void)unused;
	for (n = 0; !ends(); n++) {
		for (i = 0; i < WORDS; i++) {
			if (words[i] != i * n)
				return "memory is not what was written";
			words[i] = i * (n + 1);
		}
		lap(0);
	}
	return NULL;
}

static void *reads(void *unused)
{
	char c;

	(void)unused;
	while (read(line[0], &c, 1) == 1)
		lap(1);
	return ends() ? NULL : "the pipe has ended";
}

static void *sleeps(void *unused)
{
	struct timespec t = { .tv_nsec = 50000000 };

	(void)unused;
	while (!ends()) {
		if (nanosleep(&t, NULL))
			return "a sleep was interrupted";
		lap(2);
	}
	return NULL;
}

static void *waits(void *unused)
{
	long seen = 0;

	(void)unused;
	pthread_mutex_lock(&mutex);
	while (!ends()) {
		while (told == seen)
			pthread_cond_wait(&changed, &mutex);
		seen = told;
		lap(3);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void tell(void)
{
	pthread_mutex_lock(&mutex);
	told++;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&mutex);
}

static int all_go_on(void)
{
	long before[4];
	int i, n;

	for (i = 0; i < 4; i++)
		before[i] = __atomic_load_n(&laps[i], __ATOMIC_RELAXED);
	tell();
	if (write(line[1], "x", 1) != 1)
		return 0;
	for (i = 0, n = 0; i < 4; n++) {
		if (__atomic_load_n(&laps[i], __ATOMIC_RELAXED) != before[i])
			i++;
		else if (n > LIMIT)
			break;
		else
			sleep_ms(10);
	}
	if (i < 4)
		printf("thread %d does not go on\n", i);
	return i == 4;
}

int main(void)
{
	void *(*const threads[])(void *) = { computes, reads, sleeps, waits };
	pthread_t ids[4];
	int i, n = 0, bad = 0;
	char text[64];
	void *said;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pipe(line))
		return 2;
	for (i = 0; i < 4; i++)
		if (pthread_create(&ids[i], NULL, threads[i], NULL))
			return 2;
	while (!bad && fgets(text, sizeof(text), stdin)) {
		bad = !all_go_on();
		printf("%d %s", ++n, text);
	}
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	close(line[1]);
	tell();
	for (i = 0; i < 4; i++) {
		pthread_join(ids[i], &said);
		if (said)
			printf("%s\n", (char *)said);
		bad |= !!said;
	}
	puts(bad ? "bad" : "whole");
	return bad;
}
