// SPDX-License-Identifier: GPL-2.0
/* What a host does around the core, as a set of moves. */
#include <stdio.h>

#include "world.h"

#define PUSHED	  0xffull /* token of what nobody asked for */
#define LONG_TIME 1000

/* thread.tries */
#define HURRIED 1
#define WOKEN	2
#define AGAIN	4 /* and more */

struct world world;
const struct memory *memory;

void world_bug(const char *text)
{
	if (!world.bug)
		world.bug = text;
}

bool world_trusts(u32 frame)
{
	return world.rules.home[frame] != world.hostile;
}

static struct host *host_of(void *ctx)
{
	return ctx;
}

static u32 id_of(const struct host *h)
{
	return (u32)(h - world.host);
}

static u32 page_frame(const struct dsm_page *page)
{
	return (u32)page->frame;
}

/* ---- the core's host: services ---- */

static u64 now_us(void *ctx)
{
	return host_of(ctx)->now;
}

static bool reaches(u32 from, u32 to)
{
	return world.host[from].link[to] == LINK_UP && world.host[to].alive &&
	       world.host[to].link[from] != LINK_CUT;
}

static void send(void *ctx, u32 to, const struct dsm_wire *msg)
{
	u32 from = id_of(host_of(ctx));
	struct queue *q = &world.queue[from][to];

	if (!reaches(from, to))
		return;
	if (q->n == WORLD_QUEUE)
		world_bug("too many messages under way");
	else
		q->msg[q->n++] = *msg;
}

static struct dsm_page *find_page(void *ctx, u64 frame)
{
	struct host *h = host_of(ctx);
	struct dsm_page *page;

	if (frame >= world.rules.frames ||
	    world.rules.home[frame] != h->core.self)
		return NULL;
	page = &h->page[frame];
	return dsm_page_idle(&h->core, page) ? NULL : page;
}

static struct dsm_copy *find_copy(void *ctx, u32 home, u64 frame)
{
	struct host *h = host_of(ctx);

	if (frame >= world.rules.frames || world.rules.home[frame] != home)
		return NULL;
	return dsm_copy_idle(&h->copy[frame]) ? NULL : &h->copy[frame];
}

static void clean(void *ctx, u64 frame)
{
	memory->clean(id_of(host_of(ctx)), (u32)frame);
}

static void inval(void *ctx, u64 frame)
{
	u32 k = id_of(host_of(ctx));

	if (world_trusts((u32)frame) && memory->dirty(k, (u32)frame))
		world_bug("what is dirty is thrown away");
	memory->inval(k, (u32)frame);
}

static void start_job(struct host *h, bool of_copy, u32 frame, u8 access,
		      u32 op)
{
	u32 i;

	for (i = 0; i < WORLD_JOBS; i++) {
		if (h->job[i].used)
			continue;
		h->job[i] =
			(struct job){ true, of_copy, (u8)frame, access, op };
		return;
	}
	world_bug("too many jobs");
}

static void home_protect(void *ctx, struct dsm_page *page,
			 enum dsm_access access, u32 op)
{
	start_job(host_of(ctx), false, page_frame(page), (u8)access, op);
}

static void copy_unmap(void *ctx, struct dsm_copy *copy, enum dsm_access access,
		       u32 op)
{
	start_job(host_of(ctx), true, (u32)copy->frame, (u8)access, op);
}

static void later_page(void *ctx, struct dsm_page *page, u64 us)
{
	(void)us;
	host_of(ctx)->page_timer[page->frame] = true;
}

static void later_copy(void *ctx, struct dsm_copy *copy, u64 us)
{
	(void)us;
	host_of(ctx)->copy_timer[copy->frame] = true;
}

/* ---- threads and their requests ---- */

static u8 op_of(const struct thread *t)
{
	return world.rules.program[t - world.thread].op[t->pc];
}

static u32 frame_of(const struct thread *t)
{
	return world.rules.program[t - world.thread].frame[t->pc];
}

static u8 access_of(const struct thread *t)
{
	return op_of(t) == OP_WRITE ? DSM_WRITE : DSM_READ;
}

static void advance(struct thread *t)
{
	const struct program *p = &world.rules.program[t - world.thread];

	t->state = RUNS;
	t->tries = 0;
	if (++t->pc == WORLD_OPS || p->op[t->pc] == OP_END) {
		if (world.rules.forever)
			t->pc = 0;
		else
			t->state = ENDED;
	}
}

