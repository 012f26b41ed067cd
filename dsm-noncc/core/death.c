// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * What becomes of frames when a kernel that had them, wanted them, or was to hand
 * them on, is dead.
 */
#include "dsm_intern.h"

static void drop_asks(struct dsm_core *core, struct dsm_page *page, u32 kernel)
{
	struct dsm_ask **at = &page->asks;

	while (*at) {
		struct dsm_ask *ask = *at;

		if (ask->kernel == kernel &&
		    dsm_home_is_old(core, kernel, ask->since)) {
			*at = ask->next;
			dsm_home_done(core, page, ask, DSM_GONE);
		} else {
			at = &ask->next;
		}
	}
}

/*
 * The giver is dead. Has it granted the frame to the third kernel before? Take it
 * back from there, and see by the answer; who asked shall ask again.
 */
static void ask_third(struct dsm_core *core, struct dsm_page *page)
{
	u32 third = page->third;

	page->third = DSM_NOBODY;
	page->keep = DSM_NONE;
	page->failed = true;
	page->waiting |= dsm_bit(third);
	dsm_home_ask_back(core, page, third);
}

static void giver_gone(struct dsm_core *core, struct dsm_page *page, u32 kernel,
		       bool lost)
{
	page->waiting &= (u8)~dsm_bit(kernel);
	dsm_home_gave(page, kernel, DSM_NONE);
	if (page->op_kernel == kernel) {
		/* It was asked whether it had got what another had. */
		if (page->lost_by != DSM_NOBODY)
			dsm_home_lose(core, page, page->lost_by);
		else if (page->next == DSM_PAGE_EXCLUSIVE &&
			 page->dead == DSM_DEAD_DIRTY)
			dsm_home_lose(core, page, kernel);
		page->lost_by = DSM_NOBODY;
	} else if (page->third != DSM_NOBODY && page->dead) {
		/* Whichever of them had it. */
		if (lost)
			dsm_home_lose(core, page, kernel);
		else if (page->next == DSM_PAGE_EXCLUSIVE &&
			 page->dead == DSM_DEAD_DIRTY)
			dsm_home_lose(core, page, page->op_kernel);
	} else if (page->third != DSM_NOBODY) {
		page->lost_by = lost ? (u8)kernel : DSM_NOBODY;
		ask_third(core, page);
	} else if (lost) {
		dsm_home_lose(core, page, kernel);
	}
	dsm_home_finish(core, page);
}

static void holder_gone(struct dsm_core *core, struct dsm_page *page,
			u32 kernel, bool lost)
{
	dsm_home_gave(page, kernel, DSM_NONE);
	if (lost)
		dsm_home_lose(core, page, kernel);
}

void dsm_home_gone(struct dsm_core *core, struct dsm_page *page, u32 kernel,
		   enum dsm_gone how)
{
	bool lost = how != DSM_GAVE_BACK && page->state == DSM_PAGE_EXCLUSIVE &&
		    (page->holders & dsm_bit(kernel));

	if (how != DSM_OFF && !dsm_heard(core, kernel))
		return;
	drop_asks(core, page, kernel);
	if (page->ask && page->op_kernel == kernel &&
	    dsm_home_is_old(core, kernel, page->ask->since)) {
		page->failed = true;
		page->dead = how == DSM_GAVE_BACK ? DSM_DEAD_CLEAN :
						    DSM_DEAD_DIRTY;
	}
	if (dsm_home_is_old(core, kernel, page->stamp[kernel])) {
		if (page->waiting & dsm_bit(kernel))
			giver_gone(core, page, kernel, lost);
		else if (page->holders & dsm_bit(kernel))
			holder_gone(core, page, kernel, lost);
	}
	dsm_home_serve(core, page);
}
