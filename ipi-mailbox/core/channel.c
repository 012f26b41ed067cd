// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Channels: many conversations over one link's lanes. A channel stays on its
 * lane, its control messages too, so that they stay in order with its messages.
 *
 * A channel that buffers for a slow reader has a window: the peer may send as
 * many messages as it was promised room for, so that a reader that sleeps stops
 * its own sender and nobody else.
 *
 * Closing is answered (CLOSED), and what arrives before the answer is dropped:
 * who opens the channel next gets nothing that was meant for its predecessor.
 */
#include "channel.h"

/* Under load, room is looked for once in so many events. */
#define ROOM_EVERY 16

static u8 todo_bit(u32 op)
{
	return (u8)(1u << op);
}

static void send_later(struct imb_link *link, u16 service, u32 op)
{
	link->channels[service].todo |= todo_bit(op);
	link->news |= 1ull << service;
}

/* This end's promise to the peer, anew. */
static void announce(struct imb_link *link, u16 service)
{
	struct imb_channel_state *ch = &link->channels[service];

	ch->rx_left = ch->window;
	ch->owed = 0;
	send_later(link, service, IMB_WIRE_OP_OPEN);
}

void imb_channels_start(struct imb_link *link)
{
	struct imb_channel_state *ch;
	u16 service;

	for (service = 0; service < IMB_WIRE_SERVICES; service++) {
		ch = &link->channels[service];
		ch->peer_open = false;
		ch->draining = false;
		ch->blocked = false;
		ch->todo = 0;
		if (ch->open)
			announce(link, service);
	}
}

int imb_link_open(struct imb_link *link, u16 service, u8 lane, u32 window)
{
	struct imb_channel_state *ch;

	if (service >= IMB_WIRE_SERVICES || lane >= IMB_WIRE_LANES)
		return -EINVAL;
	ch = &link->channels[service];
	/* On another lane an OPEN could overtake the CLOSE before it. */
	if (ch->open || ((ch->draining || ch->todo) && ch->lane != lane))
		return -EBUSY;
	ch->open = true;
	ch->lane = lane;
	ch->window = window;
	if (link->state == IMB_LINK_UP)
		announce(link, service);
	return 0;
}

void imb_link_close(struct imb_link *link, u16 service)
{
	struct imb_channel_state *ch = &link->channels[service];

	ch->open = false;
	ch->told = false;
	ch->blocked = false;
	if (link->state != IMB_LINK_UP)
		return;
	if (ch->todo & todo_bit(IMB_WIRE_OP_OPEN)) {
		/* The peer has not heard of this opening. */
		ch->todo &= (u8)~todo_bit(IMB_WIRE_OP_OPEN);
		return;
	}
	ch->todo &= (u8)~todo_bit(IMB_WIRE_OP_CREDIT);
	ch->draining = true;
	send_later(link, service, IMB_WIRE_OP_CLOSE);
}

void imb_link_consumed(struct imb_link *link, u16 service, u32 tag, u32 n)
{
	struct imb_channel_state *ch = &link->channels[service];

	if (!ch->open || !ch->window || tag != link->rx_tag)
		return;
	ch->owed += n;
	if (ch->owed * 2 >= ch->window)
		send_later(link, service, IMB_WIRE_OP_CREDIT);
}

bool imb_channel_fallen(struct imb_link *link, struct imb_event *event)
{
	u16 service;

	for (service = 0; service < IMB_WIRE_SERVICES; service++)
		if (link->channels[service].told) {
			link->channels[service].told = false;
			event->type = IMB_EVENT_CHANNEL_DOWN;
			event->service = service;
			return true;
		}
	return false;
}

int imb_lane_reserve(struct imb_link *link, u32 lane, u8 __shm **to)
{
	struct imb_tx *tx = &link->tx[lane];
	int ret = imb_tx_reserve(tx, to);

	if (ret != -EAGAIN)
		return ret;
	if (imb_tx_wait(tx))
		return imb_tx_reserve(tx, to);
	link->waiting |= 1u << lane;
	return -EAGAIN;
}

