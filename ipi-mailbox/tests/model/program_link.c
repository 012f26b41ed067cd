// SPDX-License-Identifier: GPL-2.0
/*
 * Two kernels that find each other over a link and talk over one channel. Each
 * message names the session it was sent in, as its sender sees it, so that the
 * receiver can tell a message of a dead session from one of its own.
 */
#include <stdio.h>
#include "channel.h"
#include "program.h"

#define SERVICE 3

/**
 * struct talker - one kernel
 * @link: its link
 * @up: told that the link is up
 * @open: told that the channel is
 * @silent: does not speak yet
 * @closed: has closed its end of the channel
 * @blocked: a send got -EAGAIN and WRITABLE is awaited
 * @sent: messages sent in this conversation
 * @got: messages received in it
 * @life: openings of this end
 * @reopen: how often it is still to be closed and opened again
 */
struct talker {
	struct imb_link link;
	bool up;
	bool open;
	bool silent;
	bool closed;
	bool blocked;
	u32 sent;
	u32 got;
	u32 life;
	u32 reopen;
};

static u32 rows_taken[IMB_LINK_STATES][IMB_LINK_INPUTS];

size_t link_size(void)
{
	return sizeof(struct talker);
}

void link_settle(u32 k, void *data)
{
	struct imb_link *link = &((struct talker *)data)->link;
	u32 i, j;

	(void)k;
	for (i = 0; i < IMB_LINK_STATES; i++)
		for (j = 0; j < IMB_LINK_INPUTS; j++)
			rows_taken[i][j] += link->rows[i][j];
	memset(link->rows, 0, sizeof(link->rows));
	memset(&link->counts, 0, sizeof(link->counts));
	for (i = 0; i < IMB_WIRE_LANES; i++) {
		memset(&link->tx[i].counts, 0, sizeof(link->tx[i].counts));
		memset(&link->rx[i].counts, 0, sizeof(link->rx[i].counts));
	}
}

void link_report(void)
{
	static const char *const inputs[] = {
#define EVENT(name, text) #name,
#include "link_states.def"
	};
	u32 i, j, n = 0;

	printf("# rows of the link table taken:");
	for (i = 0; i < IMB_LINK_STATES; i++)
		for (j = 0; j < IMB_LINK_INPUTS; j++)
			if (rows_taken[i][j])
				printf("%s%s+%s", n++ ? ", " : " ",
				       imb_link_state_name(i), inputs[j]);
	printf(" (%u)\n", n);
}

/* The last words of earlier incarnations, which have crashed. */
u32 link_left(u32 k, u32 word)
{
	const struct imb_wire_hello h = {
		.guard = cpu_to_le32(2),
		.magic = cpu_to_le32(IMB_WIRE_MAGIC),
		.major = cpu_to_le16(IMB_WIRE_MAJOR),
		.minor = cpu_to_le16(IMB_WIRE_MINOR),
		.kernel = cpu_to_le16((u16)k),
		.kernels = cpu_to_le16(2),
		.geometry = cpu_to_le32(imb_geometry_sum(&cfg->geometry)),
		.epoch = cpu_to_le32(4),
		.ack_epoch = cpu_to_le32(4),
		.rx_tag = cpu_to_le32(4),
		.state = cpu_to_le32(IMB_WIRE_OPEN),
	};
	u32 v;

	if (word >= LINE_WORDS)
		return word == LINE_WORDS; /* the beat */
	memcpy(&v, (const u8 *)&h + word * 4, sizeof(v));
	return le32_to_cpu(v);
}

static bool talks(void)
{
	return cfg->messages[0] + cfg->messages[1];
}

/*
 * The session in which a message was sent, by both ends' names for it: their
 * epochs, the sender's incarnation and both ends' openings of the channel. The
 * windows tell the latter: each opening has one of its own.
 */
static u32 stamp(u32 from, u32 to, u32 boot, u32 from_life, u32 to_life)
{
	return from << 24 | to << 16 | boot << 12 | from_life << 8 |
	       to_life << 4 | 1;
}

static u32 window(u32 life)
{
	return cfg->window ? cfg->window + life : 0;
}

static u32 peer_life(const struct imb_link *link)
{
	return link->channels[SERVICE].peer_window - cfg->window;
}

static u32 stamp_out(const struct talker *t)
{
	const struct imb_link *link = &t->link;

	return stamp(link->epoch, link->adopted, link->boot, t->life,
		     peer_life(link));
}

static u32 stamp_in(const struct talker *t)
{
	const struct imb_link *link = &t->link;

	return stamp(link->adopted, link->epoch, link->peer_boot,
		     peer_life(link), t->life);
}

static bool all_said(const struct imb_port *port, const struct talker *t)
{
	if (t->link.state == IMB_LINK_STOPPED)
		return true;
	if (cfg->stops[!port->id])
		return t->link.state == IMB_LINK_DOWN;
	return t->link.state == IMB_LINK_UP && (t->open || !talks()) &&
	       t->sent == cfg->messages[port->id] &&
	       t->got == cfg->messages[!port->id];
}

static void tell(struct imb_port *port, struct talker *t)
{
	struct facts *f = model_facts(port);

	f->alive = t->link.alive;
	f->up = t->link.state == IMB_LINK_UP;
	f->closed = t->closed;
	f->ready = f->up && (t->open || !talks());
	f->sent = t->sent;
	f->got = t->got;
	f->mine = f->up ? t->link.epoch : 0;
	f->theirs = f->up ? t->link.adopted : 0;
	f->done = all_said(port, t);
}

