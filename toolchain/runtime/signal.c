// SPDX-License-Identifier: GPL-2.0
// signal.c - handlers of the program run inside of one of ours: the kernel's
// context becomes the generic one, and nothing migrates while a handler runs.
#include "runtime.h"

enum {
	REQUEST = 23, /* SIGURG, which a program ignores by default */
	KICK = 33, /* musl's own, to cancel a thread; queued, it is a kick */
	QUEUED = -1
};
#define SA_RESTORER_FLAG 0x04000000UL
#define SA_RESTART_FLAG	 0x10000000UL
#define SA_SIGINFO_FLAG	 4UL

/* Between the interrupted frame's data and the handler's */
#define SLACK 1024

struct native_sigaction {
	void *handler;
	u64 flags;
#if !defined(__riscv)
	void *restorer;
#endif
	u64 mask;
#if defined(__riscv)
	u64 mask_for_qemu; /* 7.2 reads it there, as if there was a restorer */
#endif
};

struct generic_context {
	u64 flags;
	void *link;
	u64 stack[3];
	u64 mask[16];
	u64 pc, sp;
};

_Thread_local int tb_in_handler;

void tb_sigreturn(void);

static u64 *field(void *uc, u64 offset)
{
	return (u64 *)((char *)uc + offset);
}

/*
 * A handler of the program; it may change the mask and the place to return to.
 * In a body it may come while frames are restored: it is not one of them.
 */
void tb_call_handler(u64 function, int sig, void *info, u64 *mask, u64 *pc)
{
	struct generic_context *ctx;
	char *dsp = __tombolo_dsp;
	void *resuming = __tombolo_resuming;

	__tombolo_resuming = NULL;
	ctx = (void *)(((u64)dsp - SLACK - sizeof(*ctx)) & -16UL);
	tb_zero(ctx, sizeof(*ctx));
	ctx->mask[0] = *mask;
	ctx->pc = *pc;
	ctx->sp = (u64)dsp;
	__tombolo_dsp = (char *)ctx;
	tb_in_handler++;
	((void (*)(int, void *, void *))function)(sig, info, ctx);
	tb_in_handler--;
	__tombolo_dsp = dsp;
	__tombolo_resuming = resuming;
	*mask = ctx->mask[0];
	*pc = ctx->pc;
}

static void handler(int sig, void *info, void *uc)
{
	struct tb_sigaction *act = &tb_state->sig[sig];
	u64 function = act->handler;

	if (sig == KICK && ((s32 *)info)[2] == QUEUED) {
		tb_take_out(field(uc, TB_UC_PC));
		return;
	}
	if (function <= 1) {
		if (sig == REQUEST)
			tb_policy_ask_all();
		tb_take_out(field(uc, TB_UC_PC));
		return;
	}
	tb_handled++;
	if (act->flags & 0x80000000UL) /* SA_RESETHAND: the kernel did */
		act->handler = 0;
	(tb_state->shared && tb_is_shadow() ?
		 tb_shadow_signal :
		 tb_call_handler)(function, sig, info, field(uc, TB_UC_MASK),
				  field(uc, TB_UC_PC));
}

/* A handler that the kernel calls */
long tb_catch(long sig, void *function, u64 flags, u64 mask)
{
	struct native_sigaction own;

	tb_zero(&own, sizeof(own));
	own.handler = function;
	own.flags = flags | SA_SIGINFO_FLAG;
#if !defined(__riscv)
	own.flags |= SA_RESTORER_FLAG;
	own.restorer = (void *)tb_sigreturn;
#endif
	own.mask = mask;
#if defined(__riscv)
	own.mask_for_qemu = mask;
#endif
	return sys4(SYS_rt_sigaction, sig, &own, 0, 8);
}

static long install(long sig, const struct tb_sigaction *act)
{
	return tb_catch(
		sig, act->handler > 1 ? (void *)handler : (void *)act->handler,
		act->flags, act->mask);
}

long tb_sigaction(long sig, const struct tb_sigaction *act,
		  struct tb_sigaction *old, u64 size)
{
	struct tb_sigaction was;
	long ret = 0;

	if (sig < 1 || sig >= TB_SIGNALS || size != 8)
		return -TB_EINVAL;
	was = tb_state->sig[sig];
	if (act && tb_borrowed) { /* the list is the parent's */
		ret = install(sig, act);
	} else if (act) {
		tb_state->sig[sig] = *act;
		ret = install(sig, act);
		if (ret)
			tb_state->sig[sig] = was;
		else if (sig == REQUEST || sig == KICK)
			tb_catch_own();
	}
	if (!ret && old)
		*old = was;
	return ret;
}

/* Handlers of our own: for the signal that asks to migrate, and for kicks. */
void tb_catch_own(void)
{
	struct tb_sigaction ours = { (u64)handler, SA_RESTART_FLAG, 0, 0 };

	if (tb_state->policy == TB_SIGNAL &&
	    tb_state->sig[REQUEST].handler <= 1)
		install(REQUEST, &ours);
	if (tb_state->sig[KICK].handler <= 1)
		install(KICK, &ours);
}

/* What was inherited at the start, or is to be so again on another ISA. */
void tb_signals_again(void)
{
	long sig;

	for (sig = 1; sig < TB_SIGNALS; sig++)
		if (tb_state->sig[sig].handler > 1)
			install(sig, &tb_state->sig[sig]);
	tb_catch_own();
}
