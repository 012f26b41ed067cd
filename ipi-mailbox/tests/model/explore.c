// SPDX-License-Identifier: GPL-2.0
/*
 * Breadth-first search through all states, so that the first run found to a
 * fault is a shortest one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "explore.h"
#include "kernel.h"
#include "moves.h"

#define NONE  (~0u)
#define LUCKY (1u << 31) /* in edges.from */

struct options opt = { .max_states = 60000000 };

/* A state and how it was first reached. */
struct found {
	struct state s;
	u32 from;
	u32 move;
};

/* What the search knows. */
static struct found *found;
static u32 found_n;
static u32 *slots;
static u64 slots_n;
static struct {
	u32 from, to;
} * edges;
static u64 edges_n;
static u8 *goal;

/* The state whose moves are being made. */
static u32 here;
static u32 move_n;
static struct result *res;

static u64 slot_of(const struct state *s)
{
	u64 i = hash_bytes(s, sizeof(*s)) & (slots_n - 1);

	while (slots[i] && memcmp(&found[slots[i] - 1].s, s, sizeof(*s)))
		i = (i + 1) & (slots_n - 1);
	return i;
}

static void grow(void)
{
	u32 i;

	free(slots);
	slots_n = slots_n ? slots_n * 2 : 1 << 16;
	slots = calloc(slots_n, sizeof(*slots));
	if (!slots) {
		fputs("explore: out of memory\n", stderr);
		exit(2);
	}
	for (i = 0; i < found_n; i++)
		slots[slot_of(&found[i].s)] = i + 1;
}

/* The moves that led to a state, as numbers. */
static char *trace_to(u32 state, u32 last)
{
	u32 at, n = last != NONE;
	char *text, *end;
	u32 *list;

	for (at = state; at; at = found[at].from)
		n++;
	list = calloc(n + 1, sizeof(*list));
	text = malloc(11 * (size_t)n + 1);
	if (!list || !text)
		exit(2);
	if (last != NONE)
		list[n-- - 1] = last;
	for (at = state; at; at = found[at].from)
		list[n-- - 1] = found[at].move;
	n = 0;
	for (at = state; at; at = found[at].from)
		n++;
	n += last != NONE;
	end = text;
	*end = 0;
	for (at = 0; at < n; at++)
		end += sprintf(end, at ? ".%u" : "%u", list[at]);
	free(list);
	return text;
}

static void fault(u32 state, u32 last, const char *what)
{
	if (*res->fault)
		return;
	snprintf(res->fault, sizeof(res->fault), "%s", what);
	res->trace = trace_to(state, last);
}

static void facts_of(const struct state *s, struct facts *f)
{
	u32 k;

	for (k = 0; k < KERNELS; k++)
		f[k] = kernel_node(k, s->node[k])->facts;
}

/* A state never seen before. */
static void enter(const struct state *s)
{
	struct facts f[KERNELS];
	const char *wrong;
	bool idle = asleep(s);

	found[found_n] = (struct found){ *s, here, move_n };
	facts_of(s, f);
	goal[found_n] = idle && f[0].done && f[1].done &&
			f[0].mine == f[1].theirs && f[1].mine == f[0].theirs;
	wrong = idle && cfg->stuck ? cfg->stuck(f) : NULL;
	if (wrong)
		fault(found_n, NONE, wrong);
	found_n++;
}

static void visit(const struct state *s, bool lucky)
{
	u64 i = slot_of(s);
	u32 to = slots[i] - 1;

	if (!slots[i]) {
		to = found_n;
		slots[i] = found_n + 1;
		enter(s);
	}
	if (cfg->converge || cfg->ends) {
		edges[edges_n].from = lucky ? here | LUCKY : here;
		edges[edges_n++].to = to;
	}
	if (found_n * 2ull > slots_n)
		grow();
}

static void each_move(void *ctx, struct move *m)
{
	const char *wrong;

	(void)ctx;
	if (*res->fault)
		return;
	if (cfg->plain && m->lucky)
		return;
	res->moves++;
	wrong = make_move(m, false);
	if (wrong) {
		char text[200];

		snprintf(text, sizeof(text), "k%u: %s", m->k, wrong);
		fault(here, move_n, text);
		return;
	}
	visit(&m->s, m->lucky);
	move_n++;
}

static void say_progress(u32 depth)
{
	static time_t last;
	time_t now = time(NULL);

	if (!opt.progress || now < last + 5)
		return;
	last = now;
	fprintf(stderr, "# %s: depth %u, %u states, %llu moves\n", cfg->name,
		depth, found_n, (unsigned long long)res->moves);
}

