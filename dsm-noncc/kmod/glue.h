/* SPDX-License-Identifier: GPL-2.0 */
/*
 * glue.h - what the parts of dsm.ko know of each other.
 *
 * Two roles in each kernel. As home: spaces, whose pages (struct home_page) have
 * maps, one for each address of a space at which another kernel may use the
 * page. As body: windows, whose addresses have maps to copies (struct body_copy)
 * of other kernels' frames.
 *
 * Locks, outermost first:
 *	mmap lock or VMA lock, folio lock, locks of rmap
 *	dsm.maps	home: maps and the page table entries they stand for
 *	page table lock
 *	dsm.lock	the core, everything an interrupt looks at; irqs off
 */
#ifndef DSM_GLUE_H
#define DSM_GLUE_H

#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "dsm.h"
#include "dsm_core.h"
#include "dsm_hot.h"
#include "imb.h"

/* Counters of ours beside the core's; debugfs names them as they are here. */
#define DSM_COUNTERS(C)         \
	C(fault_read)           \
	C(fault_write)          \
	C(fault_exec)           \
	C(fault_upgrade)        \
	C(fault_local)          \
	C(fault_again)          \
	C(fault_busy)           \
	C(fault_failed)         \
	C(fault_interrupted)    \
	C(wait_us)              \
	C(neighbours)           \
	C(fetched)              \
	C(served)               \
	C(served_again)         \
	C(served_busy)          \
	C(refused)              \
	C(dropped)              \
	C(home_faults)          \
	C(turns_waited)         \
	C(gup_stopped)          \
	C(file_io)              \
	C(notified)             \
	C(notified_pages)       \
	C(notified_later)       \
	C(replicas)             \
	C(bytes_copied)         \
	C(mailbox_sent)         \
	C(mailbox_received)     \
	C(send_queued)          \
	C(peers_taken_for_dead) \
	C(frames_leaked)

enum dsm_counter {
#define C(name) DSM_C_##name,
	DSM_COUNTERS(C)
#undef C
		DSM_C_COUNT
};

/**
 * struct dsm_link - a peer
 * @id: of the peer; never changes
 * @ch: channel to it
 * @up: both ends are open
 * @out: what the core has sent since dsm.lock was taken; under it
 * @out_len: how many
 * @in: what is being received
 * @base: physical address of its memory
 * @size: bytes of it
 * @map: its memory as we see it, to keep the cache and copy executables
 * @backlog: messages that found no room
 * @backlog_len: how many
 * @work: what a change of @up leaves to be done
 * @down_since: jiffies
 * @gone: it does not run
 * @sure: that is known; otherwise only to be hoped
 * @ready: it has said HELLO
 * @same: in the same life as before
 * @settled: nothing is left of its last life
 * @lost: frames lost with it, not told yet; under dsm.lock
 * @queued: requests of it that wait here; under dsm.lock
 */
struct dsm_link {
	struct imb_channel *ch;
	bool up;
	struct dsm_wire out[DSM_WIRE_BATCH];
	unsigned int out_len;
	struct dsm_wire in[DSM_WIRE_BATCH];
	u64 base;
	u64 size;
	void *map;
	struct list_head backlog;
	unsigned int backlog_len;
	struct delayed_work work;
	unsigned long down_since;
	bool gone;
	bool sure;
	bool ready;
	bool same;
	bool settled;
	unsigned int lost;
	u32 id;
	u32 queued;
};

/* So many are woken when the lock is let go; more at once. */
#define DSM_WAKES 16

/**
 * struct dsm_wakes - who is to be woken
 * @n: how many
 * @who: each a queue or a task; both are freed after a grace period of RCU
 */
struct dsm_wakes {
	unsigned int n;
	struct {
		wait_queue_head_t *wq;
		struct task_struct *task;
	} who[DSM_WAKES];
};

/**
 * struct dsm - this kernel's part
 * @core: the protocol; under @lock
 * @lock: of the core; by dsm_lock()
 * @unsent: a bit for each link with something in @out
 * @wakes: collected under @lock
 * @maps: see above
 * @frames: struct home_page by frame number; changed under @maps and @lock
 * @spaces: struct dsm_space by number
 * @copies: struct body_copy by frame number, for each home; under @lock
 * @asks: struct body_ask by token; under @lock
 * @link: by kernel id; the own one is unused but for its memory
 * @line: bytes of a cache line that we keep by hand, or 0
 * @count: of DSM_COUNTERS, for debugfs
 */
