// SPDX-License-Identifier: GPL-2.0
/* Channels: opening, closing, credits, room, order of events, and liars. */
#include "pair.h"

#define S 5 /* the service most tests use, on the bulk lane */

static struct imb_link *link_of(struct pair *p, u32 k)
{
	return &p->side[k].link;
}

static void open_one(struct pair *p, u32 k, u16 service, u32 window)
{
	CHECK_EQ(imb_link_open(link_of(p, k), service, IMB_LANE_BULK, window),
		 0);
	pair_serve(p);
}

/* Both ends of S open, nothing seen yet. */
static struct pair *open_pair(u32 window0, u32 window1)
{
	struct pair *p = pair_up();

	open_one(p, 0, S, window0);
	open_one(p, 1, S, window1);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_CHANNEL_UP, S), 1);
	CHECK_EQ(side_count(&p->side[1], IMB_EVENT_CHANNEL_UP, S), 1);
	side_forget(&p->side[0]);
	side_forget(&p->side[1]);
	return p;
}

static int say(struct pair *p, u32 k, const char *text)
{
	return imb_link_send(link_of(p, k), S, text, (u32)strlen(text));
}

/* A message or control message that the core itself would not send. */
static void inject(struct pair *p, u32 from, u16 service, u16 flags,
		   const void *bytes, u32 len)
{
	struct imb_tx *tx = &link_of(p, from)->tx[IMB_LANE_BULK];
	u8 *to;

	CHECK_EQ(imb_tx_reserve(tx, &to), 0);
	memcpy(to, bytes, len);
	imb_tx_commit(tx, len, service, flags);
}

static void inject_ctrl(struct pair *p, u32 from, u32 op, u32 arg)
{
	struct imb_wire_ctrl ctrl = { htole32(op), htole32(arg) };

	inject(p, from, S, IMB_WIRE_CTRL, &ctrl, sizeof(ctrl));
}

static void opening_takes_two(void)
{
	struct pair *p = pair_up();

	open_one(p, 0, S, 0);
	CHECK_EQ(p->side[0].n_seen, 0);
	CHECK_EQ(say(p, 0, "x"), -ENOTCONN);
	CHECK_EQ(say(p, 1, "x"), -ENOTCONN);
	open_one(p, 1, S, 0);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_CHANNEL_UP, S), 1);
	CHECK_EQ(side_count(&p->side[1], IMB_EVENT_CHANNEL_UP, S), 1);
	CHECK_EQ(say(p, 0, "x"), 0);
	pair_destroy(p);
	tap_end("a channel is up when both ends are open");
}

static void bad_arguments(void)
{
	struct pair *p = open_pair(0, 0);
	struct imb_link *link = link_of(p, 0);
	static u8 big[8192];

	CHECK_EQ(imb_link_open(link, 64, 0, 0), -EINVAL);
	CHECK_EQ(imb_link_open(link, 1, 2, 0), -EINVAL);
	CHECK_EQ(imb_link_open(link, S, IMB_LANE_BULK, 0), -EBUSY);
	CHECK_EQ(imb_link_max_message(link), 4096);
	CHECK_EQ(imb_link_send(link, S, big, 4097), -EMSGSIZE);
	CHECK_EQ(imb_link_send(link, S + 1, big, 1), -ENOTCONN);
	CHECK_EQ(imb_link_send_buf(link, S, 0, 1), -EINVAL);
	CHECK_EQ(imb_link_send_buf(link, S, 99, 1), -EINVAL);
	pair_destroy(p);
	tap_end("bad arguments are refused");
}

static void messages_of_every_kind(void)
{
	static const u32 sizes[] = { 0, 1, 48, 49, 112, 113, 4096 };
	struct pair *p = open_pair(0, 0);
	struct side *to = &p->side[1];
	u8 bytes[4096];
	u32 i;

	to->keep = true;
	for (i = 0; i < 7; i++) {
		memset(bytes, (int)i + 1, sizeof(bytes));
		CHECK_EQ(imb_link_send(link_of(p, 0), S, bytes, sizes[i]), 0);
		imb_link_kick(link_of(p, 0));
		side_forget(to);
		side_serve(to);
		CHECK_EQ(to->n_seen, 1);
		CHECK_EQ(to->seen[0].type, IMB_EVENT_MESSAGE);
		CHECK_EQ(to->seen[0].len, sizes[i]);
		CHECK_EQ(to->seen[0].buf >= 0, sizes[i] > 112);
		CHECK(!memcmp(to->seen[0].data, bytes, sizes[i]));
		if (to->seen[0].buf >= 0)
			imb_link_return(&to->link, &to->seen[0]);
	}
	pair_destroy(p);
	tap_end("messages go by slot or by buffer, by their size");
}

