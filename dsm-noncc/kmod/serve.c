// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of other kernels for pages of our spaces. A pool of threads, since
 * faults sleep; they do what else is left over by interrupts, too.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "glue.h"
#include "trace.h"

/* A request refers to nothing that a peer could keep us from: so many wait. */
#define ASKS_MAX 512

/* With the one that is asked for they fit into one message. */
#define NEIGHBOURS_MAX (DSM_WIRE_BATCH - 1u)

/* Before others, but a kernel that asks without end does not stop this one. */
#define SERVE_NICE (-10)

static unsigned int threads = 8;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "so many serve requests at first");

static unsigned int threads_max = 256;
module_param(threads_max, uint, 0644);
MODULE_PARM_DESC(threads_max,
		 "how many requests can wait for a disk at a time");

/* All under dsm.lock. */
static LIST_HEAD(asks);
static LIST_HEAD(workers);
static LIST_HEAD(idle);

/* Does what interrupts leave over. */
static struct task_struct *home_task;

static void more_workers(struct work_struct *work);
static DECLARE_DELAYED_WORK(more_work, more_workers);

/* Whoever waits for what home_work() does: it may be lying about. */
void serve_hurry(void)
{
	wake_up_process(home_task);
}

/* From now on the current task does itself what it causes. */
void serve_begin(struct serve_worker *worker)
{
	worker->task = current;
	INIT_LIST_HEAD(&worker->idle);
	dsm_lock();
	list_add(&worker->list, &workers);
	dsm_unlock();
}

/* It does no longer, and all is sent. */
void serve_end(struct serve_worker *worker)
{
	while (home_work())
		;
	dsm_lock();
	list_del(&worker->list);
	dsm_unlock();
}

/*
 * There is work; under dsm.lock. A worker does itself what it has caused: a second
 * one would only take the locks from it. If it has to wait before, for a lock of
 * the address space, it is for one who has called serve_hurry().
 */
void serve_kick(void)
{
	struct serve_worker *worker;

	if (in_task())
		list_for_each_entry(worker, &workers, list)
			if (worker->task == current)
				return;
	dsm_wake_task(home_task);
}

/* Who was the last to become idle has most in its caches. */
static void wake_idle(void)
{
	struct serve_worker *worker =
		list_first_entry_or_null(&idle, struct serve_worker, idle);

	if (!worker) {
		schedule_delayed_work(&more_work, 1);
		return;
	}
	list_del_init(&worker->idle);
	dsm_wake_task(worker->task);
}

void serve_op_request(void *ctx, const struct dsm_msg *msg)
{
	struct dsm_link *l = &dsm.link[msg->from];
	struct home_ask *a = NULL;

	if (l->queued < ASKS_MAX)
		a = kzalloc(sizeof(*a), GFP_ATOMIC);
	if (!a) {
		dsm_count(dropped);
		return;
	}
	a->ask.kernel = msg->from;
	a->ask.access = msg->access;
	a->ask.flags = msg->flags & DSM_EXEC;
	a->ask.token = msg->token;
	a->ask.addr = msg->addr;
	a->ask.space = msg->space;
	a->ask.space_inc = msg->space_inc;
	a->many = msg->many;
	l->queued++;
	list_add_tail(&a->list, &asks);
	wake_idle();
}

/* Under dsm.lock. */
static void free_ask(struct home_ask *a)
{
	if (!(a->ask.flags & DSM_OPTIONAL))
		dsm.link[a->ask.kernel].queued--;
	home_page_put(a->hp);
	kfree(a);
}

void serve_op_done(void *ctx, struct dsm_page *page, struct dsm_ask *ask,
		   enum dsm_result result)
{
	free_ask(container_of(ask, struct home_ask, ask));
}

static void refuse(struct home_ask *a, int signo, int code)
{
	dsm_lock();
	if (!(a->ask.flags & DSM_OPTIONAL))
		dsm_home_refuse(&dsm.core, &a->ask, signo << 16 | code);
	free_ask(a);
	dsm_unlock();
	if (signo)
		dsm_count(refused);
}

