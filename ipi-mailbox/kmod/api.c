// SPDX-License-Identifier: GPL-2.0
/* The calls of imb.h, which documents them. */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "debug.h"
#include "deliver.h"
#include "trace.h"

int imb_self(void)
{
	const struct imb *imb = imb_get();

	return imb ? (int)imb->self : -ENODEV;
}
EXPORT_SYMBOL_GPL(imb_self);

int imb_kernels(void)
{
	const struct imb *imb = imb_get();

	return imb ? (int)imb->geometry.kernels : -ENODEV;
}
EXPORT_SYMBOL_GPL(imb_kernels);

static struct imb_peer *find_peer(unsigned int id)
{
	struct imb *imb = imb_get();

	return imb && id < IMB_WIRE_KERNELS ? imb->peers[id] : NULL;
}

static int open_locked(struct imb_channel *ch, u32 window)
{
	struct imb_peer *peer = ch->peer;
	unsigned long flags = imb_peer_lock(peer);
	int ret = imb_link_open(&peer->link, ch->service, ch->lane, window);

	if (!ret)
		peer->channels[ch->service] = ch;
	imb_peer_unlock(peer, flags);
	return ret;
}

struct imb_channel *imb_open(unsigned int peer, u16 service, enum imb_lane lane,
			     u32 window, const struct imb_ops *ops, void *ctx)
{
	struct imb_peer *p = find_peer(peer);
	struct imb_channel *ch;
	int ret;

	if (!p)
		return ERR_PTR(-ENODEV);
	if (!ops || !ops->receive || service >= IMB_WIRE_SERVICES ||
	    lane >= IMB_WIRE_LANES)
		return ERR_PTR(-EINVAL);
	ch = kzalloc(sizeof(*ch), GFP_KERNEL);
	if (!ch)
		return ERR_PTR(-ENOMEM);
	ch->peer = p;
	ch->ops = ops;
	ch->ctx = ctx;
	ch->service = service;
	ch->lane = lane;
	ret = open_locked(ch, window);
	if (ret) {
		kfree(ch);
		return ERR_PTR(ret);
	}
	imb_peer_poke(p);
	return ch;
}
EXPORT_SYMBOL_GPL(imb_open);

void imb_close(struct imb_channel *ch)
{
	struct imb_peer *peer = ch->peer;
	unsigned long flags = imb_peer_lock(peer);

	imb_link_close(&peer->link, ch->service);
	peer->channels[ch->service] = NULL;
	imb_peer_unlock(peer, flags);
	imb_peer_poke(peer);
	/* Whoever found it among the channels has left its callback. */
	synchronize_rcu();
	kfree(ch);
}
EXPORT_SYMBOL_GPL(imb_close);

bool imb_up(const struct imb_channel *ch)
{
	return READ_ONCE(ch->up);
}
EXPORT_SYMBOL_GPL(imb_up);

/**
 * imb_settled() - is imb_up() the last word on the other end?
 * @ch: channel
 *
 * Return: false while an opening or the closing before it is under way.
 */
bool imb_settled(const struct imb_channel *ch)
{
	struct imb_peer *peer = ch->peer;
	const struct imb_channel_state *s = &peer->link.channels[ch->service];
	unsigned long flags = imb_peer_lock(peer);
	bool under_way = s->draining || s->todo & BIT(IMB_WIRE_OP_OPEN) ||
			 (s->peer_open && !imb_up(ch));

	if (peer->link.state != IMB_LINK_UP)
		under_way = false;
	imb_peer_unlock(peer, flags);
	return !under_way;
}

u32 imb_max_message(const struct imb_channel *ch)
{
	/* Given by the geometry: constant. */
	return imb_link_max_message(&ch->peer->link);
}
EXPORT_SYMBOL_GPL(imb_max_message);

/* A send may find the peer out; the callbacks have to hear of it. */
static void send_unlock(struct imb_peer *peer, unsigned long flags)
	__releases(&peer->lock)
{
	bool fell = peer->link.fell;

	imb_peer_unlock(peer, flags);
	if (fell)
		imb_peer_poke(peer);
}

