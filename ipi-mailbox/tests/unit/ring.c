// SPDX-License-Identifier: GPL-2.0
/* One ring: order, fullness, wrap, bells, and peers that lie. */
#include <stdlib.h>

#include "../tap.h"
#include "ring.h"

#define SLOTS 8u
#define SIZE  128u
#define TAG   7u

struct ring {
	struct imb_port producer;
	struct imb_port consumer;
	struct imb_tx tx;
	struct imb_rx rx;
	struct imb_wire_producer out;
	struct imb_wire_consumer in;
	u8 slots[SLOTS * SIZE];
};

static struct ring *ring_create(u32 count)
{
	struct ring *r = calloc(1, sizeof(*r));

	r->tx.port = &r->producer;
	r->rx.port = &r->consumer;
	r->tx.slots = r->slots;
	r->rx.slots = r->slots;
	r->tx.mine = &r->out;
	r->rx.theirs = &r->out;
	r->rx.mine = &r->in;
	r->tx.theirs = &r->in;
	r->tx.count = count;
	r->rx.count = count;
	r->tx.size = SIZE;
	r->rx.size = SIZE;
	imb_rx_start(&r->rx, TAG);
	imb_tx_start(&r->tx, TAG);
	return r;
}

/* As if so many messages had already passed. */
static void ring_age(struct ring *r, u32 pos)
{
	r->tx.pos = r->tx.head = r->tx.kicked = pos;
	r->rx.pos = r->rx.head = pos;
	r->in.head = r->in.wake = htole64(IMB_WIRE_WORD(TAG, pos));
}

static int put(struct ring *r, u32 v, u32 len)
{
	u8 *to;
	int ret = imb_tx_reserve(&r->tx, &to);

	if (ret)
		return ret;
	memset(to, (int)v, len);
	imb_tx_commit(&r->tx, len, (u16)v, 0);
	return 0;
}

/* The value of the next message, or -1 if there is none. */
static int get(struct ring *r)
{
	struct imb_slot slot;
	int ret = imb_rx_peek(&r->rx, &slot);
	u32 i;

	if (ret <= 0)
		return ret ? ret : -1;
	for (i = 0; i < slot.len; i++)
		CHECK_EQ(slot.data[i], (u8)slot.service);
	imb_rx_release(&r->rx);
	return slot.service;
}

static void passes_every_length(void)
{
	struct ring *r = ring_create(SLOTS);
	struct imb_slot slot;
	u32 len;

	for (len = 0; len <= imb_slot_capacity(SIZE); len++) {
		CHECK_EQ(put(r, len, len), 0);
		CHECK_EQ(imb_rx_peek(&r->rx, &slot), 1);
		CHECK_EQ(slot.len, len);
		CHECK_EQ(get(r), len);
	}
	CHECK_EQ(get(r), -1);
	CHECK_EQ(r->rx.counts.msgs, imb_slot_capacity(SIZE) + 1);
	CHECK_EQ(r->tx.counts.bytes, r->rx.counts.bytes);
	free(r);
	tap_end("messages of every length pass");
}

static void full_ring_refuses(u32 count)
{
	struct ring *r = ring_create(count);
	u8 *a, *b;
	u32 i;

	for (i = 0; i < count; i++)
		CHECK_EQ(put(r, i, 1), 0);
	CHECK_EQ(put(r, i, 1), -EAGAIN);
	CHECK_EQ(r->tx.counts.full, 1);
	for (i = 0; i < count; i++)
		CHECK_EQ(get(r), i);
	CHECK_EQ(imb_tx_reserve(&r->tx, &a), 0);
	CHECK_EQ(imb_tx_reserve(&r->tx, &b), 0);
	CHECK(a == b);
	free(r);
}

static void fills_up(void)
{
	full_ring_refuses(2);
	full_ring_refuses(4);
	full_ring_refuses(8);
	tap_end("a full ring refuses, an emptied one accepts");
}

