/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * dsm_port.h - what a host must supply to carry the core.
 *
 * The host finds objects, resolves addresses, changes page tables, moves
 * messages and keeps time; who may have which frame is the core's alone. Types
 * and byte orders come from the mailbox's port of the same host.
 */
#ifndef DSM_PORT_H
#define DSM_PORT_H

#include "imb_port_host.h"
#include "dsm_wire.h"

struct dsm_page;
struct dsm_copy;
struct dsm_ask;

/**
 * struct dsm_msg - a message, checked, in the host's byte order
 * @type: enum dsm_type
 * @access: enum dsm_access
 * @home: kernel whose frame or space it is about
 * @third: kernel that is to hand the frame on
 * @many: neighbours that are welcome
 * @from: the kernel it came from, whatever it says
 * @flags: DSM_EXEC, DSM_OPTIONAL and so on
 * @frame: number of the frame
 * @stamp: of the grant or recall
 * @grant_stamp: of the grant that a recall is about
 * @token: of the request that is answered
 * @addr: of the page in its space
 * @space: number of the space
 * @space_inc: incarnation of the home that made the space
 * @prot: DSM_PROT_*
 * @code: of a refusal
 *
 * struct dsm_wire says which of them count in which message.
 */
struct dsm_msg {
	u8 type;
	u8 access;
	u8 home;
	u8 third;
	u8 many;
	u8 from;
	u16 flags;
	u64 frame;
	u64 stamp;
	u64 grant_stamp;
	u64 token;
	u64 addr;
	u32 space;
	u32 space_inc;
	u32 prot;
	u32 code;
};

/* What became of a request that was put into the core. */
enum dsm_result {
	DSM_GRANTED, /* the frame was handed out */
	DSM_AGAIN, /* it was taken away meanwhile; the asker has been told */
	DSM_SKIPPED, /* optional, and somebody else has the frame */
	DSM_GONE, /* the asker is dead */
};

/**
 * struct dsm_ops - what the core asks of the host
 *
 * All are called with the core's lock held. They must not sleep, nor fail, nor
 * call into the core. Those that start something say so; its end is reported by
 * another call into the core, later.
 *
 * @now_us: a clock that never goes back
 * @send: deliver to @kernel, in order, once, or else the link goes down. The
 *	host queues what the link has no room for now, and sends what is said
 *	together as one, up to DSM_WIRE_BATCH of them
 * @find_page: the directory's entry of one of our frames; NULL: all ours
 * @find_copy: the entry of a frame of @home that we hold; NULL: none
 *
 * For messages:
 * @request: a peer wants a page. Look whether the space exists, the peer may have
 *	it, the address is mapped with that right; resolve it to a frame; then
 *	dsm_home_request() or dsm_home_refuse(). Starts
 * @accept: a frame is granted to us: is @msg an answer to what we asked (token,
 *	space, address), and its frame in the memory of the home? Return: the
 *	entry to put it in, new or found by frame; NULL if it is not wanted
 * @granted: the frame is ours to map at @msg's address, by dsm_copy_may_map()
 * @refused: a request was not granted: @msg->code, 0: ask again. @msg is the
 *	REFUSE, or a GRANT that came too late
 * @peer_ready: a peer has said HELLO: it holds nothing of ours, and is heard from
 *	now on. Starts: dsm_home_gone() for each page, DSM_GAVE_BACK if @same, which
 *	says that it is the incarnation that held them, else DSM_REBORN
 * @peer_bad: a peer broke the protocol; the message is ignored. For counting
 *
 * For frames of ours:
 * @home_protect: starts: no more than @access for anything in this kernel that
 *	maps the frame: page tables and TLBs. dsm_home_protected() with @op ends
 *	it. It may be given up: an end that is late is ignored
 * @home_wake: the home has got the frame: those who wait may look, and the entry
 *	may have become idle
 * @ask_done: @ask is the host's again
 * @lost: @kernel has died with the only valid copy; memory holds what it had
 *	written back. Now it is nobody's
 * @later_page: call dsm_home_timer() in @us microseconds, or after that
 *
 * For frames of others:
 * @copy_unmap: starts: no more than @access for our mappings of the frame.
 *	dsm_copy_unmapped() with @op ends it; it must, soon, without waiting for
 *	another kernel
 * @later_copy: call dsm_copy_timer() in @us microseconds, or after that
 *
 * For this kernel's caches, empty where hardware keeps them coherent:
 * @clean: write back the frame's lines and forget them
 * @inval: forget the frame's lines; none is dirty
 */
struct dsm_ops {
	u64 (*now_us)(void *ctx);
	void (*send)(void *ctx, u32 kernel, const struct dsm_wire *msg);
	struct dsm_page *(*find_page)(void *ctx, u64 frame);
	struct dsm_copy *(*find_copy)(void *ctx, u32 home, u64 frame);

	void (*request)(void *ctx, const struct dsm_msg *msg);
	struct dsm_copy *(*accept)(void *ctx, const struct dsm_msg *msg);
	void (*granted)(void *ctx, struct dsm_copy *copy,
			const struct dsm_msg *msg);
	void (*refused)(void *ctx, const struct dsm_msg *msg);
	void (*peer_ready)(void *ctx, u32 kernel, bool same);
	void (*peer_bad)(void *ctx, u32 kernel, const char *why);

	void (*home_protect)(void *ctx, struct dsm_page *page,
			     enum dsm_access access, u32 op);
	void (*home_wake)(void *ctx, struct dsm_page *page);
	void (*ask_done)(void *ctx, struct dsm_page *page, struct dsm_ask *ask,
			 enum dsm_result result);
	void (*lost)(void *ctx, struct dsm_page *page, u32 kernel);
	void (*later_page)(void *ctx, struct dsm_page *page, u64 us);

	void (*copy_unmap)(void *ctx, struct dsm_copy *copy,
			   enum dsm_access access, u32 op);
	void (*later_copy)(void *ctx, struct dsm_copy *copy, u64 us);

	void (*clean)(void *ctx, u64 frame);
	void (*inval)(void *ctx, u64 frame);
};

#endif /* DSM_PORT_H */
