// SPDX-License-Identifier: GPL-2.0
/* imb-kunit.ko: sessions, channels, credits, and a peer that lies. */
#include <linux/delay.h>
#include <linux/prandom.h>
#include <linux/random.h>

#include "kunit.h"

#define TEST_SERVICE   9
#define LANE	       IMB_LANE_BULK
#define HOSTILE_ROUNDS 3000

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "seed of the random tests, 0: another each time");

static void boot_in_any_order_comes_up(struct kunit *test)
{
	struct pair *p = pair_new(test);

	/* Kernel 1 has seen no sign of life since it booted. */
	pair_pump(p);
	KUNIT_EXPECT_EQ(test, p->link[1]->state, IMB_LINK_DOWN);
	pair_run(p);
	KUNIT_EXPECT_EQ(test, p->link[0]->state, IMB_LINK_UP);
	KUNIT_EXPECT_EQ(test, p->link[1]->state, IMB_LINK_UP);
	KUNIT_EXPECT_EQ(test, pair_told(p, 0, IMB_EVENT_LINK_UP, 0), 1);
	KUNIT_EXPECT_EQ(test, p->link[0]->counts.illegal, 0);
	KUNIT_EXPECT_EQ(test, p->link[1]->counts.illegal, 0);
}

/* What the dead incarnation had under way is never read. */
static void restart_old_messages_not_read(struct kunit *test)
{
	struct pair *p = pair_new(test);
	u64 number = 0x0123456789abcdef;

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	imb_link_send(p->link[0], TEST_SERVICE, &number, sizeof(number));
	pair_boot(p, 0, 2);
	KUNIT_ASSERT_EQ(test, imb_link_open(p->link[0], TEST_SERVICE, LANE, 0),
			0);
	pair_run(p);
	KUNIT_EXPECT_EQ(test, p->link[1]->state, IMB_LINK_UP);
	KUNIT_EXPECT_EQ(test, p->link[1]->peer_boot, 2);
	KUNIT_EXPECT_EQ(test, p->link[1]->counts.ups, 2);
	KUNIT_EXPECT_EQ(test, pair_told(p, 1, IMB_EVENT_MESSAGE, TEST_SERVICE),
			0);
	KUNIT_EXPECT_EQ(
		test, pair_told(p, 1, IMB_EVENT_CHANNEL_DOWN, TEST_SERVICE), 1);
	KUNIT_EXPECT_EQ(test,
			pair_told(p, 1, IMB_EVENT_CHANNEL_UP, TEST_SERVICE), 2);
}

static void silence_closes_the_link(struct kunit *test)
{
	struct pair *p = pair_new(test);

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	imb_link_tick(p->link[0]);
	p->link[0]->silent_ms = 10;
	msleep(30);
	imb_link_tick(p->link[0]);
	pair_pump(p);
	KUNIT_EXPECT_EQ(test, p->link[0]->counts.silent, 1);
	KUNIT_EXPECT_EQ(
		test, pair_told(p, 0, IMB_EVENT_CHANNEL_DOWN, TEST_SERVICE), 1);
	/* It was only slow: both agree on a new session. */
	p->link[0]->silent_ms = IMB_SILENT_MS;
	pair_run(p);
	KUNIT_EXPECT_EQ(test, p->link[0]->state, IMB_LINK_UP);
	KUNIT_EXPECT_EQ(test, p->link[1]->state, IMB_LINK_UP);
}

static void fence_is_deaf_until_lifted(struct kunit *test)
{
	struct pair *p = pair_new(test);

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	imb_link_input(p->link[0], IMB_IN_FENCE);
	pair_run(p);
	KUNIT_EXPECT_EQ(test, p->link[0]->state, IMB_LINK_FENCED);
	KUNIT_EXPECT_NE(test, p->link[1]->state, IMB_LINK_UP);
	imb_link_input(p->link[0], IMB_IN_UNFENCE);
	pair_run(p);
	KUNIT_EXPECT_EQ(test, p->link[0]->state, IMB_LINK_UP);
	KUNIT_EXPECT_EQ(test, p->link[1]->state, IMB_LINK_UP);
}

