// SPDX-License-Identifier: GPL-2.0
/* A frame of another kernel: what it costs, what is said of it, and when. */
#include "grants.h"

static void cache_operations_are_as_few_as_can_be(void)
{
	struct fake *f = fake_create(0);

	receive(f, 1, grant(DSM_READ, 1));
	CHECK_EQ(f->invals, 1);
	receive(f, 1, grant(DSM_WRITE, 2));
	CHECK_EQ(f->invals, 1);
	CHECK_EQ(f->grants, 2);
	receive(f, 1, recall(DSM_READ, 3, 0));
	CHECK_EQ(f->keep, DSM_READ);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	CHECK_EQ(f->cleans, 1);
	check_answer(f, DSM_ACK, DSM_READ, DSM_HELD, 3);
	receive(f, 1, recall(DSM_NONE, 4, 0));
	CHECK_EQ(f->keep, DSM_NONE);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	CHECK_EQ(f->cleans, 1);
	check_answer(f, DSM_ACK, DSM_NONE, DSM_HELD, 4);
	CHECK_EQ(f->invals, 1);
	CHECK_EQ(f->core.stats.cleans, 1);
	CHECK_EQ(f->core.stats.invals, 1);
	CHECK(dsm_copy_idle(&f->copy));
	free(f);
	tap_end("cache operations are as few as can be");
}

static void what_is_not_held_is_answered(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w = recall(DSM_NONE, 1, 0);

	receive(f, 1, w);
	check_answer(f, DSM_ACK, DSM_NONE, 0, 1);
	w.frame = cpu_to_le64(10); /* never heard of */
	receive(f, 1, w);
	CHECK_EQ(f->n, 2);
	CHECK_EQ(f->unmaps, 0);
	free(f);
	tap_end("a recall of what is not held is answered at once");
}

static void grants_that_come_too_late(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w = grant(DSM_WRITE, 4);

	w.code = cpu_to_le32(11); /* not a refusal, and not to become one */
	receive(f, 1, recall(DSM_NONE, 5, 0));
	receive(f, 1, w);
	CHECK_EQ(f->grants, 0);
	CHECK_EQ(f->refusals, 1);
	CHECK_EQ(f->refused.code, 0);
	CHECK_EQ(f->core.stats.voids, 1);
	receive(f, 1, grant(DSM_WRITE, 6));
	CHECK_EQ(f->grants, 1);
	dsm_copy_release(&f->core, &f->copy);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	check_answer(f, DSM_RELEASE, DSM_NONE, 0, 6);
	receive(f, 1, grant(DSM_WRITE, 6));
	CHECK_EQ(f->grants, 1);
	free(f);
	tap_end("grants older than a recall or a release are void");
}

static void nobody_wants_it(void)
{
	struct fake *f = fake_create(0);

	f->accepts = false;
	receive(f, 1, grant(DSM_WRITE, 1));
	CHECK_EQ(f->grants, 0);
	CHECK_EQ(f->invals, 0);
	CHECK(dsm_copy_idle(&f->copy));
	check_answer(f, DSM_RELEASE, DSM_NONE, 0, 1);
	f->accepts = true;
	receive(f, 1, grant(DSM_READ, 2));
	f->accepts = false;
	f->n = 0;
	receive(f, 1, grant(DSM_WRITE, 3));
	CHECK_EQ(f->n, 0);
	CHECK(!dsm_copy_idle(&f->copy));
	free(f);
	tap_end("a grant that nobody wants is given back");
}

static void mapping_needs_a_grant_that_lasts(void)
{
	struct fake *f = fake_create(0);

	CHECK(!dsm_copy_may_map(&f->core, &f->copy, 1, DSM_READ));
	receive(f, 1, grant(DSM_READ, 1));
	CHECK(dsm_copy_may_map(&f->core, &f->copy, 1, DSM_READ));
	CHECK(!dsm_copy_may_map(&f->core, &f->copy, 1, DSM_WRITE));
	receive(f, 1, grant(DSM_WRITE, 2));
	CHECK(dsm_copy_may_map(&f->core, &f->copy, 1, DSM_WRITE));
	receive(f, 1, recall(DSM_NONE, 3, 0));
	CHECK(!dsm_copy_may_map(&f->core, &f->copy, 2, DSM_READ));
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	receive(f, 1, grant(DSM_WRITE, 4));
	/* The address of the first grant is another page's now. */
	CHECK(!dsm_copy_may_map(&f->core, &f->copy, 2, DSM_READ));
	CHECK(dsm_copy_may_map(&f->core, &f->copy, 4, DSM_READ));
	free(f);
	tap_end("mapping needs a grant that has lasted");
}

