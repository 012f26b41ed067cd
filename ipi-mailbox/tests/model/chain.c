// SPDX-License-Identifier: GPL-2.0
/*
 * A load that leads to another load, with nothing in between that the other
 * kernel could notice, need not be followed by a move of that kernel: had it
 * moved in between, the first load could have waited for it and found the same.
 * What a chain of loads finds depends on the kernel and on the section it reads
 * from, so it is worked out once and remembered.
 */
#include <stdio.h>
#include <stdlib.h>
#include "chain.h"
#include "explore.h"
#include "kernel.h"

#define MAX_OUTCOMES 16384
#define MAX_STORY    8192

/* Where a chain has led. */
struct end {
	u32 to;
	u32 ops;
	struct way way;
};

/* The chain being worked out. */
struct work {
	u32 k;
	u32 node;
	bool told;
	char story[MAX_STORY];
	size_t length;
};

static struct intern lists;
static struct memo known[KERNELS];
static struct outcome outcomes[MAX_OUTCOMES];
static struct end ends[MAX_OUTCOMES];
static u32 outcomes_n;

static void follow(struct work *w, const struct way *way);

static bool is_load(const struct op *op)
{
	return op->type == OP_LOAD || op->type == OP_LAZY;
}

static bool unnoticed(const struct op *ops, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (ops[i].type != OP_RMB && ops[i].type != OP_INVAL)
			return false;
	return true;
}

static void tell(struct work *w, const struct op *op, const struct input *in,
		 const char *how)
{
	char *to = w->story + w->length;
	size_t n = MAX_STORY - w->length;
	int used;
	u32 i;

	used = snprintf(to, n, "load %s%s", word_name(!w->k, op->word),
			in->n ? " =" : " begun");
	for (i = 0; i < in->n; i++)
		used += snprintf(to + used, n - used, " %x", in->v[i]);
	used += snprintf(to + used, n - used, "%s @ %s", how,
			 site_text(op->site, op->outer));
	w->length += used;
}

static u32 keep_unnumbered(const struct way *from)
{
	struct way way = *from;

	machine_number(&way, false);
	return way_keep(&way);
}

/* An outcome, unless there is one that leaves the kernel more to find. */
static void keep(struct work *w, const struct way *way, const struct input *in,
		 u32 to, u32 ops)
{
	struct end *e;

	for (e = ends; e < ends + outcomes_n; e++)
		if (e->to == to && e->ops == ops &&
		    machine_better(&e->way, way))
			return;
	if (outcomes_n == MAX_OUTCOMES)
		die("too many outcomes of a load");
	ends[outcomes_n] = (struct end){ .to = to, .ops = ops, .way = *way };
	outcomes[outcomes_n++] = (struct outcome){
		.node = w->node,
		.in = *in,
		.way = keep_unnumbered(way),
		.story = w->told ? strdup(w->story) : NULL,
	};
}

/* Drop the outcomes for which a better one has been found later. */
static void sift(void)
{
	u32 i, j, n = 0;

	for (i = 0; i < outcomes_n; i++) {
		for (j = i + 1; j < outcomes_n; j++)
			if (ends[j].to == ends[i].to &&
			    ends[j].ops == ends[i].ops &&
			    machine_better(&ends[j].way, &ends[i].way))
				break;
		if (j < outcomes_n)
			continue;
		ends[n] = ends[i];
		outcomes[n++] = outcomes[i];
	}
	outcomes_n = n;
}

static void found(void *ctx, const struct way *from, const struct input *in,
		  const char *how)
{
	struct work *w = ctx;
	const struct op *ops;
	size_t length = w->length;
	u32 node = w->node;
	u32 i, n, to, list;
	struct way way;

	if (w->told)
		tell(w, &kernel_node(w->k, node)->op, in, how);
	to = kernel_step(w->k, node, in, &ops, &n, &list);
	if (opt.every || !is_load(&kernel_node(w->k, to)->op) ||
	    !unnoticed(ops, n)) {
		keep(w, from, in, to, list);
	} else {
		way = *from;
		for (i = 0; i < n; i++)
			machine_read_op(&way, &ops[i]);
		if (w->told)
			w->length += (size_t)snprintf(w->story + w->length,
						      MAX_STORY - w->length,
						      "\n");
		w->node = to;
		follow(w, &way);
		w->node = node;
	}
	w->length = length;
	w->story[length] = 0;
}

static void follow(struct work *w, const struct way *way)
{
	const struct op op = kernel_node(w->k, w->node)->op;
	const struct input none = { 0 };

	if (op.type == OP_LAZY)
		found(w, way, &none, "");
	machine_load(way, &op, found, w);
}

static void work_out(const struct state *s, u32 k, bool told)
{
	static struct work w;
	struct way way;

	way_get(s->way[!k], &way);
	machine_number(&way, true);
	w.k = k;
	w.node = s->node[k];
	w.told = told;
	w.length = 0;
	outcomes_n = 0;
	follow(&w, &way);
	sift();
}

const struct outcome *chain_outcomes(const struct state *s, u32 k, bool told,
				     u32 *n)
{
	u64 key = (u64)(s->node[k] + 1) << 32 | s->way[!k];
	u32 *list = told ? NULL : memo_find(&known[k], key);
	u32 id;

	if (list) {
		id = *list;
	} else {
		work_out(s, k, told);
		*n = outcomes_n;
		if (told)
			return outcomes;
		id = intern(&lists, outcomes, outcomes_n * sizeof(*outcomes));
		memo_add(&known[k], key, id);
	}
	*n = (u32)(intern_len(&lists, id) / sizeof(*outcomes));
	return intern_get(&lists, id);
}
