// SPDX-License-Identifier: GPL-2.0
/*
 * What an access costs: messages until the thread goes on, messages in all, cache
 * operations in frames; and the time the core itself takes for one page that goes
 * round between kernels, as a ratio to copying a page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "world.h"

#define TURNS 200000u

/* Who has done what before the access that is measured. */
struct scene {
	const char *name;
	u32 n;
	struct {
		u8 kernel;
		u8 op;
	} act[4]; /* the last one is measured */
};

static const struct scene scenes[] = {
	{ "read, only the home has it", 1, { { 1, OP_READ } } },
	{ "read, another kernel reads, too",
	  2,
	  { { 2, OP_READ }, { 1, OP_READ } } },
	{ "write, only the home has it", 1, { { 1, OP_WRITE } } },
	{ "upgrade, the home reads, too",
	  2,
	  { { 1, OP_READ }, { 1, OP_WRITE } } },
	{ "upgrade, a third kernel reads, too",
	  3,
	  { { 2, OP_WRITE }, { 1, OP_READ }, { 1, OP_WRITE } } },
	{ "read, a third kernel writes",
	  2,
	  { { 2, OP_WRITE }, { 1, OP_READ } } },
	{ "write, a third kernel writes",
	  2,
	  { { 2, OP_WRITE }, { 1, OP_WRITE } } },
	{ "write, a third kernel and the home read",
	  2,
	  { { 2, OP_READ }, { 1, OP_WRITE } } },
	{ "write, three kernels and the home read",
	  4,
	  { { 1, OP_READ }, { 2, OP_READ }, { 3, OP_READ }, { 1, OP_WRITE } } },
	{ "the home reads, another writes",
	  2,
	  { { 1, OP_WRITE }, { 0, OP_READ } } },
	{ "the home writes, another writes",
	  2,
	  { { 1, OP_WRITE }, { 0, OP_WRITE } } },
	{ "the home unmaps, another writes",
	  2,
	  { { 1, OP_WRITE }, { 0, OP_RECALL } } },
};

static u64 sum(size_t offset, u32 n)
{
	u64 total = 0;
	u32 k, i;

	for (k = 0; k < world.rules.kernels; k++)
		for (i = 0; i < n; i++)
			total +=
				((const u64 *)((const u8 *)&world.host[k].core +
					       offset))[i];
	return total;
}

#define SUM(field, n) sum(offsetof(struct dsm_core, stats.field), n)

/* Messages to the thread's kernel first: nobody waits for the others. */
static bool others_move(void)
{
	struct move moves[WORLD_MOVES];
	const struct move *best = NULL;
	u32 n = world_moves(moves), i;

	for (i = 0; i < n; i++) {
		if (moves[i].kind == MOVE_STEP)
			continue;
		if (!best || (moves[i].kind == MOVE_DELIVER &&
			      moves[i].b == world.thread[0].kernel))
			best = &moves[i];
	}
	if (best)
		world_do(best);
	return best;
}

/* Thread 0 does its one operation, as fast as it can. */
static void act(u8 kernel, u8 op)
{
	struct thread *t = &world.thread[0];
	struct move moves[WORLD_MOVES];

	world.rules.program[0].kernel = kernel;
	world.rules.program[0].op[0] = op;
	*t = (struct thread){ .kernel = kernel, .token = t->token };
	while (t->state != ENDED && !world.bug) {
		if (world_moves(moves) && moves[0].kind == MOVE_STEP)
			world_do(&moves[0]);
		else if (!others_move())
			world_bug("it does not go on");
	}
}

static void show(const struct scene *s)
{
	const struct rules rules = {
		.kernels = 4,
		.frames = 1,
		.program = { { 0, { OP_READ }, { 0 } } },
	};
	u64 until, all, cleans, invals;
	u32 i;

	world_create(&rules);
	for (i = 0; i + 1 < s->n; i++) {
		act(s->act[i].kernel, s->act[i].op);
		while (others_move())
			;
	}
	all = SUM(received, DSM_TYPES);
	cleans = SUM(cleans, 1);
	invals = SUM(invals, 1);
	act(s->act[i].kernel, s->act[i].op);
	until = SUM(received, DSM_TYPES) - all;
	while (others_move())
		;
	printf("| %s | %llu | %llu | %llu | %llu |\n", s->name,
	       (unsigned long long)until,
	       (unsigned long long)(SUM(received, DSM_TYPES) - all),
	       (unsigned long long)(SUM(cleans, 1) - cleans),
	       (unsigned long long)(SUM(invals, 1) - invals));
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double copy_time(void)
{
	static char from[64][4096], to[64][4096];
	double begin = now();
	u32 i;

	for (i = 0; i < TURNS; i++) {
		memcpy(to[i % 64], from[i % 64], sizeof(to[0]));
		__asm__ volatile("" ::"r"(to) : "memory");
	}
	return (now() - begin) / TURNS;
}

/* The home's own part, without hosts: request, recall, answer. */
static double turn_time(void)
{
	struct host *h;
	struct dsm_ask ask;
	struct rules rules = { .kernels = 3, .frames = 1 };
	double begin;
	u32 i;

	world_create(&rules);
	h = &world.host[0];
	begin = now();
	for (i = 0; i < TURNS; i++) {
		u8 to = 1 + i % 2, from = 3 - to;
		struct dsm_wire ack = {
			.type = DSM_ACK,
			.third = DSM_NOBODY,
			.flags = cpu_to_le16(DSM_HELD | DSM_FORWARDED),
			.from_inc = cpu_to_le32(1),
			.home_inc = cpu_to_le32(1),
		};

		ask = (struct dsm_ask){ .kernel = to, .access = DSM_WRITE };
		dsm_home_request(&h->core, &h->page[0], &ask);
		if (!i)
			dsm_home_protected(&h->core, &h->page[0], h->core.op,
					   true);
		ack.stamp = cpu_to_le64(h->page[0].stamp[from]);
		if (i)
			dsm_receive(&h->core, from, &ack, sizeof(ack));
		world.queue[0][1].n = 0;
		world.queue[0][2].n = 0;
		h->job[0].used = false;
	}
	return (now() - begin) / TURNS;
}

int main(void)
{
	double turn, copy;
	u32 i;

	memory = &lines;
	puts("| access | messages until it goes on | in all | frames cleaned | frames invalidated |\n"
	     "|---|---|---|---|---|");
	for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		show(&scenes[i]);
	turn = turn_time();
	copy = copy_time();
	printf("\nThe home's part of a move from one kernel to another: %.0f ns, "
	       "%.2f times a copy of a page (%.0f ns)\n",
	       turn, turn / copy, copy);
	if (world.bug)
		fprintf(stderr, "bench: %s\n", world.bug);
	return !!world.bug;
}