static void give_signal(struct home_ask *a, int signal)
{
	refuse(a, signal >> 16, signal & 0xffff);
}

/* Return: it need not be tried again. */
static bool try_serve(struct dsm_space *space, struct home_ask *a)
{
	int signal = 0;
	int ret = resolve(space, a, &signal);

	if (!ret)
		return true;
	if (a->ask.flags & DSM_OPTIONAL) {
		refuse(a, 0, 0);
		return true;
	}
	if (ret == -EBUSY) {
		dsm_count(served_busy);
		refuse(a, 0, DSM_ASK_LATER);
		return true;
	}
	if (ret == -EACCES || ret == -EFAULT || ret == -EHWPOISON ||
	    (ret == -ENOENT && a->tries)) {
		give_signal(a, signal);
		return true;
	}
	dsm_count(served_again);
	return false;
}

/*
 * In the end the other side is told to ask again: nobody waits here for long. What
 * is granted, refused or given up is no longer ours.
 */
static void serve_in(struct dsm_space *space, struct home_ask *a)
{
	struct home_page *turn = NULL;
	unsigned int tries;
	bool done = false;

	a->turn = &turn;
	for (tries = 0; tries < 16 && !done; tries++) {
		a->tries = tries;
		done = try_serve(space, a);
		cond_resched();
	}
	if (!done)
		refuse(a, 0, 0);
	turn_end(turn);
}

/* Another kernel has it, or is to get it: it stays as it is. */
static bool is_away(struct dsm_space *space, unsigned long index)
{
	struct home_page *hp = home_page_at(space, index);
	bool away = false;

	if (hp) {
		dsm_lock();
		away = hp->core.holders & ~BIT(dsm.core.self) || hp->core.ask ||
		       hp->core.asks;
		dsm_unlock_unsent();
	}
	home_page_put(hp);
	return away;
}

static void serve_optional(struct dsm_space *space, const struct dsm_ask *ask,
			   bool gently)
{
	struct home_ask *a;

	if (ask->addr >= TASK_SIZE || is_away(space, ask->addr >> PAGE_SHIFT))
		return;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return;
	a->ask = *ask;
	a->gently = gently;
	serve_in(space, a);
}

/* A page that will be asked for; home_work() is the caller's to do. */
void serve_unasked(struct dsm_space *space, const struct dsm_ask *ask)
{
	serve_optional(space, ask, false);
}

/* The block is aligned, as are those that the kernel maps around a fault of a file. */
static struct home_near block_of(u64 addr, unsigned int many)
{
	unsigned long size = rounddown_pow_of_two(many + 1) * PAGE_SIZE;

	addr = round_down(addr, size);
	return (struct home_near){ .addr = addr, .end = addr + size };
}

/*
 * Pages around it will be wanted next; only what costs nobody anything. They
 * are lowered together, with one flush, and go out in one message.
 */
static void serve_neighbours(struct dsm_space *space, const struct dsm_ask *ask,
			     const struct home_near *near)
{
	struct dsm_ask other = *ask;
	unsigned int n;

	other.access = DSM_READ;
	other.flags = DSM_OPTIONAL | (ask->flags & DSM_EXEC);
	other.token = 0;
	for_each_set_bit(n, &near->pages, BITS_PER_LONG) {
		other.addr = near->addr + n * PAGE_SIZE;
		if (other.addr != ask->addr)
			serve_optional(space, &other, true);
		cond_resched();
	}
}

static bool allowed(struct dsm_space *space, const struct dsm_ask *ask)
{
	return space && space->kernels & BIT(ask->kernel) &&
	       ask->addr < TASK_SIZE;
}

