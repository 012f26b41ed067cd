/* SPDX-License-Identifier: GPL-2.0 */
/* Two kernels with one link, in one process, for tests of link and channel. */
#ifndef PAIR_H
#define PAIR_H

#include <stdlib.h>

#include "../tap.h"
#include "link.h"

#define MAX_EVENTS 256

/**
 * struct side - one kernel
 * @port: its host
 * @link: to the other
 * @seen: events since side_forget()
 * @n_seen: how many
 * @keep: by-reference buffers are not returned
 */
struct side {
	struct imb_port port;
	struct imb_link link;
	struct imb_event seen[MAX_EVENTS];
	u32 n_seen;
	bool keep;
};

struct pair {
	struct imb_geometry g;
	u8 *window;
	struct side side[2];
};

static inline void side_boot(struct pair *p, u32 me, u32 boot)
{
	struct side *s = &p->side[me];
	u64 now = s->port.now_ms;

	memset(s, 0, sizeof(*s));
	s->port.now_ms = now;
	imb_link_init(&s->link, &s->port, &p->g, p->window, me, !me, boot);
}

/* A window full of noise, and nobody there. */
static inline struct pair *pair_empty(void)
{
	struct pair *p = calloc(1, sizeof(*p));

	p->g = (struct imb_geometry){ .kernels = 2,
				      .line = 64,
				      .lane = { { 4, 64 }, { 8, 128 } },
				      .bufs = 3,
				      .buf_size = 4096 };
	p->window = aligned_alloc(4096, 2 * imb_section_size(&p->g));
	memset(p->window, 0xa5, 2 * imb_section_size(&p->g));
	return p;
}

static inline struct pair *pair_create(void)
{
	struct pair *p = pair_empty();

	side_boot(p, 0, 1);
	side_boot(p, 1, 1);
	return p;
}

static inline void pair_destroy(struct pair *p)
{
	free(p->window);
	free(p);
}

static inline void side_forget(struct side *s)
{
	s->n_seen = 0;
}

/* Take every event. Messages are done with at once, unless @keep. */
static inline void side_serve(struct side *s)
{
	struct imb_event event;

	while (imb_link_next(&s->link, &event)) {
		if (event.type == IMB_EVENT_NOTHING)
			continue;
		CHECK(s->n_seen < MAX_EVENTS);
		if (s->n_seen < MAX_EVENTS)
			s->seen[s->n_seen++] = event;
		if (event.type != IMB_EVENT_MESSAGE)
			continue;
		if (event.buf >= 0 && !s->keep)
			imb_link_return(&s->link, &event);
		imb_link_done(&s->link, &event);
	}
}

static inline void side_tick(struct pair *p, u32 me)
{
	p->side[me].port.now_ms += IMB_BEAT_MS;
	imb_link_tick(&p->side[me].link);
	side_serve(&p->side[me]);
}

static inline void pair_tick(struct pair *p, u32 times)
{
	while (times--) {
		side_tick(p, 0);
		side_tick(p, 1);
	}
}

/* Serve both until neither has rung the other. */
static inline void pair_serve(struct pair *p)
{
	u64 rung;

	do {
		rung = p->side[0].port.bells + p->side[1].port.bells;
		side_serve(&p->side[0]);
		side_serve(&p->side[1]);
	} while (rung != p->side[0].port.bells + p->side[1].port.bells);
}

static inline struct pair *pair_up(void)
{
	struct pair *p = pair_create();

	pair_tick(p, 3);
	CHECK_EQ(p->side[0].link.state, IMB_LINK_UP);
	CHECK_EQ(p->side[1].link.state, IMB_LINK_UP);
	side_forget(&p->side[0]);
	side_forget(&p->side[1]);
	return p;
}

/* How many events of a type were seen for a service. */
static inline u32 side_count(const struct side *s, u8 type, u16 service)
{
	u32 n = 0, i;

	for (i = 0; i < s->n_seen; i++)
		n += s->seen[i].type == type && s->seen[i].service == service;
	return n;
}

static inline struct imb_wire_hello *pair_hello(struct pair *p, u32 owner)
{
	return (struct imb_wire_hello *)(p->window +
					 imb_section_offset(&p->g, owner,
							    !owner) +
					 imb_offset_hello(&p->g));
}

static inline struct imb_wire_beat *pair_beat(struct pair *p, u32 owner)
{
	return (struct imb_wire_beat *)(p->window +
					imb_section_offset(&p->g, owner,
							   !owner) +
					imb_offset_beat(&p->g));
}

#endif /* PAIR_H */
