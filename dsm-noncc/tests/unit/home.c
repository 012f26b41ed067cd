// SPDX-License-Identifier: GPL-2.0
/* The directory of one frame: who is asked, who is served, in which order. */
#include "asks.h"

static void a_read_costs_one_answer(void)
{
	struct fake *f = fake_create(0);
	struct dsm_wire *w;

	wants(f, 0, 1, DSM_READ);
	CHECK_EQ(f->protects, 1);
	CHECK_EQ(f->keep, DSM_READ);
	CHECK_EQ(f->n, 0);
	CHECK(dsm_home_ok(&f->core, &f->page, DSM_READ));
	CHECK(!dsm_home_ok(&f->core, &f->page, DSM_WRITE));
	protect(f);
	CHECK_EQ(f->cleans, 1);
	check_sent(f, 1, 1, DSM_GRANT, DSM_READ, 1);
	w = last(f);
	CHECK_EQ(le64_to_cpu(w->frame), 5);
	CHECK_EQ(le64_to_cpu(w->token), 100);
	CHECK_EQ(le64_to_cpu(w->addr), 0x1000);
	CHECK_EQ(le32_to_cpu(w->space), 3);
	CHECK_EQ(le32_to_cpu(w->space_inc), 4);
	CHECK_EQ(le32_to_cpu(w->prot), 6);
	CHECK_EQ(w->third, DSM_NOBODY);
	CHECK_EQ(f->done, 1);
	CHECK_EQ(f->result, DSM_GRANTED);
	wants(f, 1, 2, DSM_READ);
	CHECK_EQ(f->protects, 1);
	CHECK_EQ(f->cleans, 1);
	check_sent(f, 2, 2, DSM_GRANT, DSM_READ, 1);
	CHECK(dsm_home_ok(&f->core, &f->page, DSM_READ));
	CHECK_EQ(f->core.stats.grants[DSM_READ], 2);
	wants(f, 2, 3, DSM_WRITE);
	protect(f);
	CHECK_EQ(f->cleans, 1);
	free(f);
	tap_end("a read costs one answer, and the home reads on");
}

static void a_write_leaves_nothing(void)
{
	struct fake *f = given(0);

	CHECK_EQ(f->keep, DSM_NONE);
	CHECK_EQ(f->cleans, 1);
	check_sent(f, 1, 1, DSM_GRANT, DSM_WRITE, 1);
	CHECK(!dsm_home_ok(&f->core, &f->page, DSM_READ));
	CHECK(!dsm_page_idle(&f->core, &f->page));
	free(f);
	tap_end("a write leaves nothing at the home");
}

static void from_one_to_another(void)
{
	struct fake *f = given(0);
	struct dsm_wire *w;

	wants(f, 1, 2, DSM_WRITE);
	check_sent(f, 2, 1, DSM_RECALL, DSM_NONE, 2);
	w = last(f);
	CHECK_EQ(w->third, 2);
	CHECK_EQ(le64_to_cpu(w->grant_stamp), 2);
	CHECK_EQ(le64_to_cpu(w->token), 101);
	CHECK_EQ(le64_to_cpu(w->addr), 0x1000);
	CHECK_EQ(le32_to_cpu(w->space), 3);
	CHECK_EQ(le32_to_cpu(w->space_inc), 4);
	CHECK_EQ(le32_to_cpu(w->prot), 6);
	CHECK_EQ(dsm_home_waits_for(&f->page), 2);
	answers(f, 1, DSM_NONE, DSM_HELD | DSM_FORWARDED);
	CHECK_EQ(f->n, 2);
	CHECK_EQ(f->done, 2);
	CHECK_EQ(f->core.stats.forwards, 1);
	CHECK_EQ(f->core.stats.recalls, 1);
	CHECK_EQ(f->page.stamp[2], 2);
	/* To read: the holder keeps it, too. */
	wants(f, 2, 3, DSM_READ);
	check_sent(f, 3, 2, DSM_RECALL, DSM_READ, 2);
	answers(f, 2, DSM_READ, DSM_HELD | DSM_FORWARDED);
	CHECK_EQ(f->page.holders, 4 | 8);
	/* It had nothing to hand on. */
	wants(f, 3, 1, DSM_WRITE);
	CHECK_EQ(f->n, 5);
	answers(f, 2, DSM_NONE, DSM_HELD);
	answers(f, 3, DSM_NONE, DSM_HELD);
	check_sent(f, 6, 1, DSM_GRANT, DSM_WRITE, 3);
	free(f);
	tap_end("from one kernel to another directly");
}

