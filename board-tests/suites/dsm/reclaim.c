// SPDX-License-Identifier: GPL-2.0
// Kernel 0 takes pages away from a program that writes them on two kernels: swap, limits of memory, compaction, huge pages, the OOM killer.
//: isas 1
//: level all
//: timeout 900
//: log k0 oom-kill|Out of memory|invoked oom-killer
#include "away.h"
#include <pthread.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>

#define PAGE	   4096
#define WORDS	   (PAGE / sizeof(uint64_t))
#define HUGE	   (2ul << 20)
#define PAGES	   1024
#define CGROUPS	   "/sys/fs/cgroup"
#define GROUP	   CGROUPS "/reclaim"
#define SWAP	   "/root/reclaim.swap"
#define SWAP_PAGES 8192

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static uint64_t state;
static volatile uint64_t *pages;
static size_t used;
static volatile int stop, rest;

/* Thread k adds to the words of each page that leave k when divided by WRITERS. */
#define WRITERS 2
static uint64_t written[WRITERS][PAGES];

static void *writer(void *arg)
{
	uint64_t k = (uintptr_t)arg, random = state * 2 + k + 1, page;

	go(k);
	while (!stop) {
		if (rest) {
			sleep_ms(10);
			continue;
		}
		page = next_random(&random) % used;
		pages[page * WORDS +
		      next_random(&random) % (WORDS / WRITERS) * WRITERS + k]++;
		written[k][page]++;
	}
	go(0);
	return NULL;
}

static enum ktap_status compare(void)
{
	uint64_t sum[WRITERS], page, i, all = 0;

	for (page = 0; page < used; page++) {
		memset(sum, 0, sizeof(sum));
		for (i = 0; i < WORDS; i++)
			sum[i % WRITERS] += pages[page * WORDS + i];
		for (i = 0; i < WRITERS; i++) {
			if (sum[i] != written[i][page])
				ktap_say("page %d, thread %d: %d, not %d",
					 (int)page, (int)i, (int)sum[i],
					 (int)written[i][page]);
			KTAP_EXPECT(sum[i] == written[i][page]);
			all += sum[i];
		}
	}
	ktap_say("%llu writes", (unsigned long long)all);
	KTAP_EXPECT(all);
	return KTAP_PASS;
}

/* Both kernels write pages while something is done to them, again and again. */
static enum ktap_status disturbed(size_t n, unsigned int turns,
				  int (*disturb)(unsigned int turn))
{
	pthread_t t[WRITERS];
	uintptr_t k;
	unsigned int i;
	int ok = 1;

	stop = 0;
	used = n;
	memset(written, 0, sizeof(written));
	for (k = 0; k < WRITERS; k++)
		KTAP_EXPECT(!pthread_create(&t[k], NULL, writer, (void *)k));
	for (i = 0; i < turns && ok; i++) {
		ok = disturb(i);
		sleep_ms(50);
	}
	stop = 1;
	for (k = 0; k < WRITERS; k++)
		pthread_join(t[k], NULL);
	KTAP_EXPECT(ok);
	return compare();
}

static enum ktap_status with_pages(size_t n, unsigned int turns,
				   int (*disturb)(unsigned int turn))
{
	enum ktap_status status;

	pages = private_pages(n * PAGE);
	KTAP_EXPECT(pages != MAP_FAILED);
	status = disturbed(n, turns, disturb);
	munmap((void *)pages, n * PAGE);
	return status;
}

/* ---- swap ---- */

/* What mkswap(8) writes */
static int make_swap(void)
{
	static char page[PAGE];
	uint32_t *head = (uint32_t *)(page + 1024);
	int file = open(SWAP, O_RDWR | O_CREAT | O_TRUNC, 0600), i;

	for (i = 0; file >= 0 && i < SWAP_PAGES; i++)
		if (write(file, page, PAGE) != PAGE)
			return 0;
	head[0] = 1;
	head[1] = SWAP_PAGES - 1;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (file < 0 || pwrite(file, page, PAGE, 0) != PAGE || fsync(file))
		return 0;
	close(file);
	return !swapon(SWAP, 0);
}

