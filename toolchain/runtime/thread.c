// SPDX-License-Identifier: GPL-2.0
// thread.c - threads: musl's stack is the new thread's data stack; the native
// one, with the native thread area at its top, is made here. And setjmp's words
// that are not registers.
#include "runtime.h"

enum {
	CLONE_VM = 0x100,
	CLONE_VFORK = 0x4000,
	CLONE_SETTLS = 0x80000,
	/* What musl gives; emulators want exactly these */
	THREAD_FLAGS = 0xd0f00,
	PROGRAM_THREAD_FLAGS = 0x7d0f00, /* its number told, its end too */
	/* jmp_buf beyond the registers of any ISA */
	JUMP_DSP = 26,
	JUMP_OWNER,
	JUMP_STAMP,
	JUMP_HANDLERS
};

#define NATIVE_STACK	 (1UL << 20)
#define MAX_NATIVE_STACK (64UL << 20)
#define STAMP		 0x706d754a00000000UL

/* At the top of a native stack, below the thread area: what runs on it */
struct start {
	int (*fn)(void *);
	void *arg;
	char *dsp;
	void *tp;
	struct tb_thread *self;
	u32 *number;
	int borrowed;
};

_Thread_local struct tb_thread *tb_self;
/* In a child that borrows its parent's memory */
_Thread_local int tb_borrowed;

long tb_clone(u64 flags, void *stack, void *ptid, void *tls, void *ctid);
void tb_free_exit(u32 *used) __attribute__((noreturn));
int tb_setjmp_tail(u64 *buf, u64 *owner);

static char *top_of(char *base, u64 size)
{
	return base + size - TB_AREA - 256;
}

/* Where the thread's native stack begins anew */
void *tb_native_top(void)
{
	char *base = tb_self->native[TB_ISA];

	return base ? top_of(base, tb_self->native_size[TB_ISA]) :
		      tb_main_stack();
}

/*
 * A native stack on that ISA. Its memory is shared if all is: functions that
 * never migrate have their variables there, and show them to other threads.
 */
int tb_has_stack(struct tb_thread *t, u32 isa, u64 size)
{
	long base = (long)t->native[isa];

	if (base && t->native_size[isa] >= size)
		return 1;
	if (base && tb_state->shared)
		tb_munmap((u64)base, t->native_size[isa]);
	else if (base)
		sys2(SYS_munmap, base, t->native_size[isa]);
	if (tb_state->shared)
		base = tb_mmap(0, size, TB_PROT_RW,
			       TB_MAP_PRIVATE | TB_MAP_ANON, -1, 0, TB_NATIVE);
	else
		base = (long)tb_native_map(size);
	t->native[isa] = base < 0 ? NULL : (char *)base;
	t->native_size[isa] = size;
	return base >= 0;
}

static struct tb_thread *take_slot(void)
{
	struct tb_thread *t;
	u32 i, none;

	for (i = 0; i < TB_THREADS; i++) {
		t = &tb_state->thread[i];
		none = 0;
		if (!__atomic_compare_exchange_n(&t->used, &none, TB_USED, 0,
						 __ATOMIC_SEQ_CST,
						 __ATOMIC_SEQ_CST))
			continue;
		while (tb_state->slots <= i)
			__atomic_fetch_add(&tb_state->slots, 1,
					   __ATOMIC_SEQ_CST);
		t->where = TB_ISA;
		t->hops = 0;
		t->kick = 0;
		t->waits = 0;
		t->stopped = 0;
		t->stays = TB_MAY_LEAVE;
		tb_policy_begin(t);
		return t;
	}
	return NULL;
}

static void give_slot(struct tb_thread *t)
{
	__atomic_fetch_sub(&tb_state->threads, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&t->used, TB_FREE, __ATOMIC_SEQ_CST);
}