static struct thread *asker(u32 kernel, u64 token)
{
	struct thread *t;

	if ((token & 0xff) >= WORLD_THREADS)
		return NULL;
	t = &world.thread[token & 0xff];
	return t->kernel == kernel && t->state == ASKED && t->token == token ?
		       t :
		       NULL;
}

static struct slot *take_slot(struct host *h)
{
	u32 i;

	for (i = 0; i < WORLD_ASKS; i++) {
		if (h->slot[i].used)
			continue;
		memset(&h->slot[i], 0, sizeof(h->slot[i]));
		h->slot[i].used = true;
		return &h->slot[i];
	}
	world_bug("too many requests");
	return NULL;
}

static u32 free_slots(const struct host *h)
{
	u32 i, n = 0;

	for (i = 0; i < WORLD_ASKS; i++)
		n += !h->slot[i].used;
	return n;
}

static void request(void *ctx, const struct dsm_msg *msg)
{
	struct host *h = host_of(ctx);
	struct slot *slot;

	if (msg->from == world.hostile && free_slots(h) < WORLD_ASKS / 2)
		return;
	if (msg->addr >= world.rules.frames ||
	    world.rules.home[msg->addr] != id_of(h)) {
		if (msg->from != world.hostile)
			world_bug("a request for nothing");
		return;
	}
	slot = take_slot(h);
	if (!slot)
		return;
	slot->frame = (u8)msg->addr;
	slot->ask = (struct dsm_ask){
		.kernel = msg->from,
		.access = msg->access,
		.flags = msg->flags,
		.token = msg->token,
		.addr = msg->addr,
	};
}

static void resolve(struct host *h, struct slot *slot)
{
	struct dsm_page *page = &h->page[slot->frame];

	slot->resolved = true;
	if (dsm_page_idle(&h->core, page))
		dsm_page_init(&h->core, page);
	dsm_home_request(&h->core, page, &slot->ask);
}

static void ask_done(void *ctx, struct dsm_page *page, struct dsm_ask *ask,
		     enum dsm_result result)
{
	struct host *h = host_of(ctx);
	u32 i;

	(void)page;
	(void)result;
	for (i = 0; i < WORLD_ASKS; i++)
		if (ask == &h->slot[i].ask)
			h->slot[i].used = false;
}

static struct dsm_copy *accept(void *ctx, const struct dsm_msg *msg)
{
	struct host *h = host_of(ctx);
	struct thread *t = asker(id_of(h), msg->token);
	struct dsm_copy *copy;

	if (msg->frame >= world.rules.frames ||
	    world.rules.home[msg->frame] != msg->home) {
		if (msg->from != world.hostile)
			world_bug("a grant of nothing");
		return NULL;
	}
	if (msg->token != PUSHED && (!t || frame_of(t) != msg->frame))
		return NULL;
	copy = &h->copy[msg->frame];
	if (dsm_copy_idle(copy))
		dsm_copy_init(&h->core, copy);
	return copy;
}

static void granted(void *ctx, struct dsm_copy *copy, const struct dsm_msg *msg)
{
	struct thread *t = asker(id_of(host_of(ctx)), msg->token);

	(void)copy;
	if (!t)
		return;
	t->state = GRANTED;
	t->stamp = msg->stamp;
}

static void refused(void *ctx, const struct dsm_msg *msg)
{
	struct thread *t = asker(id_of(host_of(ctx)), msg->token);

	if (t)
		t->state = RUNS;
}

static void home_wake(void *ctx, struct dsm_page *page)
{
	struct host *h = host_of(ctx);
	struct thread *t;

	for (t = world.thread; t < world.thread + WORLD_THREADS; t++) {
		if (t->kernel != id_of(h) || t->state == ENDED ||
		    frame_of(t) != page->frame)
			continue;
		if (t->state == WAITS)
			t->state = RUNS;
		else if (t->state == RECALLS &&
			 dsm_home_ok(&h->core, page, DSM_WRITE))
			t->tries |= WOKEN;
	}
}

/* ---- peers ---- */

static void lost(void *ctx, struct dsm_page *page, u32 kernel)
{
	(void)ctx;
	if (!(world.died & dsm_bit(kernel)) && kernel != world.hostile)
		world_bug("lost with a kernel that lives");
	world.truth[page->frame] = memory->peek(page_frame(page));
	world.lost++;
}

