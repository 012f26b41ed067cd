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
static DECLARE_WAIT_QUEUE_HEAD(unmap_wq);

static enum hrtimer_restart copy_timer(struct hrtimer *timer)
{
	struct body_copy *copy = container_of(timer, struct body_copy, timer);
	unsigned long flags;

	spin_lock_irqsave(&dsm.lock, flags);
	dsm_copy_timer(&dsm.core, &copy->core);
	spin_unlock_irqrestore(&dsm.lock, flags);
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

	spin_lock_irq(&dsm.lock);
	ours = dsm_copy_may_map(&dsm.core, &copy->core, stamp, DSM_READ);
	if (ours && *page && !copy->replica)
		swap(copy->replica, *page);
	spin_unlock_irq(&dsm.lock);
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
	wake_up(&unmap_wq);
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

static struct body_copy *next_unmap(void)
{
	struct body_copy *copy;

	spin_lock_irq(&dsm.lock);
	copy = list_first_entry_or_null(&unmaps, struct body_copy, unmap);
	if (copy)
		list_del_init(&copy->unmap);
	spin_unlock_irq(&dsm.lock);
	return copy;
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

static void unmap_maps(struct list_head *maps)
{
	struct body_map *map;

	list_for_each_entry(map, maps, list)
		unmap_mapping_range(map->win->file->f_mapping,
				    (loff_t)map->index << PAGE_SHIFT, PAGE_SIZE,
				    1);
}

static void unmap(struct body_copy *copy)
{
	struct body_map *map, *next;
	struct page *replica = NULL;
	enum dsm_access access;
	LIST_HEAD(maps);
	u32 op;

	mutex_lock(&body_unmapping);
	spin_lock_irq(&dsm.lock);
	op = copy->unmap_op;
	access = copy->unmap_access;
	list_splice_init(&copy->maps, &maps);
	if (access == DSM_NONE)
		list_for_each_entry(map, &maps, list)
			xa_erase(&map->win->pages, map->index);
	spin_unlock_irq(&dsm.lock);
	trace_dsm_unmap(copy->core.home, copy->core.frame, access);
	unmap_maps(&maps);
	if (access == DSM_NONE)
		list_del_init(&copy->time);
	spin_lock_irq(&dsm.lock);
	if (access != DSM_NONE)
		list_splice_init(&maps, &copy->maps);
	else
		swap(replica, copy->replica);
	dsm_copy_unmapped(&dsm.core, &copy->core, op);
	drop_if_idle(copy);
	spin_unlock_irq(&dsm.lock);
	mutex_unlock(&body_unmapping);
	list_for_each_entry_safe(map, next, &maps, list)
		kfree(map);
	if (replica)
		__free_page(replica);
	copy_put(copy);
}

static int unmap_thread(void *unused)
{
	struct body_copy *copy;

	while (!kthread_should_stop()) {
		wait_event_interruptible(unmap_wq,
					 !list_empty(&unmaps) ||
						 kthread_should_stop());
		while ((copy = next_unmap()))
			unmap(copy);
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
		spin_lock_irq(&dsm.lock);
		dsm_copy_gone(&dsm.core, &copy->core);
		drop_if_idle(copy);
		spin_unlock_irq(&dsm.lock);
		copy_put(copy);
		cond_resched();
	}
	return xa_empty(&dsm.copies[home]);
}

/* No window shows them any more. */
void copies_release_unused(u32 home)
{
	struct body_copy *copy;
	unsigned long frame;

	for (frame = 0; (copy = next_copy(home, &frame)); frame++) {
		spin_lock_irq(&dsm.lock);
		if (list_empty(&copy->maps) && list_empty(&copy->unmap) &&
		    !dsm_copy_idle(&copy->core))
			dsm_copy_release(&dsm.core, &copy->core);
		drop_if_idle(copy);
		spin_unlock_irq(&dsm.lock);
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
	return 0;
}
