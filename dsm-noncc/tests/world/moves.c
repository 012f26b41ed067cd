// SPDX-License-Identifier: GPL-2.0
/* What can happen in a world: each thing is a move. */
#include "inner.h"

#define LONG_TIME 1000

/* ---- what threads do ---- */

static void touch(struct thread *t)
{
	u32 f = world_frame_of(t);
	u16 v = memory->load(t->kernel, f);

	world.accesses++;
	if (v != world.truth[f] && world_trusts(f))
		world_bug("a stale read");
	if (world_op_of(t) == OP_WRITE) {
		world.truth[f] = (u16)(v + 1);
		memory->store(t->kernel, f, (u16)(v + 1));
	}
	world_advance(t);
}

static void ask(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	u32 f = world_frame_of(t);
	struct dsm_ask a = {
		.access = world_access_of(t),
		.flags = world_op_of(t) == OP_EXEC ? DSM_EXEC : 0,
		.token =
			(t->token & ~0xffull) + 0x100 + (u64)(t - world.thread),
		.addr = f,
	};

	t->token = a.token;
	t->state = ASKED;
	dsm_ask_for(&h->core, world.rules.home[f], &a, 0);
}

static void map(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	u32 f = world_frame_of(t);

	t->state = RUNS;
	if (dsm_copy_may_map(&h->core, &h->copy[f], t->stamp,
			     world_access_of(t)) &&
	    h->pte[f] < world_access_of(t))
		h->pte[f] = world_access_of(t);
}

static void home_fault(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	struct dsm_page *page = &h->page[world_frame_of(t)];

	if (dsm_home_ok(&h->core, page, world_access_of(t))) {
		h->pte[world_frame_of(t)] = world_access_of(t);
		dsm_home_used(&h->core, page);
		return;
	}
	t->state = WAITS;
	dsm_home_want(&h->core, page, world_access_of(t));
}

static void begin_recall(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	struct dsm_page *page = world_entry(h, world_frame_of(t));

	t->state = RECALLS;
	if (dsm_home_recall(&h->core, page, world_op_of(t) == OP_URGENT))
		t->tries |= WOKEN;
}

/* munmap(), or pageout: what the page holds must be right. */
static void end_recall(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	u32 f = world_frame_of(t);

	if (!(t->tries & WOKEN)) {
		t->tries |= HURRIED;
		dsm_home_hurry(&h->core, &h->page[f]);
		return;
	}
	if (!dsm_home_ok(&h->core, &h->page[f], DSM_WRITE))
		world_bug("recalled, and not ours");
	if (memory->load(t->kernel, f) != world.truth[f])
		world_bug("recalled, and stale");
	h->pte[f] = DSM_NONE;
	world_advance(t);
	dsm_home_recall_end(&h->core, &h->page[f]);
}

static void push(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	struct slot *slot = world_take_slot(h);

	if (slot) {
		slot->frame = (u8)world_frame_of(t);
		slot->ask = (struct dsm_ask){
			.kernel = 1,
			.access = DSM_READ,
			.flags = DSM_OPTIONAL,
			.token = PUSHED,
			.addr = world_frame_of(t),
		};
		world_resolve(h, slot);
	}
	world_advance(t);
}

static bool at_home(const struct thread *t)
{
	return world.rules.home[world_frame_of(t)] == t->kernel;
}

static void step(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	u32 f = world_frame_of(t);

	switch (world_op_of(t)) {
	case OP_RELEASE:
		world_advance(t);
		dsm_copy_release(&h->core, &h->copy[f]);
		break;
	case OP_RECALL:
	case OP_URGENT:
	case OP_HURRY:
		if (t->state == RUNS)
			begin_recall(t);
		else
			end_recall(t);
		break;
	case OP_PUSH:
		push(t);
		break;
	default:
		if (h->pte[f] >= world_access_of(t))
			touch(t);
		else if (t->state == GRANTED)
			map(t);
		else if (at_home(t))
			home_fault(t);
		else if (h->core.peer[world.rules.home[f]].inc)
			ask(t);
		else
			world_advance(t); /* SIGBUS */
	}
}

static bool home_may_come_back(u32 home)
{
	return world.host[home].alive || world.restarts;
}

static bool may_step(const struct thread *t)
{
	const struct host *h = &world.host[t->kernel];
	u32 f;

	if (t->state == ENDED || h->off)
		return false;
	f = world_frame_of(t);
	if (!h->alive) /* it may still run, until it is off */
		return (world_op_of(t) == OP_READ ||
			world_op_of(t) == OP_WRITE) &&
		       h->pte[f] >= world_access_of(t);
	if (t->state == RECALLS)
		return (t->tries & WOKEN) ||
		       (world_op_of(t) == OP_HURRY && !(t->tries & HURRIED));
	if (t->state == ASKED || t->state == WAITS)
		return false;
	if (t->state == RUNS && world_op_of(t) < OP_RELEASE && !at_home(t) &&
	    h->pte[f] < world_access_of(t) &&
	    !h->core.peer[world.rules.home[f]].inc)
		return !home_may_come_back(world.rules.home[f]);
	return true;
}