static void the_home_gets_it_back(void)
{
	struct fake *f = given(0);

	dsm_home_want(&f->core, &f->page, DSM_READ);
	check_sent(f, 2, 1, DSM_RECALL, DSM_READ, 2);
	CHECK_EQ(last(f)->third, DSM_NOBODY);
	CHECK_EQ(le64_to_cpu(last(f)->frame), 5);
	CHECK_EQ(f->invals, 0);
	answers(f, 1, DSM_READ, DSM_HELD);
	CHECK_EQ(f->invals, 1);
	CHECK_EQ(f->wakes, 1);
	CHECK(dsm_home_ok(&f->core, &f->page, DSM_READ));
	CHECK(!dsm_home_ok(&f->core, &f->page, DSM_WRITE));
	dsm_home_want(&f->core, &f->page, DSM_READ);
	CHECK_EQ(f->wakes, 2);
	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	dsm_home_want(&f->core, &f->page, DSM_READ);
	answers(f, 1, DSM_NONE, DSM_HELD);
	CHECK_EQ(f->invals, 1);
	CHECK(dsm_home_ok(&f->core, &f->page, DSM_WRITE));
	CHECK(dsm_page_idle(&f->core, &f->page));
	CHECK_EQ(f->core.stats.takes, 2);
	free(f);
	tap_end("the home gets it back, to read and to write");
}

/* Who may read already troubles nobody by asking again, and everybody to write. */
static void holders_ask_again(void)
{
	struct fake *f = fake_create(0);

	wants(f, 0, 1, DSM_READ);
	protect(f);
	wants(f, 1, 2, DSM_READ);
	wants(f, 2, 1, DSM_READ);
	check_sent(f, 3, 1, DSM_GRANT, DSM_READ, 2);
	CHECK_EQ(f->protects, 1);
	CHECK_EQ(f->page.state, DSM_PAGE_SHARED);
	CHECK_EQ(f->page.holders, 1 | 2 | 4);
	wants(f, 3, 1, DSM_WRITE);
	CHECK_EQ(f->keep, DSM_NONE);
	protect(f);
	check_sent(f, 4, 2, DSM_RECALL, DSM_NONE, 2);
	answers(f, 2, DSM_NONE, DSM_HELD);
	check_sent(f, 5, 1, DSM_GRANT, DSM_WRITE, 3);
	CHECK_EQ(f->page.state, DSM_PAGE_EXCLUSIVE);
	CHECK_EQ(f->page.holders, 2);
	wants(f, 4, 1, DSM_READ);
	check_sent(f, 6, 1, DSM_GRANT, DSM_WRITE, 4);
	wants(f, 5, 1, DSM_WRITE);
	check_sent(f, 7, 1, DSM_GRANT, DSM_WRITE, 5);
	CHECK_EQ(f->page.state, DSM_PAGE_EXCLUSIVE);
	CHECK_EQ(f->page.holders, 2);
	free(f);
	tap_end("who has it already asks again");
}

