// SPDX-License-Identifier: GPL-2.0
/* What a host does around the core. */
#include "inner.h"

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
	struct host *h = host_of(ctx);
	u64 now = h->now;

	h->now += world.rules.step_us;
	return now;
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

static bool is_current(const struct host *h, const struct job *j)
{
	return j->op ==
	       (j->of_copy ? h->copy[j->frame].op : h->page[j->frame].op);
}

/* If there is no more room, one that was given up is forgotten. */
static void start_job(struct host *h, bool of_copy, u32 frame, u8 access,
		      u32 op)
{
	struct job *slot = NULL;
	u32 i;

	for (i = 0; i < WORLD_JOBS; i++)
		if (!h->job[i].used || (!slot && !is_current(h, &h->job[i])))
			slot = &h->job[i];
	if (slot)
		*slot = (struct job){ true, of_copy, (u8)frame, access, op };
	else
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

/* Until it is mapped a page is held for eight times hold_us, else for less. */
static void check_time(u64 us)
{
	if (us > 8 * world.rules.hold_us)
		world_bug("a page is held for longer than its time");
}

static void later_page(void *ctx, struct dsm_page *page, u64 us)
{
	check_time(us);
	host_of(ctx)->page_timer[page->frame] = true;
}

static void later_copy(void *ctx, struct dsm_copy *copy, u64 us)
{
	check_time(us);
	host_of(ctx)->copy_timer[copy->frame] = true;
}

/* ---- threads and their requests ---- */

u8 world_op_of(const struct thread *t)
{
	return world.rules.program[t - world.thread].op[t->pc];
}

u32 world_frame_of(const struct thread *t)
{
	return world.rules.program[t - world.thread].frame[t->pc];
}

u8 world_access_of(const struct thread *t)
{
	return world_op_of(t) == OP_WRITE ? DSM_WRITE : DSM_READ;
}

void world_advance(struct thread *t)
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

struct slot *world_take_slot(struct host *h)
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
	slot = world_take_slot(h);
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

/* An entry that may go has gone; timers of its own time find nothing. */
struct dsm_page *world_entry(struct host *h, u32 frame)
{
	struct dsm_page *page = &h->page[frame];

	if (dsm_page_idle(&h->core, page)) {
		dsm_page_init(&h->core, page);
		h->page_timer[frame] = false;
	}
	return page;
}

void world_resolve(struct host *h, struct slot *slot)
{
	struct dsm_page *page = world_entry(h, slot->frame);

	slot->resolved = true;
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
	if (msg->token != PUSHED && (!t || world_frame_of(t) != msg->frame))
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
		    world_frame_of(t) != page->frame)
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

void world_gone(struct host *h, u32 kernel, u32 f, enum dsm_gone how)
{
	h->due[kernel] &= (u8) ~(1u << f);
	if (world.rules.home[f] == id_of(h) &&
	    !dsm_page_idle(&h->core, &h->page[f]))
		dsm_home_gone(&h->core, &h->page[f], kernel, how);
}

enum dsm_gone world_hello_of(const struct host *h, u32 kernel)
{
	return h->due_same[kernel] ? DSM_GAVE_BACK : DSM_REBORN;
}

void world_all_gone(struct host *h, u32 kernel, enum dsm_gone how)
{
	u32 f;

	for (f = 0; f < world.rules.frames; f++)
		world_gone(h, kernel, f, how);
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

void world_boot(u32 k, u32 inc)
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

void world_deliver(u32 from, u32 to)
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
		world_all_gone(h, from, world_hello_of(h, from));
	for (i = 0; i < WORLD_ASKS && !world.rules.slow; i++)
		if (h->slot[i].used && !h->slot[i].resolved)
			world_resolve(h, &h->slot[i]);
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
		world_boot(k, 1);
	for (k = 0; k < rules->kernels; k++)
		for (i = 0; i < rules->kernels; i++)
			if (i != k)
				dsm_peer_up(&world.host[k].core, i);
	for (k = 0; k < rules->kernels; k++)
		for (i = 0; i < rules->kernels; i++)
			while (world.queue[k][i].n)
				world_deliver(k, i);
	for (k = 0; k < rules->kernels; k++)
		memset(world.host[k].due, 0, sizeof(world.host[k].due));
	for (i = 0; i < WORLD_THREADS; i++) {
		world.thread[i].kernel = rules->program[i].kernel;
		if (rules->program[i].op[0] == OP_END)
			world.thread[i].state = ENDED;
	}
}