/*
 * The ctrl messages of a channel in the order that makes sense: an end that was
 * closed and opened again says CLOSE, waits for CLOSED, then says OPEN.
 */
static u32 next_op(const struct imb_channel_state *ch)
{
	if (ch->todo & todo_bit(IMB_WIRE_OP_CLOSED))
		return IMB_WIRE_OP_CLOSED;
	if (ch->todo & todo_bit(IMB_WIRE_OP_CLOSE))
		return IMB_WIRE_OP_CLOSE;
	if (ch->draining)
		return 0;
	if (ch->todo & todo_bit(IMB_WIRE_OP_OPEN))
		return IMB_WIRE_OP_OPEN;
	if (ch->todo & todo_bit(IMB_WIRE_OP_CREDIT))
		return IMB_WIRE_OP_CREDIT;
	return 0;
}

static u32 op_argument(struct imb_channel_state *ch, u32 op)
{
	u32 owed = ch->owed;

	if (op == IMB_WIRE_OP_OPEN)
		return ch->window;
	if (op != IMB_WIRE_OP_CREDIT)
		return 0;
	ch->owed = 0;
	ch->rx_left += owed;
	return owed;
}

/* Send one channel's control messages. Return: 0, -EAGAIN, -EPROTO. */
static int flush_channel(struct imb_link *link, u16 service)
{
	struct imb_channel_state *ch = &link->channels[service];
	struct imb_wire_ctrl ctrl;
	u8 __shm *to;
	u32 op;
	int ret;

	while ((op = next_op(ch))) {
		ret = imb_lane_reserve(link, ch->lane, &to);
		if (ret)
			return ret;
		ctrl.op = cpu_to_le32(op);
		ctrl.arg = cpu_to_le32(op_argument(ch, op));
		imb_port_copy_out(link->port, to, &ctrl, sizeof(ctrl));
		imb_tx_commit(&link->tx[ch->lane], sizeof(ctrl), service,
			      IMB_WIRE_CTRL);
		ch->todo &= (u8)~todo_bit(op);
	}
	return 0;
}

/* Tell the host of a channel whose both ends are, or are no longer, open. */
static bool channel_news(struct imb_link *link, u16 service,
			 struct imb_event *event)
{
	struct imb_channel_state *ch = &link->channels[service];
	bool up = ch->open && ch->peer_open && !ch->draining &&
		  !(ch->todo & todo_bit(IMB_WIRE_OP_OPEN));

	if (up == ch->told)
		return false;
	ch->told = up;
	event->type = up ? IMB_EVENT_CHANNEL_UP : IMB_EVENT_CHANNEL_DOWN;
	event->service = service;
	return true;
}

static bool wake_writer(struct imb_link *link, u16 service,
			struct imb_event *event)
{
	struct imb_channel_state *ch = &link->channels[service];

	if (!ch->blocked || (ch->peer_window && !ch->credit))
		return false;
	ch->blocked = false;
	event->type = IMB_EVENT_WRITABLE;
	event->service = service;
	return true;
}

/*
 * Work through the channels marked in link->news: send what control messages
 * they have, then report. A mark stays until its channel has nothing left.
 */
static int work_news(struct imb_link *link, struct imb_event *event)
{
	u16 service;
	int ret;

	for (service = 0; service < IMB_WIRE_SERVICES; service++) {
		if (!(link->news >> service & 1))
			continue;
		ret = flush_channel(link, service);
		if (ret == -EPROTO)
			return ret;
		if (channel_news(link, service, event) ||
		    wake_writer(link, service, event))
			return 1;
		if (!ret)
			link->news &= ~(1ull << service);
	}
	imb_link_kick(link);
	return 0;
}