static void gone(struct host *h, u32 kernel, u32 f, enum dsm_gone how)
{
	h->due[kernel] &= (u8) ~(1u << f);
	if (world.rules.home[f] == id_of(h) &&
	    !dsm_page_idle(&h->core, &h->page[f]))
		dsm_home_gone(&h->core, &h->page[f], kernel, how);
}

static enum dsm_gone hello_of(const struct host *h, u32 kernel)
{
	return h->due_same[kernel] ? DSM_GAVE_BACK : DSM_REBORN;
}

static void all_gone(struct host *h, u32 kernel, enum dsm_gone how)
{
	u32 f;

	for (f = 0; f < world.rules.frames; f++)
		gone(h, kernel, f, how);
}

static void peer_ready(void *ctx, u32 kernel, bool same)
{
	struct host *h = host_of(ctx);

	h->due_same[kernel] = same;
	h->due[kernel] = (u8)((1u << world.rules.frames) - 1);
}

static void peer_bad(void *ctx, u32 kernel, const char *why)
{
	(void)ctx;
	if (kernel != world.hostile)
		world_bug(why);
}

static const struct dsm_ops ops = {
	.now_us = now_us,
	.send = send,
	.find_page = find_page,
	.find_copy = find_copy,
	.request = request,
	.accept = accept,
	.granted = granted,
	.refused = refused,
	.peer_ready = peer_ready,
	.peer_bad = peer_bad,
	.home_protect = home_protect,
	.home_wake = home_wake,
	.ask_done = ask_done,
	.lost = lost,
	.later_page = later_page,
	.copy_unmap = copy_unmap,
	.later_copy = later_copy,
	.clean = clean,
	.inval = inval,
};

/* ---- creation ---- */

static void boot(u32 k, u32 inc)
{
	struct host *h = &world.host[k];
	u32 f;

	memset(h, 0, sizeof(*h));
	h->core.ops = &ops;
	h->core.ctx = h;
	h->core.self = k;
	h->core.kernels = world.rules.kernels;
	h->core.inc = inc;
	h->core.hold_us = world.rules.hold_us;
	h->alive = true;
	for (f = 0; f < world.rules.frames; f++) {
		h->page[f].frame = f;
		h->copy[f].frame = f;
		h->copy[f].home = world.rules.home[f];
		if (world.rules.home[f] == k)
			dsm_page_init(&h->core, &h->page[f]);
		else
			dsm_copy_init(&h->core, &h->copy[f]);
	}
}

static void deliver(u32 from, u32 to)
{
	struct queue *q = &world.queue[from][to];
	struct dsm_wire msg = q->msg[0];
	struct host *h = &world.host[to];
	u32 i;

	q->n--;
	memmove(&q->msg[0], &q->msg[1], q->n * sizeof(q->msg[0]));
	memset(&q->msg[q->n], 0, sizeof(q->msg[0]));
	dsm_receive(&h->core, from, &msg, sizeof(msg));
	if (h->due[from] && !world.rules.late)
		all_gone(h, from, hello_of(h, from));
	for (i = 0; i < WORLD_ASKS && !world.rules.slow; i++)
		if (h->slot[i].used && !h->slot[i].resolved)
			resolve(h, &h->slot[i]);
}

void world_create(const struct rules *rules)
{
	u32 i, k;

	memset(&world, 0, sizeof(world));
	world.rules = *rules;
	world.hostile = DSM_NOBODY;
	world.deaths = rules->deaths;
	world.restarts = rules->restarts;
	world.hiccups = rules->hiccups;
	world.failures = rules->failures;
	for (k = 0; k < rules->kernels; k++)
		boot(k, 1);
	for (k = 0; k < rules->kernels; k++)
		for (i = 0; i < rules->kernels; i++)
			if (i != k)
				dsm_peer_up(&world.host[k].core, i);
	for (k = 0; k < rules->kernels; k++)
		for (i = 0; i < rules->kernels; i++)
			while (world.queue[k][i].n)
				deliver(k, i);
	for (k = 0; k < rules->kernels; k++)
		memset(world.host[k].due, 0, sizeof(world.host[k].due));
	for (i = 0; i < WORLD_THREADS; i++) {
		world.thread[i].kernel = rules->program[i].kernel;
		if (rules->program[i].op[0] == OP_END)
			world.thread[i].state = ENDED;
	}
}