static u32 tx_position(const struct imb_channel *ch)
{
	return ch->peer->link.tx[ch->lane].pos - 1;
}

static int send_short(struct imb_channel *ch, const void *data, u32 len,
		      bool kick)
{
	struct imb_peer *peer = ch->peer;
	unsigned long flags = imb_peer_lock(peer);
	int ret = imb_link_send(&peer->link, ch->service, data, len);

	if (!ret) {
		trace_imb_send(peer->id, ch->service, ch->lane, len,
			       tx_position(ch));
		if (kick)
			imb_link_kick(&peer->link);
	}
	send_unlock(peer, flags);
	return ret;
}

static int send_buf(struct imb_channel *ch, struct imb_buf *buf, u32 len,
		    bool kick)
{
	struct imb_peer *peer = ch->peer;
	struct imb_link *link = &peer->link;
	unsigned long flags = imb_peer_lock(peer);
	int ret = -ESTALE;

	if (link->state == IMB_LINK_UP && link->tx_tag == buf->tag)
		ret = imb_link_send_buf(link, ch->service, buf->num, len);
	if (!ret) {
		trace_imb_send(peer->id, ch->service, ch->lane, len,
			       tx_position(ch));
		if (kick)
			imb_link_kick(link);
	}
	send_unlock(peer, flags);
	return ret;
}

/* As the core would do it, but copying with interrupts on. */
static int send_large(struct imb_channel *ch, const void *data, u32 len,
		      bool kick)
{
	struct imb_buf buf;
	int ret = imb_buf_get(ch, &buf);

	if (ret)
		return ret;
	memcpy(buf.data, data, len);
	ret = send_buf(ch, &buf, len, kick);
	if (ret)
		imb_buf_put(ch, &buf);
	return ret == -ESTALE ? -ENOTCONN : ret;
}

static int send(struct imb_channel *ch, const void *data, u32 len, bool kick)
{
	const struct imb_link *link = &ch->peer->link;

	if (len > imb_link_max_message(link))
		return -EMSGSIZE;
	if (len > imb_slot_capacity(link->tx[ch->lane].size))
		return send_large(ch, data, len, kick);
	return send_short(ch, data, len, kick);
}

int imb_send(struct imb_channel *ch, const void *data, u32 len)
{
	return send(ch, data, len, true);
}
EXPORT_SYMBOL_GPL(imb_send);

int imb_send_more(struct imb_channel *ch, const void *data, u32 len)
{
	return send(ch, data, len, false);
}
EXPORT_SYMBOL_GPL(imb_send_more);

void imb_kick(struct imb_channel *ch)
{
	struct imb_peer *peer = ch->peer;
	unsigned long flags = imb_peer_lock(peer);

	imb_link_kick(&peer->link);
	imb_peer_unlock(peer, flags);
}
EXPORT_SYMBOL_GPL(imb_kick);

int imb_buf_get(struct imb_channel *ch, struct imb_buf *buf)
{
	struct imb_peer *peer = ch->peer;
	struct imb_link *link = &peer->link;
	unsigned long flags = imb_peer_lock(peer);
	int num = imb_link_buf_get(link, ch->service);

	if (num >= 0) {
		buf->data = (__force void *)imb_pool_data(&link->pool_tx, num);
		buf->size = link->pool_tx.size;
		buf->tag = link->tx_tag;
		buf->num = num;
		buf->gen = link->pool_tx.gen[num];
	}
	imb_peer_unlock(peer, flags);
	return num < 0 ? num : 0;
}
EXPORT_SYMBOL_GPL(imb_buf_get);

int imb_buf_send(struct imb_channel *ch, struct imb_buf *buf, u32 len)
{
	return send_buf(ch, buf, len, true);
}
EXPORT_SYMBOL_GPL(imb_buf_send);

