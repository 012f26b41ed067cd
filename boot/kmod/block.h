/* SPDX-License-Identifier: GPL-2.0 */
/* block.h: the only way to touch memory that another kernel reads or writes; hides whether caches are coherent. */
#ifndef TOMBOLO_BLOCK_H
#define TOMBOLO_BLOCK_H

#include <linux/cache.h>
#include <linux/io.h>
#include <linux/of.h>
#include <linux/string.h>

#include "boot_wire.h"
#include "tombolo_cache.h"

/**
 * struct block - a mapped lifecycle block
 * @base:     its first byte, mapped write-back
 * @coherent: the caches of all kernels are coherent for it
 */
struct block {
	void *base;
	bool coherent;
};

/* of_dma_is_coherent() says yes on riscv64 unless told otherwise */
static inline bool block_is_coherent(struct device_node *np)
{
	return of_property_read_bool(np, "dma-coherent");
}

/* To the point of coherency; what we wrote reaches every kernel */
static inline void cache_clean(const void *start, size_t size)
{
	tombolo_cache_clean(start, size, tombolo_cache_line());
}

/* Cleans as well: there is nothing of ours in these lines that could be lost */
static inline void cache_invalidate(const void *start, size_t size)
{
	tombolo_cache_inval(start, size, tombolo_cache_line());
}

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
