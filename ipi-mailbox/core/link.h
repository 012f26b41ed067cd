/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A link: everything between this kernel and one peer. It finds the peer, agrees
 * on a session, carries the channels' messages over the lanes, and comes back
 * by itself after either side has crashed, hung or misbehaved.
 *
 * The core calls nobody: imb_link_next() hands out one event after the other.
 *
 * Locking: none here. The host lets one context at a time call into a link; an
 * event's payload may be read without that, between imb_link_next() and
 * imb_link_done(): there is one such reader at a time, and nobody calls
 * imb_link_next() meanwhile. A by-reference payload stays readable until it is
 * returned or the link falls.
 */
#ifndef IMB_LINK_H
#define IMB_LINK_H

#include "geometry.h"
#include "pool.h"
#include "ring.h"

/* A host calls imb_link_tick() this often. */
#define IMB_BEAT_MS 50
/* A peer whose beat has stood still for this long is taken for dead. */
#define IMB_SILENT_MS 5000
/* Where there is no session hello is said again after this time. */
#define IMB_REPEAT_MS 500
/* A peer that lives and has not taken a message for so long has broken down. */
#define IMB_STUCK_MS 10000
/* A peer that broke the protocol is not heard for this long, then doubling. */
#define IMB_HOLD_MIN_MS 100
#define IMB_HOLD_MAX_MS 10000

#define IMB_LANE_URGENT 0
#define IMB_LANE_BULK	1

enum imb_link_state {
#define STATE(name, text) IMB_LINK_##name,
#include "link_states.def"
	IMB_LINK_STATES
};

enum imb_link_input {
#define EVENT(name, text) IMB_IN_##name,
#include "link_states.def"
	IMB_LINK_INPUTS
};

/* Why a peer is alien. */
enum imb_alien {
	IMB_ALIEN_NOT = 0,
	IMB_ALIEN_VERSION,
	IMB_ALIEN_LAYOUT,
	IMB_ALIEN_IDENTITY,
};

enum imb_event_type {
	IMB_EVENT_NOTHING = 0, /* work was done: count it, call again */
	IMB_EVENT_LINK_UP,
	IMB_EVENT_LINK_DOWN,
	IMB_EVENT_CHANNEL_UP, /* both ends have it open */
	IMB_EVENT_CHANNEL_DOWN,
	IMB_EVENT_MESSAGE,
	IMB_EVENT_WRITABLE, /* a send that got -EAGAIN may be tried again */
};

/**
 * struct imb_event - something the host has to hear of
 * @type: enum imb_event_type
 * @service: the channel, except for LINK_UP and LINK_DOWN
 * @lane: MESSAGE: lane it came by
 * @data: MESSAGE: its bytes; the peer can change them until imb_link_done()
 *	and, being another kernel, after: copy, then check, then use
 * @len: MESSAGE: how many, at most imb_link_max_message()
 * @tag: MESSAGE: session it belongs to
 * @buf: MESSAGE: pool buffer it lies in, or -1
 * @gen: MESSAGE: use of that buffer
 */
struct imb_event {
	u8 type;
	u8 lane;
	u16 service;
	u32 len;
	const u8 __shm *data;
	u32 tag;
	int buf;
	u32 gen;
};

/**
 * struct imb_channel_state - one service on one link
 * @open: opened here
 * @peer_open: opened there
 * @told: the host has been told CHANNEL_UP
 * @draining: closed here, the peer's answer is awaited: what comes is dropped
 * @blocked: a send failed; WRITABLE is owed
 * @lane: lane that carries it
 * @todo: control messages to be sent, one bit for each IMB_WIRE_OP_*
 * @window: messages buffered here for the reader, 0: no limit
 * @rx_left: messages the peer may still send
 * @owed: messages consumed and not yet credited to the peer
 * @peer_window: messages buffered there, 0: no limit
 * @credit: messages that may still be sent
 */
struct imb_channel_state {
	bool open;
	bool peer_open;
	bool told;
	bool draining;
	bool blocked;
	u8 lane;
	u8 todo;
	u32 window;
	u32 rx_left;
	u32 owed;
	u32 peer_window;
	u32 credit;
};

/**
 * struct imb_link_counts - what a link has been through
 * @ups: sessions begun
 * @resets: sessions ended from here
 * @silent: peers given up because the heartbeat stood still
 * @broken: peers given up because they broke the protocol
 * @dropped: messages for a channel that is not open here
 * @illegal: inputs without a row in the state table
 */
