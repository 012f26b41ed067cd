// SPDX-License-Identifier: GPL-2.0
/*
 * A body's own part, in its process: it goes to user mode, and asks its home for
 * what comes up there.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include <asm/esr.h>
#include <asm/syscall.h>

#include "ssi.h"
#include "trace.h"

/* ---- to user mode for the first time ---- */

static void set_name(const char *name)
{
	task_lock(current);
	strscpy_pad(current->comm, name, sizeof(current->comm));
	task_unlock(current);
}

static void take_name(const struct ssi_wire_start *start)
{
	char name[TASK_COMM_LEN + 1] = {};

	memcpy(name, start->comm, min(sizeof(name) - 1, sizeof(start->comm)));
	set_name(name);
}

/* If it can use none of them, then those that the window's leader may. */
static void take_cores(struct ssi_body *b)
{
	u64 cores = le64_to_cpu(b->inbox.start.cores);
	struct cpumask mask;
	unsigned int cpu;

	cpumask_clear(&mask);
	for_each_present_cpu(cpu)
		if (cpu < 64 && cores & BIT_ULL(cpu))
			cpumask_set_cpu(cpu, &mask);
	if (cpumask_empty(&mask) || set_cpus_allowed_ptr(current, &mask))
		set_cpus_allowed_ptr(current, ssi_window_cores(b->window));
}

/* Others' threads are at most as urgent as ours are that ask for nothing. */
static void take_nice(u32 nice)
{
	set_user_nice(current, min_t(u32, nice, MAX_NICE));
}

/* Nothing of it may be seen in user mode before all of it is there. */
static bool enter(struct ssi_body *b, struct pt_regs *regs)
{
	unsigned long flags;
	bool alive;

	trace_ssi_enter(current->pid, b->home, b->number);
	take_name(&b->inbox.start);
	take_cores(b);
	take_nice(le32_to_cpu(b->inbox.start.nice));
	/* The last exception and the keys of who had its process before are not its own. */
	current->thread.fault_code = 0;
	if (ssi_cpu_features() &&
	    !(b->inbox.head.flags & cpu_to_le32(SSI_HAS_CPU)))
		return false;
	if (ssi_context_in(&b->inbox, regs))
		return false;
	b->unread = false;
	ssi_context_know(&b->inbox, &b->known);
	spin_lock_irqsave(&ssi_lock, flags);
	alive = ssi_step(&b->state, SSI_EV_DO_ENTER);
	spin_unlock_irqrestore(&ssi_lock, flags);
	return alive;
}

/* ---- asking the home ---- */

static bool answered(struct ssi_body *b)
{
	return READ_ONCE(b->state) != SSI_BODY_WAITS;
}

static void head_of(struct ssi_body *b, struct ssi_wire_head *head)
{
	head->cpu = cpu_to_le16(raw_smp_processor_id());
	head->time = cpu_to_le64(ssi_body_time(b));
	head->request = cpu_to_le32(b->request);
	head->kick = cpu_to_le32(b->kick);
}

/* Return: false if it cannot, or the body is to end. */
static bool send_request(struct ssi_body *b, struct ssi_msg *msg,
			 const struct pt_regs *regs)
{
	unsigned long flags;
	bool may;

	spin_lock_irqsave(&ssi_lock, flags);
	may = ssi_step(&b->state, SSI_EV_REQUEST);
	b->request++;
	b->reported = ssi_body_time(b);
	spin_unlock_irqrestore(&ssi_lock, flags);
	if (!may)
		return false;
	head_of(b, &msg->head);
	if (ssi_context_out(msg, regs))
		return false;
	ssi_context_spare(msg, &b->known);
	return !ssi_send_wait(b->home, msg);
}

static bool take_answer(struct ssi_body *b, struct pt_regs *regs)
{
	if (READ_ONCE(b->state) != SSI_BODY_RUNS ||
	    ssi_context_in(&b->inbox, regs))
		return false;
	b->unread = false;
	ssi_context_know(&b->inbox, &b->known);
	return true;
}

/*
 * Send a request with all registers, wait for the answer, and have its
 * registers. Whatever goes wrong ends in a SIGKILL, here or already pending; the
 * answer may be that it is to end, and then ssi_body_resume() has its process.
 */
static void ask(struct ssi_body *b, struct pt_regs *regs, int type, u64 value,
		u64 address)
{
	struct ssi_msg *msg = kzalloc(sizeof(*msg), GFP_KERNEL);
	bool sent = false;

	if (msg) {
		ssi_head(&msg->head, type, SSI_HAS_REGS | SSI_HAS_FP, b->number,
			 b->life);
		msg->head.value = cpu_to_le64(value);
		msg->head.address = cpu_to_le64(address);
		sent = send_request(b, msg, regs);
	}
	kfree(msg);
	if (sent &&
	    (wait_event_killable(b->wq, answered(b)) || take_answer(b, regs)))
		return;
	if (READ_ONCE(b->state) == SSI_BODY_ENDING)
		set_thread_flag(TIF_TOMBOLO);
	else
		send_sig(SIGKILL, current, 1);
}

