// SPDX-License-Identifier: GPL-2.0
/* What must be true of a world, in words too; and caches for small ones. */
#include <stdio.h>

#include "inner.h"

/* ---- what must be true ---- */

void world_check(void)
{
	u32 f, k;

	for (f = 0; f < world.rules.frames; f++) {
		u32 readers = 0, writers = 0;

		if (!world_trusts(f))
			continue;
		for (k = 0; k < world.rules.kernels; k++) {
			const struct host *h = &world.host[k];

			readers += h->pte[f] == DSM_READ;
			writers += h->pte[f] == DSM_WRITE;
			if (h->alive && world.rules.home[f] != k &&
			    h->pte[f] > h->copy[f].access)
				world_bug("mapped, but not held");
		}
		if (writers > 1 || (writers && readers))
			world_bug("not the only one who may write");
	}
}

bool world_ended(void)
{
	u32 i;

	for (i = 0; i < WORLD_THREADS; i++)
		if (world.thread[i].state != ENDED &&
		    world.host[world.thread[i].kernel].alive)
			return false;
	return true;
}

static bool any_dirty(u32 f)
{
	u32 k;

	for (k = 0; k < world.rules.kernels; k++)
		if (memory->dirty(k, f))
			return true;
	return false;
}

void world_check_end(void)
{
	u32 f, k, i;

	for (f = 0; f < world.rules.frames; f++)
		if (world.host[world.rules.home[f]].alive && !any_dirty(f) &&
		    memory->peek(f) != world.truth[f])
			world_bug("the last write is nowhere");
	for (k = 0; k < world.rules.kernels; k++)
		for (i = 0; i < WORLD_ASKS; i++)
			if (world.host[k].alive && world.host[k].slot[i].used)
				world_bug("a request is left behind");
}

/* ---- caches that are as stale as can be ---- */

static u16 line_load(u32 k, u32 f)
{
	return world.line[k][f].value;
}

static void line_store(u32 k, u32 f, u16 value)
{
	world.line[k][f] = (struct line){ true, value };
}

static void line_clean(u32 k, u32 f)
{
	if (world.line[k][f].dirty)
		world.memory[f] = world.line[k][f].value;
	world.line[k][f].dirty = false;
}

/* What was forgotten is fetched again at once. */
static void line_inval(u32 k, u32 f)
{
	world.line[k][f] = (struct line){ false, world.memory[f] };
}

static void line_off(u32 k, bool lose)
{
	u32 f;

	for (f = 0; f < world.rules.frames; f++) {
		if (!lose)
			line_clean(k, f);
		world.line[k][f].dirty = false;
	}
}

static u16 line_peek(u32 f)
{
	return world.memory[f];
}

static bool line_dirty(u32 k, u32 f)
{
	return world.line[k][f].dirty;
}

const struct memory lines = {
	.load = line_load,
	.store = line_store,
	.clean = line_clean,
	.inval = line_inval,
	.off = line_off,
	.peek = line_peek,
	.dirty = line_dirty,
};

static void describe_message(u32 from, u32 to, char *text, size_t size)
{
	static const char *const name[] = {
#define MSG(type, number, who, what) [number] = #type,
#include "dsm_messages.def"
	};
	const struct dsm_wire *w = &world.queue[from][to].msg[0];

	snprintf(
		text, size,
		"%u -> %u: %s access %u frame %u third %u flags %x stamp %u/%u token %x",
		from, to, name[w->type], w->access, (u32)w->frame, w->third,
		w->flags, (u32)w->stamp, (u32)w->grant_stamp, (u32)w->token);
}

/* In the world as it is before the move. */
void world_describe(const struct move *m, char *text, size_t size)
{
	static const char *const name[] = {
		"steps",
		"",
		"ends job",
		"resolves",
		"lets time pass",
		"evicts",
		"dies",
		"finds down",
		"greets again",
		"is off",
		"restarts",
		"loses its link to",
		"deals with hello",
		"asks once more",
	};
	static const char *const ops_name[] = { "end",	  "read",    "write",
						"exec",	  "release", "recall",
						"urgent", "hurry",   "push" };

	if (m->kind == MOVE_DELIVER)
		describe_message(m->a, m->b, text, size);
	else if (m->kind == MOVE_STEP)
		snprintf(text, size, "thread %u of kernel %u: %s, state %u",
			 m->a, world.thread[m->a].kernel,
			 ops_name[world_op_of(&world.thread[m->a])],
			 world.thread[m->a].state);
	else
		snprintf(text, size, "%u %s %u %u", m->a, name[m->kind], m->b,
			 m->c);
}