struct dsm {
	struct dsm_core core;
	spinlock_t lock;
	u32 unsent;
	struct dsm_wakes wakes;
	spinlock_t maps;
	struct xarray frames;
	struct xarray spaces;
	struct xarray copies[DSM_KERNELS];
	DECLARE_HASHTABLE(asks, 8);
	struct dsm_link link[DSM_KERNELS];
	unsigned int line;
	atomic64_t count[DSM_C_COUNT];
};

extern struct dsm dsm;

#define dsm_count(name)	     atomic64_inc(&dsm.count[DSM_C_##name])
#define dsm_count_n(name, n) atomic64_add(n, &dsm.count[DSM_C_##name])

void link_flush(void);

void dsm_wake(wait_queue_head_t *wq);
void dsm_wake_task(struct task_struct *task);
void dsm_wake_not(struct task_struct *task);

/* For sparse; checkpatch takes no parentheses behind a prototype's. */
#define dsm_acquires __acquires(&dsm.lock)
#define dsm_releases __releases(&dsm.lock)

void dsm_lock(void) dsm_acquires;
unsigned long dsm_lock_save(void) dsm_acquires;
void dsm_unlock(void) dsm_releases;
void dsm_unlock_unsent(void) dsm_releases;
void dsm_unlock_restore(unsigned long flags) dsm_releases;

/* ---- home ---- */

/* So many pages go along with a thread; and so many come back with it. */
#define DSM_AHEAD  16
#define DSM_RECENT 64u

/**
 * struct space_ahead - what a kernel has asked for, the newest DSM_AHEAD pages
 * @asked: a ring of them
 * @n: how many there are
 * @next: where the next one goes, modulo DSM_AHEAD
 */
struct space_ahead {
	struct space_asked {
		unsigned long index;
		bool write;
	} asked[DSM_AHEAD];
	unsigned int n;
	unsigned int next;
};

/* So many pages that the home has got back for itself are remembered. */
#define SPACE_USES 256

/**
 * struct space_use - a page that a thread of the home had to wait for
 * @index: of the page
 * @until: it has had its time with it, then; 0: nothing
 */
struct space_use {
	unsigned long index;
	u64 until;
};

/**
 * struct dsm_space - an mm_struct that others may see
 * @mm: it; only to be looked into by who has mmget_not_zero()
 * @notifier: of the whole range: tells of every change
 * @by_mm: in the table by @mm; under RCU
 * @maps: struct home_map by page index; changed under dsm.maps
 * @number: its name for other kernels
 * @kernels: a bit for each that may ask; under dsm.lock
 * @ever: and each that might, once
 * @ahead: by kernel; under dsm.lock
 * @regrets: neighbours that the home had to get back since a thread last left
 * @uses: by page index, the newest
 * @dead: the mm has ended
 * @refs: users, one of them the living mm
 * @rcu: frees it
 * @end: what the end of the mm leaves to be done
 * @pid: of the process that was the first with this mm to be shown elsewhere
 * @hot_lock: guards @hot; innermost
 * @hot: what kernels wait for most
 */
struct dsm_space {
	struct mm_struct *mm;
	struct mmu_interval_notifier notifier;
	struct hlist_node by_mm;
	struct xarray maps;
	u32 number;
	u32 kernels;
	u32 ever;
	struct space_ahead ahead[DSM_KERNELS];
	unsigned int regrets;
	bool dead;
	refcount_t refs;
	struct rcu_head rcu;
	struct work_struct end;
	struct space_use uses[SPACE_USES];
	struct pid *pid;
	spinlock_t hot_lock;
	struct dsm_hot hot;
};

enum home_kind {
	HOME_PRIVATE, /* no entry is writable but that of one address space */
	HOME_SHARED, /* of a file, or shmem, mapped MAP_SHARED */
	HOME_FIXED, /* no ordinary page: the time data of the vDSO */
};

