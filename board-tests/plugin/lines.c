// SPDX-License-Identifier: GPL-2.0
/*
 * lines.c: lines of the shared memory are copied as a whole, whatever the
 * processes of the other groups do or die of meanwhile.
 *
 * The locks lie in a file of their own. A lock survives its owner, and tells the
 * next one what was being written, who completes it: a line is never half old
 * and half new.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nc.h"

#define LOCKS 512u
#define HOT   1024u
#define MAGIC 0x6e635f6c696e6573ul

/* @pa: the line being written, and 1; 0: none */
struct lock {
	pthread_mutex_t mutex;
	_Atomic uint64_t pa;
	uint64_t words[NC_LINE_WORDS];
};

/* @hot: the lines that any group has last worked on; @clocks: check.c's */
struct state {
	uint64_t magic;
	_Atomic uint64_t hot_next;
	_Atomic uint64_t hot[HOT];
	uint32_t clocks[NC_GROUPS];
	struct lock locks[LOCKS];
};

static struct state *state;

static void initialise(void)
{
	pthread_mutexattr_t attr;
	unsigned int i;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	for (i = 0; i < LOCKS; i++)
		pthread_mutex_init(&state->locks[i].mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	state->magic = MAGIC;
}

bool nc_lines_open(const char *file)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);
	struct stat st;
	bool ok = false;

	if (fd < 0)
		return false;
	/* Who dies gives it up. */
	if (flock(fd, LOCK_EX) || fstat(fd, &st))
		goto out;
	if ((size_t)st.st_size < sizeof(*state) &&
	    ftruncate(fd, sizeof(*state)))
		goto out;
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	if (state == MAP_FAILED)
		goto out;
	if (state->magic != MAGIC)
		initialise();
	ok = true;
out:
	/* The mapping keeps the file open, and with it the lock. */
	flock(fd, LOCK_UN);
	close(fd);
	return ok;
}

static void copy(uint64_t *to, const uint64_t *from)
{
	unsigned int i;

	for (i = 0; i < NC_LINE_WORDS; i++)
		__atomic_store_n(&to[i],
				 __atomic_load_n(&from[i], __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
}

static uint64_t *dram_line(uint64_t pa)
{
	return (uint64_t *)(nc_memory.dram + pa);
}

/* The last owner died: write again what it was writing. */
static void recover(struct lock *lock)
{
	uint64_t pa = lock->pa;

	if (pa)
		copy(dram_line(pa & ~1ul), lock->words);
	lock->pa = 0;
	pthread_mutex_consistent(&lock->mutex);
}

static struct lock *lock_line(uint64_t pa)
{
	struct lock *lock = &state->locks[pa / NC_LINE % LOCKS];

	if (pthread_mutex_lock(&lock->mutex) == EOWNERDEAD)
		recover(lock);
	return lock;
}

void nc_line_read(uint64_t pa, uint64_t *to)
{
	struct lock *lock = lock_line(pa);

	copy(to, dram_line(pa));
	pthread_mutex_unlock(&lock->mutex);
}

void nc_line_write(uint64_t pa, const uint64_t *from)
{
	struct lock *lock = lock_line(pa);

	copy(lock->words, from);
	atomic_store(&lock->pa, pa | 1);
	copy(dram_line(pa), from);
	atomic_store(&lock->pa, 0);
	pthread_mutex_unlock(&lock->mutex);
}

void nc_hot_add(uint64_t pa)
{
	state->hot[state->hot_next++ % HOT] = pa;
}

/* A line that some group has worked on lately; 0 if there is none */
uint64_t nc_hot_pick(unsigned int random)
{
	return state->hot[random % HOT];
}

uint32_t *nc_lines_clock(unsigned int group)
{
	return &state->clocks[group];
}
