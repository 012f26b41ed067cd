/* SPDX-License-Identifier: GPL-2.0 */
/* Loads that follow each other are done in one go. */
#ifndef MODEL_CHAIN_H
#define MODEL_CHAIN_H

#include "state.h"

/**
 * struct outcome - how a chain of loads may come out
 * @node: the kernel before its last load
 * @in: what the last load finds
 * @way: the section afterwards
 * @story: the chain in words, a line for each load; only if asked for
 */
struct outcome {
	u32 node;
	struct input in;
	u32 way;
	const char *story;
};

/**
 * chain_outcomes() - all that may come of the loads a kernel is about to do
 * @s: state
 * @k: kernel before a load
 * @told: also tell the stories (slow)
 * @n: set to how many there are
 *
 * Return: they, until the next call.
 */
const struct outcome *chain_outcomes(const struct state *s, u32 k, bool told,
				     u32 *n);

#endif /* MODEL_CHAIN_H */