static void receive(struct imb_port *port, struct talker *t,
		    const struct imb_event *event)
{
	struct imb_link *link = &t->link;
	u32 want = stamp_in(t);
	u32 v[2];

	model_check(port, t->open && event->len >= sizeof(v));
	imb_port_copy_in(port, v, event->data, sizeof(v));
	if (event->buf >= 0)
		imb_link_return(link, event);
	imb_link_done(link, event);
	if (v[0] != want)
		model_fail(port, "message of another session: %x in %x", v[0],
			   want);
	if (v[1] != t->got + 1)
		model_fail(port, "message %u instead of %u", v[1], t->got + 1);
	t->got++;
	if (cfg->window)
		imb_link_consumed(link, SERVICE, event->tag, 1);
}

static void handle(struct imb_port *port, struct talker *t,
		   const struct imb_event *event)
{
	switch (event->type) {
	case IMB_EVENT_LINK_UP:
		model_check(port, !t->up && !t->open);
		t->up = true;
		break;
	case IMB_EVENT_LINK_DOWN:
		model_check(port, t->up && !t->open);
		t->up = false;
		break;
	case IMB_EVENT_CHANNEL_UP:
		model_check(port, t->up && !t->open);
		t->open = true;
		t->blocked = false;
		t->sent = 0;
		t->got = 0;
		break;
	case IMB_EVENT_CHANNEL_DOWN:
		model_check(port, t->open);
		t->open = false;
		break;
	case IMB_EVENT_MESSAGE:
		receive(port, t, event);
		break;
	case IMB_EVENT_WRITABLE:
		model_check(port, t->open);
		t->blocked = false;
		break;
	default:
		break;
	}
}

/* Return: whether anything was sent. */
static bool send_some(struct imb_port *port, struct talker *t)
{
	struct imb_link *link = &t->link;
	u32 v[MAX_PAYLOAD] = { stamp_out(t) };
	u32 before = t->sent;
	int ret;

	while (t->open && !t->blocked && !t->silent &&
	       t->sent < cfg->messages[port->id]) {
		v[1] = t->sent + 1;
		ret = imb_link_send(link, SERVICE, v, cfg->words * 4);
		if (ret == -ENOTCONN)
			break;
		model_check(port, !ret || ret == -EAGAIN);
		if (ret)
			t->blocked = true;
		else
			t->sent++;
	}
	imb_link_kick(link);
	return t->sent != before;
}

/* Close the channel, or open it again, or not yet. Return: whether it did. */
static bool reopen(struct imb_port *port, struct talker *t)
{
	if ((!t->closed && !t->reopen) || t->silent)
		return false;
	if (!model_choose(port, 2))
		return false;
	if (t->closed) {
		t->life++;
		model_check(port,
			    !imb_link_open(&t->link, SERVICE, IMB_LANE_BULK,
					   window(t->life)));
	} else {
		t->reopen--;
		imb_link_close(&t->link, SERVICE);
		t->open = false;
		t->sent = 0;
		t->got = 0;
	}
	t->closed = !t->closed;
	return true;
}

static void work(struct imb_port *port, struct talker *t)
{
	struct imb_event event;

	do {
		while (imb_link_next(&t->link, &event))
			handle(port, t, &event);
	} while (send_some(port, t) || reopen(port, t));
	model_check(port, !t->link.counts.illegal);
	model_check(port, !t->link.counts.broken);
	/* When room is looked for under load is a matter of taste. */
	t->link.turns = 1;
	tell(port, t);
	port->bells = 0;
}

static void woken(struct imb_port *port, struct talker *t, enum wake why)
{
	switch (why) {
	case WAKE_LATE:
		port->now_ms += IMB_SILENT_MS + 1;
		/* fall through */
	case WAKE_TICK:
		/* fall through */
	case WAKE_TICK_AGAIN:
		/* Nobody looks at more of it than whether it has changed. */
		if (t->link.state != IMB_LINK_STOPPED)
			t->link.beat = why == WAKE_TICK_AGAIN ?
					       t->link.beat - 1 :
					       t->link.beat & 1;
		imb_link_tick(&t->link);
		break;
	case WAKE_GONE:
		imb_link_input(&t->link, IMB_IN_PEER_GONE);
		break;
	case WAKE_GO:
		t->silent = false;
		break;
	case WAKE_STOP:
		imb_link_input(&t->link, IMB_IN_STOP);
		break;
	default:
		break;
	}
}

void link_talker(struct imb_port *port, void *data, u32 boot)
{
	struct talker *t = data;

	t->reopen = cfg->reopen[port->id];
	t->silent = cfg->settled && boot == 1;
	imb_link_init(&t->link, port, &cfg->geometry, model_window(), port->id,
		      !port->id, boot);
	if (talks())
		imb_link_open(&t->link, SERVICE, IMB_LANE_BULK, window(0));
	for (;;) {
		work(port, t);
		woken(port, t, model_sleep(port));
	}
}

/* In one session, nothing under way and nobody awake: all must be said. */
const char *link_stuck(const struct facts *f)
{
	if (!f[0].up || !f[1].up || f[0].mine != f[1].theirs ||
	    f[1].mine != f[0].theirs || f[0].closed || f[1].closed)
		return NULL;
	if (f[0].sent != f[1].got || f[1].sent != f[0].got)
		return "both are up and sleep, and a message lies undelivered";
	if ((!f[0].done || !f[1].done) && !cfg->stops[0] && !cfg->stops[1])
		return "both are up and sleep, and more is to be sent";
	return NULL;
}
