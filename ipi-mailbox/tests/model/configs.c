// SPDX-License-Identifier: GPL-2.0
/* The configurations that are explored. */
#include "program.h"

#define RING(slots, size)                           \
	{                                           \
		.kernels = 2, .line = 64, .lane = { \
			{ (slots), (size) },        \
			{ (slots), (size) }         \
		}                                   \
	}

#define RING_PROGRAMS                                                 \
	.program = { ring_sender, ring_receiver }, .size = ring_size, \
	.settle = ring_settle, .stuck = ring_stuck, .converge = true, \
	.ends = true

#define POOL(buffers)                                                       \
	{                                                                   \
		.kernels = 2, .line = 64, .lane = { { 2, 64 }, { 2, 64 } }, \
		.bufs = (buffers), .buf_size = 4096                         \
	}

#define POOL_PROGRAMS                                                 \
	.program = { pool_lender, pool_borrower }, .size = pool_size, \
	.settle = pool_settle, .stuck = ring_stuck, .converge = true, \
	.ends = true

#define LINK(slots, buffers)                                               \
	{                                                                  \
		.kernels = 2, .line = 64,                                  \
		.lane = { { 2, 64 }, { (slots), 64 } }, .bufs = (buffers), \
		.buf_size = 4096                                           \
	}

#define LINK_PROGRAMS                                                    \
	.program = { link_talker, link_talker }, .size = link_size,      \
	.settle = link_settle, .left = link_left, .report = link_report, \
	.stuck = link_stuck, .ticks = true

const struct config configs[] = {
	{ .name = "ring2",
	  .brief = "2 slots of one line, 7 messages, 3 laps",
	  .geometry = RING(2, 64),
	  RING_PROGRAMS,
	  .messages = { 7 },
	  .words = 2,
	  .batch = 1 },
	{ .name = "ring2-wrap",
	  .brief = "the same, positions pass 2^32",
	  .geometry = RING(2, 64),
	  RING_PROGRAMS,
	  .messages = { 6 },
	  .words = 2,
	  .batch = 1,
	  .start = 0xfffffffd },
	{ .name = "ring2-batch",
	  .brief = "2 slots, a kick for every 2 messages",
	  .geometry = RING(2, 64),
	  RING_PROGRAMS,
	  .messages = { 6 },
	  .words = 2,
	  .batch = 2 },
	{ .name = "ring2-lines",
	  .brief = "2 slots of two lines",
	  .geometry = RING(2, 128),
	  RING_PROGRAMS,
	  .messages = { 5 },
	  .words = 14,
	  .batch = 1 },
	{ .name = "ring4",
	  .brief = "4 slots of one line, 9 messages",
	  .geometry = RING(4, 64),
	  RING_PROGRAMS,
	  .messages = { 9 },
	  .words = 2,
	  .batch = 1 },
	{ .name = "ring4-wrap",
	  .brief = "4 slots of two lines, batches of 3, positions pass 2^32",
	  .geometry = RING(4, 128),
	  RING_PROGRAMS,
	  .messages = { 8 },
	  .words = 13,
	  .batch = 3,
	  .start = 0xfffffffa },
	{ .name = "ring8",
	  .brief = "8 slots: heads are given back two at a time",
	  .full = true,
	  .geometry = RING(8, 64),
	  RING_PROGRAMS,
	  .messages = { 18 },
	  .words = 2,
	  .batch = 3 },
	{ .name = "pool1",
	  .brief = "1 buffer, given back while the sender waits for it",
	  .geometry = POOL(1),
	  POOL_PROGRAMS,
	  .messages = { 3 } },
	{ .name = "pool2",
	  .brief = "2 buffers, given back in any order",
	  .geometry = POOL(2),
	  POOL_PROGRAMS,
	  .messages = { 5 } },
	{ .name = "link",
	  .brief = "two kernels find each other, any order of start",
	  .geometry = LINK(2, 0),
	  LINK_PROGRAMS,
	  .converge = true,
	  .words = 2 },
	{ .name = "link-plain",
	  .brief = "the same, with caches that do nothing of themselves",
	  .geometry = LINK(2, 0),
	  LINK_PROGRAMS,
	  .plain = true,
	  .converge = true,
	  .words = 2 },
	{ .name = "link-talk",
	  .brief = "and send each other a message",
	  .geometry = LINK(2, 0),
	  LINK_PROGRAMS,
	  .converge = true,
	  .words = 2,
	  .messages = { 1, 1 } },
	{ .name = "link-large",
	  .brief = "a message too large for a slot",
	  .geometry = LINK(2, 1),
	  LINK_PROGRAMS,
	  .converge = true,
	  .words = 13,
	  .messages = { 2, 0 } },
	{ .name = "link-full",
	  .brief = "more messages than slots, one way",
	  .full = true,
	  .geometry = LINK(2, 0),
	  LINK_PROGRAMS,
	  .converge = true,
	  .words = 2,
	  .messages = { 4, 0 } },
	{ .name = "link-late",
	  .brief = "kernel 0 takes its peer for dead, wrongly or not",
	  .geometry = LINK(2, 0),
	  LINK_PROGRAMS,
	  .converge = true,
	  .words = 2,
	  .late = { 1, 0 } },
	{ .name = "link-stop",
	  .brief = "kernel 1 leaves the link",
	  .geometry = LINK(2, 0),
	  LINK_PROGRAMS,
	  .words = 2,
	  .converge = true,
	  .stops = { 0, 1 } },
	{ .name = "link-crash",
	  .brief = "kernel 1 crashes at any point and boots again",
	  .full = true,
	  .geometry = LINK(2, 0),
	  LINK_PROGRAMS,
	  .converge = true,
	  .words = 2,
	  .crashes = { 0, 1 } },
	{ .name = "link-gone",
	  .brief = "the same, and kernel 0 is told",
	  .full = true,
	  .geometry = LINK(2, 0),
	  LINK_PROGRAMS,
	  .converge = true,
	  .words = 2,
	  .gone = true,
	  .crashes = { 0, 1 } },
	{ .name = "link-reopen",
	  .brief = "kernel 1 closes the channel and opens it again",
	  .full = true,
	  .geometry = LINK(4, 0),
	  LINK_PROGRAMS,
	  .converge = true,
	  .words = 2,
	  .messages = { 1, 0 },
	  .window = 1,
	  .reopen = { 0, 1 } },
	{ .name = "crash-talk",
	  .brief = "kernel 1 crashes with messages under way",
	  .full = true,
	  .geometry = LINK(2, 0),
	  LINK_PROGRAMS,
	  .converge = true,
	  .words = 2,
	  .messages = { 1, 0 },
	  .crashes = { 0, 1 } },
	{ .name = NULL },
};
