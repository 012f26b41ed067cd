// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer plays a hostile peer: the input is a list of steps, each of which
 * overwrites something in the peer's section, moves the clock, or makes this
 * kernel do something with its link. Whatever the peer writes, the core must
 * not leave its memory, not work without bound, not write into the peer's section
 * and not leave its tables.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "link.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define SERVICES 3
#define HELD	 4
/* More than any one call can be made to do; see imb_link_next(). */
#define MAX_BELLS  32
#define MAX_EVENTS 4096

static const struct imb_geometry geometry = {
	.kernels = 2,
	.line = 64,
	.lane = { { 4, 64 }, { 4, 128 } },
	.bufs = 2,
	.buf_size = 4096,
};

/**
 * struct input - what the fuzzer has chosen, read from its start
 * @at: the next byte
 * @left: how many there are
 */
struct input {
	const u8 *at;
	size_t left;
};

static struct imb_link self;
static struct imb_port port;
static u8 *window; /* as the core sees it: the peer's section read-only */
static u8 *ours;
static u8 *theirs; /* as the peer sees it */
static u32 stored;
static u32 stored_tag;
static struct imb_event held[HELD];
static u32 n_held;
static int filling;
static bool up[SERVICES];

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "hostile: %s\n", what);
	abort();
}

static u32 take(struct input *in, u32 bytes)
{
	u32 v = 0;

	while (bytes--) {
		v = v << 8 | (in->left ? *in->at : 0);
		if (in->left) {
			in->at++;
			in->left--;
		}
	}
	return v;
}

/* A message's bytes must lie in the peer's section, where all may be read. */
static void read_all(const struct imb_event *event)
{
	volatile u8 sum = 0;
	u32 i;

	check(event->len <= imb_link_max_message(&self), "message too long");
	check(event->data >= self.in &&
		      event->data + event->len <=
			      self.in + imb_section_size(&geometry),
	      "message outside of the peer's section");
	for (i = 0; i < event->len; i++)
		sum = (u8)(sum + event->data[i]);
}

static void message(const struct imb_event *event, bool keep)
{
	check(event->service < SERVICES && up[event->service],
	      "message on a channel that is not up");
	read_all(event);
	if (event->service == 1) {
		stored = event->tag == stored_tag ? stored + 1 : 1;
		stored_tag = event->tag;
		check(stored <= 3, "more messages than the window");
	}
	if (event->buf >= 0 && keep && n_held < HELD)
		held[n_held++] = *event;
	else if (event->buf >= 0)
		imb_link_return(&self, event);
	imb_link_done(&self, event);
}

/* Events come in an order that a host can rely on. */
static void handle(const struct imb_event *event, bool keep)
{
	switch (event->type) {
	case IMB_EVENT_CHANNEL_UP:
		check(event->service < SERVICES && !up[event->service],
		      "CHANNEL_UP twice");
		up[event->service] = true;
		break;
	case IMB_EVENT_CHANNEL_DOWN:
		check(event->service < SERVICES && up[event->service],
		      "CHANNEL_DOWN without UP");
		up[event->service] = false;
		break;
	case IMB_EVENT_MESSAGE:
		message(event, keep);
		break;
	default:
		check(event->type <= IMB_EVENT_WRITABLE, "no such event");
		break;
	}
}

/* A flood is the host's to bound: each call does one slot's work at most. */
static bool serve(u32 budget, bool keep)
{
	struct imb_event event;

	while (budget--) {
		if (!imb_link_next(&self, &event))
			return true;
		handle(&event, keep);
	}
	return false;
}

/* What the core keeps about itself, in memory the peer cannot write. */
static void check_state(void)
{
	u32 i;

	check(self.state < IMB_LINK_STATES, "state outside of the table");
	check(!self.counts.illegal, "input without a row");
	for (i = 0; i < IMB_WIRE_LANES; i++) {
		check(self.tx[i].pos - self.tx[i].head <= self.tx[i].count,
		      "more sent than the ring holds");
		check(self.rx[i].pos - self.rx[i].head <= self.rx[i].count,
		      "more read than the ring holds");
	}
	for (i = 0; i < SERVICES; i++) {
		check(!self.channels[i].peer_window ||
			      self.channels[i].credit <=
				      self.channels[i].peer_window,
		      "more credit than window");
		check(!self.channels[i].window ||
			      self.channels[i].rx_left <=
				      self.channels[i].window,
		      "more room than window");
	}
}

