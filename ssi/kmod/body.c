// SPDX-License-Identifier: GPL-2.0
/*
 * Bodies: processes here that execute the user part of a thread of another
 * kernel. Their table, their birth and end, and what their home tells them.
 */
#include <linux/hashtable.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <asm/syscall.h>

#include "ssi.h"
#include "trace.h"

static DEFINE_HASHTABLE(by_task, 8);
static DEFINE_HASHTABLE(by_number, 8);

static u32 number_key(unsigned int home, u32 number)
{
	return number * SSI_KERNELS + home;
}

/* Under ssi_lock. */
static struct ssi_body *find(unsigned int home, u32 number, u32 life)
{
	struct ssi_body *b;

	hash_for_each_possible(by_number, b, by_number,
			       number_key(home, number))
		if (b->home == home && b->number == number && b->life == life)
			return b;
	return NULL;
}

/* Of the current thread, or of one that is held: no reference needed. */
struct ssi_body *ssi_body_of(struct task_struct *task)
{
	struct ssi_body *b, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	hash_for_each_possible(by_task, b, by_task, (unsigned long)task)
		if (b->task == task)
			found = b;
	spin_unlock_irqrestore(&ssi_lock, flags);
	return found;
}

void ssi_body_put(struct ssi_body *b)
{
	if (!refcount_dec_and_test(&b->ref))
		return;
	if (b->task)
		put_task_struct(b->task);
	kfree(b->inbox.vectors);
	kfree(b);
}

void ssi_body_each(void (*fn)(struct ssi_body *b, void *ctx), void *ctx)
{
	struct ssi_body *b;
	unsigned long flags;
	int i;

	spin_lock_irqsave(&ssi_lock, flags);
	hash_for_each(by_number, i, b, by_number)
		fn(b, ctx);
	spin_unlock_irqrestore(&ssi_lock, flags);
}

/* In any context; -EAGAIN if there is no room. */
static int tell_end(unsigned int home, u32 number, u32 life, int type,
		    u32 flags, int error)
{
	struct ssi_msg msg = {};

	ssi_head(&msg.head, type, flags, number, life);
	msg.head.value = cpu_to_le64(error);
	return ssi_send(home, &msg);
}

/* What it has used; its process may have been that of others before. */
u64 ssi_body_time(struct ssi_body *b)
{
	return ssi_time_of(b->task) - b->began;
}

/* In its process, which no signal keeps from this. */
static void tell_gone(struct ssi_body *b, bool died)
{
	u32 flags = died ? SSI_DIED : 0;
	struct ssi_msg msg = {};
	int tries;

	/* A core dump is to show where it was. */
	if (b->last && !b->unread)
		flags |= SSI_HAS_REGS | SSI_HAS_FP;
	ssi_head(&msg.head, SSI_GONE, flags, b->number, b->life);
	if (ssi_context_out(&msg, task_pt_regs(current)))
		msg.head.flags = cpu_to_le32(flags & SSI_DIED);
	msg.head.time = cpu_to_le64(ssi_body_time(b));
	for (tries = 0; tries < 1000; tries++) {
		if (ssi_send(b->home, &msg) != -EAGAIN)
			return;
		schedule_timeout_uninterruptible(1);
	}
}

/* ---- messages of the home, in interrupts ---- */

static void start(struct ssi_peer *peer, const void *data)
{
	struct ssi_body *b = kzalloc(sizeof(*b), GFP_ATOMIC);
	struct dsm_id id = { .home = peer->id };
	struct ssi_wire_head head;
	unsigned long flags;
	int ret;

	if (!b || !ssi_vectors_room(&b->inbox, GFP_ATOMIC)) {
		kfree(b);
		memcpy(&head, data, sizeof(head));
		tell_end(peer->id, le32_to_cpu(head.task),
			 le32_to_cpu(head.life), SSI_FAILED, 0, ENOMEM);
		return;
	}
	refcount_set(&b->ref, 1);
	INIT_LIST_HEAD(&b->list);
	init_waitqueue_head(&b->wq);
	ssi_unpack(&b->inbox, data);
	b->unread = true;
	b->home = peer->id;
	b->number = le32_to_cpu(b->inbox.head.task);
	b->life = le32_to_cpu(b->inbox.head.life);
	b->state = SSI_BODY_BORN;
	b->traced = b->inbox.head.flags & cpu_to_le32(SSI_TRACED);
	id.number = le32_to_cpu(b->inbox.start.space);
	id.incarnation = le32_to_cpu(b->inbox.start.incarnation);
	spin_lock_irqsave(&ssi_lock, flags);
	if (find(b->home, b->number, b->life)) {
		ssi_bad(peer, &b->inbox.head);
		ret = -EEXIST;
	} else if (peer->bodies >= SSI_MAX_BODIES) {
		ret = -EAGAIN;
	} else {
		peer->bodies++;
		hash_add(by_number, &b->by_number,
			 number_key(b->home, b->number));
		refcount_inc(&b->ref);
		ret = 0;
	}
	spin_unlock_irqrestore(&ssi_lock, flags);
	if (!ret) {
		ret = ssi_window_birth(b, &id);
		if (ret)
			ssi_body_fail(b, ret);
	} else if (ret != -EEXIST) {
		tell_end(b->home, b->number, b->life, SSI_FAILED, 0, -ret);
	}
	ssi_body_put(b);
}

