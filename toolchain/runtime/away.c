// SPDX-License-Identifier: GPL-2.0
/*
 * away.c - the home's half of a thread that runs in another ISA's process: it
 * makes the system calls that its body asks for, in the process that the kernel
 * and everybody else take for the program, and hands signals on. User pointers
 * mean the same to both.
 */
#include "runtime.h"

enum { KICK = TB_BODY_KICK, SIG_SETMASK = 2 };

extern const char __cp_begin[1], __cp_end[1], __cp_cancel[1];

/* At home: the thread is the home's half of one that is away. */
static _Thread_local int is_shadow;
/* Signals that it is handing on, one within the other */
static _Thread_local u32 nested;
/* What the kernel said of the fault that it raises now, for its handler */
static _Thread_local void *fault_info;
static _Thread_local int fault_sig;

int tb_is_shadow(void)
{
	return is_shadow;
}

void tb_give_turn(struct tb_mail *m, u32 turn)
{
	__atomic_store_n(&m->turn, turn, __ATOMIC_SEQ_CST);
	tb_futex_wake(&m->turn);
}

/* The body's process may have been killed. */
static void wait_for_turn(struct tb_thread *t)
{
	u32 *turn = &t->mail.turn;
	int looks = 0;

	while (__atomic_load_n(turn, __ATOMIC_SEQ_CST) != TB_HOME) {
		tb_futex_wait(turn, TB_BODY);
		if (++looks % 4 == 0)
			tb_check_agent(t->where);
	}
}

static void answer(struct tb_mail *m, long ret)
{
	m->order = TB_RETURN;
	m->ret = ret;
	tb_give_turn(m, TB_BODY);
}

/*
 * A fault of the body's, as if it had been this thread's: its handler, or death.
 * Not queued with what is known of it: an emulator would take it for its own.
 */
static long raise_fault(struct tb_thread *t)
{
	struct tb_mail *m = &t->mail;
	u64 own = 1UL << (m->sig - 1), mask, none[4] = { 0 };
	u8 info[sizeof(m->info)];
	long sig = m->sig;

	tb_copy(info, m->info, sizeof(info));
	fault_info = info;
	fault_sig = (int)sig;

	sys4(SYS_rt_sigprocmask, 0, 0, &mask, 8);
	if (mask & own || tb_state->sig[sig].handler <= 1)
		sys4(SYS_rt_sigaction, sig, none, 0, 8);
	sys4(SYS_rt_sigprocmask, 1, &own, 0, 8);
	return sys3(SYS_tgkill, tb_state->home, sys0(SYS_gettid), sig);
}

/* Of a signal that has come: what the kernel said, here or in the body */
static void *info_of(int sig, void *info)
{
	if (sig != fault_sig)
		return info;
	fault_sig = 0;
	return fault_info;
}

/* The word is looked at here: a signal since the body's last look is not lost. */
static long cancel_point(const s64 *a)
{
	return __syscall_cp_asm((volatile int *)a[7], a[0], a[1], a[2], a[3],
				a[4], a[5], a[6]);
}

static long clone(const s64 *a)
{
	u64 va[3] = { (u64)a[4], (u64)a[5], (u64)a[6] };

	return __clone((int (*)(void *))a[0], (char *)a[1], (int)a[2],
		       (void *)a[3], va);
}

static void come_home(struct tb_thread *t)
{
	is_shadow = 0;
	tb_special();
	if (t->where == TB_ISA)
		tb_rewind();
	tb_send_away(t->where);
	tb_rewind();
}

static void serve(struct tb_thread *t)
{
	struct tb_mail *m = &t->mail;
	s64 *a = m->arg;

	switch (m->ask) {
	case TB_NOTHING:
		answer(m, 0);
		break;
	case TB_SYSCALL:
		answer(m, __tombolo_syscall(a[0], a[1], a[2], a[3], a[4], a[5],
					    a[6]));
		break;
	case TB_CANCEL_POINT:
		answer(m, cancel_point(a));
		break;
	case TB_CLONE:
		answer(m, clone(a));
		break;
	case TB_FAULT:
		answer(m, raise_fault(t));
		break;
	case TB_MOVE:
		come_home(t);
	case TB_END:
		tb_thread_end(0);
	}
}

static int serve_for_ever(void *thread)
{
	struct tb_thread *t = thread;

	nested = 0;
	for (;;) {
		wait_for_turn(t);
		t->mail.handled = 0;
		serve(t);
	}
}

/* Until the body's handler has returned, or was left by a longjmp() */
static void serve_handler(struct tb_thread *t)
{
	for (;;) {
		wait_for_turn(t);
		if (t->mail.handled) {
			t->mail.handled = 0;
			return;
		}
		if (!t->mail.depth)
			tb_enter(tb_native_top(), (void *)serve_for_ever, t);
		serve(t);
	}
}

/* All frames of the thread are records; it becomes the home's half. */
void tb_send_away(u32 isa)
{
	struct tb_thread *t = tb_self;

	t->where = isa;
	if (tb_is_body)
		tb_body_move();
	if (!tb_start_body(t, isa)) {
		tb_say("cannot go to ", tb_isa_name(isa), ": going on here",
		       NULL);
		return;
	}
	is_shadow = 1;
	t->mail.knock = 0;
	t->mail.turn = TB_BODY;
	__atomic_store_n(&t->go[isa], 1, __ATOMIC_SEQ_CST);
	tb_futex_wake(&t->go[isa]);
	tb_enter(tb_native_top(), (void *)serve_for_ever, t);
}

static void hand_on(struct tb_mail *m, u64 handler, int sig, const void *info,
		    u64 mask, int at_cancel_point)
{
	m->sig = (u32)sig;
	m->handler = handler;
	m->mask = mask;
	m->at_cancel_point = (u32)at_cancel_point;
	m->cancelled = 0;
	tb_copy(m->info, info, sizeof(m->info));
	m->order = TB_HANDLE;
}

/*
 * A signal for a thread that is away. Its body runs the handler, as a part of
 * the system call it waits for, or stopped in between by a kick.
 */
void tb_shadow_signal(u64 handler, int sig, void *info, u64 *mask, u64 *pc)
{
	struct tb_thread *t = tb_self;
	struct tb_mail *m = &t->mail;
	int at = *pc >= (u64)__cp_begin && *pc < (u64)__cp_end;
	u32 order;
	s64 ret;
	u64 all = ~0UL, now;

	info = info_of(sig, info);
	__atomic_store_n(&m->knock, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&m->turn, __ATOMIC_SEQ_CST) == TB_BODY)
		sys3(SYS_tgkill, tb_state->agent[t->where].pid,
		     t->body[t->where], KICK);
	wait_for_turn(t);
	sys4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &now, 8);
	m->knock = 0;
	order = m->order;
	ret = m->ret;
	hand_on(m, handler, sig, info, *mask, at);
	nested++;
	tb_give_turn(m, TB_BODY);
	sys4(SYS_rt_sigprocmask, SIG_SETMASK, &now, 0, 8);
	serve_handler(t);
	nested--;
	*mask = m->mask;
	if (m->cancelled)
		*pc = (u64)__cp_cancel;
	m->order = order;
	m->ret = ret;
}
