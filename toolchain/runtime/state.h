/* SPDX-License-Identifier: GPL-2.0 */
/*
 * state.h - what the runtimes of all ISAs agree on: where things lie, and what
 * is carried from one to the other. Compiled for each ISA; the layout is the
 * same for all, and checked.
 */
#ifndef TB_STATE_H
#define TB_STATE_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long u64;
typedef long s64;

#define NULL	((void *)0)
#define TB_PAGE 4096UL

/* The lower 256 GiB, which the smallest user address space (Sv39) has. */
#define TB_STATE_AT    0x50000000UL
#define TB_ARENA_START 0x1000000000UL
#define TB_ARENA_END   0x3000000000UL

#define TB_STACK_SIZE	(64UL << 20)
#define TB_RECORDS_SIZE (256UL << 20)
/* What one frame may save; the buffer's end is checked once per frame. */
#define TB_RECORD_MAX (1UL << 20)

#define TB_MAGIC   0x316f6c6f626d6f54UL /* Tombolo1 */
#define TB_MAPS	   8192
#define TB_SIGNALS 65
#define TB_FDS	   256

/* Of one frame, innermost first; pass/tombolo.h knows the size. */
struct tb_record {
	void *resume;
	u32 size;
	u32 site;
	struct tb_record *prev;
	u64 reserved;
};

/* Of all that the program mapped, sorted by address. */
struct tb_map {
	u64 start;
	u64 len;
	u32 prot;
	u32 kind;
	u64 offset; /* in the state file */
};

enum tb_kind { TB_NORMAL, TB_STACK, TB_RECORDS, TB_SHARED };

/* As the program gave it, in musl's layout for the virtual architecture. */
struct tb_sigaction {
	u64 handler;
	u64 flags;
	u64 mask;
	u64 unused;
};

/* A descriptor of a state file, or one to be closed at the next exec. */
struct tb_fd {
	s32 fd;
	s32 flags;
	u64 offset;
	char path[240];
};

enum tb_policy { TB_NEVER, TB_EVERY, TB_AT, TB_SIGNAL, TB_RANDOM };

struct tb_thread {
	struct tb_record *last;
	char *cur; /* next record goes here */
	char *records; /* the buffer */
	char *dsp;
	char *stack; /* lowest address of the data stack, 0 if musl's */
	void *tp;
	u64 sigmask;
	s32 *clear_tid;
};

struct tb_world {
	u64 magic;
	u64 size;
	u64 build; /* of the program: another one's state is refused */
	u64 maps;
	u64 data_start, data_len, data_offset;
	struct tb_thread main;
	/* policy */
	u64 policy, count, points, lo, hi, seed;
	u64 hops, limit, refused;
	/* pinned: has something that an exec would silently end */
	u32 isas, at_isa, verbose, pinned;
	u8 order[8];
	char images[512];
	char save_to[256];
	/* carried */
	u64 fds;
	u64 nrandom;
	struct tb_sigaction sig[TB_SIGNALS];
	struct tb_fd fd[TB_FDS];
	struct tb_map map[TB_MAPS];
};

#define tb_state ((struct tb_world *)TB_STATE_AT)

_Static_assert(sizeof(struct tb_record) == 32, "the pass counts on 32");
_Static_assert(sizeof(struct tb_map) == 32, "the same on all ISAs");
_Static_assert(sizeof(struct tb_fd) == 256, "the same on all ISAs");
_Static_assert(sizeof(struct tb_thread) == 64, "the same on all ISAs");

#endif
