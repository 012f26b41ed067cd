// SPDX-License-Identifier: GPL-2.0
/*
 * The link's state table, row by row, against a peer that is a puppet of this
 * test; and whole lives of two real ends.
 */
#include "pair.h"

struct expected {
	u8 from;
	u8 input;
	u8 to;
	u8 action;
};

enum { ACT_NONE, ACT_ADOPT, ACT_START, ACT_RESET, ACT_CLOSE };

static const struct expected table[] = {
#define ROW(from, input, to, act) \
	{ IMB_LINK_##from, IMB_IN_##input, IMB_LINK_##to, ACT_##act },
#include "link_states.def"
};

#define ROWS (sizeof(table) / sizeof(table[0]))

static const char *const input_names[] = {
#define EVENT(name, text) #name,
#include "link_states.def"
};

/* How often each row was taken by all tests of this program. */
static u32 taken[IMB_LINK_STATES][IMB_LINK_INPUTS];

static void count_rows(const struct imb_link *link)
{
	u32 i;

	for (i = 0; i < ROWS; i++)
		taken[table[i].from][table[i].input] +=
			link->rows[table[i].from][table[i].input];
}

/* The puppet: kernel 1 is written by hand. */
static struct pair *puppet_create(void)
{
	struct pair *p = pair_empty();
	struct imb_wire_hello *h = pair_hello(p, 1);

	side_boot(p, 0, 1);
	memset(h, 0, sizeof(*h));
	h->magic = htole32(IMB_WIRE_MAGIC);
	h->major = htole16(IMB_WIRE_MAJOR);
	h->kernel = htole16(1);
	h->kernels = htole16(2);
	h->geometry = htole32(imb_geometry_sum(&p->g));
	h->epoch = htole32(100);
	h->rx_tag = htole32(55);
	h->state = htole32(IMB_WIRE_OPEN);
	return p;
}

static void puppet_beat(struct pair *p)
{
	struct imb_wire_beat *beat = pair_beat(p, 1);

	beat->count = htole64(le64toh(beat->count) + 1);
}

static void puppet_ack(struct pair *p)
{
	pair_hello(p, 1)->ack_epoch = htole32(p->side[0].link.epoch);
}

static struct imb_link *puppet_link(struct pair *p)
{
	return &p->side[0].link;
}

/* One look at the puppet. */
static void look(struct pair *p)
{
	puppet_beat(p);
	side_tick(p, 0);
}

static struct pair *reach(u8 state)
{
	struct pair *p = puppet_create();
	struct imb_link *link = puppet_link(p);

	switch (state) {
	case IMB_LINK_HELLO:
		look(p);
		break;
	case IMB_LINK_UP:
		look(p);
		puppet_ack(p);
		look(p);
		break;
	case IMB_LINK_ALIEN:
		pair_hello(p, 1)->major = htole16(IMB_WIRE_MAJOR + 1);
		look(p);
		pair_hello(p, 1)->major = htole16(IMB_WIRE_MAJOR);
		break;
	case IMB_LINK_FENCED:
		imb_link_input(link, IMB_IN_FENCE);
		break;
	case IMB_LINK_STOPPED:
		imb_link_input(link, IMB_IN_STOP);
		break;
	}
	CHECK_EQ(link->state, state);
	CHECK_EQ(link->counts.illegal, 0);
	return p;
}

static void fall_silent(struct pair *p)
{
	/* Once more, saying nothing: who is not alive cannot fall silent. */
	pair_hello(p, 1)->magic = 0;
	look(p);
	p->side[0].port.now_ms += IMB_SILENT_MS + 1;
	imb_link_tick(puppet_link(p));
}

/* Bring about an input the way it comes about. */
static void apply(struct pair *p, u8 input)
{
	struct imb_wire_hello *h = pair_hello(p, 1);

	switch (input) {
	case IMB_IN_PEER_NEW:
		h->epoch = htole32(le32toh(h->epoch) + 1);
		h->ack_epoch = 0;
		look(p);
		break;
	case IMB_IN_PEER_ACK:
		puppet_ack(p);
		look(p);
		break;
	case IMB_IN_PEER_ALIEN:
		h->geometry = ~h->geometry;
		look(p);
		break;
	case IMB_IN_PEER_SILENT:
		fall_silent(p);
		break;
	default:
		imb_link_input(puppet_link(p), input);
		break;
	}
}

static void check_action(const struct expected *row, const struct imb_link *was,
			 struct pair *p)
{
	const struct imb_link *link = puppet_link(p);
	const struct imb_wire_hello *h = pair_hello(p, 0);
	bool reset = row->action == ACT_RESET || row->action == ACT_CLOSE;

	CHECK_EQ(link->epoch != was->epoch, reset);
	CHECK_EQ(link->rx_tag != was->rx_tag, row->action == ACT_ADOPT);
	if (reset)
		CHECK_EQ(link->adopted, 0);
	if (row->action == ACT_ADOPT)
		CHECK_EQ(link->adopted, le32toh(pair_hello(p, 1)->epoch));
	if (row->action == ACT_START)
		CHECK_EQ(link->tx_tag, 55);
	CHECK_EQ(le32toh(h->guard) & 1, 0);
	CHECK_EQ(le32toh(h->epoch), link->epoch);
	CHECK_EQ(le32toh(h->ack_epoch), link->adopted);
	CHECK_EQ(le32toh(h->rx_tag), link->rx_tag);
	CHECK_EQ(le32toh(h->state), link->state == IMB_LINK_STOPPED ?
					    IMB_WIRE_CLOSED :
					    IMB_WIRE_OPEN);
}

static void every_row(void)
{
	const struct expected *row;
	struct imb_link was;
	struct pair *p;
	u32 i;

	for (i = 0; i < ROWS; i++) {
		row = &table[i];
		p = reach(row->from);
		was = *puppet_link(p);
		apply(p, row->input);
		if (puppet_link(p)->state != row->to ||
		    puppet_link(p)->rows[row->from][row->input] ==
			    was.rows[row->from][row->input]) {
			printf("# row %s, %s: now %s\n",
			       imb_link_state_name(row->from),
			       input_names[row->input],
			       imb_link_state_name(puppet_link(p)->state));
			CHECK(false);
		}
		check_action(row, &was, p);
		CHECK_EQ(puppet_link(p)->counts.illegal, 0);
		count_rows(puppet_link(p));
		pair_destroy(p);
	}
	tap_end("every row of the state table does what it says");
}

static bool defined(u32 state, u32 input)
{
	u32 i;

	for (i = 0; i < ROWS; i++)
		if (table[i].from == state && table[i].input == input)
			return true;
	return false;
}

static void undefined_pairs_stay(void)
{
	struct pair *p;
	u32 state, input, n = 0;

	for (state = 0; state < IMB_LINK_STATES; state++)
		for (input = 0; input < IMB_LINK_INPUTS; input++) {
			if (defined(state, input))
				continue;
			p = reach((u8)state);
			imb_link_input(puppet_link(p), input);
			CHECK_EQ(puppet_link(p)->state, state);
			CHECK_EQ(puppet_link(p)->counts.illegal, 1);
			pair_destroy(p);
			n++;
		}
	CHECK_EQ(n + ROWS, IMB_LINK_STATES * IMB_LINK_INPUTS);
	tap_end("a pair without a row changes nothing and is counted");
}

static void no_row_is_left(void)
{
	u32 i;

	for (i = 0; i < ROWS; i++)
		if (!taken[table[i].from][table[i].input]) {
			printf("# never taken: %s, %s\n",
			       imb_link_state_name(table[i].from),
			       input_names[table[i].input]);
			CHECK(false);
		}
	tap_end("no row of the state table was left out");
}

/* Leaving UP is reported once, whatever the reason. */
static void leaving_up_is_told(void)
{
	struct pair *p;
	struct side *s;
	u32 i;

	for (i = 0; i < ROWS; i++) {
		if (table[i].from != IMB_LINK_UP)
			continue;
		p = reach(IMB_LINK_UP);
		s = &p->side[0];
		CHECK_EQ(side_count(s, IMB_EVENT_LINK_UP, 0), 1);
		side_forget(s);
		apply(p, table[i].input);
		side_serve(s);
		CHECK_EQ(side_count(s, IMB_EVENT_LINK_DOWN, 0),
			 table[i].to != IMB_LINK_UP);
		pair_destroy(p);
	}
	tap_end("leaving UP is reported once");
}

/* A hello that must not be followed, and what the core makes of it. */
static const struct {
	const char *what;
	u32 offset;
	u32 value;
	u8 size;
	u8 state;
	u8 alien;
} strange[] = {
#define FIELD(name) offsetof(struct imb_wire_hello, name)
	{ "odd guard", FIELD(guard), 1, 4, IMB_LINK_DOWN, 0 },
	{ "no magic", FIELD(magic), 0, 4, IMB_LINK_DOWN, 0 },
	{ "epoch 0", FIELD(epoch), 0, 4, IMB_LINK_DOWN, 0 },
	{ "major 2", FIELD(major), 2, 2, IMB_LINK_ALIEN, IMB_ALIEN_VERSION },
	{ "major 0", FIELD(major), 0, 2, IMB_LINK_ALIEN, IMB_ALIEN_VERSION },
	{ "other kernel", FIELD(kernel), 0, 2, IMB_LINK_ALIEN,
	  IMB_ALIEN_IDENTITY },
	{ "3 kernels", FIELD(kernels), 3, 2, IMB_LINK_ALIEN,
	  IMB_ALIEN_IDENTITY },
	{ "other layout", FIELD(geometry), 1, 4, IMB_LINK_ALIEN,
	  IMB_ALIEN_LAYOUT },
	{ "closed", FIELD(state), IMB_WIRE_CLOSED, 4, IMB_LINK_DOWN, 0 },
	{ "minor 9", FIELD(minor), 9, 2, IMB_LINK_HELLO, 0 },
	{ "features", FIELD(features), ~0u, 4, IMB_LINK_HELLO, 0 },
	{ "reserved", FIELD(reserved), ~0u, 4, IMB_LINK_HELLO, 0 },
};

static void strange_hellos(void)
{
	struct pair *p;
	u32 value, i;

	for (i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		p = puppet_create();
		value = htole32(strange[i].value);
		memcpy((u8 *)pair_hello(p, 1) + strange[i].offset, &value,
		       strange[i].size);
		look(p);
		if (puppet_link(p)->state != strange[i].state ||
		    puppet_link(p)->alien != strange[i].alien) {
			printf("# %s: %s, alien %u\n", strange[i].what,
			       imb_link_state_name(puppet_link(p)->state),
			       puppet_link(p)->alien);
			CHECK(false);
		}
		pair_destroy(p);
	}
	tap_end("strange hellos are followed only as far as they may be");
}

/* An acknowledgement without a tag, or of another epoch, is none. */
static void half_an_acknowledgement(void)
{
	struct pair *p = reach(IMB_LINK_HELLO);

	pair_hello(p, 1)->rx_tag = 0;
	puppet_ack(p);
	look(p);
	CHECK_EQ(puppet_link(p)->state, IMB_LINK_HELLO);
	pair_hello(p, 1)->rx_tag = htole32(5);
	pair_hello(p, 1)->ack_epoch = htole32(puppet_link(p)->epoch - 1);
	look(p);
	CHECK_EQ(puppet_link(p)->state, IMB_LINK_HELLO);
	puppet_ack(p);
	look(p);
	CHECK_EQ(puppet_link(p)->state, IMB_LINK_UP);
	pair_destroy(p);
	tap_end("half an acknowledgement is none");
}

/* The last words of the dead, or noise, count for nothing. */
static void dead_hello_is_not_followed(void)
{
	struct pair *p = puppet_create();
	u32 i;

	for (i = 0; i < 5; i++)
		side_tick(p, 0);
	CHECK_EQ(puppet_link(p)->state, IMB_LINK_DOWN);
	look(p);
	CHECK_EQ(puppet_link(p)->state, IMB_LINK_HELLO);
	pair_destroy(p);
	tap_end("a hello without a heartbeat is not followed");
}

static void broken_peer_is_heard_less_and_less(void)
{
	static const u32 wait[] = { 100,  200,	400,   800,   1600,
				    3200, 6400, 10000, 10000, 10000 };
	struct pair *p = puppet_create();
	struct imb_link *link = puppet_link(p);
	u64 until;
	u32 i;

	for (i = 0; i < 10; i++) {
		look(p);
		puppet_ack(p);
		look(p);
		CHECK_EQ(link->state, IMB_LINK_UP);
		until = p->side[0].port.now_ms + wait[i];
		imb_link_input(link, IMB_IN_PEER_BROKEN);
		CHECK_EQ(link->hold_until_ms, until);
		p->side[0].port.now_ms = until - IMB_BEAT_MS - 1;
		look(p);
		CHECK_EQ(link->state, IMB_LINK_DOWN);
	}
	look(p);
	puppet_ack(p);
	look(p);
	CHECK_EQ(link->state, IMB_LINK_UP);
	p->side[0].port.now_ms += IMB_HOLD_MAX_MS + 1;
	until = p->side[0].port.now_ms + IMB_HOLD_MIN_MS;
	imb_link_input(link, IMB_IN_PEER_BROKEN);
	CHECK_EQ(link->hold_until_ms, until);
	imb_link_input(link, IMB_IN_PEER_GONE);
	CHECK_EQ(link->hold_ms, IMB_HOLD_MIN_MS);
	CHECK_EQ(link->hold_until_ms, 0);
	pair_destroy(p);
	tap_end("a broken peer is heard less and less often");
}

/* Two real ends: they find each other in any order of booting. */
static void any_boot_order(void)
{
	u32 late;
	struct pair *p;

	for (late = 0; late < 2; late++) {
		p = pair_empty();
		side_boot(p, !late, 1);
		while (p->side[!late].port.now_ms < 500)
			side_tick(p, !late);
		CHECK_EQ(p->side[!late].link.state, IMB_LINK_DOWN);
		side_boot(p, late, 7);
		p->side[late].port.now_ms = 500;
		pair_tick(p, 3);
		CHECK_EQ(p->side[0].link.state, IMB_LINK_UP);
		CHECK_EQ(p->side[1].link.state, IMB_LINK_UP);
		CHECK_EQ(p->side[!late].link.peer_boot, 7);
		pair_destroy(p);
	}
	tap_end("the ends find each other in any boot order");
}

/* The peer restarts: a fall, a new session, tags never used before. */
static void restart_is_a_new_session(void)
{
	struct pair *p = pair_up();
	u32 tag = p->side[0].link.rx_tag;
	u32 their_tag = p->side[1].link.rx_tag;
	u32 epoch = p->side[1].link.epoch;

	side_boot(p, 1, 2);
	CHECK(p->side[1].link.epoch != epoch);
	pair_tick(p, 4);
	CHECK_EQ(p->side[0].link.state, IMB_LINK_UP);
	CHECK_EQ(p->side[1].link.state, IMB_LINK_UP);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_LINK_DOWN, 0), 1);
	CHECK_EQ(side_count(&p->side[0], IMB_EVENT_LINK_UP, 0), 1);
	CHECK(p->side[0].link.rx_tag != tag);
	CHECK(p->side[1].link.rx_tag != their_tag);
	CHECK_EQ(p->side[0].link.peer_boot, 2);
	pair_destroy(p);
	tap_end("a restart is a new session");
}

