// SPDX-License-Identifier: GPL-2.0
/*
 * imb-kunit.ko: the mailbox core under KUnit, with the Linux port, both ends of
 * a link in one kernel over ordinary memory. Here: the pair, the geometry, the
 * wire. kunit_ring.c and kunit_link.c hold the rest.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "kunit.h"

#define PAIR_EVENTS 100000

static const struct imb_geometry pair_shape = {
	.kernels = 2,
	.line = 64,
	.lane = { { 4, 128 }, { 8, 256 } },
	.bufs = 4,
	.buf_size = IMB_WIRE_PAGE,
};

static u64 window_size(const struct imb_geometry *g)
{
	return g->kernels * (g->kernels - 1) * imb_section_size(g);
}

void pair_boot(struct pair *p, u32 k, u32 boot)
{
	memset(p->link[k], 0, sizeof(*p->link[k]));
	imb_link_init(p->link[k], &p->port[k], &p->g,
		      (u8 __shm __force *)p->window, k, !k, boot);
}

struct pair *pair_new(struct kunit *test)
{
	struct pair *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	u32 k;

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->g = pair_shape;
	p->window = kunit_kzalloc(test, window_size(&p->g), GFP_KERNEL);
	p->log = kunit_kcalloc(test, 2, sizeof(*p->log), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p->window);
	KUNIT_ASSERT_NOT_NULL(test, p->log);
	for (k = 0; k < 2; k++) {
		p->link[k] =
			kunit_kzalloc(test, sizeof(*p->link[k]), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p->link[k]);
		pair_boot(p, k, 1);
	}
	return p;
}

u8 *pair_section(struct pair *p, u32 k)
{
	return p->window + imb_section_offset(&p->g, k, !k);
}

static void deliver(struct pair *p, u32 k, const struct imb_event *event)
{
	struct pair_log *log = &p->log[k];

	log->events[log->n++ % PAIR_LOG] = *event;
	if (event->type != IMB_EVENT_MESSAGE)
		return;
	imb_port_copy_in(&p->port[k], log->last, event->data,
			 min_t(u32, event->len, sizeof(log->last)));
	if (event->buf >= 0 && !p->hold)
		imb_link_return(p->link[k], event);
	imb_link_done(p->link[k], event);
}

static u32 pump_one(struct pair *p, u32 k)
{
	struct imb_event event;
	u32 n;

	for (n = 0; n < PAIR_EVENTS && imb_link_next(p->link[k], &event); n++)
		deliver(p, k, &event);
	return n;
}

void pair_pump(struct pair *p)
{
	u64 rung;

	/* What ends in no event may have rung the other end. */
	do {
		rung = p->port[0].bells + p->port[1].bells;
	} while (pump_one(p, 0) + pump_one(p, 1) ||
		 rung != p->port[0].bells + p->port[1].bells);
}

void pair_run(struct pair *p)
{
	int i;

	for (i = 0; i < 4; i++) {
		imb_link_tick(p->link[0]);
		imb_link_tick(p->link[1]);
		pair_pump(p);
	}
}

u32 pair_told(const struct pair *p, u32 k, enum imb_event_type type,
	      u16 service)
{
	const struct pair_log *log = &p->log[k];
	u32 told = 0;
	u32 i;

	for (i = 0; i < min_t(u32, log->n, PAIR_LOG); i++)
		if (log->events[i].type == type &&
		    log->events[i].service == service)
			told++;
	return told;
}

void pair_open(struct kunit *test, struct pair *p, u16 service, u8 lane,
	       u32 window)
{
	KUNIT_ASSERT_EQ(test, imb_link_open(p->link[0], service, lane, window),
			0);
	KUNIT_ASSERT_EQ(test, imb_link_open(p->link[1], service, lane, window),
			0);
	pair_run(p);
	KUNIT_ASSERT_EQ(test, p->link[0]->state, IMB_LINK_UP);
	KUNIT_ASSERT_EQ(test, p->link[1]->state, IMB_LINK_UP);
	KUNIT_ASSERT_TRUE(test, p->link[0]->channels[service].told);
	KUNIT_ASSERT_TRUE(test, p->link[1]->channels[service].told);
}

static void geometry_good_accepted(struct kunit *test)
{
	const struct imb_geometry *g = &pair_shape;

	KUNIT_EXPECT_EQ(test, imb_geometry_check(g, window_size(g)), 0);
	KUNIT_EXPECT_EQ(test, imb_geometry_check(g, window_size(g) - 1),
			-ENOSPC);
}

