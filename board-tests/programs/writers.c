// SPDX-License-Identifier: GPL-2.0
// writers: threads everywhere write at random words of the same pages; each
// word has one writer, so the sum at the end is known. writers [ROUNDS [PAGES]]
#include "move.h"

#include <pthread.h>

#define WRITERS 4
#define WORDS	512 /* of a page */

static uint64_t *region; /* read and written by all */
static uint64_t *own[WRITERS]; /* what each has written */
static uint64_t counter, locked, bad_reads;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long rounds = 4000, pages = 64;

/* A word of this writer: every WRITERSth, in any page */
static size_t pick(uint64_t random, int me)
{
	return (random >> 20) % (pages * WORDS / WRITERS) * WRITERS + me;
}

static void *writer(void *arg)
{
	int me = (intptr_t)arg;
	uint64_t state = seed() + me;
	long i;

	for (i = 0; i < rounds; i++) {
		uint64_t random = next_random(&state);
		size_t at = pick(random, me), seen = pick(~random, me);

		if (i % 500 == 0)
			go(me + i / 500);
		__atomic_store_n(&region[at], random, __ATOMIC_RELAXED);
		own[me][at / WRITERS] = random;
		if (__atomic_load_n(&region[seen], __ATOMIC_RELAXED) !=
		    own[me][seen / WRITERS])
			__atomic_fetch_add(&bad_reads, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
		if (i % 16 == 0) {
			pthread_mutex_lock(&mutex);
			locked++;
			pthread_mutex_unlock(&mutex);
		}
	}
	return NULL;
}

static enum ktap_status all_write(void)
{
	pthread_t threads[WRITERS];
	intptr_t i;

	for (i = 0; i < WRITERS; i++)
		KTAP_EXPECT(
			!pthread_create(&threads[i], NULL, writer, (void *)i));
	for (i = 0; i < WRITERS; i++)
		KTAP_EXPECT(!pthread_join(threads[i], NULL));
	KTAP_EXPECT(!bad_reads);
	return KTAP_PASS;
}

static enum ktap_status nothing_is_lost(void)
{
	uint64_t sum = 14695981039346656037ull;
	long i, bad = 0;

	for (i = 0; i < pages * WORDS; i++) {
		bad += region[i] != own[i % WRITERS][i / WRITERS];
		sum = (sum ^ region[i]) * 1099511628211ull;
	}
	ktap_say("sum of %ld words: %016lx", i, sum);
	KTAP_EXPECT(!bad);
	return KTAP_PASS;
}

static enum ktap_status counts_are_exact(void)
{
	KTAP_EXPECT(counter == (uint64_t)rounds * WRITERS);
	KTAP_EXPECT(locked == (uint64_t)(rounds + 15) / 16 * WRITERS);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		{ "all write", all_write },
		{ "nothing is lost", nothing_is_lost },
		{ "counts are exact", counts_are_exact },
		MOVES_ARE_MADE,
	};
	int i;

	if (argc > 1)
		rounds = atol(argv[1]);
	if (argc > 2)
		pages = atol(argv[2]);
	region = private_pages(pages * WORDS * 8);
	for (i = 0; i < WRITERS; i++)
		own[i] = private_pages(pages * WORDS * 8 / WRITERS);
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
