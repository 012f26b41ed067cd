// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Which pages does one wait for most? A sketch of bounded size: the pages of a set
 * share its places, and one that is new takes the place of the least wanted
 * (Metwally's "space saving"). What that one had is inherited, not as counts but as
 * the measure of what may have been missed.
 */
#include "dsm_hot.h"

u64 dsm_hot_total(const struct dsm_hot_page *hot)
{
	u64 sum = 0;
	u32 kind;

	for (kind = 0; kind < DSM_HOT_KINDS; kind++)
		sum += hot->count[kind];
	return sum;
}

static u64 rank(const struct dsm_hot_page *hot)
{
	return hot->inherited + dsm_hot_total(hot);
}

/* Its own place, or else that of the least wanted. */
static struct dsm_hot_page *place_of(struct dsm_hot *hot, u64 page)
{
	u64 hash = (page * 0x9e3779b97f4a7c15ull) >> 32;
	struct dsm_hot_page *set = hot->set[hash % DSM_HOT_SETS];
	struct dsm_hot_page *least = set;
	u32 i;

	for (i = 0; i < DSM_HOT_WAYS; i++) {
		if (rank(&set[i]) && set[i].page == page)
			return &set[i];
		if (rank(&set[i]) < rank(least))
			least = &set[i];
	}
	*least = (struct dsm_hot_page){
		.page = page,
		.inherited = rank(least),
	};
	return least;
}

void dsm_hot_note(struct dsm_hot *hot, u64 page, u16 at, enum dsm_hot_kind kind)
{
	struct dsm_hot_page *place = place_of(hot, page);

	place->count[kind]++;
	if (kind == DSM_HOT_HOME)
		place->home = at;
	else
		place->away = at;
}
