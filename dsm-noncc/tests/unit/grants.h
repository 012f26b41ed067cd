/* SPDX-License-Identifier: GPL-2.0 */
/* What the home of fake.h's copy sends, and what it is answered. */
#ifndef GRANTS_H
#define GRANTS_H

#include "fake.h"

static inline struct dsm_wire grant(u8 access, u64 stamp)
{
	struct dsm_wire w = message(DSM_GRANT, 1, 1);

	w.access = access;
	w.frame = cpu_to_le64(9);
	w.stamp = cpu_to_le64(stamp);
	return w;
}

static inline struct dsm_wire recall(u8 keep, u64 stamp, u16 flags)
{
	struct dsm_wire w = message(DSM_RECALL, 1, 1);

	w.access = keep;
	w.frame = cpu_to_le64(9);
	w.stamp = cpu_to_le64(stamp);
	w.flags = cpu_to_le16(flags);
	return w;
}

static inline void check_answer(struct fake *f, u8 type, u8 access, u16 flags,
				u64 stamp)
{
	const struct dsm_wire *w = last(f);

	CHECK_EQ(f->to[f->n - 1], 1);
	CHECK_EQ(w->type, type);
	CHECK_EQ(w->home, 1);
	CHECK_EQ(w->third, DSM_NOBODY);
	CHECK_EQ(w->access, access);
	CHECK_EQ(le16_to_cpu(w->flags), flags);
	CHECK_EQ(le64_to_cpu(w->frame), 9);
	CHECK_EQ(le64_to_cpu(w->stamp), stamp);
}

#endif /* GRANTS_H */
