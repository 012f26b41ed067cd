// SPDX-License-Identifier: GPL-2.0
/*
 * Windows: processes here that show the memory of a foreign process. Each has a
 * leader, a process that sits in an ioctl and starts the bodies: each is a
 * process of its own that shares the leader's memory, so that one can be killed
 * alone. The agent makes the leaders.
 */
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/syscalls.h>

#include <asm/ptrace.h>
#include <asm/syscall.h>

#include "ssi.h"

/* A window that the agent has not made a process for by then will not get one. */
#define LEADER_TIMEOUT (10 * HZ)

static LIST_HEAD(windows);
static u32 window_numbers;
static DECLARE_WAIT_QUEUE_HEAD(agent_wq);
static unsigned int agents;
static struct delayed_work late_work;
/* Windows that had a leader and have not given back all pages. */
static atomic_t led_windows;

bool ssi_agent_waits(void)
{
	return READ_ONCE(agents);
}

/*
 * In a process, if the window was led: its leader or the last of those who lived
 * in it gives back the pages. Nobody waits for the others.
 */
void ssi_window_put(struct ssi_window *win)
{
	if (!win || !refcount_dec_and_test(&win->ref))
		return;
	if (win->dsm)
		dsm_window_close(win->dsm);
	if (win->led)
		atomic_dec(&led_windows);
	kfree(win);
}

struct ssi_window *ssi_window_get(struct ssi_window *win)
{
	refcount_inc(&win->ref);
	return win;
}

static bool same(const struct dsm_id *a, const struct dsm_id *b)
{
	return a->home == b->home && a->number == b->number &&
	       a->incarnation == b->incarnation;
}

static struct ssi_window *window_new(const struct dsm_id *id)
{
	struct ssi_window *win = kzalloc(sizeof(*win), GFP_ATOMIC);

	if (!win)
		return NULL;
	refcount_set(&win->ref, 1);
	win->id = *id;
	win->number = ++window_numbers & INT_MAX;
	win->since = jiffies;
	init_waitqueue_head(&win->wq);
	INIT_LIST_HEAD(&win->births);
	INIT_LIST_HEAD(&win->resting);
	list_add_tail(&win->list, &windows);
	return win;
}

/* ---- processes that have had a body, and wait for another one ---- */

/* No more of them in a window. */
#define RESTING_MAX 4

static unsigned int rest_ms = 10000;
module_param(rest_ms, uint, 0644);
MODULE_PARM_DESC(
	rest_ms,
	"How long a process waits for the next thread when one has gone home (0: not)");

/**
 * struct rester - on the stack of a process that rests
 * @list: in its window, until @born
 * @task: the process
 * @born: it has a body
 */
struct rester {
	struct list_head list;
	struct task_struct *task;
	bool born;
};

/* Under ssi_lock: who has rested least has most in the caches. */
static bool wake_rester(struct ssi_window *win, struct ssi_body *b)
{
	struct rester *r =
		list_first_entry_or_null(&win->resting, struct rester, list);

	if (!r)
		return false;
	list_del_init(&r->list);
	ssi_body_born(b, r->task);
	WRITE_ONCE(r->born, true);
	wake_up_process(r->task);
	return true;
}

/*
 * Until there is a body for it, but not for long, nor past any signal, nor past
 * the window's end. Return: whether there is one.
 */
bool ssi_window_rest(struct ssi_window *win)
{
	struct rester r = { .task = current };
	long limit = msecs_to_jiffies(READ_ONCE(rest_ms));
	unsigned long flags;

	INIT_LIST_HEAD(&r.list);
	spin_lock_irqsave(&ssi_lock, flags);
	/* One that is to be killed is nothing for another body. */
	if (list_count_nodes(&win->resting) < RESTING_MAX &&
	    !signal_pending(current))
		list_add(&r.list, &win->resting);
	else
		limit = 0;
	spin_unlock_irqrestore(&ssi_lock, flags);
	wait_event_interruptible_timeout(
		win->wq, READ_ONCE(r.born) || READ_ONCE(win->closed), limit);
	spin_lock_irqsave(&ssi_lock, flags);
	list_del(&r.list);
	spin_unlock_irqrestore(&ssi_lock, flags);
	return r.born;
}

/* ---- births ---- */

/* Under ssi_lock: it, or the agent that is to make it, has a body to start. */
static void wake_leader(struct ssi_window *win, struct ssi_body *b)
{
	refcount_inc(&b->ref);
	list_add_tail(&b->list, &win->births);
	wake_up_all(&win->wq);
	if (win->state == SSI_WINDOW_NEW)
		wake_up_all(&agent_wq);
}

