// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that go along with a thread that moves, so that nobody has to ask: there,
 * what was asked for on its last stay; and back, what it was lately given to
 * write.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "glue.h"

/* ---- home ---- */

/* Under dsm.lock. */
static struct space_asked *find(struct space_ahead *ahead, unsigned long index)
{
	unsigned int i;

	for (i = 0; i < ahead->n; i++)
		if (ahead->asked[i].index == index)
			return &ahead->asked[i];
	return NULL;
}

/* A kernel has asked for a page, or will; the oldest is forgotten. */
void ahead_note(struct dsm_space *space, const struct dsm_ask *ask)
{
	struct space_ahead *ahead = &space->ahead[ask->kernel];
	struct space_asked *asked;

	dsm_lock();
	asked = find(ahead, ask->addr >> PAGE_SHIFT);
	if (!asked) {
		if (ahead->n < DSM_AHEAD)
			ahead->n++;
		asked = &ahead->asked[ahead->next++ % DSM_AHEAD];
		*asked = (struct space_asked){ ask->addr >> PAGE_SHIFT };
	}
	asked->write |= ask->access == DSM_WRITE;
	dsm_unlock_unsent();
}

/* A child touches what its parent has touched. */
void ahead_inherit(struct dsm_space *space)
{
	struct dsm_space *parent;
	struct mm_struct *mm;

	rcu_read_lock();
	/* Only to compare with: nobody looks into it. */
	mm = READ_ONCE(rcu_dereference(current->real_parent)->mm);
	rcu_read_unlock();
	parent = mm && mm != current->mm ? dsm_space_of(mm) : NULL;
	if (!parent)
		return;
	dsm_lock();
	memcpy(space->ahead, parent->ahead, sizeof(space->ahead));
	dsm_unlock_unsent();
	dsm_space_put(parent);
}

/* All that is done for it is done here, and sent when this returns. */
static void give(struct dsm_space *space, unsigned int kernel,
		 const struct space_asked *pages, unsigned int n)
{
	struct dsm_ask ask = {
		.kernel = kernel,
		.flags = DSM_OPTIONAL,
		.space = space->number,
		.space_inc = dsm.core.inc,
	};
	struct serve_worker worker;
	unsigned int i;

	serve_begin(&worker);
	for (i = 0; i < n; i++) {
		ask.addr = pages[i].index << PAGE_SHIFT;
		ask.access = pages[i].write ? DSM_WRITE : DSM_READ;
		serve_unasked(space, &ask);
	}
	serve_end(&worker);
}

void dsm_space_send(struct dsm_space *space, unsigned int kernel,
		    const struct dsm_touch *touch, unsigned int n)
{
	struct dsm_ask ask = { .kernel = kernel };
	struct space_ahead ahead;
	unsigned int i;

	for (i = 0; i < n; i++) {
		ask.addr = touch[i].addr;
		ask.access = touch[i].write ? DSM_WRITE : DSM_READ;
		ahead_note(space, &ask);
	}
	dsm_lock();
	ahead = space->ahead[kernel];
	dsm_unlock_unsent();
	give(space, kernel, ahead.asked, ahead.n);
}
EXPORT_SYMBOL_GPL(dsm_space_send);

void dsm_space_give(struct dsm_space *space, unsigned int kernel,
		    const struct dsm_touch *touch, unsigned int n)
{
	struct space_asked pages[DSM_AHEAD];
	unsigned int i;

	n = min(n, ARRAY_SIZE(pages));
	for (i = 0; i < n; i++)
		pages[i] = (struct space_asked){
			.index = touch[i].addr >> PAGE_SHIFT,
			.write = touch[i].write,
		};
	give(space, kernel, pages, n);
}
EXPORT_SYMBOL_GPL(dsm_space_give);

/* ---- body ---- */

/* Under dsm.lock. */
void ahead_granted(struct dsm_window *win, unsigned long index)
{
	win->recent[win->recent_n++ % DSM_RECENT] = index;
}

/* Under dsm.lock. What other windows show, or may only be read, stays. */
static bool give_back(struct dsm_window *win, unsigned long index)
{
	struct body_map *map = xa_load(&win->pages, index);

	if (!map || !list_is_singular(&map->copy->maps) ||
	    !(map->prot & DSM_PROT_WRITE))
		return false;
	dsm_copy_release(&dsm.core, &map->copy->core);
	return true;
}

void dsm_window_lend(struct dsm_window *win, const struct dsm_touch *touch,
		     unsigned int n)
{
	unsigned int i;
	bool any = false;

	dsm_lock();
	for (i = 0; i < n; i++)
		any |= give_back(win, touch[i].addr >> PAGE_SHIFT);
	if (any)
		asks_welcome(win);
	dsm_unlock();
	if (any)
		copies_unmap_now();
}
EXPORT_SYMBOL_GPL(dsm_window_lend);

void dsm_window_return(struct dsm_window *win)
{
	unsigned int i;

	dsm_lock();
	for (i = 0; i < min(win->recent_n, DSM_RECENT); i++)
		give_back(win, win->recent[i]);
	win->recent_n = 0;
	asks_welcome(win);
	dsm_unlock();
	copies_unmap_now();
}
EXPORT_SYMBOL_GPL(dsm_window_return);
