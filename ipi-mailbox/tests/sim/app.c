// SPDX-License-Identifier: GPL-2.0
/*
 * The kernels' applications: send messages whose bytes follow from the number
 * of the conversation and of the message, and check what arrives.
 *
 * A conversation is what one end sends between CHANNEL_UP and CHANNEL_DOWN. A
 * receiver that is told CHANNEL_UP must hear one conversation from its first
 * message on, newer than all it has heard, without a gap; and to its end unless
 * the link fell or the receiver itself closed.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

/* Patience with a still heart, in evil times and in calm ones. */
#define SILENT_MS 400
#define CALM_MS	  1000000

static u32 hash(u32 a, u32 b)
{
	u64 v = ((u64)a << 32 | b) * 0x9e3779b97f4a7c15ull;

	v ^= v >> 29;
	v *= 0xbf58476d1ce4e5b9ull;
	return (u32)(v >> 32);
}

/* The first message names its conversation, so it has room for that. */
static u32 length(const struct world *w, u32 conversation, u32 seq)
{
	u32 h = hash(conversation, seq);
	u32 inline_max = w->plan.geometry.lane[1].slot_size - 16;
	u32 len;

	if (h % 16 < 10)
		len = h / 16 % 49;
	else if (h % 16 < 15 || !w->plan.geometry.bufs)
		len = h / 16 % (inline_max + 1);
	else
		len = h / 16 % 32 ? h / 16 % 300 : h / 512 % (MAX_MESSAGE + 1);
	if (len > 48 && !w->plan.geometry.bufs &&
	    len > w->plan.geometry.lane[0].slot_size - 16)
		len = w->plan.geometry.lane[0].slot_size - 16;
	return !seq && len < 4 ? 4 : len;
}

static void compose(u32 conversation, u32 seq, u8 *bytes, u32 len)
{
	u32 v, i;

	for (i = 0; i < len; i += 4) {
		v = i ? hash(conversation + i, seq) : conversation;
		memcpy(bytes + i, &v, len - i < 4 ? len - i : 4);
	}
}

static void new_conversation(struct world *w, struct end *end)
{
	end->conversation = ++w->conversations;
	w->sent = realloc(w->sent, (end->conversation + 1) * sizeof(u32));
	w->sent[end->conversation] = 0;
	end->heard = 0;
	end->expect = 0;
}

void app_boot(struct node *node)
{
	struct world *w = node->world;
	u32 peer, s;

	for (peer = 0; peer < w->plan.nodes; peer++) {
		if (peer == node->id)
			continue;
		node->port[peer] = (struct imb_port){ w->sim, node->id, peer };
		imb_link_init(&node->link[peer], &node->port[peer],
			      &w->plan.geometry, w->sim->base, node->id, peer,
			      node->boot);
		node->link[peer].silent_ms = w->calm ? CALM_MS : SILENT_MS;
		/* Runs are long, and nobody damages what was written. */
		node->link[peer].stuck_ms = CALM_MS;
		for (s = 0; s < SERVICES; s++)
			node->end[peer][s].buf = -1;
	}
}

static u8 lane_of(u32 service)
{
	return service ? IMB_LANE_BULK : IMB_LANE_URGENT;
}

static void open_end(struct node *node, u32 peer, u32 s)
{
	struct end *end = &node->end[peer][s];

	end->window = s == 1 ? 1 + world_random(node->world, 6) : 0;
	if (imb_link_open(&node->link[peer], (u16)s, lane_of(s), end->window))
		world_bug(node->world, "kernel %u cannot open %u", node->id, s);
	end->open = true;
	end->stored = 0;
	node->prod |= 1u << peer;
}

/* What is under way to us in this conversation will be dropped. */
static void close_end(struct node *node, u32 peer, u32 s)
{
	struct end *end = &node->end[peer][s];

	if (end->buf >= 0)
		imb_link_buf_put(&node->link[peer], (u32)end->buf);
	imb_link_close(&node->link[peer], (u16)s);
	*end = (struct end){ .buf = -1, .quota = end->quota };
	node->prod |= 1u << peer;
}

