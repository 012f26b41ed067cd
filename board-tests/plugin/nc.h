/* SPDX-License-Identifier: GPL-2.0 */
/* nc.h: what the parts of the non-coherence plugin know of each other. */
#ifndef NC_H
#define NC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NC_LINE	      64u
#define NC_LINE_WORDS (NC_LINE / 8)
#define NC_PAGE	      4096u /* the smallest that any ISA has */
#define NC_MAX_CPUS   64u
#define NC_GROUPS     4u

/* What an instruction does to caches, as far as the plugin cares. */
enum nc_kind {
	NC_NONE,
	NC_CLEAN, /* write the line back */
	NC_INVAL, /* forget the line, dirty or not */
	NC_FLUSH, /* write it back and forget it */
	NC_ZERO, /* store zeros without a memory callback */
	NC_ALL, /* a step of a loop over sets and ways */
	NC_BARRIER, /* completes what this CPU has asked for: the operand says what */
	NC_TLB, /* translations may change */
};

/* NC_BARRIER's operand */
#define NC_WRITTEN 1u /* what is cleaned is in memory before later stores */
#define NC_FETCHED 2u /* what is forgotten is fetched before later loads */

/**
 * struct nc_op - an instruction, decoded
 * @kind: what it does
 * @operand: where its address comes from, which is the ISA's business; or NC_WRITTEN
 *	and NC_FETCHED
 */
struct nc_op {
	enum nc_kind kind;
	unsigned int operand;
};

/**
 * struct nc_isa - what the plugin needs to know of an instruction set
 * @target: QEMU's name of it
 * @registers: names of the registers that @address and @translate read, by the
 *	numbers they read them with; NULL: reads as zero
 * @registers_len: how many
 * @zero_bytes: what NC_ZERO stores
 * @decode: an instruction's first bytes to what it does
 * @address: the virtual address an instruction works on
 * @translate: virtual to physical by the page tables; false if not mapped
 * @uncached: this CPU's data cache is off, so that what it has stored is no
 *	cache's to lose
 */
struct nc_isa {
	const char *target;
	const char *const *registers;
	unsigned int registers_len;
	unsigned int zero_bytes;
	struct nc_op (*decode)(const uint8_t *code, size_t len);
	uint64_t (*address)(unsigned int cpu, unsigned int operand);
	bool (*translate)(unsigned int cpu, uint64_t va, uint64_t *pa);
	bool (*uncached)(unsigned int cpu);
};

extern const struct nc_isa nc_arm64;
extern const struct nc_isa nc_riscv64;

/* cpu.c: a guest CPU's registers and translations. */
uint64_t nc_register(unsigned int cpu, unsigned int number);
void nc_find_registers(unsigned int cpu, const struct nc_isa *isa);
bool nc_translate(unsigned int cpu, const struct nc_isa *isa, uint64_t va,
		  uint64_t *pa);
void nc_forget_translations(void);

/* lines.c: the memory behind all caches, shared by all groups' processes. */
bool nc_lines_open(const char *file);
void nc_line_read(uint64_t pa, uint64_t *to);
void nc_line_write(uint64_t pa, const uint64_t *from);
uint32_t *nc_lines_clock(unsigned int group);
void nc_hot_add(uint64_t pa);
uint64_t nc_hot_pick(unsigned int random);

#define NC_COUNTS(COUNT)     \
	COUNT(cleans)        \
	COUNT(invals)        \
	COUNT(set_way)       \
	COUNT(zeros)         \
	COUNT(barriers)      \
	COUNT(written_back)  \
	COUNT(refilled)      \
	COUNT(discarded)     \
	COUNT(evicted)       \
	COUNT(refetched)     \
	COUNT(untranslated)  \
	COUNT(elsewhere)     \
	COUNT(stale_reads)   \
	COUNT(lost_writes)   \
	COUNT(false_sharing) \
	COUNT(discards_reported)

