// SPDX-License-Identifier: GPL-2.0
/* The moves: what each kernel can do next, and what can befall it. */
#include <stdio.h>
#include "chain.h"
#include "explore.h"
#include "kernel.h"
#include "moves.h"

struct making {
	struct move m;
	void (*each)(void *ctx, struct move *m);
	void *ctx;
	bool told;
};

static const struct op *next_op(const struct state *s, u32 k)
{
	return &kernel_node(k, s->node[k])->op;
}

bool asleep(const struct state *s)
{
	u32 k;

	for (k = 0; k < KERNELS; k++)
		if (next_op(s, k)->type != OP_SLEEP || s->bell[k] ||
		    s->gone[k] || s->go[k])
			return false;
	return true;
}

/* mk->m.s is changed by it. */
static void give(struct making *mk, const char *what)
{
	if (mk->told)
		snprintf(mk->m.what, sizeof(mk->m.what), "%s", what);
	mk->each(mk->ctx, &mk->m);
}

static void load_moves(const struct state *s, struct making *mk)
{
	const struct outcome *o;
	u32 k = mk->m.k;
	u32 i, n;

	o = chain_outcomes(s, k, mk->told, &n);
	for (i = 0; i < n; i++) {
		mk->m.s = *s;
		mk->m.s.way[!k] = o[i].way;
		mk->m.s.node[k] = o[i].node;
		mk->m.in = o[i].in;
		mk->m.story = o[i].story;
		mk->m.lucky = i > 0;
		give(mk, "");
	}
	mk->m.story = NULL;
	mk->m.lucky = false;
}

static void wake(const struct state *s, struct making *mk, enum wake why)
{
	static const char *const names[] = {
		[WAKE_BELL] = "woken by its bell",
		[WAKE_TICK] = "woken by its clock",
		[WAKE_TICK_AGAIN] = "woken by its clock again",
		[WAKE_LATE] = "woken by its clock after a long silence",
		[WAKE_GONE] = "told that the other has crashed",
		[WAKE_STOP] = "told to stop",
		[WAKE_GO] = "told to speak",
	};
	u32 k = mk->m.k;

	mk->m.s = *s;
	mk->m.in = (struct input){ .n = 1, .v = { why } };
	mk->m.lucky = why == WAKE_LATE;
	/* By then what was cleaned before it slept has reached memory. */
	if (why != WAKE_BELL)
		mk->m.s.way[k] = way_mb(s->way[k]);
	mk->m.s.way[!k] = way_fence(s->way[!k]);
	if (why == WAKE_BELL)
		mk->m.s.bell[k] = 0;
	if (why == WAKE_LATE)
		mk->m.s.late[k]--;
	if (why == WAKE_GONE)
		mk->m.s.gone[k] = 0;
	if (why == WAKE_GO)
		mk->m.s.go[k] = 0;
	if (why == WAKE_STOP)
		mk->m.s.stops[k]--;
	give(mk, names[why]);
	mk->m.lucky = false;
}

/*
 * Does the beat have to move? Not if the other kernel has yet to see its last
 * move, nor if it has seen enough of it. That keeps the number of states finite
 * and takes nothing away: the beat stands as still as that of a slow kernel.
 */
static bool must_beat(const struct state *s, u32 k)
{
	u16 word = word_of(k, section(k) + imb_offset_beat(&cfg->geometry));

	if (kernel_node(!k, s->node[!k])->facts.alive && !s->late[!k])
		return false;
	return !way_has_word(s->way[k], word);
}

static bool in_session(const struct state *s)
{
	const struct facts *a = &kernel_node(0, s->node[0])->facts;
	const struct facts *b = &kernel_node(1, s->node[1])->facts;

	return a->up && b->up && a->mine == b->theirs && a->theirs == b->mine;
}

/* Ticks that do nothing are left out, but who is closed has to open again. */
static bool may_tick(const struct state *s, u32 k)
{
	return cfg->ticks && (!cfg->quiet || !in_session(s) ||
			      kernel_node(k, s->node[k])->facts.closed);
}

