// SPDX-License-Identifier: GPL-2.0
/* What a shadow does for its body: system calls, exceptions, processor time. */
#include <linux/nospec.h>
#include <linux/posix-timers.h>
#include <linux/rseq.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>

#include <asm/esr.h>
#include <asm/syscall.h>

#include "ssi.h"
#include "trace.h"

int syscall_trace_enter(struct pt_regs *regs);
void syscall_trace_exit(struct pt_regs *regs);

/* ---- restartable sequences ---- */

/*
 * While the thread is away the kernel here must not write the number of a core
 * of its own into its memory at each switch; and as the area says that none is
 * known, no program begins a critical section.
 */
void ssi_rseq_park(struct ssi_shadow *s)
{
	struct rseq __user *area = current->rseq;

	if (!area)
		return;
	/* If it cannot be written, it cannot be read there either. */
	if (put_user(0, &area->cpu_id_start) ||
	    put_user((u32)RSEQ_CPU_ID_UNINITIALIZED, &area->cpu_id))
		pr_debug("ssi: rseq area of %d is not there\n", current->pid);
	s->rseq = area;
	s->rseq_len = current->rseq_len;
	s->rseq_sig = current->rseq_sig;
	current->rseq = NULL;
}

void ssi_rseq_unpark(struct ssi_shadow *s)
{
	if (!s->rseq)
		return;
	current->rseq = s->rseq;
	current->rseq_len = s->rseq_len;
	current->rseq_sig = s->rseq_sig;
	s->rseq = NULL;
	preempt_disable();
	rseq_migrate(current);
	preempt_enable();
}

/* ---- processor time ---- */

/*
 * What the body used counts as if the thread had used it here, for times(),
 * RLIMIT_CPU and the timers of processor time. No more than has passed, since
 * it is the other kernel's word.
 */
void ssi_charge(struct ssi_shadow *s)
{
	u64 now = ktime_get_ns(), time = READ_ONCE(s->time), delta, passed;
	unsigned long flags;

	if (time <= s->charged)
		return;
	delta = time - s->charged;
	passed = now - s->charge_at;
	s->charged = time;
	s->charge_at = now;
	delta = min(delta, passed + TICK_NSEC);
	local_irq_save(flags);
	current->utime += delta;
	account_group_user_time(current, delta);
	current->se.sum_exec_runtime += delta;
	account_group_exec_runtime(current, delta);
	run_posix_cpu_timers();
	local_irq_restore(flags);
}

/* ---- signals ---- */

/* So much time is looked at, and so many signals are a storm. */
#define MEASURE_NS    (200 * NSEC_PER_MSEC)
#define STORM_SIGNALS 8

void ssi_measure_begin(struct ssi_shadow *s)
{
	s->spent[false] = 0;
	s->spent[true] = 0;
	s->signals = 0;
}

/* After each request: whose was the time since the last one? */
static void measure(struct ssi_shadow *s, bool returned)
{
	u64 now = ktime_get_ns();

	s->spent[s->in_signal] += now - s->since;
	s->since = now;
	if (signal_pending(current)) {
		s->in_signal = true;
		s->signals++;
	} else if (returned) {
		s->in_signal = false;
	}
}

/*
 * A signal costs a thread that is away some messages: a timer can be faster, and
 * then the program itself never has a turn. At home it has.
 */
bool ssi_storm(struct ssi_shadow *s)
{
	bool storm;

	if (s->spent[false] + s->spent[true] < MEASURE_NS)
		return false;
	storm = s->signals >= STORM_SIGNALS &&
		s->spent[true] > 2 * s->spent[false];
	ssi_measure_begin(s);
	return storm;
}

/* ---- system calls ---- */

static bool is_restart(long ret)
{
	return ret == -ERESTARTSYS || ret == -ERESTARTNOHAND ||
	       ret == -ERESTARTNOINTR || ret == -ERESTART_RESTARTBLOCK;
}

