// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The directory at a frame's home.
 *
 * One operation at a time and frame: somebody (a peer, or the home itself) is to
 * get it; those who have to give are asked, and when all have answered, it is
 * granted. The home gives by home_protect() as others give by RECALL. Where one
 * other kernel gives and one gets, the giver grants it directly.
 */
#include "dsm_intern.h"

struct plan {
	bool gives;
	u8 keep;
	u8 next;
};

enum giver { GIVES_NOBODY, GIVES_OTHERS };
enum asker { ASKER_OTHER, ASKER_HOLDER, ASKERS };

static const struct plan plans[DSM_PAGE_STATES][ASKERS][DSM_WRITE + 1] = {
#define PLAN(state, asker, access, giver, what, to)                      \
	[DSM_PAGE_##state][ASKER_##asker][DSM_##access] = {              \
		GIVES_##giver == GIVES_OTHERS, DSM_##what, DSM_PAGE_##to \
	},
#include "dsm_states.def"
};

bool dsm_home_is_old(const struct dsm_core *core, u32 kernel, u64 stamp)
{
	return !dsm_heard(core, kernel) || stamp < core->peer[kernel].hello;
}

static const struct plan *plan_for(const struct dsm_page *page, u32 kernel,
				   u8 access)
{
	u8 asker = page->holders & dsm_bit(kernel) ? ASKER_HOLDER : ASKER_OTHER;

	return &plans[page->state][asker][access];
}

static u8 givers(const struct dsm_page *page, u32 kernel, u8 access)
{
	if (!plan_for(page, kernel, access)->gives)
		return 0;
	return page->holders & (u8)~dsm_bit(kernel);
}

void dsm_home_gave(struct dsm_page *page, u32 kernel, u8 kept)
{
	if (kept == DSM_NONE)
		page->holders &= (u8)~dsm_bit(kernel);
	page->state = page->holders ? DSM_PAGE_SHARED : DSM_PAGE_FREE;
}

/* ---- the end of an operation ---- */

void dsm_home_refuse(struct dsm_core *core, const struct dsm_ask *ask, u32 code)
{
	struct dsm_msg msg = {
		.type = DSM_REFUSE,
		.home = (u8)core->self,
		.third = DSM_NOBODY,
		.flags = ask->flags,
		.token = ask->token,
		.addr = ask->addr,
		.space = ask->space,
		.space_inc = ask->space_inc,
		.code = code,
	};

	if (!code)
		core->stats.retries++;
	if (dsm_heard(core, ask->kernel))
		dsm_send(core, ask->kernel, &msg);
}

void dsm_home_done(struct dsm_core *core, struct dsm_page *page,
		   struct dsm_ask *ask, enum dsm_result result)
{
	if (result == DSM_AGAIN && !(ask->flags & DSM_OPTIONAL))
		dsm_home_refuse(core, ask, 0);
	core->ops->ask_done(core->ctx, page, ask, result);
}

static struct dsm_msg describe(const struct dsm_core *core,
			       const struct dsm_page *page,
			       const struct dsm_ask *ask)
{
	return (struct dsm_msg){
		.home = (u8)core->self,
		.third = DSM_NOBODY,
		.flags = ask->flags,
		.frame = page->frame,
		.token = ask->token,
		.addr = ask->addr,
		.space = ask->space,
		.space_inc = ask->space_inc,
		.prot = ask->prot,
	};
}

static void grant(struct dsm_core *core, struct dsm_page *page,
		  struct dsm_ask *ask, u8 next)
{
	struct dsm_msg msg = describe(core, page, ask);

	msg.type = DSM_GRANT;
	msg.access = next == DSM_PAGE_EXCLUSIVE ? DSM_WRITE : DSM_READ;
	msg.stamp = ++core->peer[ask->kernel].stamp;
	page->stamp[ask->kernel] = msg.stamp;
	core->stats.grants[msg.access]++;
	dsm_send(core, ask->kernel, &msg);
}

static void holds_now(struct dsm_page *page, u32 kernel, u8 next)
{
	page->holders |= dsm_bit(kernel);
	page->state = next;
}

static void take_back(struct dsm_core *core, struct dsm_page *page, u8 next)
{
	if (!(page->holders & dsm_bit(core->self))) {
		/* Prefetched while it was another's: stale. */
		core->ops->inval(core->ctx, page->frame);
		core->stats.invals++;
	}
	holds_now(page, core->self, next);
}

static void satisfy_want(struct dsm_core *core, struct dsm_page *page)
{
	if (!page->want || !dsm_home_ok(core, page, page->want))
		return;
	page->want = DSM_NONE;
	core->ops->home_wake(core->ctx, page);
}

static void take(struct dsm_core *core, struct dsm_page *page)
{
	take_back(core, page, page->next);
	if (page->want)
		page->until = core->ops->now_us(core->ctx) +
			      (u64)core->hold_us * DSM_RUN_FACTOR;
	core->stats.takes++;
	if (page->recalls)
		core->ops->home_wake(core->ctx, page);
}