/* In an interrupt: hand a body to the window it belongs to. */
int ssi_window_birth(struct ssi_body *b, const struct dsm_id *id)
{
	struct ssi_window *win, *found = NULL;
	unsigned long flags;

	if (!ssi_agent_waits() || ssi_leaving())
		return -ENOTCONN;
	spin_lock_irqsave(&ssi_lock, flags);
	list_for_each_entry(win, &windows, list)
		if (win->state != SSI_WINDOW_OVER && !win->closed &&
		    same(&win->id, id))
			found = win;
	if (!found)
		found = window_new(id);
	if (found) {
		found->bodies++;
		b->window = ssi_window_get(found);
		if (!wake_rester(found, b))
			wake_leader(found, b);
	}
	spin_unlock_irqrestore(&ssi_lock, flags);
	if (!found)
		return -ENOMEM;
	schedule_delayed_work(&late_work, LEADER_TIMEOUT + HZ);
	return 0;
}

static bool alone_in(const struct ssi_window *win)
{
	return win && win->dsm && READ_ONCE(win->bodies) == 1;
}

void ssi_window_lend(struct ssi_window *win, const struct dsm_touch *touch,
		     unsigned int n)
{
	if (win && win->dsm)
		dsm_window_lend(win->dsm, touch, n);
}

/* A body ends, and is in the memory still: what it wrote goes home with it. */
void ssi_window_return(struct ssi_window *win)
{
	if (alone_in(win))
		dsm_window_return(win->dsm);
}

/* A body has ended. */
void ssi_window_left(struct ssi_window *win)
{
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	win->bodies--;
	spin_unlock_irqrestore(&ssi_lock, flags);
	ssi_window_put(win);
}

static struct ssi_body *next_birth(struct ssi_window *win)
{
	struct ssi_body *b;
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	b = list_first_entry_or_null(&win->births, struct ssi_body, list);
	if (b)
		list_del_init(&b->list);
	spin_unlock_irqrestore(&ssi_lock, flags);
	return b;
}

static void fail_births(struct ssi_window *win, int error)
{
	struct ssi_body *b;

	while ((b = next_birth(win))) {
		ssi_body_fail(b, error);
		ssi_body_put(b);
	}
}

static void window_over(struct ssi_window *win, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	win->state = SSI_WINDOW_OVER;
	list_del_init(&win->list);
	spin_unlock_irqrestore(&ssi_lock, flags);
	fail_births(win, error);
	ssi_window_put(win);
}

/* Windows for which no process came. */
static void late_fn(struct work_struct *work)
{
	struct ssi_window *win, *late;
	unsigned long flags;
	bool more;

	do {
		late = NULL;
		more = false;
		spin_lock_irqsave(&ssi_lock, flags);
		list_for_each_entry(win, &windows, list) {
			if (win->state >= SSI_WINDOW_LED)
				continue;
			more = true;
			if (time_after(jiffies, win->since + LEADER_TIMEOUT))
				late = win;
		}
		if (late)
			late->state = SSI_WINDOW_OVER;
		spin_unlock_irqrestore(&ssi_lock, flags);
		if (late)
			window_over(late, -ETIMEDOUT);
	} while (late);
	if (more)
		schedule_delayed_work(&late_work, HZ);
}

static struct ssi_window *take_window(u32 number, int from, int to)
{
	struct ssi_window *win;
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	list_for_each_entry(win, &windows, list)
		if (win->state == from && (!number || win->number == number)) {
			win->state = to;
			refcount_inc(&win->ref);
			spin_unlock_irqrestore(&ssi_lock, flags);
			return win;
		}
	spin_unlock_irqrestore(&ssi_lock, flags);
	return NULL;
}

/* The agent: the number of a window that needs a process. */
long ssi_agent_wait(void)
{
	struct ssi_window *win = NULL;
	long ret;

	ret = wait_event_interruptible(
		agent_wq, (win = take_window(0, SSI_WINDOW_NEW,
					     SSI_WINDOW_TAKEN)) != NULL);
	if (ret)
		return ret;
	ret = win->number;
	ssi_window_put(win);
	return ret;
}

void ssi_agent_came(int by)
{
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	agents += by;
	spin_unlock_irqrestore(&ssi_lock, flags);
	ssi_say_hello();
}

/* What the kernel would write to at the end of the thread, in foreign memory. */
static void forget_addresses(void)
{
	current->rseq = NULL;
	current->rseq_len = 0;
	current->rseq_sig = 0;
	current->rseq_event_mask = 0;
	current->robust_list = NULL;
	current->clear_child_tid = NULL;
	sas_ss_reset(current);
}