/**
 * struct home_page - a frame of ours that others have or want
 * @core: the directory's entry; under dsm.lock
 * @page: of the frame, with a reference as long as this is in dsm.frames
 * @maps: struct home_map; under dsm.maps
 * @wq: who waits for home_wake() or for the end of a protection
 * @refs: one of dsm.frames, others of asks and waiters
 * @protect: in the list of those to be lowered; under dsm.lock
 * @protecting: an operation of home_protect() to be done, 0 none; under dsm.lock
 * @protect_access: and to what; under dsm.lock
 * @kind: of the frame; never changes
 * @reap: in the list of those to be tidied up; under dsm.lock
 * @timer: of dsm_ops.later_page(); has a reference while it runs
 * @recall_stamp: of the recall that threads wait for; under dsm.lock
 * @recall_end: its holder is taken for dead then; under dsm.lock
 * @time: in the list of what time.c writes back; under dsm.maps
 * @lost_with: the kernel that died with what it had written; under dsm.lock
 * @neighbour: it was granted last without having been asked for
 * @kept: in the list of those that no space shows any more; under dsm.maps
 * @changed: when its file was
 * @steady: a later change of the file would show by that
 * @turn: whose it is to map the page; NULL: everybody may; set under dsm.maps
 * @turn_addr: and where
 * @rcu: frees it
 */
struct home_page {
	struct dsm_page core;
	struct page *page;
	struct list_head maps;
	wait_queue_head_t wq;
	refcount_t refs;
	struct list_head protect;
	u32 protecting;
	u8 protect_access;
	enum home_kind kind;
	struct list_head reap;
	struct hrtimer timer;
	u64 recall_stamp;
	ktime_t recall_end;
	struct list_head time;
	struct list_head kept;
	u8 lost_with;
	bool neighbour;
	struct timespec64 changed;
	bool steady;
	struct mm_struct *turn;
	unsigned long turn_addr;
	struct rcu_head rcu;
};

/**
 * struct home_map - a page at an address of a space
 * @space: whose address it is
 * @hp: the page; without a reference, since dsm.frames has one
 * @list: in @hp->maps; under dsm.maps
 * @index: page number of the address
 * @level: what the home's own entry allows, enum dsm_access; DSM_WRITE means that
 *	it is as it was, also if that is read-only
 * @has_pte: the home has an entry at this address
 * @writable: writing needs nothing but the frame
 * @prot: DSM_PROT_*, until a notifier takes this away
 * @saved: the entry before it was changed
 * @rcu: frees it
 */
struct home_map {
	struct dsm_space *space;
	struct home_page *hp;
	struct list_head list;
	unsigned long index;
	pte_t saved;
	u32 prot;
	u8 level;
	bool has_pte;
	bool writable;
	struct rcu_head rcu;
};

/**
 * struct home_near - pages around one that is asked for, within a block
 * @addr: of the block, not longer than a page of entries
 * @end: of it
 * @pages: bit n: the n-th may come along
 */
struct home_near {
	unsigned long addr;
	unsigned long end;
	unsigned long pages;
};

/**
 * struct home_ask - a peer's request on its way through this kernel
 * @ask: as the core takes it
 * @list: in the list of those to be served; under dsm.lock
 * @hp: what it was resolved to, with a reference
 * @many: neighbours are welcome
 * @near: to be told which neighbours there are; only while it is resolved
 * @gently: only if nothing has to be waited for
 * @tries: how often it was resolved in vain
 * @turn: where to put the page that was made its space's turn: outlives this
 */
struct home_ask {
	struct dsm_ask ask;
	struct list_head list;
	struct home_page *hp;
	struct home_near *near;
	u8 many;
	bool gently;
	unsigned int tries;
	struct home_page **turn;
};

struct dsm_space *dsm_space_find(u32 number, u32 inc);
struct dsm_space *dsm_space_of(struct mm_struct *mm);
struct dsm_space *dsm_space_next(unsigned long *number);
void space_hot(struct dsm_space *space, unsigned long addr,
	       enum dsm_hot_kind kind);
void space_used(struct dsm_space *space, unsigned long index, u64 until);
u64 space_used_until(struct dsm_space *space, unsigned long index);
void space_kill(struct dsm_space *space, u32 kernel);
void space_use_over(struct dsm_space *space, unsigned long index);
unsigned int space_pages(struct dsm_space *space, unsigned long *first,
			 unsigned long end, struct home_page **hp);

struct home_page *home_page_alloc(struct page *page, enum home_kind kind);
struct home_page *home_page_find(unsigned long pfn);
struct home_page *home_page_at(struct dsm_space *space, unsigned long index);
struct home_page *home_page_insert(struct home_page *hp);
void home_page_put(struct home_page *hp);
bool home_has(struct home_page *hp, enum dsm_access access);
int home_map_insert(struct home_page *hp, struct home_map *map);
void home_map_drop(struct home_map *map);
void home_recall_begin(struct home_page *const *hp, unsigned int n);
void home_recall_wait(struct home_page *hp);
void home_recall_end(struct home_page *const *hp, unsigned int n);
void home_recall(struct home_page *const *hp, unsigned int n);
bool home_fetch(struct home_page *hp, enum dsm_access access);
void home_fetch_all(struct home_page *const *hp, unsigned int n,
		    enum dsm_access access);
