// SPDX-License-Identifier: GPL-2.0
// Pages that devices, other processes and file calls of kernel 0 read and write without a mapping, while a thread on kernel 1 uses the rest of the same pages.
//: isas 1
//: timeout 600
#include "away.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define PAGE   4096
#define PAGES  4
#define WORDS  (PAGE / sizeof(uint64_t))
#define HALF   (WORDS / 2)
#define BLOCK  (PAGE / 2)
#define BLOCKS 16

static const char path[] = "/root/pinned";
static uint64_t state;

/* Words of each page that are the other thread's; the rest is the home's. */
static volatile uint64_t *pages;
static unsigned int from, to;

/* What the other thread has written, and whether it is to end. */
static uint64_t written[PAGES * WORDS];
static volatile int stop;

/* One page each, or they would be used together */
static struct {
	volatile uint64_t value;
	char pad[PAGE - sizeof(uint64_t)];
} asked __attribute__((aligned(PAGE))), answered __attribute__((aligned(PAGE)));

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = seed() ^ (a * 0x9e3779b97f4a7c15ull) ^ (b << 32);

	return x ^ x >> 29;
}

static int starts_with(const volatile uint64_t *page, uint64_t block)
{
	unsigned int i;

	for (i = 0; i < HALF; i++)
		if (page[i] != mix(block, i)) {
			ktap_say("block %d, word %u: %llx, not %llx",
				 (int)block, i, (unsigned long long)page[i],
				 (unsigned long long)mix(block, i));
			return 0;
		}
	return 1;
}

static void fill(volatile uint64_t *page, uint64_t block)
{
	unsigned int i;

	for (i = 0; i < HALF; i++)
		page[i] = mix(block, i);
}

/*
 * On kernel 1: writes its words, and looks at the first half of a page when
 * asked to: asked is 1 + page + PAGES * block, the answer the same or 0.
 */
static void *neighbour(void *unused)
{
	uint64_t random = state + 1, i, what, last = 0;

	(void)unused;
	go(1);
	while (!stop) {
		i = next_random(&random) % PAGES * WORDS + from +
		    next_random(&random) % (to - from);
		written[i]++;
		pages[i]++;
		what = asked.value;
		if (what == last)
			continue;
		last = what--;
		if (!last)
			continue;
		answered.value = starts_with(pages + what % PAGES * WORDS,
					     what / PAGES) ?
					 last :
					 ~0ull;
	}
	go(0);
	return NULL;
}

static pthread_t thread;

/* @file: of which the pages are, -1: private ones */
static enum ktap_status begin(int file, unsigned int first, unsigned int last)
{
	memset(written, 0, sizeof(written));
	asked.value = answered.value = 0;
	stop = 0;
	from = first;
	to = last;
	pages = file < 0 ? private_pages(PAGES * PAGE) :
			   mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
				MAP_SHARED, file, 0);
	KTAP_EXPECT(pages != MAP_FAILED);
	KTAP_EXPECT(!pthread_create(&thread, NULL, neighbour, NULL));
	return KTAP_PASS;
}

static enum ktap_status end(void)
{
	uint64_t i, sum = 0;

	stop = 1;
	KTAP_EXPECT(!pthread_join(thread, NULL));
	for (i = 0; i < PAGES * WORDS; i++) {
		if (i % WORDS < from || i % WORDS >= to)
			continue;
		sum += written[i];
		if (pages[i] != written[i])
			ktap_say("word %d: %d, not %d", (int)i, (int)pages[i],
				 (int)written[i]);
		KTAP_EXPECT(pages[i] == written[i]);
	}
	ktap_say("the neighbour wrote %llu times", (unsigned long long)sum);
	KTAP_EXPECT(sum);
	munmap((void *)pages, PAGES * PAGE);
	return KTAP_PASS;
}

/* Does the other thread see the block in the page? */
static int seen(uint64_t page, uint64_t block)
{
	uint64_t what = 1 + page + PAGES * block;

	asked.value = what;
	while (answered.value != what && answered.value != ~0ull)
		sleep_ms(1);
	return answered.value == what;
}

