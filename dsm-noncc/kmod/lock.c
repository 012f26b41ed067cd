// SPDX-License-Identifier: GPL-2.0
/*
 * The core's lock, and what is done when it is let go.
 *
 * All that the core sends under one hold goes out then, to each peer in one message:
 * what belongs together is done under one hold. Who is woken needs the lock, too, and
 * would wait for it in a loop, for long where the host of a virtual CPU runs another
 * one: so nobody is woken before.
 */
#include <linux/sched.h>

#include "glue.h"

void dsm_lock(void) dsm_acquires
{
	spin_lock_irq(&dsm.lock);
}

unsigned long dsm_lock_save(void) dsm_acquires
{
	unsigned long flags;

	spin_lock_irqsave(&dsm.lock, flags);
	return flags;
}

static void wake(wait_queue_head_t *wq, struct task_struct *task)
{
	if (wq)
		wake_up(wq);
	else
		wake_up_process(task);
}

static void wake_later(wait_queue_head_t *wq, struct task_struct *task)
{
	unsigned int i, n = dsm.wakes.n;

	lockdep_assert_held(&dsm.lock);
	/* Once for all of a message: it might be asleep again before the next one. */
	for (i = 0; i < n; i++)
		if (dsm.wakes.who[i].wq == wq && dsm.wakes.who[i].task == task)
			return;
	if (n == DSM_WAKES)
		return wake(wq, task);
	dsm.wakes.who[n].wq = wq;
	dsm.wakes.who[n].task = task;
	dsm.wakes.n++;
}

/* @wq: of this module, or of a struct home_page */
void dsm_wake(wait_queue_head_t *wq)
{
	wake_later(wq, NULL);
}

void dsm_wake_task(struct task_struct *task)
{
	wake_later(NULL, task);
}

/* What it was to be woken for under this hold is done by the caller, at once. */
void dsm_wake_not(struct task_struct *task)
{
	unsigned int i;

	lockdep_assert_held(&dsm.lock);
	for (i = 0; i < dsm.wakes.n; i++)
		if (dsm.wakes.who[i].task == task)
			dsm.wakes.who[i--] = dsm.wakes.who[--dsm.wakes.n];
}

/* Lets go of the lock; interrupts stay off. */
static noinline void let_go_and_wake(void) dsm_releases
{
	struct dsm_wakes wakes;
	unsigned int i;

	wakes.n = dsm.wakes.n;
	for (i = 0; i < wakes.n; i++)
		wakes.who[i] = dsm.wakes.who[i];
	dsm.wakes.n = 0;
	/* What is woken may end before. */
	rcu_read_lock();
	spin_unlock(&dsm.lock);
	for (i = 0; i < wakes.n; i++)
		wake(wakes.who[i].wq, wakes.who[i].task);
	rcu_read_unlock();
}

static void let_go(void) dsm_releases
{
	if (dsm.wakes.n)
		let_go_and_wake();
	else
		spin_unlock(&dsm.lock);
}

static void send(void)
{
	if (dsm.unsent)
		link_flush();
}

void dsm_unlock(void) dsm_releases
{
	send();
	let_go();
	local_irq_enable();
}

/*
 * Nothing was sent, or more follows that shall go with it: who sent it takes the
 * lock once more, and soon.
 */
void dsm_unlock_unsent(void) dsm_releases
{
	let_go();
	local_irq_enable();
}

void dsm_unlock_restore(unsigned long flags) dsm_releases
{
	send();
	let_go();
	local_irq_restore(flags);
}
