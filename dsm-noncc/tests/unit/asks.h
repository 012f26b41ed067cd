/* SPDX-License-Identifier: GPL-2.0 */
/* Requests for the frame of fake.h, and what comes of them. */
#ifndef ASKS_H
#define ASKS_H

#include "fake.h"

static struct dsm_ask asks[8];

static inline struct dsm_ask *ask(u32 i, u8 kernel, u8 access)
{
	asks[i] = (struct dsm_ask){
		.kernel = kernel,
		.access = access,
		.token = 100 + i,
		.addr = 0x1000,
		.space = 3,
		.space_inc = 4,
		.prot = 6,
		.next = asks, /* left from another list */
	};
	return &asks[i];
}

static inline void wants(struct fake *f, u32 i, u8 kernel, u8 access)
{
	dsm_home_request(&f->core, &f->page, ask(i, kernel, access));
}

static inline void protect(struct fake *f)
{
	dsm_home_protected(&f->core, &f->page, f->op, true);
}

static inline void answers(struct fake *f, u32 from, u8 access, u16 flags)
{
	struct dsm_wire w = message(DSM_ACK, from, SELF);

	w.frame = cpu_to_le64(5);
	w.access = access;
	w.flags = cpu_to_le16(flags);
	w.stamp = cpu_to_le64(f->page.stamp[from]);
	receive(f, from, w);
}

/* The newest message; to whom, and what of it. */
static inline void check_sent(struct fake *f, u32 n, u32 to, u8 type, u8 access,
			      u64 stamp)
{
	const struct dsm_wire *w = last(f);

	CHECK_EQ(f->n, n);
	CHECK_EQ(f->to[n - 1], to);
	CHECK_EQ(w->type, type);
	CHECK_EQ(w->access, access);
	CHECK_EQ(w->home, SELF);
	/* The first number was the hello's. */
	CHECK_EQ(le64_to_cpu(w->stamp), stamp ? stamp + 1 : 0);
}

/* Kernel 1 gets it to write. */
static inline struct fake *given(u32 hold_us)
{
	struct fake *f = fake_create(hold_us);

	wants(f, 0, 1, DSM_WRITE);
	protect(f);
	CHECK_EQ(f->n, 1);
	return f;
}

#endif /* ASKS_H */
