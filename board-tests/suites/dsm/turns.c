// SPDX-License-Identifier: GPL-2.0
// Processes at home that use a page of a file all the time do not keep it from a thread on kernel 1, nor it from them.
//: isas 1
//: timeout 600
#include "away.h"

#define PAGE   4096
#define ROUNDS 100
#define GREEDY 2

/* The page: each process has a word of its own. */
static volatile uint64_t *page;

/* A page that is not shared with kernel 1 until all is over */
static struct shared {
	volatile uint64_t end;
	volatile uint64_t rounds[GREEDY];
} * shared;

static int greedy(void *arg)
{
	unsigned int n = (uintptr_t)arg;

	while (!shared->end) {
		page[n]++;
		shared->rounds[n]++;
	}
	return page[n] == shared->rounds[n] ? 0 : 1;
}

/* Its word, as often as the others have had the page since. */
static int modest(void *unused)
{
	uint64_t seen = 0, i, n;

	(void)unused;
	go(1);
	for (i = 0; i < ROUNDS; i++) {
		while (page[0] == seen)
			sleep_ms(1);
		seen = page[0];
		n = page[GREEDY]++;
		if (n != i)
			return 2;
	}
	go(0);
	return 0;
}

static long pages_granted(void)
{
	return number_in(DSM_STATS, "grants_read") +
	       number_in(DSM_STATS, "grants_write");
}

static enum ktap_status take_turns(const char *path)
{
	long granted, again, waited;
	pid_t others[GREEDY], thread;
	uintptr_t i;
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	KTAP_EXPECT(file >= 0 && !ftruncate(file, PAGE));
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	KTAP_EXPECT(page != MAP_FAILED);
	shared->end = 0;
	memset((void *)shared->rounds, 0, sizeof(shared->rounds));
	granted = pages_granted();
	again = number_in(DSM_STATS, "retries");
	waited = number_in(DSM_STATS, "turns_waited");
	for (i = 0; i < GREEDY; i++)
		others[i] = child(greedy, (void *)i);
	thread = child(modest, NULL);
	KTAP_EXPECT(!ended(thread));
	shared->end = 1;
	for (i = 0; i < GREEDY; i++)
		KTAP_EXPECT(!ended(others[i]));
	granted = pages_granted() - granted;
	again = number_in(DSM_STATS, "retries") - again;
	waited = number_in(DSM_STATS, "turns_waited") - waited;
	ktap_say(
		"%ld pages granted, %ld requests told to ask again, others waited %ld times",
		granted, again, waited);
	for (i = 0; i < GREEDY; i++)
		ktap_say("process %d had %lld rounds", (int)i,
			 (long long)shared->rounds[i]);
	KTAP_EXPECT(page[GREEDY] == ROUNDS);
	KTAP_EXPECT(granted >= ROUNDS);
	KTAP_EXPECT(again <= 2 * granted);
	/* With one core nobody else runs meanwhile. */
	KTAP_EXPECT(waited || sysconf(_SC_NPROCESSORS_ONLN) == 1);
	munmap((void *)page, PAGE);
	close(file);
	unlink(path);
	return KTAP_PASS;
}

static enum ktap_status memory(void)
{
	return take_turns("/dev/shm/turns");
}

static enum ktap_status disk(void)
{
	return take_turns("/root/turns");
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KERNEL_1_TAKES_THREADS,
		{ "a page of a file in memory", memory },
		{ "a page of a file on a disk", disk },
		NOTHING_LEAKED,
	};

	shared = shared_pages(PAGE);
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
