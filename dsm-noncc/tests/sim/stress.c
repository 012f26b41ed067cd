// SPDX-License-Identifier: GPL-2.0
/*
 * Big worlds, by lot, over the mailbox's simulated machine: caches that nobody
 * snoops, that fetch and evict when they like, store buffers, early loads. What
 * every seed must keep: each read finds the last write, one writer, nothing lost
 * but with a dead kernel, everything ends.
 *
 * usage: stress [RUNS]	SEED=n runs that one alone
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../../ipi-mailbox/tests/tap.h"
#include "sim.h"
#include "world.h"

#define MOVES 4000
#define LINE  64u
#define PAGE  (2 * LINE)
#define WORDS (PAGE / sizeof(u64))

static u64 lot;
static struct imb_sim *sim;
static struct imb_port ports[WORLD_KERNELS];
static bool is_dirty[WORLD_KERNELS][WORLD_FRAMES];

static u32 draw(u32 n)
{
	lot = lot * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((lot >> 33) % n);
}

/* ---- memory ---- */

static __le64 *word(u32 frame, u32 i)
{
	return (__le64 *)(sim->base + frame * PAGE) + i;
}

static u16 sim_load(u32 k, u32 frame)
{
	u64 v = imb_port_load64(&ports[k], word(frame, 0));
	u32 i;

	for (i = 1; i < WORDS; i++)
		if (imb_port_load64(&ports[k], word(frame, i)) != v)
			world_bug("a page of two times");
	return (u16)v;
}

static void sim_store(u32 k, u32 frame, u16 value)
{
	u32 i;

	for (i = 0; i < WORDS; i++)
		imb_port_store64(&ports[k], word(frame, i), value);
	is_dirty[k][frame] = true;
}

/* Afterwards another kernel may write it. */
static void sim_clean(u32 k, u32 frame)
{
	imb_port_clean(&ports[k], word(frame, 0), PAGE);
	sim_own(sim, frame * PAGE, PAGE, SIM_NOBODY);
	is_dirty[k][frame] = false;
}

static void sim_inval(u32 k, u32 frame)
{
	imb_port_inval(&ports[k], word(frame, 0), PAGE);
}

static u16 sim_value(u32 frame)
{
	u64 v;

	sim_peek(sim, frame * PAGE, &v, sizeof(v));
	return (u16)v;
}

/* Some lines may have been evicted before: one value is enough to follow. */
static void make_even(u32 frame)
{
	u64 v = sim_value(frame);
	u32 i;

	for (i = 0; i < WORDS; i++)
		sim_poke(sim, frame * PAGE + i * sizeof(v), &v, sizeof(v));
}

static void sim_off(u32 k, bool lose)
{
	u32 f;

	for (f = 0; f < world.rules.frames; f++) {
		if (!is_dirty[k][f])
			continue;
		if (!lose) {
			sim_clean(k, f);
			continue;
		}
		sim_drain(sim, k);
		sim_own(sim, f * PAGE, PAGE, SIM_NOBODY);
		sim_inval(k, f);
		make_even(f);
		is_dirty[k][f] = false;
	}
}

static bool sim_dirty(u32 k, u32 frame)
{
	return is_dirty[k][frame];
}

static const struct memory machine = {
	.load = sim_load,
	.store = sim_store,
	.clean = sim_clean,
	.inval = sim_inval,
	.off = sim_off,
	.peek = sim_value,
	.dirty = sim_dirty,
};

static u32 choose(void *ctx, u32 n)
{
	(void)ctx;
	return draw(n);
}

static void sim_bug(void *ctx, const char *text)
{
	(void)ctx;
	printf("# %s\n", text);
	world_bug("the machine's rules are broken");
}

/* ---- worlds ---- */

static u8 draw_op(const struct rules *r, u32 kernel, u32 frame)
{
	static const u8 any[] = { OP_READ,  OP_READ,  OP_WRITE,
				  OP_WRITE, OP_WRITE, OP_EXEC };
	static const u8 home[] = { OP_RECALL, OP_URGENT, OP_HURRY, OP_PUSH };

	if (draw(4))
		return any[draw(sizeof(any))];
	return r->home[frame] == kernel ? home[draw(sizeof(home))] : OP_RELEASE;
}

