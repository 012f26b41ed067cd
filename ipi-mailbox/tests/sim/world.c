// SPDX-License-Identifier: GPL-2.0
/* Coroutines, bells, time and faults of world.h. */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define STACK	(64 << 10)
#define TICK_MS 50
/* A run that has not come to rest by then never will. */
#define MAX_ACCESSES 20000000ull

u32 world_random(struct world *w, u32 n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return n > 1 ? (u32)((w->random >> 16) % n) : 0;
}

bool world_chance(struct world *w, u32 one_in)
{
	return one_in && !world_random(w, one_in);
}

static const char *const kinds[] = { "caches", "coherent", "order" };

void world_bug(struct world *w, const char *format, ...)
{
	va_list args;

	printf("# seed %llu: ", (unsigned long long)w->seed);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (%s, %u kernels, line %u, access %llu)\n", kinds[w->plan.kind],
	       w->plan.nodes, w->plan.geometry.line,
	       (unsigned long long)w->sim->accesses);
	printf("not ok - seed %llu\n0 passed, 1 failed, 0 skipped\n",
	       (unsigned long long)w->seed);
	fflush(stdout);
	_Exit(1);
}

/* The running kernel stops here; others go on. */
void world_pause(struct node *node)
{
	if (!_setjmp(node->at))
		_longjmp(node->world->scheduler, 1);
}

static u32 choose(void *ctx, u32 n)
{
	return world_random(ctx, n);
}

static void yield(void *ctx, u32 k)
{
	struct world *w = ctx;

	(void)k;
	if (w->running && world_chance(w, w->plan.change))
		world_pause(w->running);
}

static void arrive(struct world *w, u32 from, u32 to)
{
	w->node[to].bells |= 1u << from;
	w->node[to].idle = false;
}

/* Bells get lost, come late and come twice. */
static void bell(void *ctx, u32 from, u32 to)
{
	struct world *w = ctx;

	if (!w->node[to].alive || w->plan.deaf)
		return;
	if (!w->calm && world_chance(w, w->plan.lose)) {
		w->dropped_bells++;
		if (world_random(w, 3))
			w->late[to] |= 1u << from;
		if (world_random(w, 3))
			return;
	}
	arrive(w, from, to);
}

static void machine_bug(void *ctx, const char *text)
{
	world_bug(ctx, "%s", text);
}

static const struct sim_ops ops = { .choose = choose,
				    .yield = yield,
				    .bell = bell,
				    .bug = machine_bug };

/* makecontext() passes ints only. */
static struct node *newborn;

static void body(void)
{
	struct node *node = newborn;

	app_boot(node);
	for (;;)
		if (app_step(node)) {
			yield(node->world, node->id);
		} else {
			node->idle = true;
			world_pause(node);
			node->idle = false;
		}
}

static void boot(struct world *w, u32 id)
{
	struct node *node = &w->node[id];
	char *stack = node->stack;
	u32 incarnation = node->boot + 1;

	memset(node, 0, sizeof(*node));
	node->id = id;
	node->world = w;
	node->alive = true;
	node->boot = incarnation;
	node->stack = stack;
	node->next_tick_ms = w->sim->ms;
	getcontext(&node->first);
	node->first.uc_stack.ss_sp = stack;
	node->first.uc_stack.ss_size = STACK;
	makecontext(&node->first, body, 0);
}

static void resume(struct world *w, struct node *node)
{
	w->running = node;
	if (!_setjmp(w->scheduler)) {
		if (node->started)
			_longjmp(node->at, 1);
		node->started = true;
		newborn = node;
		setcontext(&node->first);
	}
	w->running = NULL;
}

static void crash(struct world *w, struct node *node)
{
	node->alive = false;
	node->wait_ms = w->sim->ms + 20 + world_random(w, 800);
	w->late[node->id] = 0;
	w->crashes++;
	sim_crash(w->sim, node->id);
}

static bool runnable(const struct world *w, const struct node *node)
{
	return node->alive && node->wait_ms <= w->sim->ms &&
	       (!node->idle || node->bells ||
		(w->ticking && node->next_tick_ms <= w->sim->ms));
}

static struct node *pick(struct world *w)
{
	u32 first = world_random(w, w->plan.nodes);
	struct node *node;
	u32 i;