void home_tidy(struct home_page *hp);
bool home_work(void);
bool home_has_work(void);
void home_pages_gone(u32 kernel, enum dsm_gone how, bool sure);
void home_hooks_on(void);

bool protect_raise(struct home_page *hp);
int home_mapcount(struct page *page);
void protect_end(struct dsm_space *space, const unsigned long *index,
		 struct home_page *const *hp, unsigned int n);
bool protect_work(void);
bool protect_has_work(void);

void home_op_protect(void *ctx, struct dsm_page *page, enum dsm_access access,
		     u32 op);
void home_op_wake(void *ctx, struct dsm_page *page);
void home_op_lost(void *ctx, struct dsm_page *page, u32 kernel);
void home_op_later(void *ctx, struct dsm_page *page, u64 us);
struct dsm_page *home_op_find(void *ctx, u64 frame);

void link_op_send(void *ctx, u32 kernel, const struct dsm_wire *msg);
void link_op_ready(void *ctx, u32 kernel, bool same);
void link_give_up(u32 kernels);
int link_init(void);

/* What a home says of a mapping, in dsm_wire.prot */
#define DSM_PROT_READ  0x1
#define DSM_PROT_WRITE 0x2
#define DSM_PROT_EXEC  0x4
#define DSM_PROT_TIME  0x8 /* the home writes it at any time */

int resolve(struct dsm_space *space, struct home_ask *a, int *signal);

int serve_init(void);

/* A task that does itself what is left over by what it does. */
struct serve_worker {
	struct list_head list;
	struct list_head idle; /* of the pool */
	struct task_struct *task;
};

void serve_begin(struct serve_worker *worker);
void serve_end(struct serve_worker *worker);
void serve_unasked(struct dsm_space *space, const struct dsm_ask *ask);
void serve_kick(void);
void serve_hurry(void);
void serve_op_request(void *ctx, const struct dsm_msg *msg);
void serve_op_done(void *ctx, struct dsm_page *page, struct dsm_ask *ask,
		   enum dsm_result result);

bool use_pinned(struct home_page *hp);
bool use_keeps(struct home_page *hp);
struct home_page *use_shared_page(struct address_space *mapping, pgoff_t index);
void use_file(struct address_space *mapping, loff_t pos, size_t n);
void use_init(void);

struct home_page *turn_begin(struct dsm_space *space,
			     struct vm_area_struct *vma, unsigned long addr);
void turn_end(struct home_page *hp);
void turn_wait(struct home_page *hp, const struct vm_fault *vmf);

void keep_note(struct home_page *hp);
void keep_pages(struct dsm_space *space);
bool keep_use(struct home_page *hp);
void keep_end(struct home_page *hp);
unsigned int keep_count(void);
int keep_init(void);

void ahead_note(struct dsm_space *space, const struct dsm_ask *ask);
void ahead_inherit(struct dsm_space *space);

/* ---- body ---- */

/**
 * struct dsm_window - a process that shows a space
 * @id: of the space
 * @ops: the opener's callbacks
 * @ctx: for them
 * @mm: of the process
 * @file: what is mapped over the whole range
 * @pages: struct body_map by page index; under dsm.lock
 * @list: in the list of windows; under dsm.lock
 * @over: the home says that its space has ended; under dsm.lock
 * @closed: nothing comes any more
 * @welcome: so many pages that were not asked for may come; under dsm.lock
 * @recent: pages that were granted for writing, the newest DSM_RECENT
 * @recent_n: how many ever were since the last dsm_window_return()
 */
struct dsm_window {
	struct dsm_id id;
	const struct dsm_window_ops *ops;
	void *ctx;
	struct mm_struct *mm;
	struct file *file;
	struct xarray pages;
	struct list_head list;
	bool over;
	bool closed;
	unsigned int welcome;
	unsigned long recent[DSM_RECENT];
	unsigned int recent_n;
};