static struct rules draw_rules(void)
{
	struct rules r = {
		.name = "by lot",
		.kernels = 2 + draw(WORLD_KERNELS - 1),
		.frames = 1 + draw(WORLD_FRAMES),
		.hold_us = draw(2) * 100,
		.step_us = draw(2) * draw(100),
		.failures = (u8)draw(8),
		.late = draw(2),
		.slow = draw(2),
		.forever = true,
	};
	u32 i, k;

	if (draw(3) == 0) {
		r.deaths = (u8)(1 + draw(3));
		r.restarts = (u8)draw(r.deaths + 1u);
		r.mortal = (u8)draw(1u << r.kernels);
	}
	if (draw(3) == 0)
		r.hiccups = (u8)draw(6);
	for (i = 0; i < r.frames; i++)
		r.home[i] = draw(2) ? 0 : (u8)draw(r.kernels);
	for (i = 0; i < WORLD_THREADS; i++) {
		struct program *p = &r.program[i];

		p->kernel = (u8)draw(r.kernels);
		for (k = 0; k < WORLD_OPS; k++) {
			p->frame[k] = (u8)draw(r.frames);
			p->op[k] = draw_op(&r, p->kernel, p->frame[k]);
		}
	}
	return r;
}

static bool seldom(const struct move *m)
{
	return m->kind == MOVE_DIE || m->kind == MOVE_CUT ||
	       (m->kind == MOVE_JOB && m->c);
}

static bool one_move(void)
{
	struct move moves[WORLD_MOVES];
	const struct move *m;
	u32 n = world_moves(moves);

	if (!n && !world_ended())
		n = world_last_resort(moves);
	if (!n)
		return false;
	m = &moves[draw(n)];
	if (!seldom(m) || !draw(100))
		world_do(m);
	world_check();
	return true;
}

static void run(u64 seed)
{
	static const struct sim_ops sim_ops = { .choose = choose,
						.bug = sim_bug };
	struct rules rules;
	u32 i;

	lot = seed * 0x9e3779b97f4a7c15ull;
	memset(is_dirty, 0, sizeof(is_dirty));
	rules = draw_rules();
	sim = sim_create(SIM_CACHES, LINE, 4096, rules.kernels, &sim_ops, NULL);
	sim->rates = (struct sim_rates){ 3, 2 + draw(20), 2 + draw(20) };
	for (i = 0; i < rules.kernels; i++)
		ports[i] = (struct imb_port){ .sim = sim, .kernel = i };
	memory = &machine;
	world_create(&rules);
	for (i = 0; i < MOVES && !world.bug; i++)
		one_move();
	world.rules.forever = false;
	world.rules.mortal = 0;
	world.hiccups = 0;
	for (i = 0; i < 100 * MOVES && !world.bug && one_move(); i++)
		;
	if (!world.bug && !world_ended())
		world_bug("it does not end");
	if (!world.bug)
		world_check_end();
	sim_destroy(sim);
}

int main(int argc, char **argv)
{
	const char *one = getenv("SEED");
	u64 runs = argc > 1 ? strtoull(argv[1], NULL, 0) : 300;
	u64 first = one ? strtoull(one, NULL, 0) : 1;
	u64 seed, accesses = 0, lost = 0;

	tap_begin();
	for (seed = first; seed < first + (one ? 1 : runs); seed++) {
		run(seed);
		accesses += world.accesses;
		lost += world.lost;
		if (!world.bug)
			continue;
		printf("# SEED=%llu: %s\n", (unsigned long long)seed,
		       world.bug);
		tap_broken = true;
		break;
	}
	printf("# seeds %llu to %llu: %llu accesses, %llu pages lost with kernels\n",
	       (unsigned long long)first, (unsigned long long)seed - 1,
	       (unsigned long long)accesses, (unsigned long long)lost);
	CHECK(one || accesses > runs * 100);
	tap_end("random worlds over a cache that never snoops");
	return tap_done();
}