static long getcpu(const struct pt_regs *regs)
{
	unsigned int __user *cpu = (void __user *)regs->regs[0];
	unsigned int __user *node = (void __user *)regs->regs[1];
	struct ssi_body *b = ssi_body_of(current);
	unsigned int core = ssi_core_seen_from(b->home, raw_smp_processor_id());

	if ((cpu && put_user(core, cpu)) || (node && put_user(0, node)))
		return -EFAULT;
	return 0;
}

static void barrier_here(void *unused)
{
	smp_mb(); /* what the caller of membarrier() asked for */
}

/* In the entry of a system call; false: it is executed here. */
bool ssi_body_syscall(struct pt_regs *regs)
{
	struct ssi_body *b = ssi_body_of(current);
	unsigned int how;

	if (!b)
		return false;
	how = ssi_call_of(regs->regs[8])->how;
	if (how == SSI_LOCAL && !READ_ONCE(b->traced))
		return false;
	if (how == SSI_GETCPU && !READ_ONCE(b->traced)) {
		regs->regs[0] = getcpu(regs);
		regs->syscallno = NO_SYSCALL;
		return true;
	}
	ssi_lend(b, regs);
	ask(b, regs, SSI_SYSCALL, 0, 0);
	if (how == SSI_BARRIER)
		on_each_cpu(barrier_here, NULL, 1);
	regs->syscallno = NO_SYSCALL;
	return true;
}

/* ---- what comes up on the way to user mode ---- */

bool ssi_body_exception(int signo, int code, unsigned long addr)
{
	struct ssi_body *b = ssi_body_of(current);

	if (!b || signo == SIGKILL)
		return false;
	b->code = code;
	b->syndrome = current->thread.fault_code;
	b->address = addr;
	b->signo = signo;
	set_thread_flag(TIF_TOMBOLO);
	return true;
}

/* What the processor would have said of the access, had the page been its home's. */
static u32 syndrome_of(int signo, int code, unsigned int flags)
{
	bool denied = signo == SIGSEGV && code == SEGV_ACCERR;
	bool fetch = flags & FAULT_FLAG_INSTRUCTION;

	return (u32)(fetch ? ESR_ELx_EC_IABT_LOW : ESR_ELx_EC_DABT_LOW)
		       << ESR_ELx_EC_SHIFT |
	       ESR_ELx_IL |
	       (denied ? ESR_ELx_FSC_PERM_L(3) : ESR_ELx_FSC_FAULT_L(3)) |
	       (!fetch && flags & FAULT_FLAG_WRITE ? ESR_ELx_WNR : 0);
}

void ssi_body_fault_failed(unsigned long addr, int signo, int code,
			   unsigned int flags)
{
	current->thread.fault_code = syndrome_of(signo, code, flags);
	ssi_body_exception(signo, code, addr);
}

/* It is to go on at home, where the page is. */
void ssi_body_page_stays(void)
{
	struct ssi_body *b = ssi_body_of(current);

	if (!b)
		return;
	b->homesick = true;
	set_thread_flag(TIF_TOMBOLO);
}

/*
 * It has ended, and its process can be that of the next one here. What there is of
 * the old one in it stays in the kernel: it goes to user mode by enter() or not at
 * all. Return: whether there is one; @b is gone.
 */
static bool rest(struct ssi_body *b)
{
	struct ssi_window *win = ssi_window_get(b->window);
	bool born;

	ssi_body_over(b, false);
	set_name("tombolo-rests");
	born = ssi_window_rest(win);
	ssi_window_put(win);
	return born;
}

void ssi_body_resume(struct ssi_body *b, struct pt_regs *regs)
{
	int signo;

	/* One of the two stays set: its end must not be missed. */
	set_thread_flag(TIF_TOMBOLO_BODY);
	clear_thread_flag(TIF_TOMBOLO);
	if (fatal_signal_pending(current))
		return;
	switch (READ_ONCE(b->state)) {
	case SSI_BODY_BORN:
		/* A kick may have come before there was anything to be kicked. */
		if (enter(b, regs))
			break;
		send_sig(SIGKILL, current, 1);
		return;
	case SSI_BODY_ENDING:
		if (rest(b))
			set_thread_flag(TIF_TOMBOLO);
		else
			send_sig(SIGKILL, current, 1);
		return;
	default:
		break;
	}
	signo = b->signo;
	b->signo = 0;
	if (signo)
		ask(b, regs, SSI_SIGNAL,
		    SSI_EXCEPTION(signo, b->code, b->syndrome), b->address);
	else if (b->homesick || (s32)(b->kick - b->kick_done) > 0)
		ask(b, regs, SSI_HERE, b->homesick, 0);
	b->homesick = false;
	regs->syscallno = NO_SYSCALL;
}
