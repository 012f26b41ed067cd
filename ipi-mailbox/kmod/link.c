// SPDX-License-Identifier: GPL-2.0
/*
 * Running a link: bells and ticks come in, the core says what they mean, and
 * callbacks are called.
 *
 * One context at a time hands out the events of a link, whichever comes first:
 * a bell's hard interrupt, the tick's, or the soft interrupt that goes on when
 * those have done enough (@rest). Any other only leaves a note (@again) that
 * there is something to look for. The core is called under the lock, callbacks
 * are not, so that they may send.
 *
 * Calls by other modules (api.c) never call callbacks themselves: the caller may
 * hold a lock that its callback takes. They poke @rest.
 */
#include <linux/bottom_half.h>
#include <linux/device.h>
#include <linux/mailbox_client.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "deliver.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Events that one hard interrupt hands out, and one run of the soft one. */
#define BUDGET_HARD 64
#define BUDGET_SOFT 256

void imb_port_bell(struct imb_port *port)
{
	u32 lose = READ_ONCE(port->lose_bells);

	trace_imb_bell_out(port->peer);
	if (lose && ++port->rung % lose == 0)
		return;
	port->bells++;
	mbox_send_message(port->chan, NULL);
	mbox_client_txdone(port->chan, 0);
}

/**
 * imb_peer_lock() - begin to use the core
 * @peer: link
 *
 * Return: for imb_peer_unlock().
 */
unsigned long imb_peer_lock(struct imb_peer *peer) __acquires(&peer->lock)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&peer->lock, flags);
	return flags;
}

/**
 * imb_peer_unlock() - end to use the core, and note what it has done
 * @peer: link
 * @flags: of imb_peer_lock()
 */
void imb_peer_unlock(struct imb_peer *peer, unsigned long flags)
	__releases(&peer->lock)
{
	u8 was = peer->seen;
	u8 is = peer->link.state;

	peer->seen = is;
	if (was != is)
		trace_imb_link_state(peer->id, imb_link_state_name(was),
				     imb_link_state_name(is),
				     peer->link.rx_tag);
	raw_spin_unlock_irqrestore(&peer->lock, flags);
	if (was != is)
		schedule_work(&peer->changed);
}

static bool next_event(struct imb_peer *peer, struct imb_delivery *d)
{
	lockdep_assert_held(&peer->lock);
	if (!imb_link_next(&peer->link, &d->event))
		return false;
	d->ch = peer->channels[d->event.service];
	d->pos = peer->link.rx[d->event.lane].pos;
	d->held = false;
	return true;
}

static void channel_state(struct imb_channel *ch, bool up)
{
	if (!ch)
		return;
	WRITE_ONCE(ch->up, up);
	if (ch->ops->state)
		ch->ops->state(ch->ctx, up);
}

static void channel_message(struct imb_peer *peer, struct imb_delivery *d)
{
	struct imb_msg msg = {
		.data = (__force const void *)d->event.data,
		.len = d->event.len,
		.priv = d,
	};

	trace_imb_deliver(peer->id, d->event.service, d->event.lane, msg.len,
			  d->pos);
	if (d->ch)
		d->ch->ops->receive(d->ch->ctx, &msg);
}

static void hand_out(struct imb_peer *peer, struct imb_delivery *d)
{
	switch (d->event.type) {
	case IMB_EVENT_CHANNEL_UP:
	case IMB_EVENT_CHANNEL_DOWN:
		channel_state(d->ch, d->event.type == IMB_EVENT_CHANNEL_UP);
		break;
	case IMB_EVENT_MESSAGE:
		channel_message(peer, d);
		break;
	case IMB_EVENT_WRITABLE:
		if (d->ch && d->ch->ops->writable)
			d->ch->ops->writable(d->ch->ctx);
		break;
	default:
		/* Of links user space is told by imb_peer_unlock(). */
		break;
	}
}

static void finish(struct imb_peer *peer, const struct imb_delivery *d)
{
	lockdep_assert_held(&peer->lock);
	if (d->event.type != IMB_EVENT_MESSAGE)
		return;
	if (d->event.buf >= 0 && !d->held)
		imb_link_return(&peer->link, &d->event);
	imb_link_done(&peer->link, &d->event);
}

/* Hand out up to @budget events. Return: whether there may be more. */
static bool run_locked(struct imb_peer *peer, unsigned int budget,
		       unsigned long *flags)
{
	struct imb_delivery d;

	do {
		peer->again = false;
		while (budget && next_event(peer, &d)) {
			budget--;
			imb_peer_unlock(peer, *flags);
			hand_out(peer, &d);
			*flags = imb_peer_lock(peer);
			finish(peer, &d);
		}
	} while (peer->again && budget);
	return !budget;
}

/*
 * RCU spans the choice of a channel and its callback: imb_close() takes the
 * channel away, then waits for a grace period.
 */
