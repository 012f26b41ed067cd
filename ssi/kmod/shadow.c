// SPDX-License-Identifier: GPL-2.0
/* The table of this kernel's threads that are, or shall be, on another one. */
#include <linux/hashtable.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "ssi.h"

/* Records of threads that ended in the moment they were to be moved. */
#define SWEEP_EVERY (5 * HZ)
/* A thread that cannot leave just now is asked again then. */
#define RETRY_AFTER (HZ / 10)

static DEFINE_HASHTABLE(by_task, 8);
static DEFINE_HASHTABLE(by_number, 8);
static u32 numbers;
static struct delayed_work sweep_work;

/* RCU suffices: records are freed by RCU. The caller holds @task somehow. */
struct ssi_shadow *ssi_shadow_find(struct task_struct *task)
{
	struct ssi_shadow *s, *found = NULL;

	rcu_read_lock();
	hash_for_each_possible_rcu(by_task, s, by_task, (unsigned long)task)
		if (s->task == task)
			found = s;
	rcu_read_unlock();
	return found;
}

void ssi_shadow_put(struct ssi_shadow *s)
{
	if (!refcount_dec_and_test(&s->ref))
		return;
	put_task_struct(s->task);
	kfree(s->inbox.vectors);
	kfree_rcu(s, rcu);
}

void ssi_shadow_each(void (*fn)(struct ssi_shadow *s, void *ctx), void *ctx)
{
	struct ssi_shadow *s;
	unsigned long flags;
	int i;

	spin_lock_irqsave(&ssi_lock, flags);
	hash_for_each(by_task, i, s, by_task)
		fn(s, ctx);
	spin_unlock_irqrestore(&ssi_lock, flags);
}

/*
 * The thread is to come by, when it next returns to user mode: a system call in
 * which it sleeps is not disturbed, nothing would be gained.
 */
void ssi_shadow_nudge(struct ssi_shadow *s)
{
	set_tsk_thread_flag(s->task, TIF_TOMBOLO);
	kick_process(s->task);
	wake_up_all(&s->wq);
}

static void retry_fn(struct work_struct *work)
{
	struct ssi_shadow *s =
		container_of(work, struct ssi_shadow, retry.work);

	ssi_shadow_nudge(s);
	ssi_shadow_put(s);
}

void ssi_shadow_later(struct ssi_shadow *s)
{
	refcount_inc(&s->ref);
	if (!schedule_delayed_work(&s->retry, RETRY_AFTER))
		ssi_shadow_put(s);
}

static struct ssi_shadow *shadow_new(struct task_struct *task)
{
	struct ssi_shadow *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	refcount_set(&s->ref, 1);
	get_task_struct(task);
	s->task = task;
	s->state = SSI_SHADOW_HOME;
	s->place = ssi_self;
	s->want = ssi_self;
	s->calm = jiffies;
	init_waitqueue_head(&s->wq);
	INIT_DELAYED_WORK(&s->retry, retry_fn);
	return s;
}

/* Where a thread shall be. A new record replaces none that is there. */
int ssi_shadow_want(struct task_struct *task, unsigned int kernel, u64 cores,
		    bool now)
{
	struct ssi_shadow *s, *new = NULL;
	unsigned long flags;

	if (kernel != ssi_self) {
		new = shadow_new(task);
		if (!new)
			return -ENOMEM;
	}
	spin_lock_irqsave(&ssi_lock, flags);
	s = ssi_shadow_find(task);
	if (!s && new) {
		s = new;
		new = NULL;
		hash_add_rcu(by_task, &s->by_task, (unsigned long)task);
	}
	if (s) {
		s->want = kernel;
		s->cores = cores;
		refcount_inc(&s->ref);
	}
	spin_unlock_irqrestore(&ssi_lock, flags);
	if (new)
		ssi_shadow_put(new);
	if (s) {
		if (now)
			ssi_shadow_nudge(s);
		ssi_shadow_put(s);
	}
	return 0;
}

/* Where it is seen: at home as soon as nothing of it is elsewhere. */
unsigned int ssi_shadow_place(const struct ssi_shadow *s)
{
	return READ_ONCE(s->state) == SSI_SHADOW_HOME ? ssi_self :
							READ_ONCE(s->place);
}

/* In the parent: the child is bound to the same cores. */
void ssi_shadow_fork(struct ssi_shadow *s, struct task_struct *child)
{
	if (s->want != ssi_self)
		ssi_shadow_want(child, s->want, s->cores, true);
	/* The child does not have what the parent's stay has put aside. */
	if (s->rseq && child->mm != current->mm) {
		child->rseq = s->rseq;
		child->rseq_len = s->rseq_len;
		child->rseq_sig = s->rseq_sig;
		set_tsk_thread_flag(child, TIF_NOTIFY_RESUME);
	}
}

/* A stay elsewhere begins: from now on messages for it are heard. */
void ssi_shadow_enter(struct ssi_shadow *s)
{
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	s->number = ++numbers;
	s->place = s->want;
	s->request = 0;
	s->kick = 0;
	s->kicked = false;
	s->time = 0;
	s->charged = 0;
	s->charge_at = ktime_get_ns();
	s->in_signal = false;
	s->since = s->charge_at;
	ssi_measure_begin(s);
	s->moves++;
	ssi_step(&s->state, SSI_EV_DO_START);
	hash_add(by_number, &s->by_number, s->number);
	spin_unlock_irqrestore(&ssi_lock, flags);
}

/* It is over: nothing more is heard. */
void ssi_shadow_over(struct ssi_shadow *s)
{
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	hash_del(&s->by_number);
	s->place = ssi_self;
	s->time_before += s->charged;
	spin_unlock_irqrestore(&ssi_lock, flags);
}