/* ---- other moves ---- */

static void end_job(struct host *h, struct job *slot, bool fails)
{
	struct job job = *slot;

	slot->used = false;
	if (fails)
		world.failures--;
	else if (h->pte[job.frame] > job.access)
		h->pte[job.frame] = job.access;
	if (job.of_copy)
		dsm_copy_unmapped(&h->core, &h->copy[job.frame], job.op);
	else
		dsm_home_protected(&h->core, &h->page[job.frame], job.op,
				   !fails);
}

static void pass_time(struct host *h)
{
	u32 f;

	h->now += LONG_TIME;
	for (f = 0; f < world.rules.frames; f++) {
		if (h->page_timer[f]) {
			h->page_timer[f] = false;
			dsm_home_timer(&h->core, &h->page[f]);
		}
		if (h->copy_timer[f]) {
			h->copy_timer[f] = false;
			dsm_copy_timer(&h->core, &h->copy[f]);
		}
	}
}

static bool time_matters(const struct host *h)
{
	u32 f;

	for (f = 0; f < world.rules.frames; f++)
		if (h->page_timer[f] || h->copy_timer[f] ||
		    h->page[f].until > h->now || h->copy[f].until > h->now)
			return true;
	return false;
}

static void cut(u32 a, u32 b)
{
	world.host[a].link[b] = LINK_CUT;
	world.host[b].link[a] = LINK_CUT;
}

static void die(u32 k)
{
	u32 i;

	world.deaths--;
	world.died |= dsm_bit(k);
	world.host[k].alive = false;
	for (i = 0; i < world.rules.kernels; i++) {
		if (i == k)
			continue;
		world.queue[i][k].n = 0;
		if (world.host[i].link[k] == LINK_UP)
			world.host[i].link[k] = LINK_CUT;
		else if (world.host[i].link[k] == LINK_DOWN)
			world.queue[k][i].n = 0;
	}
}

static void link_down(u32 p, u32 k)
{
	struct host *h = &world.host[p];
	u32 i;

	h->link[k] = LINK_DOWN;
	world.queue[k][p].n = 0;
	dsm_peer_down(&h->core, k);
	for (i = 0; i < world.rules.frames; i++)
		if (world.rules.home[i] == k)
			dsm_copy_gone(&h->core, &h->copy[i]);
	for (i = 0; i < WORLD_ASKS; i++)
		if (h->slot[i].used && !h->slot[i].resolved &&
		    h->slot[i].ask.kernel == k)
			h->slot[i].used = false;
	/* What was asked may have been lost with the link: ask again. */
	for (i = 0; i < WORLD_THREADS; i++)
		if (world.thread[i].kernel == p &&
		    world.thread[i].state == ASKED)
			world.thread[i].state = RUNS;
}

static bool copies_idle(u32 p, u32 home)
{
	u32 f;

	for (f = 0; f < world.rules.frames; f++)
		if (world.rules.home[f] == home &&
		    !dsm_copy_idle(&world.host[p].copy[f]))
			return false;
	return true;
}

static void switch_off(u32 k, bool lose)
{
	u32 i;

	world.host[k].off = true;
	memset(world.host[k].pte, 0, sizeof(world.host[k].pte));
	memset(world.host[k].job, 0, sizeof(world.host[k].job));
	memory->off(k, lose);
	for (i = 0; i < world.rules.kernels; i++)
		if (world.host[i].alive)
			world_all_gone(&world.host[i], k, DSM_OFF);
}

static void restart(u32 k)
{
	u32 inc = world.host[k].core.inc, i;

	world.restarts--;
	world_boot(k, inc + 1);
	for (i = 0; i < world.rules.kernels; i++)
		if (i != k)
			world.host[k].link[i] = LINK_DOWN;
	for (i = 0; i < world.rules.frames; i++) {
		memory->inval(k, i);
		if (world.rules.home[i] == k)
			world.truth[i] = memory->peek(i);
	}
	for (i = 0; i < WORLD_THREADS; i++) {
		struct thread *t = &world.thread[i];

		if (t->kernel != k || world.rules.program[i].op[0] == OP_END)
			continue;
		t->pc = 0;
		t->tries = 0;
		t->state = RUNS;
	}
}

/* An answer that never comes is asked for again, after a long time. */
u32 world_last_resort(struct move *out)
{
	u32 i, n = 0;

	for (i = 0; i < WORLD_THREADS; i++)
		if (world.thread[i].state == ASKED &&
		    world.host[world.thread[i].kernel].alive &&
		    world.thread[i].tries < 2 * AGAIN)
			out[n++] = (struct move){ MOVE_AGAIN, (u8)i, 0, 0 };
	return n;
}

