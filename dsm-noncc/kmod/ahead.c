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

/* Of a range that anybody may have thought of. */
struct pages {
	unsigned long first;
	unsigned long end;
};

static struct pages pages_of(const struct dsm_touch *touch)
{
	u64 addr = min(touch->addr, TASK_SIZE);

	return (struct pages){
		.first = addr >> PAGE_SHIFT,
		.end = PAGE_ALIGN(addr + min(touch->len, TASK_SIZE - addr)) >>
		       PAGE_SHIFT,
	};
}

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

static void give(struct dsm_space *space, unsigned int kernel,
		 unsigned long index, bool write)
{
	struct dsm_ask ask = {
		.kernel = kernel,
		.access = write ? DSM_WRITE : DSM_READ,
		.flags = DSM_OPTIONAL,
		.addr = (u64)index << PAGE_SHIFT,
		.space = space->number,
		.space_inc = dsm.core.inc,
	};

	space_use_over(space, index);
	serve_unasked(space, &ask);
}

void dsm_space_send(struct dsm_space *space, unsigned int kernel,
		    const struct dsm_touch *touch, unsigned int n)
{
	struct dsm_ask ask = { .kernel = kernel };
	struct serve_worker worker;
	struct space_ahead ahead;
	unsigned int i;

	for (i = 0; i < n; i++) {
		ask.addr = min(touch[i].addr, TASK_SIZE - 1);
		ask.access = touch[i].write ? DSM_WRITE : DSM_READ;
		ahead_note(space, &ask);
	}
	WRITE_ONCE(space->regrets, 0);
	dsm_lock();
	ahead = space->ahead[kernel];
	dsm_unlock_unsent();
	/* All that is done for it is done here, and sent by serve_end(). */
	serve_begin(&worker);
	for (i = 0; i < ahead.n; i++)
		give(space, kernel, ahead.asked[i].index, ahead.asked[i].write);
	serve_end(&worker);
}
EXPORT_SYMBOL_GPL(dsm_space_send);

void dsm_space_give(struct dsm_space *space, unsigned int kernel,
		    const struct dsm_touch *touch, unsigned int n)
{
	unsigned int i, left = DSM_GIVE;
	struct serve_worker worker;
	struct pages p;

	serve_begin(&worker);
	for (i = 0; i < n; i++)
		for (p = pages_of(&touch[i]); p.first < p.end && left; left--)
			give(space, kernel, p.first++, touch[i].write);
	serve_end(&worker);
}
EXPORT_SYMBOL_GPL(dsm_space_give);

/* What it gets to use it gets to write: it will be handed out again for that. */
void dsm_space_fetch(struct dsm_space *space, const struct dsm_touch *touch,
		     unsigned int n)
{
	struct home_page *hp[DSM_WIRE_BATCH];
	unsigned int i, k, got;
	struct pages p;

	for (i = 0; i < n; i++) {
		p = pages_of(&touch[i]);
		while (p.first < p.end && !fatal_signal_pending(current)) {
			got = space_pages(space, &p.first, p.end, hp);
			home_fetch_all(hp, got,
				       touch[i].write ? DSM_WRITE : DSM_READ);
			for (k = 0; k < got; k++)
				home_page_put(hp[k]);
		}
	}
}
EXPORT_SYMBOL_GPL(dsm_space_fetch);

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

/* So many that all go out in one message. */
static void lend_some(struct dsm_window *win, struct pages *p)
{
	unsigned int n = 0;

	dsm_lock();
	while (n < DSM_WIRE_BATCH &&
	       xa_find(&win->pages, &p->first, p->end - 1, XA_PRESENT))
		n += give_back(win, p->first++);
	if (n < DSM_WIRE_BATCH)
		p->first = p->end;
	copies_unmap_here();
	dsm_unlock();
	if (n)
		copies_unmap_now();
}

void dsm_window_lend(struct dsm_window *win, const struct dsm_touch *touch,
		     unsigned int n)
{
	unsigned int i, pages = 0;
	struct pages p;

	for (i = 0; i < n; i++) {
		p = pages_of(&touch[i]);
		pages += min(p.end - p.first, (unsigned long)DSM_GIVE);
		while (p.first < p.end)
			lend_some(win, &p);
	}
	dsm_lock();
	asks_welcome(win, pages);
	dsm_unlock();
}
EXPORT_SYMBOL_GPL(dsm_window_lend);

void dsm_window_return(struct dsm_window *win)
{
	unsigned int i;

	dsm_lock();
	for (i = 0; i < min(win->recent_n, DSM_RECENT); i++)
		give_back(win, win->recent[i]);
	win->recent_n = 0;
	asks_welcome(win, DSM_AHEAD);
	copies_unmap_here();
	dsm_unlock();
	copies_unmap_now();
}
EXPORT_SYMBOL_GPL(dsm_window_return);