/* Epochs and tags skip 0, which means none. */
static void epochs_wrap(void)
{
	struct pair *p = pair_create();

	pair_hello(p, 0)->epoch = htole32(0xffffffffu);
	pair_hello(p, 0)->rx_tag = htole32(0xffffffffu);
	side_boot(p, 0, 2);
	CHECK_EQ(p->side[0].link.epoch, 1);
	pair_tick(p, 3);
	CHECK_EQ(p->side[0].link.state, IMB_LINK_UP);
	CHECK_EQ(p->side[0].link.rx_tag, 1);
	pair_destroy(p);
	tap_end("epochs and tags skip 0");
}

static void stop_is_seen_at_once(void)
{
	struct pair *p = pair_up();
	u64 bells = p->side[0].port.bells;
	u64 beat = le64toh(pair_beat(p, 0)->count);

	imb_link_input(&p->side[0].link, IMB_IN_STOP);
	CHECK_EQ(p->side[0].port.bells, bells + 1);
	side_tick(p, 1);
	CHECK_EQ(p->side[1].link.state, IMB_LINK_DOWN);
	pair_tick(p, 5);
	CHECK_EQ(p->side[1].link.state, IMB_LINK_DOWN);
	CHECK_EQ(p->side[1].link.counts.silent, 0);
	CHECK_EQ(le64toh(pair_beat(p, 0)->count), beat);
	pair_destroy(p);
	tap_end("who stops is gone at once and does not beat");
}

