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

void dsm_home_ack(struct dsm_core *core, struct dsm_page *page,
		  const struct dsm_msg *msg);
void dsm_home_release(struct dsm_core *core, struct dsm_page *page,
		      const struct dsm_msg *msg);
void dsm_copy_recall(struct dsm_core *core, const struct dsm_msg *msg);
void dsm_copy_grant(struct dsm_core *core, const struct dsm_msg *msg);

#endif /* DSM_INTERN_H */
