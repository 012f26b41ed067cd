// SPDX-License-Identifier: GPL-2.0
// All kernels write words of the same pages of a program of kernel 0, at random: no write is lost.
//: isas 1
//: timeout 300
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../dsm-noncc/kmod/test.h"
#include "ktap.h"

#define WORDS	(4096 / sizeof(uint64_t))
#define KERNELS 8
#define PAGES	8
#define TURNS	150

static int fd = -1;
static int kernels = 1;
static uint64_t seed;
static volatile uint64_t *pages;

/* What each kernel has added to its own word of each page. */
static uint64_t added[KERNELS][PAGES];

static int call(int kernel, int op, volatile void *addr, uint64_t value, int n)
{
	struct dsm_test_call c = {
		.kernel = kernel,
		.op = op,
		.addr = (uintptr_t)addr,
		.value = value,
		.n = n,
	};

	return ioctl(fd, DSM_TEST_CALL, &c) ? -errno : c.error;
}

static enum ktap_status all_open(void)
{
	fd = open("/dev/dsm-test", O_RDWR | O_CLOEXEC);
	KTAP_EXPECT(fd >= 0);
	while (kernels < KERNELS && !ioctl(fd, DSM_TEST_SHARE, kernels))
		kernels++;
	ktap_say("%d kernels", kernels);
	KTAP_EXPECT(kernels > 1);
	return KTAP_PASS;
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void *writer(void *arg)
{
	int kernel = (intptr_t)arg, i, n, err = 0;
	uint64_t state = seed * 31 + kernel + 1;

	for (i = 0; i < TURNS && !err; i++) {
		int page = next(&state) % PAGES;
		uint64_t value = next(&state) & 0xffff;
		volatile uint64_t *p = pages + page * WORDS + kernel;

		n = next(&state) % 4 + 1;
		if (kernel)
			err = call(kernel, DSM_TEST_ADD, p, value, n);
		else
			*p += n * value;
		added[kernel][page] += n * value;
	}
	return (void *)(intptr_t)err;
}

static enum ktap_status write_all(int flags)
{
	pthread_t t[KERNELS];
	int k, page, failed = 0;
	void *err;

	memset(added, 0, sizeof(added));
	pages = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, flags, -1, 0);
	KTAP_EXPECT(pages != MAP_FAILED);
	for (k = 0; k < kernels; k++)
		KTAP_EXPECT(!pthread_create(&t[k], NULL, writer,
					    (void *)(intptr_t)k));
	for (k = 0; k < kernels; k++) {
		pthread_join(t[k], &err);
		if (err)
			ktap_say("kernel %d: error %ld", k, (long)err);
		failed |= !!err;
	}
	for (page = 0; page < PAGES; page++)
		for (k = 0; k < kernels; k++)
			if (pages[page * WORDS + k] != added[k][page]) {
				ktap_say("page %d, kernel %d: %lx, not %lx",
					 page, k, (long)pages[page * WORDS + k],
					 (long)added[k][page]);
				failed = 1;
			}
	munmap((void *)pages, PAGES * 4096);
	return failed ? KTAP_FAIL : KTAP_PASS;
}

static enum ktap_status private_memory(void)
{
	return write_all(MAP_PRIVATE | MAP_ANONYMOUS);
}

static enum ktap_status shared_memory(void)
{
	return write_all(MAP_SHARED | MAP_ANONYMOUS);
}

/* One kernel after the other, each finds what the one before has left. */
static enum ktap_status rounds(void)
{
	volatile uint64_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i, k;

	KTAP_EXPECT(p != MAP_FAILED);
	for (i = 0; i < 20; i++)
		for (k = 1; k < kernels; k++)
			KTAP_EXPECT(!call(k, DSM_TEST_ADD, p, 1, 1));
	KTAP_EXPECT(*p == 20ul * (kernels - 1));
	return KTAP_PASS;
}

static enum ktap_status all_close(void)
{
	int k;

	for (k = 1; k < kernels; k++)
		KTAP_EXPECT(!call(k, DSM_TEST_CLOSE, NULL, 0, 0));
	return KTAP_PASS;
}

int main(void)
{
	static const struct ktap_test tests[] = {
		{ "a program's memory opens to all kernels", all_open },
		{ "a page goes round", rounds },
		{ "private memory", private_memory },
		{ "shared memory", shared_memory },
		{ "the windows close", all_close },
	};
	const char *text = getenv("SEED");

	seed = text ? strtoull(text, NULL, 0) : 1;
	if (system("modprobe dsm-test; k=1; while [ -e /dev/imb/k$k.0 ]; do "
		   "ssh kernel$k modprobe dsm-test 2>/dev/null; k=$((k+1)); done"))
		ktap_say("dsm-test is not everywhere");
	return ktap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