static void kick_fn(struct callback_head *work)
{
	struct ssi_body *b = container_of(work, struct ssi_body, kick_work);

	WRITE_ONCE(b->kick_queued, false);
	if (b->task == current)
		set_thread_flag(TIF_TOMBOLO);
	ssi_body_put(b);
}

/* Under ssi_lock: get it out of user mode, or out of its wait for a page. */
static void kick(struct ssi_body *b)
{
	if (!b->task || b->kick_queued)
		return;
	b->kick_queued = true;
	/* The process may be about to end: that work is done after ssi_body_exit(). */
	refcount_inc(&b->ref);
	init_task_work(&b->kick_work, kick_fn);
	if (!task_work_add(b->task, &b->kick_work, TWA_SIGNAL))
		return;
	b->kick_queued = false;
	/* not the last one: it is in the tables */
	refcount_dec(&b->ref);
}

/* Under ssi_lock. Its process never sees user mode again after that. */
void ssi_body_kill(struct ssi_body *b)
{
	ssi_step(&b->state, SSI_EV_END);
	if (b->task)
		send_sig(SIGKILL, b->task, 1);
}

/* Under ssi_lock. One that waits for an answer ends, and its process rests. */
static void end(struct ssi_body *b, const struct ssi_wire_head *head)
{
	b->last = head->flags & cpu_to_le32(SSI_LAST);
	if (b->state != SSI_BODY_WAITS) {
		ssi_body_kill(b);
		return;
	}
	ssi_step(&b->state, SSI_EV_END);
	wake_up_all(&b->wq);
}

static void take(struct ssi_peer *peer, struct ssi_body *b, const void *data)
{
	struct ssi_wire_head head;

	memcpy(&head, data, sizeof(head));
	switch (head.type) {
	case SSI_KICK:
		b->kick = le32_to_cpu(head.kick);
		if (ssi_step(&b->state, SSI_EV_KICKED) &&
		    b->state == SSI_BODY_RUNS)
			kick(b);
		break;
	case SSI_REPLY:
		if (b->state != SSI_BODY_WAITS ||
		    le32_to_cpu(head.request) != b->request) {
			if (b->state != SSI_BODY_ENDING)
				ssi_bad(peer, &head);
			break;
		}
		ssi_unpack(&b->inbox, data);
		b->unread = true;
		b->kick_done = le32_to_cpu(head.kick);
		b->traced = head.flags & cpu_to_le32(SSI_TRACED);
		ssi_step(&b->state, SSI_EV_ANSWER);
		wake_up_all(&b->wq);
		break;
	case SSI_END:
		end(b, &head);
		break;
	}
}

void ssi_body_message(struct ssi_peer *peer, const void *data)
{
	struct ssi_wire_head head;
	unsigned long flags;
	struct ssi_body *b;

	memcpy(&head, data, sizeof(head));
	if (head.type == SSI_START) {
		start(peer, data);
		return;
	}
	spin_lock_irqsave(&ssi_lock, flags);
	b = find(peer->id, le32_to_cpu(head.task), le32_to_cpu(head.life));
	if (b)
		take(peer, b, data);
	spin_unlock_irqrestore(&ssi_lock, flags);
	/* Its end has crossed this, or there was no room to say it: once more. */
	if (!b && (head.type == SSI_END || head.type == SSI_KICK))
		tell_end(peer->id, le32_to_cpu(head.task),
			 le32_to_cpu(head.life), SSI_GONE,
			 head.type == SSI_KICK ? SSI_DIED : 0, 0);
}

static void down_one(struct ssi_body *b, void *ctx)
{
	if (b->home == *(unsigned int *)ctx)
		ssi_body_kill(b);
}

