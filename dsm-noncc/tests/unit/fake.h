/* SPDX-License-Identifier: GPL-2.0 */
/* A host for one kernel, number 0 of 4, that writes down what the core asks. */
#ifndef FAKE_H
#define FAKE_H

#include <stdlib.h>

#include "../../../ipi-mailbox/tests/tap.h"
#include "dsm_intern.h"

#define SELF 0
#define INC  7u
#define MAX  64

struct fake {
	struct dsm_core core;
	struct dsm_page page; /* frame 5, ours */
	struct dsm_copy copy; /* frame 9 of kernel 1 */
	bool accepts;
	u64 now;
	u64 step; /* that passes whenever somebody looks at the clock */
	struct dsm_wire sent[MAX];
	u8 to[MAX];
	u32 n;
	struct dsm_msg request, granted, refused;
	u32 requests, grants, refusals, ready, same, bad, wakes, lost, done;
	u8 lost_by;
	enum dsm_result result;
	u32 protects, unmaps, cleans, invals, later_page, later_copy;
	u8 keep;
	u32 op;
	u64 us;
};

static struct fake *fake_of(void *ctx)
{
	return ctx;
}

static u64 fake_now(void *ctx)
{
	struct fake *f = fake_of(ctx);
	u64 now = f->now;

	f->now += f->step;
	return now;
}

static void fake_send(void *ctx, u32 kernel, const struct dsm_wire *msg)
{
	struct fake *f = fake_of(ctx);

	if (f->n == MAX)
		abort();
	f->to[f->n] = (u8)kernel;
	f->sent[f->n++] = *msg;
}

static struct dsm_page *fake_page(void *ctx, u64 frame)
{
	return frame == 5 ? &fake_of(ctx)->page : NULL;
}

static struct dsm_copy *fake_copy(void *ctx, u32 home, u64 frame)
{
	return home == 1 && frame == 9 ? &fake_of(ctx)->copy : NULL;
}

static void fake_request(void *ctx, const struct dsm_msg *msg)
{
	fake_of(ctx)->requests++;
	fake_of(ctx)->request = *msg;
}

static struct dsm_copy *fake_accept(void *ctx, const struct dsm_msg *msg)
{
	return fake_of(ctx)->accepts ? fake_copy(ctx, msg->home, msg->frame) :
				       NULL;
}

static void fake_granted(void *ctx, struct dsm_copy *copy,
			 const struct dsm_msg *msg)
{
	(void)copy;
	fake_of(ctx)->grants++;
	fake_of(ctx)->granted = *msg;
}

static void fake_refused(void *ctx, const struct dsm_msg *msg)
{
	fake_of(ctx)->refusals++;
	fake_of(ctx)->refused = *msg;
}

static void fake_ready(void *ctx, u32 kernel, bool same)
{
	(void)kernel;
	fake_of(ctx)->ready++;
	fake_of(ctx)->same += same;
}

static void fake_bad(void *ctx, u32 kernel, const char *why)
{
	(void)kernel;
	(void)why;
	fake_of(ctx)->bad++;
}

static void fake_protect(void *ctx, struct dsm_page *page,
			 enum dsm_access access, u32 op)
{
	(void)page;
	fake_of(ctx)->protects++;
	fake_of(ctx)->keep = (u8)access;
	fake_of(ctx)->op = op;
}

static void fake_wake(void *ctx, struct dsm_page *page)
{
	(void)page;
	fake_of(ctx)->wakes++;
}

static void fake_done(void *ctx, struct dsm_page *page, struct dsm_ask *ask,
		      enum dsm_result result)
{
	(void)page;
	(void)ask;
	fake_of(ctx)->done++;
	fake_of(ctx)->result = result;
}

static void fake_lost(void *ctx, struct dsm_page *page, u32 kernel)
{
	(void)page;
	fake_of(ctx)->lost++;
	fake_of(ctx)->lost_by = (u8)kernel;
}

static void fake_later_page(void *ctx, struct dsm_page *page, u64 us)
{
	(void)page;
	fake_of(ctx)->later_page++;
	fake_of(ctx)->us = us;
}

static void fake_unmap(void *ctx, struct dsm_copy *copy, enum dsm_access access,
		       u32 op)
{
	(void)copy;
	fake_of(ctx)->unmaps++;
	fake_of(ctx)->keep = (u8)access;
	fake_of(ctx)->op = op;
}

static void fake_later_copy(void *ctx, struct dsm_copy *copy, u64 us)
{
	(void)copy;
	fake_of(ctx)->later_copy++;
	fake_of(ctx)->us = us;
}

static void fake_clean(void *ctx, u64 frame)
{
	(void)frame;
	fake_of(ctx)->cleans++;
}

static void fake_inval(void *ctx, u64 frame)
{
	(void)frame;
	fake_of(ctx)->invals++;
}

static const struct dsm_ops fake_ops = {
	.now_us = fake_now,
	.send = fake_send,
	.find_page = fake_page,
	.find_copy = fake_copy,
	.request = fake_request,
	.accept = fake_accept,
	.granted = fake_granted,
	.refused = fake_refused,
	.peer_ready = fake_ready,
	.peer_bad = fake_bad,
	.home_protect = fake_protect,
	.home_wake = fake_wake,
	.ask_done = fake_done,
	.lost = fake_lost,
	.later_page = fake_later_page,
	.copy_unmap = fake_unmap,
	.later_copy = fake_later_copy,
	.clean = fake_clean,
	.inval = fake_inval,
};

/* Incarnation of each peer. */
static u32 inc_of(u32 kernel)
{
	return 10 + kernel;
}

static void receive(struct fake *f, u32 from, struct dsm_wire w)
{
	dsm_receive(&f->core, from, &w, sizeof(w));
}

static struct dsm_wire message(u8 type, u32 from, u8 home)
{
	return (struct dsm_wire){
		.type = type,
		.home = home,
		.third = DSM_NOBODY,
		.from_inc = cpu_to_le32(inc_of(from)),
		.home_inc = cpu_to_le32(home == SELF ? INC : inc_of(home)),
	};
}

static struct dsm_wire hello(u32 from)
{
	struct dsm_wire w = message(DSM_HELLO, from, (u8)from);

	w.home_inc = 0;
	w.code = cpu_to_le32(DSM_WIRE_MAJOR << 16 | DSM_WIRE_MINOR);
	return w;
}

/* Everybody has said hello. */
static struct fake *fake_create(u32 hold_us)
{
	struct fake *f = calloc(1, sizeof(*f));
	u32 k;

	f->core.ops = &fake_ops;
	f->core.ctx = f;
	f->core.self = SELF;
	f->core.kernels = 4;
	f->core.inc = INC;
	f->core.hold_us = hold_us;
	f->now = 1000;
	f->accepts = true;
	f->page.frame = 5;
	f->copy.frame = 9;
	f->copy.home = 1;
	dsm_page_init(&f->core, &f->page);
	dsm_copy_init(&f->core, &f->copy);
	for (k = 1; k < 4; k++)
		receive(f, k, hello(k));
	return f;
}

static struct dsm_wire *last(struct fake *f)
{
	return &f->sent[f->n ? f->n - 1 : 0];
}

#endif /* FAKE_H */
