// SPDX-License-Identifier: GPL-2.0
/* memory.c: the board's physical memory, a file whose offsets are the addresses, and the faults of it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "hub.h"

#define FROZEN	     16
#define FROZEN_BYTES 4096
#define REWRITE_NS   100000

static int file = -1;
static int state = -1;
static uint8_t *dram;
static struct frozen {
	uint64_t at;
	uint64_t size;
	uint8_t was[FROZEN_BYTES];
} frozen[FROZEN];
static unsigned int nr_frozen;
static struct watch timer;

/* Without a name: it is gone when the last process that has it is. */
static int new_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, hub.dram_size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		die("%s: %m", name);
	return fd;
}

int memory_file(void)
{
	return file;
}

/* For whoever emulates the caches of all groups: what they have to share */
int memory_state(void)
{
	return state;
}

int memory_view(void)
{
	return new_file("view");
}

static bool inside(uint64_t at, uint64_t size)
{
	return at < hub.dram_size && size <= hub.dram_size - at;
}

int memory_write(uint64_t at, const void *data, size_t size)
{
	if (!inside(at, size))
		return -ERANGE;
	memcpy(dram + at, data, size);
	return 0;
}

int memory_read(uint64_t at, void *data, size_t size)
{
	if (!inside(at, size))
		return -ERANGE;
	memcpy(data, dram + at, size);
	return 0;
}

/* Flips bits, the same ones for the same seed. */
int memory_corrupt(uint64_t at, uint64_t size, unsigned int bits, uint64_t seed)
{
	unsigned int i;

	if (!size || !inside(at, size))
		return -ERANGE;
	for (i = 0; i < bits; i++) {
		uint64_t where = random_at(seed, i) % (size * 8);

		dram[at + where / 8] ^= 1 << where % 8;
	}
	return 0;
}

/*
 * On a busy host a peer would see what was stored for as long as we wait for a
 * processor. Who may not ask for this has to live with it.
 */
static void hurry(bool on)
{
	struct sched_param param = { .sched_priority = on };

	sched_setscheduler(
		0, (on ? SCHED_FIFO : SCHED_OTHER) | SCHED_RESET_ON_FORK,
		&param);
}

static void arm(bool on)
{
	struct itimerspec when = {
		.it_interval.tv_nsec = on ? REWRITE_NS : 0,
		.it_value.tv_nsec = on ? REWRITE_NS : 0,
	};

	timerfd_settime(timer.fd, 0, &when, NULL);
	hurry(on);
}

/* Words that are stuck: whatever is stored there is soon as before. */
int memory_freeze(uint64_t at, uint64_t size)
{
	struct frozen *f = &frozen[nr_frozen];

	if (!inside(at, size))
		return -ERANGE;
	if (nr_frozen == FROZEN || size > FROZEN_BYTES)
		return -ENOSPC;
	f->at = at;
	f->size = size;
	memcpy(f->was, dram + at, size);
	nr_frozen++;
	arm(true);
	return 0;
}

void memory_thaw(void)
{
	nr_frozen = 0;
	arm(false);
}

static void rewrite(struct watch *watch)
{
	uint64_t expired;
	unsigned int i;

	if (read(watch->fd, &expired, sizeof(expired)) < 0)
		return;
	for (i = 0; i < nr_frozen; i++)
		memcpy(dram + frozen[i].at, frozen[i].was, frozen[i].size);
}

void memory_init(void)
{
	file = new_file("dram");
	state = memfd_create("caches", MFD_CLOEXEC);
	if (state < 0)
		die("caches: %m");
	dram = mmap(NULL, hub.dram_size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_NORESERVE, file, 0);
	if (dram == MAP_FAILED)
		die("the memory: %m");
	timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	timer.ready = rewrite;
	if (timer.fd < 0 || loop_add(&timer))
		die("timer: %m");
}