bool ssi_shadow_settle(struct ssi_shadow *s, enum ssi_event event)
{
	unsigned long flags;
	bool ret;

	spin_lock_irqsave(&ssi_lock, flags);
	ret = ssi_step(&s->state, event);
	spin_unlock_irqrestore(&ssi_lock, flags);
	return ret;
}

/* In the thread, at home: forget it, unless it shall leave again. */
bool ssi_shadow_drop(struct ssi_shadow *s, bool dead)
{
	unsigned long flags;
	bool drop;

	spin_lock_irqsave(&ssi_lock, flags);
	drop = dead || s->want == ssi_self;
	if (drop)
		hash_del_rcu(&s->by_task);
	spin_unlock_irqrestore(&ssi_lock, flags);
	if (!drop)
		return false;
	if (cancel_delayed_work(&s->retry))
		ssi_shadow_put(s);
	ssi_shadow_put(s);
	return true;
}

/* ---- messages, in interrupts ---- */

static struct ssi_shadow *find_number(u32 number)
{
	struct ssi_shadow *s;

	hash_for_each_possible(by_number, s, by_number, number)
		if (s->number == number)
			return s;
	return NULL;
}

static enum ssi_event event_of(u8 type)
{
	switch (type) {
	case SSI_TIME:
		return SSI_EV_TIMED;
	case SSI_GONE:
		return SSI_EV_GONE;
	case SSI_FAILED:
		return SSI_EV_FAILED;
	default:
		return SSI_EV_REQUEST;
	}
}

/* Under ssi_lock. The clock of processor time does not go back. */
static void hear(struct ssi_shadow *s, const struct ssi_wire_head *head,
		 const void *data)
{
	bool last = head->type == SSI_GONE && s->ends &&
		    head->flags & cpu_to_le32(SSI_HAS_REGS);
	u64 time = le64_to_cpu(head->time);

	if (time > s->time)
		s->time = time;
	s->cpu = le16_to_cpu(head->cpu);
	if (last || (event_of(head->type) == SSI_EV_REQUEST &&
		     s->state == SSI_SHADOW_ASKED)) {
		ssi_unpack(&s->inbox, data);
		s->unread = true;
		s->request = le32_to_cpu(head->request);
	}
	wake_up_all(&s->wq);
}

void ssi_shadow_message(struct ssi_peer *peer, const void *data)
{
	struct ssi_wire_head head;
	struct ssi_shadow *s;
	unsigned long flags;

	memcpy(&head, data, sizeof(head));
	spin_lock_irqsave(&ssi_lock, flags);
	s = le32_to_cpu(head.life) == ssi_life ?
		    find_number(le32_to_cpu(head.task)) :
		    NULL;
	/* A kernel speaks for the threads that are on it, and no others. */
	if (s && s->place == peer->id &&
	    ssi_step(&s->state, event_of(head.type)))
		hear(s, &head, data);
	else
		ssi_bad(peer, &head);
	spin_unlock_irqrestore(&ssi_lock, flags);
}

/* A thread that is in a system call may be there for ever: it ends now. */
static void down_one(struct ssi_shadow *s, void *ctx)
{
	bool serving = s->state == SSI_SHADOW_SERVING;
	struct ssi_peer *peer = ctx;

	if (s->place != peer->id || !ssi_step(&s->state, SSI_EV_DOWN))
		return;
	if (serving) {
		pr_warn("ssi: %s[%d] was on kernel %u, which is gone: it is killed\n",
			s->task->comm, task_pid_nr(s->task), peer->id);
		send_sig(SIGKILL, s->task, 1);
	}
	wake_up_all(&s->wq);
}

void ssi_shadow_down(struct ssi_peer *peer)
{
	ssi_shadow_each(down_one, peer);
}

/* ---- a kernel that wants to end ---- */

struct recall {
	struct ssi_peer *peer;
	unsigned int left;
};

/*
 * One that runs there comes by itself. One that is in a system call needs no
 * body for it: that ends, and the thread comes out of the call at home.
 */
static void recall_one(struct ssi_shadow *s, void *ctx)
{
	struct recall *r = ctx;
	struct ssi_msg msg = {};

	if (s->place != r->peer->id || s->state == SSI_SHADOW_HOME)
		return;
	r->left++;
	WRITE_ONCE(s->want, ssi_self);
	s->cores = 0;
	ssi_shadow_nudge(s);
	if (s->state != SSI_SHADOW_SERVING)
		return;
	ssi_head(&msg.head, SSI_END, 0, s->number, ssi_life);
	if (!ssi_send(s->place, &msg))
		ssi_step(&s->state, SSI_EV_END);
}

/* How many threads are still there. */
unsigned int ssi_shadow_recall(struct ssi_peer *peer)
{
	struct recall r = { .peer = peer };

	ssi_shadow_each(recall_one, &r);
	return r.left;
}

/* ---- those that were moved while they ended ---- */

static void sweep_one(struct ssi_shadow *s, void *ctx)
{
	struct ssi_shadow **dead = ctx;

	if (READ_ONCE(s->task->exit_state) && s->state == SSI_SHADOW_HOME)
		*dead = s;
}

static void sweep_fn(struct work_struct *work)
{
	struct ssi_shadow *dead;

	do {
		dead = NULL;
		ssi_shadow_each(sweep_one, &dead);
		if (dead)
			ssi_shadow_drop(dead, true);
	} while (dead);
	schedule_delayed_work(&sweep_work, SWEEP_EVERY);
}

void ssi_shadow_init(void)
{
	INIT_DELAYED_WORK(&sweep_work, sweep_fn);
	schedule_delayed_work(&sweep_work, SWEEP_EVERY);
}
