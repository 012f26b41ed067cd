// SPDX-License-Identifier: GPL-2.0
/*
 * check.c: the sanitizer: says which instruction has read or overwritten what it
 * should not have, instead of leaving that to be guessed from what goes wrong.
 *
 * Reading an old value is no mistake by itself: who polls does nothing else. It
 * is one if the reader could know better. So each group has a clock, which moves
 * with every line it writes back; a line in memory carries what its writer knew
 * of all groups' clocks, and whoever loads from a fetched copy knows that too. A
 * load is a stale read if the line lacks a store of which its CPU knows.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nc.h"

#define GROUPS	      NC_GROUPS
#define SHADOW_OFFSET (1u << 20)
#define ALL_BYTES     UINT64_MAX
#define REPORTS	      64u

/*
 * What is known of a line, for all groups. @stored: each group's clock at its
 * last store; @memory: what the writer of the bytes in memory knew. A group's
 * bytes are dirty while its @stored is after its own clock in @memory.
 */
struct shadow {
	uint32_t stored[GROUPS];
	uint32_t memory[GROUPS];
};

/* And for this group. @have: @memory when it was fetched; @dirty: bytes stored */
struct copy {
	uint32_t have[GROUPS];
	uint64_t dirty;
};

enum report { STALE_READ, LOST_WRITE, FALSE_SHARING, DISCARDED, REPORT_KINDS };

static const char *const report_names[REPORT_KINDS] = {
	"stale read", "lost write", "false sharing", "discarded dirty line"
};

bool nc_checking;

static unsigned int self;
static struct shadow *shadows;
static struct copy *copies;
static uint32_t *clock_now;
/* Each group has its byte of it locked for as long as its process lives. */
static int lives = -1;
static uint32_t known[GROUPS];
static uint32_t cpu_known[NC_MAX_CPUS][GROUPS];
static FILE *out;

/* Each mistake is told once for each place in the code. */
static struct {
	uint64_t pc;
	enum report kind;
} told[REPORTS];
static unsigned int told_len;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct shadow *shadow_of(uint64_t pa)
{
	return &shadows[pa / NC_LINE];
}

static struct copy *copy_of(uint64_t pa)
{
	return &copies[(pa - nc_memory.base) / NC_LINE];
}

static bool told_before(enum report kind, uint64_t pc)
{
	unsigned int i;

	for (i = 0; i < told_len; i++)
		if (told[i].pc == pc && told[i].kind == kind)
			return true;
	if (told_len == REPORTS)
		return true;
	told[told_len].pc = pc;
	told[told_len++].kind = kind;
	return false;
}

static uint64_t *report_count(enum report kind)
{
	uint64_t *const counts[REPORT_KINDS] = {
		&nc_counts->stale_reads,
		&nc_counts->lost_writes,
		&nc_counts->false_sharing,
		&nc_counts->discards_reported,
	};

	return counts[kind];
}

static void report(enum report kind, unsigned int cpu, uint64_t pc, uint64_t pa,
		   unsigned int other)
{
	char where[128];

	if (nc_is_exempt(pa))
		return;
	pthread_mutex_lock(&lock);
	nc_count(report_count(kind));
	if (!told_before(kind, pc)) {
		nc_symbol(pc, where, sizeof(where));
		fprintf(out,
			"nc: kernel %u cpu %u: %s of 0x%" PRIx64
			" at 0x%" PRIx64 "%s",
			self, cpu, report_names[kind], pa, pc, where);
		if (other != self)
			fprintf(out, ", stored by kernel %u", other);
		fprintf(out, "\n");
		fflush(out);
	}
	pthread_mutex_unlock(&lock);
}

static bool is_dirty(const struct shadow *s, unsigned int group)
{
	return s->stored[group] > s->memory[group];
}

static bool is_alive(unsigned int group)
{
	struct flock life = { .l_type = F_WRLCK, .l_start = group, .l_len = 1 };

	return fcntl(lives, F_OFD_GETLK, &life) || life.l_type != F_UNLCK;
}

/* What a group had not written back has died with its caches. */
static void bury(struct shadow *s, unsigned int group)
{
	if (is_dirty(s, group) && !is_alive(group))
		s->stored[group] = s->memory[group];
}

static void learn(uint32_t *knows, const uint32_t *more)
{
	unsigned int g;

	for (g = 0; g < GROUPS; g++)
		if (knows[g] < more[g])
			knows[g] = more[g];
}

static void check_load(unsigned int cpu, uint64_t pc, uint64_t pa)
{
	struct shadow *s = shadow_of(pa);
	const struct copy *c = copy_of(pa);
	unsigned int g;

	for (g = 0; g < GROUPS; g++) {
		if (g == self || s->stored[g] <= c->have[g])
			continue;
		bury(s, g);
		if (s->stored[g] > c->have[g] &&
		    s->stored[g] <= cpu_known[cpu][g])
			report(STALE_READ, cpu, pc, pa, g);
	}
	learn(cpu_known[cpu], c->have);
	learn(known, c->have);
}