static long vmstat(const char *name)
{
	return number_in("/proc/vmstat", name);
}

/* Some pages, at random, the same way for a while */
static int advise(int advice)
{
	size_t first = next_random(&state) % used;
	size_t n = 1 + next_random(&state) % 64;

	if (n > used - first)
		n = used - first;
	return !madvise((char *)pages + first * PAGE, n * PAGE, advice);
}

static int own_group(const char *limit, const char *value, const char *swap)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (access(CGROUPS "/cgroup.procs", F_OK) &&
	    mount("none", CGROUPS, "cgroup2", 0, NULL))
		return 0;
	write_text(CGROUPS "/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
	return write_text(GROUP "/memory.max", "max") &&
	       write_text(GROUP "/memory.high", "max") &&
	       write_text(limit, value) &&
	       write_text(GROUP "/memory.swap.max", swap) &&
	       write_text(GROUP "/cgroup.procs", pid);
}

/* What is wanted again at once never leaves memory: now and then nothing is. */
static int page_out(unsigned int turn)
{
	int i;

	if (turn % 8)
		return advise(turn % 4 ? MADV_PAGEOUT : MADV_COLD);
	rest = 1;
	for (i = 0; i < 3; i++) {
		sleep_ms(50);
		madvise((void *)pages, used * PAGE, MADV_PAGEOUT);
		/* It says so if that much is not there. */
		write_text(GROUP "/memory.reclaim", "512K");
	}
	rest = 0;
	return 1;
}

static int swaps(void *unused)
{
	(void)unused;
	if (!own_group(GROUP "/memory.high", "700K", "max"))
		return 2;
	return with_pages(192, 24, page_out) != KTAP_PASS;
}

static enum ktap_status swapped(void)
{
	long out = vmstat("pswpout"), in = vmstat("pswpin");
	int status = ended(child(swaps, NULL));

	ktap_say("%ld pages out, %ld in", vmstat("pswpout") - out,
		 vmstat("pswpin") - in);
	if (status)
		ktap_say("status %d", status);
	KTAP_EXPECT(!status);
	KTAP_EXPECT(vmstat("pswpout") > out && vmstat("pswpin") > in);
	return KTAP_PASS;
}

/* ---- what is thrown away ---- */

static pthread_t other;
static volatile uint64_t order, done;

/* Writes its number to each page, when told to */
static void *numbers(void *unused)
{
	uint64_t last = 0, page;

	(void)unused;
	go(1);
	while (!stop) {
		if (order == last) {
			sleep_ms(1);
			continue;
		}
		last = order;
		for (page = 0; page < used; page++)
			pages[page * WORDS] = last;
		done = last;
	}
	go(0);
	return NULL;
}

static enum ktap_status thrown_away(int advice, int may_stay)
{
	uint64_t turn, page, value;

	used = 8;
	stop = 0;
	order = done = 0;
	pages = private_pages(used * PAGE);
	KTAP_EXPECT(pages != MAP_FAILED);
	KTAP_EXPECT(!pthread_create(&other, NULL, numbers, NULL));
	for (turn = 1; turn < 12; turn++) {
		order = turn;
		while (done != turn)
			sleep_ms(1);
		KTAP_EXPECT(!madvise((void *)pages, used / 2 * PAGE, advice));
		for (page = 0; page < used; page++) {
			value = pages[page * WORDS];
			KTAP_EXPECT(value == turn ||
				    (page < used / 2 && !value));
			KTAP_EXPECT(value == 0 || page >= used / 2 || may_stay);
		}
	}
	stop = 1;
	pthread_join(other, NULL);
	munmap((void *)pages, used * PAGE);
	return KTAP_PASS;
}

static enum ktap_status not_needed(void)
{
	return thrown_away(MADV_DONTNEED, 0);
}

static enum ktap_status freed_when_needed(void)
{
	return thrown_away(MADV_FREE, 1);
}