static void in_order_and_in_turn(void)
{
	struct fake *f = given(0);

	wants(f, 1, 2, DSM_WRITE); /* begins */
	wants(f, 2, 3, DSM_WRITE);
	wants(f, 3, 1, DSM_WRITE);
	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	dsm_home_want(&f->core, &f->page, DSM_READ);
	answers(f, 1, DSM_NONE, DSM_HELD | DSM_FORWARDED);
	/* The home is next, since a peer was served. */
	check_sent(f, 3, 2, DSM_RECALL, DSM_NONE, 2);
	CHECK_EQ(last(f)->third, DSM_NOBODY);
	answers(f, 2, DSM_NONE, DSM_HELD);
	CHECK_EQ(f->wakes, 1);
	/* Then a peer, though the home wants it again. */
	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	protect(f);
	CHECK_EQ(f->sent[3].type, DSM_GRANT);
	CHECK_EQ(f->to[3], 3);
	/* And the home again, before kernel 1. */
	check_sent(f, 5, 3, DSM_RECALL, DSM_NONE, 2);
	CHECK_EQ(last(f)->third, DSM_NOBODY);
	free(f);
	/* It has read, and wants to write; the peer is next all the same. */
	f = given(0);
	dsm_home_want(&f->core, &f->page, DSM_READ);
	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	wants(f, 1, 2, DSM_READ);
	answers(f, 1, DSM_READ, DSM_HELD);
	CHECK_EQ(f->sent[2].type, DSM_GRANT);
	CHECK_EQ(f->to[2], 2);
	CHECK_EQ(f->n, 5);
	free(f);
	tap_end("requests are served in order, in turn with the home");
}

static void quiet_is_read_by_all(void)
{
	struct fake *f = fake_create(0);

	CHECK(!dsm_page_quiet(&f->page)); /* all ours */
	wants(f, 0, 1, DSM_READ);
	CHECK(!dsm_page_quiet(&f->page));
	protect(f);
	CHECK(dsm_page_quiet(&f->page));
	wants(f, 1, 2, DSM_WRITE);
	wants(f, 2, 3, DSM_READ);
	CHECK(!dsm_page_quiet(&f->page)); /* they are asked to give */
	protect(f);
	answers(f, 1, DSM_NONE, DSM_HELD);
	answers(f, 2, DSM_READ, DSM_HELD | DSM_FORWARDED);
	CHECK(dsm_page_quiet(&f->page));
	dsm_home_recall(&f->core, &f->page, true);
	answers(f, 2, DSM_NONE, DSM_HELD);
	answers(f, 3, DSM_NONE, DSM_HELD);
	CHECK(!dsm_page_quiet(&f->page));
	dsm_home_recall_end(&f->core, &f->page);
	CHECK(!dsm_page_quiet(&f->page));
	free(f);
	tap_end("quiet is what all only read");
}

static void who_takes_nothing_need_not_wait(void)
{
	struct fake *f = given(100);

	dsm_home_want(&f->core, &f->page, DSM_READ);
	answers(f, 1, DSM_READ, DSM_HELD);
	wants(f, 1, 2, DSM_READ);
	CHECK_EQ(f->done, 2);
	CHECK_EQ(f->later_page, 0);
	free(f);
	tap_end("who takes nothing from the home need not wait");
}

static void neighbours_trouble_nobody(void)
{
	struct fake *f = fake_create(100);
	struct dsm_ask *a = ask(0, 1, DSM_READ);

	/* All ours: it costs nothing. */
	a->flags = DSM_OPTIONAL;
	dsm_home_request(&f->core, &f->page, a);
	a = ask(1, 2, DSM_READ);
	a->flags = DSM_OPTIONAL;
	dsm_home_request(&f->core, &f->page, a); /* busy */
	CHECK_EQ(f->done, 1);
	CHECK_EQ(f->result, DSM_SKIPPED);
	protect(f);
	check_sent(f, 1, 1, DSM_GRANT, DSM_READ, 1);
	CHECK_EQ(le16_to_cpu(last(f)->flags), DSM_OPTIONAL);
	/* Another kernel would have to give. */
	a = ask(1, 2, DSM_WRITE);
	a->flags = DSM_OPTIONAL;
	dsm_home_request(&f->core, &f->page, a);
	CHECK_EQ(f->done, 3);
	CHECK_EQ(f->result, DSM_SKIPPED);
	/* The home has just got it. */
	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	answers(f, 1, DSM_NONE, DSM_HELD);
	dsm_home_request(&f->core, &f->page, a);
	CHECK_EQ(f->result, DSM_SKIPPED);
	CHECK_EQ(f->later_page, 0);
	CHECK_EQ(f->n, 2); /* the grant and the recall: no refusal */
	free(f);
	tap_end("neighbours trouble nobody");
}

