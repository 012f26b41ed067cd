// SPDX-License-Identifier: GPL-2.0
// mappings: memory with rules of its own: sealed, locked, guarded, not inherited, or
// of a file that another process cuts.
#include "move.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>

#define PAGE 4096

static sigjmp_buf out;
static siginfo_t bad;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	bad = *info;
	siglongjmp(out, 1);
}

static void catch_faults(void)
{
	struct sigaction act = { .sa_sigaction = on_fault,
				 .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
}

/* The signal and code of an access, 0 if it is a good one */
static int access_to(volatile char *p, int write)
{
	if (sigsetjmp(out, 1))
		return bad.si_addr == (void *)p ?
			       bad.si_signo * 10 + bad.si_code :
			       -1;
	if (write)
		*p = 1;
	else
		(void)*p;
	return 0;
}

#define ACCERR (SIGSEGV * 10 + SEGV_ACCERR)
#define MAPERR (SIGSEGV * 10 + SEGV_MAPERR)
#define BUSERR (SIGBUS * 10 + BUS_ADRERR)

static enum ktap_status seals(void)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING), i;
	char *p, *q;

	KTAP_EXPECT(fd >= 0 && !ftruncate(fd, 4 * PAGE));
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	go(1);
	memset(p, 3, 4 * PAGE);
	KTAP_EXPECT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) && errno == EBUSY);
	KTAP_EXPECT(!fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	KTAP_EXPECT(ftruncate(fd, PAGE) && errno == EPERM);
	KTAP_EXPECT(!fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	KTAP_EXPECT(write(fd, "x", 1) < 0 && errno == EPERM);
	memset(p, 4, 4 * PAGE);
	KTAP_EXPECT(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 0) == MAP_FAILED);
	q = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	KTAP_EXPECT(q != MAP_FAILED);
	for (i = 0; i < 4; i++) {
		go(i);
		p[i * PAGE] = 10 + i;
		go(i + 1);
		KTAP_EXPECT(q[i * PAGE] == 10 + i && q[i * PAGE + 1] == 4);
	}
	KTAP_EXPECT(access_to(q, 1) == ACCERR);
	KTAP_EXPECT(q[PAGE] == 11);
	munmap(p, 4 * PAGE);
	munmap(q, 4 * PAGE);
	KTAP_EXPECT(!fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	q = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	go(1);
	KTAP_EXPECT(q[PAGE] == 11);
	munmap(q, 4 * PAGE);
	close(fd);
	go(0);
	return KTAP_PASS;
}

/* ---- files that others cut ---- */

static int file_fd;

static int cuts(void *size)
{
	go(1);
	return ftruncate(file_fd, (long)size) ? 1 : 0;
}

static enum ktap_status files_are_cut(void)
{
	char path[] = "/var/tmp/mappings.XXXXXX", *p, *q;
	int place;

	file_fd = mkstemp(path);
	unlink(path);
	for (place = 0; place < 2; place++) {
		KTAP_EXPECT(!ftruncate(file_fd, 4 * PAGE));
		p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 file_fd, 0);
		q = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			 file_fd, 0);
		go(place);
		memset(p, 5, 4 * PAGE);
		q[0] = 6, q[3 * PAGE] = 6;
		go(place + 1);
		KTAP_EXPECT(!ended(child(cuts, (void *)(long)(PAGE + 100))));
		KTAP_EXPECT(p[PAGE + 99] == 5 && p[PAGE + 100] == 0);
		KTAP_EXPECT(access_to(p + 2 * PAGE, 0) == BUSERR);
		KTAP_EXPECT(access_to(p + 3 * PAGE, 1) == BUSERR);
		KTAP_EXPECT(access_to(q + 3 * PAGE, 0) == BUSERR);
		KTAP_EXPECT(q[0] == 6 && q[1] == 5);
		go(place);
		KTAP_EXPECT(access_to(p + 2 * PAGE, 1) == BUSERR);
		KTAP_EXPECT(!ended(child(cuts, (void *)(4l * PAGE))));
		KTAP_EXPECT(p[2 * PAGE] == 0 && p[4 * PAGE - 1] == 0);
		p[2 * PAGE] = 7;
		KTAP_EXPECT(q[2 * PAGE] == 7 && q[3 * PAGE] == 0);
		munmap(p, 4 * PAGE);
		munmap(q, 4 * PAGE);
	}
	close(file_fd);
	go(0);
	return KTAP_PASS;
}