/* Its last beats came while nobody listened: they do not make it alive. */
static void fence_lifted_over_the_dead_stays_down(struct kunit *test)
{
	struct pair *p = pair_new(test);
	int i;

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	imb_link_input(p->link[0], IMB_IN_FENCE);
	imb_link_tick(p->link[1]);
	imb_link_input(p->link[0], IMB_IN_PEER_GONE);
	imb_link_input(p->link[0], IMB_IN_UNFENCE);
	for (i = 0; i < 3; i++) {
		imb_link_tick(p->link[0]);
		pair_pump(p);
	}
	KUNIT_EXPECT_EQ(test, p->link[0]->state, IMB_LINK_DOWN);
	pair_run(p);
	KUNIT_EXPECT_EQ(test, p->link[0]->state, IMB_LINK_UP);
}

static void credit_stops_and_resumes(struct kunit *test)
{
	const u32 window = 5;
	struct pair *p = pair_new(test);
	u32 sent = 0;

	pair_open(test, p, TEST_SERVICE, LANE, window);
	while (!imb_link_send(p->link[0], TEST_SERVICE, &sent, sizeof(sent))) {
		sent++;
		imb_link_kick(p->link[0]);
		pair_pump(p);
	}
	KUNIT_EXPECT_EQ(test, sent, window);
	imb_link_consumed(p->link[1], TEST_SERVICE, p->link[1]->rx_tag, sent);
	pair_pump(p);
	KUNIT_EXPECT_EQ(test, pair_told(p, 0, IMB_EVENT_WRITABLE, TEST_SERVICE),
			1);
	KUNIT_EXPECT_EQ(test,
			imb_link_send(p->link[0], TEST_SERVICE, &sent,
				      sizeof(sent)),
			0);
}

static void channel_closed_drops_and_reopens(struct kunit *test)
{
	struct pair *p = pair_new(test);
	u32 one = 1;

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	imb_link_send(p->link[0], TEST_SERVICE, &one, sizeof(one));
	imb_link_close(p->link[1], TEST_SERVICE);
	pair_run(p);
	KUNIT_EXPECT_EQ(test, pair_told(p, 1, IMB_EVENT_MESSAGE, TEST_SERVICE),
			0);
	KUNIT_EXPECT_EQ(test, p->link[1]->counts.dropped, 1);
	KUNIT_EXPECT_EQ(test, imb_link_send(p->link[0], TEST_SERVICE, &one, 4),
			-ENOTCONN);
	KUNIT_EXPECT_EQ(test, imb_link_open(p->link[1], TEST_SERVICE, LANE, 0),
			0);
	pair_run(p);
	KUNIT_EXPECT_EQ(test, imb_link_send(p->link[0], TEST_SERVICE, &one, 4),
			0);
	pair_run(p);
	KUNIT_EXPECT_EQ(test, pair_told(p, 1, IMB_EVENT_MESSAGE, TEST_SERVICE),
			1);
}

static struct kunit_case link_cases[] = {
	KUNIT_CASE(boot_in_any_order_comes_up),
	KUNIT_CASE(restart_old_messages_not_read),
	KUNIT_CASE(silence_closes_the_link),
	KUNIT_CASE(fence_is_deaf_until_lifted),
	KUNIT_CASE(fence_lifted_over_the_dead_stays_down),
	KUNIT_CASE(credit_stops_and_resumes),
	KUNIT_CASE(channel_closed_drops_and_reopens),
	{},
};

struct kunit_suite imb_link_suite = {
	.name = "imb-link",
	.test_cases = link_cases,
};

/* From here on kernel 0 lies; kernel 1 must notice, and go on afterwards. */

static struct imb_wire_hello *liar_hello(struct pair *p)
{
	return (struct imb_wire_hello *)pair_section(p, 0);
}

/* Kernel 0 comes to its senses: it boots again and both talk. */
static void expect_recovery(struct kunit *test, struct pair *p)
{
	pair_boot(p, 0, 99);
	KUNIT_ASSERT_EQ(test, imb_link_open(p->link[0], TEST_SERVICE, LANE, 0),
			0);
	p->link[1]->hold_until_ms = 0;
	pair_run(p);
	KUNIT_EXPECT_EQ(test, p->link[1]->state, IMB_LINK_UP);
	KUNIT_EXPECT_EQ(test, p->link[0]->state, IMB_LINK_UP);
	KUNIT_EXPECT_EQ(test, p->link[1]->counts.illegal, 0);
}