void ssi_body_down(struct ssi_peer *peer)
{
	ssi_body_each(down_one, &peer->id);
}

/* ---- birth ---- */

/* Under ssi_lock: it has a process, which runs in the kernel, or is about to. */
void ssi_body_born(struct ssi_body *b, struct task_struct *task)
{
	b->task = get_task_struct(task);
	b->began = ssi_time_of(task);
	hash_add(by_task, &b->by_task, (unsigned long)task);
}

static void forget(struct ssi_body *b)
{
	unsigned long flags;

	spin_lock_irqsave(&ssi_lock, flags);
	hash_del(&b->by_task);
	hash_del(&b->by_number);
	ssi_peers[b->home].bodies--;
	spin_unlock_irqrestore(&ssi_lock, flags);
	if (b->window)
		ssi_window_left(b->window);
}

/* Those that will not live, and there was no room to say so; under ssi_lock. */
static LIST_HEAD(untold);
static struct delayed_work untold_work;

static bool tell_failed(struct ssi_body *b)
{
	bool ending = b->state == SSI_BODY_ENDING;

	return tell_end(b->home, b->number, b->life,
			ending ? SSI_GONE : SSI_FAILED, 0, b->error) != -EAGAIN;
}

/* Else their homes would take them for dead when they ask, and not for refused. */
static void untold_fn(struct work_struct *work)
{
	struct ssi_body *b, *next;
	unsigned long flags;
	LIST_HEAD(told);

	spin_lock_irqsave(&ssi_lock, flags);
	list_for_each_entry_safe(b, next, &untold, list)
		if (tell_failed(b))
			list_move(&b->list, &told);
	if (!list_empty(&untold))
		schedule_delayed_work(&untold_work, 1);
	spin_unlock_irqrestore(&ssi_lock, flags);
	list_for_each_entry_safe(b, next, &told, list) {
		list_del_init(&b->list);
		forget(b);
		ssi_body_put(b);
	}
}

/* It will not live. */
void ssi_body_fail(struct ssi_body *b, int error)
{
	unsigned long flags;
	bool told;

	b->error = -error;
	spin_lock_irqsave(&ssi_lock, flags);
	told = tell_failed(b);
	if (!told) {
		list_add_tail(&b->list, &untold);
		schedule_delayed_work(&untold_work, 1);
	}
	spin_unlock_irqrestore(&ssi_lock, flags);
	if (told) {
		forget(b);
		ssi_body_put(b);
	}
}

/* ---- processor time ---- */

/* How often, and from how much on, processor time is reported unasked. */
#define REPORT_EVERY (HZ / 4)
#define REPORT_NS    (100 * NSEC_PER_MSEC)

/* While a body computes it says nothing; its home counts its time. */
static void report_one(struct ssi_body *b, void *ctx)
{
	struct ssi_msg msg = {};
	u64 time;

	if (!b->task || b->state != SSI_BODY_RUNS)
		return;
	time = ssi_body_time(b);
	if (time - b->reported < REPORT_NS)
		return;
	b->reported = time;
	ssi_head(&msg.head, SSI_TIME, 0, b->number, b->life);
	msg.head.cpu = cpu_to_le16(task_cpu(b->task));
	msg.head.time = cpu_to_le64(time);
	/* if there is no room, the next one says as much */
	ssi_send(b->home, &msg);
}

static struct delayed_work report_work;

static void report_fn(struct work_struct *work)
{
	ssi_body_each(report_one, NULL);
	schedule_delayed_work(&report_work, REPORT_EVERY);
}

void ssi_body_init(void)
{
	INIT_DELAYED_WORK(&untold_work, untold_fn);
	INIT_DELAYED_WORK(&report_work, report_fn);
	schedule_delayed_work(&report_work, REPORT_EVERY);
}

/* ---- the end ---- */

/* In its process: it makes no access any more. */
void ssi_body_over(struct ssi_body *b, bool died)
{
	trace_ssi_end(current->pid, b->home, b->number);
	ssi_window_return(b->window);
	tell_gone(b, died);
	forget(b);
	ssi_body_put(b);
}

/* In the exit of its process. */
void ssi_body_exit(struct ssi_body *b)
{
	unsigned long flags;
	bool told;

	spin_lock_irqsave(&ssi_lock, flags);
	told = b->state == SSI_BODY_ENDING;
	ssi_step(&b->state, SSI_EV_DO_EXIT);
	spin_unlock_irqrestore(&ssi_lock, flags);
	clear_thread_flag(TIF_TOMBOLO_BODY);
	ssi_body_over(b, !told);
}