static void window_stops_the_sender(void)
{
	struct pair *p = open_pair(0, 4);
	u32 i;

	for (i = 0; i < 4; i++)
		CHECK_EQ(say(p, 0, "x"), 0);
	CHECK_EQ(say(p, 0, "x"), -EAGAIN);
	imb_link_kick(link_of(p, 0));
	pair_serve(p);
	CHECK_EQ(side_count(&p->side[1], IMB_EVENT_MESSAGE, S), 4);
	CHECK_EQ(say(p, 0, "x"), -EAGAIN);
	imb_link_consumed(link_of(p, 1), S, link_of(p, 1)->rx_tag, 1);
	pair_serve(p);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_WRITABLE, S), 0);
	imb_link_consumed(link_of(p, 1), S, link_of(p, 1)->rx_tag, 1);
	pair_serve(p);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_WRITABLE, S), 1);
	CHECK_EQ(say(p, 0, "x"), 0);
	CHECK_EQ(say(p, 0, "x"), 0);
	CHECK_EQ(say(p, 0, "x"), -EAGAIN);
	pair_destroy(p);
	tap_end("a window stops its sender until half of it is read");
}

static void other_sessions_credits(void)
{
	struct pair *p = open_pair(0, 2);

	CHECK_EQ(say(p, 0, "x"), 0);
	CHECK_EQ(say(p, 0, "x"), 0);
	pair_serve(p);
	imb_link_consumed(link_of(p, 1), S, link_of(p, 1)->rx_tag - 1, 2);
	pair_serve(p);
	CHECK_EQ(say(p, 0, "x"), -EAGAIN);
	pair_destroy(p);
	tap_end("what was read of another session is not credited");
}

/* WRITABLE follows each -EAGAIN; here for want of slots. */
static void full_ring_is_writable_again(void)
{
	struct pair *p = open_pair(0, 0);
	u32 n = 0;

	while (say(p, 0, "x") == 0)
		n++;
	CHECK_EQ(n, 8);
	imb_link_kick(link_of(p, 0));
	pair_serve(p);
	CHECK_EQ(side_count(&p->side[1], IMB_EVENT_MESSAGE, S), 8);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_WRITABLE, S), 1);
	CHECK_EQ(say(p, 0, "x"), 0);
	pair_destroy(p);
	tap_end("WRITABLE follows when slots are free");
}

static void empty_pool_is_writable_again(void)
{
	struct pair *p = open_pair(0, 0);
	struct side *to = &p->side[1];
	u8 bytes[1000] = { 0 };
	u32 i;

	to->keep = true;
	for (i = 0; i < 3; i++)
		CHECK_EQ(imb_link_send(link_of(p, 0), S, bytes, 1000), 0);
	CHECK_EQ(imb_link_send(link_of(p, 0), S, bytes, 1000), -EAGAIN);
	imb_link_kick(link_of(p, 0));
	pair_serve(p);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_WRITABLE, S), 0);
	imb_link_return(&to->link, &to->seen[1]);
	pair_serve(p);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_WRITABLE, S), 1);
	CHECK_EQ(imb_link_send(link_of(p, 0), S, bytes, 1000), 0);
	pair_destroy(p);
	tap_end("WRITABLE follows when a buffer is free");
}

/* A buffer that is given back unsent helps who waits in the same kernel. */
static void unsent_buffer_helps(void)
{
	struct pair *p = open_pair(0, 0);
	int buf[3];
	u32 i;

	for (i = 0; i < 3; i++)
		CHECK((buf[i] = imb_link_buf_get(link_of(p, 0), S)) >= 0);
	CHECK_EQ(imb_link_buf_get(link_of(p, 0), S), -EAGAIN);
	imb_link_buf_put(link_of(p, 0), (u32)buf[1]);
	side_serve(&p->side[0]);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_WRITABLE, S), 1);
	CHECK_EQ(imb_link_buf_get(link_of(p, 0), S), buf[1]);
	pair_destroy(p);
	tap_end("a buffer given back unsent wakes who waits for it");
}