static void *always_writes(void *unused)
{
	(void)unused;
	go(1);
	while (!stop)
		pages[0]++;
	go(0);
	return NULL;
}

static void spin_us(uint64_t us)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + us * 1000;

	while (now_ns(CLOCK_MONOTONIC) < end)
		;
}

/* The home has its time with the page when it is thrown away: the other waits for that. */
static int throws_away(void *unused)
{
	int turn;

	(void)unused;
	pages = private_pages(PAGE);
	stop = 0;
	if (pthread_create(&other, NULL, always_writes, NULL))
		return 2;
	for (turn = 0; turn < 200; turn++) {
		while (!pages[0])
			usleep(50);
		pages[1]++;
		spin_us(turn % 20 * 40);
		madvise((void *)pages, PAGE, MADV_DONTNEED);
	}
	stop = 1;
	pthread_join(other, NULL);
	return 0;
}

/* Entries of the directory for frames that no other kernel has, and no process of ours */
static long frames_forgotten(void)
{
	FILE *file = fopen("/sys/kernel/debug/dsm/frames", "r");
	unsigned int holders, mapped;
	char line[256];
	long n = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*x %*u %x %*x %*d %*u %*u %*u %*u %u",
			   &holders, &mapped) == 2)
			n += !(holders & ~1u) && !mapped;
	if (file)
		fclose(file);
	return file ? n : -1;
}

static enum ktap_status let_go(void)
{
	long left = -1;
	int i;

	KTAP_EXPECT(!ended(child(throws_away, NULL)));
	for (i = 0; i < 100 && left; i++) {
		sleep_ms(100);
		left = frames_forgotten();
	}
	ktap_say("%ld frames that nobody has any more", left);
	KTAP_EXPECT(!left);
	return KTAP_PASS;
}

/* ---- pages that move ---- */

static int compact(unsigned int turn)
{
	(void)turn;
	return write_text("/proc/sys/vm/compact_memory", "1");
}

static enum ktap_status compacted(void)
{
	const size_t n = 8192;
	volatile uint64_t *holes = private_pages(n * PAGE);
	long moved = vmstat("pgmigrate_success");
	size_t i;

	/* Half of memory's blocks are full of holes: there is something to do. */
	KTAP_EXPECT(holes != MAP_FAILED);
	for (i = 0; i < n; i++)
		holes[i * WORDS] = i;
	for (i = 0; i < n; i += 2)
		madvise((char *)holes + i * PAGE, PAGE, MADV_DONTNEED);
	KTAP_EXPECT(with_pages(128, 6, compact) == KTAP_PASS);
	for (i = 0; i < n; i++)
		KTAP_EXPECT(holes[i * WORDS] == (i % 2 ? i : 0));
	munmap((void *)holes, n * PAGE);
	ktap_say("%ld pages moved", vmstat("pgmigrate_success") - moved);
	/* Free memory may be in one piece already: then nothing was shown. */
	return vmstat("pgmigrate_success") > moved ? KTAP_PASS : KTAP_SKIP;
}

static int collapse(unsigned int turn)
{
	/* It may be refused: another kernel has a page just now. */
	madvise((char *)pages + turn % 2 * HUGE, HUGE,
		turn % 5 ? MADV_COLLAPSE : MADV_PAGEOUT);
	return 1;
}

static enum ktap_status huge_pages(void)
{
	char *area = private_pages(3 * HUGE);
	enum ktap_status status;
	long collapsed = vmstat("thp_collapse_alloc");

	KTAP_EXPECT(area != MAP_FAILED);
	pages = (void *)(((uintptr_t)area + HUGE - 1) & ~(HUGE - 1));
	KTAP_EXPECT(!madvise((void *)pages, 2 * HUGE, MADV_HUGEPAGE));
	status = disturbed(2 * HUGE / PAGE, 8, collapse);
	munmap(area, 3 * HUGE);
	ktap_say("%ld huge pages made",
		 vmstat("thp_collapse_alloc") - collapsed);
	return status;
}

