/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Every byte that two kernels both see. PROTOCOL.md explains it; this file is
 * the authority on layout.
 *
 * The window is cut into one *section* for each ordered pair of kernels
 * (owner, peer). Only the owner ever writes into its section, so that no cache
 * line has two writers:
 *
 *	section(owner, peer)
 *	+-----------------------------+ 0
 *	| hello                       |  identity, session, acknowledgement
 *	| beat                        |  the owner's heartbeat
 *	| lane 0: producer, consumer  |  producer: of the ring owner -> peer
 *	| lane 1: producer, consumer  |  consumer: of the ring peer -> owner
 *	| pool                        |  the owner waits for a buffer
 *	| returns[pool buffers]       |  which of the peer's buffers are free again
 *	+-----------------------------+ IMB_WIRE_CONTROL_SIZE
 *	| lane 0: slots owner -> peer |
 *	| lane 1: slots owner -> peer |
 *	| pool buffers owner -> peer  |  by-reference payloads
 *	+-----------------------------+ section size, a multiple of IMB_WIRE_PAGE
 *
 * Fixed-width little-endian fields only; reserved bytes are written as zero.
 */
#ifndef IMB_WIRE_H
#define IMB_WIRE_H

#include <linux/types.h>

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#else
#include <assert.h>
#include <stddef.h>
#endif

#define IMB_WIRE_MAGIC 0x31424d49u /* "IMB1" */
/* A peer of another major version is refused; a minor one is an extension. */
#define IMB_WIRE_MAJOR 1
#define IMB_WIRE_MINOR 0

#define IMB_WIRE_LINE	      64 /* smallest cache line we lay out for */
#define IMB_WIRE_PAGE	      4096
#define IMB_WIRE_CONTROL_SIZE 4096
#define IMB_WIRE_KERNELS      8 /* most kernels of one board */
#define IMB_WIRE_SERVICES     64 /* channels of a link, numbered by service */
#define IMB_WIRE_LANES	      2
#define IMB_WIRE_MAX_LINE     128 /* largest cache line a board may name */
/* What fits between the lane words and the end of the control page. */
#define IMB_WIRE_MAX_BUFS 256

/* Values of imb_wire_hello.state. */
#define IMB_WIRE_CLOSED 0 /* the owner has left: do not wait for its beat */
#define IMB_WIRE_OPEN	1

/**
 * struct imb_wire_hello - who the owner is and which session it is in
 * @guard: odd while the owner rewrites the line; a reader that sees an odd or a
 *	changed guard has learned nothing and looks again later
 * @magic: %IMB_WIRE_MAGIC
 * @major: %IMB_WIRE_MAJOR, refused if different
 * @minor: %IMB_WIRE_MINOR
 * @kernel: id of the owner
 * @kernels: how many kernels the owner has laid the window out for
 * @geometry: imb_geometry_sum() of the owner's layout, refused if different
 * @boot: incarnation of the owner's kernel, for upper layers
 * @epoch: the owner's session on this link, never 0; a new one disowns every
 *	word written under the old one
 * @ack_epoch: the peer's epoch that the owner has adopted, 0 if none
 * @rx_tag: what the peer must stamp into slots; new with every adoption, valid
 *	only together with @ack_epoch
 * @state: %IMB_WIRE_OPEN or %IMB_WIRE_CLOSED
 * @features: optional features the owner offers, none defined in 1.0
 * @reserved: zero
 */
struct imb_wire_hello {
	__le32 guard;
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le16 kernel;
	__le16 kernels;
	__le32 geometry;
	__le32 boot;
	__le32 epoch;
	__le32 ack_epoch;
	__le32 rx_tag;
	__le32 state;
	__le32 features;
	__le32 reserved[5];
};

/**
 * struct imb_wire_beat - the owner's sign of life
 * @count: changes at least every IMB_BEAT_MS while the owner lives
 * @reserved: zero
 */
struct imb_wire_beat {
	__le64 count;
	__le64 reserved[7];
};

/*
 * Ring words carry the session's tag in the high and a ring position in the
 * low half, so that one aligned 64-bit load tells both and a word of an older
 * session never matches.
 */
#define IMB_WIRE_WORD(tag, pos) ((__u64)(tag) << 32 | (__u32)(pos))

/**
 * struct imb_wire_producer - what the producer of a ring tells its consumer
 * @want: word: ring my bell when your head reaches this position
 * @reserved: zero
 */
struct imb_wire_producer {
	__le64 want;
	__le64 reserved[7];
};

/**
 * struct imb_wire_consumer - what the consumer of a ring tells its producer
 * @head: word: every position before this one may be written again
 * @wake: word: I sleep; ring my bell when this position is published
 * @reserved: zero
 */
struct imb_wire_consumer {
	__le64 head;
	__le64 wake;
	__le64 reserved[6];
};

/**
 * struct imb_wire_pool - what the owner of a pool tells its peer
 * @want: tag and a count: a new count asks for a bell at the next return
 * @reserved: zero
 */
struct imb_wire_pool {
	__le64 want;
	__le64 reserved[7];
};

/* imb_wire_slot.flags */
#define IMB_WIRE_REF  0x0001 /* the payload is a struct imb_wire_ref */
#define IMB_WIRE_CTRL 0x0002 /* the payload is a struct imb_wire_ctrl */