static void failed_send_keeps_the_buffer(void)
{
	struct pair *p = open_pair(0, 1);
	int buf = imb_link_buf_get(link_of(p, 0), S);

	CHECK(buf >= 0);
	CHECK_EQ(imb_link_send_buf(link_of(p, 0), S, (u32)buf, 4097),
		 -EMSGSIZE);
	CHECK_EQ(say(p, 0, "x"), 0);
	CHECK_EQ(imb_link_send_buf(link_of(p, 0), S, (u32)buf, 9), -EAGAIN);
	pair_serve(p);
	imb_link_consumed(link_of(p, 1), S, link_of(p, 1)->rx_tag, 1);
	pair_serve(p);
	CHECK_EQ(imb_link_send_buf(link_of(p, 0), S, (u32)buf, 9), 0);
	CHECK_EQ(imb_link_send_buf(link_of(p, 0), S, (u32)buf, 9), -EINVAL);
	pair_destroy(p);
	tap_end("a buffer whose sending failed is still held");
}

/* What was accepted before the close arrives; the other way it is dropped. */
static void close_is_in_order(void)
{
	struct pair *p = open_pair(0, 0);

	CHECK_EQ(say(p, 0, "last words"), 0);
	CHECK_EQ(say(p, 1, "too late"), 0);
	imb_link_close(link_of(p, 0), S);
	CHECK_EQ(say(p, 0, "x"), -ENOTCONN);
	pair_serve(p);
	CHECK_EQ(p->side[1].n_seen, 2);
	CHECK_EQ(p->side[1].seen[0].type, IMB_EVENT_MESSAGE);
	CHECK_EQ(p->side[1].seen[1].type, IMB_EVENT_CHANNEL_DOWN);
	CHECK_EQ(p->side[0].n_seen, 0);
	CHECK_EQ(link_of(p, 0)->counts.dropped, 1);
	CHECK_EQ(say(p, 1, "x"), -ENOTCONN);
	pair_destroy(p);
	tap_end("a close comes after what was sent before it");
}

static void dropped_buffers_go_home(void)
{
	struct pair *p = open_pair(0, 0);
	u8 bytes[1000] = { 0 };
	u32 i;

	for (i = 0; i < 3; i++)
		CHECK_EQ(imb_link_send(link_of(p, 1), S, bytes, 1000), 0);
	imb_link_close(link_of(p, 0), S);
	pair_serve(p);
	CHECK_EQ(link_of(p, 0)->counts.dropped, 3);
	open_one(p, 0, S, 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ(imb_link_send(link_of(p, 1), S, bytes, 1000), 0);
	pair_destroy(p);
	tap_end("buffers of dropped messages are returned");
}

/* Who opens anew gets nothing that was meant for his predecessor. */
static void reopened_end_hears_no_old(void)
{
	struct pair *p = open_pair(0, 0);
	u32 i;

	for (i = 0; i < 20; i++) {
		CHECK_EQ(say(p, 1, "old"), 0);
		imb_link_close(link_of(p, 0), S);
		CHECK_EQ(imb_link_open(link_of(p, 0), S, IMB_LANE_BULK, 0), 0);
		side_forget(&p->side[0]);
		pair_serve(p);
		CHECK_EQ(side_count(&p->side[0], IMB_EVENT_MESSAGE, S), 0);
		CHECK_EQ(side_count(&p->side[0], IMB_EVENT_CHANNEL_UP, S), 1);
		CHECK_EQ(say(p, 1, "new"), 0);
		imb_link_kick(link_of(p, 1));
		pair_serve(p);
		CHECK_EQ(side_count(&p->side[0], IMB_EVENT_MESSAGE, S), 1);
		side_forget(&p->side[1]);
	}
	pair_destroy(p);
	tap_end("a reopened end hears nothing of before");
}

static void both_close_at_once(void)
{
	struct pair *p = open_pair(3, 3);
	u32 i;

	for (i = 0; i < 5; i++) {
		CHECK_EQ(say(p, 0, "a"), 0);
		CHECK_EQ(say(p, 1, "b"), 0);
		imb_link_close(link_of(p, 0), S);
		imb_link_close(link_of(p, 1), S);
		pair_serve(p);
		CHECK(!link_of(p, 0)->channels[S].draining);
		CHECK(!link_of(p, 1)->channels[S].draining);
		open_one(p, 0, S, 3);
		open_one(p, 1, S, 3);
		CHECK_EQ(link_of(p, 0)->channels[S].credit, 3);
		CHECK_EQ(link_of(p, 1)->channels[S].rx_left, 3);
	}
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_CHANNEL_UP, S), 5);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_MESSAGE, S), 0);
	pair_destroy(p);
	tap_end("both ends may close at once");
}

