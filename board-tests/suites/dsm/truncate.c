// SPDX-License-Identifier: GPL-2.0
// Files that a program has mapped are cut short and punched while kernel 1 has their pages; pages that stay there are given back.
//: isas 1
//: level all
//: timeout 300
#include "away.h"
#include <pthread.h>
#include <setjmp.h>

#define PAGE  4096
#define WORDS (PAGE / sizeof(uint64_t))
#define PAGES 64
#define KEEP  "/sys/module/dsm/parameters/keep"

static uint64_t state;
static volatile uint64_t *pages;

/* What the thread on kernel 1 does with a page, when told to */
enum what { NOTHING, READ, WRITE, END };
static volatile struct {
	enum what what;
	unsigned int page;
	uint64_t value;
	int bus_error;
} job;
static pthread_t thread;
static sigjmp_buf out;

static void bus_error(int signo)
{
	(void)signo;
	siglongjmp(out, 1);
}

static void *works(void *unused)
{
	enum what what;

	(void)unused;
	go(1);
	/* Read once: END must not be answered like a job. */
	while ((what = __atomic_load_n(&job.what, __ATOMIC_ACQUIRE)) != END) {
		if (what == NOTHING) {
			sched_yield();
			continue;
		}
		job.bus_error = sigsetjmp(out, 1);
		if (!job.bus_error && job.what == READ)
			job.value = pages[job.page * WORDS];
		else if (!job.bus_error)
			pages[job.page * WORDS] = job.value;
		__atomic_store_n(&job.what, NOTHING, __ATOMIC_RELEASE);
	}
	go(0);
	return NULL;
}

static uint64_t there(enum what what, unsigned int page, uint64_t value)
{
	job.page = page;
	job.value = value;
	__atomic_store_n(&job.what, what, __ATOMIC_RELEASE);
	while (__atomic_load_n(&job.what, __ATOMIC_ACQUIRE) == what)
		sleep_ms(1);
	return job.value;
}

static int open_file(const char *name)
{
	int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	unlink(name);
	if (file < 0 || ftruncate(file, PAGES * PAGE))
		return -1;
	pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		     file, 0);
	job.what = NOTHING;
	return pages == MAP_FAILED ||
			       pthread_create(&thread, NULL, works, NULL) ?
		       -1 :
		       file;
}

static void close_file(int file)
{
	job.what = END;
	pthread_join(thread, NULL);
	munmap((void *)pages, PAGES * PAGE);
	close(file);
}

/* Written there, cut off here: SIGBUS there, and zeros when it grows again. */
static enum ktap_status cut(int file)
{
	unsigned int turn, left, page;

	for (turn = 1; turn < 4; turn++) {
		for (page = 0; page < 8; page++)
			there(WRITE, page, turn * 100 + page);
		left = next_random(&state) % 8;
		KTAP_EXPECT(!ftruncate(file, left * PAGE));
		for (page = 0; page < 8; page++) {
			there(turn % 2 ? READ : WRITE, page, 7);
			KTAP_EXPECT(job.bus_error == (page >= left));
			if (turn % 2 && page < left)
				KTAP_EXPECT(job.value == turn * 100 + page);
		}
		KTAP_EXPECT(!ftruncate(file, PAGES * PAGE));
		for (page = left; page < 8; page++) {
			KTAP_EXPECT(there(READ, page, 1) == 0);
			KTAP_EXPECT(!job.bus_error);
		}
	}
	return KTAP_PASS;
}

static enum ktap_status punched(int file)
{
	unsigned int turn, page, hole;

	for (turn = 1; turn < 4; turn++) {
		for (page = 0; page < 8; page++)
			there(WRITE, page, turn * 100 + page);
		hole = next_random(&state) % 6;
		KTAP_EXPECT(!fallocate(
			file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			hole * PAGE, 2 * PAGE));
		for (page = 0; page < 8; page++) {
			uint64_t want = page == hole || page == hole + 1 ?
						0 :
						turn * 100 + page;

			KTAP_EXPECT(there(READ, page, 1) == want);
			KTAP_EXPECT(pages[page * WORDS] == want);
		}
	}
	return KTAP_PASS;
}

