// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Messages of channels, in and out: short ones lie in their slot, large ones in a
 * buffer of the pool that the slot refers to.
 */
#include "channel.h"

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
int imb_message_take(struct imb_link *link, u32 lane,
		     const struct imb_slot *slot, struct imb_event *event)
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
		ret = imb_lane_reserve(link, link->channels[service].lane, to);
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
