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

u32 imb_link_max_message(const struct imb_link *link)
{
	u32 least = link->tx[0].size;
	u32 lane;

	if (link->pool_tx.count)
		return link->pool_tx.size;
	for (lane = 1; lane < IMB_WIRE_LANES; lane++)
		if (link->tx[lane].size < least)
			least = link->tx[lane].size;
	return imb_slot_capacity(least);
}

static struct imb_tx *channel_tx(struct imb_link *link, u16 service)
{
	return &link->tx[link->channels[service].lane];
}

/* A place in the ring, or the promise of a bell when there is one. */
static int reserve(struct imb_link *link, u32 lane, u8 __shm **to)
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
		ret = reserve(link, ch->lane, &to);
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
		ret = reserve(link, lane, &to);
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

/* Fill in the event's payload: the slot's, or that of the buffer it names. */
static int payload(struct imb_link *link, const struct imb_slot *slot,
		   struct imb_event *event)
{
	struct imb_wire_ref ref;

	event->data = slot->data;
	event->len = slot->len;
	if (!(slot->flags & IMB_WIRE_REF))
		return 0;
	if (slot->len != sizeof(ref))
		return -EPROTO;
	imb_port_copy_in(link->port, &ref, slot->data, sizeof(ref));
	event->buf = (int)le32_to_cpu(ref.buf);
	event->gen = le32_to_cpu(ref.gen);
	return imb_pool_accept(&link->pool_rx, &ref, &event->data, &event->len);
}

static void drop(struct imb_link *link, struct imb_event *event)
{
	link->counts.dropped++;
	if (event->buf >= 0)
		imb_link_return(link, event);
	imb_link_done(link, event);
	*event = (struct imb_event){ .buf = -1 };
}

/*
 * A message. One for a channel that is not open here is the normal end of a
 * conversation; one before the peer has opened it, or beyond the window, is a
 * broken peer.
 */
static int message(struct imb_link *link, u32 lane, const struct imb_slot *slot,
		   struct imb_event *event)
{
	struct imb_channel_state *ch = &link->channels[slot->service];
	int ret;

	event->type = IMB_EVENT_MESSAGE;
	event->lane = (u8)lane;
	event->service = slot->service;
	event->tag = link->rx_tag;
	ret = payload(link, slot, event);
	if (ret)
		return ret;
	if (!ch->open || ch->draining) {
		drop(link, event);
		return 0;
	}
	/* The host hears of no message before CHANNEL_UP. */
	if (!ch->told)
		return -EPROTO;
	if (ch->window) {
		if (!ch->rx_left)
			return -EPROTO;
		ch->rx_left--;
	}
	link->reading = true;
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
		ret = message(link, lane, &slot, event);
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

void imb_link_done(struct imb_link *link, const struct imb_event *event)
{
	link->reading = false;
	/* A session that ended meanwhile took its slots along. */
	if (event->tag == link->rx_tag)
		imb_rx_release(&link->rx[event->lane]);
}

void imb_link_return(struct imb_link *link, const struct imb_event *event)
{
	imb_pool_return(&link->pool_rx, event->tag, (u32)event->buf,
			event->gen);
}

/* May a message go out now? On -EAGAIN the channel is owed WRITABLE. */
static int may_send(struct imb_link *link, u16 service)
{
	struct imb_channel_state *ch = &link->channels[service];

	if (link->state != IMB_LINK_UP || !ch->told || !ch->peer_open)
		return -ENOTCONN;
	if (!ch->peer_window || ch->credit)
		return 0;
	ch->blocked = true;
	return -EAGAIN;
}

static int reserve_message(struct imb_link *link, u16 service, u8 __shm **to)
{
	int ret = may_send(link, service);

	if (!ret)
		ret = reserve(link, link->channels[service].lane, to);
	if (ret == -EAGAIN)
		link->channels[service].blocked = true;
	if (ret != -EPROTO)
		return ret;
	imb_link_input(link, IMB_IN_PEER_BROKEN);
	return -ENOTCONN;
}

static void commit(struct imb_link *link, u16 service, u32 len, u16 flags)
{
	struct imb_channel_state *ch = &link->channels[service];

	imb_tx_commit(channel_tx(link, service), len, service, flags);
	if (ch->peer_window)
		ch->credit--;
}

int imb_link_buf_get(struct imb_link *link, u16 service)
{
	int buf = may_send(link, service);

	if (buf)
		return buf;
	buf = imb_pool_get(&link->pool_tx);
	if (buf == -EAGAIN && imb_pool_wait(&link->pool_tx))
		buf = imb_pool_get(&link->pool_tx);
	if (buf == -EAGAIN) {
		link->pool_waiting = true;
		link->channels[service].blocked = true;
	}
	return buf;
}

void imb_link_buf_put(struct imb_link *link, u32 buf)
{
	imb_pool_put(&link->pool_tx, buf);
}

int imb_link_send_buf(struct imb_link *link, u16 service, u32 buf, u32 len)
{
	struct imb_pool_tx *pool = &link->pool_tx;
	struct imb_wire_ref ref;
	u8 __shm *to;
	int ret;

	if (buf >= pool->count || pool->place[buf] != IMB_BUF_HELD)
		return -EINVAL;
	if (len > pool->size)
		return -EMSGSIZE;
	ret = reserve_message(link, service, &to);
	if (ret)
		return ret;
	imb_pool_send(pool, buf, len, &ref);
	imb_port_copy_out(link->port, to, &ref, sizeof(ref));
	commit(link, service, sizeof(ref), IMB_WIRE_REF);
	return 0;
}

static int send_large(struct imb_link *link, u16 service, const void *data,
		      u32 len)
{
	int buf = imb_link_buf_get(link, service);
	int ret;

	if (buf < 0)
		return buf;
	imb_port_copy_out(link->port, imb_pool_data(&link->pool_tx, (u32)buf),
			  data, len);
	ret = imb_link_send_buf(link, service, (u32)buf, len);
	if (ret)
		imb_pool_put(&link->pool_tx, (u32)buf);
	return ret;
}

int imb_link_send(struct imb_link *link, u16 service, const void *data, u32 len)
{
	u8 __shm *to;
	int ret;

	if (len > imb_link_max_message(link))
		return -EMSGSIZE;
	if (len > imb_slot_capacity(channel_tx(link, service)->size))
		return link->pool_tx.count ?
			       send_large(link, service, data, len) :
			       -EMSGSIZE;
	ret = reserve_message(link, service, &to);
	if (ret)
		return ret;
	imb_port_copy_out(link->port, to, data, len);
	commit(link, service, len, 0);
	return 0;
}

bool imb_link_kick(struct imb_link *link)
{
	bool rang = false;
	u32 lane;

	if (link->state != IMB_LINK_UP)
		return false;
	for (lane = 0; lane < IMB_WIRE_LANES; lane++)
		rang |= imb_tx_kick(&link->tx[lane]);
	return rang;
}