/* A peer that does not run is given up, and taken back when it runs again. */
static void silent_peer_comes_back(void)
{
	struct pair *p = pair_up();
	u32 i;

	/* The first tick still hears the last beat. */
	for (i = 0; i <= IMB_SILENT_MS / IMB_BEAT_MS; i++) {
		side_tick(p, 0);
		CHECK_EQ(p->side[0].link.state, IMB_LINK_UP);
	}
	side_tick(p, 0);
	CHECK_EQ(p->side[0].link.state, IMB_LINK_DOWN);
	CHECK_EQ(p->side[0].link.counts.silent, 1);
	pair_tick(p, 4);
	CHECK_EQ(p->side[0].link.state, IMB_LINK_UP);
	CHECK_EQ(p->side[1].link.state, IMB_LINK_UP);
	CHECK_EQ(side_count(&p->side[1], IMB_EVENT_LINK_DOWN, 0), 1);
	pair_destroy(p);
	tap_end("a silent peer is given up and comes back");
}

/* Nobody adopts a new peer while a message of the old one is being read. */
static void reader_is_left_in_peace(void)
{
	struct pair *p = pair_up();
	struct imb_event event;
	u32 tag;

	imb_link_open(&p->side[0].link, 3, 0, 0);
	imb_link_open(&p->side[1].link, 3, 0, 0);
	pair_serve(p);
	CHECK_EQ(imb_link_send(&p->side[1].link, 3, "abc", 3), 0);
	do
		CHECK_EQ(imb_link_next(&p->side[0].link, &event), 1);
	while (event.type != IMB_EVENT_MESSAGE && !tap_broken);
	tag = p->side[0].link.rx_tag;
	side_boot(p, 1, 2);
	side_tick(p, 1);
	imb_link_tick(&p->side[0].link);
	CHECK_EQ(p->side[0].link.rx_tag, tag);
	CHECK(!memcmp(event.data, "abc", 3));
	imb_link_done(&p->side[0].link, &event);
	imb_link_tick(&p->side[0].link);
	CHECK(p->side[0].link.rx_tag != tag);
	pair_destroy(p);
	tap_end("no session begins while a message is being read");
}

