// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Frames of other kernels that this one has.
 *
 * A grant and a later recall may come by different links, since a third kernel
 * may send the grant: the recall can be first. So can be our own release of a
 * later grant. Each recall and release is therefore remembered, per hash of
 * frames, by its stamp, and a grant with no higher one is void. It is enough to
 * know the newest: the home recalls a frame only after all that it granted, and
 * grants it only after all recalls are answered.
 */
#include "dsm_intern.h"

enum action {
	ACT_NONE,
	ACT_NOTHING,
	ACT_ACQUIRE,
	ACT_DELAY,
	ACT_UNMAP,
	ACT_ACK,
	ACT_RETURN,
	ACT_VOID,
};

enum event {
#define EVENT(name, text) ON_##name,
#include "dsm_states.def"
	EVENTS
};

struct row {
	bool defined;
	u8 next;
	u8 action;
};

static const struct row rows[DSM_COPY_PHASES][EVENTS] = {
#define ROW(from, event, to, act) \
	[DSM_COPY_##from][ON_##event] = { true, DSM_COPY_##to, ACT_##act },
#include "dsm_states.def"
};

static u64 *seen(struct dsm_core *core, u32 home, u64 frame)
{
	u32 bucket = (u32)((frame * 0x9e3779b97f4a7c15ull) >> 32) % DSM_BUCKETS;

	return &core->peer[home].seen[bucket];
}

/* ---- answers ---- */

static void ack(struct dsm_core *core, const struct dsm_msg *recall, u16 flags,
		u8 access)
{
	struct dsm_msg msg = {
		.type = DSM_ACK,
		.access = access,
		.home = recall->home,
		.third = DSM_NOBODY,
		.flags = flags,
		.frame = recall->frame,
		.stamp = recall->stamp,
	};

	dsm_send(core, recall->home, &msg);
}

static bool forward(struct dsm_core *core, const struct dsm_msg *recall)
{
	struct dsm_msg msg = *recall;

	if (recall->third == DSM_NOBODY || !dsm_heard(core, recall->third))
		return false;
	msg.type = DSM_GRANT;
	msg.access = recall->access == DSM_READ ? DSM_READ : DSM_WRITE;
	msg.third = DSM_NOBODY;
	msg.flags &= DSM_EXEC | DSM_OPTIONAL;
	msg.stamp = recall->grant_stamp;
	msg.grant_stamp = 0;
	dsm_send(core, recall->third, &msg);
	return true;
}

static void answer(struct dsm_core *core, struct dsm_copy *copy)
{
	u16 flags = DSM_HELD;

	if (forward(core, &copy->recall))
		flags |= DSM_FORWARDED;
	ack(core, &copy->recall, flags, copy->access);
	/* What is kept is given back, later, as what this recall has left. */
	if (copy->recall.stamp > copy->stamp)
		copy->stamp = copy->recall.stamp;
}

/* An older grant that a third kernel has sent may still be under way. */
static void forget_until(struct dsm_core *core, u32 home, u64 frame, u64 stamp)
{
	u64 *newest = seen(core, home, frame);

	if (stamp > *newest)
		*newest = stamp;
}

static void release(struct dsm_core *core, u32 home, u64 frame, u64 stamp)
{
	struct dsm_msg msg = {
		.type = DSM_RELEASE,
		.home = home,
		.third = DSM_NOBODY,
		.frame = frame,
		.stamp = stamp,
	};

	forget_until(core, home, frame, stamp);
	dsm_send(core, home, &msg);
}

static void give_back(struct dsm_core *core, struct dsm_copy *copy)
{
	release(core, copy->home, copy->frame, copy->stamp);
}

/* ---- the state table ---- */

static void unmap(struct dsm_core *core, struct dsm_copy *copy)
{
	copy->keep = copy->phase == DSM_COPY_RECALLED ? copy->recall.access :
							DSM_NONE;
	copy->op = ++core->op;
	core->ops->copy_unmap(core->ctx, copy, copy->keep, copy->op);
}

/* How much is left of our time. It may have ended since somebody looked. */
static u64 time_left(struct dsm_core *core, const struct dsm_copy *copy)
{
	u64 now = core->ops->now_us(core->ctx);

	return now < copy->until ? copy->until - now : 0;
}

static void act(struct dsm_core *core, struct dsm_copy *copy, u8 action)
{
	switch (action) {
	case ACT_DELAY:
		core->stats.holds++;
		core->ops->later_copy(core->ctx, copy, time_left(core, copy));
		break;
	case ACT_UNMAP:
		unmap(core, copy);
		break;
	case ACT_ACK:
		answer(core, copy);
		break;
	case ACT_RETURN:
		give_back(core, copy);
		break;
	default:
		break;
	}
}

/* Return: the action, some of which need what only the caller has. */
static int step(struct dsm_core *core, struct dsm_copy *copy, enum event event)
{
	const struct row *row = &rows[copy->phase][event];

	if (!row->defined)
		return -EPROTO;
	copy->phase = row->next;
	act(core, copy, row->action);
	return row->action;
}

/* ---- messages ---- */

static void acquire(struct dsm_core *core, struct dsm_copy *copy,
		    const struct dsm_msg *msg)
{
	if (copy->access == DSM_NONE) {
		/* Prefetched before it was ours: stale. */
		core->ops->inval(core->ctx, copy->frame);
		core->stats.invals++;
		copy->since = msg->stamp;
	}
	if (msg->access > copy->access)
		copy->access = msg->access;
	copy->used = false;
	/* Nobody waits for a neighbour. */
	if (!(msg->flags & DSM_OPTIONAL))
		copy->until = core->ops->now_us(core->ctx) +
			      (u64)core->hold_us * DSM_RUN_FACTOR;
}

static void too_late(struct dsm_core *core, const struct dsm_msg *msg)
{
	struct dsm_msg again = *msg;

	core->stats.voids++;
	again.code = 0;
	core->ops->refused(core->ctx, &again);
}

/*
 * Nobody here wants it. If nothing of it was here before it is given back at once:
 * until then the home takes it for ours, and for lost if we end. What a third kernel
 * says of a stamp of the home is not to be remembered.
 */
static void decline(struct dsm_core *core, const struct dsm_msg *msg)
{
	struct dsm_copy *copy =
		core->ops->find_copy(core->ctx, msg->home, msg->frame);

	if (msg->from == msg->home && (!copy || dsm_copy_idle(copy)))
		release(core, msg->home, msg->frame, msg->stamp);
}

void dsm_copy_grant(struct dsm_core *core, const struct dsm_msg *msg)
{
	struct dsm_copy *copy;

	if (msg->stamp <= *seen(core, msg->home, msg->frame)) {
		too_late(core, msg);
		return;
	}
	copy = core->ops->accept(core->ctx, msg);
	if (!copy) {
		decline(core, msg);
		return;
	}
	if (step(core, copy, ON_GRANT) == ACT_VOID) {
		too_late(core, msg);
	} else {
		acquire(core, copy, msg);
		core->ops->granted(core->ctx, copy, msg);
	}
	/* Also if it came while we give back: what we return is this one. */
	if (msg->stamp > copy->stamp)
		copy->stamp = msg->stamp;
}

static bool early(struct dsm_core *core, const struct dsm_copy *copy,
		  const struct dsm_msg *msg)
{
	return !(msg->flags & DSM_URGENT) && time_left(core, copy);
}

static bool recall_open(const struct dsm_copy *copy)
{
	return copy->phase == DSM_COPY_HOLDING ||
	       copy->phase == DSM_COPY_RECALLED;
}

void dsm_copy_recall(struct dsm_core *core, const struct dsm_msg *msg)
{
	struct dsm_copy *copy =
		core->ops->find_copy(core->ctx, msg->home, msg->frame);
	bool again = msg->stamp <= *seen(core, msg->home, msg->frame);

	forget_until(core, msg->home, msg->frame, msg->stamp);
	if (!copy || dsm_copy_idle(copy)) {
		ack(core, msg, 0, DSM_NONE);
		return;
	}
	/* Repeated for being urgent, and already answered. */
	if (again && !recall_open(copy) &&
	    (msg->stamp < copy->stamp || msg->stamp <= copy->recall.stamp))
		return;
	if (recall_open(copy) && msg->stamp != copy->recall.stamp) {
		dsm_bad(core, msg->from, "recall of what is recalled");
		return;
	}
	if (!recall_open(copy))
		copy->recall = *msg;
	if (step(core, copy, early(core, copy, msg) ? ON_EARLY : ON_RECALL) < 0)
		dsm_bad(core, msg->from, "recall after its end");
}

/* ---- the host ---- */

void dsm_copy_init(struct dsm_core *core, struct dsm_copy *copy)
{
	struct dsm_copy fresh = {
		.frame = copy->frame,
		.home = copy->home,
		.phase = DSM_COPY_IDLE,
	};

	(void)core;
	*copy = fresh;
}

bool dsm_copy_idle(const struct dsm_copy *copy)
{
	return copy->phase == DSM_COPY_IDLE;
}

bool dsm_copy_may_map(struct dsm_core *core, struct dsm_copy *copy, u64 stamp,
		      enum dsm_access access)
{
	if (copy->phase != DSM_COPY_HELD && copy->phase != DSM_COPY_HOLDING)
		return false;
	if (copy->access < access || stamp < copy->since)
		return false;
	if (!copy->used)
		copy->until = core->ops->now_us(core->ctx) + core->hold_us;
	copy->used = true;
	return true;
}

void dsm_copy_unmapped(struct dsm_core *core, struct dsm_copy *copy, u32 op)
{
	if (op != copy->op)
		return;
	if (copy->access == DSM_WRITE) {
		core->ops->clean(core->ctx, copy->frame);
		core->stats.cleans++;
	}
	if (copy->keep < copy->access)
		copy->access = copy->keep;
	step(core, copy, copy->access == DSM_NONE ? ON_LEFT : ON_KEPT);
}

void dsm_copy_release(struct dsm_core *core, struct dsm_copy *copy)
{
	step(core, copy, ON_RELEASE);
}

void dsm_copy_gone(struct dsm_core *core, struct dsm_copy *copy)
{
	step(core, copy, ON_GONE);
}

void dsm_copy_timer(struct dsm_core *core, struct dsm_copy *copy)
{
	if (!time_left(core, copy))
		step(core, copy, ON_TIMER);
	else if (copy->phase == DSM_COPY_HOLDING)
		act(core, copy, ACT_DELAY);
}
