// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Vector clocks for order.h: one count of writes and one of reads per kernel. */
#include "order.h"

#include <stdio.h>
#include <stdlib.h>

#define KERNELS 8
#define NOBODY	0xff

/* Up to which write and read of each kernel something is known. */
struct clock {
	u32 writes[KERNELS];
	u32 reads[KERNELS];
};

/**
 * struct teller - one kernel
 * @known: what comes before its next access
 * @coming: what loads have brought and the next rmb makes known
 * @writes: its writes so far
 * @reads: its reads so far
 * @told: its own accesses that barriers have put before its next store
 */
struct teller {
	struct clock known;
	struct clock coming;
	u32 writes;
	u32 reads;
	struct {
		u32 writes;
		u32 reads;
	} told;
};

/* One word: its last write, everybody's last copy of it, and what it carries. */
struct word {
	bool exempt;
	bool plain;
	u8 writer;
	u32 write;
	u32 reads[KERNELS];
	struct clock *carries;
};

struct sim_order {
	u32 n_words;
	u32 n_kernels;
	struct word *words;
	struct teller teller[KERNELS];
	struct clock bell;
};

struct sim_order *order_create(u32 words, u32 n_kernels)
{
	struct sim_order *o = calloc(1, sizeof(*o));
	u32 i;

	o->n_words = words;
	o->n_kernels = n_kernels;
	o->words = calloc(words, sizeof(*o->words));
	for (i = 0; i < words; i++)
		o->words[i].writer = NOBODY;
	return o;
}

void order_destroy(struct sim_order *o)
{
	u32 i;

	for (i = 0; i < o->n_words; i++)
		free(o->words[i].carries);
	free(o->words);
	free(o);
}

void order_exempt(struct sim_order *o, u32 word, u32 n)
{
	while (n--)
		o->words[word++].exempt = true;
}

static void join(struct clock *to, const struct clock *from)
{
	u32 k;

	for (k = 0; k < KERNELS; k++) {
		if (from->writes[k] > to->writes[k])
			to->writes[k] = from->writes[k];
		if (from->reads[k] > to->reads[k])
			to->reads[k] = from->reads[k];
	}
}

int order_load(struct sim_order *o, u32 k, u32 word, bool sync)
{
	struct teller *t = &o->teller[k];
	struct word *w = &o->words[word];

	t->reads++;
	if (sync && w->carries)
		join(&t->coming, w->carries);
	if (w->exempt)
		return -1;
	if (!sync)
		w->reads[k] = t->reads;
	/* A word that was stored in one piece may be looked at any time. */
	if (w->writer == NOBODY || w->writer == k || !w->plain)
		return -1;
	return t->known.writes[w->writer] < w->write ? w->writer : -1;
}

/* What a store tells: all that is known, and what barriers put before it. */
static void carry(struct sim_order *o, u32 k, struct clock *to)
{
	struct teller *t = &o->teller[k];

	*to = t->known;
	to->writes[k] = t->told.writes;
	to->reads[k] = t->told.reads;
}

int order_store(struct sim_order *o, u32 k, u32 word, bool sync)
{
	struct teller *t = &o->teller[k];
	struct word *w = &o->words[word];
	int race = -1;
	u32 j;

	t->writes++;
	if (sync) {
		if (!w->carries)
			w->carries = malloc(sizeof(*w->carries));
		carry(o, k, w->carries);
	}
	if (w->exempt)
		return -1;
	for (j = 0; j < o->n_kernels; j++)
		if (j != k && t->known.reads[j] < w->reads[j])
			race = (int)j;
	w->writer = (u8)k;
	w->write = t->writes;
	w->plain = !sync;
	return race;
}

void order_wmb(struct sim_order *o, u32 k)
{
	o->teller[k].told.writes = o->teller[k].writes;
}

void order_rmb(struct sim_order *o, u32 k)
{
	struct teller *t = &o->teller[k];

	t->told.reads = t->reads;
	join(&t->known, &t->coming);
}

/* All that was stored before the bell is visible to who hears it. */
void order_bell(struct sim_order *o, u32 k)
{
	struct clock tells;

	order_wmb(o, k);
	carry(o, k, &tells);
	join(&o->bell, &tells);
}

void order_interrupt(struct sim_order *o, u32 k)
{
	join(&o->teller[k].known, &o->bell);
}

void order_crash(struct sim_order *o, u32 k)
{
	order_wmb(o, k);
	order_rmb(o, k);
}
