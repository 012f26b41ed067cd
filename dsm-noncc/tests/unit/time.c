// SPDX-License-Identifier: GPL-2.0
/* Who has waited for a page has his time with it: elsewhere, and at the home. */
#include "asks.h"
#include "grants.h"

static void holds_for_its_time(void)
{
	struct fake *f = fake_create(100);

	receive(f, 1, grant(DSM_WRITE, 1));
	f->now += 799;
	receive(f, 1, recall(DSM_NONE, 2, 0));
	CHECK_EQ(f->unmaps, 0);
	CHECK_EQ(f->later_copy, 1);
	CHECK_EQ(f->us, 1);
	CHECK_EQ(f->core.stats.holds, 1);
	/* Used at the last moment: some more. */
	CHECK(dsm_copy_may_map(&f->core, &f->copy, 1, DSM_WRITE));
	f->now += 1;
	dsm_copy_timer(&f->core, &f->copy);
	CHECK_EQ(f->unmaps, 0);
	CHECK_EQ(f->us, 99);
	CHECK(dsm_copy_may_map(&f->core, &f->copy, 1, DSM_READ));
	f->now += 99;
	dsm_copy_timer(&f->core, &f->copy);
	CHECK_EQ(f->unmaps, 1);
	CHECK(!dsm_copy_may_map(&f->core, &f->copy, 1, DSM_READ));
	free(f);
	tap_end("a page is held for its time, from its use on");
}

/* Nobody waits for what came unasked; who then uses it has his time. */
static void neighbours_have_no_time(void)
{
	struct fake *f = fake_create(100);
	struct dsm_wire w = grant(DSM_WRITE, 1);

	w.flags = cpu_to_le16(DSM_OPTIONAL);
	receive(f, 1, w);
	receive(f, 1, recall(DSM_NONE, 2, 0));
	CHECK_EQ(f->unmaps, 1);
	free(f);
	f = fake_create(100);
	receive(f, 1, w);
	CHECK(dsm_copy_may_map(&f->core, &f->copy, 1, DSM_WRITE));
	receive(f, 1, recall(DSM_NONE, 2, 0));
	CHECK_EQ(f->unmaps, 0);
	CHECK_EQ(f->us, 100);
	free(f);
	tap_end("a neighbour that nobody used is given back at once");
}

/* However long a host stands still between two looks at the clock. */
static void time_ends_while_it_is_looked_at(void)
{
	struct fake *f;
	u64 late;

	for (late = 790; late <= 810; late++) {
		f = fake_create(100);
		receive(f, 1, grant(DSM_WRITE, 1));
		f->now += late;
		f->step = 7;
		receive(f, 1, recall(DSM_NONE, 2, 0));
		CHECK(f->unmaps == 1 || (f->later_copy == 1 && f->us <= 10));
		f->now += f->us;
		while (!f->unmaps && f->later_copy < 5) {
			dsm_copy_timer(&f->core, &f->copy);
			CHECK(f->us <= 10);
			f->now += f->us;
		}
		CHECK_EQ(f->unmaps, 1);
		free(f);
	}
	tap_end("a page's time may end while it is looked at");
}

static void urgent_recalls_do_not_wait(void)
{
	struct fake *f = fake_create(100);

	receive(f, 1, grant(DSM_WRITE, 1));
	receive(f, 1, recall(DSM_NONE, 2, DSM_URGENT));
	CHECK_EQ(f->unmaps, 1);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	receive(f, 1, grant(DSM_WRITE, 3));
	receive(f, 1, recall(DSM_NONE, 4, 0));
	receive(f, 1, recall(DSM_NONE, 4, 0));
	CHECK_EQ(f->unmaps, 1);
	CHECK_EQ(f->later_copy, 1);
	receive(f, 1, recall(DSM_NONE, 4, DSM_URGENT));
	CHECK_EQ(f->unmaps, 2);
	dsm_copy_timer(&f->core, &f->copy);
	receive(f, 1, recall(DSM_NONE, 4, 0));
	receive(f, 1, recall(DSM_NONE, 4, DSM_URGENT));
	CHECK_EQ(f->unmaps, 2);
	CHECK_EQ(f->later_copy, 1);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	CHECK_EQ(f->n, 2);
	CHECK_EQ(f->bad, 0);
	free(f);
	tap_end("urgent recalls do not wait, nor what they repeat");
}