static void mark_lane(struct imb_link *link, u32 lane)
{
	u16 service;

	for (service = 0; service < IMB_WIRE_SERVICES; service++)
		if (link->channels[service].lane == lane)
			link->news |= 1ull << service;
}

/*
 * Who waits for room is marked when there is some, or asks for a bell again.
 * That costs accesses to shared memory, so it is done when there is nothing
 * else to do, and now and then under load.
 */
static int look_for_room(struct imb_link *link)
{
	u8 __shm *to;
	u32 lane;
	int ret;

	for (lane = 0; lane < IMB_WIRE_LANES; lane++) {
		if (!(link->waiting >> lane & 1))
			continue;
		link->waiting &= ~(1u << lane);
		ret = imb_lane_reserve(link, lane, &to);
		if (ret == -EPROTO)
			return ret;
		if (!ret)
			mark_lane(link, lane);
	}
	if (link->pool_waiting && imb_pool_wait(&link->pool_tx)) {
		link->pool_waiting = false;
		for (lane = 0; lane < IMB_WIRE_LANES; lane++)
			mark_lane(link, lane);
	}
	return 0;
}

static void peer_opened(struct imb_link *link, u16 service, u32 window)
{
	struct imb_channel_state *ch = &link->channels[service];

	ch->peer_open = true;
	ch->peer_window = window;
	ch->credit = window;
}

/* A control message. What a newer peer may say is ignored. */
static int control(struct imb_link *link, const struct imb_slot *slot)
{
	struct imb_channel_state *ch = &link->channels[slot->service];
	struct imb_wire_ctrl ctrl;
	u32 arg;

	if (slot->len < sizeof(ctrl))
		return -EPROTO;
	imb_port_copy_in(link->port, &ctrl, slot->data, sizeof(ctrl));
	arg = le32_to_cpu(ctrl.arg);
	switch (le32_to_cpu(ctrl.op)) {
	case IMB_WIRE_OP_OPEN:
		peer_opened(link, slot->service, arg);
		break;
	case IMB_WIRE_OP_CLOSE:
		ch->peer_open = false;
		send_later(link, slot->service, IMB_WIRE_OP_CLOSED);
		break;
	case IMB_WIRE_OP_CREDIT:
		if (ch->credit + (u64)arg > ch->peer_window)
			return -EPROTO;
		ch->credit += arg;
		break;
	case IMB_WIRE_OP_CLOSED:
		if (!ch->draining)
			return -EPROTO;
		ch->draining = false;
		if (ch->open)
			announce(link, slot->service);
		break;
	default:
		break;
	}
	link->news |= 1ull << slot->service;
	return 0;
}

/*
 * One slot. Each ends in an event, if only NOTHING, so that the host's budget
 * bounds what a peer can make us do. Return: 1, 0 if the lane is empty, -EPROTO.
 */
static int lane_next(struct imb_link *link, u32 lane, struct imb_event *event)
{
	struct imb_slot slot;
	int ret = imb_rx_peek(&link->rx[lane], &slot);

	if (ret <= 0)
		return ret;
	if (slot.service >= IMB_WIRE_SERVICES)
		return -EPROTO;
	if (slot.flags & IMB_WIRE_CTRL) {
		ret = control(link, &slot);
		imb_rx_release(&link->rx[lane]);
	} else {
		ret = imb_message_take(link, lane, &slot, event);
	}
	return ret ? ret : 1;
}

/* Room, then whom it and the last messages concern. */
static int chores(struct imb_link *link, struct imb_event *event)
{
	int ret = look_for_room(link);

	return ret || !link->news ? ret : work_news(link, event);
}

int imb_channel_next(struct imb_link *link, struct imb_event *event)
{
	int ret = 0;
	u32 lane;

	if (link->news || link->turns++ % ROOM_EVERY == 0)
		ret = chores(link, event);
	for (lane = 0; !ret && lane < IMB_WIRE_LANES; lane++)
		ret = lane_next(link, lane, event);
	return ret ? ret : chores(link, event);
}
