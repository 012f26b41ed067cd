/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A board in one process: kernels as coroutines over the simulated machine,
 * interrupted at any access to shared memory, with bells, time, crashes and
 * pauses. Everything follows from the seed.
 */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <ucontext.h>

#include "link.h"
#include "sim.h"

#define NODES	    4
#define SERVICES    3
#define MAX_MESSAGE 4096
#define HELD	    2

/**
 * struct plan - what a run does, drawn from its seed
 * @kind: of caches
 * @nodes: kernels
 * @geometry: of the window
 * @rates: of the machine
 * @change: one in so many accesses another kernel goes on
 * @lose: one in so many bells is lost, or late, or doubled; 0 for none
 * @deaf: no bell is ever heard
 * @crash: one in so many turns a kernel dies; 0 for never
 * @pause: one in so many turns a kernel is held up; 0 for never
 * @meddle: one in so many turns a host fences a link or gives its peer up; 0 for
 *	never
 * @quota: messages per channel and round
 * @rounds: of traffic
 */
struct plan {
	enum sim_kind kind;
	u32 nodes;
	struct imb_geometry geometry;
	struct sim_rates rates;
	u32 change;
	u32 lose;
	bool deaf;
	u32 crash;
	u32 pause;
	u32 meddle;
	u32 quota;
	u32 rounds;
};

/* A message that is kept until its buffer is returned. */
struct held {
	struct imb_event event;
	u32 peer;
	u32 conversation;
	u32 seq;
};

/**
 * struct end - one end of a channel, as the application over the core sees it
 * @open: opened here
 * @up: CHANNEL_UP was the last said
 * @blocked: WRITABLE is owed
 * @quota: messages still to be sent
 * @conversation: number of ours, while up; messages name it
 * @heard: the peer's, 0 before its first message
 * @expect: sequence of the next message
 * @stored: messages in the window, not yet consumed
 * @window: how many may be
 * @tag: session of the stored ones
 * @buf: buffer being filled, or -1
 */
struct end {
	bool open;
	bool up;
	bool blocked;
	u32 quota;
	u32 conversation;
	u32 heard;
	u32 expect;
	u32 stored;
	u32 window;
	u32 tag;
	int buf;
};

/**
 * struct node - one kernel
 * @id: its number
 * @world: where it lives
 * @alive: it has not crashed
 * @idle: it sleeps until a bell or a tick
 * @bells: peers that have rung
 * @next_tick_ms: when it beats
 * @wait_ms: paused or dead until then
 * @boot: its incarnation
 * @held: messages whose buffers are not yet returned
 * @n_held: how many
 * @first: how its coroutine begins
 * @at: where it goes on
 * @started: it has begun
 * @stack: of it
 * @prod: peers whose link wants imb_link_next()
 * @port: by peer
 * @link: by peer
 * @end: by peer and service
 */
struct node {
	u32 id;
	struct world *world;
	bool alive;
	bool idle;
	u32 bells;
	u64 next_tick_ms;
	u64 wait_ms;
	u32 boot;
	u32 prod;
	struct imb_port port[NODES];
	struct imb_link link[NODES];
	struct end end[NODES][SERVICES];
	struct held held[HELD];
	u32 n_held;
	ucontext_t first;
	jmp_buf at;
	bool started;
	char *stack;
};

/**
 * struct world - the board
 * @seed: it all follows from this
 * @random: state of the generator
 * @plan: what happens
 * @sim: the machine
 * @node: the kernels
 * @running: whose turn it is, NULL: the scheduler's
 * @scheduler: where it goes on
 * @ticking: time goes on
 * @calm: nothing bad happens any more
 * @last: highest conversation heard so far, per direction and service
 * @sent: messages sent, per conversation
 * @late: bells under way, per listener
 * @conversations: how many have begun
 * @delivered: messages
 * @ups: links that came up
 * @dropped_bells: that were lost on the way
 * @crashes: of kernels
 */
struct world {
	u64 seed;
	u64 random;
	struct plan plan;
	struct imb_sim *sim;
	struct node node[NODES];
	struct node *running;
	jmp_buf scheduler;
	bool ticking;
	bool calm;
	u32 last[NODES][NODES][SERVICES];
	u32 late[NODES];
	u32 *sent;
	u32 conversations;
	u64 delivered;
	u64 ups;
	u64 dropped_bells;
	u64 crashes;
};

/* world.c: the machine room */
void world_create(struct world *w, u64 seed, const struct plan *plan);
void world_destroy(struct world *w);
u32 world_random(struct world *w, u32 n);
bool world_chance(struct world *w, u32 one_in);
void world_pause(struct node *node);
/* Run until every kernel sleeps and no bell is under way. */
void world_settle(struct world *w);
/* Let every kernel tick once, and settle. */
void world_tick(struct world *w);
/* Run for a number of turns with time going on. */
void world_run(struct world *w, u32 turns);
void world_bug(struct world *w, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* app.c: what the kernels do with their links */
void app_boot(struct node *node);
/* Return: false if there is nothing to do before the next bell or tick. */
bool app_step(struct node *node);
/* Everything that was accepted has been delivered and nobody waits. */
void app_check_rest(struct world *w);
/* No more faults; slow kernels are not taken for dead ones. */
void app_calm(struct world *w);
bool app_all_up(struct world *w);

#endif /* WORLD_H */