static void wraps_at_2_to_32(void)
{
	struct ring *r = ring_create(4);
	u32 i;

	ring_age(r, 0xfffffff0u);
	for (i = 0; i < 40; i++) {
		CHECK_EQ(put(r, i, 5), 0);
		if (i % 4 == 3) {
			CHECK_EQ(put(r, 99, 5), -EAGAIN);
			while (get(r) >= 0)
				;
			CHECK(imb_rx_arm(&r->rx));
		}
		CHECK_EQ(imb_tx_kick(&r->tx), i % 4 == 0);
	}
	CHECK_EQ(r->tx.pos, 0xfffffff0u + 40);
	CHECK_EQ(r->rx.counts.msgs, 40);
	free(r);
	tap_end("positions wrap at 2^32");
}

/* The consumer is rung for the message it sleeps on, and for no other. */
static void rings_a_sleeper_once(void)
{
	struct ring *r = ring_create(SLOTS);

	put(r, 1, 1);
	CHECK(imb_tx_kick(&r->tx));
	CHECK(!imb_tx_kick(&r->tx));
	put(r, 2, 1);
	CHECK(!imb_tx_kick(&r->tx));
	CHECK_EQ(r->producer.bells, 1);
	CHECK_EQ(get(r), 1);
	CHECK_EQ(get(r), 2);
	put(r, 3, 1); /* the consumer is awake */
	CHECK(!imb_tx_kick(&r->tx));
	CHECK_EQ(get(r), 3);
	CHECK(imb_rx_arm(&r->rx));
	CHECK(imb_rx_arm(&r->rx));
	put(r, 4, 1);
	put(r, 5, 1);
	put(r, 6, 1);
	CHECK_EQ(r->producer.bells, 1);
	CHECK(imb_tx_kick(&r->tx)); /* a batch: one bell */
	CHECK_EQ(r->producer.bells, 2);
	CHECK_EQ(r->tx.counts.bells, 2);
	free(r);
	tap_end("a sleeping consumer is rung once");
}

static void arming_sees_a_late_message(void)
{
	struct ring *r = ring_create(SLOTS);

	put(r, 1, 1);
	CHECK_EQ(get(r), 1);
	put(r, 2, 1);
	CHECK(!imb_rx_arm(&r->rx));
	CHECK_EQ(get(r), 2);
	CHECK(imb_rx_arm(&r->rx));
	CHECK_EQ(r->rx.counts.sleeps, 2);
	free(r);
	tap_end("arming sees a message that has come meanwhile");
}

/* A waiting producer is rung when a quarter of the ring is free. */
static void rings_a_waiting_producer(void)
{
	struct ring *r = ring_create(SLOTS);
	u32 i;

	for (i = 0; i < SLOTS; i++)
		put(r, i, 1);
	CHECK(!imb_tx_wait(&r->tx));
	get(r);
	CHECK_EQ(r->consumer.bells, 0);
	get(r);
	CHECK_EQ(r->consumer.bells, 1);
	while (get(r) >= 0)
		;
	imb_rx_arm(&r->rx);
	CHECK_EQ(r->consumer.bells, 1);
	CHECK_EQ(r->rx.counts.bells, 1);
	CHECK(imb_tx_wait(&r->tx));
	CHECK_EQ(put(r, 1, 1), 0);
	free(r);
	tap_end("a waiting producer is rung once");
}

/* Arming gives back what batching held back. */
static void arming_gives_back(void)
{
	struct ring *r = ring_create(SLOTS);
	u32 i;

	for (i = 0; i < SLOTS; i++)
		put(r, i, 1);
	get(r);
	CHECK_EQ((u32)le64toh(r->in.head), 0);
	for (i = 1; i < SLOTS; i++)
		get(r);
	put(r, 8, 1);
	get(r);
	CHECK_EQ((u32)le64toh(r->in.head), 8);
	CHECK(imb_rx_arm(&r->rx));
	CHECK_EQ((u32)le64toh(r->in.head), 9);
	free(r);
	tap_end("arming gives back the rest of a batch");
}