static void geometry_bad_refused(struct kunit *test)
{
	struct imb_geometry g[8];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(g); i++)
		g[i] = pair_shape;
	g[0].kernels = 1;
	g[1].kernels = IMB_WIRE_KERNELS + 1;
	g[2].line = 32;
	g[3].lane[0].slots = 3;
	g[4].lane[1].slots = 1;
	g[5].lane[1].slot_size = 100;
	g[6].bufs = IMB_WIRE_MAX_BUFS + 1;
	g[7].buf_size = IMB_WIRE_PAGE + 1;
	for (i = 0; i < ARRAY_SIZE(g); i++)
		KUNIT_EXPECT_EQ_MSG(test, imb_geometry_check(&g[i], U64_MAX),
				    -EINVAL, "shape %u", i);
}

static void geometry_sections_disjoint(struct kunit *test)
{
	struct imb_geometry g = pair_shape;
	u32 owner, peer, seen = 0;
	u64 at;

	g.kernels = IMB_WIRE_KERNELS;
	for (owner = 0; owner < g.kernels; owner++)
		for (peer = 0; peer < g.kernels; peer++) {
			if (owner == peer)
				continue;
			at = imb_section_offset(&g, owner, peer);
			KUNIT_EXPECT_EQ(test, at, seen * imb_section_size(&g));
			seen++;
		}
	KUNIT_EXPECT_EQ(test, seen * imb_section_size(&g), window_size(&g));
}

/* Two kernels built at different times must come to the same number. */
static void geometry_sum_known(struct kunit *test)
{
	struct imb_geometry g = pair_shape;
	u32 sum = imb_geometry_sum(&g);

	KUNIT_EXPECT_EQ(test, sum, 0x6b1d7e14u);
	g.lane[1].slots *= 2;
	KUNIT_EXPECT_NE(test, imb_geometry_sum(&g), sum);
}

/* Numbers, not names: a renamed or moved field must fail here. */
static void wire_offsets_fixed(struct kunit *test)
{
	const struct imb_geometry *g = &pair_shape;

	KUNIT_EXPECT_EQ(test, imb_offset_hello(g), 0);
	KUNIT_EXPECT_EQ(test, imb_offset_beat(g), 64);
	KUNIT_EXPECT_EQ(test, imb_offset_producer(g, 0), 128);
	KUNIT_EXPECT_EQ(test, imb_offset_consumer(g, 0), 192);
	KUNIT_EXPECT_EQ(test, imb_offset_producer(g, 1), 256);
	KUNIT_EXPECT_EQ(test, imb_offset_consumer(g, 1), 320);
	KUNIT_EXPECT_EQ(test, imb_offset_want(g), 384);
	KUNIT_EXPECT_EQ(test, imb_offset_returns(g), 448);
	KUNIT_EXPECT_EQ(test, imb_offset_slots(g, 0), 4096);
	KUNIT_EXPECT_EQ(test, imb_offset_slots(g, 1), 4096 + 4 * 128);
	KUNIT_EXPECT_EQ(test, imb_offset_pool(g), 8192);
	KUNIT_EXPECT_EQ(test, imb_section_size(g), 8192 + 4 * 4096);
}

/* The bytes themselves, as another implementation would read them. */
static void wire_hello_bytes(struct kunit *test)
{
	static const u8 want[20] = { [4] = 'I', 'M',  'B',	'1', 1, 0,
				     0,		0,    [12] = 1, 0,   2, 0,
				     0x14,	0x7e, 0x1d,	0x6b };
	struct pair *p = pair_new(test);
	const u8 *hello = pair_section(p, 1);

	KUNIT_EXPECT_MEMEQ(test, hello + 4, want + 4, sizeof(want) - 4);
	KUNIT_EXPECT_EQ(test, hello[0] & 1, 0);
	KUNIT_EXPECT_EQ(test, hello[36], IMB_WIRE_OPEN);
	KUNIT_EXPECT_EQ(test, hello[64], 1);
}

static struct kunit_case wire_cases[] = {
	KUNIT_CASE(geometry_good_accepted),
	KUNIT_CASE(geometry_bad_refused),
	KUNIT_CASE(geometry_sections_disjoint),
	KUNIT_CASE(geometry_sum_known),
	KUNIT_CASE(wire_offsets_fixed),
	KUNIT_CASE(wire_hello_bytes),
	{},
};

static struct kunit_suite imb_wire_suite = {
	.name = "imb-wire",
	.test_cases = wire_cases,
};

kunit_test_suites(&imb_wire_suite, &imb_ring_suite, &imb_link_suite,
		  &imb_hostile_suite);

MODULE_DESCRIPTION("KUnit suites of the inter-kernel mailbox's core");
MODULE_LICENSE("GPL");
