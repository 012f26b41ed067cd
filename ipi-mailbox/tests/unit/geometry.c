// SPDX-License-Identifier: GPL-2.0
/* Places in the mailbox window: nothing overlaps, every line has one writer. */
#include <stdlib.h>

#include "../tap.h"
#include "geometry.h"

static const struct imb_geometry usual = {
	.kernels = 2,
	.line = 64,
	.lane = { { 256, 128 }, { 256, 256 } },
	.bufs = 64,
	.buf_size = 0x10000,
};

static const struct imb_geometry shapes[] = {
	{ 2, 64, { { 2, 64 }, { 2, 64 } }, 0, 0 },
	{ 2, 64, { { 4, 64 }, { 8, 192 } }, 3, 4096 },
	{ 4, 128, { { 16, 128 }, { 32, 256 } }, 256, 4096 },
	{ 8, 128, { { 2, 128 }, { 1024, 1152 } }, 1, 8192 },
	{ 3, 64, { { 64, 64 }, { 2, 4096 } }, 255, 4096 },
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void accepts_good_shapes(void)
{
	u32 i;

	CHECK_EQ(imb_geometry_check(&usual, 16 << 20), 0);
	for (i = 0; i < SHAPES; i++)
		CHECK_EQ(imb_geometry_check(&shapes[i], 64 << 20), 0);
	tap_end("good shapes are accepted");
}

static const struct {
	const char *what;
	struct imb_geometry g;
} bad[] = {
	{ "one kernel", { 1, 64, { { 4, 64 }, { 4, 64 } }, 0, 0 } },
	{ "nine kernels", { 9, 64, { { 4, 64 }, { 4, 64 } }, 0, 0 } },
	{ "line 32", { 2, 32, { { 4, 64 }, { 4, 64 } }, 0, 0 } },
	{ "line 96", { 2, 96, { { 4, 96 }, { 4, 96 } }, 0, 0 } },
	{ "line 256", { 2, 256, { { 4, 256 }, { 4, 256 } }, 0, 0 } },
	{ "no slots", { 2, 64, { { 0, 64 }, { 4, 64 } }, 0, 0 } },
	{ "one slot", { 2, 64, { { 4, 64 }, { 1, 64 } }, 0, 0 } },
	{ "three slots", { 2, 64, { { 3, 64 }, { 4, 64 } }, 0, 0 } },
	{ "131072 slots", { 2, 64, { { 1 << 17, 64 }, { 4, 64 } }, 0, 0 } },
	{ "slot of 0", { 2, 64, { { 4, 0 }, { 4, 64 } }, 0, 0 } },
	{ "slot of 96", { 2, 64, { { 4, 64 }, { 4, 96 } }, 0, 0 } },
	{ "slot under a line", { 2, 128, { { 4, 64 }, { 4, 128 } }, 0, 0 } },
	{ "slot of 128 KiB", { 2, 64, { { 4, 1 << 17 }, { 4, 64 } }, 0, 0 } },
	{ "257 buffers", { 2, 64, { { 4, 64 }, { 4, 64 } }, 257, 4096 } },
	{ "buffers of 0", { 2, 64, { { 4, 64 }, { 4, 64 } }, 1, 0 } },
	{ "buffers of 64", { 2, 64, { { 4, 64 }, { 4, 64 } }, 1, 64 } },
	{ "buffers of 32 MiB",
	  { 2, 64, { { 4, 64 }, { 4, 64 } }, 1, 1 << 25 } },
};

static void refuses_bad_shapes(void)
{
	u32 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (imb_geometry_check(&bad[i].g, ~0ull) != -EINVAL) {
			printf("# accepted: %s\n", bad[i].what);
			CHECK(false);
		}
	tap_end("impossible shapes are refused");
}

static void refuses_small_window(void)
{
	u64 need = 2 * imb_section_size(&usual);

	CHECK_EQ(imb_geometry_check(&usual, need), 0);
	CHECK_EQ(imb_geometry_check(&usual, need - 1), -ENOSPC);
	CHECK_EQ(imb_geometry_check(&usual, 0), -ENOSPC);
	tap_end("a window one byte too small is refused");
}

/* Sizes that do not fit into 32 bits are still summed up right. */
static void largest_shape_does_not_wrap(void)
{
	const struct imb_geometry g = { 8,
					128,
					{ { 1 << 16, 1 << 16 },
					  { 1 << 16, 1 << 16 } },
					256,
					1 << 24 };
	u64 section = 4096 + 2 * (1ull << 32) + 256 * (1ull << 24);

	CHECK_EQ(imb_section_size(&g), section);
	CHECK_EQ(imb_geometry_check(&g, 56 * section), 0);
	CHECK_EQ(imb_geometry_check(&g, 56 * section - 1), -ENOSPC);
	CHECK_EQ(imb_offset_slots(&g, 1), 4096 + (1ull << 32));
	tap_end("the largest shape does not wrap");
}

/* Give a stretch of the window to a writer; every byte once. */
static void paint(u8 *map, u64 at, u64 n, u64 size, u8 writer)
{
	u64 i;

	CHECK(at + n <= size);
	for (i = at; i < at + n && i < size; i++) {
		if (map[i]) {
			CHECK_EQ(map[i], 0);
			return;
		}
		map[i] = writer;
	}
}

static void paint_section(const struct imb_geometry *g, u8 *map, u64 size,
			  u32 owner, u32 peer)
{
	u64 at = imb_section_offset(g, owner, peer);
	u8 writer = (u8)(1 + owner);
	u32 lane;

	CHECK_EQ(at % IMB_WIRE_PAGE, 0);
	paint(map, at + imb_offset_hello(g), 64, size, writer);
	paint(map, at + imb_offset_beat(g), 64, size, writer);
	paint(map, at + imb_offset_want(g), 64, size, writer);
	paint(map, at + imb_offset_returns(g), g->bufs * 8, size, writer);
	CHECK(imb_offset_returns(g) + g->bufs * 8 <= IMB_WIRE_CONTROL_SIZE);
	for (lane = 0; lane < IMB_WIRE_LANES; lane++) {
		paint(map, at + imb_offset_producer(g, lane), 64, size, writer);
		paint(map, at + imb_offset_consumer(g, lane), 64, size, writer);
		paint(map, at + imb_offset_slots(g, lane),
		      (u64)g->lane[lane].slots * g->lane[lane].slot_size, size,
		      writer);
		CHECK_EQ(imb_offset_slots(g, lane) % g->line, 0);
	}
	paint(map, at + imb_offset_pool(g), (u64)g->bufs * g->buf_size, size,
	      writer);
	CHECK_EQ(imb_offset_pool(g) % IMB_WIRE_PAGE, 0);
	CHECK(at + imb_section_size(g) <= size);
}

/* A line of the board's largest size is written by one kernel at most. */
static void one_writer_per_line(const struct imb_geometry *g)
{
	u64 size = g->kernels * (g->kernels - 1) * imb_section_size(g);
	u8 *map = calloc(1, size);
	u32 owner, peer;
	u8 writer = 0;
	u64 i;

	for (owner = 0; owner < g->kernels; owner++)
		for (peer = 0; peer < g->kernels; peer++)
			if (owner != peer)
				paint_section(g, map, size, owner, peer);
	for (i = 0; i < size; i++) {
		if (i % g->line == 0)
			writer = 0;
		if (map[i] && writer && map[i] != writer) {
			CHECK_EQ(map[i], writer);
			break;
		}
		if (map[i])
			writer = map[i];
	}
	free(map);
}

/* The words that are polled share no line with anything else. */
static void control_words_apart(const struct imb_geometry *g)
{
	u32 at[] = { imb_offset_hello(g),	imb_offset_beat(g),
		     imb_offset_producer(g, 0), imb_offset_consumer(g, 0),
		     imb_offset_producer(g, 1), imb_offset_consumer(g, 1),
		     imb_offset_want(g),	imb_offset_returns(g) };
	u32 i, j;

	for (i = 0; i < 8; i++)
		for (j = 0; j < i; j++)
			CHECK(at[i] / g->line != at[j] / g->line);
}

static void nothing_overlaps(void)
{
	u32 i;

	for (i = 0; i < SHAPES; i++) {
		one_writer_per_line(&shapes[i]);
		control_words_apart(&shapes[i]);
	}
	tap_end("nothing overlaps and every line has one writer");
}

static void sum_tells_shapes_apart(void)
{
	struct imb_geometry g[9];
	u32 i, j;

	for (i = 0; i < 9; i++)
		g[i] = usual;
	g[1].kernels++;
	g[2].line = 128;
	g[3].lane[0].slots *= 2;
	g[4].lane[0].slot_size += 64;
	g[5].lane[1].slots *= 2;
	g[6].lane[1].slot_size += 64;
	g[7].bufs++;
	g[8].buf_size += 4096;
	for (i = 0; i < 9; i++)
		for (j = 0; j < i; j++)
			CHECK(imb_geometry_sum(&g[i]) !=
			      imb_geometry_sum(&g[j]));
	/* Another implementation must come to the same number. */
	CHECK_EQ(imb_geometry_sum(&usual), 0xf872225u);
	tap_end("the checksum tells shapes apart, and has not changed");
}

int main(void)
{
	tap_begin();
	accepts_good_shapes();
	refuses_bad_shapes();
	refuses_small_window();
	largest_shape_does_not_wrap();
	nothing_overlaps();
	sum_tells_shapes_apart();
	return tap_done();
}