static void step(u64 *bells)
{
	check(port.bells - *bells <= MAX_BELLS, "bells without end");
	*bells = port.bells;
	check_state();
}

/* Somewhere interesting in the peer's section. */
static u32 target(struct input *in)
{
	u32 where = take(in, 1);
	u32 n = take(in, 1);

	switch (where % 6) {
	case 0:
		return imb_offset_hello(&geometry) + n % 64;
	case 1:
		return imb_offset_producer(&geometry, 0) + n % 256;
	case 2:
		return (u32)imb_offset_slots(&geometry, 0) + n % 4 * 64 +
		       where / 6 % 32;
	case 3:
		return (u32)imb_offset_slots(&geometry, 1) + n % 4 * 128 +
		       where / 6 % 40;
	case 4:
		return imb_offset_want(&geometry) + n % 128;
	default:
		return (where << 8 | n) % IMB_WIRE_CONTROL_SIZE;
	}
}

/* Overwrite any bytes at all. */
static void scribble(struct input *in)
{
	u32 at = target(in);
	u32 n = 1 + take(in, 1) % 8;

	while (n--)
		theirs[at++] = (u8)take(in, 1);
}

static void beat(void)
{
	theirs[imb_offset_beat(&geometry)]++;
}

/* A hello that makes sense, but for what the input wants otherwise. */
static void greet(struct input *in)
{
	struct imb_wire_hello *h = (struct imb_wire_hello *)theirs;

	*h = (struct imb_wire_hello){
		.magic = htole32(IMB_WIRE_MAGIC),
		.major = htole16(IMB_WIRE_MAJOR),
		.kernel = htole16(1),
		.kernels = htole16(2),
		.geometry = htole32(imb_geometry_sum(&geometry)),
		.epoch = htole32(1 + take(in, 1) % 4),
		.ack_epoch = htole32(self.epoch),
		.rx_tag = htole32(1 + take(in, 1) % 4),
		.state = htole32(IMB_WIRE_OPEN),
	};
	beat();
}

/* A slot that is published right; what it holds is the input's. */
static void publish(struct input *in)
{
	u32 lane = take(in, 1) % 2;
	struct imb_rx *rx = &self.rx[lane];
	struct imb_wire_slot *slot =
		(struct imb_wire_slot *)(theirs +
					 imb_offset_slots(&geometry, lane) +
					 rx->pos % rx->count * rx->size);
	u8 *payload = (u8 *)(slot + 1);
	u32 i;

	slot->flags = htole16((u16)(take(in, 1) % 4));
	slot->service = htole16((u16)take(in, 1));
	slot->len = htole32(take(in, 1));
	for (i = 0; i < 16; i += 4)
		payload[i] = (u8)take(in, 1);
	slot->seq = htole64(IMB_WIRE_WORD(rx->tag, rx->pos));
}

/* All that was sent has been read, or more. */
static void give_back(struct input *in)
{
	u32 lane = take(in, 1) % 2;
	u32 ahead = take(in, 1) % 4 ? 0 : take(in, 1);
	struct imb_wire_consumer *c =
		(struct imb_wire_consumer *)(theirs + imb_offset_consumer(
							      &geometry, lane));

	c->head = htole64(
		IMB_WIRE_WORD(self.tx[lane].tag, self.tx[lane].pos + ahead));
	c->wake = c->head;
}

static void return_buffers(struct input *in)
{
	__le64 *returns = (__le64 *)(theirs + imb_offset_returns(&geometry));
	u32 i;

	for (i = 0; i < geometry.bufs; i++)
		returns[i] = htole64(
			IMB_WIRE_WORD(self.pool_tx.tag,
				      self.pool_tx.gen[i] + take(in, 1) % 2));
}

static void channel(struct input *in)
{
	u32 s = take(in, 1) % SERVICES;

	if (!self.channels[s].open) {
		if (s == 1)
			stored = 0;
		imb_link_open(&self, (u16)s, s ? 1 : 0, s == 1 ? 3 : 0);
		return;
	}
	imb_link_close(&self, (u16)s);
	up[s] = false;
}

