// SPDX-License-Identifier: GPL-2.0
/*
 * cache.c: the caches of one group, as one write-back cache without an end.
 *
 * The group's CPUs load and store in the view, which no other group sees. Lines
 * move between the view and the shared memory only here: when maintenance that a
 * CPU has asked for completes, and when evict.c says so.
 *
 * What a CPU asks for is kept until its barrier. A clean takes the line's bytes
 * when it is executed, not those stored after it; a forgotten line is fetched
 * at the barrier, at once, because a prefetcher could: whoever invalidates too
 * early keeps a stale line. A line has one pending operation at most: the
 * next one on that line, by whichever CPU, completes it first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nc.h"

#define PENDING 1024u

struct pending {
	uint64_t pa;
	unsigned int cpu;
	enum nc_kind kind;
	bool dirty;
	uint64_t words[NC_LINE_WORDS];
	uint64_t pc;
	uint32_t knows[NC_GROUPS];
};

struct nc_memory nc_memory = { .counted.end = UINT64_MAX };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pending queue[PENDING];
static unsigned int queue_len;
/* One bit for each line: does the queue hold it? */
static uint8_t *queued;
static bool all_wanted[NC_MAX_CPUS];
static int view_fd = -1;

static uint64_t *view_line(uint64_t pa)
{
	return (uint64_t *)(nc_memory.view + (pa - nc_memory.base));
}

static uint64_t *known_line(uint64_t pa)
{
	return (uint64_t *)(nc_memory.known + (pa - nc_memory.base));
}

static bool is_queued(uint64_t pa)
{
	uint64_t n = (pa - nc_memory.base) / NC_LINE;

	return queued[n / 8] >> n % 8 & 1;
}

static void flip_queued(uint64_t pa)
{
	uint64_t n = (pa - nc_memory.base) / NC_LINE;

	queued[n / 8] ^= 1u << n % 8;
}

/*
 * A line as it was at one moment, though CPUs store into it meanwhile: if two
 * readings agree, all words had these values between them. A line that never
 * holds still is taken as it comes.
 */
static void take(const uint64_t *line, uint64_t *to)
{
	uint64_t again[NC_LINE_WORDS];
	int i, tries = 100;

	do {
		for (i = 0; i < (int)NC_LINE_WORDS; i++)
			to[i] = __atomic_load_n(&line[i], __ATOMIC_SEQ_CST);
		for (i = 0; i < (int)NC_LINE_WORDS; i++)
			again[i] = __atomic_load_n(&line[i], __ATOMIC_SEQ_CST);
	} while (memcmp(to, again, NC_LINE) && --tries);
}

/* The bytes of @now where nobody has changed @before, else what was stored. */
static uint64_t merge(uint64_t before, uint64_t stored, uint64_t now)
{
	uint64_t changed = before ^ stored;
	uint64_t mask = 0;
	int byte;

	for (byte = 0; byte < 64; byte += 8)
		if (changed >> byte & 0xff)
			mask |= 0xfful << byte;
	return (stored & mask) | (now & ~mask);
}

/*
 * Fill a line from memory; what CPUs have stored since it was @before stays. The
 * last word comes first, the first last: a CPU that is just reading finds the
 * word that it looks at first no newer than the rest. Return: is it another line?
 */
