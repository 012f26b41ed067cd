// SPDX-License-Identifier: GPL-2.0
// memory: what a process does with its address space, from wherever it runs.
#include "move.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/uio.h>

#define PAGE 4096ul

static int bss[100000];
static sigjmp_buf jump;
static void *volatile fault_address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	fault_address = info->si_addr;
	siglongjmp(jump, info->si_code);
}

/* The code of the fault of one write, or 0 */
static int write_code(volatile char *p)
{
	struct sigaction old,
		action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int code;

	sigaction(SIGSEGV, &action, &old);
	code = sigsetjmp(jump, 1);
	if (!code)
		*p = 1;
	sigaction(SIGSEGV, &old, NULL);
	return code;
}

static enum ktap_status bss_and_heap(void)
{
	unsigned int i, sum = 0;
	char *heap;

	go(1);
	for (i = 0; i < 100000; i++)
		bss[i] = i;
	heap = malloc(3 << 20);
	KTAP_EXPECT(heap);
	memset(heap, 7, 3 << 20);
	go(0);
	for (i = 0; i < 100000; i++)
		sum += bss[i];
	KTAP_EXPECT(sum == 704982704u);
	KTAP_EXPECT(heap[0] == 7 && heap[(3 << 20) - 1] == 7);
	free(heap);
	return KTAP_PASS;
}

static int deep(int n)
{
	volatile char frame[PAGE];

	frame[0] = n;
	return n ? deep(n - 1) + (frame[0] == (char)n) : 0;
}

static enum ktap_status stack_grows(void)
{
	go(1);
	KTAP_EXPECT(deep(600) == 600);
	go(0);
	KTAP_EXPECT(deep(900) == 900);
	return KTAP_PASS;
}

struct reach {
	int frames;
	rlim_t limit;
};

