/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * dsm_wire.h - the messages between the kernels that share pages.
 *
 * One structure for all of them. A field that a message has no use for is zero.
 * PROTOCOL.md says what each message means.
 */
#ifndef DSM_WIRE_H
#define DSM_WIRE_H

#include <linux/types.h>

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#else
#include <assert.h>
#include <stddef.h>
#endif

#define DSM_WIRE_MAJOR 2
#define DSM_WIRE_MINOR 0

#define DSM_KERNELS 8
#define DSM_NOBODY  0xff

/* So many are at most sent as one message of the transport, one after another. */
#define DSM_WIRE_BATCH 32

enum dsm_type {
#define MSG(name, number, who, text) DSM_##name = number,
#include "dsm_messages.def"
	DSM_TYPES
};

/* What a kernel may do with a frame, weakest first. */
enum dsm_access {
	DSM_NONE = 0,
	DSM_READ = 1, /* shared: others may read it, too */
	DSM_WRITE = 2, /* exclusive: nobody else has it */
};

/* dsm_wire.code of REFUSE without a signal: ask again */
enum dsm_again {
	DSM_ASK_NOW = 0,
	DSM_ASK_LATER = 1, /* the page is in use at its home for a while */
};

/* dsm_wire.flags */
#define DSM_URGENT    0x0001 /* RECALL: no time is to be lost by holding */
#define DSM_HELD      0x0002 /* ACK: the frame was held when RECALL came */
#define DSM_FORWARDED 0x0004 /* ACK: it has been granted to the third kernel */
#define DSM_OPTIONAL  0x0008 /* GRANT: a neighbour; nobody asked for it */
#define DSM_EXEC      0x0010 /* REQUEST, GRANT: to be executed: replicate it */
#define DSM_FLAGS     0x001f

/**
 * struct dsm_wire - any message
 * @type: enum dsm_type
 * @access: REQUEST: wanted; GRANT: given; RECALL: what the holder may keep; ACK:
 *	what it has kept
 * @home: id of the kernel that the frame, and the space, belongs to
 * @third: RECALL: whom to grant the frame to, DSM_NOBODY: give it back
 * @flags: DSM_URGENT etc.
 * @many: REQUEST: how many neighbours would be welcome
 * @spare: zero
 * @from_inc: incarnation of the sender
 * @home_inc: incarnation of @home as the sender knows it, 0 in HELLO
 * @frame: physical page number
 * @stamp: the home's count of grants to and recalls from this holder: new in
 *	GRANT and RECALL; that of the RECALL in ACK, of the GRANT in RELEASE
 * @grant_stamp: RECALL with a third kernel: stamp of the grant to that one
 * @token: REQUEST: of the asker's choice; returned in GRANT and REFUSE
 * @addr: REQUEST: virtual address, any of the page; GRANT: of the page
 * @space: number of the space
 * @space_inc: incarnation of the space
 * @prot: GRANT: what the mapping permits, for the host
 * @code: REFUSE: signal << 16 | si_code, or enum dsm_again; HELLO: major << 16 | minor
 */
struct dsm_wire {
	__u8 type;
	__u8 access;
	__u8 home;
	__u8 third;
	__le16 flags;
	__u8 many;
	__u8 spare;
	__le32 from_inc;
	__le32 home_inc;
	__le64 frame;
	__le64 stamp;
	__le64 grant_stamp;
	__le64 token;
	__le64 addr;
	__le32 space;
	__le32 space_inc;
	__le32 prot;
	__le32 code;
};

#define DSM_WIRE_AT(field, at) \
	static_assert(offsetof(struct dsm_wire, field) == (at), #field)

static_assert(sizeof(struct dsm_wire) == 72, "dsm_wire");
DSM_WIRE_AT(type, 0);
DSM_WIRE_AT(access, 1);
DSM_WIRE_AT(home, 2);
DSM_WIRE_AT(third, 3);
DSM_WIRE_AT(flags, 4);
DSM_WIRE_AT(many, 6);
DSM_WIRE_AT(spare, 7);
DSM_WIRE_AT(from_inc, 8);
DSM_WIRE_AT(home_inc, 12);
DSM_WIRE_AT(frame, 16);
DSM_WIRE_AT(stamp, 24);
DSM_WIRE_AT(grant_stamp, 32);
DSM_WIRE_AT(token, 40);
DSM_WIRE_AT(addr, 48);
DSM_WIRE_AT(space, 56);
DSM_WIRE_AT(space_inc, 60);
DSM_WIRE_AT(prot, 64);
DSM_WIRE_AT(code, 68);

#endif /* DSM_WIRE_H */