struct imb_link_counts {
	u64 ups;
	u64 resets;
	u64 silent;
	u64 broken;
	u64 dropped;
	u64 illegal;
};

/**
 * struct imb_link - one link; private to this kernel
 * @port: the host
 * @geometry: shape of the window
 * @out: this kernel's section towards the peer
 * @in: the peer's section towards this kernel
 * @me: this kernel's id
 * @peer: the peer's id
 * @boot: this kernel's incarnation
 * @peer_boot: the peer's, as of the last session
 * @state: enum imb_link_state
 * @alien: why the peer is alien, enum imb_alien
 * @told_up: the host has been told LINK_UP
 * @fell: the link has left UP since
 * @alive: the peer's beat has moved since it was last given up
 * @reading: the host has a MESSAGE and has not said imb_link_done()
 * @guard: guard of our hello line
 * @epoch: our session
 * @adopted: the peer's epoch that we have acknowledged
 * @rx_tag: stamp the peer uses
 * @tx_tag: stamp we use
 * @beat: our beat
 * @peer_beat: the peer's, as last seen
 * @peer_beat_ms: when it was last seen to move
 * @silent_ms: patience with a still beat
 * @hello_ms: when hello was last said
 * @stuck_ms: patience with a peer that takes no messages
 * @head: per lane: how far the peer had given back when it was seen to
 * @head_ms: per lane: when that was
 * @hold_ms: how long a broken peer is not heard
 * @hold_until_ms: until when this one is not
 * @up_ms: when the last session began
 * @waiting: lanes on which a send found no slot, one bit each
 * @pool_waiting: a send found no buffer
 * @turns: calls of imb_link_next(), to look for room now and then
 * @news: channels that the host may have to be told of, one bit each
 * @tx: producers, one for each lane
 * @rx: consumers
 * @pool_tx: our buffers
 * @pool_rx: the peer's
 * @channels: by service
 * @counts: statistics
 * @rows: how often each row of the state table was taken
 */
struct imb_link {
	struct imb_port *port;
	struct imb_geometry geometry;
	u8 __shm *out;
	const u8 __shm *in;
	u32 me;
	u32 peer;
	u32 boot;
	u32 peer_boot;
	u8 state;
	u8 alien;
	bool told_up;
	bool fell;
	bool alive;
	bool reading;
	u32 guard;
	u32 epoch;
	u32 adopted;
	u32 rx_tag;
	u32 tx_tag;
	u64 beat;
	u64 peer_beat;
	u64 peer_beat_ms;
	u32 silent_ms;
	u64 hello_ms;
	u32 stuck_ms;
	u32 head[IMB_WIRE_LANES];
	u64 head_ms[IMB_WIRE_LANES];
	u32 hold_ms;
	u64 hold_until_ms;
	u64 up_ms;
	u32 waiting;
	bool pool_waiting;
	u32 turns;
	u64 news;
	struct imb_tx tx[IMB_WIRE_LANES];
	struct imb_rx rx[IMB_WIRE_LANES];
	struct imb_pool_tx pool_tx;
	struct imb_pool_rx pool_rx;
	struct imb_channel_state channels[IMB_WIRE_SERVICES];
	struct imb_link_counts counts;
	u32 rows[IMB_LINK_STATES][IMB_LINK_INPUTS];
};

/**
 * imb_link_init() - prepare a link and show ourselves to the peer
 * @link: zeroed memory
 * @port: the host
 * @g: shape of the window, checked
 * @window: the window
 * @me: this kernel's id
 * @peer: the other's
 * @boot: this kernel's incarnation
 */
void imb_link_init(struct imb_link *link, struct imb_port *port,
		   const struct imb_geometry *g, u8 __shm *window, u32 me,
		   u32 peer, u32 boot);

/**
 * imb_link_tick() - beat, and look after the peer
 * @link: link
 *
 * Every IMB_BEAT_MS; recovers from lost bells. Call imb_link_next() after it.
 */
void imb_link_tick(struct imb_link *link);

/**
 * imb_link_next() - the next thing the host has to hear of
 * @link: link
 * @event: filled in
 *
 * To be called after a bell and after a tick until it returns 0: only then will
 * the peer ring again. A MESSAGE is to be followed by imb_link_done().
 *
 * Return: 1 with an event, 0 if there is nothing.
 */
