// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer plays a hostile kernel among honest ones: the input is a list of
 * steps, each a move of the world or a message by the hostile one, made up. The
 * honest kernels must stay within their memory and their tables, go on in bounded
 * work, and keep their pages coherent between them, whatever it says.
 *
 * It does not know tokens that it was not told: hosts choose them at random.
 */
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define HOSTILE 1
#define FORGED	0xfeull

static const struct rules rules = {
	.name = "hostile",
	.kernels = 3,
	.frames = 3,
	.home = { 0, 2, HOSTILE },
	.failures = 4,
	.hold_us = 10,
	.hiccups = 2,
	.mortal = 1 << HOSTILE,
	.deaths = 2,
	.restarts = 2,
	.slow = true,
	.forever = true,
	.program = { { 0,
		       { OP_WRITE, OP_RECALL, OP_READ, OP_HURRY },
		       { 0, 0, 1, 0 } },
		     { 0,
		       { OP_READ, OP_WRITE, OP_WRITE, OP_RELEASE },
		       { 1, 2, 0, 1 } },
		     { 2,
		       { OP_WRITE, OP_READ, OP_URGENT, OP_PUSH },
		       { 0, 1, 1, 1 } },
		     { 2,
		       { OP_WRITE, OP_READ, OP_RELEASE, OP_WRITE },
		       { 2, 0, 0, 1 } } },
};

/**
 * struct input - what the fuzzer has chosen, read from its start
 * @at: the next byte
 * @left: how many there are
 */
struct input {
	const u8 *at;
	size_t left;
};

static u8 take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

/* Numbers near those in use are worth more than others. */
static u64 number(struct input *in, u64 near)
{
	u8 how = take(in);

	if (how < 0x80)
		return near + (how & 3) - 1;
	return how < 0xc0 ? take(in) : ~(u64)take(in);
}

static u64 token(struct input *in, u8 type)
{
	return type == DSM_GRANT ? FORGED | (u64)take(in) << 8 : take(in);
}

static void lie(struct input *in)
{
	u32 to = take(in) & 1 ? 0 : 2;
	struct host *h = &world.host[to];
	u8 type = take(in) % 10, home = take(in) % 5;
	u32 frame = take(in) % 5;
	u32 of = home < 3 ? home : 0;
	struct dsm_wire w = {
		.type = type,
		.access = take(in) % 4,
		.home = home,
		.third = take(in) % 5,
		.flags = cpu_to_le16(take(in) & 0x3f),
		.from_inc =
			cpu_to_le32((u32)number(in, h->core.peer[HOSTILE].inc)),
		.home_inc =
			cpu_to_le32((u32)number(in, world.host[of].core.inc)),
		.frame = cpu_to_le64(frame),
		.addr = cpu_to_le64(take(in) % 5),
		.token = cpu_to_le64(token(in, type)),
		.stamp = cpu_to_le64(number(in, h->core.peer[HOSTILE].stamp)),
		.grant_stamp = cpu_to_le64(number(in, 0)),
		.code = cpu_to_le32((u32)number(in, DSM_WIRE_MAJOR << 16)),
	};

	if (frame < 3 && world.rules.home[frame] == to && take(in) & 1)
		w.stamp = cpu_to_le64(h->page[frame].stamp[HOSTILE]);
	if (w.third > 2)
		w.third = w.third == 3 ? DSM_NOBODY : w.third;
	dsm_receive(&h->core, HOSTILE, &w,
		    sizeof(w) - (take(in) == 0xff ? 1 : 0));
}

static void move(struct input *in)
{
	struct move moves[WORLD_MOVES];
	u32 n = world_moves(moves);

	if (n)
		world_do(&moves[take(in) % n]);
}

static void check(void)
{
	u32 k, f;

	world_check();
	for (k = 0; k < 3; k++) {
		const struct host *h = &world.host[k];

		for (f = 0; f < 3 && k != HOSTILE; f++) {
			const struct dsm_page *p = &h->page[f];

			if (p->state >= DSM_PAGE_STATES ||
			    h->copy[f].phase >= DSM_COPY_PHASES ||
			    (p->state == DSM_PAGE_FREE && p->holders) ||
			    (p->state == DSM_PAGE_EXCLUSIVE &&
			     (!p->holders || (p->holders & (p->holders - 1)))))
				world_bug("the directory contradicts itself");
		}
	}
	if (!world.bug)
		return;
	fprintf(stderr, "hostile: %s\n", world.bug);
	abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };

	memory = &lines;
	world_create(&rules);
	world.hostile = HOSTILE;
	while (in.left) {
		if (take(&in) & 1)
			lie(&in);
		else
			move(&in);
		check();
	}
	return 0;
}
