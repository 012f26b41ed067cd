// SPDX-License-Identifier: GPL-2.0
/*
 * Every state that a small world can get into, each once, depth first. A state
 * from which nothing can happen must be an end; in each, what must be true is.
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
};

static struct level *levels;
static struct digest *table;
static u64 capacity, states, transitions, ends;
static u32 deepest;

static void *get(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p) {
		perror("explore");
		exit(2);
	}
	return p;
}

static bool insert(struct digest *into, u64 size, struct digest d)
{
	u64 i = d.a & (size - 1);

	while (into[i].a || into[i].b) {
		if (into[i].a == d.a && into[i].b == d.b)
			return false;
		i = (i + 1) & (size - 1);
	}
	into[i] = d;
	return true;
}

static void grow(void)
{
	struct digest *bigger = get(2 * capacity, sizeof(*bigger));
	u64 i;

	for (i = 0; i < capacity; i++)
		if (table[i].a || table[i].b)
			insert(bigger, 2 * capacity, table[i]);
	free(table);
	table = bigger;
	capacity *= 2;
}

/* Return: it has not been here before. */
static bool fresh(void)
{
	if (!insert(table, capacity, canon()))
		return false;
	if (++states * 2 > capacity)
		grow();
	return true;
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
	ends++;
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

static bool search(const struct rules *rules)
{
	u32 depth = 0;

	memory = &lines;
	world_create(rules);
	capacity = 1 << 16;
	table = get(capacity, sizeof(*table));
	states = transitions = ends = deepest = 0;
	fresh();
	look(&levels[0]);
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
		if (!fresh()) {
			world = l->before;
			continue;
		}
		if (++depth == MAX_DEPTH) {
			world_bug("too deep");
			depth--;
			break;
		}
		if (depth > deepest)
			deepest = depth;
		look(&levels[depth]);
	}
	if (world.bug)
		print_way(depth);
	free(table);
	return !world.bug;
}

static void run(const struct rules *rules)
{
	CHECK(search(rules));
	CHECK(ends > 0);
	printf("# %s: %llu states, %llu moves, %llu ends, %u deep\n",
	       rules->name, (unsigned long long)states,
	       (unsigned long long)transitions, (unsigned long long)ends,
	       deepest);
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
	for (rules = configs; rules->name; rules++)
		if (chosen(rules, argc > 1 ? argv[1] : NULL))
			run(rules);
	return tap_done();
}
