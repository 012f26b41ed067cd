// SPDX-License-Identifier: GPL-2.0
// Pages of a program of kernel 0 that kernel 1 reads and writes, and what happens to mappings meanwhile.
//: isas 1
//: timeout 300
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../dsm-noncc/kmod/test.h"
#include "ktap.h"

#define PAGE 4096ul
#define MANY 256

static int fd = -1;

static int call(int op, volatile void *addr, uint64_t *value, unsigned int n)
{
	struct dsm_test_call c = {
		.kernel = 1,
		.op = op,
		.addr = (uintptr_t)addr,
		.value = value ? *value : 0,
		.n = n,
	};

	if (ioctl(fd, DSM_TEST_CALL, &c))
		return -errno;
	if (value)
		*value = c.value;
	return c.error;
}

static uint64_t there(volatile uint64_t *p)
{
	uint64_t v = 0;
	int err = call(DSM_TEST_READ, p, &v, 0);

	return err ? (uint64_t)err : v;
}

static int write_there(volatile uint64_t *p, uint64_t v)
{
	return call(DSM_TEST_WRITE, p, &v, 0);
}

static volatile uint64_t *map(size_t pages, int flags)
{
	void *p =
		mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static volatile uint64_t *word(volatile uint64_t *base, size_t page)
{
	return base + page * (PAGE / sizeof(*base));
}

static enum ktap_status is_shared(void)
{
	fd = open("/dev/dsm-test", O_RDWR | O_CLOEXEC);
	KTAP_EXPECT(fd >= 0);
	if (ioctl(fd, DSM_TEST_SHARE, 1)) {
		ktap_say("share: %s", strerror(errno));
		return KTAP_FAIL;
	}
	return KTAP_PASS;
}

static enum ktap_status private_pages(void)
{
	volatile uint64_t *p = map(4, MAP_PRIVATE | MAP_ANONYMOUS);

	KTAP_EXPECT(p);
	*p = 41;
	KTAP_EXPECT(there(p) == 41);
	KTAP_EXPECT(write_there(p, 42) == 0);
	KTAP_EXPECT(*p == 42);
	*p = 43;
	KTAP_EXPECT(there(p) == 43);
	/* never touched here */
	KTAP_EXPECT(there(word(p, 1)) == 0);
	KTAP_EXPECT(write_there(word(p, 2), 5) == 0);
	KTAP_EXPECT(*word(p, 2) == 5);
	munmap((void *)p, 4 * PAGE);
	KTAP_EXPECT(there(p) == (uint64_t)-EFAULT);
	return KTAP_PASS;
}

static enum ktap_status shared_pages(void)
{
	volatile uint64_t *p = map(4, MAP_SHARED | MAP_ANONYMOUS);

	KTAP_EXPECT(p);
	*p = 1;
	KTAP_EXPECT(there(p) == 1);
	KTAP_EXPECT(write_there(p, 2) == 0);
	KTAP_EXPECT(*p == 2);
	KTAP_EXPECT(write_there(word(p, 1), 3) == 0);
	KTAP_EXPECT(*word(p, 1) == 3);
	munmap((void *)p, 4 * PAGE);
	return KTAP_PASS;
}

/* Another process has the page mapped, and knows of no other kernel. */
static enum ktap_status another_process(void)
{
	volatile uint64_t *p = map(1, MAP_SHARED | MAP_ANONYMOUS);
	int turn[2], back[2], status;
	pid_t child;
	char c;

	KTAP_EXPECT(p && !pipe(turn) && !pipe(back));
	*p = 10;
	child = fork();
	if (!child) {
		close(fd);
		(*p)++;
		if (write(back[1], "x", 1) != 1 || read(turn[0], &c, 1) != 1)
			_exit(1);
		if (*p != 20)
			_exit(2);
		*p = 21;
		_exit(0);
	}
	KTAP_EXPECT(read(back[0], &c, 1) == 1);
	KTAP_EXPECT(there(p) == 11);
	KTAP_EXPECT(write_there(p, 20) == 0);
	KTAP_EXPECT(write(turn[1], "x", 1) == 1);
	KTAP_EXPECT(waitpid(child, &status, 0) == child);
	if (status)
		ktap_say("the child: %x", status);
	KTAP_EXPECT(!status);
	KTAP_EXPECT(there(p) == 21);
	return KTAP_PASS;
}

static enum ktap_status rights(void)
{
	volatile uint64_t *p = map(1, MAP_PRIVATE | MAP_ANONYMOUS);

	KTAP_EXPECT(p);
	KTAP_EXPECT(write_there(p, 7) == 0);
	KTAP_EXPECT(!mprotect((void *)p, PAGE, PROT_READ));
	KTAP_EXPECT(there(p) == 7);
	KTAP_EXPECT(write_there(p, 8) == -EFAULT);
	KTAP_EXPECT(!mprotect((void *)p, PAGE, PROT_NONE));
	KTAP_EXPECT(there(p) == (uint64_t)-EFAULT);
	KTAP_EXPECT(!mprotect((void *)p, PAGE, PROT_READ | PROT_WRITE));
	KTAP_EXPECT(write_there(p, 9) == 0 && *p == 9);
	KTAP_EXPECT(write_there((void *)rights, 1) == -EFAULT);
	KTAP_EXPECT(there((void *)rights) == *(uint64_t *)rights);
	KTAP_EXPECT(there((void *)0x20000) == (uint64_t)-EFAULT);
	return KTAP_PASS;
}

static enum ktap_status copy_on_write(void)
{
	volatile uint64_t *p = map(1, MAP_PRIVATE | MAP_ANONYMOUS);
	int status;
	pid_t child;

	KTAP_EXPECT(p && write_there(p, 1) == 0);
	child = fork();
	if (!child) {
		usleep(50000);
		_exit(*p == 1 ? 0 : 1);
	}
	KTAP_EXPECT(write_there(p, 2) == 0);
	KTAP_EXPECT(waitpid(child, &status, 0) == child && !status);
	KTAP_EXPECT(*p == 2);
	return KTAP_PASS;
}

static enum ktap_status by_system_calls(void)
{
	volatile uint64_t *p = map(2, MAP_PRIVATE | MAP_ANONYMOUS);
	struct iovec local, remote;
	uint64_t v = 0;
	int pipes[2];

	KTAP_EXPECT(p && !pipe(pipes));
	KTAP_EXPECT(write_there(p, 100) == 0);
	/* through get_user_pages() */
	local = (struct iovec){ &v, sizeof(v) };
	remote = (struct iovec){ (void *)p, sizeof(v) };
	KTAP_EXPECT(process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 8);
	KTAP_EXPECT(v == 100);
	KTAP_EXPECT(there(p) == 100);
	v = 101;
	KTAP_EXPECT(process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == 8);
	KTAP_EXPECT(there(p) == 101);
	/* through the page table */
	KTAP_EXPECT(write_there(p, 102) == 0);
	KTAP_EXPECT(write(pipes[1], (void *)p, 8) == 8);
	KTAP_EXPECT(there(p) == 102 && write_there(p, 103) == 0);
	KTAP_EXPECT(read(pipes[0], (void *)p, 8) == 8);
	KTAP_EXPECT(there(p) == 102);
	return KTAP_PASS;
}

static enum ktap_status file(char *name)
{
	int f = mkstemp(name);
	volatile uint64_t *p;
	uint64_t v = 77;

	KTAP_EXPECT(f >= 0 && !unlink(name) && !ftruncate(f, 2 * PAGE));
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	KTAP_EXPECT(p != MAP_FAILED);
	KTAP_EXPECT(pwrite(f, &v, 8, 0) == 8 && there(p) == 77);
	KTAP_EXPECT(write_there(p, 78) == 0);
	KTAP_EXPECT(pread(f, &v, 8, 0) == 8 && v == 78);
	KTAP_EXPECT(write_there(p, 79) == 0);
	v = 80;
	KTAP_EXPECT(pwrite(f, &v, 8, 8) == 8);
	KTAP_EXPECT(there(p) == 79 && there(p + 1) == 80);
	/* beyond the end */
	KTAP_EXPECT(there(word(p, 3)) == (uint64_t)-EFAULT);
	KTAP_EXPECT(!ftruncate(f, 0) && !ftruncate(f, PAGE));
	KTAP_EXPECT(there(p) == 0);
	close(f);
	return KTAP_PASS;
}

static enum ktap_status files(void)
{
	char name[] = "/tmp/dsm-XXXXXX";

	return file(name);
}

/* Whose faults let go of the mmap lock */
static enum ktap_status files_on_a_disk(void)
{
	char name[] = "/root/dsm-XXXXXX";

	return file(name);
}

static enum ktap_status huge(void)
{
	const size_t pages = 2048;
	volatile uint64_t *p = map(pages, MAP_PRIVATE | MAP_ANONYMOUS);
	size_t i;

	KTAP_EXPECT(p);
	madvise((void *)p, pages * PAGE, MADV_HUGEPAGE);
	for (i = 0; i < pages; i++)
		*word(p, i) = i;
	for (i = 0; i < pages; i += 64) {
		KTAP_EXPECT(there(word(p, i)) == i);
		KTAP_EXPECT(write_there(word(p, i), i + 1) == 0);
	}
	for (i = 0; i < pages; i++)
		KTAP_EXPECT(*word(p, i) == (i % 64 ? i : i + 1));
	munmap((void *)p, pages * PAGE);
	return KTAP_PASS;
}

static enum ktap_status many(void)
{
	volatile uint64_t *p = map(MANY, MAP_PRIVATE | MAP_ANONYMOUS);
	uint64_t v = 1000, sum = PAGE;
	size_t i;

	KTAP_EXPECT(p && call(DSM_TEST_FILL, p, &v, MANY) == 0);
	for (i = 0; i < MANY; i++)
		KTAP_EXPECT(*word(p, i) == 1000 + i);
	KTAP_EXPECT(call(DSM_TEST_SUM, p, &sum, MANY) == 0);
	KTAP_EXPECT(sum == 1000ul * MANY + MANY * (MANY - 1) / 2);
	munmap((void *)p, MANY * PAGE);
	return KTAP_PASS;
}

static volatile uint64_t *arena;
static volatile int stop;

static void *storm(void *arg)
{
	long i;

	(void)arg;
	for (i = 0; !stop; i++) {
		switch (i % 4) {
		case 0:
			madvise((void *)word(arena, 8), 4 * PAGE,
				MADV_DONTNEED);
			break;
		case 1:
			mprotect((void *)arena, 4 * PAGE, PROT_READ);
			mprotect((void *)arena, 4 * PAGE,
				 PROT_READ | PROT_WRITE);
			break;
		case 2:
			if (fork() == 0)
				_exit(0);
			while (waitpid(-1, NULL, 0) < 0 && errno == EINTR)
				;
			break;
		case 3:
			mmap((void *)word(arena, 12), 4 * PAGE,
			     PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		}
		/* else nobody else ever gets the mmap lock */
		usleep(1000);
	}
	return (void *)i;
}

/* Writes of the other kernel while this one changes the mappings. */
static enum ktap_status storms(void)
{
	uint64_t round, v;
	pthread_t t;
	void *turns;
	int i, err;

	arena = map(16, MAP_PRIVATE | MAP_ANONYMOUS);
	KTAP_EXPECT(arena && !pthread_create(&t, NULL, storm, NULL));
	for (round = 1; round < 5; round++) {
		for (i = 0; i < 16; i++) {
			/* between the two mprotect() it is refused */
			do {
				err = write_there(word(arena, i), round);
			} while (err == -EFAULT && i < 4);
			KTAP_EXPECT(!err);
		}
		for (i = 0; i < 16; i++) {
			v = there(word(arena, i));
			KTAP_EXPECT(v == round || (i >= 8 && v == 0));
		}
	}
	stop = 1;
	pthread_join(t, &turns);
	ktap_say("%ld changes of mappings", (long)turns);
	return KTAP_PASS;
}

static volatile uint64_t *counter;

static void *count_here(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 20000; i++)
		counter[0]++;
	return NULL;
}

/* Two words of one page, one for each kernel: no write is lost. */
static enum ktap_status false_sharing(void)
{
	uint64_t one = 1;
	pthread_t t;

	counter = map(1, MAP_PRIVATE | MAP_ANONYMOUS);
	KTAP_EXPECT(counter && !pthread_create(&t, NULL, count_here, NULL));
	KTAP_EXPECT(call(DSM_TEST_ADD, counter + 1, &one, 2000) == 0);
	pthread_join(t, NULL);
	KTAP_EXPECT(counter[0] == 20000 && counter[1] == 2000);
	return KTAP_PASS;
}

static enum ktap_status stack_grows(void)
{
	char *sp = __builtin_frame_address(0);
	uint64_t *below = (uint64_t *)((uintptr_t)(sp - 60 * PAGE) & ~7ul);

	KTAP_EXPECT(write_there(below, 5) == 0);
	KTAP_EXPECT(there(below) == 5);
	return KTAP_PASS;
}

/* What kernel 1 reads in a file, for a process that then ends. */
static int child_reads(const char *path, uint64_t expected)
{
	volatile uint64_t *p;
	int file, status;
	pid_t child = fork();

	if (child)
		return waitpid(child, &status, 0) == child ? status : -1;
	file = open(path, O_RDONLY);
	p = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	if (p == MAP_FAILED || is_shared() != KTAP_PASS)
		_exit(1);
	if (there(p) != expected)
		_exit(2);
	_exit(call(DSM_TEST_CLOSE, NULL, NULL, 0) ? 3 : 0);
}

static int write_file(const char *path, uint64_t value)
{
	int file = open(path, O_WRONLY | O_CREAT, 0700);
	int ok = file >= 0 && pwrite(file, &value, sizeof(value), 0) > 0 &&
		 ftruncate(file, PAGE) == 0 && fsync(file) == 0;

	close(file);
	return ok;
}

static uint64_t counted(const char *name)
{
	FILE *file = fopen("/sys/kernel/debug/dsm/held", "r");
	unsigned long n, found = -1;
	char what[32];

	while (file && fscanf(file, "%31s %lu", what, &n) == 2)
		if (!strcmp(what, name))
			found = n;
	if (file)
		fclose(file);
	return found;
}

/* They stay there when the process has ended, but not if they are others now. */
static enum ktap_status kept_pages(void)
{
	static const char path[] = "/root/kept";
	uint64_t before = counted("kept");

	KTAP_EXPECT(write_file(path, 1));
	sleep(3);
	KTAP_EXPECT(child_reads(path, 1) == 0);
	KTAP_EXPECT(counted("kept") > before);
	KTAP_EXPECT(child_reads(path, 1) == 0);
	KTAP_EXPECT(write_file(path, 2));
	KTAP_EXPECT(child_reads(path, 2) == 0);
	KTAP_EXPECT(write_file(path, 3));
	KTAP_EXPECT(child_reads(path, 3) == 0);
	unlink(path);
	return KTAP_PASS;
}

static enum ktap_status ends(void)
{
	KTAP_EXPECT(call(DSM_TEST_CLOSE, NULL, NULL, 0) == 0);
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "pages of files stay, unless they change", kept_pages },
		{ "a program's memory opens to kernel 1", is_shared },
		{ "private memory", private_pages },
		{ "shared memory", shared_pages },
		{ "memory that another process has, too", another_process },
		{ "rights of mappings", rights },
		{ "copy on write", copy_on_write },
		{ "system calls on pages that are away", by_system_calls },
		{ "shared mappings of files", files },
		{ "shared mappings of files on a disk", files_on_a_disk },
		{ "huge pages", huge },
		{ "many pages", many },
		{ "a stack grows", stack_grows },
		{ "two kernels write one page", false_sharing },
		{ "storms of changes of mappings", storms },
		{ "the window closes", ends },
	};

	if (system("modprobe dsm-test; ssh kernel1 modprobe dsm-test 2>/dev/null"))
		ktap_say("dsm-test is not everywhere");
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
