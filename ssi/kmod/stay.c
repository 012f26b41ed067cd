// SPDX-License-Identifier: GPL-2.0
/*
 * A thread's stay on another kernel, from the side of its home: leaving,
 * waiting for the body, answering, coming back. All in the thread itself, on
 * its way to user mode, which it does not reach as long as it is away.
 */
#include <linux/mm.h>
#include <linux/rseq.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/task_work.h>

#include <asm/syscall.h>

#include "ssi.h"
#include "trace.h"

/*
 * So long the program is left alone at home when signals rain on it elsewhere, or a
 * page that it needs is in use there.
 */
#define CALM (HZ / 10)

/* How long a body may take to end. It is then as lost as its kernel. */
#define END_TIMEOUT (15 * HZ)

/* A body that says nothing for so long is asked whether it is there. */
#define SILENCE (10 * HZ)

static bool send_to(struct ssi_shadow *s, struct ssi_msg *msg)
{
	int ret;

	msg->head.kick = cpu_to_le32(s->kick);
	ret = ssi_send_wait(s->place, msg);
	/* -ENOTCONN: the link's fall is told to all its shadows. */
	if (ret && ret != -ENOTCONN && !fatal_signal_pending(current))
		pr_warn("ssi: kernel %u takes no messages: %d\n", s->place,
			ret);
	return !ret;
}

static bool is_over(struct ssi_shadow *s)
{
	return READ_ONCE(s->state) != SSI_SHADOW_LEAVING;
}

/* Back at home, whatever was before; the registers are in the thread's frame. */
static void stay_over(struct ssi_shadow *s)
{
	struct mm_struct *mm = s->mm;

	trace_ssi_home(current->pid, s->place, s->number);
	ssi_shadow_over(s);
	ssi_charge(s);
	ssi_rseq_unpark(s);
	if (s->space)
		dsm_space_put(s->space);
	s->space = NULL;
	s->mm = NULL;
	if (mm)
		mmput(mm);
}

/* The body ends, and then the stay: it touches nothing any more. */
void ssi_stay_end(struct ssi_shadow *s)
{
	unsigned long end = jiffies + END_TIMEOUT;
	struct ssi_msg msg = {};
	long left;

	if (!s->mm)
		return;
	if (ssi_shadow_settle(s, SSI_EV_END)) {
		ssi_head(&msg.head, SSI_END, s->ends ? SSI_LAST : 0, s->number,
			 ssi_life);
		while (ssi_send(s->place, &msg) == -EAGAIN && !is_over(s) &&
		       time_before(jiffies, end))
			schedule_timeout_uninterruptible(1);
	}
	/* Also if ssi_shadow_recall() has sent it */
	left = wait_event_timeout(s->wq, is_over(s), END_TIMEOUT);
	if (!left) {
		pr_err("ssi: kernel %u does not end its part of %s[%d]\n",
		       s->place, current->comm, current->pid);
		ssi_shadow_settle(s, SSI_EV_DOWN);
	}
	/* refused or lost meanwhile */
	ssi_shadow_settle(s, SSI_EV_DO_SETTLE);
	stay_over(s);
}

/* ---- leaving ---- */

/* By the count of the kernel where it is; 0 is all of them. */
static u64 cores_there(const struct ssi_shadow *s)
{
	return (READ_ONCE(s->cores) & ssi_cores_mask(s->place)) >>
	       ssi_first_core(s->place);
}

/* Those that are to run when nobody else wants to have the last one. */
static int nice_there(void)
{
	return current->policy == SCHED_IDLE ? MAX_NICE :
					       max(task_nice(current), 0);
}

static int start_msg(struct ssi_shadow *s, struct ssi_msg *msg,
		     struct pt_regs *regs)
{
	struct dsm_id id = dsm_space_id(s->space);
	u32 flags = SSI_HAS_REGS | SSI_HAS_FP | SSI_HAS_START | SSI_HAS_CPU;

	if (read_thread_flags() & _TIF_SYSCALL_WORK)
		flags |= SSI_TRACED;
	ssi_head(&msg->head, SSI_START, flags, s->number, ssi_life);
	msg->start.space = cpu_to_le32(id.number);
	msg->start.incarnation = cpu_to_le32(id.incarnation);
	s->bound = cores_there(s);
	msg->start.cores = cpu_to_le64(s->bound);
	s->nice = nice_there();
	msg->start.nice = cpu_to_le32(s->nice);
	memcpy(msg->start.comm, current->comm,
	       min(sizeof(msg->start.comm), sizeof(current->comm)));
	if (ssi_context_out(msg, regs))
		return -EINVAL;
	ssi_context_know(msg, &s->known);
	return 0;
}