static void end_is_up(struct node *node, u32 peer, struct end *end)
{
	if (end->up)
		world_bug(node->world, "CHANNEL_UP twice at %u", node->id);
	(void)peer;
	end->up = true;
	new_conversation(node->world, end);
	node->world->ups++;
}

static void end_is_down(struct node *node, u32 peer, struct end *end)
{
	struct world *w = node->world;
	const struct imb_link *link = &node->link[peer];

	if (!end->up)
		world_bug(w, "CHANNEL_DOWN without UP at %u", node->id);
	if (!link->fell && end->heard && end->expect != w->sent[end->heard])
		world_bug(w, "%u closed before %u heard all: %u of %u", peer,
			  node->id, end->expect, w->sent[end->heard]);
	end->up = false;
	end->blocked = false;
}

static void check_bytes(struct world *w, u32 conversation, u32 seq,
			const u8 *bytes, u32 len)
{
	static u8 want[MAX_MESSAGE];

	if (len != length(w, conversation, seq))
		world_bug(w, "message %u.%u has %u bytes", conversation, seq,
			  len);
	compose(conversation, seq, want, len);
	if (memcmp(want, bytes, len))
		world_bug(w, "message %u.%u is torn", conversation, seq);
}

/* Which conversation speaks: its first message says so. */
static void first_message(struct node *node, u32 peer, u32 s, const u8 *bytes,
			  u32 len)
{
	struct world *w = node->world;
	struct end *end = &node->end[peer][s];
	u32 *last = &w->last[peer][node->id][s];

	if (len < 4)
		world_bug(w, "%u from %u: a conversation begins amid", node->id,
			  peer);
	memcpy(&end->heard, bytes, 4);
	if (end->heard <= *last || end->heard > w->conversations)
		world_bug(w, "%u from %u: conversation %#x after %u", node->id,
			  peer, end->heard, *last);
	*last = end->heard;
}

static void keep(struct node *node, u32 peer, const struct imb_event *event,
		 u32 conversation, u32 seq)
{
	node->held[node->n_held++] =
		(struct held){ *event, peer, conversation, seq };
}

/* Read a message in one of the ways a host may. */
static void read_message(struct node *node, u32 peer,
			 const struct imb_event *event, u8 *bytes)
{
	struct imb_link *link = &node->link[peer];
	struct world *w = node->world;
	struct end *end = &node->end[peer][event->service];
	bool late = world_chance(w, 2);

	if (late)
		sim_copy_in_late(&node->port[peer], bytes, event->data,
				 event->len);
	else
		imb_port_copy_in(&node->port[peer], bytes, event->data,
				 event->len);
	if (event->buf >= 0 && node->n_held < HELD && end->heard &&
	    world_chance(w, 3))
		keep(node, peer, event, end->heard, end->expect);
	else if (event->buf >= 0)
		imb_link_return(link, event);
	imb_link_done(link, event);
	if (late && world_chance(w, 2))
		world_pause(node);
	sim_settle(&node->port[peer]);
}

static void receive(struct node *node, u32 peer, const struct imb_event *event)
{
	static u8 buffers[NODES][MAX_MESSAGE];
	struct world *w = node->world;
	struct end *end = &node->end[peer][event->service];
	u8 *bytes = buffers[node->id];

	if (!end->up)
		world_bug(w, "%u gets a message on a closed channel", node->id);
	read_message(node, peer, event, bytes);
	if (!end->heard)
		first_message(node, peer, event->service, bytes, event->len);
	check_bytes(w, end->heard, end->expect++, bytes, event->len);
	if (end->tag != event->tag)
		end->stored = 0; /* the rest was of a session that is gone */
	end->tag = event->tag;
	if (end->window && ++end->stored > end->window)
		world_bug(w, "%u has %u messages in a window of %u", node->id,
			  end->stored, end->window);
	w->delivered++;
}

static void handle(struct node *node, u32 peer, const struct imb_event *event)
{
	struct end *end = &node->end[peer][event->service];

	switch (event->type) {
	case IMB_EVENT_CHANNEL_UP:
		end_is_up(node, peer, end);
		break;
	case IMB_EVENT_CHANNEL_DOWN:
		end_is_down(node, peer, end);
		break;
	case IMB_EVENT_MESSAGE:
		receive(node, peer, event);
		break;
	case IMB_EVENT_WRITABLE:
		end->blocked = false;
		break;
	default:
		break;
	}
}

