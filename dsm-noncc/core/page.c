// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The entry of a frame at its home, as the host sees it: what is so now, and what it
 * may wish for. What follows from a wish is home.c's.
 */
#include "dsm_intern.h"

void dsm_page_init(struct dsm_core *core, struct dsm_page *page)
{
	struct dsm_page fresh = {
		.frame = page->frame,
		.until = page->until,
		.state = DSM_PAGE_EXCLUSIVE,
		.holders = dsm_bit(core->self),
		.op_kernel = DSM_NOBODY,
		.third = DSM_NOBODY,
		.lost_by = DSM_NOBODY,
	};

	*page = fresh;
}

bool dsm_page_idle(const struct dsm_core *core, const struct dsm_page *page)
{
	return dsm_home_all_ours(core, page) && !dsm_home_busy(page) &&
	       !page->asks && !page->recalls;
}

bool dsm_page_quiet(const struct dsm_page *page)
{
	return page->state == DSM_PAGE_SHARED && !dsm_home_busy(page) &&
	       !page->asks && !page->recalls;
}

void dsm_home_request(struct dsm_core *core, struct dsm_page *page,
		      struct dsm_ask *ask)
{
	struct dsm_ask **at = &page->asks;

	ask->since = core->peer[ask->kernel].stamp;
	if ((ask->flags & DSM_OPTIONAL) && dsm_home_busy(page)) {
		dsm_home_done(core, page, ask, DSM_SKIPPED);
		return;
	}
	while (*at)
		at = &(*at)->next;
	ask->next = NULL;
	*at = ask;
	dsm_home_serve(core, page);
}

bool dsm_home_ok(const struct dsm_core *core, const struct dsm_page *page,
		 enum dsm_access access)
{
	u8 self = dsm_bit(core->self);

	if (!(page->holders & self))
		return false;
	if (page->waiting & self)
		return access <= page->keep;
	return access == DSM_READ || page->state == DSM_PAGE_EXCLUSIVE;
}

void dsm_home_want(struct dsm_core *core, struct dsm_page *page,
		   enum dsm_access access)
{
	if (access > page->want)
		page->want = (u8)access;
	dsm_home_serve(core, page);
}

void dsm_home_used(struct dsm_core *core, struct dsm_page *page)
{
	u64 end = core->ops->now_us(core->ctx) + core->hold_us;

	if (page->until <= end)
		return;
	page->until = end;
	if (page->timer)
		core->ops->later_page(core->ctx, page, core->hold_us);
}

u32 dsm_home_waits_for(const struct dsm_page *page)
{
	return page->waiting;
}

void dsm_home_timer(struct dsm_core *core, struct dsm_page *page)
{
	page->timer = false;
	dsm_home_serve(core, page);
}