/* Spaces end while requests are under way; else nobody asks for what he has not. */
static void not_given(const struct dsm_space *space, const struct dsm_ask *ask)
{
	if (space)
		pr_warn_ratelimited(
			"dsm: kernel %u asked for address %llx of space %u, which it was not given\n",
			ask->kernel, ask->addr, ask->space);
	else
		pr_notice_ratelimited(
			"dsm: kernel %u asked for a page of space %u, which is not there\n",
			ask->kernel, ask->space);
}

static void serve(struct home_ask *a)
{
	struct dsm_space *space =
		dsm_space_find(a->ask.space, a->ask.space_inc);
	struct home_near near;
	struct dsm_ask ask;
	u64 addr = a->ask.addr;
	struct mm_struct *mm;

	dsm_count(served);
	a->ask.addr &= PAGE_MASK;
	ask = a->ask;
	near = block_of(ask.addr, min(a->many, NEIGHBOURS_MAX));
	a->near = &near;
	trace_dsm_serve(ask.kernel, ask.space, ask.addr, ask.access, ask.flags);
	if (!allowed(space, &a->ask)) {
		not_given(space, &a->ask);
		refuse(a, SIGKILL, SI_KERNEL);
	} else if (!mmget_not_zero(space->mm)) {
		refuse(a, SIGKILL, SI_KERNEL);
	} else {
		mm = space->mm;
		ahead_note(space, &ask);
		space_hot(space, addr,
			  ask.access == DSM_WRITE ? DSM_HOT_WRITE :
						    DSM_HOT_READ);
		serve_in(space, a);
		serve_neighbours(space, &ask, &near);
		/* What is granted is sent with the first lock that it lets go. */
		while (home_work())
			;
		mmput(mm);
	}
	dsm_space_put(space);
}

static struct home_ask *next_ask(struct serve_worker *worker)
{
	struct home_ask *a;

	dsm_lock();
	a = list_first_entry_or_null(&asks, struct home_ask, list);
	list_del_init(&worker->idle);
	if (a)
		list_del(&a->list);
	else
		list_add(&worker->idle, &idle);
	dsm_unlock();
	return a;
}

static struct home_ask *wait_for_ask(struct serve_worker *worker)
{
	struct home_ask *a;

	for (;;) {
		set_current_state(TASK_IDLE);
		a = next_ask(worker);
		if (a)
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return a;
}

static int serve_thread(void *unused)
{
	struct serve_worker worker;

	serve_begin(&worker);
	for (;;) {
		serve(wait_for_ask(&worker));
		while (home_work())
			;
		/* There may be more requests for ever. */
		cond_resched();
	}
	return 0;
}

/*
 * What interrupts leave over is for one thread, which never waits for a fault: so it
 * gets done also when all of the pool do, and no two get in each other's way.
 */
static int work_thread(void *unused)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (!home_has_work())
			schedule();
		__set_current_state(TASK_RUNNING);
		while (home_work())
			cond_resched();
	}
	return 0;
}

/* serve_init() first, then more_workers() alone */
static unsigned int started;

static int start_worker(void)
{
	struct task_struct *t;

	t = kthread_run(serve_thread, NULL, "dsm-serve/%u", started);
	if (IS_ERR(t))
		return PTR_ERR(t);
	set_user_nice(t, SERVE_NICE);
	started++;
	return 0;
}

/*
 * All of them may wait for one disk, or for a server of files that does not answer: who
 * wants something else does not have to wait for that.
 */
static void more_workers(struct work_struct *work)
{
	bool all_busy;

	dsm_lock();
	all_busy = !list_empty(&asks) && list_empty(&idle);
	dsm_unlock_unsent();
	if (!all_busy || started >= READ_ONCE(threads_max) || start_worker())
		return;
	schedule_delayed_work(&more_work, 1);
}

int serve_init(void)
{
	struct task_struct *t = kthread_run(work_thread, NULL, "dsm-home");
	unsigned int i;
	int ret = 0;

	if (IS_ERR(t))
		return PTR_ERR(t);
	sched_set_fifo_low(t);
	home_task = t;
	for (i = 0; i < threads && !ret; i++)
		ret = start_worker();
	return ret;
}
