/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Who knows what: finds accesses that no barrier orders, in runs where nothing
 * goes wrong. A race detector with the port's vocabulary.
 *
 * Single loads and stores of words synchronise; copies do not. A copy must not
 * meet another kernel's write of the same word, nor a write another kernel's
 * copy out of it, unless barriers and words order the two: a store carries what
 * wmb (for writes) and rmb (for reads) have put before it, a load brings it in
 * with the next rmb.
 */
#ifndef IMB_SIM_ORDER_H
#define IMB_SIM_ORDER_H

#include "imb_port.h"

struct sim_order;

struct sim_order *order_create(u32 words, u32 n_kernels);
void order_destroy(struct sim_order *o);

/* The words are written and read under a guard of their own. */
void order_exempt(struct sim_order *o, u32 word, u32 n);

/*
 * One access of kernel @k to a word; @sync: a single load or store.
 * Return: the kernel whose access it races with, or -1.
 */
int order_load(struct sim_order *o, u32 k, u32 word, bool sync);
int order_store(struct sim_order *o, u32 k, u32 word, bool sync);

void order_wmb(struct sim_order *o, u32 k);
void order_rmb(struct sim_order *o, u32 k);
void order_bell(struct sim_order *o, u32 k);
void order_interrupt(struct sim_order *o, u32 k);

/* The next incarnation of a kernel begins where the last one ended. */
void order_crash(struct sim_order *o, u32 k);

#endif /* IMB_SIM_ORDER_H */