static void a_recall_comes_first(void)
{
	struct fake *f = given(100);

	wants(f, 1, 2, DSM_WRITE);
	wants(f, 2, 3, DSM_READ);
	CHECK(!dsm_home_recall(&f->core, &f->page, false));
	check_sent(f, 3, 3, DSM_REFUSE, DSM_NONE, 0);
	CHECK_EQ(le64_to_cpu(last(f)->token), 102);
	CHECK_EQ(le32_to_cpu(last(f)->code), 0);
	CHECK_EQ(f->result, DSM_AGAIN);
	wants(f, 3, 3, DSM_READ); /* waits */
	answers(f, 1, DSM_NONE, DSM_HELD); /* not handed on */
	CHECK_EQ(le64_to_cpu(f->sent[3].token), 101);
	CHECK_EQ(f->wakes, 1);
	CHECK(dsm_home_ok(&f->core, &f->page, DSM_WRITE));
	CHECK_EQ(f->n, 4);
	CHECK_EQ(f->protects, 1);
	f->now += 100;
	dsm_home_recall_end(&f->core, &f->page);
	CHECK_EQ(f->protects, 2);
	CHECK_EQ(f->core.stats.retries, 2);
	free(f);
	tap_end("a recall comes before requests");
}

static void a_recall_waits_for_nothing_here(void)
{
	struct fake *f = fake_create(0);
	u32 op;

	wants(f, 0, 1, DSM_WRITE);
	op = f->op;
	CHECK(dsm_home_recall(&f->core, &f->page, true));
	check_sent(f, 1, 1, DSM_REFUSE, DSM_NONE, 0);
	dsm_home_protected(&f->core, &f->page, op, true);
	CHECK(dsm_home_ok(&f->core, &f->page, DSM_WRITE));
	dsm_home_recall_end(&f->core, &f->page);
	CHECK(dsm_page_idle(&f->core, &f->page));
	/* Its end comes during the next one. */
	dsm_page_init(&f->core, &f->page);
	wants(f, 0, 1, DSM_WRITE);
	CHECK(f->op != op);
	dsm_home_protected(&f->core, &f->page, op, true);
	CHECK_EQ(f->n, 1);
	protect(f);
	CHECK_EQ(f->n, 2);
	free(f);
	tap_end("a recall waits for nothing in this kernel");
}

static void urgency_reaches_everybody(void)
{
	struct fake *f = given(0);

	CHECK(!dsm_home_recall(&f->core, &f->page, true));
	CHECK_EQ(le16_to_cpu(last(f)->flags), DSM_URGENT);
	answers(f, 1, DSM_NONE, DSM_HELD);
	dsm_home_recall_end(&f->core, &f->page);
	wants(f, 1, 1, DSM_WRITE);
	protect(f);
	CHECK(!dsm_home_recall(&f->core, &f->page, false));
	CHECK_EQ(le16_to_cpu(last(f)->flags), 0);
	CHECK_EQ(f->n, 4);
	dsm_home_hurry(&f->core, &f->page);
	check_sent(f, 5, 1, DSM_RECALL, DSM_NONE, 4);
	CHECK_EQ(le16_to_cpu(last(f)->flags), DSM_URGENT);
	answers(f, 1, DSM_NONE, DSM_HELD);
	f->page.stamp[1] = 4;
	answers(f, 1, DSM_NONE, 0); /* to the repetition */
	CHECK_EQ(f->bad, 0);
	CHECK(dsm_home_ok(&f->core, &f->page, DSM_WRITE));
	free(f);
	tap_end("urgency reaches everybody");
}

static void page_tables_that_refuse(void)
{
	struct fake *f = fake_create(0);

	wants(f, 0, 1, DSM_WRITE);
	dsm_home_protected(&f->core, &f->page, f->op, false);
	check_sent(f, 1, 1, DSM_REFUSE, DSM_NONE, 0);
	CHECK_EQ(f->cleans, 0);
	CHECK(dsm_page_idle(&f->core, &f->page));
	wants(f, 0, 1, DSM_WRITE);
	protect(f);
	CHECK_EQ(f->result, DSM_GRANTED);
	free(f);
	tap_end("page tables that can't be changed: ask again");
}

