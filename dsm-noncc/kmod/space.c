// SPDX-License-Identifier: GPL-2.0
/*
 * Spaces: address spaces of this kernel that others may see, and what tells us
 * that a mapping changes.
 *
 * Whatever is about to happen to a range (munmap, mprotect, mremap, fork, exec,
 * exit, reclaim, migration, truncation), the notifier gets all its pages back
 * and puts the page table as it was. So the rest of the kernel never meets an
 * entry of ours, and nobody over there has what is not mapped here.
 */
#include <linux/hashtable.h>
#include <linux/hugetlb.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/tombolo.h>

#include "glue.h"
#include "trace.h"

/* Pages that are called back together, by one message. */
#define BATCH DSM_WIRE_BATCH

static DEFINE_HASHTABLE(by_mm, 8);
static DEFINE_MUTEX(making); /* guards by_mm, with RCU */

static struct dsm_space *hold(struct dsm_space *space)
{
	return space && refcount_inc_not_zero(&space->refs) ? space : NULL;
}

struct dsm_space *dsm_space_of(struct mm_struct *mm)
{
	struct dsm_space *s, *found = NULL;

	rcu_read_lock();
	hash_for_each_possible_rcu(by_mm, s, by_mm, (unsigned long)mm)
		if (s->mm == mm && !READ_ONCE(s->dead))
			found = s;
	found = hold(found);
	rcu_read_unlock();
	return found;
}

struct dsm_space *dsm_space_find(u32 number, u32 inc)
{
	struct dsm_space *space;

	if (inc != dsm.core.inc)
		return NULL;
	rcu_read_lock();
	space = hold(xa_load(&dsm.spaces, number));
	rcu_read_unlock();
	return space;
}

/* The one with this number, or the next; NULL: there is none. */
struct dsm_space *dsm_space_next(unsigned long *number)
{
	struct dsm_space *space;

	rcu_read_lock();
	space = xa_find(&dsm.spaces, number, ULONG_MAX, XA_PRESENT);
	while (space && !hold(space))
		space = xa_find_after(&dsm.spaces, number, ULONG_MAX,
				      XA_PRESENT);
	rcu_read_unlock();
	return space;
}

void dsm_space_put(struct dsm_space *space)
{
	if (!space || !refcount_dec_and_test(&space->refs))
		return;
	put_pid(space->pid);
	kfree_rcu(space, rcu);
}
EXPORT_SYMBOL_GPL(dsm_space_put);

struct dsm_id dsm_space_id(const struct dsm_space *space)
{
	return (struct dsm_id){
		.home = dsm.core.self,
		.number = space->number,
		.incarnation = dsm.core.inc,
	};
}
EXPORT_SYMBOL_GPL(dsm_space_id);

/* ---- what is known of its pages ---- */

void space_hot(struct dsm_space *space, unsigned long addr,
	       enum dsm_hot_kind kind)
{
	spin_lock(&space->hot_lock);
	dsm_hot_note(&space->hot, addr >> PAGE_SHIFT, offset_in_page(addr),
		     kind);
	spin_unlock(&space->hot_lock);
}

static struct space_use *use_of(struct dsm_space *space, unsigned long index)
{
	return &space->uses[index % SPACE_USES];
}

/*
 * The home had to get a page back, and has it until then. It is remembered when
 * nobody else has the page any more, and so there is no entry of it. All three:
 * who looks without dsm.maps sees a hint.
 */
void space_used(struct dsm_space *space, unsigned long index, u64 until)
{
	struct space_use *use = use_of(space, index);

	if (!until)
		return;
	WRITE_ONCE(use->index, index);
	WRITE_ONCE(use->until, until);
}

u64 space_used_until(struct dsm_space *space, unsigned long index)
{
	struct space_use *use = use_of(space, index);

	return READ_ONCE(use->index) == index ? READ_ONCE(use->until) : 0;
}