static void window_fault_failed(void *ctx, unsigned long addr, int signo,
				int code, unsigned int flags)
{
	ssi_body_fault_failed(addr, signo, code, flags);
}

static void window_page_stays(void *ctx)
{
	ssi_body_page_stays();
}

static void window_closed(void *ctx)
{
	struct ssi_window *win = ctx;

	WRITE_ONCE(win->closed, true);
	wake_up_all(&win->wq);
}

static const struct dsm_window_ops window_ops = {
	.fault_failed = window_fault_failed,
	.page_stays = window_page_stays,
	.closed = window_closed,
};

/* The child is the body as soon as ssi_window_fork() has been there. */
static void give_birth(struct ssi_window *win, struct ssi_body *b)
{
	struct pt_regs args = { .regs = { CLONE_VM | SIGCHLD } };
	long pid;

	win->birth = b;
	pid = sys_call_table[__NR_clone](&args);
	win->birth = NULL;
	if (pid < 0)
		ssi_body_fail(b, pid);
	ssi_body_put(b);
}

void ssi_window_fork(struct ssi_window *win, struct task_struct *child)
{
	unsigned long flags;

	if (!win->birth)
		return;
	spin_lock_irqsave(&ssi_lock, flags);
	ssi_body_born(win->birth, child);
	spin_unlock_irqrestore(&ssi_lock, flags);
}

const struct cpumask *ssi_window_cores(const struct ssi_window *win)
{
	return &win->cores;
}

static bool births_or_end(struct ssi_window *win)
{
	return READ_ONCE(win->closed) || !list_empty_careful(&win->births);
}

/* In the process that is to be the window; it does not see user mode again. */
long ssi_agent_lead(u32 number)
{
	struct ssi_window *win =
		take_window(number, SSI_WINDOW_TAKEN, SSI_WINDOW_LED);
	struct ssi_body *b;

	if (!win)
		return -ENOENT;
	win->led = true;
	atomic_inc(&led_windows);
	forget_addresses();
	cpumask_copy(&win->cores, current->cpus_ptr);
	win->leader = current;
	set_thread_flag(TIF_TOMBOLO);
	win->dsm = dsm_window_open(&win->id, &window_ops, win);
	if (IS_ERR(win->dsm)) {
		pr_err("ssi: no window to memory of kernel %u: %pe\n",
		       win->id.home, win->dsm);
		win->dsm = NULL;
		WRITE_ONCE(win->closed, true);
	}
	while (!READ_ONCE(win->closed)) {
		if (wait_event_interruptible(win->wq, births_or_end(win)))
			break;
		b = READ_ONCE(win->closed) ? NULL : next_birth(win);
		if (b)
			give_birth(win, b);
	}
	send_sig(SIGKILL, current, 1);
	return -EINTR;
}

struct ssi_window *ssi_window_led_by(struct task_struct *task)
{
	struct ssi_window *win, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	list_for_each_entry(win, &windows, list)
		if (win->state == SSI_WINDOW_LED && win->leader == task)
			found = win;
	spin_unlock_irqrestore(&ssi_lock, flags);
	return found;
}

static void kill_one(struct ssi_body *b, void *ctx)
{
	if (b->window == ctx)
		ssi_body_kill(b);
}

/* The leader ends: those who live in its memory first. */
void ssi_window_exit(struct ssi_window *win)
{
	WRITE_ONCE(win->closed, true);
	wake_up_all(&win->wq);
	window_over(win, -ESRCH);
	ssi_body_each(kill_one, win);
	win->leader = NULL;
	/* of ssi_agent_lead() */
	ssi_window_put(win);
}

/* The kernel whose memory it is has gone. */
void ssi_window_down(unsigned int kernel)
{
	struct ssi_window *win;
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	list_for_each_entry(win, &windows, list)
		if (win->id.home == kernel) {
			WRITE_ONCE(win->closed, true);
			wake_up_all(&win->wq);
		}
	spin_unlock_irqrestore(&ssi_lock, flags);
}

/* Nobody lives in them any more: give back all pages. How many are not done. */
unsigned int ssi_windows_close(void)
{
	struct ssi_window *win;
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	list_for_each_entry(win, &windows, list) {
		WRITE_ONCE(win->closed, true);
		wake_up_all(&win->wq);
	}
	spin_unlock_irqrestore(&ssi_lock, flags);
	return atomic_read(&led_windows);
}

void ssi_window_init(void)
{
	INIT_DELAYED_WORK(&late_work, late_fn);
}
