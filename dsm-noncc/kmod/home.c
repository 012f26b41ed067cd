// SPDX-License-Identifier: GPL-2.0
/*
 * Frames of ours that other kernels have: the directory's entries, and how this
 * kernel gets them back.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "glue.h"

static LIST_HEAD(reaps); /* to be tidied up; under dsm.lock */

static unsigned int recall_ms = 15000;
module_param(recall_ms, uint, 0644);
MODULE_PARM_DESC(recall_ms, "a kernel has so long to give a page back");

/* ---- entries ---- */

static enum hrtimer_restart page_timer(struct hrtimer *timer)
{
	struct home_page *hp = container_of(timer, struct home_page, timer);
	unsigned long flags;

	flags = dsm_lock_save();
	dsm_home_timer(&dsm.core, &hp->core);
	dsm_unlock_restore(flags);
	home_page_put(hp);
	return HRTIMER_NORESTART;
}

/* Takes over the caller's reference to @page once it is inserted. */
struct home_page *home_page_alloc(struct page *page, enum home_kind kind)
{
	struct home_page *hp = kzalloc(sizeof(*hp), GFP_KERNEL);

	if (!hp)
		return NULL;
	hp->page = page;
	hp->kind = kind;
	hp->core.frame = page_to_pfn(page);
	hp->lost_with = DSM_NOBODY;
	INIT_LIST_HEAD(&hp->maps);
	INIT_LIST_HEAD(&hp->protect);
	INIT_LIST_HEAD(&hp->reap);
	INIT_LIST_HEAD(&hp->time);
	INIT_LIST_HEAD(&hp->kept);
	init_waitqueue_head(&hp->wq);
	refcount_set(&hp->refs, 1);
	hrtimer_init(&hp->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hp->timer.function = page_timer;
	return hp;
}

void home_page_put(struct home_page *hp)
{
	if (hp && refcount_dec_and_test(&hp->refs))
		kfree_rcu(hp, rcu);
}

struct home_page *home_page_find(unsigned long pfn)
{
	struct home_page *hp;

	rcu_read_lock();
	hp = xa_load(&dsm.frames, pfn);
	if (hp && !refcount_inc_not_zero(&hp->refs))
		hp = NULL;
	rcu_read_unlock();
	return hp;
}

struct home_page *home_page_at(struct dsm_space *space, unsigned long index)
{
	struct home_map *map;
	struct home_page *hp = NULL;

	rcu_read_lock();
	map = xa_load(&space->maps, index);
	if (map && refcount_inc_not_zero(&map->hp->refs))
		hp = map->hp;
	rcu_read_unlock();
	return hp;
}

struct dsm_page *home_op_find(void *ctx, u64 frame)
{
	struct home_page *hp = xa_load(&dsm.frames, frame);

	return hp ? &hp->core : NULL;
}

/* Under dsm.maps. The one there is, or @hp, with a reference; NULL: no memory. */
struct home_page *home_page_insert(struct home_page *hp)
{
	struct home_page *old = home_page_find(hp->core.frame);
	int err;

