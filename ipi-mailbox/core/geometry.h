/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How the mailbox window is cut up: sizes and places, derived in one way. */
#ifndef IMB_GEOMETRY_H
#define IMB_GEOMETRY_H

#include "imb_port.h"

/**
 * struct imb_geometry - the shape of the window, the same in every kernel
 * @kernels: 2 to IMB_WIRE_KERNELS
 * @line: bytes of the board's largest cache line: 64 or 128
 * @lane: per lane the number of slots (a power of two, at least 2) and the
 *	bytes of one (a multiple of @line)
 * @bufs: pool buffers per direction, at most IMB_WIRE_MAX_BUFS; 0 for no pool
 * @buf_size: bytes of one, a multiple of IMB_WIRE_PAGE
 */
struct imb_geometry {
	u32 kernels;
	u32 line;
	struct {
		u32 slots;
		u32 slot_size;
	} lane[IMB_WIRE_LANES];
	u32 bufs;
	u32 buf_size;
};

/**
 * imb_geometry_check() - refuse a shape that cannot work
 * @g: the shape
 * @window: bytes of the window it has to fit into
 *
 * Return: 0, -EINVAL for an impossible shape, -ENOSPC for too small a window.
 */
int imb_geometry_check(const struct imb_geometry *g, u64 window);

/**
 * imb_geometry_sum() - a checksum by which two kernels compare their shapes
 * @g: the shape
 *
 * Return: FNV-1a over the fields in order, as 32-bit little-endian words.
 */
u32 imb_geometry_sum(const struct imb_geometry *g);

/**
 * imb_section_size() - bytes of one section
 * @g: the shape
 *
 * Return: a multiple of IMB_WIRE_PAGE.
 */
u64 imb_section_size(const struct imb_geometry *g);

/**
 * imb_section_offset() - where in the window the section (owner, peer) starts
 * @g: the shape
 * @owner: id of its only writer
 * @peer: id of the kernel it speaks to, another one
 *
 * Return: bytes from the start of the window.
 */
u64 imb_section_offset(const struct imb_geometry *g, u32 owner, u32 peer);

/* Offsets within a section. */
u32 imb_offset_hello(const struct imb_geometry *g);
u32 imb_offset_beat(const struct imb_geometry *g);
u32 imb_offset_producer(const struct imb_geometry *g, u32 lane);
u32 imb_offset_consumer(const struct imb_geometry *g, u32 lane);
u32 imb_offset_want(const struct imb_geometry *g);
u32 imb_offset_returns(const struct imb_geometry *g);
u64 imb_offset_slots(const struct imb_geometry *g, u32 lane);
u64 imb_offset_pool(const struct imb_geometry *g);

#endif /* IMB_GEOMETRY_H */
