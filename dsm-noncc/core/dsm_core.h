/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * dsm_core.h - who has which frame: the directory at a frame's home, and the
 * copies of other kernels' frames here. The contract with the host.
 *
 * The unit of ownership is the frame: the home is the kernel whose memory it is,
 * and is a holder like the others. A frame without an entry is exclusively its
 * home's. The core knows no page table, no process, no address space.
 *
 * Locking: none here. The host holds one lock, the same, around every call in
 * this header, and no call sleeps. The objects belong to the host, which embeds
 * them; nothing is allocated.
 *
 * Order of locks at the host: page table lock before this one.
 */
#ifndef DSM_CORE_H
#define DSM_CORE_H

#include "dsm_port.h"

/* Of the hash of frames; few make more grants void than need be. */
#ifndef DSM_BUCKETS
#define DSM_BUCKETS 64
#endif

/**
 * struct dsm_stats - what has happened, for people
 *
 * @sent: messages by type
 * @received: the same
 * @grants: frames handed out by us, by access
 * @forwards: frames handed from one kernel to another, by our order
 * @recalls: frames asked back by us
 * @takes: frames got back for this kernel
 * @retries: requests that were told to ask again
 * @voids: grants that came too late to be used
 * @holds: recalls that waited for the holder to have its time
 * @lost: frames lost with a dead kernel
 * @cleans: cache operations, in frames
 * @invals: the same
 * @strays: messages that came too late: of an earlier life of the home, or about
 *	frames that have no entry any more
 * @bad: messages that broke the protocol
 */
struct dsm_stats {
	u64 sent[DSM_TYPES];
	u64 received[DSM_TYPES];
	u64 grants[DSM_WRITE + 1];
	u64 forwards;
	u64 recalls;
	u64 takes;
	u64 retries;
	u64 voids;
	u64 holds;
	u64 lost;
	u64 cleans;
	u64 invals;
	u64 strays;
	u64 bad;
};

/**
 * struct dsm_peer - another kernel
 * @inc: its incarnation, 0 while it may not be heard
 * @last_inc: the last one that was heard
 * @stamp: as home: grants to and recalls from it so far; never goes back
 * @hello: the number that its last HELLO took: what is older was given back
 * @seen: as body: newest recall by it, or release to it, per hash of frames
 */
struct dsm_peer {
	u32 inc;
	u32 last_inc;
	u64 stamp;
	u64 hello;
	u64 seen[DSM_BUCKETS];
};

/**
 * struct dsm_core - this kernel's part
 * @ops: the host
 * @ctx: handed to it
 * @self: id of this kernel
 * @kernels: how many there are, 2 to DSM_KERNELS
 * @inc: our incarnation, never 0, never the same twice
 * @hold_us: a frame stays for so long where it has been wanted, unless a recall is
 *	urgent. Liveness: whoever gets a frame also gets to use it
 * @op: number of the newest home_protect() or copy_unmap()
 * @peer: the others
 * @stats: counters
 *
 * Set up the first six, zero the rest.
 */
struct dsm_core {
	const struct dsm_ops *ops;
	void *ctx;
	u32 self;
	u32 kernels;
	u32 inc;
	u32 hold_us;
	u32 op;
	struct dsm_peer peer[DSM_KERNELS];
	struct dsm_stats stats;
};

/**
 * struct dsm_ask - a peer's request for a frame, resolved
 * @kernel: who asks
 * @access: for what, DSM_READ or DSM_WRITE
 * @flags: DSM_OPTIONAL, DSM_EXEC
 * @token: of the request
 * @addr: virtual page address
 * @space: number of the space
 * @space_inc: incarnation of the space
 * @prot: what the mapping permits, for the other host
 * @since: of the core
 * @next: of the core
 */
struct dsm_ask {
	u8 kernel;
	u8 access;
	u16 flags;
	u64 token;
	u64 addr;
	u32 space;
	u32 space_inc;
	u32 prot;
	u64 since;
	struct dsm_ask *next;
};

/**
 * struct dsm_page - the directory's entry of one frame of ours
 * @frame: its number; set by the host, all else by dsm_page_init()
 * @state: enum dsm_page_state
 * @holders: a bit for each kernel that has it
 * @waiting: a bit for each kernel that is to give it up, or what it has of it
 * @keep: what those may keep
 * @op_kernel: for whom the present operation is; DSM_NOBODY: there is none
 * @third: whom the recalled holder grants it to, or DSM_NOBODY
 * @next: state after the operation
 * @failed: the operation ends without a grant
 * @served: the third kernel has been granted it by the holder
 * @dead: who asked is gone: enum dsm_death
 * @urgent: recalls are
 * @want: what threads of the home wait for
 * @turn: the home was served last; others first
 * @lost_by: the holder that died with it, until it is known whether the third
 *	kernel had got it; DSM_NOBODY
 * @timer: later_page() is under way
 * @op: number of the present home_protect()
 * @recalls: dsm_home_recall() without dsm_home_recall_end()
 * @until: the home keeps it until then
 * @grant_stamp: stamp of the grant by a holder that is under way
 * @ask: the present operation's
 * @asks: those that wait
 * @stamp: per kernel: of the last grant or recall
 */