/* Memory that does not keep what was written, of any of the words between. */
static void lost_words_end_the_session(void)
{
	static const char *const names[] = {
		"a lost slot ends the session, not the link",
		"a lost head ends the session, not the link",
		"a lost hello delays the session",
	};
	u32 lost, i;

	for (lost = 0; lost < 3; lost++) {
		struct pair *p = pair_up();
		struct imb_link *link = &p->side[0].link;

		imb_link_open(link, 3, 1, 0);
		imb_link_open(&p->side[1].link, 3, 1, 0);
		pair_serve(p);
		CHECK_EQ(imb_link_send(link, 3, "abc", 3), 0);
		if (lost == 0)
			memset(link->tx[1].slots +
				       (link->tx[1].pos - 1) * link->tx[1].size,
			       0xff, IMB_WIRE_LINE);
		else
			pair_serve(p);
		if (lost == 1)
			memset((void *)link->tx[1].theirs, 0xff, IMB_WIRE_LINE);
		if (lost == 2) {
			imb_link_input(&p->side[1].link, IMB_IN_PEER_BROKEN);
			pair_hello(p, 1)->guard |= htole32(1);
		}
		for (i = 0; i <= IMB_STUCK_MS / IMB_BEAT_MS + 4; i++)
			pair_tick(p, 1);
		CHECK_EQ(side_count(&p->side[1], IMB_EVENT_LINK_DOWN, 0), 1);
		CHECK_EQ(link->state, IMB_LINK_UP);
		CHECK_EQ(p->side[1].link.state, IMB_LINK_UP);
		CHECK_EQ(link->counts.broken, lost < 2);
		pair_destroy(p);
		tap_end(names[lost]);
	}
}