void world_do(const struct move *m)
{
	struct host *h = &world.host[m->a];

	switch (m->kind) {
	case MOVE_STEP:
		step(&world.thread[m->a]);
		break;
	case MOVE_DELIVER:
		world_deliver(m->a, m->b);
		break;
	case MOVE_JOB:
		end_job(h, &h->job[m->b], m->c);
		break;
	case MOVE_RESOLVE:
		world_resolve(h, &h->slot[m->b]);
		break;
	case MOVE_TIME:
		pass_time(h);
		break;
	case MOVE_EVICT:
		world.memory[m->b] = world.line[m->a][m->b].value;
		world.line[m->a][m->b].dirty = false;
		break;
	case MOVE_DIE:
		die(m->a);
		break;
	case MOVE_DOWN:
		link_down(m->a, m->b);
		break;
	case MOVE_UP:
		h->link[m->b] = LINK_UP;
		dsm_peer_up(&h->core, m->b);
		break;
	case MOVE_OFF:
		switch_off(m->a, m->c);
		break;
	case MOVE_RESTART:
		restart(m->a);
		break;
	case MOVE_GONE:
		world_gone(h, m->b, m->c, world_hello_of(h, m->b));
		break;
	case MOVE_AGAIN:
		world.thread[m->a].tries += AGAIN;
		world.thread[m->a].state = RUNS;
		break;
	case MOVE_CUT:
		world.hiccups--;
		cut(m->a, m->b);
		break;
	}
}

/* ---- which moves there are ---- */

static u32 add(struct move *out, u32 n, u8 kind, u32 a, u32 b, u32 c)
{
	if (n == WORLD_MOVES) {
		world_bug("too many moves");
		return n;
	}
	out[n] = (struct move){ kind, (u8)a, (u8)b, (u8)c };
	return n + 1;
}

static u32 host_moves(struct move *out, u32 n, u32 k)
{
	const struct host *h = &world.host[k];
	u32 i;

	for (i = 0; i < WORLD_JOBS; i++) {
		if (!h->job[i].used)
			continue;
		n = add(out, n, MOVE_JOB, k, i, 0);
		if (!h->job[i].of_copy && world.failures)
			n = add(out, n, MOVE_JOB, k, i, 1);
	}
	for (i = 0; i < WORLD_ASKS; i++)
		if (h->slot[i].used && !h->slot[i].resolved)
			n = add(out, n, MOVE_RESOLVE, k, i, 0);
	if (time_matters(h))
		n = add(out, n, MOVE_TIME, k, 0, 0);
	for (i = 0; i < world.rules.frames && world.rules.evict; i++)
		if (world.line[k][i].dirty)
			n = add(out, n, MOVE_EVICT, k, i, 0);
	return n;
}

static u32 pair_moves(struct move *out, u32 n, u32 k, u32 i)
{
	const struct host *h = &world.host[k];
	u32 f;

	for (f = 0; f < world.rules.frames; f++)
		if (h->due[i] & 1u << f)
			n = add(out, n, MOVE_GONE, k, i, f);
	if (world.queue[i][k].n && h->link[i] != LINK_DOWN)
		n = add(out, n, MOVE_DELIVER, i, k, 0);
	if (h->link[i] == LINK_CUT)
		n = add(out, n, MOVE_DOWN, k, i, 0);
	if (h->link[i] == LINK_DOWN && world.host[i].alive &&
	    world.host[i].link[k] != LINK_CUT && copies_idle(k, i))
		n = add(out, n, MOVE_UP, k, i, 0);
	if (world.hiccups && i < k && h->link[i] == LINK_UP &&
	    world.host[i].link[k] == LINK_UP)
		n = add(out, n, MOVE_CUT, k, i, 0);
	return n;
}

static bool all_know(u32 k)
{
	u32 i;

	for (i = 0; i < world.rules.kernels; i++)
		if (i != k && world.host[i].alive &&
		    world.host[i].link[k] != LINK_DOWN)
			return false;
	return true;
}

static bool all_dropped(u32 k)
{
	u32 i;

	for (i = 0; i < world.rules.kernels; i++)
		if (i != k && world.host[i].alive && !copies_idle(i, k))
			return false;
	return true;
}

static u32 death_moves(struct move *out, u32 n, u32 k)
{
	const struct host *h = &world.host[k];

	if (h->alive && world.deaths && (world.rules.mortal & dsm_bit(k)))
		n = add(out, n, MOVE_DIE, k, 0, 0);
	if (!h->alive && !h->off && all_know(k)) {
		n = add(out, n, MOVE_OFF, k, 0, 0);
		n = add(out, n, MOVE_OFF, k, 0, 1);
	}
	if (h->off && !h->alive && world.restarts && all_dropped(k))
		n = add(out, n, MOVE_RESTART, k, 0, 0);
	return n;
}

u32 world_moves(struct move *out)
{
	u32 i, k, n = 0;

	for (i = 0; i < WORLD_THREADS; i++)
		if (may_step(&world.thread[i]))
			n = add(out, n, MOVE_STEP, i, 0, 0);
	for (k = 0; k < world.rules.kernels; k++) {
		n = death_moves(out, n, k);
		if (!world.host[k].alive)
			continue;
		n = host_moves(out, n, k);
		for (i = 0; i < world.rules.kernels; i++)
			if (i != k)
				n = pair_moves(out, n, k, i);
	}
	return n;
}
