/* SPDX-License-Identifier: GPL-2.0 */
/* A state of everything, small: its parts are numbered. */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include "machine.h"

/**
 * struct state - everything
 * @node: where each kernel is (kernel.h)
 * @way: what it has written (number of a struct way)
 * @bell: its bell has been rung
 * @late: wakes after a long silence that are left
 * @crashes: crashes that are left
 * @boot: incarnation
 * @stops: orders to stop that are left
 * @gone: it has yet to be told of the other's crash
 * @go: it has yet to be told to speak
 */
struct state {
	u32 node[KERNELS];
	u32 way[KERNELS];
	u8 bell[KERNELS];
	u8 late[KERNELS];
	u8 crashes[KERNELS];
	u8 boot[KERNELS];
	u8 stops[KERNELS];
	u8 gone[KERNELS];
	u8 go[KERNELS];
	u8 pad[2];
};

/* One way that a crash may leave a section. */
struct wreck {
	u32 way;
	char how[60];
};

/* Sections by number. All results are remembered. */
u32 way_first(u32 owner);
void way_get(u32 id, struct way *way);
u32 way_keep(const struct way *way);
/* After what one step of a kernel did: operations @ops, with number @list. */
u32 way_written(u32 id, const struct op *ops, u32 n, u32 list);
u32 way_read(u32 id, const struct op *ops, u32 n, u32 list);
u32 way_mb(u32 id);
u32 way_fence(u32 id);
u32 way_reboot(u32 id); /* its reader has booted */
bool way_has_word(u32 id, u16 word); /* stores to it that may yet be missed */
const struct wreck *way_wrecks(u32 id, u32 *n);
u32 ways_count(void);

#endif /* MODEL_STATE_H */