int imb_link_next(struct imb_link *link, struct imb_event *event);

/**
 * imb_link_done() - a message's bytes have been read
 * @link: link
 * @event: from imb_link_next()
 *
 * Of a by-reference message only the slot is given back unless @event->buf is
 * returned too: see imb_link_return().
 */
void imb_link_done(struct imb_link *link, const struct imb_event *event);

/**
 * imb_link_return() - give the buffer of a by-reference message back
 * @link: link
 * @event: a MESSAGE with buf >= 0, any time after it was handed out
 */
void imb_link_return(struct imb_link *link, const struct imb_event *event);

/**
 * imb_link_input() - tell the link what it cannot see
 * @link: link
 * @input: IMB_IN_PEER_GONE, IMB_IN_FENCE, IMB_IN_UNFENCE or IMB_IN_STOP
 */
void imb_link_input(struct imb_link *link, enum imb_link_input input);

/**
 * imb_link_open() - open a channel
 * @link: link
 * @service: below IMB_WIRE_SERVICES
 * @lane: IMB_LANE_*; both ends name the same
 * @window: messages this end can buffer, 0 if it takes each at once
 *
 * Call imb_link_next() after it, to have the peer told.
 *
 * Return: 0; -EINVAL; -EBUSY if it is open, or is still being closed on another
 * lane.
 */
int imb_link_open(struct imb_link *link, u16 service, u8 lane, u32 window);

/**
 * imb_link_close() - close a channel; what the peer still sends is dropped
 * @link: link
 * @service: an open one
 *
 * Call imb_link_next() after it, to have the peer told.
 */
void imb_link_close(struct imb_link *link, u16 service);

/**
 * imb_link_consumed() - buffered messages have been read
 * @link: link
 * @service: a channel with a window
 * @tag: of the events they came by; those of an older session are not counted
 * @n: how many; none from before the channel was last opened
 *
 * Call imb_link_next() after it, to have the peer told.
 */
void imb_link_consumed(struct imb_link *link, u16 service, u32 tag, u32 n);

/**
 * imb_link_buf_put() - give back a buffer that was not sent
 * @link: link
 * @buf: from imb_link_buf_get(), of any session
 *
 * Call imb_link_next() after it: somebody may be waiting for a buffer.
 */
void imb_link_buf_put(struct imb_link *link, u32 buf);

/**
 * imb_link_send() - copy a message into the ring or, if large, into a buffer
 * @link: link
 * @service: an open channel
 * @data: the message
 * @len: its length, at most imb_link_max_message()
 *
 * The peer is not rung before imb_link_kick().
 *
 * Return: 0; -EMSGSIZE; -ENOTCONN if the link or the peer's end is not up;
 * -EAGAIN if there is no room: IMB_EVENT_WRITABLE follows.
 */
int imb_link_send(struct imb_link *link, u16 service, const void *data,
		  u32 len);

/**
 * imb_link_buf_get() - take a buffer to build a message in
 * @link: link
 * @service: channel that it is for
 *
 * Return: its number; -ENOTCONN; -EAGAIN: IMB_EVENT_WRITABLE follows.
 */
int imb_link_buf_get(struct imb_link *link, u16 service);

/**
 * imb_link_send_buf() - send a buffer by reference
 * @link: link
 * @service: an open channel
 * @buf: from imb_link_buf_get() of the same session; stays the caller's unless 0
 *	is returned
 * @len: bytes written, at most the buffer's size
 *
 * Return: as imb_link_send().
 */
int imb_link_send_buf(struct imb_link *link, u16 service, u32 buf, u32 len);

/**
 * imb_link_kick() - ring the peer if it sleeps on what was sent
 * @link: link
 *
 * Return: whether it rang.
 */
bool imb_link_kick(struct imb_link *link);

/**
 * imb_link_max_message() - longest message that any channel takes
 * @link: link
 *
 * Return: bytes.
 */
u32 imb_link_max_message(const struct imb_link *link);

/**
 * imb_link_state_name() - for people
 * @state: enum imb_link_state
 *
 * Return: the state's name in the table.
 */
const char *imb_link_state_name(unsigned int state);

#endif /* IMB_LINK_H */
