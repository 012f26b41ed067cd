/* SPDX-License-Identifier: GPL-2.0 */
/* What the suites of imb-kunit.ko share: both ends of a link in one kernel. */
#ifndef IMB_KUNIT_H
#define IMB_KUNIT_H

#include <kunit/test.h>

#include "../core/link.h"

#define PAIR_LOG 64

/**
 * struct pair_log - what one end's host has been told
 * @n: how many events, of which the last PAIR_LOG are kept
 * @events: by number modulo PAIR_LOG; data is not valid any more
 * @last: bytes of the last message
 */
struct pair_log {
	u32 n;
	struct imb_event events[PAIR_LOG];
	u8 last[4096];
};

/**
 * struct pair - two kernels and their window
 * @g: its shape
 * @window: the window
 * @port: hosts of the two ends
 * @link: the two ends
 * @log: what they reported
 * @hold: do not give back the buffers of by-reference messages
 */
struct pair {
	struct imb_geometry g;
	u8 *window;
	struct imb_port port[2];
	struct imb_link *link[2];
	struct pair_log *log;
	bool hold;
};

/* A pair in freshly cleared memory, not yet talking. */
struct pair *pair_new(struct kunit *test);
/* Kernel @k boots anew; its lines keep what its predecessor wrote. */
void pair_boot(struct pair *p, u32 k, u32 boot);
/* Tick both and deliver everything, until neither has anything to say. */
void pair_run(struct pair *p);
/* As pair_run(), without the ticks. */
void pair_pump(struct pair *p);
/* How often kernel @k was told @type for @service, of the events kept. */
u32 pair_told(const struct pair *p, u32 k, enum imb_event_type type,
	      u16 service);
/* Bring both links up, with @service open at both ends. */
void pair_open(struct kunit *test, struct pair *p, u16 service, u8 lane,
	       u32 window);
/* Where kernel @k's section towards the other one is. */
u8 *pair_section(struct pair *p, u32 k);

extern struct kunit_suite imb_ring_suite, imb_link_suite, imb_hostile_suite;

#endif /* IMB_KUNIT_H */