static void check_store(unsigned int cpu, uint64_t pc, uint64_t pa,
			uint64_t bytes)
{
	struct shadow *s = shadow_of(pa);
	unsigned int g;

	for (g = 0; g < GROUPS; g++) {
		if (g == self)
			continue;
		bury(s, g);
		if (is_dirty(s, g))
			report(FALSE_SHARING, cpu, pc, pa, g);
	}
	s->stored[self] = __atomic_load_n(clock_now, __ATOMIC_RELAXED);
	copy_of(pa)->dirty |= bytes;
}

/* @size bytes from @pa on, as a mask of the bytes of its line */
static uint64_t mask_of(uint64_t pa, uint64_t size)
{
	uint64_t bits = size >= NC_LINE ? ALL_BYTES : (1ul << size) - 1;

	return bits << pa % NC_LINE;
}

void nc_check_access(unsigned int cpu, uint64_t pc, uint64_t pa, uint64_t size,
		     bool store)
{
	uint64_t last = pa + size - 1;

	for (; pa <= last; pa = (pa | (NC_LINE - 1)) + 1) {
		if (pa - nc_memory.base >= nc_memory.size)
			continue;
		if (store)
			check_store(cpu, pc, pa, mask_of(pa, last - pa + 1));
		else
			check_load(cpu, pc, pa);
	}
}

/* Whatever was stored: the same bytes as before make a line dirty too. */
bool nc_check_is_dirty(uint64_t pa)
{
	return copy_of(pa)->dirty != 0;
}

/* A dirty line's bytes are taken: what the writer knows goes along. */
void nc_check_take(unsigned int cpu, uint32_t *knows)
{
	memcpy(knows, cpu_known[cpu], sizeof(cpu_known[cpu]));
	knows[self] = __atomic_fetch_add(clock_now, 1, __ATOMIC_RELAXED);
}

void nc_check_written(unsigned int cpu, uint64_t pc, uint64_t pa,
		      const uint32_t *knows)
{
	struct shadow *s = shadow_of(pa);
	struct copy *c = copy_of(pa);
	unsigned int g;

	for (g = 0; g < GROUPS; g++)
		if (g != self && c->dirty != ALL_BYTES &&
		    s->stored[g] > c->have[g] && s->stored[g] <= s->memory[g])
			report(LOST_WRITE, cpu, pc, pa, g);
	memcpy(s->memory, knows, sizeof(s->memory));
	memcpy(c->have, knows, sizeof(c->have));
	c->dirty = 0;
}

void nc_check_fetched(uint64_t pa)
{
	struct copy *c = copy_of(pa);

	memcpy(c->have, shadow_of(pa)->memory, sizeof(c->have));
	c->dirty = 0;
}

void nc_check_discarded(unsigned int cpu, uint64_t pc, uint64_t pa)
{
	struct shadow *s = shadow_of(pa);

	report(DISCARDED, cpu, pc, pa, self);
	s->stored[self] = s->memory[self];
}

/* What one CPU of a group knows the others may know too, after a barrier. */
void nc_check_barrier(unsigned int cpu)
{
	learn(cpu_known[cpu], known);
}

/* A machine starts with all of memory, as it is, and with nothing of its own. */
static void start_part(uint64_t from, uint64_t end)
{
	uint64_t pa = from / sizeof(struct shadow) * NC_LINE;

	for (; pa < end / sizeof(struct shadow) * NC_LINE; pa += NC_LINE) {
		if (pa - nc_memory.base >= nc_memory.size)
			continue;
		if (is_dirty(shadow_of(pa), self))
			shadow_of(pa)->stored[self] =
				shadow_of(pa)->memory[self];
		nc_check_fetched(pa);
	}
}

static bool start_all(int fd)
{
	off_t from = SHADOW_OFFSET, to;

	while ((from = lseek(fd, from, SEEK_DATA)) >= 0) {
		to = lseek(fd, from, SEEK_HOLE);
		if (to < 0)
			return false;
		start_part((uint64_t)from - SHADOW_OFFSET,
			   (uint64_t)to - SHADOW_OFFSET);
		from = to;
	}
	return true;
}

bool nc_check_open(const char *state, unsigned int group, const char *reports)
{
	uint64_t lines = (nc_memory.base + nc_memory.size) / NC_LINE;
	uint64_t size = lines * sizeof(struct shadow);
	struct flock life = { .l_type = F_WRLCK, .l_start = group, .l_len = 1 };
	int fd = open(state, O_RDWR | O_CLOEXEC);
	bool ok = false;

	self = group;
	out = reports ? fopen(reports, "a") : stderr;
	if (fd < 0 || !out || group >= GROUPS)
		goto done;
	if (lseek(fd, 0, SEEK_END) < (off_t)(SHADOW_OFFSET + size) &&
	    ftruncate(fd, (off_t)(SHADOW_OFFSET + size)))
		goto done;
	if (fcntl(fd, F_OFD_SETLK, &life))
		goto done;
	shadows = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       SHADOW_OFFSET);
	copies = mmap(NULL, nc_memory.size / NC_LINE * sizeof(*copies),
		      PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shadows == MAP_FAILED || copies == MAP_FAILED)
		goto done;
	clock_now = nc_lines_clock(group);
	/* 0 means never, so that what is not touched costs nothing. */
	__atomic_fetch_add(clock_now, 1, __ATOMIC_RELAXED);
	nc_checking = start_all(fd);
	ok = nc_checking;
done:
	if (ok)
		lives = fd;
	else if (fd >= 0)
		close(fd);
	return ok;
}