static void expect_alien(struct kunit *test, enum imb_alien why,
			 void (*lie)(struct imb_wire_hello *h))
{
	struct pair *p = pair_new(test);

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	lie(liar_hello(p));
	imb_link_tick(p->link[1]);
	KUNIT_EXPECT_EQ(test, p->link[1]->state, IMB_LINK_ALIEN);
	KUNIT_EXPECT_EQ(test, p->link[1]->alien, why);
	expect_recovery(test, p);
}

static void lie_major(struct imb_wire_hello *h)
{
	h->major = cpu_to_le16(IMB_WIRE_MAJOR + 1);
}

static void lie_kernel(struct imb_wire_hello *h)
{
	h->kernel = cpu_to_le16(1);
}

static void lie_geometry(struct imb_wire_hello *h)
{
	h->geometry = ~h->geometry;
}

static void hello_other_version_alien(struct kunit *test)
{
	expect_alien(test, IMB_ALIEN_VERSION, lie_major);
}

static void hello_other_identity_alien(struct kunit *test)
{
	expect_alien(test, IMB_ALIEN_IDENTITY, lie_kernel);
}

static void hello_other_layout_alien(struct kunit *test)
{
	expect_alien(test, IMB_ALIEN_LAYOUT, lie_geometry);
}

static void hello_guard_odd_not_learned(struct kunit *test)
{
	struct pair *p = pair_new(test);

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	lie_major(liar_hello(p));
	liar_hello(p)->guard = cpu_to_le32(7);
	imb_link_tick(p->link[0]);
	imb_link_tick(p->link[1]);
	KUNIT_EXPECT_EQ(test, p->link[1]->state, IMB_LINK_UP);
	expect_recovery(test, p);
}

static void head_beyond_position_breaks(struct kunit *test)
{
	struct pair *p = pair_new(test);
	struct imb_wire_consumer *c;
	u32 n = 0;

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	c = (struct imb_wire_consumer *)(pair_section(p, 0) +
					 imb_offset_consumer(&p->g, LANE));
	c->head = cpu_to_le64(IMB_WIRE_WORD(p->link[1]->tx_tag, 1000));
	while (n < 100 &&
	       !imb_link_send(p->link[1], TEST_SERVICE, &n, sizeof(n)))
		n++;
	KUNIT_EXPECT_LE(test, n, p->g.lane[LANE].slots);
	KUNIT_EXPECT_EQ(test, p->link[1]->counts.broken, 1);
	expect_recovery(test, p);
}

/* Publish a slot by hand, right where kernel 1 looks next. */
static void forge_slot(struct pair *p, u32 len, u16 service, u16 flags,
		       const void *payload, u32 n)
{
	struct imb_rx *rx = &p->link[1]->rx[LANE];
	struct imb_wire_slot *slot =
		(struct imb_wire_slot *)(pair_section(p, 0) +
					 imb_offset_slots(&p->g, LANE) +
					 (rx->pos & (rx->count - 1)) *
						 rx->size);

	memcpy(slot + 1, payload, n);
	slot->len = cpu_to_le32(len);
	slot->service = cpu_to_le16(service);
	slot->flags = cpu_to_le16(flags);
	slot->seq = cpu_to_le64(IMB_WIRE_WORD(rx->tag, rx->pos));
}

struct forgery {
	const char *name;
	u32 len;
	u16 service;
	u16 flags;
	__le32 payload[4];
};