/* ---- advice ---- */

static int reads_first(void *p)
{
	go(1);
	return access_to(p, 0) ? 200 : *(char *)p;
}

static enum ktap_status what_children_get(void)
{
	char *p = private_pages(2 * PAGE);

	go(1);
	memset(p, 9, 2 * PAGE);
	KTAP_EXPECT(ended(child(reads_first, p)) == 9);
	KTAP_EXPECT(!madvise(p, PAGE, MADV_DONTFORK));
	KTAP_EXPECT(ended(child(reads_first, p)) == 200);
	KTAP_EXPECT(!madvise(p, PAGE, MADV_DOFORK));
	KTAP_EXPECT(!madvise(p, PAGE, MADV_WIPEONFORK));
	KTAP_EXPECT(ended(child(reads_first, p)) == 0);
	KTAP_EXPECT(ended(child(reads_first, p + PAGE)) == 9);
	KTAP_EXPECT(p[0] == 9);
	go(0);
	KTAP_EXPECT(p[PAGE - 1] == 9 && ended(child(reads_first, p)) == 0);
	munmap(p, 2 * PAGE);
	return KTAP_PASS;
}

static enum ktap_status advice(void)
{
	unsigned char resident[8];
	char *p = private_pages(8 * PAGE);
	int i;

	go(1);
	KTAP_EXPECT(!madvise(p, 4 * PAGE, MADV_POPULATE_WRITE));
	KTAP_EXPECT(!mincore(p, 8 * PAGE, resident));
	for (i = 0; i < 4; i++)
		KTAP_EXPECT(resident[i] & 1);
	KTAP_EXPECT(!madvise(p, 8 * PAGE, MADV_POPULATE_READ));
	memset(p, 6, 8 * PAGE);
	KTAP_EXPECT(!madvise(p, 2 * PAGE, MADV_FREE));
	p[0] = 7;
	KTAP_EXPECT(!madvise(p + 2 * PAGE, 2 * PAGE, MADV_COLD));
	KTAP_EXPECT(!madvise(p + 4 * PAGE, 2 * PAGE, MADV_PAGEOUT));
	KTAP_EXPECT(p[0] == 7 && (p[PAGE] == 6 || p[PAGE] == 0));
	for (i = 2; i < 8; i++)
		KTAP_EXPECT(p[i * PAGE] == 6 && p[i * PAGE + PAGE - 1] == 6);
	KTAP_EXPECT(!mprotect(p, PAGE, PROT_NONE));
	KTAP_EXPECT(madvise(p, PAGE, MADV_POPULATE_READ));
	KTAP_EXPECT(errno == EINVAL);
	KTAP_EXPECT(madvise(p, PAGE, 4711) && errno == EINVAL);
	munmap(p, 8 * PAGE);
	KTAP_EXPECT(madvise(p, PAGE, MADV_WILLNEED) && errno == ENOMEM);
	go(0);
	return KTAP_PASS;
}

static long locked_kib(void)
{
	char line[128];
	FILE *file = fopen("/proc/self/status", "r");
	long kib = -1;

	while (fgets(line, sizeof(line), file))
		sscanf(line, "VmLck: %ld", &kib);
	fclose(file);
	return kib;
}

static int locks_all(void *unused)
{
	unsigned char resident[4] = { 0 };
	char *p;
	int i;

	(void)unused;
	go(1);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return 1;
	p = private_pages(4 * PAGE);
	if (mincore(p, 4 * PAGE, resident))
		return 2;
	for (i = 0; i < 4; i++)
		if (!(resident[i] & 1))
			return 3;
	p[PAGE] = 1;
	munlockall();
	return locked_kib() ? 4 : 0;
}

static enum ktap_status locks(void)
{
	char *p = private_pages(16 * PAGE);

	go(1);
	p[0] = 1;
	KTAP_EXPECT(!mlock(p, 8 * PAGE) && locked_kib() == 32);
	memset(p, 2, 16 * PAGE);
	go(0);
	KTAP_EXPECT(p[0] == 2 && p[15 * PAGE] == 2);
	go(1);
	KTAP_EXPECT(!mlock2(p + 8 * PAGE, 2 * PAGE, MLOCK_ONFAULT));
	KTAP_EXPECT(locked_kib() == 40);
	KTAP_EXPECT(madvise(p, PAGE, MADV_DONTNEED) && errno == EINVAL);
	KTAP_EXPECT(!munlock(p, 10 * PAGE) && !locked_kib());
	KTAP_EXPECT(!madvise(p, PAGE, MADV_DONTNEED) && p[0] == 0);
	munmap(p, 16 * PAGE);
	KTAP_EXPECT(!ended(child(locks_all, NULL)));
	go(0);
	return KTAP_PASS;
}