void dsm_home_lose(struct dsm_core *core, struct dsm_page *page, u32 kernel)
{
	core->stats.lost++;
	core->ops->lost(core->ctx, page, kernel);
}

static void finish_ask(struct dsm_core *core, struct dsm_page *page)
{
	struct dsm_ask *ask = page->ask;

	page->ask = NULL;
	if (page->dead) {
		if (page->served && page->next == DSM_PAGE_EXCLUSIVE &&
		    page->dead == DSM_DEAD_DIRTY)
			dsm_home_lose(core, page, ask->kernel);
		dsm_home_done(core, page, ask, DSM_GONE);
	} else if (page->served) {
		holds_now(page, ask->kernel, page->next);
		page->stamp[ask->kernel] = page->grant_stamp;
		core->stats.forwards++;
		dsm_home_done(core, page, ask, DSM_GRANTED);
	} else if (dsm_home_is_old(core, ask->kernel, ask->since)) {
		dsm_home_done(core, page, ask, DSM_GONE);
	} else if (page->failed) {
		dsm_home_done(core, page, ask, DSM_AGAIN);
	} else {
		holds_now(page, ask->kernel, page->next);
		grant(core, page, ask, page->next);
		dsm_home_done(core, page, ask, DSM_GRANTED);
	}
}

void dsm_home_finish(struct dsm_core *core, struct dsm_page *page)
{
	if (page->waiting)
		return;
	if (page->op_kernel == core->self)
		take(core, page);
	else
		finish_ask(core, page);
	page->op_kernel = DSM_NOBODY;
}

/* ---- its beginning ---- */

static void recall(struct dsm_core *core, struct dsm_page *page, u32 kernel,
		   u16 flags)
{
	struct dsm_msg msg = { .third = DSM_NOBODY };

	if (!dsm_heard(core, kernel))
		return; /* dsm_home_gone() will answer for it */
	if (page->third != DSM_NOBODY) {
		msg = describe(core, page, page->ask);
		msg.third = page->third;
		msg.grant_stamp = page->grant_stamp;
	}
	msg.type = DSM_RECALL;
	msg.access = page->keep;
	msg.home = (u8)core->self;
	msg.flags |= flags;
	msg.frame = page->frame;
	msg.stamp = page->stamp[kernel];
	dsm_send(core, kernel, &msg);
}

void dsm_home_ask_back(struct dsm_core *core, struct dsm_page *page, u32 kernel)
{
	page->stamp[kernel] = ++core->peer[kernel].stamp;
	core->stats.recalls++;
	recall(core, page, kernel, page->urgent ? DSM_URGENT : 0);
}

static bool one_bit(u8 bits)
{
	return bits && !(bits & (bits - 1));
}

/* One other kernel gives, one gets: directly. */
static void choose_third(struct dsm_core *core, struct dsm_page *page)
{
	u8 who = page->waiting;

	page->third = DSM_NOBODY;
	if (!page->ask || !one_bit(who) || who == dsm_bit(core->self))
		return;
	page->third = page->op_kernel;
	page->grant_stamp = ++core->peer[page->op_kernel].stamp;
}

static void begin(struct dsm_core *core, struct dsm_page *page, u32 kernel,
		  u8 access, struct dsm_ask *ask)
{
	const struct plan *plan = plan_for(page, kernel, access);
	u32 k;

	page->waiting = givers(page, kernel, access);
	page->keep = plan->keep;
	page->next = plan->next;
	page->op_kernel = (u8)kernel;
	page->ask = ask;
	page->failed = false;
	page->served = false;
	page->dead = DSM_ALIVE;
	choose_third(core, page);
	for (k = 0; k < core->kernels; k++)
		if ((page->waiting & dsm_bit(k)) && k != core->self)
			dsm_home_ask_back(core, page, k);
	if (page->waiting & dsm_bit(core->self)) {
		page->op = ++core->op;
		core->ops->home_protect(core->ctx, page, page->keep, page->op);
	}
	dsm_home_finish(core, page);
}

static struct dsm_ask *pop(struct dsm_page *page)
{
	struct dsm_ask *ask = page->asks;

	page->asks = ask->next;
	return ask;
}

/* The home has its time, too. Return: how much of it is left. */
static u64 home_time(struct dsm_core *core, const struct dsm_page *page,
		     const struct dsm_ask *ask)
{
	u64 now = core->ops->now_us(core->ctx);

	if (!(givers(page, ask->kernel, ask->access) & dsm_bit(core->self)))
		return 0;
	return now < page->until ? page->until - now : 0;
}

static void come_back(struct dsm_core *core, struct dsm_page *page, u64 us)
{
	if (page->timer)
		return;
	page->timer = true;
	core->stats.holds++;
	core->ops->later_page(core->ctx, page, us);
}

