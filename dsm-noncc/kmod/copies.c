// SPDX-License-Identifier: GPL-2.0
/*
 * Frames of other kernels that we have, and how they are given back.
 *
 * The thread that unmaps what is recalled waits for nothing but this kernel's
 * own page tables: never for a fault, never for another kernel.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "arch.h"
#include "glue.h"
#include "trace.h"

DEFINE_MUTEX(body_unmapping);

static LIST_HEAD(unmaps); /* under dsm.lock */
static struct task_struct *unmap_task;

static enum hrtimer_restart copy_timer(struct hrtimer *timer)
{
	struct body_copy *copy = container_of(timer, struct body_copy, timer);
	unsigned long flags;

	flags = dsm_lock_save();
	dsm_copy_timer(&dsm.core, &copy->core);
	dsm_unlock_restore(flags);
	copy_put(copy);
	return HRTIMER_NORESTART;
}

struct body_copy *copy_alloc(gfp_t gfp)
{
	struct body_copy *copy = kzalloc(sizeof(*copy), gfp);

	if (!copy)
		return NULL;
	INIT_LIST_HEAD(&copy->maps);
	INIT_LIST_HEAD(&copy->unmap);
	INIT_LIST_HEAD(&copy->time);
	refcount_set(&copy->refs, 1);
	hrtimer_init(&copy->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	copy->timer.function = copy_timer;
	return copy;
}

struct body_copy *copy_hold(struct body_copy *copy)
{
	return copy && refcount_inc_not_zero(&copy->refs) ? copy : NULL;
}

void copy_put(struct body_copy *copy)
{
	if (copy && refcount_dec_and_test(&copy->refs))
		kfree_rcu(copy, rcu);
}

struct dsm_copy *copies_op_find(void *ctx, u32 home, u64 frame)
{
	struct body_copy *copy = xa_load(&dsm.copies[home], frame);