struct dsm_page {
	u64 frame;
	u8 state;
	u8 holders;
	u8 waiting;
	u8 keep;
	u8 op_kernel;
	u8 third;
	u8 want;
	u8 next;
	u8 lost_by;
	u8 dead;
	bool failed;
	bool served;
	bool urgent;
	bool turn;
	bool timer;
	u32 op;
	u32 recalls;
	u64 until;
	u64 grant_stamp;
	struct dsm_ask *ask;
	struct dsm_ask *asks;
	u64 stamp[DSM_KERNELS];
};

/**
 * struct dsm_copy - a frame of another kernel that we have, or had
 * @frame: its number; this and @home set by the host, all else by dsm_copy_init()
 * @home: whose it is
 * @phase: enum dsm_copy_phase
 * @access: what we have, enum dsm_access
 * @keep: what remains after the present copy_unmap()
 * @used: somebody has mapped it since the grant
 * @op: number of the present copy_unmap()
 * @stamp: of the newest grant, or recall that has left something
 * @since: of the first grant since we last had nothing
 * @until: recalls that are not urgent wait until then
 * @recall: the recall that waits, is being done, or was done last
 */
struct dsm_copy {
	u64 frame;
	u8 home;
	u8 phase;
	u8 access;
	u8 keep;
	bool used;
	u32 op;
	u64 stamp;
	u64 since;
	u64 until;
	struct dsm_msg recall;
};

/* ---- peers ---- */

/**
 * dsm_peer_up() - the link to a peer is there
 * @core: us
 * @kernel: the peer
 *
 * Says HELLO: to be called when nothing is held any more of what an earlier link
 * or incarnation of the peer has granted. The peer is heard once it has said the
 * same, see peer_ready().
 */
void dsm_peer_up(struct dsm_core *core, u32 kernel);

/**
 * dsm_peer_down() - the link to a peer is gone
 * @core: us
 * @kernel: the peer
 *
 * It is not heard any more. To follow at once: dsm_copy_gone() for each copy of
 * its frames, and each REQUEST that is open is to be sent again, whatever its home:
 * the grant may have been on its way by this link. To follow as soon as the peer
 * can't touch memory any more: dsm_home_gone() for each page.
 */
void dsm_peer_down(struct dsm_core *core, u32 kernel);

/**
 * dsm_receive() - messages have arrived
 * @core: us
 * @from: kernel whose link they came by
 * @data: struct dsm_wire, up to DSM_WIRE_BATCH of them, one after another; nobody
 *	may change them meanwhile
 * @len: how many bytes
 *
 * They may be anything: what does not fit is counted, told to peer_bad() and ignored.
 */
void dsm_receive(struct dsm_core *core, u32 from, const void *data, u32 len);

/**
 * dsm_ask_for() - send a REQUEST
 * @core: us
 * @home: kernel of the space
 * @ask: what; @kernel and @prot are not used
 * @many: so many neighbours are welcome
 */
void dsm_ask_for(struct dsm_core *core, u32 home, const struct dsm_ask *ask,
		 u32 many);

/* ---- frames of ours ---- */

/**
 * dsm_page_init() - a frame gets an entry: so far all ours
 * @core: us
 * @page: with @frame set; and @until, if an earlier entry's time is not over
 */
void dsm_page_init(struct dsm_core *core, struct dsm_page *page);

/**
 * dsm_page_idle() - may the entry go?
 * @core: us
 * @page: entry
 *
 * Return: the frame is all ours, and nobody waits for anything. A timer may still be under
 * way for somebody who was told to ask again: it finds nothing to do, and once the entry
 * is gone dsm_home_timer() need not be called for it.
 */
bool dsm_page_idle(const struct dsm_core *core, const struct dsm_page *page);

/**
 * dsm_page_quiet() - do all who have it only read it?
 * @page: entry
 *
 * Return: others may read it, and nobody waits for anything.
 */
bool dsm_page_quiet(const struct dsm_page *page);

/**
 * dsm_home_request() - let a peer have a frame
 * @core: us
 * @page: the frame that the request was resolved to
 * @ask: the request, the core's until ask_done()
 *
 * Requests are served in order, in turn with the home's own wishes. The host must
 * make sure that the resolution is still true, and that what makes it untrue will
 * call dsm_home_recall(): check and call under one hold of the lock.
 */
void dsm_home_request(struct dsm_core *core, struct dsm_page *page,
		      struct dsm_ask *ask);

/**
 * dsm_home_refuse() - answer a request that can't be resolved
 * @core: us
 * @ask: the request
 * @code: signal << 16 | si_code, 0: ask again
 */
void dsm_home_refuse(struct dsm_core *core, const struct dsm_ask *ask,
		     u32 code);

/**
 * dsm_home_ok() - may this kernel use the frame now?
 * @core: us
 * @page: entry
 * @access: for what
 *
 * Under the lock that is held on until the access, or the page table entry that
 * allows it, is made.
 *
 * Return: true if it may, as long as the lock is held.
 */