/**
 * struct body_copy - a frame of another kernel that we have or had
 * @core: the core's entry; under dsm.lock
 * @maps: struct body_map; under dsm.lock
 * @replica: our copy of it, to be executed
 * @unmap: in the list of what copies_op_unmap() has started
 * @unmap_op: the operation to be reported then; under dsm.lock
 * @unmap_access: what may stay mapped; under dsm.lock
 * @time: in the list of what time.c keeps fresh; under body_unmapping
 * @timer: of dsm_ops.later_copy(); has a reference while it runs
 * @refs: one of dsm.copies, others of who looks at it
 * @rcu: frees it
 */
struct body_copy {
	struct dsm_copy core;
	struct list_head maps;
	struct page *replica;
	struct list_head unmap;
	u32 unmap_op;
	u8 unmap_access;
	struct list_head time;
	struct hrtimer timer;
	refcount_t refs;
	struct rcu_head rcu;
};

/**
 * struct body_map - a copy at an address of a window
 * @win: whose address it is
 * @copy: of which frame
 * @list: in @copy->maps; under dsm.lock
 * @index: page number of the address
 * @prot: DSM_PROT_*, the home's word
 * @stamp: of the grant that named this address
 */
struct body_map {
	struct dsm_window *win;
	struct body_copy *copy;
	struct list_head list;
	unsigned long index;
	u32 prot;
	u64 stamp;
};

/**
 * struct body_ask - a thread that waits for a page, or nobody (fetched ahead)
 * @win: where the page is wanted
 * @token: its name on the wire
 * @node: in dsm.asks, by @token; under dsm.lock
 * @addr: the address that is accessed, or any other of the page
 * @done: the answer is there; under dsm.lock like the next
 * @code: of a refusal, 0: look again
 * @copy: prepared, so that an interrupt need not allocate
 * @map: the same
 * @task: who waits; NULL: fetched ahead, the answer frees this
 */
struct body_ask {
	struct dsm_window *win;
	u64 token;
	struct hlist_node node;
	unsigned long addr;
	bool done;
	u32 code;
	struct task_struct *task;
	struct body_copy *copy;
	struct body_map *map;
};

/* All windows; under dsm.lock and body_unmapping. */
extern struct list_head body_windows;

void window_unmap(struct list_head *maps, enum dsm_access keep);
void window_home_down(u32 kernel);
void window_over(const struct dsm_msg *msg);

/**
 * ask_page() - ask the home for a page, and wait for the answer
 * @win: window
 * @addr: the very address: the home counts what is waited for
 * @access: with which right
 * @exec: to be executed
 * @state: TASK_INTERRUPTIBLE or TASK_KILLABLE
 * @code: of a refusal, 0: look again
 *
 * Return: 0, -EINTR by a signal, -EAGAIN if the home has not said hello yet,
 * -ENOTCONN, -ENOMEM.
 */
int ask_page(struct dsm_window *win, unsigned long addr, enum dsm_access access,
	     bool exec, unsigned int state, u32 *code);
unsigned int asks_count(void);
void asks_end(struct dsm_window *win, u32 code);
void asks_again(void);
void asks_welcome(struct dsm_window *win, unsigned int n);
void ask_op_granted(void *ctx, struct dsm_copy *copy,
		    const struct dsm_msg *msg);
void ask_op_refused(void *ctx, const struct dsm_msg *msg);
struct dsm_copy *ask_op_accept(void *ctx, const struct dsm_msg *msg);

int copies_init(void);
void copies_unmap_here(void);
void copies_unmap_now(void);
void ahead_granted(struct dsm_window *win, unsigned long index);
struct body_copy *copy_alloc(gfp_t gfp);
struct body_copy *copy_hold(struct body_copy *copy);
void copy_put(struct body_copy *copy);
int copy_insert(struct body_copy *copy, u32 home, u64 frame);
int copy_replicate(struct body_copy *copy, u64 stamp, bool time);
bool copies_drop(u32 home);
void copies_release_unused(u32 home);

/* Held while maps are taken from copies and windows, over the unmapping. */
extern struct mutex body_unmapping;

struct dsm_copy *copies_op_find(void *ctx, u32 home, u64 frame);
void copies_op_unmap(void *ctx, struct dsm_copy *copy, enum dsm_access access,
		     u32 op);
void copies_op_later(void *ctx, struct dsm_copy *copy, u64 us);

/* ---- both ---- */

int time_copy(void *to, const void *from);
void time_keep(struct body_copy *copy);
void time_lend(struct home_page *hp);
void time_end(struct home_page *hp);

void *dsm_frame_address(u64 frame);
bool dsm_frame_of(u32 kernel, u64 frame);
int dsm_debugfs_init(void);

#endif /* DSM_GLUE_H */