	return copy ? &copy->core : NULL;
}

/* Under dsm.lock; the caller's reference becomes that of the table. */
int copy_insert(struct body_copy *copy, u32 home, u64 frame)
{
	copy->core.home = home;
	copy->core.frame = frame;
	dsm_copy_init(&dsm.core, &copy->core);
	return xa_err(xa_store(&dsm.copies[home], frame, copy, GFP_ATOMIC));
}

/* ---- replicas ---- */

static bool still_ours(struct body_copy *copy, u64 stamp, struct page **page)
{
	bool ours;

	dsm_lock();
	ours = dsm_copy_may_map(&dsm.core, &copy->core, stamp, DSM_READ);
	if (ours && *page && !copy->replica)
		swap(copy->replica, *page);
	dsm_unlock();
	return ours;
}

static int fill(struct body_copy *copy, void *to, bool time)
{
	const void *from = dsm_frame_address(copy->core.frame);

	if (time)
		return time_copy(to, from);
	memcpy(to, from, PAGE_SIZE);
	dsm_arch_code(to);
	return 0;
}

/*
 * Instruction caches, and translations of emulators, know nothing of what other
 * kernels do: what is executed is our own copy. So is the time data of the vDSO
 * where caches are not coherent. A replica lasts as long as our share of the
 * frame.
 */
int copy_replicate(struct body_copy *copy, u64 stamp, bool time)
{
	struct page *page = NULL;
	bool ours;
	int err;

	if (READ_ONCE(copy->replica))
		return 0;
	if (!still_ours(copy, stamp, &page))
		return -EAGAIN;
	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	err = fill(copy, page_address(page), time);
	dsm_count(replicas);
	dsm_count_n(bytes_copied, PAGE_SIZE);
	ours = !err && still_ours(copy, stamp, &page);
	if (page)
		__free_page(page);
	if (ours && time)
		time_keep(copy);
	return ours ? 0 : -EAGAIN;
}

/* ---- giving back ---- */

void copies_op_unmap(void *ctx, struct dsm_copy *core, enum dsm_access access,
		     u32 op)
{
	struct body_copy *copy = container_of(core, struct body_copy, core);

	copy->unmap_op = op;
	copy->unmap_access = access;
	if (list_empty(&copy->unmap)) {
		refcount_inc(&copy->refs);
		list_add_tail(&copy->unmap, &unmaps);
	}
	dsm_wake_task(unmap_task);
}

void copies_op_later(void *ctx, struct dsm_copy *core, u64 us)
{
	struct body_copy *copy = container_of(core, struct body_copy, core);

	/* A timer that is under way has a reference. */
	if (hrtimer_try_to_cancel(&copy->timer) != 1)
		refcount_inc(&copy->refs);
	hrtimer_start(&copy->timer, ns_to_ktime(us * NSEC_PER_USEC),
		      HRTIMER_MODE_REL);
}

/* Under dsm.lock. */
static void drop_if_idle(struct body_copy *copy)
{
	u64 frame = copy->core.frame;

	if (!dsm_copy_idle(&copy->core) || !list_empty(&copy->unmap) ||
	    !list_empty(&copy->maps) || copy->replica ||
	    xa_load(&dsm.copies[copy->core.home], frame) != copy)
		return;
	xa_erase(&dsm.copies[copy->core.home], frame);
	copy_put(copy);
}

/**
 * struct unmapping - what is unmapped together: TLBs are flushed once
 * @copy: what
 * @replica: to be freed
 * @op: as copies_op_unmap() was told
 * @access: the same
 * @n: how many
 * @gone: struct body_map, to be unmapped
 * @kept: struct body_map, to be made read-only
 */
struct unmapping {
	struct body_copy *copy[DSM_WIRE_BATCH];
	struct page *replica[DSM_WIRE_BATCH];
	u32 op[DSM_WIRE_BATCH];
	u8 access[DSM_WIRE_BATCH];
	unsigned int n;
	struct list_head gone;
	struct list_head kept;
};

/* Under dsm.lock. */
static void take_maps(struct unmapping *u, struct body_copy *copy)
{
	struct body_map *map;

	if (copy->unmap_access != DSM_NONE) {
		list_splice_init(&copy->maps, &u->kept);
		return;
	}
	list_for_each_entry(map, &copy->maps, list)
		xa_erase(&map->win->pages, map->index);
	list_splice_init(&copy->maps, &u->gone);
}

static void take_unmaps(struct unmapping *u)
{
	struct body_copy *copy, *next;

	dsm_lock();
	list_for_each_entry_safe(copy, next, &unmaps, unmap) {
		if (u->n == ARRAY_SIZE(u->copy))
			break;
		list_del_init(&copy->unmap);
		u->copy[u->n] = copy;
		u->op[u->n] = copy->unmap_op;
		u->access[u->n++] = copy->unmap_access;
		take_maps(u, copy);
	}
	dsm_unlock();
}

/* Under dsm.lock: all is unmapped, and answered in one message. */
static void unmapped(struct unmapping *u)
{
	struct body_map *map, *next;
	unsigned int i;

	list_for_each_entry_safe(map, next, &u->kept, list)
		list_move(&map->list, &map->copy->maps);
	for (i = 0; i < u->n; i++) {
		u->replica[i] = NULL;
		if (u->access[i] == DSM_NONE)
			swap(u->replica[i], u->copy[i]->replica);
		dsm_copy_unmapped(&dsm.core, &u->copy[i]->core, u->op[i]);
		drop_if_idle(u->copy[i]);
	}
}

static void unmap_taken(struct unmapping *u)
{
	unsigned int i;

	window_unmap(&u->gone, DSM_NONE);
	window_unmap(&u->kept, DSM_READ);
	for (i = 0; i < u->n; i++) {
		trace_dsm_unmap(u->copy[i]->core.home, u->copy[i]->core.frame,
				u->access[i]);
		if (u->access[i] == DSM_NONE)
			list_del_init(&u->copy[i]->time);
	}
	dsm_lock();
	unmapped(u);
	dsm_unlock();
}

/* Return: there was something to do. */
static bool unmap_some(void)
{
	struct unmapping u = {};
	struct body_map *map, *next;
	unsigned int i;

	INIT_LIST_HEAD(&u.gone);
	INIT_LIST_HEAD(&u.kept);
	mutex_lock(&body_unmapping);
	take_unmaps(&u);
	unmap_taken(&u);
	mutex_unlock(&body_unmapping);
	list_for_each_entry_safe(map, next, &u.gone, list)
		kfree(map);
	for (i = 0; i < u.n; i++) {
		if (u.replica[i])
			__free_page(u.replica[i]);
		copy_put(u.copy[i]);
	}
	return u.n;
}

/* Under dsm.lock: who has begun it calls copies_unmap_now(), and needs no thread. */
void copies_unmap_here(void)
{
	dsm_wake_not(unmap_task);
}

/* What has been begun is done when this returns. */
void copies_unmap_now(void)
{
	while (unmap_some())
		;
}

static int unmap_thread(void *unused)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (list_empty(&unmaps))
			schedule();
		__set_current_state(TASK_RUNNING);
		copies_unmap_now();
	}
	return 0;
}

static struct body_copy *next_copy(u32 home, unsigned long *frame)
{
	struct body_copy *copy;

	rcu_read_lock();
	copy = xa_find(&dsm.copies[home], frame, ULONG_MAX, XA_PRESENT);
	while (copy && !copy_hold(copy))
		copy = xa_find_after(&dsm.copies[home], frame, ULONG_MAX,
				     XA_PRESENT);
	rcu_read_unlock();
	return copy;
}

/* The home is gone. Return: nothing is left of it. */
bool copies_drop(u32 home)
{
	struct body_copy *copy;
	unsigned long frame;

	for (frame = 0; (copy = next_copy(home, &frame)); frame++) {
		dsm_lock();
		dsm_copy_gone(&dsm.core, &copy->core);
		drop_if_idle(copy);
		dsm_unlock();
		copy_put(copy);
		cond_resched();
	}
	return xa_empty(&dsm.copies[home]);
}

/*
 * No window shows them any more. What may only be read stays for the next process;
 * the home takes it back if that must not be.
 */
void copies_release_unused(u32 home)
{
	struct body_copy *copy;
	unsigned long frame;

	for (frame = 0; (copy = next_copy(home, &frame)); frame++) {
		dsm_lock();
		if (list_empty(&copy->maps) && list_empty(&copy->unmap) &&
		    copy->core.access == DSM_WRITE)
			dsm_copy_release(&dsm.core, &copy->core);
		drop_if_idle(copy);
		dsm_unlock();
		copy_put(copy);
		cond_resched();
	}
}

int copies_init(void)
{
	struct task_struct *t = kthread_run(unmap_thread, NULL, "dsm-recall");

	if (IS_ERR(t))
		return PTR_ERR(t);
	sched_set_fifo(t);
	unmap_task = t;
	return 0;
}