static void what_is_handed_on_is_described(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w = recall(DSM_NONE, 2, DSM_URGENT | DSM_EXEC);
	u32 i;

	for (i = 0; i < 2; i++) {
		receive(f, 1, grant(DSM_WRITE, 2 * i + 1));
		w.access = i ? DSM_READ : DSM_NONE;
		w.stamp = cpu_to_le64(2 * i + 2);
		w.third = 2;
		w.grant_stamp = cpu_to_le64(77);
		w.token = cpu_to_le64(5);
		w.addr = cpu_to_le64(0x3000);
		w.space = cpu_to_le32(3);
		w.space_inc = cpu_to_le32(4);
		w.prot = cpu_to_le32(6);
		receive(f, 1, w);
		CHECK_EQ(f->n, 2 * i);
		dsm_copy_unmapped(&f->core, &f->copy, f->op);
		check_answer(f, DSM_ACK, w.access, DSM_HELD | DSM_FORWARDED,
			     2 * i + 2);
		CHECK_EQ(f->to[2 * i], 2);
		w.type = DSM_GRANT;
		w.access = i ? DSM_READ : DSM_WRITE;
		w.third = DSM_NOBODY;
		w.flags = cpu_to_le16(DSM_EXEC);
		w.stamp = w.grant_stamp;
		w.grant_stamp = 0;
		w.from_inc = cpu_to_le32(INC);
		CHECK(!memcmp(&w, &f->sent[2 * i], sizeof(w)));
		w = recall(DSM_NONE, 2, DSM_URGENT | DSM_EXEC);
	}
	free(f);
	tap_end("what is handed on is described as the home has");
}

static void no_way_to_the_third(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire w = recall(DSM_NONE, 2, 0);

	w.third = 2;
	dsm_peer_down(&f->core, 2);
	receive(f, 1, grant(DSM_WRITE, 1));
	receive(f, 1, w);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	CHECK_EQ(f->n, 1);
	check_answer(f, DSM_ACK, DSM_NONE, DSM_HELD, 2);
	free(f);
	tap_end("without a link to the third kernel the home has to grant it");
}

static void homes_that_contradict_themselves(void)
{
	struct fake *f = fake_create(100);

	receive(f, 1, grant(DSM_WRITE, 1));
	receive(f, 1, recall(DSM_NONE, 2, 0));
	receive(f, 1, recall(DSM_NONE, 3, 0));
	CHECK_EQ(f->bad, 1);
	receive(f, 1, grant(DSM_WRITE, 4)); /* before our answer */
	CHECK_EQ(f->refusals, 1);
	dsm_copy_gone(&f->core, &f->copy);
	CHECK_EQ(f->unmaps, 1);
	receive(f, 1, recall(DSM_NONE, 5, DSM_URGENT));
	CHECK_EQ(f->bad, 2);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	CHECK_EQ(f->n, 0);
	CHECK_EQ(f->cleans, 1);
	CHECK(dsm_copy_idle(&f->copy));
	free(f);
	tap_end("homes that contradict themselves");
}

static void a_recall_answered_once(void)
{
	struct fake *f = fake_create(0);

	receive(f, 1, grant(DSM_WRITE, 1));
	receive(f, 1, recall(DSM_READ, 2, 0));
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	receive(f, 1, recall(DSM_READ, 2, DSM_URGENT));
	CHECK_EQ(f->unmaps, 1);
	receive(f, 1, grant(DSM_WRITE, 3));
	receive(f, 1, recall(DSM_READ, 2, DSM_URGENT));
	CHECK_EQ(f->unmaps, 1);
	CHECK_EQ(f->n, 1);
	/* An end that nobody waits for any more. */
	receive(f, 1, recall(DSM_NONE, 4, 0));
	dsm_copy_unmapped(&f->core, &f->copy, f->op - 1);
	CHECK_EQ(f->n, 1);
	free(f);
	tap_end("a recall that is repeated is answered once");
}