static void sleep_moves(const struct state *s, struct making *mk)
{
	u32 k = mk->m.k;

	if (s->bell[k])
		wake(s, mk, WAKE_BELL);
	if (may_tick(s, k))
		wake(s, mk, must_beat(s, k) ? WAKE_TICK : WAKE_TICK_AGAIN);
	if (s->go[k])
		wake(s, mk, WAKE_GO);
	if (s->late[k])
		wake(s, mk, WAKE_LATE);
	if (s->gone[k])
		wake(s, mk, WAKE_GONE);
	if (s->stops[k])
		wake(s, mk, WAKE_STOP);
}

static void crash_moves(const struct state *s, struct making *mk)
{
	u32 k = mk->m.k;
	struct state *to = &mk->m.s;
	const struct wreck *w;
	char what[96];
	u32 i, n;

	w = way_wrecks(s->way[k], &n);
	for (i = 0; i < n; i++) {
		*to = *s;
		to->crashes[k]--;
		to->boot[k]++;
		to->bell[k] = 0;
		to->gone[k] = 0;
		to->go[k] = 0;
		to->gone[!k] = cfg->gone;
		to->node[k] = kernel_boot(k);
		to->way[k] = w[i].way;
		to->way[!k] = way_reboot(s->way[!k]);
		mk->m.crash = true;
		mk->m.lucky = true;
		snprintf(what, sizeof(what), "crashes: %s", w[i].how);
		give(mk, what);
	}
	mk->m.crash = false;
	mk->m.lucky = false;
}

static void simple_moves(const struct state *s, struct making *mk,
			 const struct op *op)
{
	u32 k = mk->m.k;
	struct way own;
	char what[96];
	u32 i;

	mk->m.s = *s;
	mk->m.in = (struct input){ .n = 1, .v = { s->boot[k] } };
	switch (op->type) {
	case OP_OWN:
		way_get(s->way[k], &own);
		machine_own(&own, op, &mk->m.in);
		if (mk->told)
			snprintf(what, sizeof(what), "load own %s = %x",
				 word_name(k, op->word), mk->m.in.v[0]);
		give(mk, what);
		break;
	case OP_MB:
		mk->m.s.way[k] = way_mb(s->way[k]);
		mk->m.s.way[!k] = way_fence(s->way[!k]);
		give(mk, "mb");
		break;
	case OP_BELL:
		mk->m.s.bell[!k] = 1;
		give(mk, "rings");
		break;
	case OP_CHOOSE:
		for (i = 0; i < op->n; i++) {
			mk->m.s = *s;
			mk->m.in.v[0] = i;
			snprintf(what, sizeof(what), "chooses %u", i);
			give(mk, what);
		}
		break;
	default:
		give(mk, "goes on");
		break;
	}
}

static void kernel_moves(const struct state *s, struct making *mk)
{
	const struct op *op = next_op(s, mk->m.k);

	/* It is not started again before the other has been told. */
	if (s->gone[!mk->m.k])
		return;
	switch (op->type) {
	case OP_LOAD:
	case OP_LAZY:
		load_moves(s, mk);
		break;
	case OP_SLEEP:
		sleep_moves(s, mk);
		break;
	default:
		simple_moves(s, mk, op);
		break;
	}
}

/* Nobody else can notice when it is done, so it may be done at once. */
static bool private(const struct state *s, u32 k)
{
	u8 type = next_op(s, k)->type;

	return !opt.every && !s->crashes[k] && !s->gone[!k] &&
	       (type == OP_OWN || type == OP_CHOOSE || type == OP_NONE);
}