/* The next thread may use the stack as soon as the place is free. */
void tb_thread_end(int status)
{
	u64 all = ~0UL;

	tb_check_base();
	if (tb_is_body)
		tb_body_end();
	if (tb_self != tb_state->thread && !tb_borrowed) {
		sys4(SYS_rt_sigprocmask, 2, &all, 0, 8);
		__atomic_fetch_sub(&tb_state->threads, 1, __ATOMIC_SEQ_CST);
		tb_free_exit(&tb_self->used);
	}
	if (!tb_borrowed)
		tb_self->used = TB_ENDED;
	for (;;)
		sys1(SYS_exit, status);
}

void tb_thread_main(struct start *s)
{
	__tombolo_dsp = s->dsp;
	__tombolo_tp = s->tp;
	tb_self = s->self;
	tb_borrowed = s->borrowed;
	if (s->number)
		tb_number_begin(tb_self, s->number);
	tb_enter(s, (void *)s->fn, s->arg);
}

static struct start *place(char *base, u64 size, const struct start *like)
{
	struct start *s = (struct start *)(base + size - TB_AREA - sizeof(*s));

	s = (struct start *)((u64)s & -16UL);
	*s = *like;
	*(void **)((char *)s - 16) = s;
	return s;
}

static long begin(struct start *s, char *end, u64 flags, void *ptid, void *ctid)
{
	char *area = end - TB_AREA / 2;

	tb_zero(end - TB_AREA, TB_AREA); /* of a thread that was there before */
#if defined(__x86_64__)
	*(void **)area = area;
#endif
	return tb_clone(flags, (char *)s - 16, ptid, area, ctid);
}

/* A thread of the runtime's own, or the body of one from elsewhere */
long tb_own_thread(int (*fn)(void *), struct tb_thread *self)
{
	struct start like = { .fn = fn, .arg = self, .self = self };
	u64 size = self ? self->native_size[TB_ISA] : NATIVE_STACK;
	char *base = self ? self->native[TB_ISA] : tb_native_map(size);

	return begin(place(base, size, &like), base + size, THREAD_FLAGS, NULL,
		     NULL);
}

/*
 * A child that borrows the caller's memory until it executes something. Its thread
 * area is its own: emulators do not stop the caller meanwhile.
 */
static long spawn(int (*fn)(void *), char *stack, u64 flags, void *arg)
{
	struct start like = { .fn = fn,
			      .arg = arg,
			      .dsp = stack,
			      .tp = __tombolo_tp,
			      .self = tb_self,
			      .borrowed = 1 };
	char *base = tb_native_map(NATIVE_STACK);
	long ret;

	ret = begin(place(base, NATIVE_STACK, &like), base + NATIVE_STACK,
		    flags | CLONE_SETTLS, NULL, NULL);
	sys2(SYS_munmap, base, NATIVE_STACK);
	return ret;
}

/* Calls nest on both stacks: the native one is not smaller. */
static u64 size_for(char *stack)
{
	struct tb_map map;

	if (!tb_find_map((u64)stack - 1, &map) || map.len < NATIVE_STACK)
		return NATIVE_STACK;
	return map.len < MAX_NATIVE_STACK ? map.len : MAX_NATIVE_STACK;
}

static long new_thread(int (*fn)(void *), char *stack, u64 flags, void *arg,
		       u64 *va)
{
	struct tb_thread *t = take_slot();
	struct start like = { .fn = fn,
			      .arg = arg,
			      .dsp = stack,
			      .tp = (void *)va[1],
			      .self = t,
			      .number = (u32 *)va[0] };
	char *base;
	long ret;

	if (!t)
		return -TB_EAGAIN;
	__atomic_fetch_add(&tb_state->threads, 1, __ATOMIC_SEQ_CST);
	if (!tb_has_stack(t, TB_ISA, size_for(stack))) {
		give_slot(t);
		return -TB_EAGAIN;
	}
	t->tp = like.tp;
	t->cleared = va[2];
	base = t->native[TB_ISA];
	ret = begin(place(base, t->native_size[TB_ISA], &like),
		    base + t->native_size[TB_ISA], flags, (void *)va[0],
		    (void *)va[2]);
	if (ret < 0)
		give_slot(t);
	else
		tb_number_begin(t, (u32 *)va[0]);
	return ret;
}

