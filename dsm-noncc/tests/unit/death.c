// SPDX-License-Identifier: GPL-2.0
/* The directory of one frame: what becomes of it when kernels die. */
#include "asks.h"

static void the_dead(void)
{
	struct fake *f = given(0);

	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	wants(f, 1, 1, DSM_READ);
	dsm_peer_down(&f->core, 1);
	dsm_home_gone(&f->core, &f->page, 1, DSM_OFF);
	CHECK_EQ(f->lost, 1);
	CHECK_EQ(f->lost_by, 1);
	CHECK_EQ(f->result, DSM_GONE);
	CHECK_EQ(f->done, 2);
	CHECK_EQ(f->wakes, 1);
	CHECK_EQ(f->core.stats.lost, 1);
	CHECK(dsm_page_idle(&f->core, &f->page));
	CHECK_EQ(f->n, 2);
	wants(f, 1, 1, DSM_READ);
	CHECK_EQ(f->result, DSM_GONE);
	CHECK_EQ(f->done, 3);
	CHECK_EQ(f->n, 2);
	wants(f, 1, 2, DSM_WRITE);
	protect(f);
	wants(f, 2, 1, DSM_READ);
	CHECK_EQ(f->done, 5);
	CHECK_EQ(f->n, 3); /* nobody is asked for a dead one's sake */
	free(f);
	/* Its end is known before that of what it had. */
	f = given(0);
	wants(f, 1, 2, DSM_READ);
	dsm_peer_down(&f->core, 2);
	answers(f, 1, DSM_READ, DSM_HELD);
	CHECK_EQ(f->done, 2);
	CHECK_EQ(f->result, DSM_GONE);
	CHECK_EQ(f->n, 2);
	free(f);
	tap_end("the dead get nothing, and what they had is lost");
}

/* Who was to share it has died; the holder has given what it was asked for. */
static void a_getter_dies(void)
{
	struct fake *f = given(0);

	wants(f, 1, 2, DSM_READ);
	dsm_peer_down(&f->core, 2);
	dsm_home_gone(&f->core, &f->page, 2, DSM_OFF);
	answers(f, 1, DSM_READ, DSM_HELD);
	CHECK_EQ(f->page.holders, 2);
	CHECK_EQ(f->page.state, DSM_PAGE_SHARED);
	CHECK_EQ(f->result, DSM_GONE);
	CHECK_EQ(f->n, 2);
	CHECK_EQ(f->lost, 0);
	wants(f, 2, 3, DSM_READ);
	CHECK_EQ(f->result, DSM_GRANTED);
	free(f);
	/* It had been handed on, to be written. */
	f = given(0);
	wants(f, 1, 2, DSM_WRITE);
	dsm_peer_down(&f->core, 2);
	dsm_home_gone(&f->core, &f->page, 2, DSM_OFF);
	answers(f, 1, DSM_NONE, DSM_HELD | DSM_FORWARDED);
	CHECK_EQ(f->lost, 1);
	CHECK_EQ(f->lost_by, 2);
	CHECK(dsm_page_idle(&f->core, &f->page));
	free(f);
	/* It had not, and the next one wants to read what nobody has. */
	f = given(0);
	wants(f, 1, 2, DSM_WRITE);
	wants(f, 2, 3, DSM_READ);
	dsm_peer_down(&f->core, 2);
	dsm_home_gone(&f->core, &f->page, 2, DSM_OFF);
	answers(f, 1, DSM_NONE, DSM_HELD);
	check_sent(f, 3, 3, DSM_GRANT, DSM_READ, 1);
	CHECK_EQ(f->page.state, DSM_PAGE_SHARED);
	CHECK_EQ(f->page.holders, 8);
	free(f);
	tap_end("a getter dies");
}