void moves(const struct state *s, bool told,
	   void (*each)(void *ctx, struct move *m), void *ctx)
{
	struct making mk = { .each = each, .ctx = ctx, .told = told };
	u32 k;

	for (k = 0; k < KERNELS; k++) {
		mk.m.k = k;
		if (private(s, k)) {
			kernel_moves(s, &mk);
			return;
		}
	}
	for (k = 0; k < KERNELS; k++) {
		mk.m.k = k;
		kernel_moves(s, &mk);
		if (s->crashes[k] && s->node[k] != kernel_boot(k))
			crash_moves(s, &mk);
	}
}

static void print_op(u32 k, const struct op *op)
{
	static const char *const names[] = {
		[OP_STORE] = "store", [OP_WMB] = "wmb",	    [OP_RMB] = "rmb",
		[OP_CLEAN] = "clean", [OP_INVAL] = "inval",
	};
	u32 owner = op->type == OP_INVAL ? !k : k;
	char text[128];
	int n = snprintf(text, sizeof(text), "%s", names[op->type]);

	if (op->type != OP_WMB && op->type != OP_RMB)
		n += snprintf(text + n, sizeof(text) - n, " %s",
			      word_name(owner, op->word));
	if (op->type == OP_STORE)
		n += snprintf(text + n, sizeof(text) - n, " := %x", op->v[0]);
	if (op->type == OP_STORE && op->n == 2)
		snprintf(text + n, sizeof(text) - n, " %x", op->v[1]);
	printf("#        %s @ %s\n", text, site_text(op->site, op->outer));
}

static void print_move(const struct move *m, const struct op *op)
{
	if (m->story)
		printf("k%u %s\n", m->k, m->story);
	else if (op->site)
		printf("k%u %s @ %s\n", m->k, m->what,
		       site_text(op->site, op->outer));
	else
		printf("k%u %s\n", m->k, m->what);
}

const char *make_move(struct move *m, bool print)
{
	u32 k = m->k;
	const struct op *op = next_op(&m->s, k);
	const struct op *ops;
	u32 i, n, list;

	if (print)
		print_move(m, op);
	if (m->crash)
		return NULL;
	m->s.node[k] = kernel_step(k, m->s.node[k], &m->in, &ops, &n, &list);
	m->s.way[k] = way_written(m->s.way[k], ops, n, list);
	m->s.way[!k] = way_read(m->s.way[!k], ops, n, list);
	for (i = 0; print && i < n; i++)
		print_op(k, &ops[i]);
	op = next_op(&m->s, k);
	return op->type == OP_FAIL ? kernel_message(op->v[0]) : NULL;
}

/* The run that leads to the first state takes the first move of one kernel. */
struct walk {
	u32 k;
	bool done;
	struct state s;
};

static void walk_on(void *ctx, struct move *m)
{
	struct walk *w = ctx;

	if (w->done || m->k != w->k || m->lucky)
		return;
	make_move(m, false);
	w->s = m->s;
	w->done = true;
}

static bool settled(const struct state *s)
{
	return asleep(s) && in_session(s) &&
	       kernel_node(0, s->node[0])->facts.ready &&
	       kernel_node(1, s->node[1])->facts.ready;
}

static void settle(struct state *s)
{
	struct walk w = { .s = *s };
	struct state from;
	u32 steps;

	for (steps = 0; steps < 10000 && !settled(&w.s); steps++) {
		from = w.s;
		w.k = steps & 1;
		w.done = false;
		moves(&from, false, walk_on, &w);
	}
	if (!settled(&w.s))
		die("the kernels do not get into a session");
	*s = w.s;
}

void first_state(struct state *s)
{
	u32 k;

	memset(s, 0, sizeof(*s));
	for (k = 0; k < KERNELS; k++) {
		s->node[k] = kernel_boot(k);
		s->way[k] = way_first(k);
		s->boot[k] = 1;
	}
	if (cfg->settled)
		settle(s);
	for (k = 0; k < KERNELS; k++) {
		s->late[k] = (u8)cfg->late[k];
		s->crashes[k] = (u8)cfg->crashes[k];
		s->stops[k] = (u8)cfg->stops[k];
		s->go[k] = cfg->settled;
	}
}
