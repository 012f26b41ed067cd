/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* tombolo_hub.h: the registers of a board hub, which carries doorbells between core groups and has their power. */
#ifndef TOMBOLO_HUB_H
#define TOMBOLO_HUB_H

/*
 * The hub is what an SoC would have as mailbox block and power controller. A
 * kernel finds it as an ivshmem-doorbell PCI function (1af4:1110): a bell to
 * kernel t is written to the register Doorbell as t << 16 | own number, and
 * arrives as interrupt vector "own number". The hub itself has a number too,
 * head.hub, and is rung and rings like a kernel.
 *
 * BAR 2 holds these registers, little endian, device memory, never cached.
 * Only kernel 0's has more than the head:
 *
 *   +0                  struct hub_head    by the hub, constant
 *   +64 * (1 + 2 * k)   struct hub_order   by kernel 0, about kernel k
 *   +64 * (2 + 2 * k)   struct hub_state   by the hub, about kernel k
 *
 * Kernel 0 writes the command, then seq, then rings the hub. The hub obeys,
 * writes what came of it, then the same seq. It rings kernel 0 whenever a
 * state has changed, whoever caused it.
 */

#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#else
#include <assert.h>
#include <stddef.h>
#endif

#define HUB_MAGIC 0x62756874u /* "thub" */
#define HUB_MAJOR 1 /* not understood: refuse to use it */
#define HUB_MINOR 0 /* not understood: ignore what is new */
#define HUB_BAR	  2
#define HUB_SIZE  0x10000

/* hub_order.command */
#define HUB_OFF 0 /* end the core group, whatever it does */
#define HUB_ON	1 /* start it, from its boot stub */

/**
 * struct hub_head - what this is
 * @magic:    %HUB_MAGIC
 * @major:    %HUB_MAJOR
 * @minor:    %HUB_MINOR
 * @kernels:  how many kernels the board has
 * @hub:      number of the hub, above all kernels
 * @reserved: zero
 */
struct hub_head {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le32 kernels;
	__le32 hub;
	__le32 reserved[12];
};

/**
 * struct hub_order - what kernel 0 wants of a core group
 * @command:  HUB_*
 * @seq:      grows with each command, written after @command
 * @reserved: zero
 */
struct hub_order {
	__le32 command;
	__le32 seq;
	__le32 reserved[14];
};

/**
 * struct hub_state - how a core group is
 * @on:	      1 if it has power
 * @starts:   how often it was started
 * @error:    errno of the last command, or 0
 * @seq:      of the last command that was obeyed, written last
 * @reserved: zero
 */
struct hub_state {
	__le32 on;
	__le32 starts;
	__le32 error;
	__le32 seq;
	__le32 reserved[12];
};

#define HUB_ORDER(k) (64 * (1 + 2 * (k)))
#define HUB_STATE(k) (64 * (2 + 2 * (k)))

#define HUB_AT(type, member, at)                              \
	_Static_assert(offsetof(struct type, member) == (at), \
		       #type "." #member " is not at " #at)

HUB_AT(hub_head, magic, 0);
HUB_AT(hub_head, major, 4);
HUB_AT(hub_head, minor, 6);
HUB_AT(hub_head, kernels, 8);
HUB_AT(hub_head, hub, 12);
HUB_AT(hub_head, reserved, 16);
_Static_assert(sizeof(struct hub_head) == 64, "hub_head is one line");

HUB_AT(hub_order, command, 0);
HUB_AT(hub_order, seq, 4);
HUB_AT(hub_order, reserved, 8);
_Static_assert(sizeof(struct hub_order) == 64, "hub_order is one line");

HUB_AT(hub_state, on, 0);
HUB_AT(hub_state, starts, 4);
HUB_AT(hub_state, error, 8);
HUB_AT(hub_state, seq, 12);
HUB_AT(hub_state, reserved, 16);
_Static_assert(sizeof(struct hub_state) == 64, "hub_state is one line");

#undef HUB_AT

#endif /* TOMBOLO_HUB_H */