static void shared_copies_vanish(void)
{
	struct fake *f = fake_create(0);

	wants(f, 0, 1, DSM_READ);
	protect(f);
	wants(f, 1, 2, DSM_READ);
	dsm_peer_down(&f->core, 1);
	dsm_home_gone(&f->core, &f->page, 1, DSM_OFF);
	CHECK_EQ(f->page.holders, 1 | 4);
	CHECK_EQ(f->lost, 0);
	/* A hello of before it went down once more says nothing. */
	dsm_peer_down(&f->core, 2);
	dsm_home_gone(&f->core, &f->page, 2, DSM_GAVE_BACK);
	CHECK_EQ(f->page.holders, 1 | 4);
	receive(f, 2, hello(2));
	dsm_home_gone(&f->core, &f->page, 2, DSM_GAVE_BACK);
	CHECK(dsm_page_idle(&f->core, &f->page));
	free(f);
	tap_end("shared copies of the dead vanish");
}

static void what_came_after_the_hello_stays(void)
{
	struct fake *f = given(0);

	wants(f, 1, 1, DSM_READ);
	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	wants(f, 2, 1, DSM_READ);
	dsm_peer_down(&f->core, 1);
	receive(f, 1, hello(1));
	wants(f, 3, 1, DSM_READ);
	dsm_home_gone(&f->core, &f->page, 1, DSM_GAVE_BACK);
	CHECK_EQ(f->lost, 0);
	CHECK_EQ(f->wakes, 1);
	/* The old request is dropped, the new one served. */
	CHECK_EQ(f->done, 3);
	protect(f);
	CHECK_EQ(f->done, 4);
	CHECK_EQ(le64_to_cpu(last(f)->token), 103);
	dsm_home_gone(&f->core, &f->page, 1, DSM_GAVE_BACK);
	dsm_home_gone(&f->core, &f->page, 1, DSM_OFF);
	CHECK_EQ(f->page.holders, 1 | 2);
	free(f);
	tap_end("what came after the hello stays");
}

/* Kernel 1 is to hand it on to 2, and dies. */
static struct fake *giver_dies(u8 held)
{
	struct fake *f = given(0);

	wants(f, 1, 2, DSM_WRITE);
	dsm_peer_down(&f->core, 1);
	dsm_home_gone(&f->core, &f->page, 1, DSM_OFF);
	check_sent(f, 3, 2, DSM_RECALL, DSM_NONE, 2);
	CHECK_EQ(last(f)->third, DSM_NOBODY);
	CHECK_EQ(f->lost, 0);
	answers(f, 2, DSM_NONE, held);
	check_sent(f, 4, 2, DSM_REFUSE, DSM_NONE, 0);
	CHECK(dsm_page_idle(&f->core, &f->page));
	return f;
}

static void a_giver_dies(void)
{
	struct fake *f = giver_dies(DSM_HELD);

	CHECK_EQ(f->lost, 0);
	free(f);
	f = giver_dies(0);
	CHECK_EQ(f->lost, 1);
	CHECK_EQ(f->lost_by, 1);
	free(f);
	tap_end("a giver dies: the third kernel is asked");
}

static void giver_and_getter_die(void)
{
	struct fake *f;
	u32 i;

	for (i = 0; i < 2; i++) {
		f = given(0);
		wants(f, 1, 2, DSM_WRITE);
		dsm_peer_down(&f->core, 1);
		dsm_peer_down(&f->core, 2);
		dsm_home_gone(&f->core, &f->page, i ? 1 : 2, DSM_OFF);
		CHECK_EQ(f->n, 2); /* it can't be asked */
		dsm_home_gone(&f->core, &f->page, i ? 2 : 1, DSM_OFF);
		CHECK_EQ(f->lost, 1);
		CHECK_EQ(f->lost_by, 1);
		CHECK_EQ(f->result, DSM_GONE);
		CHECK(dsm_page_idle(&f->core, &f->page));
		free(f);
	}
	tap_end("giver and getter die");
}

/* The way kernel 2 is done away with: its memory is lost, or was given back. */
static void ends(struct fake *f, u32 kernel, enum dsm_gone how)
{
	dsm_peer_down(&f->core, kernel);
	if (how != DSM_OFF)
		receive(f, kernel, hello(kernel));
	dsm_home_gone(&f->core, &f->page, kernel, how);
}

