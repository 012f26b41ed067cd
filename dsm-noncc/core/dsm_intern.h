/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the parts of the core know of each other. */
#ifndef DSM_INTERN_H
#define DSM_INTERN_H

#include "dsm_core.h"

enum dsm_page_state {
#define PAGE(name, text) DSM_PAGE_##name,
#include "dsm_states.def"
	DSM_PAGE_STATES
};

enum dsm_copy_phase {
#define PHASE(name, text) DSM_COPY_##name,
#include "dsm_states.def"
	DSM_COPY_PHASES
};

/* A thread that waits for a page has to be run before it can use it. */
#define DSM_RUN_FACTOR 8

/* What the host may be told of a bad peer. */
void dsm_bad(struct dsm_core *core, u32 kernel, const char *why);

/**
 * dsm_send() - complete a message and send it
 * @core: us
 * @kernel: to whom
 * @msg: all but @from
 */
void dsm_send(struct dsm_core *core, u32 kernel, const struct dsm_msg *msg);

/* May the peer be heard? If not, it is not sent anything either. */
static inline bool dsm_heard(const struct dsm_core *core, u32 kernel)
{
	return kernel != core->self && core->peer[kernel].inc;
}

static inline u8 dsm_bit(u32 kernel)
{
	return (u8)(1u << kernel);
}

/* Somebody is to get it, and others have to give. */
static inline bool dsm_home_busy(const struct dsm_page *page)
{
	return page->op_kernel != DSM_NOBODY;
}

static inline bool dsm_home_all_ours(const struct dsm_core *core,
				     const struct dsm_page *page)
{
	return page->state == DSM_PAGE_EXCLUSIVE &&
	       page->holders == dsm_bit(core->self);
}

/* dsm_page.dead: what became of who asked. */
enum dsm_death { DSM_ALIVE, DSM_DEAD_CLEAN, DSM_DEAD_DIRTY };

/* Is what has this stamp of before a kernel's HELLO, or before it went? */
bool dsm_home_is_old(const struct dsm_core *core, u32 kernel, u64 stamp);
/* A holder has given, and kept what it says. */
void dsm_home_gave(struct dsm_page *page, u32 kernel, u8 kept);
void dsm_home_done(struct dsm_core *core, struct dsm_page *page,
		   struct dsm_ask *ask, enum dsm_result result);
void dsm_home_lose(struct dsm_core *core, struct dsm_page *page, u32 kernel);
/* The first RECALL of the present operation to this kernel. */
void dsm_home_ask_back(struct dsm_core *core, struct dsm_page *page,
		       u32 kernel);
/* End the present operation, if nobody has to give any more. */
void dsm_home_finish(struct dsm_core *core, struct dsm_page *page);
/* Begin what can be begun, in turn: the home and those who ask. */
void dsm_home_serve(struct dsm_core *core, struct dsm_page *page);

void dsm_home_ack(struct dsm_core *core, struct dsm_page *page,
		  const struct dsm_msg *msg);
void dsm_home_release(struct dsm_core *core, struct dsm_page *page,
		      const struct dsm_msg *msg);
void dsm_copy_recall(struct dsm_core *core, const struct dsm_msg *msg);
void dsm_copy_grant(struct dsm_core *core, const struct dsm_msg *msg);

#endif /* DSM_INTERN_H */