static int again(void *unused)
{
	(void)unused;
	tb_stop_here();
	tb_rewind();
}

static void begin_again(struct tb_thread *t, u64 size)
{
	struct start like = { .fn = again, .self = t };
	char *base;

	if (!tb_has_stack(t, TB_ISA, size))
		tb_die("no memory for a native stack", "");
	base = t->native[TB_ISA];
	if (begin(place(base, size, &like), base + size, PROGRAM_THREAD_FLAGS,
		  &t->kernel, (void *)t->cleared) < 0)
		tb_die("cannot begin a thread", "");
}

/* The threads of a saved state, besides the calling one. They wait. */
void tb_threads_again(void)
{
	struct tb_thread *t;
	u64 size;
	u32 i, isa;

	for (i = 0; i < tb_state->slots; i++) {
		t = &tb_state->thread[i];
		size = t == tb_self ? TB_STACK_SIZE : NATIVE_STACK;
		for (isa = 0; isa < TB_ISAS; isa++)
			if (t->native_size[isa] > size)
				size = t->native_size[isa];
		tb_zero(t->native, sizeof(t->native));
		tb_zero(t->body, sizeof(t->body));
		t->where = TB_ISA;
		t->stopped = 0; /* it was, perhaps, when it was saved */
		if (t != tb_self && t->used == TB_USED)
			begin_again(t, size);
		else if (t == tb_self && !tb_has_stack(t, TB_ISA, size))
			tb_die("no memory for a native stack", "");
	}
}

/* musl's __clone, variadic there: its last three arguments are packed. */
long __clone(int (*fn)(void *), char *stack, int flags, void *arg, u64 *va)
{
	stack = (char *)((u64)stack & -16UL);
	if (tb_is_body)
		return tb_ask_clone(fn, stack, flags, arg, va);
	if (flags & CLONE_SETTLS)
		return new_thread(fn, stack, (u32)flags, arg, va);
	if (!(flags & CLONE_VM) || !(flags & CLONE_VFORK))
		return -TB_EINVAL;
	return spawn(fn, stack, (u32)flags, arg);
}

void __unmapself(void *base, u64 size)
{
	__tombolo_syscall(SYS_munmap, (long)base, (long)size, 0, 0, 0, 0);
	tb_thread_end(0);
}

/* musl: what __get_tp() is to give from now on */
int __set_thread_area(void *tp)
{
	__tombolo_tp = tp;
	tb_self->tp = tp;
	return 0;
}

static u64 stamp(void)
{
	return STAMP + ((u64)tb_self->hops << 2) + TB_ISA;
}

int tb_setjmp_tail(u64 *buf, u64 *owner)
{
	buf[JUMP_DSP] = (u64)__tombolo_dsp;
	buf[JUMP_OWNER] = (u64)owner;
	buf[JUMP_STAMP] = stamp();
	buf[JUMP_HANDLERS] = (u64)tb_in_handler;
	return 0;
}

void tb_longjmp_check(u64 *buf)
{
	if (buf[JUMP_STAMP] != stamp())
		tb_die("longjmp() with a jmp_buf from before a migration that "
		       "could not be set again: a copy, or not the last one "
		       "that its setjmp() filled",
		       "");
	__tombolo_dsp = (char *)buf[JUMP_DSP];
	tb_in_handler = (int)buf[JUMP_HANDLERS];
}

/*
 * The buffer that a frame's setjmp must fill again: still there, and not filled
 * by anybody else since.
 */
u64 *__tombolo_rearm(u64 **owner)
{
	u64 *buf = *owner;

	if (!buf || !tb_is_mapped((u64)buf, 32 * 8) ||
	    buf[JUMP_OWNER] != (u64)owner ||
	    (buf[JUMP_STAMP] & 0xffffffff00000000UL) != STAMP)
		return NULL;
	return buf;
}
