/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of imb.ko share.
 *
 *	main.c		finds the window in the device tree, sets up the links
 *	link.c		runs a link: bells and ticks in, callbacks out
 *	api.c		imb.h, for other modules
 *	echo.c		the echo service
 *	dev.c		/dev/imb/k<peer>.<n>
 *	sysfs.c		/sys/class/imb/link<peer>
 *	debugfs.c	/sys/kernel/debug/imb/link<peer>
 */
#ifndef IMB_MAILBOX_H
#define IMB_MAILBOX_H

#include <linux/hrtimer.h>
#include <linux/mailbox_client.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "imb.h"
#include "link.h"

struct device;
struct dentry;
struct imb;

/**
 * struct imb_channel - one end of a channel
 * @peer: the link it belongs to
 * @ops: callbacks
 * @ctx: for them
 * @service: its number
 * @lane: its lane
 * @up: as last told by ops->state()
 */
struct imb_channel {
	struct imb_peer *peer;
	const struct imb_ops *ops;
	void *ctx;
	u16 service;
	u8 lane;
	bool up;
};

/**
 * struct imb_peer - a link to another kernel
 * @link: the core; under @lock
 * @port: how the core reaches the other kernel; under @lock
 * @imb: the mailbox
 * @id: of the other kernel
 * @client: of the doorbell
 * @lock: what is marked so is under it. Taken in hard interrupts. Taken before
 *	the locks of the doorbell; no callback is called with it
 * @live: set up, not yet torn down; under @lock
 * @running: a context hands out events: others only set @again; under @lock
 * @again: it has to look once more; under @lock
 * @deferred: @rest is due and will look: bells need not
 * @frozen: neither tick nor look, for tests: so a hung kernel looks to its peer
 * @heard: bells that came, for port.lose_bells
 * @seen: link state that the world was last told of; under @lock
 * @channels: by service; under @lock. What they point to lives until an RCU
 *	grace period after they are cleared
 * @rest: goes on with events where a hard interrupt has to end
 * @changed: tells user space of a new state
 * @dev: link<id>
 * @debugfs: its directory
 * @echo: our end of the echo service
 * @echo_lost: messages that could not be answered
 */
struct imb_peer {
	struct imb_link link;
	struct imb_port port;
	struct imb *imb;
	u32 id;
	struct mbox_client client;
	raw_spinlock_t lock;
	bool live;
	bool running;
	bool again;
	bool deferred;
	bool frozen;
	u32 heard;
	u8 seen;
	struct imb_channel *channels[IMB_WIRE_SERVICES];
	struct work_struct rest;
	struct work_struct changed;
	struct device *dev;
	struct dentry *debugfs;
	struct imb_channel *echo;
	atomic64_t echo_lost;
};

/**
 * struct imb - the mailbox of this kernel
 * @dev: platform device
 * @geometry: shape of the window
 * @window: it, mapped
 * @line: smallest cache line, 0 if there is nothing to clean
 * @self: this kernel's id
 * @boot: this kernel's incarnation
 * @tick: calls imb_peer_tick() for all
 * @peers: by kernel id; NULL at @self
 */
struct imb {
	struct device *dev;
	struct imb_geometry geometry;
	u8 __shm *window;
	unsigned int line;
	u32 self;
	u32 boot;
	struct hrtimer tick;
	struct imb_peer *peers[IMB_WIRE_KERNELS];
};

/* main.c: NULL until all links are set up. */
struct imb *imb_get(void);

/* api.c */
bool imb_settled(const struct imb_channel *ch);

/* link.c */
void imb_peer_init(struct imb_peer *peer, struct imb *imb, u32 id);
void imb_peer_start(struct imb_peer *peer, struct mbox_chan *bell);
void imb_peer_stop(struct imb_peer *peer);
void imb_peer_tick(struct imb_peer *peer);
void imb_peer_poke(struct imb_peer *peer);
void imb_peer_input(struct imb_peer *peer, enum imb_link_input input);
unsigned long imb_peer_lock(struct imb_peer *peer) __acquires(&peer->lock);
void imb_peer_unlock(struct imb_peer *peer, unsigned long flags)
	__releases(&peer->lock);

/* Messages a client of the echo service may have unanswered. */
#define IMB_ECHO_WINDOW 64

/* echo.c */
int imb_echo_start(struct imb_peer *peer);
void imb_echo_stop(struct imb_peer *peer);

/* sysfs.c */
int imb_sysfs_init(void);
void imb_sysfs_exit(void);
int imb_sysfs_add(struct imb_peer *peer);
void imb_sysfs_remove(struct imb_peer *peer);
void imb_sysfs_changed(struct imb_peer *peer);
extern struct class imb_class;

/* dev.c */
int imb_dev_init(void);
void imb_dev_exit(void);
int imb_dev_add(struct imb_peer *peer);
void imb_dev_remove(struct imb_peer *peer);

/* debugfs.c */
void imb_debugfs_init(void);
void imb_debugfs_exit(void);
void imb_debugfs_add(struct imb_peer *peer);
void imb_debugfs_remove(struct imb_peer *peer);

#endif /* IMB_MAILBOX_H */