/* At every tick a message is being read: the peer is heard nevertheless. */
static void busy_reader_hears_the_peer(void)
{
	struct pair *p = pair_up();
	struct imb_link *link = &p->side[0].link;
	struct imb_event event;
	int ticks;

	imb_link_open(link, 3, 0, 0);
	imb_link_open(&p->side[1].link, 3, 0, 0);
	pair_serve(p);
	CHECK_EQ(imb_link_send(&p->side[1].link, 3, "abc", 3), 0);
	do
		CHECK_EQ(imb_link_next(link, &event), 1);
	while (event.type != IMB_EVENT_MESSAGE && !tap_broken);
	for (ticks = 0; ticks <= IMB_SILENT_MS / IMB_BEAT_MS + 4; ticks++) {
		p->side[0].port.now_ms += IMB_BEAT_MS;
		imb_link_tick(link);
		side_tick(p, 1);
	}
	CHECK_EQ(link->state, IMB_LINK_UP);
	CHECK_EQ(link->counts.silent, 0);
	imb_link_done(link, &event);
	pair_destroy(p);
	tap_end("a peer is heard while its messages are being read");
}

/* Lane 0 is never empty, so that nobody sleeps; of lane 1 one slot was read. */
static void busy_reader_gives_back(void)
{
	struct pair *p = pair_up();
	struct imb_link *from = &p->side[1].link, *to = &p->side[0].link;
	struct imb_event event;
	int ticks;

	imb_link_open(to, 3, 1, 0);
	imb_link_open(from, 3, 1, 0);
	imb_link_open(to, 4, 0, 0);
	imb_link_open(from, 4, 0, 0);
	pair_serve(p);
	CHECK_EQ(imb_link_send(from, 3, "abc", 3), 0);
	for (ticks = 0; ticks <= IMB_STUCK_MS / IMB_BEAT_MS + 4; ticks++) {
		do
			CHECK_EQ(imb_link_next(to, &event), 1);
		while (event.type != IMB_EVENT_MESSAGE && !tap_broken);
		if (!ticks)
			CHECK_EQ(imb_link_send(from, 4, "abc", 3), 0);
		CHECK_EQ(imb_link_send(from, 4, "abc", 3), 0);
		imb_link_done(to, &event);
		p->side[0].port.now_ms += IMB_BEAT_MS;
		imb_link_tick(to);
		side_tick(p, 1);
	}
	CHECK_EQ(from->state, IMB_LINK_UP);
	CHECK_EQ(from->counts.broken, 0);
	CHECK_EQ(imb_tx_left(&from->tx[1]), 0);
	pair_destroy(p);
	tap_end("a reader that never sleeps gives back what it has read");
}

