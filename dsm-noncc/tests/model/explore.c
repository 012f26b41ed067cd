// SPDX-License-Identifier: GPL-2.0
/*
 * Every state that a small world can get into, each once, depth first. A state
 * from which nothing can happen must be an end; in each, what must be true is; and
 * from each there is a way to an end, so that with some luck in the order of
 * events everybody gets what he waits for.
 *
 * usage: explore	the quick ones
 *	  explore --all	every one, minutes
 *	  explore NAME	that one
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../../ipi-mailbox/tests/tap.h"
#include "canon.h"
#include "configs.h"

#define MAX_DEPTH 4000

/* Where the search stands: the world before its move. */
struct level {
	struct world before;
	struct move move[WORLD_MOVES];
	u32 n;
	u32 next;
	u32 number;
};

/* A state that has been seen; 0 is none, so they are counted from 1. */
struct seen {
	struct digest digest;
	u32 number;
};

/* A move from one state to another. */
struct edge {
	u32 from;
	u32 to;
};

#define MAX_EDGES (1u << 23) /* more than that, and ways are not looked for */

static struct level *levels;
static struct seen *table;
static struct edge *edges;
static u32 *end_states;
static u64 capacity, transitions;
static u32 states, ends, n_edges, deepest;

static void *get(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p) {
		perror("explore");
		exit(2);
	}
	return p;
}

static struct seen *find(struct seen *in, u64 size, struct digest d)
{
	u64 i = d.a & (size - 1);

	while (in[i].number && (in[i].digest.a != d.a || in[i].digest.b != d.b))
		i = (i + 1) & (size - 1);
	return &in[i];
}

static void grow(void)
{
	struct seen *bigger = get(2 * capacity, sizeof(*bigger));
	u64 i;

	for (i = 0; i < capacity; i++)
		if (table[i].number)
			*find(bigger, 2 * capacity, table[i].digest) = table[i];
	free(table);
	table = bigger;
	capacity *= 2;
}

/* The number of the world as it is; *fresh: it has not been here before. */
static u32 number(bool *fresh)
{
	struct digest d = canon();
	struct seen *at = find(table, capacity, d);

	*fresh = !at->number;
	if (at->number)
		return at->number;
	*at = (struct seen){ d, ++states };
	if (states * 2ull > capacity)
		grow();
	return states;
}

static void note_edge(u32 from, u32 to)
{
	if (n_edges < MAX_EDGES)
		edges[n_edges++] = (struct edge){ from, to };
}

/* Moves that change nothing by themselves for who waits. */
static bool idle_move(const struct move *m)
{
	return m->kind == MOVE_EVICT || m->kind == MOVE_DIE ||
	       m->kind == MOVE_CUT;
}

static bool stuck(const struct level *l)
{
	u32 i;

	for (i = 0; i < l->n; i++)
		if (!idle_move(&l->move[i]))
			return false;
	return true;
}

static void look(struct level *l)
{
	l->n = world_moves(l->move);
	l->next = 0;
	world_check();
	if (stuck(l) && !world_ended())
		l->n += world_last_resort(l->move + l->n);
	if (!stuck(l))
		return;
	if (ends < MAX_EDGES)
		end_states[ends++] = l->number;
	if (!world_ended())
		world_bug("nothing can happen any more");
	else
		world_check_end();
}

static void print_way(u32 depth)
{
	const char *why = world.bug;
	char text[160];
	u32 i;

	printf("# %s, after:\n", world.bug);
	for (i = 0; i <= depth; i++) {
		const struct level *l = &levels[i];

		if (!l->next)
			continue;
		world = l->before;
		world_describe(&l->move[l->next - 1], text, sizeof(text));
		printf("#   %s\n", text);
	}
	world.bug = why;
}

/* Edges by where they lead to: those to state i begin at first[i]. */
static u32 *sort_edges(u32 *from)
{
	u32 *first = get(states + 2, sizeof(*first));
	u32 i;

	for (i = 0; i < n_edges; i++)
		first[edges[i].to]++;
	for (i = 1; i <= states + 1; i++)
		first[i] += first[i - 1];
	for (i = 0; i < n_edges; i++)
		from[--first[edges[i].to]] = edges[i].from;
	return first;
}

/* Backwards from the ends: how many states have a way to one? */
static u32 count_with_way(void)
{
	u32 *from = get(n_edges + 1, sizeof(*from));
	u32 *todo = get(states + 1, sizeof(*todo));
	bool *has = get(states + 1, sizeof(*has));
	u32 *first = sort_edges(from);
	u32 n = 0, done, i;

	for (i = 0; i < ends; i++) {
		has[end_states[i]] = true;
		todo[n++] = end_states[i];
	}
	for (done = 0; done < n; done++)
		for (i = first[todo[done]]; i < first[todo[done] + 1]; i++) {
			if (has[from[i]])
				continue;
			has[from[i]] = true;
			todo[n++] = from[i];
		}
	free(first);
	free(has);
	free(todo);
	free(from);
	return n;
}

static void begin_search(const struct rules *rules)
{
	bool fresh;

	memory = &lines;
	world_create(rules);
	free(table);
	capacity = 1 << 16;
	table = get(capacity, sizeof(*table));
	transitions = 0;
	states = ends = n_edges = deepest = 0;
	levels[0].number = number(&fresh);
	look(&levels[0]);
}

static bool search(const struct rules *rules)
{
	u32 depth = 0, to;
	bool fresh;

	begin_search(rules);
	while (!world.bug) {
		struct level *l = &levels[depth];

		if (l->next == l->n) {
			if (!depth)
				break;
			depth--;
			world = levels[depth].before;
			continue;
		}
		l->before = world;
		world_do(&l->move[l->next++]);
		transitions++;
		if (world.bug)
			break;
		to = number(&fresh);
		note_edge(l->number, to);
		if (!fresh) {
			world = l->before;
			continue;
		}
		if (depth + 1 == MAX_DEPTH) {
			world_bug("too deep");
			break;
		}
		levels[++depth].number = to;
		if (depth > deepest)
			deepest = depth;
		look(&levels[depth]);
	}
	if (world.bug)
		print_way(depth);
	return !world.bug;
}

static void run(const struct rules *rules)
{
	CHECK(search(rules));
	CHECK(ends > 0);
	printf("# %s: %u states, %llu moves, %u ends, %u deep\n", rules->name,
	       states, (unsigned long long)transitions, ends, deepest);
	if (!tap_broken && n_edges < MAX_EDGES)
		CHECK_EQ(count_with_way(), states);
	tap_end(rules->name);
}

static bool chosen(const struct rules *rules, const char *which)
{
	if (!which)
		return !rules->long_run;
	return !strcmp(which, "--all") || !strcmp(which, rules->name);
}

int main(int argc, char **argv)
{
	const struct rules *rules;

	tap_begin();
	levels = get(MAX_DEPTH, sizeof(*levels));
	edges = get(MAX_EDGES, sizeof(*edges));
	end_states = get(MAX_EDGES, sizeof(*end_states));
	for (rules = configs; rules->name; rules++)
		if (chosen(rules, argc > 1 ? argv[1] : NULL))
			run(rules);
	return tap_done();
}
