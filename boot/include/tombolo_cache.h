/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tombolo_cache.h: a kernel module's cache maintenance of memory that another kernel of the board reads or writes. */
#ifndef TOMBOLO_CACHE_H
#define TOMBOLO_CACHE_H

/*
 * The kernel's own functions for this are either not exported or do less or
 * more than wanted: arch_invalidate_pmem() is `dc ivac` on arm64, which throws
 * away what is dirty, other CPUs' too where caches turn out to be coherent.
 *
 * For each architecture:
 *
 * tombolo_cache_line()	bytes of the smallest line of all our CPUs' data caches,
 *			a power of two; 0 if this kernel cannot maintain them
 * tombolo_cache_clean_lines(p, n, line)
 *			write the lines that hold p..p+n back to memory, for all
 *			kernels to see once tombolo_cache_sync() has returned
 * tombolo_cache_flush_lines(p, n, line)
 *			the same, and forget them
 * tombolo_cache_order() earlier loads and stores come before later operations
 * tombolo_cache_sync()	earlier operations are complete, for all kernels, before
 *			anything that follows
 */

#include <linux/types.h>

#if defined(CONFIG_ARM64)

#include <asm/alternative.h>
#include <asm/barrier.h>
#include <asm/cache.h>
#include <asm/cpufeature.h>
#include <asm/sysreg.h>

static inline unsigned int tombolo_cache_line(void)
{
	/* CTR_EL0.DminLine is the binary logarithm of its words. */
	return 4u << ((read_sanitised_ftr_reg(SYS_CTR_EL0) >> 16) & 0xf);
}

static inline void tombolo_cache_clean_lines(const void *p, size_t n,
					     unsigned int line)
{
	unsigned long va = (unsigned long)p & ~(line - 1ul);

	for (; va < (unsigned long)p + n; va += line)
		asm volatile(ALTERNATIVE("dc cvac, %0", "dc civac, %0",
					 ARM64_WORKAROUND_CLEAN_CACHE)
			     :
			     : "r"(va)
			     : "memory");
}

static inline void tombolo_cache_flush_lines(const void *p, size_t n,
					     unsigned int line)
{
	unsigned long va = (unsigned long)p & ~(line - 1ul);

	for (; va < (unsigned long)p + n; va += line)
		asm volatile("dc civac, %0" : : "r"(va) : "memory");
}

/* The outer shareable domain holds all that may be on the other side. */
static inline void tombolo_cache_order(void)
{
	dmb(osh);
}

static inline void tombolo_cache_sync(void)
{
	dsb(sy);
}

#elif defined(CONFIG_RISCV)

#include <asm/barrier.h>
#include <asm/cacheflush.h>
#include <asm/cpufeature.h>
#include <asm/errata_list.h>

static inline unsigned int tombolo_cache_line(void)
{
	/* Without Zicbom the operations below are patched to nothing. */
	return riscv_has_extension_unlikely(RISCV_ISA_EXT_ZICBOM) ?
		       riscv_cbom_block_size :
		       0;
}

static inline void tombolo_cache_clean_lines(const void *p, size_t n,
					     unsigned int line)
{
	barrier();
	ALT_CMO_OP(CLEAN, p, n, line);
	barrier();
}

static inline void tombolo_cache_flush_lines(const void *p, size_t n,
					     unsigned int line)
{
	barrier();
	ALT_CMO_OP(FLUSH, p, n, line);
	barrier();
}

static inline void tombolo_cache_order(void)
{
	RISCV_FENCE(rw, rw);
}

/* Devices too: the next thing may be a doorbell. */
static inline void tombolo_cache_sync(void)
{
	RISCV_FENCE(iorw, iorw);
}

#else
#error "tombolo_cache.h does not know the cache maintenance of this architecture"
#endif

/**
 * tombolo_cache_clean() - make what we wrote visible to every kernel
 * @p: first byte
 * @n: bytes
 * @line: tombolo_cache_line()
 */
static inline void tombolo_cache_clean(const void *p, size_t n,
				       unsigned int line)
{
	tombolo_cache_clean_lines(p, n, line);
	tombolo_cache_sync();
}

/**
 * tombolo_cache_inval() - see what other kernels have written
 * @p: first byte
 * @n: bytes
 * @line: tombolo_cache_line()
 *
 * Only for lines that we have not written since we last cleaned them, so that
 * there is nothing to be lost. They are cleaned all the same: whether they are
 * dirty is then our mistake alone, and nobody else's bytes are thrown away.
 */
static inline void tombolo_cache_inval(const void *p, size_t n,
				       unsigned int line)
{
	/* Loads that come first must not be done after it. */
	tombolo_cache_order();
	tombolo_cache_flush_lines(p, n, line);
	tombolo_cache_sync();
}

#endif /* TOMBOLO_CACHE_H */
