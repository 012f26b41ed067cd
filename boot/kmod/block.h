/* SPDX-License-Identifier: GPL-2.0 */
/* block.h: the only way to touch memory that another kernel reads or writes; hides whether caches are coherent. */
#ifndef TOMBOLO_BLOCK_H
#define TOMBOLO_BLOCK_H

#include <linux/cache.h>
#include <linux/io.h>
#include <linux/of.h>
#include <linux/string.h>

#include "boot_wire.h"

/**
 * struct block - a mapped lifecycle block
 * @base:     its first byte, mapped write-back
 * @coherent: the caches of all kernels are coherent for it
 */
struct block {
	void *base;
	bool coherent;
};

#ifdef CONFIG_ARM64
static inline unsigned long cache_line_bytes(void)
{
	u32 log2_words = read_cpuid_cachetype() >> CTR_EL0_DminLine_SHIFT;

	return 4UL << (log2_words & 0xf);
}

/* To the point of coherency: dcache_clean_poc() is not exported to modules */
static inline void cache_clean(const void *start, size_t size)
{
	unsigned long line = cache_line_bytes();
	unsigned long p = (unsigned long)start & ~(line - 1);

	for (; p < (unsigned long)start + size; p += line)
		asm volatile("dc cvac, %0" ::"r"(p) : "memory");
	dsb(sy);
}

/* Cleans as well: there is nothing of ours in these lines that could be lost */
static inline void cache_invalidate(const void *start, size_t size)
{
	unsigned long line = cache_line_bytes();
	unsigned long p = (unsigned long)start & ~(line - 1);

	dsb(sy);
	for (; p < (unsigned long)start + size; p += line)
		asm volatile("dc civac, %0" ::"r"(p) : "memory");
	dsb(sy);
}
#else
#error "cache_clean() and cache_invalidate() are not known for this architecture"
#endif

/* Copies a line that the other side writes: what is checked is what is used */
static inline void block_read(const struct block *b, u32 offset, void *to,
			      size_t size)
{
	if (!b->coherent)
		cache_invalidate(b->base + offset, size);
	memcpy(to, b->base + offset, size);
	/* The compiler must not go back to the shared memory for it */
	barrier_data(to);
}

/* Writes (a part of) a line that is ours, visible before what is written next */
static inline void block_write(const struct block *b, u32 offset,
			       const void *from, size_t size)
{
	memcpy(b->base + offset, from, size);
	if (!b->coherent)
		cache_clean(b->base + offset, size);
	dma_wmb();
}

#endif /* TOMBOLO_BLOCK_H */