	lockdep_assert_held(&dsm.maps);
	if (old)
		return old;
	dsm_lock();
	dsm_page_init(&dsm.core, &hp->core);
	err = xa_err(xa_store(&dsm.frames, hp->core.frame, hp, GFP_ATOMIC));
	dsm_unlock_unsent();
	if (err)
		return NULL;
	get_page(hp->page);
	refcount_add(2, &hp->refs); /* the table's and the caller's */
	if (hp->kind == HOME_FIXED)
		time_lend(hp);
	keep_note(hp);
	return hp;
}

int home_map_insert(struct home_page *hp, struct home_map *map)
{
	int err;

	lockdep_assert_held(&dsm.maps);
	/* ORDER: whoever finds it looks into it, without dsm.maps. */
	map->hp = hp;
	err = xa_err(xa_store(&map->space->maps, map->index, map, GFP_ATOMIC));
	if (err)
		return err;
	list_add(&map->list, &hp->maps);
	return 0;
}

/* Under dsm.maps. */
void home_map_drop(struct home_map *map)
{
	xa_erase(&map->space->maps, map->index);
	list_del(&map->list);
	kfree_rcu(map, rcu);
}

static bool try_forget(struct home_page *hp)
{
	bool forget;

	dsm_lock();
	forget = dsm_page_idle(&dsm.core, &hp->core) &&
		 list_empty(&hp->protect) && !hp->turn;
	if (forget)
		xa_erase(&dsm.frames, hp->core.frame);
	dsm_unlock();
	return forget;
}

/* Bring the entries up to what the directory allows; forget an idle page. */
void home_tidy(struct home_page *hp)
{
	struct home_map *map, *next;
	bool forget = false;

	spin_lock(&dsm.maps);
	/*
	 * ORDER: an interrupt may bring the page back at any time. What is idle stays so
	 * now, and its entries are raised; the other way round one that was still away
	 * then would stay lowered, with nobody left who knows of it.
	 */
	if (xa_load(&dsm.frames, hp->core.frame) == hp) {
		forget = try_forget(hp);
		protect_raise(hp);
	}
	if (forget) {
		time_end(hp);
		keep_end(hp);
		list_for_each_entry_safe(map, next, &hp->maps, list) {
			space_used(map->space, map->index, hp->core.until);
			home_map_drop(map);
		}
	}
	spin_unlock(&dsm.maps);
	if (!forget)
		return;
	put_page(hp->page);
	home_page_put(hp);
}

/* ---- what the core asks for ---- */

static void reap_later(struct home_page *hp)
{
	if (list_empty(&hp->reap)) {
		refcount_inc(&hp->refs);
		list_add_tail(&hp->reap, &reaps);
	}
}

void home_op_wake(void *ctx, struct dsm_page *page)
{
	struct home_page *hp = container_of(page, struct home_page, core);

	dsm_wake(&hp->wq);
	/* Who recalls it tidies up, too: see home_recall_end(). */
	if (!page->recalls)
		reap_later(hp);
	serve_kick();
}

void home_op_later(void *ctx, struct dsm_page *page, u64 us)
{
	struct home_page *hp = container_of(page, struct home_page, core);

	/* A timer that is under way has a reference. */
	if (hrtimer_try_to_cancel(&hp->timer) != 1)
		refcount_inc(&hp->refs);
	hrtimer_start(&hp->timer, ns_to_ktime(us * NSEC_PER_USEC),
		      HRTIMER_MODE_REL);
}

/* A dead kernel may take thousands with it: one line for all. */
static void tell_lost(struct work_struct *work)
{
	unsigned int n;
	u32 k;

	for (k = 0; k < dsm.core.kernels; k++) {
		dsm_lock();
		n = dsm.link[k].lost;
		dsm.link[k].lost = 0;
		dsm_unlock();
		if (n)
			pr_warn("dsm: %u frames lost with kernel %u\n", n, k);
	}
}

static DECLARE_DELAYED_WORK(lost_work, tell_lost);

/* Where caches are coherent memory has all that was written. */
void home_op_lost(void *ctx, struct dsm_page *page, u32 kernel)
{
	struct home_page *hp = container_of(page, struct home_page, core);

	if (!dsm.line)
		return;
	dsm.link[kernel].lost++;
	schedule_delayed_work(&lost_work, HZ);
	hp->lost_with = kernel;
	reap_later(hp);
	serve_kick();
}

/*
 * What is in a lost frame is old: whose memory it is must not go on with that. Under
 * dsm.maps and dsm.lock.
 */
static void kill_users(struct home_page *hp)
{
	struct home_map *map;

	if (hp->lost_with == DSM_NOBODY)
		return;
	list_for_each_entry(map, &hp->maps, list)
		space_kill(map->space, hp->lost_with);
	hp->lost_with = DSM_NOBODY;
}

static struct home_page *next_reap(void)
{
	struct home_page *hp;

	dsm_lock();
	hp = list_first_entry_or_null(&reaps, struct home_page, reap);
	if (hp)
		list_del_init(&hp->reap);
	dsm_unlock();
	return hp;
}

bool home_has_work(void)
{
	return protect_has_work() || !list_empty(&reaps);
}

/* What was left to be done where one may sleep. */
bool home_work(void)
{
	struct home_page *hp;

	if (protect_work())
		return true;
	hp = next_reap();
	if (!hp)
		return false;
	spin_lock(&dsm.maps);
	dsm_lock();
	kill_users(hp);
	dsm_unlock_unsent();
	spin_unlock(&dsm.maps);
	home_tidy(hp);
	home_page_put(hp);
	return true;
}

/* ---- getting pages back ---- */

bool home_has(struct home_page *hp, enum dsm_access access)
{
	unsigned long flags;
	bool ok;

	flags = dsm_lock_save();
	ok = dsm_home_ok(&dsm.core, &hp->core, access);
	dsm_unlock_restore(flags);
	return ok;
}

static bool want(struct home_page *hp, enum dsm_access access)
{
	bool ok;

	dsm_lock();
	ok = dsm_home_ok(&dsm.core, &hp->core, access);
	if (ok)
		dsm_home_used(&dsm.core, &hp->core);
	else
		dsm_home_want(&dsm.core, &hp->core, access);
	dsm_unlock();
	return ok;
}

/*
 * One and the same recall, for so long? Whoever waits comes by, also a killed
 * thread that cannot end yet.
 */
static void lose_patience(struct home_page *hp)
{
	ktime_t now = ktime_get();
	u64 stamp = 0;
	bool lost;
	u32 who;

	dsm_lock();
	who = dsm_home_waits_for(&hp->core) & ~BIT(dsm.core.self);
	if (who)
		stamp = hp->core.stamp[__ffs(who)];
	lost = who && stamp == hp->recall_stamp;
	if (lost && ktime_before(now, hp->recall_end))
		lost = false;
	else
		hp->recall_end = ktime_add_ms(now, recall_ms);
	hp->recall_stamp = stamp;
	dsm_unlock_unsent();
	if (lost)
		link_give_up(who);
}

/*
 * A thread of ours is about to use the page. True: something has changed, look
 * again. A killed thread does not wait; it comes back here until the page is.
 */
bool home_fetch(struct home_page *hp, enum dsm_access access)
{
	bool waited = false;
	bool raised;
	long left;

	while (!want(hp, access)) {
		waited = true;
		serve_hurry();
		left = wait_event_killable_timeout(hp->wq, home_has(hp, access),
						   HZ);
		if (left <= 0)
			lose_patience(hp);
		if (left >= 0)
			continue;
		/*
		 * In user mode it ends now. An access by the kernel is only
		 * made again: whoever is to bring the page needs the CPU.
		 */
		schedule_timeout_uninterruptible(1);
		return true;
	}
	spin_lock(&dsm.maps);
	raised = protect_raise(hp);
	spin_unlock(&dsm.maps);
	home_tidy(hp);
	return waited || raised;
}

/*
 * A thread of ours is about to use all of them, and all are asked for in one message;
 * also to be written, since they will be handed out again for that.
 */
void home_fetch_all(struct home_page *const *hp, unsigned int n,
		    enum dsm_access access)
{
	unsigned int i;

