/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A machine of several kernels that share one memory, as unkind to them as
 * imb_port.h allows. One thread; the caller decides who runs, and every other
 * decision is asked of it too, so that a seed or a search repeats a run.
 *
 * SIM_CACHES: each kernel has a cache that nobody snoops. Lines move whole. They
 * move when a kernel cleans or invalidates them, and besides at any moment: a
 * dirty line may be written back, a clean one dropped, an absent one fetched.
 *
 * SIM_COHERENT: one memory; clean and invalidate do nothing at all.
 *
 * In both, the stores of a kernel leave its store buffer in any order that wmb,
 * mb and clean permit, and a load may have been satisfied as long ago as rmb, mb
 * and inval permit.
 *
 * SIM_ORDER: one memory and nothing late, but every pair of accesses that no
 * barrier orders is reported: see order.h.
 *
 * Reported at once as a bug: a kernel that writes a line another kernel writes,
 * or invalidates a line that it writes, or leaves the window. The window's
 * addresses cannot be touched but through the port.
 */
#ifndef IMB_SIM_H
#define IMB_SIM_H

#include "imb_port.h"
#include "order.h"

#define SIM_KERNELS 8
#define SIM_STORES  16 /* entries of a store buffer */
#define SIM_LATE    64 /* loads in flight */
#define SIM_CHANGES 64 /* how far back an early load can reach */
#define SIM_HOT	    32 /* lines whose eviction is most interesting */
#define SIM_NOBODY  0xff

enum sim_kind { SIM_CACHES, SIM_COHERENT, SIM_ORDER };

enum sim_line {
	SIM_ABSENT, /* not yet, or dropped: an early load may have seen it */
	SIM_FORGOTTEN, /* invalidated: every load finds what is fetched now */
	SIM_CLEAN,
	SIM_DIRTY,
};

/**
 * struct sim_ops - what the caller decides
 * @choose: (mandatory) a number below @n; 0 is what a tame machine does
 * @yield: (optional) kernel @k is about to access memory: others may run first
 * @bell: (optional) @from rings @to
 * @bug: (mandatory) the core broke the port's rules
 */
struct sim_ops {
	u32 (*choose)(void *ctx, u32 n);
	void (*yield)(void *ctx, u32 k);
	void (*bell)(void *ctx, u32 from, u32 to);
	void (*bug)(void *ctx, const char *text);
};

/**
 * struct sim_rates - one in so many accesses; 0 for never
 * @drain: a store leaves the buffer of its own accord
 * @move: a cache line moves of its own accord
 * @early: a load was satisfied before its time
 */
struct sim_rates {
	u32 drain;
	u32 move;
	u32 early;
};

/* A word that was overwritten, for loads that were satisfied before. */
struct sim_change {
	u64 time;
	u32 word;
	u64 old;
};

/* Memory as one kernel (its cache) or every kernel (coherent) sees it. */
struct sim_memory {
	u8 *bytes;
	u64 changes;
	struct sim_change log[SIM_CHANGES];
};

/* Part of one word, on its way to the cache. */
struct sim_store {
	u32 word;
	u32 epoch;
	u8 at;
	u8 len;
	u8 bytes[8];
};

/* Part of one word that has been asked for. */
struct sim_late {
	u8 *to;
	u32 word;
	u8 at;
	u8 len;
};

/**
 * struct sim_kernel - one kernel's view
 * @view: its memory
 * @line: SIM_CACHES: enum sim_line of each line
 * @seen: per word: time of the newest load, no later one is older
 * @floor: no load is satisfied before this time
 * @newest: time of the newest load so far
 * @epoch: counts write barriers
 * @stores: the store buffer, oldest first
 * @n_stores: how many
 * @late: loads in flight
 * @n_late: how many
 */
struct sim_kernel {
	struct sim_memory *view;
	u8 *line;
	u64 *seen;
	u64 floor;
	u64 newest;
	u32 epoch;
	struct sim_store stores[SIM_STORES];
	u32 n_stores;
	struct sim_late late[SIM_LATE];
	u32 n_late;
};