/* ---- what threads do ---- */

static void touch(struct thread *t)
{
	u32 f = frame_of(t);
	u16 v = memory->load(t->kernel, f);

	world.accesses++;
	if (v != world.truth[f] && world_trusts(f))
		world_bug("a stale read");
	if (op_of(t) == OP_WRITE) {
		world.truth[f] = (u16)(v + 1);
		memory->store(t->kernel, f, (u16)(v + 1));
	}
	advance(t);
}

static void ask(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	u32 f = frame_of(t);
	struct dsm_ask a = {
		.access = access_of(t),
		.flags = op_of(t) == OP_EXEC ? DSM_EXEC : 0,
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
	u32 f = frame_of(t);

	t->state = RUNS;
	if (dsm_copy_may_map(&h->core, &h->copy[f], t->stamp, access_of(t)) &&
	    h->pte[f] < access_of(t))
		h->pte[f] = access_of(t);
}

static void home_fault(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	struct dsm_page *page = &h->page[frame_of(t)];

	if (dsm_home_ok(&h->core, page, access_of(t))) {
		h->pte[frame_of(t)] = access_of(t);
		return;
	}
	t->state = WAITS;
	dsm_home_want(&h->core, page, access_of(t));
}

static void begin_recall(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	struct dsm_page *page = &h->page[frame_of(t)];

	t->state = RECALLS;
	if (dsm_page_idle(&h->core, page))
		dsm_page_init(&h->core, page);
	if (dsm_home_recall(&h->core, page, op_of(t) == OP_URGENT))
		t->tries |= WOKEN;
}

/* munmap(), or pageout: what the page holds must be right. */
static void end_recall(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	u32 f = frame_of(t);

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
	advance(t);
	dsm_home_recall_end(&h->core, &h->page[f]);
}

static void push(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	struct slot *slot = take_slot(h);

	if (slot) {
		slot->frame = (u8)frame_of(t);
		slot->ask = (struct dsm_ask){
			.kernel = 1,
			.access = DSM_READ,
			.flags = DSM_OPTIONAL,
			.token = PUSHED,
			.addr = frame_of(t),
		};
		resolve(h, slot);
	}
	advance(t);
}

static bool at_home(const struct thread *t)
{
	return world.rules.home[frame_of(t)] == t->kernel;
}

static void step(struct thread *t)
{
	struct host *h = &world.host[t->kernel];
	u32 f = frame_of(t);

	switch (op_of(t)) {
	case OP_RELEASE:
		advance(t);
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
		if (h->pte[f] >= access_of(t))
			touch(t);
		else if (t->state == GRANTED)
			map(t);
		else if (at_home(t))
			home_fault(t);
		else if (h->core.peer[world.rules.home[f]].inc)
			ask(t);
		else
			advance(t); /* SIGBUS */
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
	f = frame_of(t);
	if (!h->alive) /* it may still run, until it is off */
		return (op_of(t) == OP_READ || op_of(t) == OP_WRITE) &&
		       h->pte[f] >= access_of(t);
	if (t->state == RECALLS)
		return (t->tries & WOKEN) ||
		       (op_of(t) == OP_HURRY && !(t->tries & HURRIED));
	if (t->state == ASKED || t->state == WAITS)
		return false;
	if (t->state == RUNS && op_of(t) < OP_RELEASE && !at_home(t) &&
	    h->pte[f] < access_of(t) && !h->core.peer[world.rules.home[f]].inc)
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
			all_gone(&world.host[i], k, DSM_OFF);
}

static void restart(u32 k)
{
	u32 inc = world.host[k].core.inc, i;

	world.restarts--;
	boot(k, inc + 1);
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
		deliver(m->a, m->b);
		break;
	case MOVE_JOB:
		end_job(h, &h->job[m->b], m->c);
		break;
	case MOVE_RESOLVE:
		resolve(h, &h->slot[m->b]);
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
		gone(h, m->b, m->c, hello_of(h, m->b));
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
			 ops_name[op_of(&world.thread[m->a])],
			 world.thread[m->a].state);
	else
		snprintf(text, size, "%u %s %u %u", m->a, name[m->kind], m->b,
			 m->c);
}
