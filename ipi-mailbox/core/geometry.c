// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The places of everything in the mailbox window. */
#include "geometry.h"

/* Lines of the control page before the table of returned buffers. */
#define IMB_CONTROL_LINES (3 + 2 * IMB_WIRE_LANES)

static_assert(IMB_CONTROL_LINES * IMB_WIRE_MAX_LINE +
			      IMB_WIRE_MAX_BUFS * sizeof(__le64) <=
		      IMB_WIRE_CONTROL_SIZE,
	      "the control page holds its tables");

static bool power_of_two(u32 v)
{
	return v && !(v & (v - 1));
}

static u64 round_up_page(u64 v)
{
	return (v + IMB_WIRE_PAGE - 1) & ~(u64)(IMB_WIRE_PAGE - 1);
}

static bool lane_ok(const struct imb_geometry *g, u32 lane)
{
	u32 slots = g->lane[lane].slots;
	u32 size = g->lane[lane].slot_size;

	return power_of_two(slots) && slots >= 2 && slots <= 1u << 16 && size &&
	       size % g->line == 0 && size <= 1u << 16;
}

int imb_geometry_check(const struct imb_geometry *g, u64 window)
{
	u32 lane;

	if (g->kernels < 2 || g->kernels > IMB_WIRE_KERNELS)
		return -EINVAL;
	if (!power_of_two(g->line) || g->line < IMB_WIRE_LINE ||
	    g->line > IMB_WIRE_MAX_LINE)
		return -EINVAL;
	for (lane = 0; lane < IMB_WIRE_LANES; lane++)
		if (!lane_ok(g, lane))
			return -EINVAL;
	if (g->bufs > IMB_WIRE_MAX_BUFS || g->buf_size > 1u << 24 ||
	    (g->bufs && (!g->buf_size || g->buf_size % IMB_WIRE_PAGE)))
		return -EINVAL;
	if (g->kernels * (g->kernels - 1) * imb_section_size(g) > window)
		return -ENOSPC;
	return 0;
}

static u32 fnv_word(u32 h, u32 v)
{
	int i;

	for (i = 0; i < 4; i++, v >>= 8)
		h = (h ^ (v & 0xff)) * 0x01000193u;
	return h;
}

u32 imb_geometry_sum(const struct imb_geometry *g)
{
	u32 h = 0x811c9dc5u;
	u32 lane;

	h = fnv_word(h, g->kernels);
	h = fnv_word(h, g->line);
	for (lane = 0; lane < IMB_WIRE_LANES; lane++) {
		h = fnv_word(h, g->lane[lane].slots);
		h = fnv_word(h, g->lane[lane].slot_size);
	}
	h = fnv_word(h, g->bufs);
	return fnv_word(h, g->buf_size);
}

u64 imb_section_size(const struct imb_geometry *g)
{
	return imb_offset_pool(g) + (u64)g->bufs * g->buf_size;
}

u64 imb_section_offset(const struct imb_geometry *g, u32 owner, u32 peer)
{
	u32 index = owner * (g->kernels - 1) + (peer < owner ? peer : peer - 1);

	return index * imb_section_size(g);
}

u32 imb_offset_hello(const struct imb_geometry *g)
{
	(void)g;
	return 0;
}

u32 imb_offset_beat(const struct imb_geometry *g)
{
	return g->line;
}

u32 imb_offset_producer(const struct imb_geometry *g, u32 lane)
{
	return (2 + 2 * lane) * g->line;
}

u32 imb_offset_consumer(const struct imb_geometry *g, u32 lane)
{
	return (3 + 2 * lane) * g->line;
}

u32 imb_offset_want(const struct imb_geometry *g)
{
	return (IMB_CONTROL_LINES - 1) * g->line;
}

u32 imb_offset_returns(const struct imb_geometry *g)
{
	return IMB_CONTROL_LINES * g->line;
}

u64 imb_offset_slots(const struct imb_geometry *g, u32 lane)
{
	u64 at = IMB_WIRE_CONTROL_SIZE;
	u32 i;

	for (i = 0; i < lane; i++)
		at += (u64)g->lane[i].slots * g->lane[i].slot_size;
	return at;
}

u64 imb_offset_pool(const struct imb_geometry *g)
{
	return round_up_page(imb_offset_slots(g, IMB_WIRE_LANES));
}