static void producer_notices_lies(void)
{
	static const u32 heads[] = { SLOTS + 1, 0xffffffffu, 0x80000000u };
	struct ring *r;
	u8 *to;
	u32 i, j;

	for (i = 0; i < 3; i++) {
		r = ring_create(SLOTS);
		for (j = 0; j < SLOTS; j++)
			put(r, j, 1);
		r->in.head = htole64(IMB_WIRE_WORD(TAG, heads[i]));
		CHECK_EQ(imb_tx_reserve(&r->tx, &to), -EPROTO);
		CHECK(imb_tx_wait(&r->tx));
		r->in.head = htole64(IMB_WIRE_WORD(TAG + 1, heads[i]));
		CHECK_EQ(imb_tx_reserve(&r->tx, &to), -EAGAIN);
		free(r);
	}
	tap_end("a head beyond what was sent is a broken peer");
}

/* A head may not go back either. */
static void producer_notices_retreat(void)
{
	struct ring *r = ring_create(4);
	u8 *to;
	u32 i;

	for (i = 0; i < 4; i++)
		put(r, i, 1);
	r->in.head = htole64(IMB_WIRE_WORD(TAG, 2));
	for (i = 0; i < 2; i++)
		CHECK_EQ(put(r, i, 1), 0);
	r->in.head = htole64(IMB_WIRE_WORD(TAG, 1));
	CHECK_EQ(imb_tx_reserve(&r->tx, &to), -EPROTO);
	free(r);
	tap_end("a head that goes back is a broken peer");
}

static void consumer_notices_lies(void)
{
	struct ring *r = ring_create(SLOTS);
	struct imb_wire_slot *slot = (struct imb_wire_slot *)r->slots;
	struct imb_slot seen;

	put(r, 1, 1);
	slot->len = cpu_to_le32(imb_slot_capacity(SIZE) + 1);
	CHECK_EQ(imb_rx_peek(&r->rx, &seen), -EPROTO);
	slot->len = cpu_to_le32(0xffffffffu);
	CHECK_EQ(imb_rx_peek(&r->rx, &seen), -EPROTO);
	CHECK_EQ(r->rx.counts.broken, 2);
	slot->len = cpu_to_le32(imb_slot_capacity(SIZE));
	CHECK_EQ(imb_rx_peek(&r->rx, &seen), 1);
	CHECK_EQ(seen.len, imb_slot_capacity(SIZE));
	free(r);
	tap_end("a slot longer than itself is a broken peer");
}

/* What an earlier session or lap left behind is never a message. */
static void ignores_stale_slots(void)
{
	struct ring *r = ring_create(SLOTS);
	u32 i;

	for (i = 0; i < SLOTS; i++)
		put(r, i, 1);
	imb_rx_start(&r->rx, TAG + 1);
	CHECK_EQ(get(r), -1);
	imb_tx_start(&r->tx, TAG + 1);
	CHECK_EQ(put(r, 50, 1), 0);
	CHECK_EQ(get(r), 50);
	CHECK_EQ(get(r), -1);
	for (i = 0; i < 2 * SLOTS; i++) {
		CHECK_EQ(put(r, i, 1), 0);
		CHECK_EQ(get(r), i);
		CHECK_EQ(get(r), -1);
	}
	free(r);
	tap_end("slots of another session or lap are not messages");
}

/* Wishes of another session ring nobody. */
static void ignores_stale_wishes(void)
{
	struct ring *r = ring_create(SLOTS);
	u32 i;

	r->in.wake = htole64(IMB_WIRE_WORD(TAG + 1, 0));
	put(r, 0, 1);
	CHECK(!imb_tx_kick(&r->tx));
	r->out.want = htole64(IMB_WIRE_WORD(TAG + 1, 1));
	for (i = 0; i < 6; i++) {
		put(r, i, 1);
		get(r);
	}
	CHECK_EQ(r->consumer.bells, 0);
	free(r);
	tap_end("wishes of another session ring nobody");
}

int main(void)
{
	tap_begin();
	passes_every_length();
	fills_up();
	wraps_at_2_to_32();
	rings_a_sleeper_once();
	arming_sees_a_late_message();
	rings_a_waiting_producer();
	arming_gives_back();
	producer_notices_lies();
	producer_notices_retreat();
	consumer_notices_lies();
	ignores_stale_slots();
	ignores_stale_wishes();
	return tap_done();
}
