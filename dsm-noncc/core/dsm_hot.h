/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * dsm_hot.h - the pages of a space that kernels wait for most, in bounded memory.
 *
 * Locking: none here; the host holds one lock per sketch around each call.
 */
#ifndef DSM_HOT_H
#define DSM_HOT_H

#include "dsm_port.h"

#define DSM_HOT_SETS 32
#define DSM_HOT_WAYS 4

/* Who waited, and for what. */
enum dsm_hot_kind {
	DSM_HOT_READ, /* another kernel, to read */
	DSM_HOT_WRITE, /* another kernel, to write */
	DSM_HOT_HOME, /* a thread of the home, as another kernel had the page */
	DSM_HOT_KINDS
};

/**
 * struct dsm_hot_page - what is known of a page
 * @page: its number in the space; the place is free if all counts are 0
 * @count: how often somebody waited since it has this place, by enum dsm_hot_kind
 * @inherited: so often at most before
 * @away: byte of the page that another kernel accessed last
 * @home: byte that the home did
 */
struct dsm_hot_page {
	u64 page;
	u64 count[DSM_HOT_KINDS];
	u64 inherited;
	u16 away;
	u16 home;
};

/**
 * struct dsm_hot - a sketch; all zero is an empty one
 * @set: pages, by a hash of their number
 *
 * A page that has more than one part in DSM_HOT_WAYS of all that its set has seen
 * is in it.
 */
struct dsm_hot {
	struct dsm_hot_page set[DSM_HOT_SETS][DSM_HOT_WAYS];
};

/**
 * dsm_hot_note() - somebody waits for a page
 * @hot: sketch
 * @page: its number in the space
 * @at: the byte of it that is accessed
 * @kind: who, and for what
 */
void dsm_hot_note(struct dsm_hot *hot, u64 page, u16 at,
		  enum dsm_hot_kind kind);

/**
 * dsm_hot_total() - how often somebody waited for a page, of what is known for sure
 * @hot: page
 *
 * Return: the sum of its counts; 0: a free place.
 */
u64 dsm_hot_total(const struct dsm_hot_page *hot);

#endif /* DSM_HOT_H */