/* Who had it fetched needs it no more. */
void space_use_over(struct dsm_space *space, unsigned long index)
{
	if (space_used_until(space, index))
		WRITE_ONCE(use_of(space, index)->until, 0);
}

/*
 * Up to DSM_WIRE_BATCH of the pages in a range that others have or want, each with
 * a reference; @first is then behind them.
 */
unsigned int space_pages(struct dsm_space *space, unsigned long *first,
			 unsigned long end, struct home_page **hp)
{
	struct home_map *map;
	unsigned int n = 0;

	rcu_read_lock();
	map = xa_find(&space->maps, first, end - 1, XA_PRESENT);
	while (map && n < DSM_WIRE_BATCH) {
		if (refcount_inc_not_zero(&map->hp->refs))
			hp[n++] = map->hp;
		map = xa_find_after(&space->maps, first, end - 1, XA_PRESENT);
	}
	rcu_read_unlock();
	if (!map)
		*first = end;
	return n;
}

/* ---- the notifier ---- */

struct batch {
	struct home_page *hp[BATCH];
	unsigned long index[BATCH];
	unsigned int n;
};

/* No new map appears in the range: the notifier's number has changed. */
static void collect(struct dsm_space *space, unsigned long *index,
		    unsigned long last, struct batch *b)
{
	struct home_map *map;

	b->n = 0;
	rcu_read_lock();
	map = xa_find(&space->maps, index, last, XA_PRESENT);
	while (map) {
		if (refcount_inc_not_zero(&map->hp->refs)) {
			b->hp[b->n] = map->hp;
			b->index[b->n++] = *index;
		}
		if (b->n == BATCH)
			break;
		map = xa_find_after(&space->maps, index, last, XA_PRESENT);
	}
	rcu_read_unlock();
}

static void recall_batch(struct dsm_space *space, struct batch *b)
{
	unsigned int i;

	home_recall_begin(b->hp, b->n);
	for (i = 0; i < b->n; i++)
		home_recall_wait(b->hp[i]);
	protect_end(space, b->index, b->hp, b->n);
	home_recall_end(b->hp, b->n);
	for (i = 0; i < b->n; i++)
		home_page_put(b->hp[i]);
	dsm_count_n(notified_pages, b->n);
}

static void recall_range(struct dsm_space *space, unsigned long first,
			 unsigned long last)
{
	struct batch b;

	do {
		collect(space, &first, last, &b);
		recall_batch(space, &b);
	} while (b.n == BATCH);
}

/* All who were ever let in; nobody has any page of it by now. */
static void say_over(const struct dsm_space *space)
{
	struct dsm_ask ask = {
		.space = space->number,
		.space_inc = dsm.core.inc,
	};

	dsm_lock();
	for (ask.kernel = 0; ask.kernel < dsm.core.kernels; ask.kernel++)
		if (space->ever & BIT(ask.kernel))
			dsm_home_refuse(&dsm.core, &ask,
					SIGKILL << 16 | SI_KERNEL);
	dsm_unlock();
}

static void space_ended(struct work_struct *work)
{
	struct dsm_space *space = container_of(work, struct dsm_space, end);

	mmu_interval_notifier_remove(&space->notifier);
	say_over(space);
	mutex_lock(&making);
	hash_del_rcu(&space->by_mm);
	xa_erase(&dsm.spaces, space->number);
	mutex_unlock(&making);
	dsm_space_put(space);
}

/* Under dsm.maps. Return: it has to wait for other kernels, which it must not. */
static bool would_wait(struct dsm_space *space,
		       const struct mmu_notifier_range *range)
{
	unsigned long first = range->start >> PAGE_SHIFT;

	return !mmu_notifier_range_blockable(range) &&
	       xa_find(&space->maps, &first, (range->end - 1) >> PAGE_SHIFT,
		       XA_PRESENT);
}

/*
 * False: not now. That is for the OOM killer's reaper alone, which comes by again or
 * leaves it to the end of the process.
 */