/* ---- the OOM killer ---- */

static int eats(void *unused)
{
	volatile uint64_t *more = private_pages(64 << 20);
	pthread_t t;
	size_t i;

	(void)unused;
	if (!own_group(GROUP "/memory.max", "8M", "0"))
		return 2;
	used = 512;
	pages = private_pages(used * PAGE);
	stop = 0;
	pthread_create(&t, NULL, writer, (void *)1);
	while (!written[1][used - 1])
		sleep_ms(10);
	for (i = 0; i < (64 << 20) / PAGE; i++)
		more[i * WORDS] = i;
	return 3;
}

static int space_is_gone(void)
{
	int i;

	for (i = 0; i < 300 && number_in(DSM_HELD, "spaces") > 1; i++)
		sleep_ms(100);
	return number_in(DSM_HELD, "spaces") <= 1;
}

static enum ktap_status killed(void)
{
	int turn, status;

	for (turn = 0; turn < 2; turn++) {
		status = ended(child(eats, NULL));
		if (status != 256 + SIGKILL)
			ktap_say("status %d", status);
		KTAP_EXPECT(status == 256 + SIGKILL);
		KTAP_EXPECT(space_is_gone());
	}
	return KTAP_PASS;
}

/* ---- its reaper ---- */

static int writes_there(void *unused)
{
	pthread_t t;

	(void)unused;
	used = 64;
	stop = 0;
	pages = private_pages(used * PAGE);
	pthread_create(&t, NULL, writer, (void *)1);
	pthread_join(t, NULL);
	return 0;
}

/* It may stop once more. */
static int ended_traced(pid_t pid)
{
	int status;

	do {
		ptrace(PTRACE_CONT, pid, 0, 0);
		if (waitpid(pid, &status, __WALL) != pid)
			return -1;
	} while (WIFSTOPPED(status));
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : 0;
}

/* A killed process that does not end yet, since it is traced, is reaped. */
static enum ktap_status reaped(void)
{
	long later = number_in(DSM_STATS, "notified_later");
	pid_t pid = child(writes_there, NULL);
	int fd = syscall(SYS_pidfd_open, pid, 0), i, status;

	KTAP_EXPECT(fd >= 0);
	KTAP_EXPECT(!ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXIT));
	for (i = 0; i < 300 && number_in(DSM_HELD, "spaces") < 1; i++)
		sleep_ms(20);
	sleep_ms(500);
	kill(pid, SIGKILL);
	KTAP_EXPECT(waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status));
	for (i = 0; i < 10; i++)
		syscall(SYS_process_mrelease, fd, 0);
	ktap_say("%ld mappings not reaped",
		 number_in(DSM_STATS, "notified_later") - later);
	KTAP_EXPECT(number_in(DSM_STATS, "notified_later") > later);
	status = ended_traced(pid);
	ktap_say("status %d", status);
	KTAP_EXPECT(status == 256 + SIGKILL);
	close(fd);
	KTAP_EXPECT(space_is_gone());
	return KTAP_PASS;
}

static enum ktap_status swap_is_there(void)
{
	KTAP_EXPECT(make_swap());
	return KTAP_PASS;
}

static enum ktap_status swap_goes(void)
{
	KTAP_EXPECT(!swapoff(SWAP) && !unlink(SWAP));
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KERNEL_1_TAKES_THREADS,
		{ "frames are let go, whoever waits for them", let_go },
		{ "there is swap", swap_is_there },
		{ "pages are swapped out and in", swapped },
		{ "pages are thrown away", not_needed },
		{ "pages are freed when memory is short", freed_when_needed },
		{ "memory is compacted", compacted },
		{ "pages become huge ones", huge_pages },
		{ "the OOM killer takes a program", killed },
		{ "its reaper finds pages that are away", reaped },
		{ "swap goes again", swap_goes },
		MOVES_ARE_MADE,
		NOTHING_LEAKED,
	};

	state = said_seed();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
