// SPDX-License-Identifier: GPL-2.0
/* The registers of the current thread, out of its frame into a message and back. */
#include <linux/elf.h>
#include <linux/ptrace.h>
#include <linux/regset.h>
#include <linux/sched/cputime.h>
#include <linux/sched/task_stack.h>

#include <asm/neon.h>
#include <asm/syscall.h>

#include "ssi.h"

static const struct user_regset *gpr_set, *fp_set;

/* The kernel's own view for debuggers: it checks what is put in, PSTATE above all. */
const struct user_regset *ssi_regset(unsigned int note)
{
	const struct user_regset_view *view = task_user_regset_view(current);
	unsigned int i;

	for (i = 0; i < view->n; i++)
		if (view->regsets[i].core_note_type == note)
			return &view->regsets[i];
	return NULL;
}

int ssi_context_init(void)
{
	gpr_set = ssi_regset(NT_PRSTATUS);
	fp_set = ssi_regset(NT_PRFPREG);
	return gpr_set && fp_set ? ssi_cpu_init() : -ENODEV;
}

static int get_fp(struct ssi_wire_fp *fp)
{
	struct user_fpsimd_state state;
	struct membuf to = { .p = &state, .left = sizeof(state) };
	int ret = fp_set->regset_get(current, fp_set, to);

	if (ret < 0)
		return ret;
	memcpy(fp->v, state.vregs, sizeof(fp->v));
	fp->fpsr = cpu_to_le32(state.fpsr);
	fp->fpcr = cpu_to_le32(state.fpcr);
	return 0;
}

static int set_fp(const struct ssi_wire_fp *fp)
{
	struct user_fpsimd_state state = {};

	/* What is in memory counts from here on, whatever interrupts this. */
	kernel_neon_begin();
	kernel_neon_end();
	memcpy(state.vregs, fp->v, sizeof(fp->v));
	state.fpsr = le32_to_cpu(fp->fpsr);
	state.fpcr = le32_to_cpu(fp->fpcr);
	return fp_set->set(current, fp_set, 0, sizeof(state), &state, NULL);
}

/*
 * In head.flags is what is asked for: SSI_HAS_REGS, SSI_HAS_FP, SSI_HAS_CPU if
 * there is such; vectors come with SSI_HAS_FP if they are in use.
 */
int ssi_context_out(struct ssi_msg *msg, const struct pt_regs *regs)
{
	struct ssi_wire_regs *w = &msg->regs;
	u32 flags = le32_to_cpu(msg->head.flags);
	int i, ret = 0;

	if (flags & SSI_HAS_REGS) {
		for (i = 0; i < 31; i++)
			w->x[i] = cpu_to_le64(regs->regs[i]);
		w->sp = cpu_to_le64(regs->sp);
		w->pc = cpu_to_le64(regs->pc);
		w->pstate = cpu_to_le64(regs->pstate);
		w->orig_x0 = cpu_to_le64(regs->orig_x0);
		w->syscallno = cpu_to_le64((u32)regs->syscallno);
		w->tls = cpu_to_le64(read_sysreg(tpidr_el0));
	}
	if (flags & SSI_HAS_FP)
		ret = get_fp(&msg->fp);
	if (!ret && flags & SSI_HAS_FP && ssi_vectors_get(msg))
		flags |= SSI_HAS_SVE;
	if (!ret && flags & SSI_HAS_CPU)
		ret = ssi_cpu_get(&msg->cpu);
	if (ret == -ENODATA) {
		flags &= ~SSI_HAS_CPU;
		ret = 0;
	}
	msg->head.flags = cpu_to_le32(flags);
	return ret;
}

/*
 * Most requests and answers find floating point as it was: then it is not sent.
 * @known is what was last sent or received, the same on both sides. Vectors that
 * are in use are always sent, and once more without them when they no longer are.
 */
void ssi_context_spare(struct ssi_msg *msg, struct ssi_known *known)
{
	u32 flags = le32_to_cpu(msg->head.flags);

	if (flags & SSI_HAS_CPU &&
	    !memcmp(&known->cpu, &msg->cpu, sizeof(known->cpu)))
		flags &= ~SSI_HAS_CPU;
	/* With another length of vectors all of them is set anew. */
	if (!(flags & (SSI_HAS_CPU | SSI_HAS_SVE)) && !known->vectors &&
	    !memcmp(&known->fp, &msg->fp, sizeof(known->fp)))
		flags &= ~SSI_HAS_FP;
	msg->head.flags = cpu_to_le32(flags);
	ssi_context_know(msg, known);
}

void ssi_context_know(const struct ssi_msg *msg, struct ssi_known *known)
{
	u32 flags = le32_to_cpu(msg->head.flags);

	if (flags & SSI_HAS_CPU)
		known->cpu = msg->cpu;
	if (flags & SSI_HAS_FP) {
		known->fp = msg->fp;
		known->vectors = flags & SSI_HAS_SVE;
	}
}

static void set_tls(u64 tls)
{
	/* The register is the truth while the thread is on a core. */
	preempt_disable();
	current->thread.uw.tp_value = tls;
	write_sysreg(tls, tpidr_el0);
	preempt_enable();
}

/* -EINVAL if the registers are none that a thread can have. */
int ssi_context_in(const struct ssi_msg *msg, struct pt_regs *regs)
{
	const struct ssi_wire_regs *w = &msg->regs;
	u32 flags = le32_to_cpu(msg->head.flags);
	struct user_pt_regs user;
	int i, ret = 0;

	if (flags & SSI_HAS_REGS) {
		for (i = 0; i < 31; i++)
			user.regs[i] = le64_to_cpu(w->x[i]);
		user.sp = le64_to_cpu(w->sp);
		user.pc = le64_to_cpu(w->pc);
		user.pstate = le64_to_cpu(w->pstate);
		/* current's frame is the one it came in by */
		ret = gpr_set->set(current, gpr_set, 0, sizeof(user), &user,
				   NULL);
		if (ret)
			return ret;
		regs->orig_x0 = le64_to_cpu(w->orig_x0);
		regs->syscallno = NO_SYSCALL;
		set_tls(le64_to_cpu(w->tls));
	}
	if (flags & SSI_HAS_CPU)
		ret = ssi_cpu_set(&msg->cpu);
	if (!ret && flags & SSI_HAS_FP)
		ret = set_fp(&msg->fp) ?: ssi_vectors_set(msg);
	return ret;
}

u64 ssi_time_of(struct task_struct *task)
{
	return READ_ONCE(task->se.sum_exec_runtime);
}