static int make_file(void)
{
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint64_t block, words[WORDS];

	for (block = 0; file >= 0 && block < BLOCKS; block++) {
		fill(words, block);
		if (write(file, words, BLOCK) != BLOCK)
			return -1;
	}
	if (file < 0 || fsync(file))
		return -1;
	close(file);
	return open(path, O_RDWR | O_DIRECT);
}

/* The device writes to memory. */
static enum ktap_status direct_reads(void)
{
	int file = make_file(), turn;
	uint64_t page, block;

	KTAP_EXPECT(file >= 0 && begin(-1, HALF, WORDS) == KTAP_PASS);
	for (turn = 0; turn < 20; turn++) {
		page = next_random(&state) % PAGES;
		block = next_random(&state) % BLOCKS;
		KTAP_EXPECT(pread(file, (void *)(pages + page * WORDS), BLOCK,
				  block * BLOCK) == BLOCK);
		KTAP_EXPECT(seen(page, block));
		KTAP_EXPECT(starts_with(pages + page * WORDS, block));
	}
	close(file);
	return end();
}

/* The device reads from memory. */
static enum ktap_status direct_writes(void)
{
	static uint64_t back[WORDS] __attribute__((aligned(PAGE)));
	int file = make_file(), turn;
	uint64_t page, block;

	KTAP_EXPECT(file >= 0 && begin(-1, HALF, WORDS) == KTAP_PASS);
	for (turn = 0; turn < 20; turn++) {
		page = next_random(&state) % PAGES;
		block = BLOCKS + next_random(&state) % BLOCKS;
		fill(pages + page * WORDS, block);
		KTAP_EXPECT(seen(page, block));
		KTAP_EXPECT(pwrite(file, (void *)(pages + page * WORDS), BLOCK,
				   0) == BLOCK);
		KTAP_EXPECT(pread(file, back, BLOCK, 0) == BLOCK);
		KTAP_EXPECT(starts_with(back, block));
	}
	close(file);
	return end();
}

struct target {
	pid_t pid;
	pid_t tid;
	volatile uint64_t *word;
	int turns;
};

static int add_by_vm(void *arg)
{
	struct target *t = arg;
	uint64_t value;
	struct iovec local = { &value, sizeof(value) };
	struct iovec remote = { (void *)t->word, sizeof(value) };
	int i;

	for (i = 0; i < t->turns; i++) {
		if (process_vm_readv(t->pid, &local, 1, &remote, 1, 0) != 8)
			return 1;
		value++;
		if (process_vm_writev(t->pid, &local, 1, &remote, 1, 0) != 8)
			return 2;
	}
	return 0;
}

static int add_by_ptrace(void *arg)
{
	struct target *t = arg;
	long value;
	int i, status;

	if (ptrace(PTRACE_SEIZE, t->tid, 0, 0) ||
	    ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) ||
	    waitpid(t->tid, &status, __WALL) != t->tid)
		return 1;
	for (i = 0; i < t->turns; i++) {
		errno = 0;
		value = ptrace(PTRACE_PEEKDATA, t->tid, t->word, 0);
		if (errno ||
		    ptrace(PTRACE_POKEDATA, t->tid, t->word, value + 1))
			return 2;
	}
	return ptrace(PTRACE_DETACH, t->tid, 0, 0) ? 3 : 0;
}

static void *sleeper(void *tid)
{
	*(pid_t *)tid = gettid();
	while (!stop)
		sleep_ms(10);
	return NULL;
}

/* A process adds to a word of each page; nobody else writes it. */
static enum ktap_status others_add(int (*add)(void *))
{
	struct target t = { .pid = getpid(), .turns = 12 };
	pthread_t waits;
	int page, status;

	KTAP_EXPECT(begin(-1, HALF, WORDS) == KTAP_PASS);
	KTAP_EXPECT(!pthread_create(&waits, NULL, sleeper, &t.tid));
	while (!*(volatile pid_t *)&t.tid)
		sleep_ms(1);
	for (page = 0; page < PAGES; page++) {
		t.word = pages + page * WORDS + page;
		status = ended(child(add, &t));
		if (status)
			ktap_say("the other process: %d", status);
		KTAP_EXPECT(!status);
		KTAP_EXPECT(*t.word == (uint64_t)t.turns);
	}
	stop = 1;
	pthread_join(waits, NULL);
	return end();
}