/* Look after one link. */
static bool serve(struct node *node, u32 peer, bool tick)
{
	struct imb_link *link = &node->link[peer];
	struct imb_event event;

	if (!tick && !((node->bells | node->prod) >> peer & 1))
		return false;
	node->bells &= ~(1u << peer);
	node->prod &= ~(1u << peer);
	sim_interrupt(node->world->sim, node->id);
	if (tick)
		imb_link_tick(link);
	while (imb_link_next(link, &event))
		handle(node, peer, &event);
	if (link->counts.broken || link->counts.illegal)
		world_bug(node->world, "%u takes %u for broken", node->id,
			  peer);
	return true;
}

static void sent(struct node *node, struct end *end)
{
	node->world->sent[end->conversation]++;
	end->quota--;
}

/* A send was refused: only these reasons are good ones. */
static void refused(struct node *node, struct end *end, int ret)
{
	if (ret == -EAGAIN)
		end->blocked = true;
	else if (ret != -ENOTCONN)
		world_bug(node->world, "send: %d", ret);
}

static bool send_copy(struct node *node, u32 peer, u32 s)
{
	struct end *end = &node->end[peer][s];
	u32 seq = node->world->sent[end->conversation];
	u32 len = length(node->world, end->conversation, seq);
	u8 bytes[MAX_MESSAGE];
	int ret;

	compose(end->conversation, seq, bytes, len);
	ret = imb_link_send(&node->link[peer], (u16)s, bytes, len);
	if (ret)
		refused(node, end, ret);
	else
		sent(node, end);
	return !ret;
}

/* Build a message in a buffer, in several steps of this kernel. */
static void send_in_place(struct node *node, u32 peer, u32 s)
{
	struct end *end = &node->end[peer][s];
	struct imb_link *link = &node->link[peer];
	u32 seq = node->world->sent[end->conversation];
	u32 len = length(node->world, end->conversation, seq);
	u8 bytes[MAX_MESSAGE];
	int ret;

	if (end->buf < 0) {
		ret = imb_link_buf_get(link, (u16)s);
		if (ret < 0)
			refused(node, end, ret);
		else
			end->buf = ret;
		return;
	}
	compose(end->conversation, seq, bytes, len);
	imb_port_copy_out(&node->port[peer],
			  imb_pool_data(&link->pool_tx, (u32)end->buf), bytes,
			  len);
	ret = imb_link_send_buf(link, (u16)s, (u32)end->buf, len);
	if (ret) {
		refused(node, end, ret);
		return;
	}
	end->buf = -1;
	sent(node, end);
}

static bool consume(struct node *node, u32 peer, u32 s)
{
	struct end *end = &node->end[peer][s];
	u32 n;

	if (!end->stored || world_chance(node->world, 3))
		return end->stored;
	n = 1 + world_random(node->world, end->stored);
	end->stored -= n;
	imb_link_consumed(&node->link[peer], (u16)s, end->tag, n);
	node->prod |= 1u << peer;
	return true;
}

/* One turn of one channel. Return: whether it has more to do. */
static bool work(struct node *node, u32 peer, u32 s)
{
	struct end *end = &node->end[peer][s];
	struct world *w = node->world;
	u32 burst = 1 + world_random(w, 6);

	if (!end->open) {
		if (end->quota)
			open_end(node, peer, s);
		return end->quota;
	}
	if (world_chance(w, 100) && end->quota) {
		close_end(node, peer, s);
		return true;
	}
	if (consume(node, peer, s))
		return true;
	if (!end->up || end->blocked || !end->quota) {
		if (end->buf >= 0 && !end->blocked) {
			imb_link_buf_put(&node->link[peer], (u32)end->buf);
			end->buf = -1;
			node->prod |= 1u << peer;
		}
		return false;
	}
	if (w->plan.geometry.bufs && (end->buf >= 0 || world_chance(w, 6)))
		send_in_place(node, peer, s);
	else
		while (burst-- && end->quota && send_copy(node, peer, s))
			;
	imb_link_kick(&node->link[peer]);
	return true;
}