static const struct forgery forgeries[] = {
	{ "slot_too_long", 241, TEST_SERVICE, 0, {} },
	{ "slot_length_garbage", 0xffffffff, TEST_SERVICE, 0, {} },
	{ "service_65535", 8, 65535, 0, {} },
	{ "service_beyond", 8, IMB_WIRE_SERVICES, 0, {} },
	{ "ref_too_short", 15, TEST_SERVICE, IMB_WIRE_REF, {} },
	{ "ref_buffer_beyond",
	  16,
	  TEST_SERVICE,
	  IMB_WIRE_REF,
	  { cpu_to_le32(4), cpu_to_le32(8) } },
	{ "ref_buffer_minus_one",
	  16,
	  TEST_SERVICE,
	  IMB_WIRE_REF,
	  { cpu_to_le32(0xffffffff), cpu_to_le32(8) } },
	{ "ref_too_long",
	  16,
	  TEST_SERVICE,
	  IMB_WIRE_REF,
	  { cpu_to_le32(0), cpu_to_le32(4097) } },
	{ "ctrl_too_short", 7, TEST_SERVICE, IMB_WIRE_CTRL, {} },
	{ "credit_beyond_window",
	  8,
	  TEST_SERVICE,
	  IMB_WIRE_CTRL,
	  { cpu_to_le32(IMB_WIRE_OP_CREDIT), cpu_to_le32(0xffffffff) } },
	{ "closed_without_close",
	  8,
	  TEST_SERVICE,
	  IMB_WIRE_CTRL,
	  { cpu_to_le32(IMB_WIRE_OP_CLOSED) } },
};

KUNIT_ARRAY_PARAM_DESC(forgery, forgeries, name);

static void slot_forged_breaks(struct kunit *test)
{
	const struct forgery *f = test->param_value;
	struct pair *p = pair_new(test);

	pair_open(test, p, TEST_SERVICE, LANE, 0);
	forge_slot(p, f->len, f->service, f->flags, f->payload,
		   sizeof(f->payload));
	pair_pump(p);
	KUNIT_EXPECT_EQ(test, p->link[1]->counts.broken, 1);
	KUNIT_EXPECT_NE(test, p->link[1]->state, IMB_LINK_UP);
	expect_recovery(test, p);
}

static void flood_beyond_window_breaks(struct kunit *test)
{
	struct pair *p = pair_new(test);
	u32 i;

	pair_open(test, p, TEST_SERVICE, LANE, 3);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, p->link[1]->counts.broken, 0);
		forge_slot(p, 8, TEST_SERVICE, 0, &i, sizeof(i));
		pair_pump(p);
	}
	KUNIT_EXPECT_EQ(test, p->link[1]->counts.broken, 1);
}

/* One random word of the section, or of the control page, which matters most. */
static void scribble(struct pair *p, struct rnd_state *rnd)
{
	u32 area = prandom_u32_state(rnd) & 1 ? 1024 :
						(u32)imb_section_size(&p->g);
	u32 at = prandom_u32_state(rnd) % (area / 4) * 4;
	u32 value = prandom_u32_state(rnd);

	if (value & 1)
		value &= 0xf;
	*(u32 *)(pair_section(p, 0) + at) = value;
}

/* Noise from a peer whose heart beats: no crash, and it can be overcome. */
static void section_random_noise_survived(struct kunit *test)
{
	struct pair *p = pair_new(test);
	struct rnd_state rnd;
	u32 number = seed ?: get_random_u32();
	u32 i, n;

	kunit_info(test, "seed=%u", number);
	prandom_seed_state(&rnd, number);
	pair_open(test, p, TEST_SERVICE, LANE, 0);
	for (i = 0; i < HOSTILE_ROUNDS; i++) {
		for (n = prandom_u32_state(&rnd) % 8; n; n--)
			scribble(p, &rnd);
		p->link[1]->hold_until_ms = 0;
		imb_link_send(p->link[1], TEST_SERVICE, &i, sizeof(i));
		imb_link_send(p->link[0], TEST_SERVICE, &i, sizeof(i));
		imb_link_kick(p->link[1]);
		pair_run(p);
	}
	expect_recovery(test, p);
}

static struct kunit_case hostile_cases[] = {
	KUNIT_CASE(hello_other_version_alien),
	KUNIT_CASE(hello_other_identity_alien),
	KUNIT_CASE(hello_other_layout_alien),
	KUNIT_CASE(hello_guard_odd_not_learned),
	KUNIT_CASE(head_beyond_position_breaks),
	KUNIT_CASE_PARAM(slot_forged_breaks, forgery_gen_params),
	KUNIT_CASE(flood_beyond_window_breaks),
	KUNIT_CASE(section_random_noise_survived),
	{},
};

struct kunit_suite imb_hostile_suite = {
	.name = "imb-hostile",
	.test_cases = hostile_cases,
};
