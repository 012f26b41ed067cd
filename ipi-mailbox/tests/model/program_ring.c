// SPDX-License-Identifier: GPL-2.0
/* Kernel 0 sends over one ring, kernel 1 receives; both sleep when they can. */
#include "program.h"
#include "ring.h"

#define LANE 0

struct sender {
	struct imb_tx tx;
	u32 i;
};

struct receiver {
	struct imb_rx rx;
	u32 i;
	u32 data[MAX_PAYLOAD];
};

static u8 *at(u32 owner, u32 offset)
{
	return section(owner) + offset;
}

/*
 * What message @i holds; words at the start and in the second line tell, so that
 * a mixture is noticed. The others are left alone to keep the state small.
 */
u32 payload_word(u32 i, u32 word)
{
	return word < 2 || word >= 12 ? (i + 1) << 8 | (word + 1) : 0;
}

void ring_setup_tx(struct imb_tx *tx, struct imb_port *port)
{
	const struct imb_geometry *g = &cfg->geometry;

	tx->port = port;
	tx->count = g->lane[LANE].slots;
	tx->size = g->lane[LANE].slot_size;
	tx->slots = at(port->id, imb_offset_slots(g, LANE));
	tx->mine = (void *)at(port->id, imb_offset_producer(g, LANE));
	tx->theirs = (void *)at(!port->id, imb_offset_consumer(g, LANE));
	imb_tx_start(tx, TAG);
	tx->pos = cfg->start;
	tx->head = cfg->start;
	tx->kicked = cfg->start;
}

void ring_setup_rx(struct imb_rx *rx, struct imb_port *port)
{
	const struct imb_geometry *g = &cfg->geometry;

	rx->port = port;
	rx->count = g->lane[LANE].slots;
	rx->size = g->lane[LANE].slot_size;
	rx->slots = at(!port->id, imb_offset_slots(g, LANE));
	rx->mine = (void *)at(port->id, imb_offset_consumer(g, LANE));
	rx->theirs = (void *)at(!port->id, imb_offset_producer(g, LANE));
	imb_rx_start(rx, TAG);
	if (!cfg->start)
		return;
	/* As if so many had gone through: what imb_rx_start() does for 0. */
	rx->pos = cfg->start;
	rx->head = cfg->start;
	imb_port_store64(port, &rx->mine->head, IMB_WIRE_WORD(TAG, cfg->start));
	imb_publish(port, &rx->mine->wake, IMB_WIRE_WORD(TAG, cfg->start));
}

static void send_one(struct imb_port *port, struct sender *s, u8 *to)
{
	u32 v[MAX_PAYLOAD];
	u32 i;

	for (i = 0; i < cfg->words; i++)
		v[i] = payload_word(s->i, i);
	imb_port_copy_out(port, to, v, cfg->words * 4);
	imb_tx_commit(&s->tx, cfg->words * 4, (u16)(s->i & 1), 0);
	model_facts(port)->sent = ++s->i;
}

static void kick(struct imb_port *port, struct sender *s)
{
	u32 bells = port->bells;

	imb_tx_kick(&s->tx);
	model_check(port, port->bells - bells <= 1);
	port->bells = 0;
}

static void wait_for_room(struct imb_port *port, struct sender *s)
{
	kick(port, s);
	if (!imb_tx_wait(&s->tx))
		model_sleep(port);
}

void ring_sender(struct imb_port *port, void *data, u32 boot)
{
	struct sender *s = data;
	u8 *to = NULL;
	int ret;

	(void)boot;
	/* Until the receiver has started and named the tag. */
	model_sleep(port);
	ring_setup_tx(&s->tx, port);
	while (s->i < cfg->messages[port->id]) {
		ret = imb_tx_reserve(&s->tx, &to);
		model_check(port, !ret || ret == -EAGAIN);
		if (ret) {
			wait_for_room(port, s);
			continue;
		}
		send_one(port, s, to);
		if (s->i % cfg->batch == 0)
			kick(port, s);
	}
	kick(port, s);
	model_facts(port)->done = true;
	for (;;)
		model_sleep(port);
}

/* The words of a payload, line by line. */
void load_payload(struct imb_port *port, u32 *to, const u8 *from, u32 n)
{
	u32 room;

	for (; n; n -= room, to += room, from += room * 4) {
		room = (IMB_WIRE_LINE - (u32)((size_t)from % IMB_WIRE_LINE)) /
		       4;
		room = room < n ? room : n;
		model_load_lazily(port, to, from, room);
	}
}

static void check_message(struct imb_port *port, const struct receiver *r,
			  const struct imb_slot *slot)
{
	u32 got = r->data[0] >> 8;
	u32 i;

	model_check(port, slot->len == cfg->words * 4);
	for (i = 0; i < cfg->words; i++) {
		if (r->data[i] == payload_word(r->i, i))
			continue;
		if (i || got <= r->i)
			model_fail(port,
				   "message %u is torn or old: word %u is %x",
				   r->i, i, r->data[i]);
		model_fail(port, "message %u instead of %u", got - 1, r->i);
	}
	model_check(port, slot->service == (r->i & 1));
}

static void receive_one(struct imb_port *port, struct receiver *r,
			const struct imb_slot *slot)
{
	memset(r->data, 0, sizeof(r->data));
	load_payload(port, r->data, slot->data, cfg->words);
	imb_rx_release(&r->rx);
	model_settle_loads(port);
	check_message(port, r, slot);
	model_facts(port)->got = ++r->i;
	model_facts(port)->done = r->i == cfg->messages[!port->id];
	memset(r->data, 0, sizeof(r->data));
}

void ring_receiver(struct imb_port *port, void *data, u32 boot)
{
	struct receiver *r = data;
	struct imb_slot slot;
	int ret;

	(void)boot;
	ring_setup_rx(&r->rx, port);
	imb_port_mb(port);
	imb_port_bell(port);
	for (;;) {
		ret = imb_rx_peek(&r->rx, &slot);
		model_check(port, ret >= 0);
		if (ret)
			receive_one(port, r, &slot);
		else if (imb_rx_arm(&r->rx))
			model_sleep(port);
		port->bells = 0;
	}
}

/* The counters only count. */
void ring_settle(u32 k, void *data)
{
	struct receiver *r = data;
	struct sender *s = data;

	if (k)
		memset(&r->rx.counts, 0, sizeof(r->rx.counts));
	else
		memset(&s->tx.counts, 0, sizeof(s->tx.counts));
}

size_t ring_size(void)
{
	return sizeof(struct sender) > sizeof(struct receiver) ?
		       sizeof(struct sender) :
		       sizeof(struct receiver);
}

const char *ring_stuck(const struct facts *f)
{
	if (f[0].done && f[1].done)
		return NULL;
	if (f[1].got < f[0].sent)
		return "both sleep, and a message lies undelivered";
	return "both sleep, and the sender waits for room that it has";
}