static enum ktap_status process_vm(void)
{
	return others_add(add_by_vm);
}

static enum ktap_status ptraced(void)
{
	return others_add(add_by_ptrace);
}

static uint64_t sum_of(const volatile uint64_t *page)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = from; i < to; i++)
		sum += page[i];
	return sum;
}

/*
 * What is in the pipe is the page itself, for as long as nobody reads it. The other
 * thread writes to it nevertheless, and that is seen in the pipe.
 */
static enum ktap_status pages_in_a_pipe(void)
{
	uint64_t got[WORDS], before;
	struct iovec part = { .iov_len = PAGE };
	volatile uint64_t *page;
	int turn, ends[2];

	KTAP_EXPECT(!pipe(ends) && begin(-1, HALF, WORDS) == KTAP_PASS);
	for (turn = 0; turn < PAGES; turn++) {
		page = pages + turn * WORDS;
		part.iov_base = (void *)page;
		fill(page, turn);
		KTAP_EXPECT(vmsplice(ends[1], &part, 1, 0) == PAGE);
		before = sum_of(page);
		while (sum_of(page) == before)
			sleep_ms(10);
		KTAP_EXPECT(seen(turn, turn));
		KTAP_EXPECT(read(ends[0], got, PAGE) == PAGE);
		KTAP_EXPECT(starts_with(got, turn));
		KTAP_EXPECT(sum_of(got) > before);
	}
	close(ends[0]);
	close(ends[1]);
	return end();
}

/* The same halves, of pages of a file: one thread writes it by its mapping. */
static enum ktap_status file_calls(const char *name)
{
	int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), turn;
	uint64_t block[HALF], page;

	KTAP_EXPECT(file >= 0 && !ftruncate(file, PAGES * PAGE));
	KTAP_EXPECT(begin(file, HALF, WORDS) == KTAP_PASS);
	for (turn = 0; turn < 20; turn++) {
		page = next_random(&state) % PAGES;
		fill(block, turn);
		KTAP_EXPECT(pwrite(file, block, BLOCK, page * PAGE) == BLOCK);
		KTAP_EXPECT(seen(page, turn));
		memset(block, 0, BLOCK);
		KTAP_EXPECT(pread(file, block, BLOCK, page * PAGE) == BLOCK);
		KTAP_EXPECT(starts_with(block, turn));
	}
	close(file);
	unlink(name);
	return end();
}

static enum ktap_status files(void)
{
	return file_calls("/tmp/pinned");
}

static enum ktap_status files_on_a_disk(void)
{
	return file_calls(path);
}

/* To the page that the other thread writes the first half of, word by word */
static enum ktap_status appends(void)
{
	const size_t last = (PAGES - 1) * PAGE;
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	uint64_t value;
	unsigned int i;

	KTAP_EXPECT(file >= 0 && !ftruncate(file, last + BLOCK));
	KTAP_EXPECT(begin(file, 0, HALF) == KTAP_PASS);
	for (i = HALF; i < WORDS; i++) {
		value = mix(1, i);
		/* the offset says that it is elsewhere */
		KTAP_EXPECT(pwrite(file, &value, 8, 0) == 8);
		KTAP_EXPECT(pages[last / 8 + i] == value);
		sleep_ms(2);
	}
	for (i = HALF; i < WORDS; i++) {
		KTAP_EXPECT(pread(file, &value, 8, last + i * 8) == 8);
		KTAP_EXPECT(value == mix(1, i));
	}
	close(file);
	unlink(path);
	return end();
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KERNEL_1_TAKES_THREADS,
		{ "a device writes to memory", direct_reads },
		{ "a device reads memory", direct_writes },
		{ "process_vm_readv() and -writev()", process_vm },
		{ "ptrace", ptraced },
		{ "a page in a pipe", pages_in_a_pipe },
		{ "read() and write() of a mapped file", files },
		{ "the same on a disk", files_on_a_disk },
		{ "appends to a mapped file", appends },
		MOVES_ARE_MADE,
	};

	state = said_seed();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
