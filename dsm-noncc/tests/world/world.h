/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several kernels with the core in each, and everything around it that can
 * happen in any order: threads that touch pages, messages under way, page tables
 * changed late, caches, time, links that fall, kernels that die and come back.
 *
 * One flat structure, so that a copy of it is a snapshot. Whoever drives it asks
 * for the moves that are possible and makes one; the explorer makes them all, the
 * stress draws lots.
 */
#ifndef WORLD_H
#define WORLD_H

#include "dsm_intern.h"

#ifndef WORLD_KERNELS
#define WORLD_KERNELS 3
#endif
#ifndef WORLD_FRAMES
#define WORLD_FRAMES 2
#endif
#ifndef WORLD_THREADS
#define WORLD_THREADS 4
#endif
#ifndef WORLD_JOBS
#define WORLD_JOBS 8
#endif
#define WORLD_OPS   4
#define WORLD_QUEUE (4 * WORLD_JOBS)
#define WORLD_ASKS  (2 * WORLD_JOBS)

enum op {
	OP_END, /* must be 0 */
	OP_READ,
	OP_WRITE, /* reads, and writes what was read, plus one */
	OP_EXEC, /* reads as an instruction fetch would */
	OP_RELEASE, /* the host gives the frame back */
	OP_RECALL, /* at the home: as for munmap() */
	OP_URGENT, /* the same, where nobody may sleep */
	OP_HURRY, /* the same, found urgent only after it began */
	OP_PUSH, /* at the home: a frame is offered to kernel 1 */
};

struct program {
	u8 kernel;
	u8 op[WORLD_OPS];
	u8 frame[WORLD_OPS];
};

/* What may happen besides. */
struct rules {
	const char *name;
	u32 kernels;
	u32 frames;
	u8 home[WORLD_FRAMES];
	struct program program[WORLD_THREADS];
	u32 hold_us;
	u32 step_us; /* that passes whenever a kernel looks at its clock */
	u8 mortal; /* a bit for each kernel that may die */
	u8 deaths; /* how many in all */
	u8 restarts;
	u8 hiccups; /* links that fall though both ends live */
	u8 failures; /* page tables that can't be changed */
	bool evict; /* dirty lines go to memory by themselves */
	bool late; /* what a hello means is dealt with later */
	bool slow; /* requests are resolved later than they come */
	bool forever; /* programs begin anew */
	bool long_run; /* not one of those that every change is checked by */
};

enum thread_state {
	RUNS,
	ASKED, /* a REQUEST is open */
	GRANTED, /* it may be mapped */
	WAITS, /* at the home, for home_wake() */
	RECALLS, /* between dsm_home_recall() and _end() */
	ENDED,
};

struct thread {
	u8 kernel;
	u8 pc;
	u8 state;
	u8 tries;
	u64 token;
	u64 stamp;
};

enum link { LINK_UP, LINK_CUT, LINK_DOWN };

/* Something that the core has started. */
struct job {
	bool used;
	bool of_copy;
	u8 frame;
	u8 access;
	u32 op;
};

struct slot {
	bool used;
	bool resolved;
	u8 frame;
	struct dsm_ask ask;
};

struct host {
	struct dsm_core core;
	struct dsm_page page[WORLD_FRAMES];
	struct dsm_copy copy[WORLD_FRAMES];
	u8 pte[WORLD_FRAMES];
	bool page_timer[WORLD_FRAMES];
	bool copy_timer[WORLD_FRAMES];
	struct job job[WORLD_JOBS];
	struct slot slot[WORLD_ASKS];
	u64 now;
	u8 link[WORLD_KERNELS];
	u8 due[WORLD_KERNELS]; /* frames to deal with after a hello */
	bool due_same[WORLD_KERNELS];
	bool alive; /* takes part */
	bool off; /* can't touch memory either */
};

struct queue {
	u32 n;
	struct dsm_wire msg[WORLD_QUEUE];
};

/* A frame in one kernel's cache. */
struct line {
	bool dirty;
	u16 value;
};

struct world {
	struct rules rules;
	struct host host[WORLD_KERNELS];
	struct queue queue[WORLD_KERNELS][WORLD_KERNELS];
	struct thread thread[WORLD_THREADS];
	u8 deaths, restarts, hiccups, failures;
	u8 died; /* a bit for each that ever did */
	u16 truth[WORLD_FRAMES];
	u16 memory[WORLD_FRAMES];
	struct line line[WORLD_KERNELS][WORLD_FRAMES];
	const char *bug;
	u8 hostile; /* of this kernel nothing is expected */
	u64 accesses;
	u64 lost;
};

enum move_kind {
	MOVE_STEP, /* thread a goes on */
	MOVE_DELIVER, /* the next message from a to b */
	MOVE_JOB, /* kernel a ends its job b; c: it fails */
	MOVE_RESOLVE, /* kernel a resolves its request b */
	MOVE_TIME, /* time passes in kernel a */
	MOVE_EVICT, /* kernel a's line of frame b goes to memory */
	MOVE_DIE, /* kernel a says nothing more */
	MOVE_DOWN, /* kernel a finds its link to b down */
	MOVE_UP, /* kernel a says hello to b again */
	MOVE_OFF, /* kernel a is known to be off; c: dirty lines are lost */
	MOVE_RESTART, /* kernel a comes back */
	MOVE_CUT, /* the link between a and b falls */
	MOVE_GONE, /* kernel a deals with b's hello, frame c */
	MOVE_AGAIN, /* thread a asks again, after a long time */
};

struct move {
	u8 kind;
	u8 a;
	u8 b;
	u8 c;
};

#define WORLD_MOVES 512

/* The one world; its objects point to one another. */
extern struct world world;

void world_create(const struct rules *rules);

/* Return: how many moves are possible now. */
u32 world_moves(struct move *out);
/* What remains if nothing else is possible. */
u32 world_last_resort(struct move *out);
void world_do(const struct move *move);

/* All threads that can have ended, nothing is under way. */
bool world_ended(void);

/* What must be true at any moment; sets world.bug. */
void world_check(void);
/* What must be true when it has ended. */
void world_check_end(void);

void world_bug(const char *text);

/* Does anything have to be true of this frame? */
bool world_trusts(u32 frame);

/* Memory as each kernel sees it; the driver brings it. */
struct memory {
	u16 (*load)(u32 kernel, u32 frame);
	void (*store)(u32 kernel, u32 frame, u16 value);
	void (*clean)(u32 kernel, u32 frame);
	void (*inval)(u32 kernel, u32 frame);
	/* Every dirty line is lost, or goes to memory. */
	void (*off)(u32 kernel, bool lose);
	u16 (*peek)(u32 frame);
	/* Lines that memory does not have yet? */
	bool (*dirty)(u32 kernel, u32 frame);
};

extern const struct memory *memory;
extern const struct memory lines; /* world.line, as stale as can be */

void world_describe(const struct move *move, char *text, size_t size);

#endif /* WORLD_H */
