// SPDX-License-Identifier: GPL-2.0
/* imb-kunit.ko: rings and by-reference buffers. */
#include "kunit.h"

#define TEST_SERVICE 9
#define LANE	     IMB_LANE_BULK

/* A service open at both ends and everything quiet. */
static struct pair *quiet_pair(struct kunit *test)
{
	struct pair *p = pair_new(test);

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	p->port[0].bells = 0;
	p->port[1].bells = 0;
	return p;
}

static int send_number(struct pair *p, u64 number)
{
	return imb_link_send(p->link[0], TEST_SERVICE, &number, sizeof(number));
}

/* The ring goes round many times; positions wrap at 2^32 too. */
static void ring_wrap_in_order(struct kunit *test)
{
	struct pair *p = pair_new(test);
	u64 i, got;

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	for (i = 0; i < 1000; i++) {
		KUNIT_ASSERT_EQ(test, send_number(p, i), 0);
		imb_link_kick(p->link[0]);
		pair_pump(p);
		memcpy(&got, p->log[1].last, sizeof(got));
		KUNIT_ASSERT_EQ(test, got, i);
	}
	KUNIT_EXPECT_EQ(test, p->link[0]->tx[LANE].counts.full, 0);
}

static void ring_position_wraps_at_2_32(struct kunit *test)
{
	struct pair *p = quiet_pair(test);
	struct imb_tx *tx = &p->link[0]->tx[LANE];
	struct imb_rx *rx = &p->link[1]->rx[LANE];
	u64 i, got;

	/* As if 2^32 messages had passed: nothing is left of the first lap. */
	memset(pair_section(p, 0) + imb_offset_slots(&p->g, LANE), 0,
	       tx->count * tx->size);
	tx->pos = 0xfffffffc;
	tx->head = tx->pos;
	tx->kicked = tx->pos;
	rx->pos = tx->pos;
	rx->head = tx->pos;
	rx->armed = false;
	for (i = 0; i < 64; i++) {
		KUNIT_ASSERT_EQ(test, send_number(p, i), 0);
		imb_link_kick(p->link[0]);
		pair_pump(p);
		memcpy(&got, p->log[1].last, sizeof(got));
		KUNIT_ASSERT_EQ(test, got, i);
	}
	KUNIT_EXPECT_EQ(test, tx->pos, 60);
	KUNIT_EXPECT_EQ(test, p->link[1]->counts.broken, 0);
}

static void ring_full_then_writable(struct kunit *test)
{
	struct pair *p = quiet_pair(test);
	u32 slots = p->g.lane[LANE].slots;
	u32 sent = 0;

	while (send_number(p, sent) == 0)
		sent++;
	KUNIT_EXPECT_EQ(test, sent, slots);
	KUNIT_EXPECT_EQ(test, send_number(p, sent), -EAGAIN);
	KUNIT_EXPECT_EQ(test, pair_told(p, 0, IMB_EVENT_WRITABLE, TEST_SERVICE),
			0);
	imb_link_kick(p->link[0]);
	pair_pump(p);
	KUNIT_EXPECT_EQ(test, pair_told(p, 1, IMB_EVENT_MESSAGE, TEST_SERVICE),
			sent);
	KUNIT_EXPECT_EQ(test, pair_told(p, 0, IMB_EVENT_WRITABLE, TEST_SERVICE),
			1);
	/* The reader rang the writer who waited. */
	KUNIT_EXPECT_GT(test, p->port[1].bells, 0);
	KUNIT_EXPECT_EQ(test, send_number(p, sent), 0);
}

static void ring_bell_only_to_a_sleeper(struct kunit *test)
{
	struct pair *p = quiet_pair(test);

	KUNIT_EXPECT_EQ(test, send_number(p, 1), 0);
	KUNIT_EXPECT_TRUE(test, imb_link_kick(p->link[0]));
	/* It has been rung and has not yet slept again. */
	KUNIT_EXPECT_EQ(test, send_number(p, 2), 0);
	KUNIT_EXPECT_FALSE(test, imb_link_kick(p->link[0]));
	KUNIT_EXPECT_EQ(test, p->port[0].bells, 1);
	pair_pump(p);
	KUNIT_EXPECT_EQ(test, send_number(p, 3), 0);
	KUNIT_EXPECT_TRUE(test, imb_link_kick(p->link[0]));
	KUNIT_EXPECT_EQ(test, p->port[0].bells, 2);
}

/* A bell that never arrives costs a tick and no more. */
static void ring_lost_bell_recovered_by_tick(struct kunit *test)
{
	struct pair *p = quiet_pair(test);

	KUNIT_EXPECT_EQ(test, send_number(p, 1), 0);
	pair_run(p);
	KUNIT_EXPECT_EQ(test, pair_told(p, 1, IMB_EVENT_MESSAGE, TEST_SERVICE),
			1);
}

