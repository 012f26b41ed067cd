// SPDX-License-Identifier: GPL-2.0
/*
 * watch.c - what the home does not ask for: its other processes end when it ends,
 * and rest while it is stopped, by ^Z, SIGSTOP or a debugger.
 */
#include "runtime.h"

enum { TENTH = 100000000 /* ns */ };

/* A futex: the threads that are here are to rest. */
static u32 resting;

/* The kernel's word for it: T, stopped, or t, by a debugger */
static int is_stopped(const struct tb_thread *t)
{
	char home[24], thread[24], path[80], text[260];
	long fd, n;

	tb_join(path, "/proc/", tb_decimal(home + sizeof(home), tb_state->home),
		"/task/");
	tb_join(path, path, tb_decimal(thread + sizeof(thread), t->kernel),
		"/stat");
	fd = sys4(SYS_openat, -100, path, 0, 0);
	if (fd < 0)
		return 0;
	n = sys3(SYS_read, fd, text, 256);
	sys1(SYS_close, fd);
	while (n > 0 && text[n - 1] != ')')
		n--;
	return n > 0 && (text[n + 1] == 'T' || text[n + 1] == 't');
}

/* A thread of the program that is here; the next one behind *i */
static struct tb_thread *next_here(u32 *i)
{
	struct tb_thread *t;

	while (*i < tb_state->slots) {
		t = &tb_state->thread[(*i)++];
		if (t->used == TB_USED && t->where == TB_ISA && t->body[TB_ISA])
			return t;
	}
	return NULL;
}

/* Who comes later is sent by the home, which does nothing while it is stopped. */
static void follow(void)
{
	u32 i = 0, stopped;
	struct tb_thread *t = next_here(&i);

	stopped = t && is_stopped(t);
	if (stopped == resting)
		return;
	__atomic_store_n(&resting, stopped, __ATOMIC_SEQ_CST);
	if (!stopped)
		tb_futex_wake(&resting);
	for (; stopped && t; t = next_here(&i))
		sys3(SYS_tgkill, sys0(SYS_getpid), t->body[TB_ISA],
		     TB_BODY_KICK);
}

/*
 * A thread of its own. The home's end of the pipe closes at exit and at exec. That
 * it is stopped is told to nobody: one has to look.
 */
int tb_watch(void *unused)
{
	enum { READABLE = 1 };
	struct {
		s32 fd;
		short events, came;
	} pipe = { 0, READABLE, 0 };
	s64 tenth[2];

	(void)unused;
	for (;;) {
		tenth[0] = 0;
		tenth[1] = TENTH;
		if (sys(SYS_ppoll, (long)&pipe, 1, (long)tenth, 0, 8, 0) > 0)
			sys1(SYS_exit_group, 0);
		follow();
	}
}

/* Of a thread that was kicked */
void tb_rest(void)
{
	while (__atomic_load_n(&resting, __ATOMIC_SEQ_CST))
		tb_futex_wait(&resting, 1);
}