static bool run(struct imb_peer *peer, unsigned int budget)
{
	unsigned long flags;
	bool more = false;

	rcu_read_lock();
	flags = imb_peer_lock(peer);
	if (!peer->live || READ_ONCE(peer->frozen)) {
		/* too early, too late, or hung by order */
	} else if (peer->running) {
		peer->again = true;
	} else {
		peer->running = true;
		more = run_locked(peer, budget, &flags);
		peer->running = false;
	}
	imb_peer_unlock(peer, flags);
	rcu_read_unlock();
	return more;
}

static void defer(struct imb_peer *peer)
{
	WRITE_ONCE(peer->deferred, true);
	queue_work(system_bh_highpri_wq, &peer->rest);
}

static void run_hard(struct imb_peer *peer)
{
	if (!READ_ONCE(peer->deferred) && run(peer, BUDGET_HARD))
		defer(peer);
}

static void run_soft(struct work_struct *work)
{
	struct imb_peer *peer = container_of(work, struct imb_peer, rest);

	/* Before we look: a bell that rings after we have looked must count. */
	WRITE_ONCE(peer->deferred, false);
	if (run(peer, BUDGET_SOFT))
		defer(peer);
}

/**
 * imb_peer_poke() - have the link looked at, soon
 * @peer: link
 *
 * In task context the soft interrupt runs at once instead of in a thread.
 *
 * Context: any but NMI.
 */
void imb_peer_poke(struct imb_peer *peer)
{
	bool task = in_task() && !irqs_disabled();

	if (task)
		local_bh_disable();
	queue_work(system_bh_highpri_wq, &peer->rest);
	if (task)
		local_bh_enable();
}

static void bell(struct mbox_client *client, void *data)
{
	struct imb_peer *peer = container_of(client, struct imb_peer, client);

	u32 lose = READ_ONCE(peer->port.lose_bells);

	trace_imb_bell_in(peer->id);
	if (lose && ++peer->heard % lose == 0)
		return;
	run_hard(peer);
}

/**
 * imb_peer_tick() - the beat of a link, every IMB_BEAT_MS
 * @peer: link
 *
 * Context: hard interrupt. Finds what lost bells stood for.
 */
void imb_peer_tick(struct imb_peer *peer)
{
	unsigned long flags = imb_peer_lock(peer);

	if (peer->live && !READ_ONCE(peer->frozen)) {
		imb_link_tick(&peer->link);
		imb_link_kick(&peer->link);
	}
	imb_peer_unlock(peer, flags);
	run_hard(peer);
}

/**
 * imb_peer_input() - tell the core what it cannot see
 * @peer: link
 * @input: what
 */
void imb_peer_input(struct imb_peer *peer, enum imb_link_input input)
{
	unsigned long flags = imb_peer_lock(peer);

	imb_link_input(&peer->link, input);
	imb_peer_unlock(peer, flags);
	imb_peer_poke(peer);
}

static void changed(struct work_struct *work)
{
	imb_sysfs_changed(container_of(work, struct imb_peer, changed));
}

/**
 * imb_peer_init() - prepare a link
 * @peer: zeroed memory
 * @imb: the mailbox
 * @id: the other kernel
 */
void imb_peer_init(struct imb_peer *peer, struct imb *imb, u32 id)
{
	peer->imb = imb;
	peer->id = id;
	peer->port.peer = id;
	peer->port.line = imb->line;
	raw_spin_lock_init(&peer->lock);
	INIT_WORK(&peer->rest, run_soft);
	INIT_WORK(&peer->changed, changed);
	peer->client.dev = imb->dev;
	peer->client.rx_callback = bell;
	peer->client.knows_txdone = true;
}

/**
 * imb_peer_start() - show ourselves to the peer and listen
 * @peer: link
 * @bell: its doorbell
 */
void imb_peer_start(struct imb_peer *peer, struct mbox_chan *bell)
{
	struct imb *imb = peer->imb;
	unsigned long flags = imb_peer_lock(peer);

	peer->port.chan = bell;
	imb_link_init(&peer->link, &peer->port, &imb->geometry, imb->window,
		      imb->self, peer->id, imb->boot);
	peer->live = true;
	imb_peer_unlock(peer, flags);
}

/**
 * imb_peer_stop() - leave the link, never to come back
 * @peer: link that was started; nobody ticks it any more
 *
 * Context: process. No callback runs when it returns.
 */
void imb_peer_stop(struct imb_peer *peer)
{
	unsigned long flags;

	/* Its events, the last ones, are handed out here. */
	imb_peer_input(peer, IMB_IN_STOP);
	flush_work(&peer->rest);
	flags = imb_peer_lock(peer);
	peer->live = false;
	imb_peer_unlock(peer, flags);
	synchronize_rcu();
	cancel_work_sync(&peer->rest);
	cancel_work_sync(&peer->changed);
}