/* Or the home would not believe that it is given back. */
static void what_a_recall_left_is_given_back(void)
{
	struct fake *f = fake_create(0);

	receive(f, 1, grant(DSM_WRITE, 1));
	receive(f, 1, recall(DSM_READ, 2, 0));
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	dsm_copy_release(&f->core, &f->copy);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	check_answer(f, DSM_RELEASE, DSM_NONE, 0, 2);
	free(f);
	tap_end("what a recall has left is given back as such");
}

/* Of two unmappings the end of the first is not that of the second. */
static void an_end_is_of_its_own_beginning(void)
{
	struct fake *f = fake_create(0);
	u32 first, sent;

	receive(f, 1, grant(DSM_WRITE, 1));
	receive(f, 1, recall(DSM_READ, 2, 0));
	first = f->op;
	dsm_copy_unmapped(&f->core, &f->copy, first);
	check_answer(f, DSM_ACK, DSM_READ, DSM_HELD, 2);
	sent = f->n;
	receive(f, 1, recall(DSM_NONE, 3, 0));
	CHECK(f->op != first);
	dsm_copy_unmapped(&f->core, &f->copy, first);
	CHECK_EQ(f->n, sent);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	check_answer(f, DSM_ACK, DSM_NONE, DSM_HELD, 3);
	free(f);
	tap_end("an end is of its own beginning");
}

/* Another frame of the same hash may have had the lower one. */
static void the_newest_is_remembered(void)
{
	struct fake *f = fake_create(0);

	receive(f, 1, recall(DSM_NONE, 10, 0));
	receive(f, 1, recall(DSM_NONE, 5, 0));
	receive(f, 1, grant(DSM_READ, 7));
	CHECK_EQ(f->grants, 0);
	CHECK_EQ(f->refusals, 1);
	receive(f, 1, grant(DSM_READ, 11));
	CHECK_EQ(f->grants, 1);
	free(f);
	tap_end("the newest recall is remembered");
}

/* A grant that was void has been seen, too: it is given back with the rest. */
static void what_is_returned_is_the_newest(void)
{
	struct fake *f = fake_create(0);

	receive(f, 1, grant(DSM_WRITE, 1));
	receive(f, 1, recall(DSM_READ, 2, 0));
	receive(f, 1, grant(DSM_READ, 3));
	CHECK_EQ(f->refusals, 1);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	check_answer(f, DSM_ACK, DSM_READ, DSM_HELD, 2);
	dsm_copy_release(&f->core, &f->copy);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	check_answer(f, DSM_RELEASE, DSM_NONE, 0, 3);
	free(f);
	tap_end("what is returned is the newest");
}

/* One comes from the home, the other from whom it recalled the page. */
static void grants_in_any_order(void)
{
	struct fake *f = fake_create(0);

	receive(f, 1, grant(DSM_WRITE, 4));
	receive(f, 1, grant(DSM_READ, 3));
	CHECK_EQ(f->grants, 2);
	dsm_copy_release(&f->core, &f->copy);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	check_answer(f, DSM_RELEASE, DSM_NONE, 0, 4);
	free(f);
	tap_end("of two grants the newer is given back");
}

/* Between two readings of what it wants a home may have changed its mind. */
static void what_is_repeated_is_as_it_was(void)
{
	struct fake *f = fake_create(100);
	struct dsm_wire w = recall(DSM_READ, 2, 0);

	receive(f, 1, grant(DSM_WRITE, 1));
	receive(f, 1, w);
	CHECK_EQ(f->unmaps, 0);
	w = recall(DSM_NONE, 2, DSM_URGENT);
	w.third = 2;
	receive(f, 1, w);
	CHECK_EQ(f->unmaps, 1);
	CHECK_EQ(f->keep, DSM_READ);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	CHECK_EQ(f->n, 1);
	check_answer(f, DSM_ACK, DSM_READ, DSM_HELD, 2);
	free(f);
	tap_end("a recall that is repeated is the same");
}

