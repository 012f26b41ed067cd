// SPDX-License-Identifier: GPL-2.0
/*
 * cancel.c - system calls that may wait for long: a thread is taken out of them
 * when it is cancelled, or kicked because it is asked to move or to stop. Not a
 * moment is missed: what the handler of the signal finds at the call, or before
 * it, does not enter the kernel.
 */
#include "runtime.h"

/* The signal that musl keeps to cancel threads; queued, it is a kick. */
enum { KICK = 33, QUEUED = -1 }; /* as signal.c has them */

extern const char __cp_begin[1], __cp_end[1], __cp_move[1];

long __cancel(void) __attribute__((weak));

_Thread_local u32 tb_handled;

/* What a kick interrupts is made again; what a handler did is the program's. */
static long wait_call(volatile int *cancel, long n, long a, long b, long c,
		      long d, long e, long f)
{
	struct tb_thread *t = tb_self;
	u32 before = tb_handled, was = t->waits;
	long ret;

	/* ORDER: pairs with the one of tb_kick(): it sees this, or we its kick */
	__atomic_store_n(&t->waits, 1, __ATOMIC_SEQ_CST);
	ret = sys_cp(cancel, n, a, b, c, d, e, f);
	t->waits = was;
	if (ret == -TB_EINTR && t->kick && tb_handled == before)
		return TB_MOVED;
	return ret;
}

long __syscall_cp_asm(volatile int *cancel, long n, long a, long b, long c,
		      long d, long e, long f)
{
	long ret;

	if (n == SYS_close)
		return __tombolo_syscall(n, a, b, c, d, e, f);
	if (tb_is_body) {
		ret = tb_ask_cancel_point(cancel, n, a, b, c, d, e, f);
		return ret == TB_CANCELLED ? __cancel() : ret;
	}
	return wait_call(cancel, n, a, b, c, d, e, f);
}

/* Where a cancelled system call ends: at home there is nobody to cancel. */
long tb_cancelled(void)
{
	if (tb_state->shared && tb_is_shadow())
		return TB_CANCELLED;
	return __cancel ? __cancel() : -4;
}

/* A handler's look at what it interrupted */
void tb_take_out(u64 *pc)
{
	if (tb_self && tb_self->kick && *pc >= (u64)__cp_begin &&
	    *pc < (u64)__cp_end)
		*pc = (u64)__cp_move;
}

/* Out of the call that it may wait in, now or next. By any process. */
void tb_kick(struct tb_thread *t)
{
	s32 info[32] = { KICK, 0, QUEUED };

	__atomic_store_n(&t->kick, 1, __ATOMIC_SEQ_CST);
	if (t == tb_self || !__atomic_load_n(&t->waits, __ATOMIC_SEQ_CST))
		return;
	if (tb_is_body)
		tb_ask_home(SYS_rt_tgsigqueueinfo, tb_state->home, t->number,
			    KICK, (long)info, 0, 0);
	else
		sys4(SYS_rt_tgsigqueueinfo, sys0(SYS_getpid), t->kernel, KICK,
		     info);
}
