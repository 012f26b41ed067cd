/* SPDX-License-Identifier: GPL-2.0 */
/* What can happen in a state. */
#ifndef MODEL_MOVES_H
#define MODEL_MOVES_H

#include "state.h"

/**
 * struct move - one thing that can happen, half done: memory has been chosen
 * @s: the state, with memory as it will be before @k goes on
 * @k: who goes on
 * @in: what it gets to know
 * @what: in words
 * @story: of the loads, if told
 * @lucky: it takes a cache that happens to fetch or write back in time, or a
 *	crash; nobody may depend on it
 * @crash: @k boots instead
 */
struct move {
	struct state s;
	u32 k;
	struct input in;
	char what[96];
	const char *story;
	bool lucky;
	bool crash;
};

void first_state(struct state *s);
/* Call @each with every move of @s; with stories of the loads if @told. */
void moves(const struct state *s, bool told,
	   void (*each)(void *ctx, struct move *m), void *ctx);
/*
 * Make the move: on return m->s is the next state. Return: NULL, or what the
 * program has found wrong. Prints what is done if @print.
 */
const char *make_move(struct move *m, bool print);
bool asleep(const struct state *s);

#endif /* MODEL_MOVES_H */