/* Given back while it is recalled, and the other way round: the home hears it once. */
static void releases_that_meet_recalls(void)
{
	struct fake *f = fake_create(100);
	u16 flags;

	receive(f, 1, grant(DSM_WRITE, 1));
	receive(f, 1, recall(DSM_NONE, 2, 0));
	CHECK_EQ(f->unmaps, 0);
	dsm_copy_release(&f->core, &f->copy);
	CHECK_EQ(f->unmaps, 1);
	dsm_copy_unmapped(&f->core, &f->copy, f->op);
	CHECK_EQ(f->n, 1);
	check_answer(f, DSM_ACK, DSM_NONE, DSM_HELD, 2);
	free(f);
	for (flags = 0; flags <= DSM_URGENT; flags += DSM_URGENT) {
		f = fake_create(100);
		receive(f, 1, grant(DSM_WRITE, 1));
		dsm_copy_release(&f->core, &f->copy);
		receive(f, 1, grant(DSM_WRITE, 2));
		CHECK_EQ(f->grants, 1);
		CHECK_EQ(f->refusals, 1);
		receive(f, 1, recall(DSM_READ, 3, flags));
		CHECK_EQ(f->bad, 0);
		CHECK_EQ(f->unmaps, 1);
		dsm_copy_unmapped(&f->core, &f->copy, f->op);
		CHECK_EQ(f->n, 1);
		check_answer(f, DSM_ACK, DSM_NONE, DSM_HELD, 3);
		CHECK(dsm_copy_idle(&f->copy));
		free(f);
	}
	tap_end("releases that meet recalls");
}

enum before { HELD, RECALLED, RELEASED, HOWS };

/* Nobody is to be told any more; but nothing of it may stay mapped. */
static void its_home_is_gone(void)
{
	struct fake *f;
	u32 how;

	for (how = HELD; how < HOWS; how++) {
		f = fake_create(0);
		receive(f, 1, grant(DSM_WRITE, 1));
		if (how == RECALLED)
			receive(f, 1, recall(DSM_READ, 2, 0));
		else if (how == RELEASED)
			dsm_copy_release(&f->core, &f->copy);
		dsm_copy_gone(&f->core, &f->copy);
		CHECK_EQ(f->unmaps, 1);
		receive(f, 1, grant(DSM_WRITE, 3));
		CHECK_EQ(f->grants, 1);
		CHECK_EQ(f->refusals, 1);
		dsm_copy_unmapped(&f->core, &f->copy, f->op);
		CHECK_EQ(f->unmaps, how == RECALLED ? 2 : 1);
		CHECK_EQ(f->keep, DSM_NONE);
		CHECK_EQ(dsm_copy_idle(&f->copy), how != RECALLED);
		dsm_copy_unmapped(&f->core, &f->copy, f->op);
		CHECK(dsm_copy_idle(&f->copy));
		CHECK_EQ(f->cleans, 1);
		CHECK_EQ(f->n, 0);
		free(f);
	}
	tap_end("what is left of a home that is gone");
}

static void a_copy_begins_anew(void)
{
	struct fake *f = fake_create(0);

	memset(&f->copy, 0xff, sizeof(f->copy));
	f->copy.frame = 9;
	f->copy.home = 1;
	dsm_copy_init(&f->core, &f->copy);
	CHECK(dsm_copy_idle(&f->copy));
	receive(f, 1, grant(DSM_READ, 1));
	CHECK_EQ(f->copy.access, DSM_READ);
	CHECK_EQ(f->copy.stamp, 1);
	CHECK_EQ(f->copy.frame, 9);
	CHECK_EQ(f->copy.home, 1);
	CHECK_EQ(f->invals, 1);
	free(f);
	tap_end("a copy begins anew");
}

int main(void)
{
	tap_begin();
	cache_operations_are_as_few_as_can_be();
	what_is_not_held_is_answered();
	grants_that_come_too_late();
	nobody_wants_it();
	mapping_needs_a_grant_that_lasts();
	what_is_handed_on_is_described();
	no_way_to_the_third();
	homes_that_contradict_themselves();
	a_recall_answered_once();
	what_a_recall_left_is_given_back();
	an_end_is_of_its_own_beginning();
	the_newest_is_remembered();
	what_is_returned_is_the_newest();
	grants_in_any_order();
	what_is_repeated_is_as_it_was();
	releases_that_meet_recalls();
	its_home_is_gone();
	a_copy_begins_anew();
	return tap_done();
}
