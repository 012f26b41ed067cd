// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The link's life: hello, heartbeat, sessions.
 *
 * A session is named by the pair of epochs. Each side picks its own epoch anew
 * whenever it resets, and adopts the other's: it then chooses a fresh tag for
 * what it will receive, prepares its consumer lines for it, and only then
 * publishes (ack_epoch, rx_tag) together. The producer stamps every slot with
 * that tag. So what was written for, or by, an earlier session never matches,
 * and nothing in shared memory ever has to be cleared.
 *
 * A peer's hello counts only while its beat moves: after power-on the window
 * holds noise, after a crash it holds the last words of the dead.
 */
#include "link.h"
#include "channel.h"

enum action { ACT_NONE, ACT_ADOPT, ACT_START, ACT_RESET, ACT_CLOSE };

struct row {
	bool defined;
	u8 next;
	u8 action;
};

static const struct row rows[IMB_LINK_STATES][IMB_LINK_INPUTS] = {
#define ROW(from, input, to, act) \
	[IMB_LINK_##from][IMB_IN_##input] = { true, IMB_LINK_##to, ACT_##act },
#include "link_states.def"
};

static const char *const state_names[IMB_LINK_STATES] = {
#define STATE(name, text) [IMB_LINK_##name] = #name,
#include "link_states.def"
};

const char *imb_link_state_name(unsigned int state)
{
	return state < IMB_LINK_STATES ? state_names[state] : "?";
}

/* The part of a hello that is written between the two states of its guard. */
#define HELLO_PLAIN offsetof(struct imb_wire_hello, magic)

/* Epochs and tags: 0 means none. */
static u32 next_nonzero(u32 v)
{
	return v + 1 ? v + 1 : 1;
}

static void __shm *out_at(const struct imb_link *link, u64 offset)
{
	return link->out + offset;
}

static const void __shm *in_at(const struct imb_link *link, u64 offset)
{
	return link->in + offset;
}

static struct imb_wire_hello __shm *our_hello(const struct imb_link *link)
{
	return out_at(link, imb_offset_hello(&link->geometry));
}

static const struct imb_wire_hello __shm *
their_hello(const struct imb_link *link)
{
	return in_at(link, imb_offset_hello(&link->geometry));
}

/* Say where we stand, as one snapshot guarded by an odd-even count. */
static void publish_hello(struct imb_link *link)
{
	struct imb_wire_hello __shm *to = our_hello(link);
	struct imb_wire_hello h = {
		.magic = cpu_to_le32(IMB_WIRE_MAGIC),
		.major = cpu_to_le16(IMB_WIRE_MAJOR),
		.minor = cpu_to_le16(IMB_WIRE_MINOR),
		.kernel = cpu_to_le16((u16)link->me),
		.kernels = cpu_to_le16((u16)link->geometry.kernels),
		.geometry = cpu_to_le32(imb_geometry_sum(&link->geometry)),
		.boot = cpu_to_le32(link->boot),
		.epoch = cpu_to_le32(link->epoch),
		.ack_epoch = cpu_to_le32(link->adopted),
		.rx_tag = cpu_to_le32(link->rx_tag),
		.state = cpu_to_le32(link->state == IMB_LINK_STOPPED ?
					     IMB_WIRE_CLOSED :
					     IMB_WIRE_OPEN),
	};

	imb_port_store32(link->port, &to->guard, link->guard + 1);
	imb_port_wmb(link->port);
	imb_port_copy_out(link->port, (u8 __shm *)to + HELLO_PLAIN,
			  (u8 *)&h + HELLO_PLAIN, sizeof(h) - HELLO_PLAIN);
	/* ORDER: pairs with imb_port_rmb() in read_hello() */
	imb_port_wmb(link->port);
	link->guard += 2;
	imb_port_store32(link->port, &to->guard, link->guard);
	imb_port_clean(link->port, to, sizeof(*to));
	link->hello_ms = imb_port_now_ms(link->port);
}

static void write_hello(struct imb_link *link)
{
	publish_hello(link);
	imb_port_bell(link->port);
}

/*
 * A consistent copy of the peer's hello, or false: look again later. The guard
 * never shows the same even value again, and what a cache holds never gets
 * older: one guard before and after means one hello in between.
 */
static bool read_hello(struct imb_link *link, struct imb_wire_hello *h)
{
	const struct imb_wire_hello __shm *from = their_hello(link);
	u32 guard;

	imb_port_inval(link->port, from, sizeof(*from));
	guard = imb_port_load32(link->port, &from->guard);
	/* ORDER: pairs with imb_port_wmb() in publish_hello() */
	imb_port_rmb(link->port);
	imb_port_copy_in(link->port, h, from, sizeof(*h));
	imb_port_rmb(link->port);
	return !(guard & 1) &&
	       imb_port_load32(link->port, &from->guard) == guard;
}

static enum imb_alien alien_reason(const struct imb_link *link,
				   const struct imb_wire_hello *h)
{
	if (le16_to_cpu(h->major) != IMB_WIRE_MAJOR)
		return IMB_ALIEN_VERSION;
	if (le16_to_cpu(h->kernel) != link->peer ||
	    le16_to_cpu(h->kernels) != link->geometry.kernels)
		return IMB_ALIEN_IDENTITY;
	if (le32_to_cpu(h->geometry) != imb_geometry_sum(&link->geometry))
		return IMB_ALIEN_LAYOUT;
	return IMB_ALIEN_NOT;
}

/* Take the peer's epoch and prepare to receive under a tag never used before. */
static void adopt(struct imb_link *link, const struct imb_wire_hello *h)
{
	u32 lane;

	link->adopted = le32_to_cpu(h->epoch);
	link->peer_boot = le32_to_cpu(h->boot);
	link->rx_tag = next_nonzero(link->rx_tag);
	for (lane = 0; lane < IMB_WIRE_LANES; lane++)
		imb_rx_start(&link->rx[lane], link->rx_tag);
	imb_pool_rx_start(&link->pool_rx, link->rx_tag);
}

static void start(struct imb_link *link, const struct imb_wire_hello *h)
{
	u32 lane;

	link->tx_tag = le32_to_cpu(h->rx_tag);
	link->up_ms = imb_port_now_ms(link->port);
	for (lane = 0; lane < IMB_WIRE_LANES; lane++) {
		imb_tx_start(&link->tx[lane], link->tx_tag);
		/* Nobody was to take anything while there was no session. */
		link->head[lane] = 0;
		link->head_ms[lane] = link->up_ms;
	}
	imb_pool_tx_start(&link->pool_tx, link->tx_tag);
	link->waiting = 0;
	link->pool_waiting = false;
	link->counts.ups++;
	imb_channels_start(link);
}

static void reset(struct imb_link *link)
{
	link->epoch = next_nonzero(link->epoch);
	link->adopted = 0;
	link->counts.resets++;
}

/*
 * A peer that breaks the rules is heard less and less often, until it has
 * behaved for a while.
 */
static void hold_off(struct imb_link *link)
{
	u64 now = imb_port_now_ms(link->port);

	if (now - link->up_ms > IMB_HOLD_MAX_MS)
		link->hold_ms = IMB_HOLD_MIN_MS;
	link->hold_until_ms = now + link->hold_ms;
	link->hold_ms *= 2;
	if (link->hold_ms > IMB_HOLD_MAX_MS)
		link->hold_ms = IMB_HOLD_MAX_MS;
}

static u64 read_beat(struct imb_link *link)
{
	const struct imb_wire_beat __shm *from =
		in_at(link, imb_offset_beat(&link->geometry));

	return imb_observe(link->port, &from->count);
}

/* What an input means whatever the state is. */
static void note_input(struct imb_link *link, enum imb_link_input input)
{
	switch (input) {
	case IMB_IN_PEER_BROKEN:
		link->counts.broken++;
		hold_off(link);
		break;
	case IMB_IN_PEER_SILENT:
		link->counts.silent++;
		link->alive = false;
		break;
	case IMB_IN_PEER_GONE:
	case IMB_IN_FENCE:
	case IMB_IN_UNFENCE:
		/* What has beaten since we last looked may be dead by now. */
		link->peer_beat = read_beat(link);
		link->alive = false;
		link->hold_ms = IMB_HOLD_MIN_MS;
		link->hold_until_ms = 0;
		break;
	default:
		break;
	}
}

/* One row of the table. @h is the hello that caused it, if one did. */
static void step(struct imb_link *link, enum imb_link_input input,
		 const struct imb_wire_hello *h)
{
	const struct row *row = &rows[link->state][input];
	u8 was = link->state;

	link->rows[link->state][input]++;
	if (!row->defined) {
		link->counts.illegal++;
		return;
	}
	link->state = row->next;
	note_input(link, input);
	if (was == IMB_LINK_UP && link->state != IMB_LINK_UP)
		link->fell = true;
	switch (row->action) {
	case ACT_NONE:
		return;
	case ACT_ADOPT:
		adopt(link, h);
		break;
	case ACT_START:
		start(link, h);
		return;
	case ACT_RESET:
	case ACT_CLOSE:
		reset(link);
		break;
	}
	write_hello(link);
}

static void beat(struct imb_link *link)
{
	struct imb_wire_beat __shm *to =
		out_at(link, imb_offset_beat(&link->geometry));

	imb_publish(link->port, &to->count, ++link->beat);
}

/* Has the peer's beat moved? A link that has been waiting is heard again. */
static void watch_beat(struct imb_link *link)
{
	u64 seen = read_beat(link);

	if (seen == link->peer_beat)
		return;
	link->peer_beat = seen;
	link->peer_beat_ms = imb_port_now_ms(link->port);
	link->alive = true;
}

/*
 * What the hello says, as an input; IMB_LINK_INPUTS if it says nothing new. The
 * peer's epoch 0 would mean "none", so no correct peer shows it.
 */
static enum imb_link_input classify(struct imb_link *link,
				    const struct imb_wire_hello *h)
{
	u32 epoch = le32_to_cpu(h->epoch);

	if (le32_to_cpu(h->magic) != IMB_WIRE_MAGIC)
		return IMB_LINK_INPUTS;
	link->alien = alien_reason(link, h);
	if (link->alien)
		return IMB_IN_PEER_ALIEN;
	if (le32_to_cpu(h->state) == IMB_WIRE_CLOSED)
		return IMB_IN_PEER_GONE;
	if (!epoch)
		return IMB_LINK_INPUTS;
	if (epoch != link->adopted || link->state == IMB_LINK_ALIEN)
		return IMB_IN_PEER_NEW;
	if (link->state == IMB_LINK_HELLO &&
	    le32_to_cpu(h->ack_epoch) == link->epoch && h->rx_tag)
		return IMB_IN_PEER_ACK;
	return IMB_LINK_INPUTS;
}

/*
 * Look at the peer's hello and follow it. Twice, because one hello may both be
 * new to us and acknowledge us. Not while the host reads a message: adopting a
 * restarted peer lets it write into that message's slot. Its beat is heard all
 * the same: who is kept busy reading may be so whenever a tick comes.
 */
static void look(struct imb_link *link)
{
	struct imb_wire_hello h;
	enum imb_link_input input;
	int i;

	if (link->state == IMB_LINK_FENCED || link->state == IMB_LINK_STOPPED)
		return;
	watch_beat(link);
	if (link->reading)
		return;
	if (!link->alive || imb_port_now_ms(link->port) < link->hold_until_ms ||
	    !read_hello(link, &h))
		return;
	for (i = 0; i < 2; i++) {
		input = classify(link, &h);
		if (input == IMB_LINK_INPUTS)
			return;
		step(link, input, &h);
	}
}

/*
 * A consumer takes what there is, and gives it back at each beat. If it
 * lives and does not, then something of ours or of its has been lost on the way,
 * which neither side writes again: memory that does not keep what was written.
 */
static bool stuck(struct imb_link *link)
{
	u64 now = imb_port_now_ms(link->port);
	u32 i;
	int left;

	for (i = 0; i < IMB_WIRE_LANES; i++) {
		struct imb_tx *tx = &link->tx[i];

		left = imb_tx_left(tx);
		if (left < 0)
			return true;
		if (!left || tx->head != link->head[i]) {
			link->head[i] = tx->head;
			link->head_ms[i] = now;
		} else if (now - link->head_ms[i] > link->stuck_ms) {
			return true;
		}
	}
	return false;
}

/*
 * A lane that is never empty keeps us awake, so that the few slots read of the
 * other one would never be given back.
 */
static void give_back(struct imb_link *link)
{
	u32 lane;

	for (lane = 0; lane < IMB_WIRE_LANES; lane++)
		imb_rx_give_back(&link->rx[lane]);
}

/* Memory may have lost it, or the peer may have read it while it was damaged. */
static void repeat_hello(struct imb_link *link)
{
	u64 age = imb_port_now_ms(link->port) - link->hello_ms;

	if (age > IMB_REPEAT_MS &&
	    (link->state == IMB_LINK_DOWN || link->state == IMB_LINK_HELLO))
		publish_hello(link);
}

void imb_link_tick(struct imb_link *link)
{
	if (link->state == IMB_LINK_STOPPED)
		return;
	beat(link);
	repeat_hello(link);
	look(link);
	if (link->state == IMB_LINK_UP) {
		give_back(link);
		if (stuck(link))
			step(link, IMB_IN_PEER_BROKEN, NULL);
	}
	if (link->alive && link->state != IMB_LINK_FENCED &&
	    imb_port_now_ms(link->port) - link->peer_beat_ms > link->silent_ms)
		step(link, IMB_IN_PEER_SILENT, NULL);
}

void imb_link_input(struct imb_link *link, enum imb_link_input input)
{
	step(link, input, NULL);
}

/* LINK_DOWN comes after the channels' CHANNEL_DOWN, LINK_UP before their UP. */
static bool link_news(struct imb_link *link, struct imb_event *event)
{
	if (link->told_up && link->fell) {
		if (imb_channel_fallen(link, event))
			return true;
		link->told_up = false;
		link->fell = false;
		event->type = IMB_EVENT_LINK_DOWN;
		return true;
	}
	link->fell = false;
	if (!link->told_up && link->state == IMB_LINK_UP) {
		link->told_up = true;
		event->type = IMB_EVENT_LINK_UP;
		return true;
	}
	return false;
}

/* Arm every lane; false if something has come meanwhile. */
static bool arm(struct imb_link *link)
{
	bool idle = true;
	u32 lane;

	for (lane = 0; lane < IMB_WIRE_LANES; lane++)
		if (!imb_rx_arm(&link->rx[lane]))
			idle = false;
	return idle;
}

int imb_link_next(struct imb_link *link, struct imb_event *event)
{
	int ret;

	*event = (struct imb_event){ .buf = -1 };
	if (link->state != IMB_LINK_UP)
		look(link);
	for (;;) {
		if (link_news(link, event))
			return 1;
		if (link->state != IMB_LINK_UP)
			return 0;
		ret = imb_channel_next(link, event);
		if (ret > 0)
			return 1;
		if (ret < 0)
			imb_link_input(link, IMB_IN_PEER_BROKEN);
		else if (arm(link))
			return 0;
	}
}

static void init_lane(struct imb_link *link, u32 lane)
{
	const struct imb_geometry *g = &link->geometry;
	u32 producer = imb_offset_producer(g, lane);
	u32 consumer = imb_offset_consumer(g, lane);
	struct imb_tx *tx = &link->tx[lane];
	struct imb_rx *rx = &link->rx[lane];

	tx->port = link->port;
	rx->port = link->port;
	tx->count = g->lane[lane].slots;
	rx->count = g->lane[lane].slots;
	tx->size = g->lane[lane].slot_size;
	rx->size = g->lane[lane].slot_size;
	tx->slots = out_at(link, imb_offset_slots(g, lane));
	rx->slots = in_at(link, imb_offset_slots(g, lane));
	tx->mine = out_at(link, producer);
	rx->theirs = in_at(link, producer);
	rx->mine = out_at(link, consumer);
	tx->theirs = in_at(link, consumer);
}

static void init_pool(struct imb_link *link)
{
	const struct imb_geometry *g = &link->geometry;
	struct imb_pool_tx *tx = &link->pool_tx;
	struct imb_pool_rx *rx = &link->pool_rx;

	tx->port = link->port;
	rx->port = link->port;
	tx->count = g->bufs;
	rx->count = g->bufs;
	tx->size = g->buf_size;
	rx->size = g->buf_size;
	tx->bufs = out_at(link, imb_offset_pool(g));
	rx->bufs = in_at(link, imb_offset_pool(g));
	rx->returns = out_at(link, imb_offset_returns(g));
	tx->returns = in_at(link, imb_offset_returns(g));
	tx->mine = out_at(link, imb_offset_want(g));
	rx->theirs = in_at(link, imb_offset_want(g));
}

/*
 * Our own lines may hold what our last incarnation wrote: go on counting from
 * there, so that no epoch or tag comes twice.
 */
static void inherit(struct imb_link *link)
{
	struct imb_wire_hello __shm *mine = our_hello(link);

	link->guard = (imb_port_load32(link->port, &mine->guard) + 1) & ~1u;
	link->epoch = next_nonzero(imb_port_load32(link->port, &mine->epoch));
	link->rx_tag = imb_port_load32(link->port, &mine->rx_tag);
}

void imb_link_init(struct imb_link *link, struct imb_port *port,
		   const struct imb_geometry *g, u8 __shm *window, u32 me,
		   u32 peer, u32 boot)
{
	u32 lane;

	link->port = port;
	link->geometry = *g;
	link->out = window + imb_section_offset(g, me, peer);
	link->in = window + imb_section_offset(g, peer, me);
	link->me = me;
	link->peer = peer;
	link->boot = boot;
	link->silent_ms = IMB_SILENT_MS;
	link->stuck_ms = IMB_STUCK_MS;
	link->hold_ms = IMB_HOLD_MIN_MS;
	link->state = IMB_LINK_DOWN;
	for (lane = 0; lane < IMB_WIRE_LANES; lane++)
		init_lane(link, lane);
	init_pool(link);
	inherit(link);
	link->peer_beat = read_beat(link);
	beat(link);
	write_hello(link);
}