/* Pages that the body will touch at once: stack, thread data, code. */
static void send_pages(struct ssi_shadow *s, const struct ssi_msg *msg)
{
	u64 sp = le64_to_cpu(msg->regs.sp);
	struct dsm_touch touch[] = {
		{ sp, 1, true },
		{ le64_to_cpu(msg->regs.tls), 1, true },
		{ le64_to_cpu(msg->regs.pc), 1, false },
	};

	dsm_space_send(s->space, s->place, touch, ARRAY_SIZE(touch));
}

/* What is in the way: for now, or for good, then it stays where it belongs. */
static void cannot(struct ssi_shadow *s, unsigned int why)
{
	s->why = why;
	clear_thread_flag(TIF_TOMBOLO);
	switch (why) {
	case TOMBOLO_WHY_VFORK:
	case TOMBOLO_WHY_TRACED:
	case TOMBOLO_WHY_SIGNALS:
		ssi_shadow_later(s);
		break;
	default:
		ssi_shadow_want(current, ssi_self, 0, true);
	}
}

void ssi_stay_calm(struct ssi_shadow *s)
{
	s->calm = jiffies + CALM;
}

static bool is_calm(const struct ssi_shadow *s)
{
	return time_before(jiffies, s->calm);
}

static void leave(struct ssi_shadow *s, struct pt_regs *regs)
{
	unsigned int to = READ_ONCE(s->want), why = ssi_why(current, to);
	struct ssi_msg msg = {};

	if (!why && is_calm(s))
		why = TOMBOLO_WHY_SIGNALS;
	if (!why && !ssi_vectors_room(&s->inbox, GFP_KERNEL))
		why = TOMBOLO_WHY_MEMORY;
	if (why) {
		cannot(s, why);
		return;
	}
	/* A critical section of rseq that it is in has to start again: once. */
	if (current->rseq && !s->settled) {
		s->settled = true;
		preempt_disable();
		rseq_migrate(current);
		preempt_enable();
		return;
	}
	s->settled = false;
	s->why = TOMBOLO_WHY_FREE;
	s->space = dsm_space_get(current->mm);
	if (IS_ERR(s->space) || dsm_space_grant(s->space, to)) {
		if (!IS_ERR(s->space))
			dsm_space_put(s->space);
		s->space = NULL;
		cannot(s, TOMBOLO_WHY_MEMORY);
		return;
	}
	s->mm = current->mm;
	mmget(s->mm);
	ssi_rseq_park(s);
	ssi_shadow_enter(s);
	trace_ssi_leave(current->pid, to, s->number);
	if (!start_msg(s, &msg, regs)) {
		send_pages(s, &msg);
		if (send_to(s, &msg))
			return;
	}
	ssi_stay_end(s);
	cannot(s, TOMBOLO_WHY_DOWN);
}

/* ---- while it is away ---- */

static bool heard(struct ssi_shadow *s)
{
	return READ_ONCE(s->state) != SSI_SHADOW_AWAY ||
	       READ_ONCE(s->time) > s->charged;
}

/* To other cores of the same kernel, or with another nice value, it goes by its home, too. */
static bool to_move(struct ssi_shadow *s)
{
	return READ_ONCE(s->want) != s->place || cores_there(s) != s->bound ||
	       nice_there() != s->nice;
}

/*
 * Work for the way to user mode, that may end in a signal. The scheduler's own,
 * which any tick may leave here, can wait until the body asks for something.
 */
static bool has_work(void)
{
	const struct callback_head *work = READ_ONCE(current->task_works);

#ifdef CONFIG_SCHED_MM_CID
	if (work == &current->cid_work)
		work = work->next;
#endif
	return work;
}

static bool wanted(struct ssi_shadow *s)
{
	return to_move(s) || has_work();
}

static void kick(struct ssi_shadow *s)
{
	struct ssi_msg msg = {};

	s->kick++;
	ssi_head(&msg.head, SSI_KICK, 0, s->number, ssi_life);
	s->kicked = send_to(s, &msg);
	/* The link falls: its shadows are about to hear of it. */
	if (!s->kicked)
		schedule_timeout_killable(1);
}

