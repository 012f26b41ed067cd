// SPDX-License-Identifier: GPL-2.0
// signal.c - handlers of the program run inside of one of ours: the kernel's
// context becomes the generic one, and nothing migrates while a handler runs.
#include "runtime.h"

enum { REQUEST = 23 /* SIGURG, which a program ignores by default */ };
#define SA_RESTORER_FLAG 0x04000000UL
#define SA_RESTART_FLAG	 0x10000000UL
#define SA_SIGINFO_FLAG	 4UL
#define SA_ONSTACK_FLAG	 0x08000000UL

/* Between the interrupted frame's data and the handler's */
#define SLACK 1024

struct native_sigaction {
	void *handler;
	u64 flags;
#if !defined(__riscv)
	void *restorer;
#endif
	u64 mask;
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

static void call(struct tb_sigaction *act, int sig, void *info, void *uc)
{
	struct generic_context ctx;
	char *dsp = __tombolo_dsp;

	tb_zero(&ctx, sizeof(ctx));
	ctx.mask[0] = *field(uc, TB_UC_MASK);
	ctx.pc = *field(uc, TB_UC_PC);
	ctx.sp = *field(uc, TB_UC_SP);
	__tombolo_dsp = (char *)(((u64)dsp - SLACK) & -16UL);
	tb_in_handler++;
	((void (*)(int, void *, void *))act->handler)(sig, info, &ctx);
	tb_in_handler--;
	__tombolo_dsp = dsp;
	*field(uc, TB_UC_MASK) = ctx.mask[0];
	*field(uc, TB_UC_PC) = ctx.pc;
}

static void handler(int sig, void *info, void *uc)
{
	struct tb_sigaction *act = &tb_state->sig[sig];
	struct tb_sigaction once = *act;

	if (act->handler <= 1) {
		if (sig == REQUEST) {
			tb_state->points = 1;
			__tombolo_flag = 1;
		}
		return;
	}
	if (act->flags & 0x80000000UL) /* SA_RESETHAND: the kernel did */
		act->handler = 0;
	call(&once, sig, info, uc);
}

static long install(long sig, const struct tb_sigaction *act)
{
	struct native_sigaction own;

	tb_zero(&own, sizeof(own));
	own.handler = (void *)act->handler;
	if (act->handler > 1)
		own.handler = (void *)handler;
	own.flags = act->flags | SA_SIGINFO_FLAG;
#if !defined(__riscv)
	own.flags |= SA_RESTORER_FLAG;
	own.restorer = (void *)tb_sigreturn;
#endif
	own.mask = act->mask;
	return sys4(SYS_rt_sigaction, sig, &own, 0, 8);
}

long tb_sigaction(long sig, const struct tb_sigaction *act,
		  struct tb_sigaction *old, u64 size)
{
	struct tb_sigaction was;
	long ret = 0;

	if (sig < 1 || sig >= TB_SIGNALS || size != 8)
		return -TB_EINVAL;
	was = tb_state->sig[sig];
	if (act) {
		tb_state->sig[sig] = *act;
		ret = install(sig, act);
		if (ret)
			tb_state->sig[sig] = was;
		else if (sig == REQUEST && act->handler <= 1)
			tb_catch_request();
	}
	if (!ret && old)
		*old = was;
	return ret;
}

/* A handler of our own for the signal that asks to migrate. */
void tb_catch_request(void)
{
	struct tb_sigaction ours = { (u64)handler, SA_RESTART_FLAG, 0, 0 };

	if (tb_state->policy == TB_SIGNAL)
		install(REQUEST, &ours);
}

/* What was inherited at the start, or is to be so again on another ISA. */
void tb_signals_again(void)
{
	long sig;

	for (sig = 1; sig < TB_SIGNALS; sig++)
		if (tb_state->sig[sig].handler > 1)
			install(sig, &tb_state->sig[sig]);
	if (tb_state->sig[REQUEST].handler <= 1)
		tb_catch_request();
}
