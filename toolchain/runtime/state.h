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

#define TB_STACK_SIZE (64UL << 20)
/* The first thread's; the others have less stack */
#define TB_RECORDS_SIZE	       (256UL << 20)
#define TB_THREAD_RECORDS_SIZE (64UL << 20)
/* What one frame may save; the buffer's end is checked once per frame. */
#define TB_RECORD_MAX (1UL << 20)

#define TB_MAGIC   0x316f6c6f626d6f54UL /* Tombolo1 */
#define TB_MAPS	   8192
#define TB_SIGNALS 65
#define TB_FDS	   256
#define TB_THREADS 2048

enum tb_isa { TB_X86_64, TB_AARCH64, TB_RISCV64, TB_ISAS };

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
	u64 offset; /* in the state file; of what is shared with others, in that */
	s32 fd; /* of that: the runtime's own descriptor, or -1 */
	u32 unused;
};

/* TB_NATIVE: stacks of one ISA's code, which nobody else wants carried */
enum tb_kind { TB_NORMAL, TB_STACK, TB_RECORDS, TB_SHARED, TB_NATIVE };

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

/* What setitimer() was told: when next, and every so often */
struct tb_interval {
	s64 every[2], next[2];
};

enum tb_policy { TB_NEVER, TB_EVERY, TB_AT, TB_SIGNAL, TB_RANDOM };

/* Who may run: the thread's code in the other process, or its home for it */
enum tb_turn { TB_BODY, TB_HOME };

/* What a body asks its home for */
enum tb_ask {
	TB_NOTHING, /* only that the home has its turn */
	TB_SYSCALL,
	TB_CANCEL_POINT, /* a system call at which it may be cancelled */
	TB_CLONE,
	TB_FAULT,
	TB_MOVE,
	TB_END
};

/* What a home has for its body */
enum tb_order { TB_RETURN, TB_HANDLE };

/*
 * Between the two halves of a thread that is away. One writes at a time: the one
 * whose turn it is; but knock, which is the home's.
 */
struct tb_mail {
	u32 turn; /* a futex */
	u32 knock; /* a signal waits for the home's turn */
	u32 ask, order;
	s64 arg[8];
	s64 ret;
	u32 depth; /* handlers that the body is in */
	u32 handled; /* the last one has ended */
	/* Of a signal to be handled */
	u32 sig;
	u32 at_cancel_point;
	u32 cancelled;
	u32 unused;
	u64 handler, mask;
	u8 info[128];
};

/* A thread of the program, wherever it is. Its number is its place in the list. */
struct tb_thread {
	struct tb_record *last;
	char *cur; /* next record goes here */
	char *records; /* the buffer */
	u64 records_size;
	char *dsp;
	void *tp;
	u64 sigmask;
	u32 used;
	u32 where; /* the ISA */
	u32 hops;
	u32 forbidden; /* depth of tombolo_forbid() */
	/* When it is to move: what policy.c counts, and what others asked for */
	u64 points, seed;
	u32 at_isa;
	u32 asked; /* 0, TB_NEXT or TB_TO + an ISA */
	u32 go[TB_ISAS]; /* futexes: its body there is to run */
	u32 body[TB_ISAS]; /* kernel's number of its body there, or 0 */
	/* Its native stack on each ISA stays with the place in the list */
	char *native[TB_ISAS];
	u64 native_size[TB_ISAS];
	u32 special; /* one of enum tb_special, instead of a migration */
	u32 kick; /* it is to come out of the system call that it waits in */
	s64 result; /* what the point gives to the program */
	u32 waits; /* in such a call, or about to be */
	u32 stopped; /* until the state is saved, all frames are records */
	u32 number; /* of the thread, as the program knows it ... */
	u32 kernel; /* ... and as the kernel does, at home */
	u64 cleared; /* the word that the kernel clears at the thread's end */
	u32 stays; /* why it did not leave its stack: one of enum tb_stays */
	u32 unused;
	u64 pending; /* signals that had come for it when it stopped */
	char name[16]; /* as the kernel shows it, while that cannot */
	struct tb_mail mail;
};

enum { TB_NEXT = 1, TB_TO };

/* What else needs all frames as records */
enum tb_special { TB_GATHER = 1, TB_FORK, TB_SAVE };

/* Why a thread cannot leave its stack where it is */
enum tb_stays {
	TB_MAY_LEAVE,
	TB_IN_HANDLER,
	TB_FORBIDDEN,
	TB_PINNED,
	TB_IN_CALLBACK,
	TB_NO_MEMORY
};

#define TB_FILED 0x656c6966

enum { TB_TIED_ROBUST = 1, TB_TIED_PRIORITY = 2, TB_TIED_TIMER = 4 };

/* Of a place in the list of threads. The first thread's is not given again. */
enum tb_use { TB_FREE, TB_USED, TB_ENDED };

/* What an agent is asked for */
enum tb_what { TB_START, TB_FORGET };

/* The process that has the bodies of one ISA: what its first thread is asked */
struct tb_agent {
	u32 pid;
	u32 turn; /* a futex: TB_BODY while the agent works */
	u32 what;
	u32 watcher; /* a thread that is there as long as the process */
	u64 arg[2];
};

struct tb_world {
	u64 magic;
	u64 size;
	u64 build; /* of the program: another one's state is refused */
	u64 maps;
	u64 data_start, data_len, data_offset;
	u32 current; /* the thread, while there is only one */
	u32 threads; /* besides that one */
	/* Several processes have the memory: its file and the end of a pipe */
	u32 shared;
	s32 file, life;
	u32 home; /* process of all threads as the kernel sees them */
	u32 home_isa;
	u32 changing; /* odd while the list of mappings changes */
	struct tb_agent agent[TB_ISAS];
	/* policy */
	u64 policy, count, lo, hi, seed;
	u64 hops, limit, refused;
	/* pinned: has something that an exec would silently end */
	u32 isas, verbose, pinned;
	u32 slots; /* of thread[] that were ever used */
	u8 order[8];
	char images[512];
	char save_to[256];
	u32 saving; /* a futex: all threads are to stop, or to begin again */
	u32 renumbered; /* threads have other numbers than the kernel gave */
	u32 tied; /* TB_TIED_...: what the program did that no file can hold */
	u32 filed; /* TB_FILED: a state file, no hand-over between two ISAs */
	/* Of a state file: it may be cut or damaged since */
	u64 end, sum;
	/* carried */
	u64 fds;
	struct tb_interval timer[3];
	char folder[256];
	u32 umask, has_folder;
	struct tb_sigaction sig[TB_SIGNALS];
	struct tb_fd fd[TB_FDS];
	struct tb_map map[TB_MAPS];
	struct tb_thread thread[TB_THREADS];
};

#define tb_state ((struct tb_world *)TB_STATE_AT)

_Static_assert(sizeof(struct tb_record) == 32, "the pass counts on 32");
_Static_assert(sizeof(struct tb_map) == 40, "the same on all ISAs");
_Static_assert(sizeof(struct tb_fd) == 256, "the same on all ISAs");
_Static_assert(sizeof(struct tb_mail) == 256, "the same on all ISAs");
_Static_assert(sizeof(struct tb_thread) == 496, "the same on all ISAs");

#endif