/* Return: 0 after a long silence, -ERESTARTSYS for a signal, else positive. */
static long listen(struct ssi_shadow *s)
{
	if (s->kicked)
		return wait_event_killable_timeout(s->wq, heard(s), SILENCE);
	return wait_event_interruptible_timeout(s->wq, heard(s) || wanted(s),
						SILENCE);
}

/* Until the body asks for something, or is gone, or a fatal signal came. */
static void await(struct ssi_shadow *s)
{
	long ret;

	while (READ_ONCE(s->state) == SSI_SHADOW_AWAY) {
		ret = listen(s);
		ssi_charge(s);
		if (fatal_signal_pending(current))
			return;
		/* After a silence also once more: the answer may have found no room. */
		if ((ret <= 0 || (!s->kicked && wanted(s))) &&
		    READ_ONCE(s->state) == SSI_SHADOW_AWAY)
			kick(s);
	}
}

static void answer(struct ssi_shadow *s, struct pt_regs *regs)
{
	u32 flags = SSI_HAS_REGS | SSI_HAS_FP | SSI_HAS_CPU;
	struct ssi_msg msg = {};

	if (read_thread_flags() & _TIF_SYSCALL_WORK)
		flags |= SSI_TRACED;
	ssi_rseq_park(s);
	ssi_head(&msg.head, SSI_REPLY, flags, s->number, ssi_life);
	msg.head.request = cpu_to_le32(s->request);
	if (ssi_context_out(&msg, regs)) {
		force_sig(SIGKILL);
		return;
	}
	ssi_context_spare(&msg, &s->known);
	ssi_give_back(s);
	/* First the state: the next request may be there before we look. */
	if (ssi_shadow_settle(s, SSI_EV_ANSWER) && !send_to(s, &msg))
		ssi_stay_end(s);
}

static bool must_come_home(struct ssi_shadow *s)
{
	unsigned int why;

	if (to_move(s) || s->mm != current->mm)
		return true;
	why = ssi_why(current, s->place);
	return why == TOMBOLO_WHY_TRACED || why == TOMBOLO_WHY_IO_RING ||
	       why == TOMBOLO_WHY_CPU;
}

static void lost(struct ssi_shadow *s)
{
	pr_warn("ssi: %s[%d] was on kernel %u, %s: it is killed\n",
		current->comm, current->pid, s->place,
		ssi_ready(s->place) ? "where its part was killed" :
				      "which is gone");
	ssi_stay_end(s);
	ssi_shadow_want(current, ssi_self, 0, true);
	force_sig(SIGKILL);
}

/*
 * On the way to user mode, after signals. Returns whenever the kernel's own
 * work has to be done, and is then called again, as long as TIF_TOMBOLO is set.
 */
void ssi_stay_resume(struct ssi_shadow *s, struct pt_regs *regs)
{
	switch (READ_ONCE(s->state)) {
	case SSI_SHADOW_HOME:
		/* Called home in the middle of what is done now */
		ssi_stay_end(s);
		clear_thread_flag(TIF_TOMBOLO);
		if (ssi_shadow_drop(s, false))
			return;
		set_thread_flag(TIF_TOMBOLO);
		leave(s, regs);
		if (s->state == SSI_SHADOW_HOME)
			return;
		break;
	case SSI_SHADOW_SERVING:
		if (ssi_storm(s))
			ssi_stay_calm(s);
		if (is_calm(s) || must_come_home(s)) {
			ssi_stay_end(s);
			return;
		}
		answer(s, regs);
		break;
	case SSI_SHADOW_LEAVING:
		ssi_stay_end(s);
		return;
	default:
		break;
	}
	await(s);
	switch (READ_ONCE(s->state)) {
	case SSI_SHADOW_ASKED:
		ssi_serve(s, regs);
		break;
	case SSI_SHADOW_LOST:
		lost(s);
		break;
	case SSI_SHADOW_REFUSED:
		s->why = TOMBOLO_WHY_REFUSED;
		ssi_stay_end(s);
		ssi_shadow_want(current, ssi_self, 0, true);
		break;
	default:
		break;
	}
}

void ssi_stay_exit(struct ssi_shadow *s)
{
	/*
	 * A request of the body may cross its end: then only the body has its registers.
	 * Nobody reads the inbox any more, they may go there.
	 */
	WRITE_ONCE(s->ends, READ_ONCE(s->state) == SSI_SHADOW_AWAY);
	ssi_stay_end(s);
	/* If they are impossible, the core dump has those of the last call. */
	if (s->unread)
		ssi_context_in(&s->inbox, task_pt_regs(current));
	ssi_shadow_drop(s, true);
}