/* In a process of its own: is the limit of the stack in the way? */
static int overflows(void *arg)
{
	struct sigaction action = { .sa_sigaction = on_fault,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t other = { .ss_sp = malloc(1 << 16), .ss_size = 1 << 16 };
	struct reach *reach = arg;
	struct rlimit limit;

	getrlimit(RLIMIT_STACK, &limit);
	limit.rlim_cur = reach->limit;
	if (setrlimit(RLIMIT_STACK, &limit) || sigaltstack(&other, NULL))
		return -1;
	sigaction(SIGSEGV, &action, NULL);
	go(1);
	if (sigsetjmp(jump, 1))
		return 1;
	return deep(reach->frames) == reach->frames ? 0 : -1;
}

/* Its own, not that of who makes it grow for it */
static enum ktap_status stack_ends_at_its_limit(void)
{
	struct reach small = { 1500, 4 << 20 }, large = { 4000, 24 << 20 };

	KTAP_EXPECT(ended(child(overflows, &small)) == 1);
	KTAP_EXPECT(ended(child(overflows, &large)) == 0);
	return KTAP_PASS;
}

static enum ktap_status brk_up_and_down(void)
{
	char *start = sbrk(0), *end;

	go(1);
	KTAP_EXPECT(sbrk(64 * PAGE) == start);
	memset(start, 3, 64 * PAGE);
	go(2);
	KTAP_EXPECT(start[63 * PAGE] == 3);
	KTAP_EXPECT(sbrk(-32 * (long)PAGE) == start + 64 * PAGE);
	end = sbrk(32 * PAGE);
	KTAP_EXPECT(end == start + 32 * PAGE);
	KTAP_EXPECT(end[0] == 0 && start[31 * PAGE] == 3);
	go(0);
	KTAP_EXPECT(sbrk(-64 * (long)PAGE) == start + 64 * PAGE);
	return KTAP_PASS;
}

static enum ktap_status map_and_unmap(void)
{
	unsigned char *p;
	int i, sum = 0;

	go(1);
	p = private_pages(256 * PAGE);
	KTAP_EXPECT(p != MAP_FAILED);
	for (i = 0; i < 256; i++)
		p[i * PAGE] = i;
	go(0);
	for (i = 0; i < 256; i++)
		sum += p[i * PAGE];
	KTAP_EXPECT(sum == 32640);
	go(1);
	KTAP_EXPECT(!munmap(p + 16 * PAGE, 16 * PAGE));
	KTAP_EXPECT(write_code((char *)p + 20 * PAGE) == SEGV_MAPERR);
	KTAP_EXPECT(fault_address == p + 20 * PAGE);
	KTAP_EXPECT(p[15 * PAGE] == 15 && p[32 * PAGE] == 32);
	go(0);
	KTAP_EXPECT(write_code((char *)p + 20 * PAGE) == SEGV_MAPERR);
	munmap(p, 256 * PAGE);
	return KTAP_PASS;
}

static enum ktap_status mprotect_is_heeded(void)
{
	char *p = private_pages(4 * PAGE);

	go(1);
	p[0] = p[PAGE] = 1;
	KTAP_EXPECT(!mprotect(p, PAGE, PROT_READ));
	KTAP_EXPECT(write_code(p) == SEGV_ACCERR);
	KTAP_EXPECT(write_code(p + PAGE) == 0);
	go(0);
	KTAP_EXPECT(write_code(p) == SEGV_ACCERR);
	KTAP_EXPECT(!mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	go(1);
	KTAP_EXPECT(write_code(p) == 0);
	KTAP_EXPECT(!mprotect(p, 4 * PAGE, PROT_NONE));
	KTAP_EXPECT(write_code(p + PAGE) == SEGV_ACCERR);
	go(0);
	munmap(p, 4 * PAGE);
	return KTAP_PASS;
}

/* As the processor has it: what may be written, or executed, may be read. */
static enum ktap_status mapped_for_one_thing(void)
{
	char *p = private_pages(1024 * PAGE);
	int i;

	p[0] = p[PAGE] = 5;
	p[2 * PAGE] = p[3 * PAGE] = 6;
	KTAP_EXPECT(!mprotect(p, 2 * PAGE, PROT_WRITE));
	KTAP_EXPECT(!mprotect(p + 2 * PAGE, 2 * PAGE, PROT_EXEC));
	for (i = 1; i >= 0; i--) {
		go(i);
		KTAP_EXPECT(p[i * PAGE] == 5);
		KTAP_EXPECT(p[(2 + i) * PAGE] == 6);
		KTAP_EXPECT(write_code(p + i * PAGE) == 0);
		KTAP_EXPECT(write_code(p + (2 + i) * PAGE) == SEGV_ACCERR);
	}
	munmap(p, 1024 * PAGE);
	p = mmap(NULL, 1024 * PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		 0);
	go(1);
	KTAP_EXPECT(p[512 * PAGE] == 0);
	go(0);
	munmap(p, 1024 * PAGE);
	return KTAP_PASS;
}

static enum ktap_status mremap_keeps_what_is_there(void)
{
	char *p = private_pages(8 * PAGE), *q;
	int i;

	for (i = 0; i < 8; i++)
		p[i * PAGE] = i + 1;
	go(1);
	q = mremap(p, 8 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	KTAP_EXPECT(q != MAP_FAILED);
	for (i = 0; i < 8; i++)
		KTAP_EXPECT(q[i * PAGE] == i + 1);
	q[63 * PAGE] = 9;
	p = private_pages(64 * PAGE);
	go(0);
	p = mremap(q, 64 * PAGE, 64 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p);
	KTAP_EXPECT(p != MAP_FAILED && p[63 * PAGE] == 9 && p[0] == 1);
	KTAP_EXPECT(write_code(q) == SEGV_MAPERR);
	go(1);
	KTAP_EXPECT(p[63 * PAGE] == 9 && p[7 * PAGE] == 8);
	KTAP_EXPECT(write_code(q) == SEGV_MAPERR);
	go(0);
	munmap(p, 64 * PAGE);
	return KTAP_PASS;
}

static enum ktap_status madvise_takes_back(void)
{
	char *p = private_pages(16 * PAGE), *s = shared_pages(16 * PAGE);

	memset(p, 5, 16 * PAGE);
	memset(s, 5, 16 * PAGE);
	go(1);
	KTAP_EXPECT(p[3 * PAGE] == 5 && s[3 * PAGE] == 5);
	p[4 * PAGE] = 6;
	KTAP_EXPECT(!madvise(p, 8 * PAGE, MADV_DONTNEED));
	KTAP_EXPECT(p[3 * PAGE] == 0 && p[4 * PAGE] == 0 && p[9 * PAGE] == 5);
	KTAP_EXPECT(!madvise(s, 8 * PAGE, MADV_REMOVE));
	KTAP_EXPECT(s[3 * PAGE] == 0 && s[9 * PAGE] == 5);
	p[3 * PAGE] = 7;
	go(0);
	KTAP_EXPECT(p[3 * PAGE] == 7 && p[4 * PAGE] == 0 && s[3 * PAGE] == 0);
	munmap(p, 16 * PAGE);
	munmap(s, 16 * PAGE);
	return KTAP_PASS;
}

static enum ktap_status huge_pages(void)
{
	size_t i, n = 8 << 20;
	char *p = private_pages(n);
	long sum = 0;

	madvise(p, n, MADV_HUGEPAGE);
	memset(p, 1, n);
	go(1);
	for (i = 0; i < n; i += 65536)
		sum += ++p[i];
	go(0);
	for (i = 0; i < n; i += PAGE)
		sum += p[i];
	KTAP_EXPECT(sum == 2 * 128 + 2048 + 128);
	munmap(p, n);
	return KTAP_PASS;
}

static enum ktap_status another_process_reads_and_writes(void)
{
	uint64_t *word = shared_pages(PAGE), *mine = private_pages(PAGE), v = 0;
	struct iovec local = { &v, 8 }, remote = { mine, 8 };
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		go(1);
		*mine = 5;
		__atomic_store_n(word, 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(mine, __ATOMIC_ACQUIRE) == 5)
			sched_yield();
		_exit(*mine);
	}
	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE))
		sched_yield();
	KTAP_EXPECT(process_vm_readv(pid, &local, 1, &remote, 1, 0) == 8);
	KTAP_EXPECT(v == 5);
	v = 6;
	KTAP_EXPECT(process_vm_writev(pid, &local, 1, &remote, 1, 0) == 8);
	KTAP_EXPECT(ended(pid) == 6);
	munmap(word, PAGE);
	munmap(mine, PAGE);
	return KTAP_PASS;
}

