// SPDX-License-Identifier: GPL-2.0
/*
 * Property test: random traffic of random boards over the simulated machine.
 *
 * usage: traffic [SEEDS]; SEED= in the environment starts from that seed and,
 * without SEEDS, runs it alone.
 */
#include <stdlib.h>

#include "../tap.h"
#include "world.h"

static u32 one_of(struct world *w, u32 a, u32 b, u32 c)
{
	u32 r = world_random(w, 3);

	return r == 0 ? a : r == 1 ? b : c;
}

/* Shapes small enough to be full, wrapped and exhausted all the time. */
static void draw_geometry(struct world *w, struct imb_geometry *g)
{
	g->line = world_chance(w, 4) ? 128 : 64;
	g->lane[0].slots = one_of(w, 2, 4, 8);
	g->lane[0].slot_size = g->line;
	g->lane[1].slots = one_of(w, 2, 4, 16);
	g->lane[1].slot_size = g->line * (2 + world_random(w, 2));
	g->bufs = one_of(w, 0, 1, 3);
	g->buf_size = 4096;
}

static void draw(u64 seed, struct plan *plan)
{
	struct world dice = { .random = seed * 0x2545f4914f6cdd1dull + 99 };
	u32 i;

	for (i = 0; i < 8; i++)
		world_random(&dice, 2);
	*plan = (struct plan){ 0 };
	plan->kind = one_of(&dice, SIM_CACHES, SIM_CACHES,
			    1 + world_random(&dice, 2));
	plan->nodes = one_of(&dice, 2, 2, 2 + world_random(&dice, 3));
	plan->geometry.kernels = plan->nodes;
	draw_geometry(&dice, &plan->geometry);
	plan->rates.drain = one_of(&dice, 1, 4, 40);
	plan->rates.move = one_of(&dice, 0, 3, 30);
	plan->rates.early = one_of(&dice, 0, 2, 8);
	plan->change = one_of(&dice, 2, 8, 50);
	plan->quota = 5 + world_random(&dice, 30);
	plan->rounds = 3;
	plan->deaf = world_chance(&dice, 8);
	if (plan->deaf || world_chance(&dice, 2))
		return;
	plan->lose = one_of(&dice, 0, 3, 20);
	plan->crash = one_of(&dice, 0, 1000, 5000);
	plan->pause = one_of(&dice, 0, 1000, 5000);
	plan->meddle = one_of(&dice, 0, 100, 1000);
}

static void hand_out(struct world *w)
{
	u32 k, peer, s;

	for (k = 0; k < w->plan.nodes; k++)
		for (peer = 0; peer < w->plan.nodes; peer++)
			for (s = 0; s < SERVICES; s++)
				w->node[k].end[peer][s].quota = w->plan.quota;
	for (k = 0; k < w->plan.nodes; k++)
		w->node[k].idle = false;
}

/* Ticks bring every link up, whatever has happened. */
static void wait_up(struct world *w)
{
	u32 i;

	for (i = 0; i < 400 && !app_all_up(w); i++)
		world_run(w, 500);
	if (!app_all_up(w))
		world_bug(w, "a link stays down");
	/* Whatever bell was lost in evil times is made good by one tick. */
	world_settle(w);
	world_tick(w);
}

/*
 * No tick while bells are heard: each message must wake its reader. Without
 * bells, ticks alone must carry everything over, a ring's worth each.
 */
static void rest(struct world *w)
{
	u32 i;

	world_settle(w);
	for (i = 0; w->plan.deaf && i < 40 * w->plan.quota; i++)
		world_tick(w);
}

static void run(u64 seed)
{
	static struct world w;
	struct plan plan;
	u32 i;

	draw(seed, &plan);
	world_create(&w, seed, &plan);
	if (plan.lose || plan.crash || plan.pause || plan.meddle)
		for (i = 0; i < plan.rounds; i++) {
			hand_out(&w);
			world_run(&w, 6000);
		}
	app_calm(&w);
	wait_up(&w);
	for (i = 0; i < plan.rounds; i++) {
		hand_out(&w);
		rest(&w);
		app_check_rest(&w);
	}
	if (getenv("VERBOSE"))
		printf("# seed %llu: %llu messages, %llu channels up, %llu "
		       "bells spoilt, %llu crashes, %llu accesses\n",
		       (unsigned long long)seed,
		       (unsigned long long)w.delivered,
		       (unsigned long long)w.ups,
		       (unsigned long long)w.dropped_bells,
		       (unsigned long long)w.crashes,
		       (unsigned long long)w.sim->accesses);
	world_destroy(&w);
}

int main(int argc, char **argv)
{
	const char *text = getenv("SEED");
	u64 seed = text ? strtoull(text, NULL, 0) : 1;
	u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : text ? 1 : 200;
	u64 i;

	printf("# SEED=%llu, %llu seeds\n", (unsigned long long)seed,
	       (unsigned long long)count);
	for (i = 0; i < count; i++)
		run(seed + i);
	tap_end("random traffic over the simulated machine");
	return tap_done();
}