/* Return: false if nothing can be begun now. */
static bool serve_ask(struct dsm_core *core, struct dsm_page *page)
{
	struct dsm_ask *ask = page->asks;
	u64 wait = home_time(core, page, ask);
	u8 from = givers(page, ask->kernel, ask->access);
	bool optional = ask->flags & DSM_OPTIONAL;

	if (wait && !optional) {
		come_back(core, page, wait);
		return false;
	}
	pop(page);
	page->turn = false;
	if (dsm_home_is_old(core, ask->kernel, ask->since))
		dsm_home_done(core, page, ask, DSM_GONE);
	else if (optional && (wait || (from & ~dsm_bit(core->self))))
		dsm_home_done(core, page, ask, DSM_SKIPPED);
	else
		begin(core, page, ask->kernel, ask->access, ask);
	return true;
}

/* What no other kernel has is all ours: the entry may go. */
static void settle(struct dsm_core *core, struct dsm_page *page)
{
	if (dsm_home_busy(page) || (page->holders & ~dsm_bit(core->self)) ||
	    dsm_home_all_ours(core, page))
		return;
	take_back(core, page, DSM_PAGE_EXCLUSIVE);
	core->ops->home_wake(core->ctx, page);
}

void dsm_home_serve(struct dsm_core *core, struct dsm_page *page)
{
	bool more = true;

	while (more && !dsm_home_busy(page)) {
		satisfy_want(core, page);
		if (page->recalls) {
			more = !dsm_home_all_ours(core, page);
			if (more)
				begin(core, page, core->self, DSM_WRITE, NULL);
		} else if (page->want && !(page->turn && page->asks)) {
			page->turn = true;
			begin(core, page, core->self, page->want, NULL);
		} else {
			more = page->asks && serve_ask(core, page);
		}
	}
	settle(core, page);
}

/* ---- messages ---- */

void dsm_home_ack(struct dsm_core *core, struct dsm_page *page,
		  const struct dsm_msg *msg)
{
	if (!(page->waiting & dsm_bit(msg->from)) ||
	    msg->stamp != page->stamp[msg->from])
		return; /* to a recall that was repeated for being urgent */
	if (msg->access > page->keep ||
	    ((msg->flags & DSM_FORWARDED) && page->third == DSM_NOBODY)) {
		dsm_bad(core, msg->from, "did not do as told");
		return;
	}
	page->waiting &= (u8)~dsm_bit(msg->from);
	dsm_home_gave(page, msg->from, msg->access);
	if (msg->flags & DSM_FORWARDED)
		page->served = true;
	if (page->lost_by != DSM_NOBODY && !(msg->flags & DSM_HELD))
		dsm_home_lose(core, page, page->lost_by);
	page->lost_by = DSM_NOBODY;
	dsm_home_finish(core, page);
	dsm_home_serve(core, page);
}

/* It may have crossed a recall or a grant: then that one is answered, too. */
void dsm_home_release(struct dsm_core *core, struct dsm_page *page,
		      const struct dsm_msg *msg)
{
	if (!(page->holders & dsm_bit(msg->from)) ||
	    (page->waiting & dsm_bit(msg->from)) ||
	    msg->stamp != page->stamp[msg->from])
		return;
	dsm_home_gave(page, msg->from, DSM_NONE);
	dsm_home_serve(core, page);
}

/* ---- the host ---- */

bool dsm_home_recall(struct dsm_core *core, struct dsm_page *page, bool urgent)
{
	page->recalls++;
	/* Nothing in this kernel may keep the caller waiting. */
	page->waiting &= (u8)~dsm_bit(core->self);
	if (dsm_home_busy(page) && page->op_kernel != core->self) {
		page->failed = true;
		dsm_home_finish(core, page);
	}
	while (page->asks)
		dsm_home_done(core, page, pop(page), DSM_AGAIN);
	if (urgent)
		dsm_home_hurry(core, page);
	dsm_home_serve(core, page);
	return dsm_home_all_ours(core, page);
}

void dsm_home_recall_end(struct dsm_core *core, struct dsm_page *page)
{
	if (!--page->recalls)
		page->urgent = false;
	dsm_home_serve(core, page);
}

void dsm_home_hurry(struct dsm_core *core, struct dsm_page *page)
{
	u32 k;

	page->urgent = true;
	for (k = 0; k < core->kernels; k++)
		if ((page->waiting & dsm_bit(k)) && k != core->self)
			recall(core, page, k, DSM_URGENT);
}

void dsm_home_protected(struct dsm_core *core, struct dsm_page *page, u32 op,
			bool ok)
{
	if (op != page->op || !(page->waiting & dsm_bit(core->self)))
		return;
	page->waiting &= (u8)~dsm_bit(core->self);
	if (!ok) {
		page->failed = true;
	} else {
		if (page->state == DSM_PAGE_EXCLUSIVE) {
			core->ops->clean(core->ctx, page->frame);
			core->stats.cleans++;
		}
		dsm_home_gave(page, core->self, page->keep);
	}
	dsm_home_finish(core, page);
	dsm_home_serve(core, page);
}