/* However long this kernel had been alone: the peer has all its time. */
static void patience_begins_with_the_session(void)
{
	struct pair *p = pair_empty();
	struct imb_link *link = &p->side[0].link;

	p->side[0].port.now_ms = 3 * IMB_STUCK_MS;
	p->side[1].port.now_ms = 3 * IMB_STUCK_MS;
	side_boot(p, 0, 1);
	side_boot(p, 1, 1);
	imb_link_open(link, 3, 1, 0);
	/* A bell brings the answer, not a tick: messages go out at once. */
	side_tick(p, 0);
	side_tick(p, 1);
	side_serve(&p->side[0]);
	CHECK_EQ(link->state, IMB_LINK_UP);
	CHECK(imb_tx_left(&link->tx[1]) > 0);
	imb_link_tick(link);
	CHECK_EQ(link->state, IMB_LINK_UP);
	CHECK_EQ(link->counts.broken, 0);
	pair_destroy(p);
	tap_end("a new session is given time, however late it comes");
}

int main(void)
{
	tap_begin();
	every_row();
	undefined_pairs_stay();
	no_row_is_left();
	leaving_up_is_told();
	strange_hellos();
	half_an_acknowledgement();
	dead_hello_is_not_followed();
	broken_peer_is_heard_less_and_less();
	any_boot_order();
	restart_is_a_new_session();
	epochs_wrap();
	stop_is_seen_at_once();
	silent_peer_comes_back();
	reader_is_left_in_peace();
	lost_words_end_the_session();
	busy_reader_hears_the_peer();
	busy_reader_gives_back();
	patience_begins_with_the_session();
	return tap_done();
}
