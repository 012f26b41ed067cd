// SPDX-License-Identifier: GPL-2.0
/*
 * body.c - the process of an ISA that is not the home's: it has the bodies of
 * the threads that are on that ISA, and no files, no children, no signals of the
 * program. Everything of that kind it asks the threads' home for.
 */
#include "runtime.h"

enum {
	SIGILL = 4,
	SIGBUS = 7,
	SIGFPE = 8,
	KICK = TB_BODY_KICK,
	SIGSEGV = 11,
	MAPERR = 1
};
enum { MEMORY_FD = 3 };

extern char __tombolo_data_start[], __tombolo_data_end[];
extern const char __cp_begin[1], __cp_cancel[1];

/* The thread is in a request: a signal that waits will be told there. */
static _Thread_local volatile u32 busy;
static u32 mapping;

static int wait_to_run(void *thread)
{
	struct tb_thread *t = thread;
	u32 *go = &t->go[TB_ISA];

	while (!__atomic_load_n(go, __ATOMIC_SEQ_CST))
		tb_futex_wait(go, 0);
	__atomic_store_n(go, 0, __ATOMIC_SEQ_CST);
	busy = 0;
	tb_rewind();
}

static __attribute__((noreturn)) void park(u32 ask)
{
	busy = 1;
	tb_self->mail.depth = 0;
	tb_self->mail.ask = ask;
	tb_give_turn(&tb_self->mail, TB_HOME);
	tb_enter(tb_native_top(), (void *)wait_to_run, tb_self);
}

void tb_body_move(void)
{
	park(TB_MOVE);
}

void tb_body_end(void)
{
	park(TB_END);
}

static void post(struct tb_mail *m, u32 ask, const s64 *arg)
{
	u32 i;

	m->ask = ask;
	m->depth = (u32)tb_in_handler;
	for (i = 0; i < 8; i++)
		m->arg[i] = arg[i];
	tb_give_turn(m, TB_HOME);
}

static void run_handler(struct tb_mail *m, u64 pc)
{
	u32 at = m->at_cancel_point, was = busy;
	u64 mask = m->mask;
	u8 info[sizeof(m->info)];

	tb_copy(info, m->info, sizeof(info));
	if (at)
		pc = (u64)__cp_begin;
	busy = 0;
	tb_call_handler(m->handler, (int)m->sig, info, &mask, &pc);
	busy = was;
	m->mask = mask;
	m->cancelled = at && pc == (u64)__cp_cancel;
	m->handled = 1;
}

static long ask_once(u32 ask, const s64 *arg, u64 pc)
{
	struct tb_mail *m = &tb_self->mail;

	busy++;
	post(m, ask, arg);
	for (;;) {
		while (__atomic_load_n(&m->turn, __ATOMIC_SEQ_CST) != TB_BODY)
			tb_futex_wait(&m->turn, TB_HOME);
		if (m->order == TB_RETURN)
			break;
		run_handler(m, pc);
		post(m, ask, arg);
	}
	busy--;
	return m->ret;
}

static void answer_knocks(u64 pc)
{
	static const s64 nothing[8];

	while (!busy && __atomic_load_n(&tb_self->mail.knock, __ATOMIC_SEQ_CST))
		ask_once(TB_NOTHING, nothing, pc);
}

static long ask(u32 what, const s64 *arg)
{
	long ret = ask_once(what, arg, 0);

	answer_knocks(0);
	return ret;
}

long tb_ask_home(long n, long a, long b, long c, long d, long e, long f)
{
	s64 arg[8] = { n, a, b, c, d, e, f };

	return ask(TB_SYSCALL, arg);
}

long tb_ask_cancel_point(volatile int *cancel, long n, long a, long b, long c,
			 long d, long e, long f)
{
	s64 arg[8] = { n, a, b, c, d, e, f, (s64)cancel };

	return ask(TB_CANCEL_POINT, arg);
}

long tb_ask_clone(int (*fn)(void *), char *stack, int flags, void *arg, u64 *va)
{
	s64 args[8] = { (s64)fn,    (s64)stack, flags,	   (s64)arg,
			(s64)va[0], (s64)va[1], (s64)va[2] };

	return ask(TB_CLONE, args);
}

static void kicked(int sig, void *info, void *uc)
{
	(void)sig;
	(void)info;
	tb_rest();
	if (tb_self)
		answer_knocks(*(u64 *)((char *)uc + TB_UC_PC));
}