static void search(void)
{
	u32 level = 1; /* first state of the next depth */
	struct state s;
	u64 before;

	for (here = 0; here < found_n; here++) {
		if (here == level) {
			res->depth++;
			level = found_n;
		}
		s = found[here].s;
		move_n = 0;
		before = res->moves;
		moves(&s, false, each_move, NULL);
		res->ends += res->moves == before;
		say_progress(res->depth);
		if (*res->fault || found_n >= opt.max_states)
			return;
	}
	res->complete = true;
}

/*
 * Mark every state from which a marked one can be reached without luck: with
 * caches that never write back or fetch a line unless they are told to.
 */
static void check_converge(void)
{
	u32 *first = calloc(found_n + 2ull, sizeof(*first));
	u32 *list = malloc(edges_n * sizeof(*list) + 1);
	u32 *todo = malloc(found_n * sizeof(*todo) + 1);
	u32 n = 0, i;
	u64 e;

	for (e = 0; e < edges_n; e++)
		if (!(edges[e].from & LUCKY))
			first[edges[e].to + 2]++;
	for (i = 2; i < found_n + 2; i++)
		first[i] += first[i - 1];
	for (e = 0; e < edges_n; e++)
		if (!(edges[e].from & LUCKY))
			list[first[edges[e].to + 1]++] = edges[e].from;
	for (i = 0; i < found_n; i++)
		if (goal[i])
			todo[n++] = i;
	while (n) {
		u32 to = todo[--n];

		for (i = first[to]; i < first[to + 1]; i++)
			if (!goal[list[i]]) {
				goal[list[i]] = 1;
				todo[n++] = list[i];
			}
	}
	for (i = 0; i < found_n && goal[i]; i++)
		;
	if (i < found_n)
		fault(i, NONE, "from here the end is out of reach");
	free(first);
	free(list);
	free(todo);
}

/* Without ticks: is there a run that never ends? (Sort topologically.) */
static void check_ends(void)
{
	u32 *in = calloc(found_n, sizeof(*in));
	u32 *first = calloc(found_n + 2ull, sizeof(*first));
	u32 *todo = malloc(found_n * sizeof(*todo) + 1);
	u32 n = 0, sorted = 0, i;
	u64 e;

	/* Edges come in the order of the state they lead from. */
	for (e = 0; e < edges_n; e++) {
		in[edges[e].to]++;
		first[(edges[e].from & ~LUCKY) + 1]++;
	}
	for (i = 0; i < found_n; i++)
		first[i + 1] += first[i];
	for (i = 0; i < found_n; i++)
		if (!in[i])
			todo[n++] = i;
	while (n) {
		u32 from = todo[--n];

		sorted++;
		for (e = first[from]; e < first[from + 1]; e++)
			if (!--in[edges[e].to])
				todo[n++] = edges[e].to;
	}
	for (i = 0; i < found_n && !in[i]; i++)
		;
	if (sorted < found_n)
		fault(i, NONE, "from here the kernels may go round for ever");
	free(in);
	free(first);
	free(todo);
}

void explore(struct result *r)
{
	struct state s;

	memset(r, 0, sizeof(*r));
	res = r;
	found = big_alloc((1ull << 31) * sizeof(*found));
	edges = big_alloc((1ull << 33) * sizeof(*edges));
	goal = big_alloc(1ull << 31);
	grow();
	first_state(&s);
	visit(&s, false);
	edges_n = 0;
	search();
	if (r->complete && cfg->converge)
		check_converge();
	if (r->complete && cfg->ends && !*r->fault)
		check_ends();
	if (!r->complete && !*r->fault)
		r->trace = trace_to(found_n - 1, NONE);
	r->states = found_n;
	r->places = kernel_nodes();
	r->sections = ways_count();
}

/* One step of a replay. */
struct walking {
	u32 want;
	u32 n;
	u32 step;
	bool found;
	struct state s;
	const char *wrong;
};

static void walk_move(void *ctx, struct move *m)
{
	struct walking *w = ctx;

	if (w->n++ != w->want)
		return;
	printf("# %4u ", w->step);
	w->wrong = make_move(m, true);
	w->s = m->s;
	w->found = true;
}

bool replay(const char *trace)
{
	struct walking w = { 0 };
	struct state s;
	char *end;

	first_state(&s);
	while (*trace) {
		w.want = (u32)strtoul(trace, &end, 10);
		if (end == trace)
			return false;
		trace = *end ? end + 1 : end;
		w.n = 0;
		w.found = false;
		w.step++;
		moves(&s, true, walk_move, &w);
		if (!w.found)
			return false;
		s = w.s;
	}
	if (w.wrong)
		printf("# wrong: %s\n", w.wrong);
	return true;
}
