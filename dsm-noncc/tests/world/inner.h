/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the world know of each other. */
#ifndef INNER_H
#define INNER_H

#include "world.h"

#define PUSHED 0xffull /* token of what nobody asked for */

/* thread.tries */
#define HURRIED 1
#define WOKEN	2
#define AGAIN	4 /* and more */

u8 world_op_of(const struct thread *t);
u32 world_frame_of(const struct thread *t);
u8 world_access_of(const struct thread *t);
void world_advance(struct thread *t);

struct slot *world_take_slot(struct host *h);
struct dsm_page *world_entry(struct host *h, u32 frame);
void world_resolve(struct host *h, struct slot *slot);
void world_deliver(u32 from, u32 to);

void world_boot(u32 k, u32 inc);
void world_gone(struct host *h, u32 kernel, u32 f, enum dsm_gone how);
enum dsm_gone world_hello_of(const struct host *h, u32 kernel);
void world_all_gone(struct host *h, u32 kernel, enum dsm_gone how);

#endif /* INNER_H */