static long execute(struct ssi_shadow *s, struct pt_regs *regs, int nr)
{
	const struct ssi_syscall *call;
	long ret;

	if (nr < 0 || nr >= __NR_syscalls)
		return -ENOSYS;
	nr = array_index_nospec(nr, __NR_syscalls);
	call = ssi_syscall(nr);
	trace_ssi_syscall(current->pid, s->place, nr, call->name ?: "?");
	switch (call->how) {
	case SSI_REFUSED:
		return -call->error;
	case SSI_EXIT:
		ssi_stay_end(s);
		break;
	case SSI_RSEQ:
		ssi_rseq_unpark(s);
		break;
	}
	ssi_fetch(s, regs);
	ret = sys_call_table[nr](regs);
	/* A new registration, or a new program, which has none yet. */
	if (call->how == SSI_EXEC && s->mm != current->mm)
		s->rseq = NULL;
	ssi_rseq_park(s);
	return ret;
}

/* As el0_svc_common() does it for a thread that is here. */
static void serve_syscall(struct ssi_shadow *s, struct pt_regs *regs)
{
	unsigned long work = read_thread_flags() & _TIF_SYSCALL_WORK;
	int nr = regs->syscallno;

	s->calls++;
	s->result = 0;
	/* A signal came first: it is as if just before the system call. */
	if (signal_pending(current)) {
		regs->regs[0] = -ERESTARTNOINTR;
		return;
	}
	if (work) {
		if (nr == NO_SYSCALL)
			regs->regs[0] = -ENOSYS;
		nr = syscall_trace_enter(regs);
		if (nr == NO_SYSCALL)
			goto out;
	}
	regs->regs[0] = execute(s, regs, nr);
	s->result = regs->regs[0];
out:
	work |= read_thread_flags() & _TIF_SYSCALL_WORK;
	if (work || test_thread_flag(TIF_SINGLESTEP))
		syscall_trace_exit(regs);
	/* do_signal() sees to restarts, also if no signal is there after all. */
	if (regs->syscallno != NO_SYSCALL && is_restart(regs->regs[0]))
		set_thread_flag(TIF_SIGPENDING);
}

/* The handler's frame has it; 0 if the exception was none that sets it. */
static void know_syndrome(u32 syndrome, u64 address)
{
	bool is_abort = ESR_ELx_EC(syndrome) == ESR_ELx_EC_DABT_LOW ||
			ESR_ELx_EC(syndrome) == ESR_ELx_EC_IABT_LOW;

	if (!syndrome)
		return;
	current->thread.fault_code = syndrome;
	current->thread.fault_address = is_abort ? untagged_addr(address) : 0;
}

/* Only what an exception of a processor can be: a peer forges no others. */
static void serve_signal(struct ssi_shadow *s)
{
	u64 value = le64_to_cpu(s->inbox.head.value);
	u64 address = le64_to_cpu(s->inbox.head.address);
	int signo = (u8)value, code = (u8)(value >> 8);

	s->faults++;
	know_syndrome(value >> 32, address);
	switch (signo) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGTRAP:
	case SIGFPE:
		if (code > 0 && code < 0x40)
			break;
		fallthrough;
	default:
		signo = SIGKILL;
	}
	if (signo == SIGKILL)
		force_sig(SIGKILL);
	else
		force_sig_fault(signo, code, (void __user *)address);
}

/*
 * The state is ASKED: the thread's registers become the body's, and what the
 * body asked for is done. On the way out signals are delivered and other work
 * is done; then the answer is sent.
 */
void ssi_serve(struct ssi_shadow *s, struct pt_regs *regs)
{
	bool returned = false;

	s->kicked = false;
	s->unread = false;
	if (ssi_context_in(&s->inbox, regs)) {
		pr_err("ssi: kernel %u sent impossible registers for %s[%d]\n",
		       s->place, current->comm, current->pid);
		force_sig(SIGKILL);
		return;
	}
	ssi_context_know(&s->inbox, &s->known);
	/* From here on the thread needs no body to go on. */
	if (!ssi_shadow_settle(s, SSI_EV_DO_SERVE))
		return;
	switch (s->inbox.head.type) {
	case SSI_SYSCALL:
		regs->syscallno = (s32)le64_to_cpu(s->inbox.regs.syscallno);
		returned = regs->syscallno == __NR_rt_sigreturn;
		serve_syscall(s, regs);
		break;
	case SSI_SIGNAL:
		serve_signal(s);
		break;
	case SSI_HERE:
		if (s->inbox.head.value)
			ssi_stay_calm(s);
		break;
	}
	measure(s, returned);
}