static char *arena;
static int storm_over;

static void nothing(int sig)
{
	(void)sig;
}

/* Everything that takes pages away, over and over */
static void *storm(void *unused)
{
	int i;

	go(0);
	for (i = 0; !__atomic_load_n(&storm_over, __ATOMIC_ACQUIRE); i++) {
		pid_t pid;

		switch (i % 4) {
		case 0:
			madvise(arena + 32 * PAGE, 16 * PAGE, MADV_DONTNEED);
			break;
		case 1:
			mprotect(arena, 16 * PAGE, PROT_READ);
			mprotect(arena, 16 * PAGE, PROT_READ | PROT_WRITE);
			break;
		case 2:
			pid = fork();
			if (!pid)
				_exit(0);
			ended(pid);
			break;
		case 3:
			mmap(arena + 48 * PAGE, 16 * PAGE,
			     PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		}
	}
	return unused;
}

/*
 * Writes word @which of each page, and counts those that do not stay. Pages that
 * come back empty are only touched.
 */
static void *writer(void *which)
{
	uint64_t round, bad = 0;
	int p;

	go(1);
	for (round = 1; round <= 10; round++) {
		volatile uint64_t *word = (uint64_t *)arena + (long)which;

		for (p = 0; p < 32; p++)
			word[p * PAGE / 8] = round * 1000 + p;
		for (; p < 64; p++)
			++word[p * PAGE / 8];
		for (p = 0; p < 32; p++)
			bad += word[p * PAGE / 8] != round * 1000 + p;
	}
	go(0);
	return (void *)bad;
}

/*
 * A write to a page that is read-only just now is tried again, also if two
 * threads ask for the page at once.
 */
static enum ktap_status pages_are_taken_away(void)
{
	struct sigaction old, again = { .sa_handler = nothing };
	pthread_t storms, other;
	void *bad;

	arena = private_pages(64 * PAGE);
	sigaction(SIGSEGV, &again, &old);
	pthread_create(&storms, NULL, storm, NULL);
	pthread_create(&other, NULL, writer, (void *)1);
	KTAP_EXPECT(!writer((void *)0));
	pthread_join(other, &bad);
	__atomic_store_n(&storm_over, 1, __ATOMIC_RELEASE);
	pthread_join(storms, NULL);
	sigaction(SIGSEGV, &old, NULL);
	KTAP_EXPECT(!bad);
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "bss and heap", bss_and_heap },
		{ "the stack grows", stack_grows },
		{ "the stack ends at its limit", stack_ends_at_its_limit },
		{ "brk up and down", brk_up_and_down },
		{ "mmap and munmap", map_and_unmap },
		{ "mprotect is heeded", mprotect_is_heeded },
		{ "mapped for one thing", mapped_for_one_thing },
		{ "mremap keeps what is there", mremap_keeps_what_is_there },
		{ "madvise takes back", madvise_takes_back },
		{ "huge pages", huge_pages },
		{ "another process reads and writes",
		  another_process_reads_and_writes },
		{ "pages are taken away", pages_are_taken_away },
		MOVES_ARE_MADE,
	};

	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