void imb_buf_put(struct imb_channel *ch, struct imb_buf *buf)
{
	struct imb_peer *peer = ch->peer;
	struct imb_link *link = &peer->link;
	unsigned long flags = imb_peer_lock(peer);
	bool wanted = link->pool_waiting;

	/* Put or sent already: whose it is now it has to stay. */
	if (buf->num < link->pool_tx.count &&
	    link->pool_tx.gen[buf->num] == buf->gen &&
	    link->pool_tx.place[buf->num] == IMB_BUF_HELD)
		imb_link_buf_put(link, buf->num);
	imb_peer_unlock(peer, flags);
	if (wanted)
		imb_peer_poke(peer);
}
EXPORT_SYMBOL_GPL(imb_buf_put);

static struct imb_delivery *delivery(const struct imb_msg *msg)
{
	return (struct imb_delivery *)msg->priv;
}

bool imb_msg_hold(const struct imb_msg *msg, struct imb_buf *buf)
{
	struct imb_delivery *d = delivery(msg);

	if (d->event.buf < 0)
		return false;
	d->held = true;
	buf->data = (void *)msg->data;
	buf->size = msg->len;
	buf->tag = d->event.tag;
	buf->num = d->event.buf;
	buf->gen = d->event.gen;
	return true;
}
EXPORT_SYMBOL_GPL(imb_msg_hold);

bool imb_buf_release(struct imb_channel *ch, const struct imb_buf *buf)
{
	struct imb_peer *peer = ch->peer;
	const struct imb_event event = {
		.tag = buf->tag,
		.buf = (int)buf->num,
		.gen = buf->gen,
	};
	unsigned long flags = imb_peer_lock(peer);
	bool same = peer->link.rx_tag == buf->tag;

	imb_link_return(&peer->link, &event);
	imb_peer_unlock(peer, flags);
	return same;
}
EXPORT_SYMBOL_GPL(imb_buf_release);

u32 imb_msg_session(const struct imb_msg *msg)
{
	return delivery(msg)->event.tag;
}
EXPORT_SYMBOL_GPL(imb_msg_session);

void imb_consumed(struct imb_channel *ch, u32 session, u32 n)
{
	struct imb_peer *peer = ch->peer;
	unsigned long flags = imb_peer_lock(peer);
	bool news;

	imb_link_consumed(&peer->link, ch->service, session, n);
	news = peer->link.news >> ch->service & 1;
	imb_peer_unlock(peer, flags);
	if (news)
		imb_peer_poke(peer);
}
EXPORT_SYMBOL_GPL(imb_consumed);

void imb_peer_gone(unsigned int peer)
{
	struct imb_peer *p = find_peer(peer);

	if (p)
		imb_peer_input(p, IMB_IN_PEER_GONE);
}
EXPORT_SYMBOL_GPL(imb_peer_gone);

void imb_peer_fence(unsigned int peer, bool fence)
{
	struct imb_peer *p = find_peer(peer);

	if (p)
		imb_peer_input(p, fence ? IMB_IN_FENCE : IMB_IN_UNFENCE);
}
EXPORT_SYMBOL_GPL(imb_peer_fence);

void *imb_debug_section(unsigned int peer, struct imb_geometry *g)
{
	struct imb_peer *p = find_peer(peer);

	if (!p)
		return NULL;
	*g = p->imb->geometry;
	return (__force void *)p->link.out;
}
EXPORT_SYMBOL_GPL(imb_debug_section);

void imb_debug_freeze(unsigned int peer, bool freeze)
{
	struct imb_peer *p = find_peer(peer);

	if (p)
		WRITE_ONCE(p->frozen, freeze);
}
EXPORT_SYMBOL_GPL(imb_debug_freeze);

int imb_debug_send(unsigned int peer, unsigned int service, const void *data,
		   u32 len)
{
	struct imb_peer *p = find_peer(peer);
	struct imb_channel *ch;
	int ret = -ENODEV;

	if (!p || service >= IMB_WIRE_SERVICES)
		return ret;
	rcu_read_lock();
	ch = READ_ONCE(p->channels[service]);
	if (ch)
		ret = imb_send(ch, data, len);
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(imb_debug_send);