static void send(struct input *in)
{
	static const u8 bytes[4096];
	u32 s = take(in, 1) % SERVICES;

	imb_link_send(&self, (u16)s, bytes, take(in, 2) % 4097);
	imb_link_kick(&self);
}

static void send_buffer(struct input *in)
{
	u32 s = take(in, 1) % SERVICES;

	if (filling < 0) {
		filling = imb_link_buf_get(&self, (u16)s);
		return;
	}
	memset(imb_pool_data(&self.pool_tx, (u32)filling), 0x55, 4096);
	if (imb_link_send_buf(&self, (u16)s, (u32)filling, 100))
		imb_link_buf_put(&self, (u32)filling);
	filling = -1;
}

static void let_go(struct input *in)
{
	if (stored && take(in, 1) % 2) {
		imb_link_consumed(&self, 1, stored_tag, stored);
		stored = 0;
	}
	if (!n_held)
		return;
	read_all(&held[n_held - 1]);
	imb_link_return(&self, &held[--n_held]);
}

static void tick(struct input *in)
{
	port.now_ms += take(in, 1) * 50;
	imb_link_tick(&self);
}

/* What the host itself may ask for; leaving for good would be the end. */
static void order(struct input *in)
{
	static const u8 inputs[] = { IMB_IN_PEER_GONE, IMB_IN_FENCE,
				     IMB_IN_UNFENCE };

	imb_link_input(&self, inputs[take(in, 1) % 3]);
}

static void play(struct input *in)
{
	switch (take(in, 1) % 14) {
	case 0:
		scribble(in);
		break;
	case 1:
		greet(in);
		break;
	case 2:
	case 3:
		publish(in);
		break;
	case 4:
		give_back(in);
		break;
	case 5:
		return_buffers(in);
		break;
	case 6:
		channel(in);
		break;
	case 7:
		send(in);
		break;
	case 8:
		send_buffer(in);
		break;
	case 9:
		let_go(in);
		break;
	case 10:
		tick(in);
		break;
	case 11:
		order(in);
		break;
	case 12:
		beat();
		break;
	default:
		serve(take(in, 1) % 16, take(in, 1) % 2);
		break;
	}
}

static void *map(void *at, size_t n, int prot, int flags, int fd)
{
	void *p = mmap(at, n, prot, flags, fd, 0);

	if (p == MAP_FAILED) {
		perror("hostile: mmap");
		exit(2);
	}
	return p;
}

/* The window twice, between pages that nobody may touch. */
static void map_window(u64 size)
{
	int fd = memfd_create("window", 0);
	u8 *around = map(NULL, size + 8192, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (fd < 0 || ftruncate(fd, (off_t)size)) {
		perror("hostile: memfd");
		exit(2);
	}
	window = map(around + 4096, size, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, fd);
	theirs = (u8 *)map(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd) +
		 imb_section_offset(&geometry, 1, 0);
	ours = window + imb_section_offset(&geometry, 0, 1);
	if (mprotect(window + imb_section_offset(&geometry, 1, 0),
		     imb_section_size(&geometry), PROT_READ)) {
		perror("hostile: mprotect");
		exit(2);
	}
}

static void begin(void)
{
	if (!window)
		map_window(2 * imb_section_size(&geometry));
	memset(ours, 0, imb_section_size(&geometry));
	memset(theirs, 0, imb_section_size(&geometry));
	memset(&self, 0, sizeof(self));
	memset(&port, 0, sizeof(port));
	memset(up, 0, sizeof(up));
	n_held = 0;
	stored = 0;
	filling = -1;
	imb_link_init(&self, &port, &geometry, window, 0, 1, 1);
}

/* Nobody but us writes our hello: it must read as we last meant it. */
static void check_hello(void)
{
	const struct imb_wire_hello *h = (const struct imb_wire_hello *)ours;

	check(le32toh(h->guard) == self.guard && !(self.guard & 1) &&
		      le32toh(h->epoch) == self.epoch &&
		      le32toh(h->ack_epoch) == self.adopted &&
		      le32toh(h->rx_tag) == self.rx_tag,
	      "our hello is not what we mean");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u64 bells = 0;

	begin();
	while (in.left) {
		play(&in);
		step(&bells);
	}
	check_hello();
	check(serve(MAX_EVENTS, false), "work without end");
	return 0;
}