/* Memory that is the program's, or shared with others and open at home */
static long map_it(const struct tb_map *m)
{
	long how = TB_MAP_SHARED | TB_MAP_FIXED | TB_MAP_NORESERVE;
	char path[64], home[24], digits[24];
	long fd, p;

	if (m->kind != TB_SHARED)
		return sys(SYS_mmap, (long)m->start, (long)m->len,
			   (long)m->prot, how, MEMORY_FD, (long)m->start);
	tb_join(path, "/proc/", tb_decimal(home + sizeof(home), tb_state->home),
		"/fd/");
	tb_join(path, path, "",
		tb_decimal(digits + sizeof(digits), (u64)m->fd));
	fd = sys4(SYS_openat, -100, path, m->prot & 2 ? 2 : 0, 0);
	if (fd < 0)
		return fd;
	p = sys(SYS_mmap, (long)m->start, (long)m->len, (long)m->prot, how, fd,
		(long)m->offset);
	sys1(SYS_close, fd);
	return p;
}

/* While the lock is held the agent forgets nothing: what was read stays true. */
static int map_touched(u64 addr)
{
	struct tb_map m;
	long p = -1;
	u32 since;
	int known;

	for (;;) {
		since = tb_settled();
		tb_lock(&mapping);
		known = tb_peek_map(addr, &m);
		if (tb_is_settled(since))
			break;
		tb_unlock(&mapping);
	}
	if (known && m.prot)
		p = map_it(&m);
	tb_unlock(&mapping);
	return p >= 0;
}

static void faulted(int sig, void *info, void *uc)
{
	struct tb_mail *m = tb_self ? &tb_self->mail : NULL;
	s64 arg[8] = { 0 };
	u64 mask = *(u64 *)((char *)uc + TB_UC_MASK);

	if (sig == SIGSEGV && ((s32 *)info)[2] == MAPERR &&
	    map_touched(((u64 *)info)[2]))
		return;
	sys4(SYS_rt_sigprocmask, 2, &mask, 0, 8);
	if (!m)
		tb_die("a fault of the runtime", "");
	m->sig = (u32)sig;
	tb_copy(m->info, info, sizeof(m->info));
	ask_once(TB_FAULT, arg, *(u64 *)((char *)uc + TB_UC_PC));
	answer_knocks(*(u64 *)((char *)uc + TB_UC_PC));
}

static void map_here(u64 at, u64 len, long how)
{
	if (sys(SYS_mmap, (long)at, (long)len, TB_PROT_RW, TB_MAP_SHARED | how,
		MEMORY_FD, (long)at) != (long)at)
		tb_die("cannot map the program's memory on this ISA", "");
}

/* Waits for nobody: who asks may hold any lock of the home's. */
static long serve(struct tb_agent *a)
{
	struct tb_thread *t = (struct tb_thread *)a->arg[0];
	long tid;

	if (a->what == TB_FORGET) {
		tb_lock(&mapping);
		sys2(SYS_munmap, a->arg[0], a->arg[1]);
		tb_unlock(&mapping);
		return 0;
	}
	map_here((u64)t->native[TB_ISA], t->native_size[TB_ISA], TB_MAP_FIXED);
	tid = tb_own_thread(wait_to_run, t);
	if (tid > 0)
		t->body[TB_ISA] = (u32)tid;
	return tid;
}

static void catch_own(void)
{
	u64 none = 0;

	tb_catch(KICK, kicked, 0x40000000UL /* NODEFER */, 0);
	tb_catch(SIGSEGV, faulted, 0, ~0UL);
	tb_catch(SIGBUS, faulted, 0, ~0UL);
	tb_catch(SIGFPE, faulted, 0, ~0UL);
	tb_catch(SIGILL, faulted, 0, ~0UL);
	sys4(SYS_rt_sigprocmask, 2, &none, 0, 8);
}

void tb_body(void)
{
	struct tb_agent *a = &tb_state->agent[TB_ISA];
	long tid;

	map_here(TB_STATE_AT,
		 (sizeof(struct tb_world) + TB_PAGE - 1) & -TB_PAGE,
		 TB_MAP_FIXED_NOREPLACE);
	if (tb_state->magic != TB_MAGIC || tb_state->build != tb_build())
		tb_die("this is another program", "");
	map_here((u64)__tombolo_data_start,
		 (u64)(__tombolo_data_end - __tombolo_data_start),
		 TB_MAP_FIXED);
	tb_is_body = 1;
	catch_own();
	tid = tb_own_thread(tb_watch, NULL);
	if (tid < 0)
		tb_die("no thread to watch the home", "");
	a->watcher = (u32)tid;
	__atomic_store_n(&a->pid, sys0(SYS_getpid), __ATOMIC_SEQ_CST);
	for (;;) {
		__atomic_store_n(&a->turn, TB_HOME, __ATOMIC_SEQ_CST);
		tb_futex_wake(&a->turn);
		while (__atomic_load_n(&a->turn, __ATOMIC_SEQ_CST) != TB_BODY)
			tb_futex_wait(&a->turn, TB_HOME);
		a->arg[1] = (u64)serve(a);
	}
}