	for (i = 0; i < w->plan.nodes; i++) {
		node = &w->node[(first + i) % w->plan.nodes];
		if (runnable(w, node))
			return node;
	}
	return NULL;
}

static bool late_bells(struct world *w, bool all)
{
	bool any = false;
	u32 to, from;

	for (to = 0; to < w->plan.nodes; to++)
		for (from = 0; w->late[to] && from < w->plan.nodes; from++) {
			if (!(w->late[to] >> from & 1) ||
			    (!all && !world_chance(w, 40)))
				continue;
			w->late[to] &= ~(1u << from);
			arrive(w, from, to);
			any = true;
		}
	return any;
}

/* What a kernel has stored becomes visible, however long it sleeps. */
static void drain_sleepers(struct world *w)
{
	u32 k;

	for (k = 0; k < w->plan.nodes; k++)
		if (w->node[k].idle)
			sim_drain(w->sim, k);
}

void world_settle(struct world *w)
{
	u64 limit = w->sim->accesses + MAX_ACCESSES;
	struct node *node;

	for (;;) {
		node = pick(w);
		if (node) {
			resume(w, node);
			drain_sleepers(w);
		} else if (!late_bells(w, true)) {
			return;
		}
		if (w->sim->accesses > limit)
			world_bug(w, "the board does not come to rest");
	}
}

void world_tick(struct world *w)
{
	w->sim->ms += 2 * TICK_MS;
	w->ticking = true;
	world_settle(w);
	w->ticking = false;
	world_settle(w);
}

static void revive(struct world *w)
{
	u32 k;

	for (k = 0; k < w->plan.nodes; k++)
		if (!w->node[k].alive && w->node[k].wait_ms <= w->sim->ms)
			boot(w, k);
}

static void faults(struct world *w)
{
	struct node *node = &w->node[world_random(w, w->plan.nodes)];

	late_bells(w, false);
	if (!node->alive || w->calm)
		return;
	if (world_chance(w, w->plan.crash))
		crash(w, node);
	else if (world_chance(w, w->plan.pause))
		node->wait_ms = w->sim->ms + world_random(w, 1000);
}

void world_run(struct world *w, u32 turns)
{
	struct node *node;

	w->ticking = true;
	while (turns--) {
		faults(w);
		revive(w);
		node = pick(w);
		if (node) {
			resume(w, node);
			drain_sleepers(w);
		}
		if (!node || world_chance(w, 50))
			w->sim->ms += 1 + world_random(w, TICK_MS);
	}
	w->ticking = false;
}

static void claim_section(struct world *w, u32 owner, u32 peer)
{
	const struct imb_geometry *g = &w->plan.geometry;
	u64 at = imb_section_offset(g, owner, peer);

	sim_own(w->sim, at, imb_section_size(g), owner);
	sim_guarded(w->sim, at + imb_offset_hello(g),
		    sizeof(struct imb_wire_hello));
}

static void claim_sections(struct world *w)
{
	const struct imb_geometry *g = &w->plan.geometry;
	u32 owner, peer;

	for (owner = 0; owner < g->kernels; owner++)
		for (peer = 0; peer < g->kernels; peer++)
			if (owner != peer)
				claim_section(w, owner, peer);
}

/* After power-on the window holds noise. */
static void noise(struct world *w)
{
	u32 i;

	for (i = 0; i < w->sim->size; i++)
		w->sim->dram[i] = (u8)world_random(w, 256);
}

void world_create(struct world *w, u64 seed, const struct plan *plan)
{
	const struct imb_geometry *g = &plan->geometry;
	u64 size = g->kernels * (g->kernels - 1) * imb_section_size(g);
	u32 k;

	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->random = seed * 0x9e3779b97f4a7c15ull + 0x1234567;
	w->plan = *plan;
	w->sim = sim_create(plan->kind, g->line, (u32)size, plan->nodes, &ops,
			    w);
	w->sim->ms = 1000;
	w->sim->trace = getenv("TRACE");
	claim_sections(w);
	if (world_chance(w, 2))
		noise(w);
	w->sim->rates = plan->rates;
	for (k = 0; k < plan->nodes; k++) {
		w->node[k].stack = malloc(STACK);
		boot(w, k);
	}
}

void world_destroy(struct world *w)
{
	u32 k;

	for (k = 0; k < w->plan.nodes; k++)
		free(w->node[k].stack);
	free(w->sent);
	sim_destroy(w->sim);
}