static void other_lane_waits_for_the_close(void)
{
	struct pair *p = open_pair(0, 0);

	imb_link_close(link_of(p, 0), S);
	CHECK_EQ(imb_link_open(link_of(p, 0), S, IMB_LANE_URGENT, 0), -EBUSY);
	pair_serve(p);
	CHECK_EQ(imb_link_open(link_of(p, 0), S, IMB_LANE_URGENT, 0), 0);
	pair_destroy(p);
	tap_end("another lane only after the close is answered");
}

static void unheard_opening_is_taken_back(void)
{
	struct pair *p = pair_up();
	u64 sent = link_of(p, 0)->tx[IMB_LANE_BULK].counts.msgs;

	CHECK_EQ(imb_link_open(link_of(p, 0), S, IMB_LANE_BULK, 0), 0);
	imb_link_close(link_of(p, 0), S);
	pair_serve(p);
	CHECK_EQ(link_of(p, 0)->tx[IMB_LANE_BULK].counts.msgs, sent);
	CHECK(!link_of(p, 0)->channels[S].draining);
	pair_destroy(p);
	tap_end("an opening nobody has heard of is taken back silently");
}

/* CHANNEL_DOWN before LINK_DOWN, LINK_UP before CHANNEL_UP. */
static void fall_and_rise(void)
{
	static const u8 order[] = { IMB_EVENT_CHANNEL_DOWN, IMB_EVENT_LINK_DOWN,
				    IMB_EVENT_LINK_UP, IMB_EVENT_CHANNEL_UP };
	struct pair *p = open_pair(0, 0);
	u32 i;

	imb_link_input(link_of(p, 0), IMB_IN_PEER_GONE);
	CHECK_EQ(say(p, 0, "x"), -ENOTCONN);
	pair_tick(p, 4);
	pair_serve(p);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(p->side[i].n_seen, 4);
		CHECK(p->side[i].seen[0].type == order[0] &&
		      p->side[i].seen[1].type == order[1] &&
		      p->side[i].seen[2].type == order[2] &&
		      p->side[i].seen[3].type == order[3]);
	}
	CHECK_EQ(say(p, 0, "x"), 0);
	pair_destroy(p);
	tap_end("a fall is told from the channels up, a rise down to them");
}

/* What a channel may be amid when the link falls; afterwards all is new. */
enum situation {
	IN_FLIGHT,
	NO_CREDIT,
	RING_FULL,
	POOL_EMPTY,
	CLOSING,
	REOPENING,
	HOLDING,
	SITUATIONS
};

static void bring_about(struct pair *p, enum situation situation)
{
	struct imb_link *link = link_of(p, 0);
	u8 bytes[1000] = { 0 };

	switch (situation) {
	case NO_CREDIT:
		while (say(p, 0, "x") == 0)
			;
		break;
	case RING_FULL:
		link->channels[S].credit = 100;
		while (say(p, 0, "x") == 0)
			;
		break;
	case POOL_EMPTY:
		while (imb_link_send(link, S, bytes, 1000) == 0)
			;
		break;
	case CLOSING:
		imb_link_close(link, S);
		break;
	case REOPENING:
		imb_link_close(link, S);
		CHECK_EQ(imb_link_open(link, S, IMB_LANE_BULK, 2), 0);
		break;
	case HOLDING:
		CHECK_EQ(imb_link_buf_get(link, S), 0);
		break;
	default:
		CHECK_EQ(say(p, 0, "x"), 0);
		break;
	}
}