static void fill(u8 *data, u32 len, u8 seed)
{
	u32 i;

	for (i = 0; i < len; i++)
		data[i] = (u8)(seed + i * 7);
}

/* Every size from nothing to the maximum, on both lanes. */
static void message_every_size_intact(struct kunit *test)
{
	struct pair *p = pair_new(test);
	u32 max = imb_link_max_message(p->link[0]);
	u8 *data = kunit_kzalloc(test, max + 1, GFP_KERNEL);
	const struct imb_event *event;
	u32 len;
	u8 lane;

	KUNIT_ASSERT_NOT_NULL(test, data);
	for (lane = 0; lane < IMB_WIRE_LANES; lane++)
		pair_open(test, p, TEST_SERVICE + lane, lane, 0);
	for (len = 0; len <= max; len++) {
		lane = len & 1;
		fill(data, len, (u8)len);
		KUNIT_ASSERT_EQ(test,
				imb_link_send(p->link[0], TEST_SERVICE + lane,
					      data, len),
				0);
		imb_link_kick(p->link[0]);
		pair_pump(p);
		event = &p->log[1].events[(p->log[1].n - 1) % PAIR_LOG];
		KUNIT_ASSERT_EQ(test, event->len, len);
		KUNIT_ASSERT_EQ(test, memcmp(p->log[1].last, data, len), 0);
	}
	KUNIT_EXPECT_EQ(test,
			imb_link_send(p->link[0], TEST_SERVICE, data, max + 1),
			-EMSGSIZE);
}

/* The reader keeps the buffers: the writer runs out, and is told when not. */
static void pool_exhausted_then_writable(struct kunit *test)
{
	struct pair *p = quiet_pair(test);
	u8 *data = kunit_kzalloc(test, p->g.buf_size, GFP_KERNEL);
	u32 sent = 0;

	KUNIT_ASSERT_NOT_NULL(test, data);
	p->hold = true;
	while (!imb_link_send(p->link[0], TEST_SERVICE, data, p->g.buf_size)) {
		sent++;
		imb_link_kick(p->link[0]);
		pair_pump(p);
	}
	KUNIT_EXPECT_EQ(test, sent, p->g.bufs);
	KUNIT_EXPECT_EQ(test, pair_told(p, 0, IMB_EVENT_WRITABLE, TEST_SERVICE),
			0);
	imb_link_return(p->link[1],
			&p->log[1].events[(p->log[1].n - 1) % PAIR_LOG]);
	KUNIT_EXPECT_GT(test, p->port[1].bells, 0);
	pair_pump(p);
	KUNIT_EXPECT_EQ(test, pair_told(p, 0, IMB_EVENT_WRITABLE, TEST_SERVICE),
			1);
	KUNIT_EXPECT_EQ(test,
			imb_link_send(p->link[0], TEST_SERVICE, data, 1000), 0);
}

/* Returned twice, or after the session: nothing is freed that is in use. */
static void pool_return_of_old_use_ignored(struct kunit *test)
{
	struct pair *p = quiet_pair(test);
	u8 *data = kunit_kzalloc(test, p->g.buf_size, GFP_KERNEL);
	struct imb_event old;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, data);
	p->hold = true;
	imb_link_send(p->link[0], TEST_SERVICE, data, 1000);
	pair_run(p);
	old = p->log[1].events[(p->log[1].n - 1) % PAIR_LOG];
	imb_link_return(p->link[1], &old);
	for (i = 0; i < p->g.bufs; i++) {
		KUNIT_EXPECT_EQ(
			test,
			imb_link_send(p->link[0], TEST_SERVICE, data, 1000), 0);
		pair_run(p);
	}
	imb_link_return(p->link[1], &old);
	KUNIT_EXPECT_EQ(test, imb_link_buf_get(p->link[0], TEST_SERVICE),
			-EAGAIN);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(ring_wrap_in_order),
	KUNIT_CASE(ring_position_wraps_at_2_32),
	KUNIT_CASE(ring_full_then_writable),
	KUNIT_CASE(ring_bell_only_to_a_sleeper),
	KUNIT_CASE(ring_lost_bell_recovered_by_tick),
	KUNIT_CASE(message_every_size_intact),
	KUNIT_CASE(pool_exhausted_then_writable),
	KUNIT_CASE(pool_return_of_old_use_ignored),
	{},
};

struct kunit_suite imb_ring_suite = {
	.name = "imb-ring",
	.test_cases = ring_cases,
};