	dsm_lock();
	for (i = 0; i < n; i++)
		if (!dsm_home_ok(&dsm.core, &hp[i]->core, access))
			dsm_home_want(&dsm.core, &hp[i]->core, DSM_WRITE);
	dsm_unlock();
	for (i = 0; i < n; i++)
		home_fetch(hp[i], access);
}

/* All are asked for in one message. */
void home_recall_begin(struct home_page *const *hp, unsigned int n)
{
	unsigned int i;

	dsm_lock();
	for (i = 0; i < n; i++)
		dsm_home_recall(&dsm.core, &hp[i]->core, true);
	dsm_unlock();
}

static void give_up(struct home_page *hp)
{
	u32 who;

	dsm_lock();
	who = dsm_home_waits_for(&hp->core);
	dsm_unlock();
	link_give_up(who);
}

/*
 * Who does not answer is taken for dead in the end, by link_give_up() and what
 * follows from it; then the page is ours.
 */
void home_recall_wait(struct home_page *hp)
{
	ktime_t end = ktime_add_ms(ktime_get(), recall_ms);

	if (!home_has(hp, DSM_WRITE))
		serve_hurry();
	while (!home_has(hp, DSM_WRITE)) {
		wait_event_timeout(hp->wq, home_has(hp, DSM_WRITE), HZ);
		if (ktime_before(ktime_get(), end))
			continue;
		give_up(hp);
		end = ktime_add_ms(ktime_get(), recall_ms);
	}
}

void home_recall_end(struct home_page *const *hp, unsigned int n)
{
	unsigned int i;

	dsm_lock();
	for (i = 0; i < n; i++)
		dsm_home_recall_end(&dsm.core, &hp[i]->core);
	dsm_unlock();
	for (i = 0; i < n; i++)
		home_tidy(hp[i]);
}

/* And nobody has them, when it returns. */
void home_recall(struct home_page *const *hp, unsigned int n)
{
	unsigned int i;

	home_recall_begin(hp, n);
	for (i = 0; i < n; i++)
		home_recall_wait(hp[i]);
	home_recall_end(hp, n);
}

static struct home_page *next_frame(unsigned long *pfn)
{
	struct home_page *hp;

	rcu_read_lock();
	hp = xa_find(&dsm.frames, pfn, ULONG_MAX, XA_PRESENT);
	while (hp && !refcount_inc_not_zero(&hp->refs))
		hp = xa_find_after(&dsm.frames, pfn, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return hp;
}

/* A kernel is dead, or has let go of everything. */
void home_pages_gone(u32 kernel, enum dsm_gone how, bool sure)
{
	struct home_page *hp;
	unsigned long pfn;

	for (pfn = 0; (hp = next_frame(&pfn)); pfn++) {
		spin_lock(&dsm.maps);
		dsm_lock();
		if (!sure && hp->core.holders & BIT(kernel)) {
			get_page(hp->page);
			dsm_count(frames_leaked);
		}
		dsm_home_gone(&dsm.core, &hp->core, kernel, how);
		/* Before any of them can see the frame */
		kill_users(hp);
		dsm_unlock();
		spin_unlock(&dsm.maps);
		home_tidy(hp);
		home_page_put(hp);
		cond_resched();
	}
}
