// SPDX-License-Identifier: GPL-2.0
/*
 * launch.c - the home starts a process for each other ISA, and asks its first
 * thread for what concerns the whole process. It is nobody's child: the program
 * waits for its own children only.
 */
#include "runtime.h"

enum { SIGCHLD = 17, PATIENCE = 200 };

static u32 locked;

static void close_from(int fd)
{
	if (sys3(SYS_close_range, fd, ~0U, 0) >= 0)
		return;
	for (; fd < 4096; fd++)
		sys1(SYS_close, fd);
}

/* In the child's child: what it needs, and nothing else, stays open. */
static void become(u32 isa, s32 memory, s32 life)
{
	long null;

	sys0(SYS_setsid);
	sys3(SYS_dup3, life, 0, 0);
	null = sys4(SYS_openat, -100, "/dev/null", 2, 0);
	sys3(SYS_dup3, null, 1, 0);
	if (!tb_state->verbose)
		sys3(SYS_dup3, null, 2, 0);
	sys3(SYS_dup3, memory, 3, 0);
	close_from(4);
	tb_execute(isa, "TOMBOLO_BODY", 3);
	for (;;)
		sys1(SYS_exit_group, 127);
}

static int launch(u32 isa, s32 life)
{
	struct tb_agent *a = &tb_state->agent[isa];
	s64 tenth[2] = { 0, 100000000 };
	s32 memory = tb_state->file;
	int status, tries;
	long pid;

	tb_zero(a, sizeof(*a));
	pid = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
	if (!pid) {
		if (!sys(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0))
			become(isa, memory, life);
		for (;;)
			sys1(SYS_exit_group, 0);
	}
	if (pid < 0)
		return 0;
	while (sys4(SYS_wait4, pid, &status, 0, 0) == -TB_EINTR)
		;
	for (tries = 0; tries < PATIENCE; tries++) {
		if (__atomic_load_n(&a->turn, __ATOMIC_SEQ_CST) == TB_HOME)
			return 1;
		sys4(SYS_futex, &a->turn, 0, TB_BODY, tenth);
	}
	return 0;
}

/* The end of the child in between is not the program's business. */
static void forget_child(u64 before)
{
	u64 child = 1UL << (SIGCHLD - 1), now = 0;
	s64 none[2] = { 0, 0 };

	sys2(SYS_rt_sigpending, &now, 8);
	if (now & child && !(before & child))
		sys4(SYS_rt_sigtimedwait, &child, 0, none, 8);
}

void tb_launch_all(void)
{
	struct tb_world *s = tb_state;
	u64 all = ~0UL, mask, pending = 0;
	s32 ends[2];
	u32 i, isa;

	s->life = -1;
	tb_zero(s->agent, sizeof(s->agent));
	if (sys2(SYS_pipe2, ends, 02000000))
		return;
	ends[0] = tb_high(ends[0], TB_DUPFD_CLOEXEC);
	s->life = tb_high(ends[1], TB_DUPFD_CLOEXEC);
	sys4(SYS_rt_sigprocmask, 2, &all, &mask, 8);
	sys2(SYS_rt_sigpending, &pending, 8);
	for (i = 0; i < s->isas; i++) {
		isa = s->order[i];
		if (isa != TB_ISA && !s->agent[isa].pid &&
		    !launch(isa, ends[0]))
			tb_say("no process for ", tb_isa_name(isa), NULL);
	}
	forget_child(pending);
	sys4(SYS_rt_sigprocmask, 2, &mask, 0, 8);
	sys1(SYS_close, ends[0]);
}

/* A process that has ended is not always gone, but its other threads are. */
void tb_check_agent(u32 isa)
{
	struct tb_agent *agent = &tb_state->agent[isa];

	if (agent->pid && sys3(SYS_tgkill, agent->pid, agent->watcher, 0))
		tb_die("the process of this program's threads has ended: ",
		       tb_isa_name(isa));
}

/* Waits until it is done. */
long tb_ask_agent(u32 isa, u32 what, u64 a, u64 b)
{
	struct tb_agent *agent = &tb_state->agent[isa];
	long ret;

	if (!agent->pid)
		return -1;
	tb_lock(&locked);
	agent->what = what;
	agent->arg[0] = a;
	agent->arg[1] = b;
	__atomic_store_n(&agent->turn, TB_BODY, __ATOMIC_SEQ_CST);
	tb_futex_wake(&agent->turn);
	while (__atomic_load_n(&agent->turn, __ATOMIC_SEQ_CST) != TB_HOME) {
		tb_futex_wait(&agent->turn, TB_BODY);
		tb_check_agent(isa);
	}
	ret = (long)agent->arg[1];
	tb_unlock(&locked);
	return ret;
}

/* Room for the thread in the process of that ISA; it stays there. */
int tb_start_body(struct tb_thread *t, u32 isa)
{
	u64 size = t->native_size[TB_ISA];

	if (t->body[isa])
		return t->native_size[isa] >= size;
	if (!tb_state->agent[isa].pid)
		return 0;
	return tb_has_stack(t, isa, size) &&
	       tb_ask_agent(isa, TB_START, (u64)t, 0) > 0;
}
