/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the explorer share; README.md explains the model. */
#ifndef MODEL_H
#define MODEL_H

#include "geometry.h"
#include "intern.h"

#define KERNELS	   2
#define LINE_WORDS 16
#define MAX_LINES  64 /* lines of a section that a configuration may touch */

/*
 * What a kernel does, one after the other. The first group is done as soon as
 * the kernel gets there; before each of the second the other kernel may run.
 */
enum op_type {
	OP_STORE,
	OP_WMB,
	OP_RMB,
	OP_CLEAN,
	OP_INVAL,

	OP_NONE, /* only a place where the other kernel may run */
	OP_LOAD,
	OP_LAZY, /* a load whose value is not needed before the next fence */
	OP_OWN, /* a load from this kernel's own section */
	OP_MB,
	OP_BELL,
	OP_SLEEP,
	OP_CHOOSE, /* the program asks for any number below n */
	OP_FAIL, /* the program has found a fault */
};

/**
 * struct op - one operation
 * @type: enum op_type
 * @n: words
 * @word: first of them: number of the line in its section * LINE_WORDS + offset
 * @site: call site, plus one
 * @outer: site of the imb_publish() or imb_observe() around it, plus one
 * @v: STORE: the values; LOAD: v[0] if the words are read together; FAIL: v[0]
 *	number of the message
 */
struct op {
	u8 type;
	u8 n;
	u16 word;
	u16 site;
	u16 outer;
	u32 v[2];
};

/* What a kernel gets to know when it goes on. */
struct input {
	u32 n;
	u32 v[LINE_WORDS];
};

/* Why a sleeping kernel goes on: input.v[0]. */
enum wake {
	WAKE_BELL = 1,
	WAKE_TICK,
	WAKE_TICK_AGAIN, /* the last beat has not been seen: it need not move */
	WAKE_LATE,
	WAKE_GONE,
	WAKE_STOP,
	WAKE_GO,
};

/**
 * struct facts - what a program says of itself, for properties of both
 * @up: in a session
 * @done: has nothing more to do
 * @ready: in a session, and so is its channel
 * @closed: has closed its end of the channel
 * @alive: has seen the other's beat move, and need not see it again
 * @sent: messages sent in the session
 * @got: messages received in it
 * @mine: the session, as named by this kernel
 * @theirs: and by the other
 */
struct facts {
	u8 up;
	u8 done;
	u8 alive;
	u8 closed;
	u8 ready;
	u8 pad[3];
	u32 sent;
	u32 got;
	u32 mine;
	u32 theirs;
};

struct state;

/**
 * struct config - one configuration to be explored
 * @name: of it
 * @brief: what is explored, one line
 * @full: left out of the quick set
 * @geometry: shape of the window
 * @left: word number @word of the section that earlier incarnations have left,
 *	NULL for zeroes
 * @fresh: zeroes all the same
 * @program: what each kernel runs; never returns
 * @size: bytes of the programs' private data
 * @settle: forget what does not matter to the future (counters)
 * @stuck: both sleep and no bell is under way: NULL, or what is wrong with that
 * @report: print what has been covered
 * @plain: caches never write back or fetch a line unless they are told to
 * @converge: a state in which both are done must stay reachable
 * @ends: without ticks every run must come to an end
 * @found: a fault must be found, that is the test
 * @litmus: programs for program_litmus.c
 * @reads: what the litmus programs read, in decimal digits
 * @messages: how many each kernel sends
 * @words: payload words of a message
 * @start: ring position to start at
 * @batch: messages sent before a kick
 * @ticks: sleeping kernels may be woken by their clock
 * @quiet: but not while both are in a session
 * @settled: start in a session, both asleep; WAKE_GO lets them speak
 * @late: how often each may wake after so long that the peer seems silent
 * @crashes: how often each may crash and boot again
 * @gone: the survivor of a crash is told of it
 * @reopen: how often each closes and opens its channel
 * @window: channel window, as for imb_link_open()
 * @stops: how often each may leave the link
 */
struct config {
	const char *name;
	const char *brief;
	bool full;
	struct imb_geometry geometry;
	u32 (*left)(u32 k, u32 word);
	bool fresh;
	void (*program[KERNELS])(struct imb_port *port, void *data, u32 boot);
	size_t (*size)(void);
	void (*settle)(u32 k, void *data);
	const char *(*stuck)(const struct facts *f);
	void (*report)(void);
	bool plain;
	bool converge;
	bool ends;
	bool found;
	const char *litmus[KERNELS];
	u32 reads[KERNELS];
	u32 messages[KERNELS];
	u32 words;
	u32 start;
	u32 batch;
	bool ticks;
	bool quiet;
	bool settled;
	u32 late[KERNELS];
	u32 crashes[KERNELS];
	bool gone;
	u32 reopen[KERNELS];
	u32 window;
	u32 stops[KERNELS];
};

extern const struct config *cfg;
extern const struct config configs[];

/* port.c: places in the window, and calls of the programs */
u8 *model_window(void);
u8 *section(u32 owner);
u16 word_of(u32 owner, const void *p);
const char *word_name(u32 owner, u16 word);
void port_reset(void);
void model_load_lazily(struct imb_port *port, u32 *to, const void *from, u32 n);
void model_settle_loads(struct imb_port *port);
u32 model_sleep(struct imb_port *port);
u32 model_choose(struct imb_port *port, u32 n);
void model_fail(struct imb_port *port, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));
struct facts *model_facts(struct imb_port *port);

#define model_check(port, cond)                                        \
	do {                                                           \
		if (!(cond))                                           \
			model_fail((port), "%s: %s", __func__, #cond); \
	} while (0)

/* sites.c: call sites of the port */
u16 site_number(const struct model_site *site);
bool site_skipped(const struct model_site *site,
		  const struct model_site *outer);
int site_list(bool print);
const char *site_name(int n);
bool site_skip(int n);
const char *site_text(u16 site, u16 outer);

#endif /* MODEL_H */
