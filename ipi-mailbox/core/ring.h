/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One single-producer single-consumer ring in memory that two kernels share
 * and no cache keeps coherent.
 *
 * A slot is published by writing its sequence word; the word names the session
 * (tag) and the position, so stale slots of an earlier lap or session never
 * match and nothing has to be erased. Positions count slots and wrap at 2^32.
 *
 * Locking: none here. One context at a time may use a struct imb_tx, one at a
 * time a struct imb_rx; the two sides need no common lock.
 */
#ifndef IMB_RING_H
#define IMB_RING_H

#include "imb_port.h"

/**
 * struct imb_tx_counts - what a producer has seen
 * @msgs: slots published
 * @bytes: payload bytes in them
 * @full: how often a reservation found no free slot
 * @bells: how often the consumer had to be rung
 */
struct imb_tx_counts {
	u64 msgs;
	u64 bytes;
	u64 full;
	u64 bells;
};

/**
 * struct imb_tx - the producer's side of a ring; private to its kernel
 * @port: the host
 * @slots: the ring, written by this side only
 * @mine: this side's line
 * @theirs: the consumer's line
 * @count: slots of the ring
 * @size: bytes of a slot
 * @tag: the session
 * @pos: position of the next slot to publish
 * @head: the consumer's head as last seen
 * @kicked: the position up to which the need of a bell has been looked at
 * @counts: statistics
 */
struct imb_tx {
	struct imb_port *port;
	u8 __shm *slots;
	struct imb_wire_producer __shm *mine;
	const struct imb_wire_consumer __shm *theirs;
	u32 count;
	u32 size;
	u32 tag;
	u32 pos;
	u32 head;
	u32 kicked;
	struct imb_tx_counts counts;
};

/**
 * struct imb_rx_counts - what a consumer has seen
 * @msgs: slots taken
 * @bytes: payload bytes in them
 * @bells: how often the producer had to be rung for space
 * @sleeps: how often the consumer armed itself
 * @broken: slots that no correct peer would have written
 */
struct imb_rx_counts {
	u64 msgs;
	u64 bytes;
	u64 bells;
	u64 sleeps;
	u64 broken;
};

/**
 * struct imb_rx - the consumer's side of a ring; private to its kernel
 * @port: the host
 * @slots: the ring, never written by this side
 * @mine: this side's line
 * @theirs: the producer's line
 * @count: slots of the ring
 * @size: bytes of a slot
 * @tag: the session
 * @pos: position of the next slot to take
 * @head: the head last published
 * @len: payload bytes of the slot last looked at
 * @armed: the producer has been asked to ring at @pos
 * @counts: statistics
 */
struct imb_rx {
	struct imb_port *port;
	const u8 __shm *slots;
	struct imb_wire_consumer __shm *mine;
	const struct imb_wire_producer __shm *theirs;
	u32 count;
	u32 size;
	u32 tag;
	u32 pos;
	u32 head;
	u32 len;
	bool armed;
	struct imb_rx_counts counts;
};

/**
 * struct imb_slot - a received slot, checked
 * @data: payload, in the ring itself: the peer can still change it, so copy
 *	what is checked. Valid until imb_rx_release().
 * @len: bytes of it, at most the slot's capacity
 * @service: channel number as the peer wrote it
 * @flags: IMB_WIRE_REF, IMB_WIRE_CTRL as the peer wrote them
 */
struct imb_slot {
	const u8 __shm *data;
	u32 len;
	u16 service;
	u16 flags;
};

/**
 * imb_slot_capacity() - payload bytes that fit into one slot
 * @size: bytes of the slot
 *
 * Return: bytes.
 */
static inline u32 imb_slot_capacity(u32 size)
{
	return size - (u32)sizeof(struct imb_wire_slot);
}

/**
 * imb_tx_start() - begin a session as producer
 * @tx: with @port, @slots, @mine, @theirs, @count and @size set
 * @tag: what the consumer has asked slots to be stamped with, not 0
 */
void imb_tx_start(struct imb_tx *tx, u32 tag);

/**
 * imb_tx_reserve() - find the next slot to write a message into
 * @tx: producer
 * @data: where the payload goes; write it by imb_port_copy_out()
 *
 * Reserving again without imb_tx_commit() gives the same slot.
 *
 * Return: 0; -EAGAIN if the ring is full; -EPROTO if the consumer claims to
 * have read what was never written.
 */
int imb_tx_reserve(struct imb_tx *tx, u8 __shm **data);

/**
 * imb_tx_commit() - publish the reserved slot
 * @tx: producer, after a successful imb_tx_reserve()
 * @len: payload bytes written, at most imb_slot_capacity()
 * @service: channel
 * @flags: IMB_WIRE_REF, IMB_WIRE_CTRL
 */
void imb_tx_commit(struct imb_tx *tx, u32 len, u16 service, u16 flags);

/**
 * imb_tx_kick() - ring the consumer if it sleeps on what was committed
 * @tx: producer
 *
 * Once for a batch of commits; without it an armed consumer sleeps on.
 *
 * Return: whether it rang.
 */
bool imb_tx_kick(struct imb_tx *tx);

/**
 * imb_tx_left() - what of a lane the consumer has not given back
 * @tx: producer
 *
 * Looks at the consumer's word only if something is left.
 *
 * Return: how many slots, or -EPROTO if its word is impossible.
 */
int imb_tx_left(struct imb_tx *tx);

/**
 * imb_tx_wait() - ask for a bell when some slots are free
 * @tx: producer that got -EAGAIN
 *
 * Return: true if a slot has become free meanwhile: do not sleep, try again.
 */
bool imb_tx_wait(struct imb_tx *tx);

/**
 * imb_rx_start() - begin a session as consumer
 * @rx: with @port, @slots, @mine, @theirs, @count and @size set
 * @tag: stamp that the producer is told to use, not 0, new for every session
 *
 * To be called before the producer learns @tag.
 */
void imb_rx_start(struct imb_rx *rx, u32 tag);

/**
 * imb_rx_peek() - look at the next message
 * @rx: consumer
 * @slot: filled in if there is one
 *
 * Return: 1 if there is, 0 if not, -EPROTO if the slot makes no sense.
 */
int imb_rx_peek(struct imb_rx *rx, struct imb_slot *slot);

/**
 * imb_rx_release() - done with the message last looked at
 * @rx: consumer
 *
 * Slots are given back to the producer in batches; imb_rx_arm() gives back the
 * rest.
 */
void imb_rx_release(struct imb_rx *rx);

/**
 * imb_rx_give_back() - let the producer have all slots that were released
 * @rx: consumer
 *
 * imb_rx_release() does so for a quarter of the ring at once, imb_rx_arm() for
 * the rest. A consumer that never sleeps has to show now and then that it lives.
 */
void imb_rx_give_back(struct imb_rx *rx);

/**
 * imb_rx_arm() - ask for a bell at the next message
 * @rx: consumer whose imb_rx_peek() has just returned 0
 *
 * Return: true if it is safe to sleep; false if a message has come meanwhile.
 */
bool imb_rx_arm(struct imb_rx *rx);

#endif /* IMB_RING_H */