/* That it was used before says nothing of this time. */
static void time_begins_with_each_grant(void)
{
	struct fake *f = fake_create(100);

	receive(f, 1, grant(DSM_WRITE, 1));
	CHECK(dsm_copy_may_map(&f->core, &f->copy, 1, DSM_WRITE));
	f->now += 100;
	receive(f, 1, recall(DSM_NONE, 2, 0));
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	receive(f, 1, grant(DSM_WRITE, 3));
	CHECK(dsm_copy_may_map(&f->core, &f->copy, 3, DSM_WRITE));
	receive(f, 1, recall(DSM_NONE, 4, 0));
	CHECK_EQ(f->later_copy, 1);
	CHECK_EQ(f->us, 100);
	free(f);
	tap_end("time begins with each grant");
}

static void the_home_has_its_time(void)
{
	struct fake *f = given(100);

	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	answers(f, 1, DSM_NONE, DSM_HELD);
	/* Who waited has to be run first. */
	f->now += 700;
	dsm_home_used(&f->core, &f->page);
	f->now += 99;
	wants(f, 1, 2, DSM_WRITE);
	wants(f, 2, 3, DSM_WRITE);
	CHECK_EQ(f->protects, 1);
	CHECK_EQ(f->later_page, 1);
	CHECK_EQ(f->us, 1);
	CHECK(!dsm_page_idle(&f->core, &f->page));
	asks[3] = *ask(3, 1, DSM_READ);
	asks[3].flags = DSM_OPTIONAL;
	f->now += 1;
	dsm_home_timer(&f->core, &f->page);
	CHECK_EQ(f->protects, 2);
	CHECK_EQ(f->core.stats.holds, 1);
	free(f);
	tap_end("the home has its time, too");
}

/* A timer that was set for longer is set anew. */
static void time_that_is_not_used(void)
{
	struct fake *f = given(100);

	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	answers(f, 1, DSM_NONE, DSM_HELD);
	wants(f, 1, 2, DSM_WRITE);
	CHECK_EQ(f->later_page, 1);
	CHECK_EQ(f->us, 800);
	f->now += 10;
	dsm_home_used(&f->core, &f->page);
	CHECK_EQ(f->later_page, 2);
	CHECK_EQ(f->us, 100);
	f->now += 90;
	dsm_home_used(&f->core, &f->page);
	CHECK_EQ(f->later_page, 2);
	f->now += 10;
	CHECK_EQ(f->protects, 1);
	dsm_home_timer(&f->core, &f->page);
	CHECK_EQ(f->protects, 2);
	free(f);
	/* Nobody waits for its end: no timer. */
	f = given(100);
	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	answers(f, 1, DSM_NONE, DSM_HELD);
	dsm_home_used(&f->core, &f->page);
	CHECK_EQ(f->later_page, 0);
	free(f);
	tap_end("the home's time is short once it has used the page");
}

static void the_home_has_its_time_again(void)
{
	struct fake *f = given(100);

	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	answers(f, 1, DSM_NONE, DSM_HELD);
	wants(f, 1, 2, DSM_WRITE);
	CHECK_EQ(f->later_page, 1);
	f->now += 800;
	dsm_home_timer(&f->core, &f->page);
	protect(f);
	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	answers(f, 2, DSM_NONE, DSM_HELD);
	CHECK(dsm_page_idle(&f->core, &f->page));
	wants(f, 2, 3, DSM_WRITE);
	CHECK_EQ(f->later_page, 2);
	free(f);
	tap_end("the home has its time each time");
}

/* Who waited for that is told to ask again: nothing keeps the entry any more. */
static void recalled_in_its_time(void)
{
	struct fake *f = given(100);

	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	answers(f, 1, DSM_NONE, DSM_HELD);
	wants(f, 1, 2, DSM_WRITE);
	CHECK_EQ(f->later_page, 1);
	CHECK(dsm_home_recall(&f->core, &f->page, true));
	dsm_home_recall_end(&f->core, &f->page);
	CHECK(dsm_page_idle(&f->core, &f->page));
	f->now += 800;
	dsm_home_timer(&f->core, &f->page);
	CHECK(dsm_page_idle(&f->core, &f->page));
	CHECK_EQ(f->protects, 1);
	free(f);
	tap_end("a recall does not wait for the home's time");
}

int main(void)
{
	tap_begin();
	holds_for_its_time();
	neighbours_have_no_time();
	time_ends_while_it_is_looked_at();
	urgent_recalls_do_not_wait();
	time_begins_with_each_grant();
	the_home_has_its_time();
	time_that_is_not_used();
	the_home_has_its_time_again();
	recalled_in_its_time();
	return tap_done();
}