/**
 * struct imb_sim - the machine
 * @kind: of caches
 * @line_size: bytes of a cache line
 * @size: bytes of the window
 * @base: its address, which nobody can dereference
 * @dram: what no cache has
 * @writer: per line: the kernel that may write it, SIM_NOBODY until one does
 * @now: counts changes of memory
 * @ms: the clock of imb_port_now_ms()
 * @accesses: how many there have been
 * @bugs: how often ops.bug was called
 * @trace: print every access
 * @rates: of what happens by itself
 * @ops: the caller's decisions
 * @ctx: for them
 * @hot: the lines last accessed, a ring
 * @n_hot: how many ever were
 * @memory: one for each cache, or the first for all
 * @kernel: by number
 * @order: SIM_ORDER: who knows what
 */
struct imb_sim {
	enum sim_kind kind;
	u32 line_size;
	u32 size;
	u8 *base;
	u8 *dram;
	u8 *writer;
	u64 now;
	u64 ms;
	u64 accesses;
	u32 bugs;
	bool trace;
	struct sim_rates rates;
	struct sim_ops ops;
	void *ctx;
	u32 hot[SIM_HOT];
	u32 n_hot;
	struct sim_memory memory[SIM_KERNELS];
	struct sim_kernel kernel[SIM_KERNELS];
	struct sim_order *order;
};

/**
 * sim_create() - build a machine with empty caches
 * @kind: of caches
 * @line_size: 64 or 128
 * @size: bytes of the window, a multiple of 4096
 * @n_kernels: how many share it
 * @ops: the caller's decisions
 * @ctx: handed to them
 *
 * Return: the machine, its memory zero. Leaves the program if there is no room.
 */
struct imb_sim *sim_create(enum sim_kind kind, u32 line_size, u32 size,
			   u32 n_kernels, const struct sim_ops *ops, void *ctx);
void sim_destroy(struct imb_sim *sim);

/**
 * sim_own() - only this kernel may write there
 * @sim: machine
 * @offset: in the window
 * @n: bytes
 * @k: kernel
 */
void sim_own(struct imb_sim *sim, u64 offset, u64 n, u32 k);

/**
 * sim_guarded() - these bytes are read and written under a guard
 * @sim: machine
 * @offset: in the window
 * @n: bytes
 */
void sim_guarded(struct imb_sim *sim, u64 offset, u64 n);

/**
 * sim_drain() - time passes: a kernel's stores leave its buffer
 * @sim: machine
 * @k: kernel
 */
void sim_drain(struct imb_sim *sim, u32 k);

/**
 * sim_interrupt() - a kernel takes a bell: what it loads from now on is not older
 * @sim: machine
 * @k: kernel
 */
void sim_interrupt(struct imb_sim *sim, u32 k);

/**
 * sim_crash() - a kernel is no more
 * @sim: machine
 * @k: kernel
 *
 * Stores in its buffer and lines in its cache are lost, land now, or (lines)
 * land later or are found by the next incarnation, which has the same cache.
 */
void sim_crash(struct imb_sim *sim, u32 k);

/**
 * sim_copy_in_late() - a host's copy whose loads take their time
 * @port: as for imb_port_copy_in()
 * @dst: not to be looked at before sim_settle() or a barrier that waits for loads
 * @src: in the window
 * @n: bytes
 */
void sim_copy_in_late(struct imb_port *port, void *dst, const void *src,
		      size_t n);
void sim_settle(struct imb_port *port);

/**
 * sim_poke() - overwrite memory from outside, past all rules and caches
 * @sim: machine
 * @offset: in the window
 * @src: bytes
 * @n: how many
 */
void sim_poke(struct imb_sim *sim, u64 offset, const void *src, size_t n);

/**
 * sim_peek() - read memory from outside
 * @sim: machine
 * @offset: in the window
 * @dst: filled in
 * @n: how many
 */
void sim_peek(const struct imb_sim *sim, u64 offset, void *dst, size_t n);

#endif /* IMB_SIM_H */