/* ---- stacks ---- */

static enum ktap_status growing_down(void)
{
	size_t room = 64 * PAGE;
	char *area, *p;
	int i;

	go(1);
	area = mmap(NULL, 4 * room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	munmap(area, 4 * room);
	p = mmap(area + 3 * room, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1,
		 0);
	KTAP_EXPECT(p == area + 3 * room);
	for (i = 0; i < 40; i++) {
		go(i);
		KTAP_EXPECT(!access_to(p - i * PAGE, 1));
	}
	for (i = 0; i < 40; i++)
		KTAP_EXPECT(p[-i * PAGE] == 1);
	munmap(area, 4 * room);
	KTAP_EXPECT(access_to(p, 0) == MAPERR);
	go(0);
	return KTAP_PASS;
}

static int deep(int n)
{
	volatile char frame[1024];

	frame[0] = n;
	if (n % 1000 == 0)
		go(n / 1000);
	return n ? deep(n - 1) + (frame[0] == (char)n) : 0;
}

static void *goes_deep(void *n)
{
	return (void *)(long)deep((long)n);
}

static long overflows(long n)
{
	volatile char frame[512];

	frame[0] = n;
	return n < 0 ? 0 : overflows(n + 1) + frame[0];
}

static void *falls(void *unused)
{
	stack_t stack = { .ss_size = 65536 };

	(void)unused;
	stack.ss_sp = malloc(stack.ss_size);
	go(1);
	sigaltstack(&stack, NULL);
	if (sigsetjmp(out, 1))
		return (void *)(long)(bad.si_signo * 10 + bad.si_code);
	return (void *)overflows(0);
}

static enum ktap_status deep_stacks(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	void *result;

	KTAP_EXPECT(deep(4000) == 4000);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32 << 20);
	KTAP_EXPECT(!pthread_create(&thread, &attr, goes_deep, (void *)20000));
	pthread_join(thread, &result);
	KTAP_EXPECT(result == (void *)20000);
	pthread_attr_setstacksize(&attr, 128 << 10);
	KTAP_EXPECT(!pthread_create(&thread, &attr, falls, NULL));
	pthread_join(thread, &result);
	KTAP_EXPECT(result == (void *)ACCERR);
	go(0);
	return KTAP_PASS;
}

/* ---- mremap ---- */

static enum ktap_status remapped(void)
{
	char *p = private_pages(8 * PAGE), *q = private_pages(16 * PAGE), *r;
	int fd = memfd_create("remapped", 0), i;

	go(1);
	for (i = 0; i < 8; i++)
		p[i * PAGE] = i + 1;
	r = mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q);
	KTAP_EXPECT(r == q && q[0] == 1 && q[3 * PAGE] == 4 && !q[4 * PAGE]);
	KTAP_EXPECT(access_to(p, 0) == MAPERR && p[4 * PAGE] == 5);
	r = mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	KTAP_EXPECT(r != MAP_FAILED && r[0] == 1 && q[0] == 0);
	q[0] = 50;
	go(0);
	KTAP_EXPECT(r[0] == 1 && q[0] == 50 && q[PAGE] == 2);
	munmap(r, PAGE);
	go(1);
	KTAP_EXPECT(!ftruncate(fd, 4 * PAGE));
	r = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	r[0] = 11, r[PAGE] = 12;
	p = mremap(r, 0, 4 * PAGE, MREMAP_MAYMOVE); /* a second mapping of it */
	KTAP_EXPECT(p != MAP_FAILED && p[0] == 11 && p[PAGE] == 12);
	p[0] = 13;
	KTAP_EXPECT(r[0] == 13);
	KTAP_EXPECT(mremap(r, 4 * PAGE, PAGE, 0) == r && r[0] == 13);
	KTAP_EXPECT(access_to(r + PAGE, 0) == MAPERR && p[PAGE] == 12);
	KTAP_EXPECT(mremap(r, PAGE, 2 * PAGE, 8) == MAP_FAILED);
	munmap(r, PAGE);
	munmap(p, 4 * PAGE);
	munmap(q, 16 * PAGE);
	close(fd);
	go(0);
	return KTAP_PASS;
}