static void fall_amid_anything(void)
{
	struct pair *p;
	u32 i, fallen;

	for (i = 0; i < SITUATIONS; i++)
		for (fallen = 0; fallen < 2; fallen++) {
			p = open_pair(2, 4);
			bring_about(p, i);
			imb_link_input(link_of(p, fallen), IMB_IN_PEER_GONE);
			pair_tick(p, 4);
			if (i == CLOSING)
				open_one(p, 0, S, 2);
			pair_serve(p);
			side_forget(&p->side[1]);
			CHECK_EQ(say(p, 0, "fresh"), 0);
			imb_link_kick(link_of(p, 0));
			pair_serve(p);
			CHECK_EQ(p->side[1].n_seen, 1);
			CHECK(p->side[1].seen[0].len == 5);
			CHECK_EQ(link_of(p, 0)->channels[S].credit, 3);
			CHECK_EQ(link_of(p, 1)->counts.broken, 0);
			pair_destroy(p);
		}
	tap_end("the link may fall amid anything");
}

static void peer_closes_on_a_blocked_sender(void)
{
	struct pair *p = open_pair(0, 1);

	CHECK_EQ(say(p, 0, "x"), 0);
	CHECK_EQ(say(p, 0, "x"), -EAGAIN);
	imb_link_close(link_of(p, 1), S);
	pair_serve(p);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_CHANNEL_DOWN, S), 1);
	open_one(p, 1, S, 1);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_CHANNEL_UP, S), 1);
	CHECK_EQ(say(p, 0, "x"), 0);
	pair_destroy(p);
	tap_end("a close frees a blocked sender");
}

static void urgent_lane_first(void)
{
	struct pair *p = open_pair(0, 0);

	CHECK_EQ(imb_link_open(link_of(p, 0), 9, IMB_LANE_URGENT, 0), 0);
	CHECK_EQ(imb_link_open(link_of(p, 1), 9, IMB_LANE_URGENT, 0), 0);
	pair_serve(p);
	side_forget(&p->side[1]);
	CHECK_EQ(say(p, 0, "bulk"), 0);
	CHECK_EQ(imb_link_send(link_of(p, 0), 9, "urgent", 6), 0);
	CHECK(imb_link_kick(link_of(p, 0)));
	side_serve(&p->side[1]);
	CHECK_EQ(p->side[1].seen[0].service, 9);
	CHECK_EQ(p->side[1].seen[1].service, S);
	pair_destroy(p);
	tap_end("the urgent lane is served first");
}

/* Things no correct peer says; kernel 1 says them. */
static void overrun(struct pair *p)
{
	u32 i;

	for (i = 0; i < 3; i++)
		inject(p, 1, S, 0, "x", 1);
}

static void too_much_credit(struct pair *p)
{
	inject_ctrl(p, 1, IMB_WIRE_OP_CREDIT, 1);
}

static void endless_credit(struct pair *p)
{
	CHECK_EQ(say(p, 0, "x"), 0);
	inject_ctrl(p, 1, IMB_WIRE_OP_CREDIT, 0xffffffffu);
}

static void answer_to_nothing(struct pair *p)
{
	inject_ctrl(p, 1, IMB_WIRE_OP_CLOSED, 0);
}

static void short_ctrl(struct pair *p)
{
	inject(p, 1, S, IMB_WIRE_CTRL, "abcdefg", 7);
}

static void service_64(struct pair *p)
{
	inject(p, 1, IMB_WIRE_SERVICES, 0, "x", 1);
}

static void short_reference(struct pair *p)
{
	inject(p, 1, S, IMB_WIRE_REF, "123456789012345", 15);
}

static void reference_to_nowhere(struct pair *p)
{
	struct imb_wire_ref ref = { htole32(3), htole32(1), 0, 0 };

	inject(p, 1, S, IMB_WIRE_REF, &ref, sizeof(ref));
}

static const struct {
	const char *what;
	void (*say)(struct pair *p);
} lies[] = {
	{ "more messages than the window", overrun },
	{ "more credit than was used", too_much_credit },
	{ "credit that wraps", endless_credit },
	{ "CLOSED without CLOSE", answer_to_nothing },
	{ "7 bytes of control", short_ctrl },
	{ "service 64", service_64 },
	{ "15 bytes of reference", short_reference },
	{ "a buffer that is not there", reference_to_nowhere },
};

