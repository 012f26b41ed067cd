/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernels as automata. A program runs on a stack of its own until its next
 * operation of the second group; its memory there is a *node*. What it does next
 * depends on the node and on what it gets to know, and on nothing else, so each
 * step is run once and remembered.
 */
#ifndef MODEL_KERNEL_H
#define MODEL_KERNEL_H

#include "model.h"

/**
 * struct node - where a kernel is
 * @op: what it is about to do
 * @facts: what its program says of itself
 * @image: its memory, to go on from there
 */
struct node {
	struct op op;
	struct facts facts;
	u32 image;
};

void kernels_reset(void);
u32 kernel_boot(u32 k);
const struct node *kernel_node(u32 k, u32 id);
/*
 * Go on from @id: @ops is set to the @n operations of the first group done,
 * @list (if not NULL) to a number of theirs. Return: the next node.
 */
u32 kernel_step(u32 k, u32 id, const struct input *in, const struct op **ops,
		u32 *n, u32 *list);
const char *kernel_message(u32 id);
u32 kernel_nodes(void);

/* For port.c, on the program's stack. */
void kernel_does(const struct op *op);
const struct input *kernel_waits(u32 k, const struct op *op);
struct facts *kernel_facts(u32 k);
u32 kernel_says(const char *message);

#endif /* MODEL_KERNEL_H */