/* ---- of others ---- */

static int attaches(void *arg)
{
	int *p;

	go(1);
	p = shmat(*(int *)arg, NULL, 0);
	if (p == (void *)-1)
		return 1;
	p[1] = p[0] + 1;
	return shmdt(p) ? 2 : 0;
}

static enum ktap_status segments(void)
{
	int id = shmget(IPC_PRIVATE, 8 * PAGE, 0600), *p, *q;
	struct shmid_ds state;

	go(1);
	p = shmat(id, NULL, 0);
	q = shmat(id, NULL, SHM_RDONLY);
	p[0] = 41;
	KTAP_EXPECT(q[0] == 41 && access_to((char *)q, 1) == ACCERR);
	KTAP_EXPECT(!ended(child(attaches, &id)) && q[1] == 42);
	KTAP_EXPECT(!shmctl(id, IPC_STAT, &state) && state.shm_nattch == 2);
	KTAP_EXPECT(!shmctl(id, IPC_RMID, NULL) && q[1] == 42);
	KTAP_EXPECT(!shmdt(p) && q[0] == 41 && !shmdt(q));
	KTAP_EXPECT(access_to((char *)q, 0) == MAPERR);
	KTAP_EXPECT(shmat(id, NULL, 0) == (void *)-1);
	go(0);
	return KTAP_PASS;
}

static int opens(void *name)
{
	int fd = shm_open(name, O_RDWR, 0);
	char *p;

	go(1);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p[1] = p[0] + 1;
	return 0;
}

static enum ktap_status named_memory(void)
{
	char name[32], *p;
	int fd;

	snprintf(name, sizeof(name), "/mappings.%d", getpid());
	go(1);
	fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
	KTAP_EXPECT(fd >= 0 && !ftruncate(fd, PAGE));
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p[0] = 8;
	KTAP_EXPECT(!ended(child(opens, name)) && p[1] == 9);
	KTAP_EXPECT(!shm_unlink(name));
	go(0);
	KTAP_EXPECT(p[1] == 9);
	munmap(p, PAGE);
	close(fd);
	return KTAP_PASS;
}

/* ---- what a handler is told ---- */

#ifdef __aarch64__
static uint64_t esr;

static void on_esr(int signo, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	struct _aarch64_ctx *c = (void *)u->uc_mcontext.__reserved;

	(void)signo;
	bad = *info;
	esr = 0;
	for (; c->magic; c = (void *)((char *)c + c->size))
		if (c->magic == ESR_MAGIC)
			esr = ((struct esr_context *)c)->esr;
	if (u->uc_mcontext.fault_address != (unsigned long)info->si_addr)
		esr = 0;
	siglongjmp(out, 1);
}

static uint64_t esr_of(volatile char *p, int write)
{
	if (sigsetjmp(out, 1))
		return esr;
	if (write)
		*p = 1;
	else
		(void)*p;
	return 1;
}

/* Was it a read or a write? Sanitizers and virtual machines look. */
static enum ktap_status kinds_of_access(void)
{
	struct sigaction act = { .sa_sigaction = on_esr,
				 .sa_flags = SA_SIGINFO };
	char *p = private_pages(PAGE), *q = private_pages(PAGE);
	int place;

	mprotect(p, PAGE, PROT_READ);
	sigaction(SIGSEGV, &act, NULL);
	munmap(q, PAGE);
	for (place = 0; place < 3; place++) {
		go(place);
		KTAP_EXPECT(esr_of(p, 1) >> 26 == 0x24 && esr & 0x40);
		KTAP_EXPECT(esr_of(q, 1) >> 26 == 0x24 && esr & 0x40);
		KTAP_EXPECT(esr_of(q, 0) >> 26 == 0x24 && !(esr & 0x40));
	}
	munmap(p, PAGE);
	go(0);
	catch_faults();
	return KTAP_PASS;
}
#else
static enum ktap_status kinds_of_access(void)
{
	return KTAP_SKIP;
}
#endif

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "seals", seals },
		{ "files are cut", files_are_cut },
		{ "what children get", what_children_get },
		{ "advice", advice },
		{ "locks", locks },
		{ "growing down", growing_down },
		{ "deep stacks", deep_stacks },
		{ "remapped", remapped },
		{ "segments", segments },
		{ "named memory", named_memory },
		{ "kinds of access", kinds_of_access },
		MOVES_ARE_MADE,
	};

	catch_faults();
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