/* Kernel 1 gave all back; whether 2 had got it from there and written, who knows? */
static void giver_gives_back(void)
{
	static const struct {
		u8 access;
		enum dsm_gone how;
		u32 lost;
	} ways[] = {
		{ DSM_WRITE, DSM_OFF, 1 },	 { DSM_WRITE, DSM_REBORN, 1 },
		{ DSM_WRITE, DSM_GAVE_BACK, 0 }, { DSM_READ, DSM_OFF, 0 },
		{ DSM_READ, DSM_GAVE_BACK, 0 },
	};
	struct fake *f;
	u32 i, first;

	for (i = 0; i < 2 * sizeof(ways) / sizeof(ways[0]); i++) {
		first = i % 2 + 1; /* to end */
		f = given(0);
		wants(f, 1, 2, ways[i / 2].access);
		ends(f, first, first == 1 ? DSM_GAVE_BACK : ways[i / 2].how);
		CHECK_EQ(f->lost, 0);
		ends(f, 3 - first,
		     first == 1 ? ways[i / 2].how : DSM_GAVE_BACK);
		CHECK_EQ(f->lost, ways[i / 2].lost);
		if (f->lost)
			CHECK_EQ(f->lost_by, 2);
		CHECK_EQ(f->result, DSM_GONE);
		CHECK(dsm_page_idle(&f->core, &f->page));
		free(f);
	}
	tap_end("a giver gives back, a getter ends");
}

/* A later recall finds nothing: that has nothing to do with an earlier loss. */
static void nothing_lost_twice(struct fake *f, u32 kernel)
{
	u32 lost = f->lost;

	wants(f, 2, (u8)kernel, DSM_WRITE);
	protect(f);
	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	answers(f, kernel, DSM_NONE, 0);
	CHECK_EQ(f->lost, lost);
	CHECK(dsm_page_idle(&f->core, &f->page));
	free(f);
}

static void a_loss_is_told_once(void)
{
	struct fake *f;

	nothing_lost_twice(giver_dies(0), 2);
	nothing_lost_twice(giver_dies(DSM_HELD), 2);
	f = given(0);
	wants(f, 1, 2, DSM_WRITE);
	ends(f, 1, DSM_OFF);
	ends(f, 2, DSM_OFF);
	nothing_lost_twice(f, 3);
	tap_end("a loss is told once");
}

/* It was to share it; now it is to give all of it back. */
static void a_giver_dies_for_a_reader(void)
{
	struct fake *f = given(0);

	wants(f, 1, 2, DSM_READ);
	check_sent(f, 2, 1, DSM_RECALL, DSM_READ, 2);
	ends(f, 1, DSM_OFF);
	check_sent(f, 3, 2, DSM_RECALL, DSM_NONE, 2);
	answers(f, 2, DSM_NONE, DSM_HELD);
	CHECK_EQ(f->lost, 0);
	CHECK(dsm_page_idle(&f->core, &f->page));
	free(f);
	tap_end("a giver dies: also a reader gives it back");
}

/* Not only when it would be served. */
static void requests_end_with_the_asker(void)
{
	struct fake *f = given(0);

	wants(f, 1, 2, DSM_WRITE); /* waits for kernel 1 */
	wants(f, 2, 3, DSM_READ);
	wants(f, 3, 2, DSM_READ);
	wants(f, 4, 3, DSM_READ);
	CHECK_EQ(f->done, 1);
	ends(f, 3, DSM_OFF);
	CHECK_EQ(f->done, 3);
	CHECK_EQ(f->result, DSM_GONE);
	answers(f, 1, DSM_NONE, DSM_HELD | DSM_FORWARDED);
	CHECK_EQ(f->done, 5);
	CHECK_EQ(f->result, DSM_GRANTED);
	free(f);
	tap_end("requests end with the asker");
}

int main(void)
{
	tap_begin();
	the_dead();
	a_getter_dies();
	shared_copies_vanish();
	what_came_after_the_hello_stays();
	a_giver_dies();
	giver_and_getter_die();
	giver_gives_back();
	a_loss_is_told_once();
	a_giver_dies_for_a_reader();
	requests_end_with_the_asker();
	return tap_done();
}