static bool fill(uint64_t pa, const uint64_t *before)
{
	uint64_t *view = view_line(pa), now[NC_LINE_WORDS], old;
	int i;

	nc_line_read(pa, now);
	memcpy(known_line(pa), now, NC_LINE);
	if (nc_checking)
		nc_check_fetched(pa);
	for (i = NC_LINE_WORDS - 1; i >= 0; i--) {
		old = __atomic_load_n(&view[i], __ATOMIC_SEQ_CST);
		while (!__atomic_compare_exchange_n(
			&view[i], &old, merge(before[i], old, now[i]), false,
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
	}
	return memcmp(now, before, NC_LINE) != 0;
}

static void write_out(const struct pending *p)
{
	if (nc_checking)
		nc_check_written(p->cpu, p->pc, p->pa, p->knows);
	nc_line_write(p->pa, p->words);
	nc_count_line(&nc_counts->written_back, p->pa);
}

static void discard(const struct pending *p)
{
	if (nc_checking)
		nc_check_discarded(p->cpu, p->pc, p->pa);
	nc_count_line(&nc_counts->discarded, p->pa);
}

static void complete(const struct pending *p)
{
	flip_queued(p->pa);
	if (p->dirty && p->kind == NC_INVAL)
		discard(p);
	else if (p->dirty)
		write_out(p);
	if (p->kind == NC_CLEAN)
		return;
	if (fill(p->pa, p->words))
		nc_count_line(&nc_counts->refilled, p->pa);
}

/*
 * Before later stores or before later loads, as @what says. Return: does nothing
 * remain to be done? A line that is fetched has been written back before.
 */
static bool complete_part(struct pending *p, unsigned int what)
{
	unsigned int wanted = p->kind == NC_CLEAN ? NC_WRITTEN : NC_FETCHED;

	if (what & wanted) {
		complete(p);
		return true;
	}
	if (p->kind == NC_FLUSH && p->dirty && what & NC_WRITTEN) {
		write_out(p);
		p->dirty = false;
	}
	return false;
}

/* Complete what @cpu has asked for. Return: was there anything that counts? */
static bool complete_cpu(unsigned int cpu, unsigned int what)
{
	unsigned int i, kept = 0;
	bool any = false;

	for (i = 0; i < queue_len; i++) {
		if (queue[i].cpu == cpu) {
			any |= nc_is_counted(queue[i].pa);
			if (complete_part(&queue[i], what))
				continue;
		}
		if (kept++ != i)
			queue[kept - 1] = queue[i];
	}
	queue_len = kept;
	return any;
}

static void complete_all(void)
{
	unsigned int i;

	for (i = 0; i < queue_len; i++)
		complete(&queue[i]);
	queue_len = 0;
}

static void complete_line(uint64_t pa)
{
	unsigned int i;

	if (!is_queued(pa))
		return;
	for (i = 0; queue[i].pa != pa; i++)
		;
	complete(&queue[i]);
	queue_len--;
	memmove(&queue[i], &queue[i + 1], (queue_len - i) * sizeof(queue[0]));
}

void nc_cache_op(unsigned int cpu, enum nc_kind kind, uint64_t pa, uint64_t pc)
{
	struct pending *p;

	pa &= ~(uint64_t)(NC_LINE - 1);
	nc_hot_add(pa);
	pthread_mutex_lock(&lock);
	complete_line(pa);
	if (queue_len == PENDING)
		complete_all();
	p = &queue[queue_len];
	p->pa = pa;
	p->cpu = cpu;
	p->kind = kind;
	p->pc = pc;
	if (nc_checking)
		nc_check_take(cpu, p->knows);
	take(view_line(pa), p->words);
	p->dirty = memcmp(p->words, known_line(pa), NC_LINE) != 0 ||
		   (nc_checking && nc_check_is_dirty(pa));
	/* From now on only what is stored later is dirty. */
	if (p->dirty)
		memcpy(known_line(pa), p->words, NC_LINE);
	if (p->dirty || kind != NC_CLEAN) {
		flip_queued(pa);
		queue_len++;
	}
	pthread_mutex_unlock(&lock);
}

void nc_cache_all(unsigned int cpu)
{
	all_wanted[cpu] = true;
}

/* Write a line back unasked, if it is dirty. Return: was it? */
static bool write_back(uint64_t pa, uint64_t *words)
{
	if (is_queued(pa))
		return false;
	take(view_line(pa), words);
	if (!memcmp(words, known_line(pa), NC_LINE))
		return false;
	nc_line_write(pa, words);
	memcpy(known_line(pa), words, NC_LINE);
	return true;
}

/* Call @each for the parts of @fd's share of the memory that exist. */
static bool for_each_part(int fd, void (*each)(uint64_t pa, uint64_t end))
{
	off_t end = (off_t)(nc_memory.base + nc_memory.size);
	off_t from = (off_t)nc_memory.base, to;

	while (from < end) {
		from = lseek(fd, from, SEEK_DATA);
		if (from < 0)
			return errno == ENXIO;
		if (from >= end)
			break;
		to = lseek(fd, from, SEEK_HOLE);
		if (to < 0)
			return false;
		if (to > end)
			to = end;
		each((uint64_t)from, (uint64_t)to);
		from = to;
	}
	return true;
}

static void flush_part(uint64_t pa, uint64_t end)
{
	uint64_t words[NC_LINE_WORDS];

	for (; pa < end; pa += NC_LINE) {
		if (write_back(pa, words))
			nc_count_line(&nc_counts->written_back, pa);
		else
			memcpy(words, view_line(pa), NC_LINE);
		if (memcmp(nc_memory.dram + pa, words, NC_LINE))
			fill(pa, words);
	}
}

void nc_cache_barrier(unsigned int cpu, unsigned int what)
{
	bool all = all_wanted[cpu];

	if (!__atomic_load_n(&queue_len, __ATOMIC_RELAXED) && !all)
		return;
	pthread_mutex_lock(&lock);
	if (all) {
		complete_all();
		for_each_part(view_fd, flush_part);
		all_wanted[cpu] = false;
	}
	if (complete_cpu(cpu, what) || all)
		nc_count(&nc_counts->barriers);
	pthread_mutex_unlock(&lock);
}

/*
 * Write a dirty line back unasked. Return: it is clean, and memory has other
 * bytes, so that nc_cache_refetch() has something to do.
 */
bool nc_cache_evict(uint64_t pa)
{
	uint64_t words[NC_LINE_WORDS], now[NC_LINE_WORDS];
	bool stale = false;

	pthread_mutex_lock(&lock);
	/* A store that is seen must not overtake the clean of one before it. */
	complete_all();
	if (write_back(pa, words)) {
		nc_count_line(&nc_counts->evicted, pa);
	} else {
		nc_line_read(pa, now);
		stale = memcmp(now, words, NC_LINE) != 0;
	}
	pthread_mutex_unlock(&lock);
	return stale;
}

/* With all CPUs of the group stopped: they never see half a line. */
void nc_cache_refetch(uint64_t pa)
{
	uint64_t words[NC_LINE_WORDS];

	pthread_mutex_lock(&lock);
	if (!is_queued(pa) && !write_back(pa, words) && fill(pa, words))
		nc_count_line(&nc_counts->refetched, pa);
	pthread_mutex_unlock(&lock);
}

static void fetch_part(uint64_t pa, uint64_t end)
{
	memcpy(nc_memory.view + (pa - nc_memory.base), nc_memory.dram + pa,
	       end - pa);
	memcpy(nc_memory.known + (pa - nc_memory.base),
	       nc_memory.view + (pa - nc_memory.base), end - pa);
}

static void *reserve(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static uint8_t *map_file(int fd, uint64_t offset, uint64_t size)
{
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  (off_t)offset);

	return p == MAP_FAILED ? NULL : p;
}

static int open_file(const char *file, uint64_t size)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (fd >= 0 && ((uint64_t)end >= size || !ftruncate(fd, (off_t)size)))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * A machine starts with empty caches. They take in all of memory at once: what
 * others write later is not seen without an invalidation, from the first load on.
 */
bool nc_cache_open(const char *view, const char *dram)
{
	uint64_t end = nc_memory.base + nc_memory.size;
	int dram_fd = open_file(dram, end);
	bool ok = false;

	view_fd = open_file(view, end);
	if (dram_fd < 0 || view_fd < 0 ||
	    fallocate(view_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)nc_memory.base, (off_t)nc_memory.size))
		goto out;
	nc_memory.dram = map_file(dram_fd, 0, end);
	nc_memory.view = map_file(view_fd, nc_memory.base, nc_memory.size);
	nc_memory.known = reserve(nc_memory.size);
	queued = reserve(nc_memory.size / NC_LINE / 8);
	ok = nc_memory.dram && nc_memory.view && nc_memory.known && queued &&
	     for_each_part(dram_fd, fetch_part);
out:
	if (dram_fd >= 0)
		close(dram_fd);
	return ok;
}