/**
 * struct nc_counts - what has happened to lines of nc_memory.counted, for all CPUs
 *	of the group
 * @cleans: lines asked to be cleaned, dirty or not, flushes among them
 * @invals: lines asked to be forgotten, flushes among them
 * @set_way: instructions of loops over sets and ways
 * @zeros: blocks zeroed
 * @barriers: barriers that completed something
 * @written_back: dirty lines that a clean or flush brought to memory
 * @refilled: forgotten lines that memory had other bytes for
 * @discarded: dirty lines whose bytes an invalidation threw away
 * @evicted: dirty lines written back unasked
 * @refetched: clean lines replaced unasked
 * @untranslated: instructions whose address is not mapped
 * @elsewhere: instructions on memory that is not the board's
 * @stale_reads: what the sanitizer has reported, each time and not once for each
 *	place, as the rest
 * @lost_writes: .
 * @false_sharing: .
 * @discards_reported: .
 */
struct nc_counts {
#define NC_MEMBER(name) uint64_t name;
	NC_COUNTS(NC_MEMBER)
#undef NC_MEMBER
};

/* counts.c: the counts, in a file that others may read at any time. */
extern struct nc_counts *nc_counts;
bool nc_counts_open(const char *file);

static inline void nc_count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/**
 * struct nc_memory - the board's memory as this group sees it
 * @base: physical address of its first byte
 * @size: bytes, as far as this group's machine has it
 * @dram: what all groups share, from physical address 0
 * @view: what this group's CPUs load and store: memory seen through their caches
 * @counted: what nc_counts is of, all of it unless one asks for less
 * @known: what this group believes is in @dram: a line is dirty if its bytes in
 *	@view are others
 */
struct nc_memory {
	uint64_t base;
	uint64_t size;
	uint8_t *dram;
	uint8_t *view;
	uint8_t *known;
	struct {
		uint64_t start;
		uint64_t end;
	} counted;
};

extern struct nc_memory nc_memory;

static inline bool nc_is_counted(uint64_t pa)
{
	return pa >= nc_memory.counted.start && pa < nc_memory.counted.end;
}

static inline void nc_count_line(uint64_t *counter, uint64_t pa)
{
	if (nc_is_counted(pa))
		nc_count(counter);
}

/* cache.c: this group's caches. */
bool nc_cache_open(const char *view, const char *dram);
void nc_cache_op(unsigned int cpu, enum nc_kind kind, uint64_t pa, uint64_t pc);
void nc_cache_all(unsigned int cpu);
void nc_cache_barrier(unsigned int cpu, unsigned int what);
bool nc_cache_evict(uint64_t pa);
void nc_cache_refetch(uint64_t pa);

/* check.c: the sanitizer. All but the first two only while nc_checking. */
extern bool nc_checking;
bool nc_check_open(const char *state, unsigned int group, const char *reports);
void nc_check_access(unsigned int cpu, uint64_t pc, uint64_t pa, uint64_t size,
		     bool store);
bool nc_check_is_dirty(uint64_t pa);
void nc_check_take(unsigned int cpu, uint32_t *knows);
void nc_check_written(unsigned int cpu, uint64_t pc, uint64_t pa,
		      const uint32_t *knows);
void nc_check_fetched(uint64_t pa);
void nc_check_discarded(unsigned int cpu, uint64_t pc, uint64_t pa);
void nc_check_barrier(unsigned int cpu);

/* symbols.c */
bool nc_symbols_read(const char *file);
void nc_symbol(uint64_t pc, char *text, size_t size);
bool nc_exempt(const char *ranges);
bool nc_is_exempt(uint64_t pa);

/* evict.c: what caches do unasked. */
struct qemu_plugin_tb;
void nc_evict_start(unsigned int seed, unsigned int period_us);
void nc_evict_tb(struct qemu_plugin_tb *tb);
void nc_evict_cpu_runs(unsigned int cpu);
void nc_evict_cpu_idles(unsigned int cpu);

#endif /* NC_H */
