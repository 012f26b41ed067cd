/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doorbell.h: what the doorbells of all boards have in common. A doorbell is a
 * mailbox controller with empty messages and cells <peer function>. A bell only
 * says who rang: all functions of that peer hear it.
 */
#ifndef IMB_DOORBELL_H
#define IMB_DOORBELL_H

#include <linux/hrtimer.h>
#include <linux/mailbox_controller.h>

#define DOORBELL_KERNELS   8
#define DOORBELL_FUNCTIONS 3 /* 0: mailbox, 1: lifecycle, 2: tests */

struct doorbell;

/**
 * struct doorbell_ops - how a board rings
 * @ring: rings a peer's bell. What was written before is seen by whom it wakes.
 *	Any context
 * @mute: no more doorbell_heard() of the peer until @unmute; a bell that comes
 *	meanwhile is kept. Where doorbell_heard() was called
 * @unmute: the opposite, in a hard timer on that CPU
 */
struct doorbell_ops {
	void (*ring)(struct doorbell *db, unsigned int peer);
	void (*mute)(struct doorbell *db, unsigned int peer);
	void (*unmute)(struct doorbell *db, unsigned int peer);
};

/**
 * struct doorbell_peer - another kernel
 * @db: the doorbell
 * @live: per function: a client listens
 * @window: when the counting began; only doorbell_heard() touches the rest
 * @count: bells since then
 * @unmute: ends the silence
 */
struct doorbell_peer {
	struct doorbell *db;
	bool live[DOORBELL_FUNCTIONS];
	ktime_t window;
	unsigned int count;
	struct hrtimer unmute;
};

/**
 * struct doorbell - the doorbell of this kernel
 * @mbox: what clients see; channel number = peer * DOORBELL_FUNCTIONS + function
 * @chans: its channels
 * @dev: the device, set by the driver like all up to @peers
 * @ops: how to ring
 * @self: this kernel's id
 * @kernels: how many there are
 * @leaving: nothing is muted or unmuted any more
 * @peers: by kernel id; the own one is unused
 */
struct doorbell {
	struct mbox_controller mbox;
	struct mbox_chan chans[DOORBELL_KERNELS * DOORBELL_FUNCTIONS];
	struct device *dev;
	const struct doorbell_ops *ops;
	u32 self;
	u32 kernels;
	bool leaving;
	struct doorbell_peer peers[DOORBELL_KERNELS];
};

/**
 * doorbell_init() - before anything is heard
 * @db: the doorbell
 */
void doorbell_init(struct doorbell *db);

/**
 * doorbell_register() - offer it to clients, until its device is unbound
 * @db: the doorbell
 *
 * Context: process, in the probe of its device.
 * Return: 0 or an error of the mailbox framework.
 */
int doorbell_register(struct doorbell *db);

/**
 * doorbell_leave() - the opposite of doorbell_init()
 * @db: the doorbell; nothing is heard any more
 */
void doorbell_leave(struct doorbell *db);

/**
 * doorbell_heard() - a peer has rung
 * @db: the doorbell
 * @peer: who; must be one
 *
 * A peer that rings so much that nothing else would run is muted for a while.
 *
 * Context: hard interrupt, always on one CPU for one peer.
 */
void doorbell_heard(struct doorbell *db, unsigned int peer);

/**
 * doorbell_chan() - a channel that no device tree names
 * @peer: kernel id
 * @function: below %DOORBELL_FUNCTIONS
 *
 * Return: the channel, or an error pointer: -ENODEV without a doorbell.
 */
struct mbox_chan *doorbell_chan(unsigned int peer, unsigned int function);

#endif /* IMB_DOORBELL_H */