static void given_back_unasked(void)
{
	struct fake *f = given(0);
	struct dsm_wire w = message(DSM_RELEASE, 1, SELF);

	w.frame = cpu_to_le64(5);
	w.stamp = cpu_to_le64(9);
	receive(f, 1, w);
	CHECK_EQ(f->page.holders, 2); /* another grant */
	w.from_inc = cpu_to_le32(inc_of(2));
	w.stamp = 0;
	receive(f, 2, w); /* has nothing */
	CHECK_EQ(f->page.holders, 2);
	w.from_inc = cpu_to_le32(inc_of(1));
	w.stamp = cpu_to_le64(2);
	receive(f, 1, w);
	CHECK(dsm_page_idle(&f->core, &f->page));
	CHECK_EQ(f->invals, 1);
	CHECK_EQ(f->wakes, 1);
	free(f);
	tap_end("given back unasked: all ours again");
}

static void a_release_that_crossed_a_recall(void)
{
	struct fake *f = given(0);
	struct dsm_wire w = message(DSM_RELEASE, 1, SELF);

	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	w.frame = cpu_to_le64(5);
	w.stamp = cpu_to_le64(f->page.stamp[1]);
	receive(f, 1, w);
	CHECK_EQ(f->page.holders, 2);
	CHECK_EQ(dsm_home_waits_for(&f->page), 2);
	answers(f, 1, DSM_NONE, 0);
	CHECK(dsm_page_idle(&f->core, &f->page));
	free(f);
	tap_end("a release that crossed a recall");
}

static void false_answers(void)
{
	struct fake *f = given(0);

	dsm_home_want(&f->core, &f->page, DSM_WRITE);
	answers(f, 1, DSM_READ, DSM_HELD); /* keeps too much */
	answers(f, 1, DSM_NONE, DSM_FORWARDED); /* to whom? */
	CHECK_EQ(f->bad, 2);
	answers(f, 2, DSM_NONE, DSM_HELD); /* was not asked */
	f->page.stamp[1]++;
	CHECK_EQ(dsm_home_waits_for(&f->page), 2);
	CHECK_EQ(f->wakes, 0);
	free(f);
	tap_end("false answers change nothing");
}

static void refusals_say_why(void)
{
	struct fake *f = fake_create(0);

	dsm_home_refuse(&f->core, ask(0, 1, DSM_READ), 11 << 16 | 1);
	check_sent(f, 1, 1, DSM_REFUSE, DSM_NONE, 0);
	CHECK_EQ(le32_to_cpu(last(f)->code), 11 << 16 | 1);
	CHECK_EQ(le64_to_cpu(last(f)->token), 100);
	CHECK_EQ(le64_to_cpu(last(f)->addr), 0x1000);
	CHECK_EQ(le32_to_cpu(last(f)->space), 3);
	CHECK_EQ(le32_to_cpu(last(f)->space_inc), 4);
	CHECK_EQ(f->core.stats.retries, 0);
	dsm_peer_down(&f->core, 1);
	dsm_home_refuse(&f->core, &asks[0], 0);
	CHECK_EQ(f->n, 1);
	CHECK_EQ(f->core.stats.retries, 1);
	free(f);
	tap_end("refusals say why");
}

int main(void)
{
	tap_begin();
	a_read_costs_one_answer();
	a_write_leaves_nothing();
	from_one_to_another();
	the_home_gets_it_back();
	holders_ask_again();
	in_order_and_in_turn();
	quiet_is_read_by_all();
	who_takes_nothing_need_not_wait();
	neighbours_trouble_nobody();
	a_recall_comes_first();
	a_recall_waits_for_nothing_here();
	urgency_reaches_everybody();
	page_tables_that_refuse();
	given_back_unasked();
	a_release_that_crossed_a_recall();
	false_answers();
	refusals_say_why();
	return tap_done();
}