static enum ktap_status of_file(const char *name,
				enum ktap_status (*run)(int file))
{
	int file = open_file(name);
	enum ktap_status status;

	KTAP_EXPECT(file >= 0);
	signal(SIGBUS, bus_error);
	status = run(file);
	close_file(file);
	return status;
}

static enum ktap_status cut_in_memory(void)
{
	return of_file("/tmp/truncate", cut);
}

static enum ktap_status cut_on_a_disk(void)
{
	return of_file("/root/truncate", cut);
}

static enum ktap_status punched_in_memory(void)
{
	return of_file("/tmp/truncate", punched);
}

static enum ktap_status punched_on_a_disk(void)
{
	return of_file("/root/truncate", punched);
}

/* ---- what stays on kernel 1 when its process has ended ---- */

static const char kept_file[] = "/root/kept-pages";

static int reads_all(void *unused)
{
	int file = open(kept_file, O_RDONLY), page;
	const volatile uint64_t *p =
		mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	uint64_t sum = 0;

	(void)unused;
	if (p == MAP_FAILED)
		return 1;
	go(1);
	for (page = 0; page < PAGES; page++)
		sum += p[page * WORDS];
	go(0);
	return sum == PAGES * (PAGES - 1) / 2 ? 0 : 2;
}

static int make_file(void)
{
	int file = open(kept_file, O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint64_t words[WORDS] = {}, page;

	for (page = 0; file >= 0 && page < PAGES; page++) {
		words[0] = page;
		if (write(file, words, PAGE) != PAGE)
			return 0;
	}
	return file >= 0 && !fsync(file) && !close(file);
}

static int kept_at_most(long n)
{
	int i;

	for (i = 0; i < 200 && number_in(DSM_HELD, "kept") > n; i++)
		sleep_ms(50);
	ktap_say("%ld pages are kept", number_in(DSM_HELD, "kept"));
	return number_in(DSM_HELD, "kept") <= n;
}

static enum ktap_status few_are_kept(void)
{
	int status;

	KTAP_EXPECT(make_file());
	sleep_ms(3000); /* its time of change is to be past */
	KTAP_EXPECT(write_text(KEEP, "4096"));
	status = ended(child(reads_all, NULL));
	if (status)
		ktap_say("status %d", status);
	KTAP_EXPECT(!status && number_in(DSM_HELD, "kept") >= PAGES / 2);
	KTAP_EXPECT(write_text(KEEP, "16"));
	KTAP_EXPECT(!ended(child(reads_all, NULL)));
	status = kept_at_most(16);
	KTAP_EXPECT(write_text(KEEP, "4096") && status);
	return KTAP_PASS;
}

/* The shrinkers are asked to give what they can. */
static enum ktap_status given_back_when_short(void)
{
	int i;

	KTAP_EXPECT(!ended(child(reads_all, NULL)));
	KTAP_EXPECT(number_in(DSM_HELD, "kept") >= PAGES / 2);
	/* Nobody else shows them: their file is cut, and then removed. */
	KTAP_EXPECT(!truncate(kept_file, PAGE) && !unlink(kept_file));
	for (i = 0; i < 20 && number_in(DSM_HELD, "kept"); i++) {
		KTAP_EXPECT(write_text("/proc/sys/vm/drop_caches", "2"));
		sleep_ms(200);
	}
	KTAP_EXPECT(kept_at_most(0));
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KERNEL_1_TAKES_THREADS,
		{ "a file in memory is cut", cut_in_memory },
		{ "a file on a disk is cut", cut_on_a_disk },
		{ "holes in a file in memory", punched_in_memory },
		{ "holes in a file on a disk", punched_on_a_disk },
		{ "as few pages are kept as is said", few_are_kept },
		{ "none are when memory is short", given_back_when_short },
		MOVES_ARE_MADE,
		NOTHING_LEAKED,
	};

	state = said_seed();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