bool dsm_home_ok(const struct dsm_core *core, const struct dsm_page *page,
		 enum dsm_access access);

/**
 * dsm_home_want() - a thread of this kernel waits for the frame
 * @core: us
 * @page: entry
 * @access: for what
 *
 * home_wake() follows, but the frame may be gone again when the thread looks by
 * dsm_home_ok(): it then wants again.
 */
void dsm_home_want(struct dsm_core *core, struct dsm_page *page,
		   enum dsm_access access);

/**
 * dsm_home_used() - a thread of this kernel that waited for the frame has it
 * @core: us
 * @page: entry
 *
 * Until then it is held for longer: the thread has to be run first.
 */
void dsm_home_used(struct dsm_core *core, struct dsm_page *page);

/**
 * dsm_home_recall() - take the frame back and keep it
 * @core: us
 * @page: entry
 * @urgent: nobody may hold it for a time
 *
 * Requests that wait are told to ask again, new ones wait until
 * dsm_home_recall_end(). A home_protect() under way is given up, so that this
 * waits for nothing in this kernel. home_wake() says when to look.
 *
 * Return: it is all ours.
 */
bool dsm_home_recall(struct dsm_core *core, struct dsm_page *page, bool urgent);
void dsm_home_recall_end(struct dsm_core *core, struct dsm_page *page);

/**
 * dsm_home_hurry() - make a recall that is under way urgent
 * @core: us
 * @page: entry
 */
void dsm_home_hurry(struct dsm_core *core, struct dsm_page *page);

/**
 * dsm_home_waits_for() - who has not given the frame back
 * @page: entry
 *
 * Return: a bit per kernel: those to be taken for dead if they take too long.
 */
u32 dsm_home_waits_for(const struct dsm_page *page);

/**
 * dsm_home_protected() - home_protect() has ended
 * @core: us
 * @page: entry
 * @op: as given to home_protect()
 * @ok: false: it could not be done, the asker is told to ask again
 */
void dsm_home_protected(struct dsm_core *core, struct dsm_page *page, u32 op,
			bool ok);

/* Why a kernel has nothing of a frame any more. */
enum dsm_gone {
	DSM_OFF, /* its cores are off: what it held exclusively is lost */
	DSM_GAVE_BACK, /* it has said HELLO, and is the same as before */
	DSM_REBORN, /* it has said HELLO, and is not: the same as off */
};

/**
 * dsm_home_gone() - a kernel has nothing of the frame any more
 * @core: us
 * @page: entry
 * @kernel: a peer that is, or was, down
 * @how: why
 *
 * For each page, after dsm_peer_down() when the peer's cores are known to be off, and
 * after peer_ready(). Other calls may come in between: what the peer has been
 * granted since its HELLO stays, and if it is down again, a HELLO says nothing.
 */
void dsm_home_gone(struct dsm_core *core, struct dsm_page *page, u32 kernel,
		   enum dsm_gone how);

/**
 * dsm_home_timer() - the time given to later_page() is over
 * @core: us
 * @page: entry
 */
void dsm_home_timer(struct dsm_core *core, struct dsm_page *page);

/* ---- frames of others ---- */

/**
 * dsm_copy_init() - an entry for a frame of another kernel
 * @core: us
 * @copy: with @frame and @home set
 */
void dsm_copy_init(struct dsm_core *core, struct dsm_copy *copy);

/**
 * dsm_copy_idle() - may the entry go?
 * @copy: entry
 *
 * Return: we have nothing of it, and nothing is under way.
 */
bool dsm_copy_idle(const struct dsm_copy *copy);

/**
 * dsm_copy_may_map() - may a granted frame be mapped now?
 * @core: us
 * @copy: entry
 * @stamp: of the grant that named the address
 * @access: with which right
 *
 * The page table entry must be made under the same hold of the lock: a recall
 * comes before both or after both.
 *
 * Return: true if it may, as long as the lock is held.
 */
bool dsm_copy_may_map(struct dsm_core *core, struct dsm_copy *copy, u64 stamp,
		      enum dsm_access access);

/**
 * dsm_copy_unmapped() - copy_unmap() has ended
 * @core: us
 * @copy: entry
 * @op: as given to copy_unmap()
 */
void dsm_copy_unmapped(struct dsm_core *core, struct dsm_copy *copy, u32 op);

/**
 * dsm_copy_release() - give a frame back unasked
 * @core: us
 * @copy: entry
 *
 * A recall that is under way may leave it readable: call again until
 * dsm_copy_idle().
 */
void dsm_copy_release(struct dsm_core *core, struct dsm_copy *copy);

/**
 * dsm_copy_gone() - the home is down: drop its frame
 * @core: us
 * @copy: entry
 *
 * When dsm_copy_idle(), no line of it is in our caches.
 */
void dsm_copy_gone(struct dsm_core *core, struct dsm_copy *copy);

/**
 * dsm_copy_timer() - the time given to later_copy() is over
 * @core: us
 * @copy: entry
 */
void dsm_copy_timer(struct dsm_core *core, struct dsm_copy *copy);

#endif /* DSM_CORE_H */