/* Return a held buffer; its bytes must not have changed meanwhile. */
static bool release(struct node *node)
{
	struct held held;
	struct imb_link *link;
	u8 bytes[MAX_MESSAGE];

	if (!node->n_held || world_chance(node->world, 2))
		return node->n_held;
	held = node->held[--node->n_held];
	link = &node->link[held.peer];
	if (held.event.tag == link->rx_tag && link->state == IMB_LINK_UP) {
		imb_port_copy_in(link->port, bytes, held.event.data,
				 held.event.len);
		check_bytes(node->world, held.conversation, held.seq, bytes,
			    held.event.len);
	}
	imb_link_return(link, &held.event);
	return true;
}

/* What a host may order at any time. A fence must come down some day. */
static void meddle(struct node *node)
{
	static const u8 orders[] = { IMB_IN_FENCE, IMB_IN_UNFENCE,
				     IMB_IN_PEER_GONE };
	struct world *w = node->world;
	u32 peer = world_random(w, w->plan.nodes);
	struct imb_link *link = &node->link[peer];

	if (peer == node->id)
		return;
	if (w->calm && link->state == IMB_LINK_FENCED)
		imb_link_input(link, IMB_IN_UNFENCE);
	else if (!w->calm && world_chance(w, w->plan.meddle))
		imb_link_input(link, orders[world_random(w, 3)]);
	else
		return;
	node->prod |= 1u << peer;
}

bool app_step(struct node *node)
{
	struct world *w = node->world;
	bool tick = w->ticking && w->sim->ms >= node->next_tick_ms;
	bool more = false;
	u32 peer, s;

	if (tick)
		node->next_tick_ms = w->sim->ms + 50;
	if (w->plan.meddle)
		meddle(node);
	for (peer = 0; peer < w->plan.nodes; peer++)
		if (peer != node->id)
			more |= serve(node, peer, tick);
	for (peer = 0; peer < w->plan.nodes; peer++)
		for (s = 0; peer != node->id && s < SERVICES; s++)
			more |= work(node, peer, s);
	return release(node) || more || node->prod;
}

void app_calm(struct world *w)
{
	u32 k, peer;

	w->calm = true;
	for (k = 0; k < w->plan.nodes; k++) {
		w->node[k].wait_ms = w->sim->ms;
		for (peer = 0; peer < w->plan.nodes; peer++)
			w->node[k].link[peer].silent_ms = CALM_MS;
	}
}

bool app_all_up(struct world *w)
{
	u32 k, peer;

	for (k = 0; k < w->plan.nodes; k++)
		for (peer = 0; peer < w->plan.nodes; peer++)
			if (k != peer &&
			    (!w->node[k].alive ||
			     w->node[k].link[peer].state != IMB_LINK_UP))
				return false;
	return true;
}

static void check_end(struct world *w, u32 from, u32 to, u32 s)
{
	const struct end *tx = &w->node[from].end[to][s];
	const struct end *rx = &w->node[to].end[from][s];

	if (tx->blocked)
		world_bug(w, "%u waits for WRITABLE to %u on %u for ever", from,
			  to, s);
	if (tx->open && rx->open && (!tx->up || !rx->up))
		world_bug(w, "channel %u of %u and %u is open and not up", s,
			  from, to);
	if (!tx->up || !rx->up)
		return;
	if (tx->quota)
		world_bug(w, "%u sleeps with messages for %u", from, to);
	if (rx->expect != w->sent[tx->conversation] ||
	    (rx->expect && rx->heard != tx->conversation))
		world_bug(w, "%u sleeps on messages of %u: %u of %u", to, from,
			  rx->expect, w->sent[tx->conversation]);
}

void app_check_rest(struct world *w)
{
	u32 from, to, s;

	for (from = 0; from < w->plan.nodes; from++)
		for (to = 0; to < w->plan.nodes; to++)
			for (s = 0; from != to && s < SERVICES; s++)
				check_end(w, from, to, s);
}