/**
 * struct imb_wire_slot - head of a slot; the payload follows
 * @seq: word: published when it carries the position being read. It shares its
 *	line with the head of the payload, so that a short message is one line.
 * @len: payload bytes, at most the slot size less this head
 * @service: which channel of the link it belongs to
 * @flags: IMB_WIRE_REF, IMB_WIRE_CTRL
 */
struct imb_wire_slot {
	__le64 seq;
	__le32 len;
	__le16 service;
	__le16 flags;
};

/**
 * struct imb_wire_ref - payload of a message that lies in a pool buffer
 * @buf: number of the buffer in the sender's pool
 * @len: bytes of it that are the message
 * @gen: which use of the buffer this is; to be returned with it
 * @reserved: zero
 */
struct imb_wire_ref {
	__le32 buf;
	__le32 len;
	__le32 gen;
	__le32 reserved;
};

/* imb_wire_ctrl.op */
#define IMB_WIRE_OP_OPEN   1 /* arg: messages the sender of OPEN will buffer */
#define IMB_WIRE_OP_CLOSE  2 /* nothing more is read or sent */
#define IMB_WIRE_OP_CREDIT 3 /* arg: as many messages more may be sent */
#define IMB_WIRE_OP_CLOSED 4 /* answer to CLOSE: nothing is under way */

/**
 * struct imb_wire_ctrl - channel control, in order with the channel's messages
 * @op: IMB_WIRE_OP_*; an unknown one is ignored
 * @arg: see the operation
 */
struct imb_wire_ctrl {
	__le32 op;
	__le32 arg;
};

static_assert(sizeof(struct imb_wire_hello) == IMB_WIRE_LINE, "one line");
static_assert(offsetof(struct imb_wire_hello, guard) == 0, "wire");
static_assert(offsetof(struct imb_wire_hello, magic) == 4, "wire");
static_assert(offsetof(struct imb_wire_hello, major) == 8, "wire");
static_assert(offsetof(struct imb_wire_hello, minor) == 10, "wire");
static_assert(offsetof(struct imb_wire_hello, kernel) == 12, "wire");
static_assert(offsetof(struct imb_wire_hello, kernels) == 14, "wire");
static_assert(offsetof(struct imb_wire_hello, geometry) == 16, "wire");
static_assert(offsetof(struct imb_wire_hello, boot) == 20, "wire");
static_assert(offsetof(struct imb_wire_hello, epoch) == 24, "wire");
static_assert(offsetof(struct imb_wire_hello, ack_epoch) == 28, "wire");
static_assert(offsetof(struct imb_wire_hello, rx_tag) == 32, "wire");
static_assert(offsetof(struct imb_wire_hello, state) == 36, "wire");
static_assert(offsetof(struct imb_wire_hello, features) == 40, "wire");
static_assert(offsetof(struct imb_wire_hello, reserved) == 44, "wire");
static_assert(sizeof(struct imb_wire_beat) == IMB_WIRE_LINE, "one line");
static_assert(offsetof(struct imb_wire_beat, count) == 0, "wire");
static_assert(offsetof(struct imb_wire_beat, reserved) == 8, "wire");
static_assert(sizeof(struct imb_wire_producer) == IMB_WIRE_LINE, "one line");
static_assert(offsetof(struct imb_wire_producer, want) == 0, "wire");
static_assert(offsetof(struct imb_wire_producer, reserved) == 8, "wire");
static_assert(sizeof(struct imb_wire_consumer) == IMB_WIRE_LINE, "one line");
static_assert(offsetof(struct imb_wire_consumer, head) == 0, "wire");
static_assert(offsetof(struct imb_wire_consumer, wake) == 8, "wire");
static_assert(offsetof(struct imb_wire_consumer, reserved) == 16, "wire");
static_assert(sizeof(struct imb_wire_pool) == IMB_WIRE_LINE, "one line");
static_assert(offsetof(struct imb_wire_pool, want) == 0, "wire");
static_assert(offsetof(struct imb_wire_pool, reserved) == 8, "wire");
static_assert(sizeof(struct imb_wire_slot) == 16, "wire");
static_assert(offsetof(struct imb_wire_slot, seq) == 0, "wire");
static_assert(offsetof(struct imb_wire_slot, len) == 8, "wire");
static_assert(offsetof(struct imb_wire_slot, service) == 12, "wire");
static_assert(offsetof(struct imb_wire_slot, flags) == 14, "wire");
static_assert(sizeof(struct imb_wire_ref) == 16, "wire");
static_assert(offsetof(struct imb_wire_ref, buf) == 0, "wire");
static_assert(offsetof(struct imb_wire_ref, len) == 4, "wire");
static_assert(offsetof(struct imb_wire_ref, gen) == 8, "wire");
static_assert(offsetof(struct imb_wire_ref, reserved) == 12, "wire");
static_assert(sizeof(struct imb_wire_ctrl) == 8, "wire");
static_assert(offsetof(struct imb_wire_ctrl, op) == 0, "wire");
static_assert(offsetof(struct imb_wire_ctrl, arg) == 4, "wire");

#endif /* IMB_WIRE_H */