static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range,
		       unsigned long seq)
{
	struct dsm_space *space =
		container_of(notifier, struct dsm_space, notifier);
	bool later;

	spin_lock(&dsm.maps);
	later = would_wait(space, range);
	if (!later)
		mmu_interval_set_seq(notifier, seq);
	if (range->event == MMU_NOTIFY_RELEASE)
		WRITE_ONCE(space->dead, true);
	spin_unlock(&dsm.maps);
	dsm_count(notified);
	trace_dsm_notify(space->number, range->event, range->start, range->end);
	if (later) {
		dsm_count(notified_later);
		return false;
	}
	if (range->event == MMU_NOTIFY_RELEASE)
		keep_pages(space);
	recall_range(space, range->start >> PAGE_SHIFT,
		     (range->end - 1) >> PAGE_SHIFT);
	if (range->event == MMU_NOTIFY_RELEASE)
		schedule_work(&space->end);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = {
	.invalidate = invalidate,
};

/* ---- making and granting ---- */

/* What cannot be handed out page by page. */
static bool can_be_shared(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	bool ok = true;

	mmap_read_lock(mm);
	VMA_ITERATOR(vmi, mm, 0);
	for_each_vma(vmi, vma)
		if (is_vm_hugetlb_page(vma))
			ok = false;
	mmap_read_unlock(mm);
	return ok;
}

static struct dsm_space *make(struct mm_struct *mm)
{
	struct dsm_space *space;
	static u32 last;
	int ret;

	if (!can_be_shared(mm))
		return ERR_PTR(-EOPNOTSUPP);
	space = kzalloc(sizeof(*space), GFP_KERNEL);
	if (!space)
		return ERR_PTR(-ENOMEM);
	space->mm = mm;
	xa_init(&space->maps);
	INIT_WORK(&space->end, space_ended);
	spin_lock_init(&space->hot_lock);
	space->pid = get_pid(task_tgid(current));
	refcount_set(&space->refs, 2);
	space->number = ++last;
	ahead_inherit(space);
	ret = xa_err(xa_store(&dsm.spaces, space->number, space, GFP_KERNEL));
	if (!ret)
		ret = mmu_interval_notifier_insert(&space->notifier, mm, 0,
						   TASK_SIZE, &notifier_ops);
	if (ret) {
		xa_erase(&dsm.spaces, space->number);
		put_pid(space->pid);
		kfree_rcu(space, rcu);
		return ERR_PTR(ret);
	}
	hash_add_rcu(by_mm, &space->by_mm, (unsigned long)mm);
	set_bit(MMF_TOMBOLO, &mm->flags);
	return space;
}

struct dsm_space *dsm_space_get(struct mm_struct *mm)
{
	struct dsm_space *space;

	mutex_lock(&making);
	space = dsm_space_of(mm);
	if (!space)
		space = make(mm);
	mutex_unlock(&making);
	return space;
}
EXPORT_SYMBOL_GPL(dsm_space_get);

int dsm_space_grant(struct dsm_space *space, unsigned int kernel)
{
	if (kernel >= dsm.core.kernels || kernel == dsm.core.self)
		return -EINVAL;
	if (READ_ONCE(space->dead))
		return -ESRCH;
	if (!dsm.link[kernel].up)
		return -ENOTCONN;
	dsm_lock();
	space->kernels |= BIT(kernel);
	space->ever |= BIT(kernel);
	dsm_unlock();
	return 0;
}
EXPORT_SYMBOL_GPL(dsm_space_grant);

/* Any context. Once for each process: it may have lost thousands of pages. */
void space_kill(struct dsm_space *space, u32 kernel)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(space->pid, PIDTYPE_TGID);
	if (task && !(READ_ONCE(task->signal->flags) & SIGNAL_GROUP_EXIT)) {
		pr_warn("dsm: %s[%d] had memory on kernel %u, which is gone: it is killed\n",
			task->comm, task_tgid_nr(task), kernel);
		send_sig(SIGKILL, task, 1);
	}
	rcu_read_unlock();
}
