// SPDX-License-Identifier: GPL-2.0
/* The sketch of the hottest pages, against counts of all pages. */
#include <stdlib.h>
#include <string.h>

#include "../../../ipi-mailbox/tests/tap.h"
#include "dsm_hot.h"

#define PAGES (DSM_HOT_SETS * DSM_HOT_WAYS * 8)

static struct dsm_hot hot;
static u64 truth[PAGES][DSM_HOT_KINDS];

static const struct dsm_hot_page *find(u64 page)
{
	struct dsm_hot_page *p = hot.set[0];

	for (; p < hot.set[DSM_HOT_SETS]; p++)
		if (p->page == page && dsm_hot_total(p))
			return p;
	return NULL;
}

/* All that others of its set, which the sketch alone knows, can tell. */
static const struct dsm_hot_page *set_of(u64 page)
{
	static struct dsm_hot probe;
	struct dsm_hot_page *p = probe.set[0];

	memset(&probe, 0, sizeof(probe));
	dsm_hot_note(&probe, page, 0, DSM_HOT_READ);
	while (!dsm_hot_total(p))
		p++;
	return hot.set[(p - probe.set[0]) / DSM_HOT_WAYS];
}

static u64 sum_of(u64 page)
{
	return truth[page][0] + truth[page][1] + truth[page][2];
}

static void note(u64 page, enum dsm_hot_kind kind)
{
	truth[page][kind]++;
	dsm_hot_note(&hot, page, 0, kind);
}

static void begin(void)
{
	memset(&hot, 0, sizeof(hot));
	memset(truth, 0, sizeof(truth));
}

static void few_pages_are_counted_exactly(void)
{
	const struct dsm_hot_page *p;

	begin();
	CHECK(!find(0));
	dsm_hot_note(&hot, 0, 8, DSM_HOT_READ);
	dsm_hot_note(&hot, 0, 16, DSM_HOT_WRITE);
	dsm_hot_note(&hot, 0, 24, DSM_HOT_WRITE);
	dsm_hot_note(&hot, 0, 4095, DSM_HOT_HOME);
	p = find(0);
	CHECK(p);
	if (p) {
		CHECK_EQ(p->count[DSM_HOT_READ], 1);
		CHECK_EQ(p->count[DSM_HOT_WRITE], 2);
		CHECK_EQ(p->count[DSM_HOT_HOME], 1);
		CHECK_EQ(p->inherited, 0);
		CHECK_EQ(p->away, 24);
		CHECK_EQ(p->home, 4095);
		CHECK_EQ(dsm_hot_total(p), 4);
	}
	tap_end("few pages are counted exactly");
}

static void pages_use_all_sets(void)
{
	u64 page;
	u32 i, used = 0;

	begin();
	for (page = 0; page < PAGES; page++)
		note(page, DSM_HOT_READ);
	for (i = 0; i < DSM_HOT_SETS; i++)
		used += dsm_hot_total(&hot.set[i][0]) != 0;
	CHECK_EQ(used, DSM_HOT_SETS);
	tap_end("pages use all sets");
}

/* The least wanted goes, and the newcomer says how much may have been missed. */
static void the_least_wanted_gives_way(void)
{
	const struct dsm_hot_page *set;
	u64 page, mine[DSM_HOT_WAYS + 1];
	u32 n = 0, i;

	begin();
	set = set_of(0);
	for (page = 0; n <= DSM_HOT_WAYS; page++)
		if (set_of(page) == set)
			mine[n++] = page;
	for (i = 0; i < DSM_HOT_WAYS; i++)
		for (n = 0; n < (i == 2 ? 3 : 5 + i); n++)
			note(mine[i], DSM_HOT_WRITE);
	note(mine[DSM_HOT_WAYS], DSM_HOT_HOME);
	CHECK(!find(mine[2]));
	CHECK(find(mine[0]) && find(mine[1]) && find(mine[3]));
	CHECK(find(mine[DSM_HOT_WAYS]));
	if (find(mine[DSM_HOT_WAYS])) {
		CHECK_EQ(find(mine[DSM_HOT_WAYS])->inherited, 3);
		CHECK_EQ(dsm_hot_total(find(mine[DSM_HOT_WAYS])), 1);
	}
	/* It stands before one that has less in all. */
	note(mine[DSM_HOT_WAYS], DSM_HOT_HOME);
	note(mine[DSM_HOT_WAYS], DSM_HOT_HOME);
	note(mine[2], DSM_HOT_READ);
	CHECK(find(mine[DSM_HOT_WAYS]) && !find(mine[0]));
	tap_end("the least wanted gives way");
}

/* Counts are never too high, and too low by what was inherited at most. */
static void check_bounds(const struct dsm_hot_page *p)
{
	u64 sum = sum_of(p->page);
	u32 kind;

	for (kind = 0; kind < DSM_HOT_KINDS; kind++)
		CHECK(p->count[kind] <= truth[p->page][kind]);
	CHECK(sum <= dsm_hot_total(p) + p->inherited);
}

/* What has more than its part of a set's events is in it. */
static void check_heavy(u64 page)
{
	const struct dsm_hot_page *set = set_of(page);
	u64 all = 0, other;

	for (other = 0; other < PAGES; other++)
		if (set_of(other) == set)
			all += sum_of(other);
	if (sum_of(page) > all / DSM_HOT_WAYS)
		CHECK(find(page));
}

/* Pages at random, low numbers more often than others. */
static void bounds_hold(unsigned int seed)
{
	const struct dsm_hot_page *p;
	u32 i;

	begin();
	srand(seed);
	for (i = 0; i < 20000; i++)
		note((u64)(rand() % PAGES) * (u64)(rand() % PAGES) / PAGES *
			     (u64)(rand() % PAGES) / PAGES,
		     rand() % DSM_HOT_KINDS);
	for (p = hot.set[0]; p < hot.set[DSM_HOT_SETS]; p++)
		if (dsm_hot_total(p))
			check_bounds(p);
	for (i = 0; i < PAGES; i += 7)
		check_heavy(i);
	check_heavy(0);
}

int main(void)
{
	const char *text = getenv("SEED");
	unsigned int seed = text ? strtoul(text, NULL, 0) : 1, i;

	tap_begin();
	printf("# SEED=%u\n", seed);
	few_pages_are_counted_exactly();
	pages_use_all_sets();
	the_least_wanted_gives_way();
	for (i = 0; i < 4; i++)
		bounds_hold(seed + i);
	tap_end("bounds hold for pages at random");
	return tap_done();
}