/* The host must not hear a message before CHANNEL_UP. */
static void message_before_open(void)
{
	struct pair *p = pair_up();

	open_one(p, 0, S, 0);
	inject(p, 1, S, 0, "x", 1);
	side_serve(&p->side[0]);
	CHECK_EQ(link_of(p, 0)->counts.broken, 1);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_MESSAGE, S), 0);
	pair_destroy(p);
	tap_end("a message before OPEN cuts the link");
}

static void liars_are_cut_off(void)
{
	struct pair *p;
	u32 i;

	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		p = open_pair(2, 2);
		lies[i].say(p);
		side_serve(&p->side[0]);
		if (link_of(p, 0)->state != IMB_LINK_DOWN ||
		    link_of(p, 0)->counts.broken != 1) {
			printf("# believed: %s\n", lies[i].what);
			CHECK(false);
		}
		CHECK_EQ(side_count(&p->side[0], IMB_EVENT_LINK_DOWN, 0), 1);
		CHECK(side_count(&p->side[0], IMB_EVENT_MESSAGE, S) <= 2);
		pair_destroy(p);
	}
	tap_end("a peer that lies is cut off");
}

/* A head that lies is noticed by the sender. */
static void lying_head(void)
{
	struct pair *p = open_pair(0, 0);
	struct imb_tx *tx = &link_of(p, 0)->tx[IMB_LANE_BULK];
	__le64 *head = (__le64 *)(uintptr_t)&tx->theirs->head;

	while (say(p, 0, "x") == 0)
		;
	*head = htole64(IMB_WIRE_WORD(tx->tag, tx->pos + 5));
	CHECK_EQ(say(p, 0, "x"), -ENOTCONN);
	CHECK_EQ(link_of(p, 0)->state, IMB_LINK_DOWN);
	CHECK_EQ(link_of(p, 0)->counts.broken, 1);
	pair_destroy(p);
	tap_end("a lying head cuts the link while sending");
}

static void unknown_words_are_ignored(void)
{
	struct pair *p = open_pair(0, 0);

	inject_ctrl(p, 1, 77, 1);
	inject_ctrl(p, 1, 0, 1);
	inject(p, 1, S, 0x8000, "x", 1);
	side_serve(&p->side[0]);
	CHECK_EQ(link_of(p, 0)->state, IMB_LINK_UP);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_MESSAGE, S), 1);
	pair_destroy(p);
	tap_end("what a newer peer may say is ignored");
}

/* An old session's message, done with late, must not move the new ring. */
static void late_done_does_no_harm(void)
{
	struct pair *p = open_pair(0, 0);
	struct imb_event event;
	u32 pos;

	CHECK_EQ(say(p, 1, "x"), 0);
	do
		CHECK_EQ(imb_link_next(link_of(p, 0), &event), 1);
	while (event.type != IMB_EVENT_MESSAGE && !tap_broken);
	imb_link_input(link_of(p, 0), IMB_IN_PEER_GONE);
	imb_link_done(link_of(p, 0), &event);
	pair_tick(p, 4);
	CHECK_EQ(link_of(p, 0)->state, IMB_LINK_UP);
	pos = link_of(p, 0)->rx[IMB_LANE_BULK].pos;
	imb_link_done(link_of(p, 0), &event);
	CHECK_EQ(link_of(p, 0)->rx[IMB_LANE_BULK].pos, pos);
	CHECK_EQ(say(p, 1, "y"), 0);
	imb_link_kick(link_of(p, 1));
	side_forget(&p->side[0]);
	pair_serve(p);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_MESSAGE, S), 1);
	pair_destroy(p);
	tap_end("done with a message of an old session does no harm");
}

int main(void)
{
	tap_begin();
	opening_takes_two();
	bad_arguments();
	messages_of_every_kind();
	window_stops_the_sender();
	other_sessions_credits();
	full_ring_is_writable_again();
	empty_pool_is_writable_again();
	unsent_buffer_helps();
	failed_send_keeps_the_buffer();
	close_is_in_order();
	dropped_buffers_go_home();
	reopened_end_hears_no_old();
	both_close_at_once();
	other_lane_waits_for_the_close();
	unheard_opening_is_taken_back();
	fall_and_rise();
	fall_amid_anything();
	peer_closes_on_a_blocked_sender();
	urgent_lane_first();
	message_before_open();
	liars_are_cut_off();
	lying_head();
	unknown_words_are_ignored();
	late_done_does_no_harm();
	return tap_done();
}
