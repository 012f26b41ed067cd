// SPDX-License-Identifier: GPL-2.0
// thread.c - where a thread begins and ends: musl's stack is its data stack; at the
// top of the native one is the native thread area. And setjmp's words that are not
// registers.
#include "runtime.h"

enum {
	CLONE_VM = 0x100,
	CLONE_VFORK = 0x4000,
	CLONE_SETTLS = 0x80000,
	/* jmp_buf beyond the registers of any ISA */
	JUMP_DSP = 26,
	JUMP_OWNER,
	JUMP_STAMP,
	JUMP_HANDLERS
};

#define STAMP 0x706d754a00000000UL

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

void tb_thread_main(struct tb_start *s)
{
	__tombolo_dsp = s->dsp;
	__tombolo_tp = s->tp;
	tb_self = s->self;
	tb_borrowed = s->borrowed;
	if (s->number)
		tb_number_begin(tb_self, s->number);
	tb_enter(s, (void *)s->fn, s->arg);
}

static struct tb_start *place(char *base, u64 size, const struct tb_start *like)
{
	struct tb_start *s =
		(struct tb_start *)(base + size - TB_AREA - sizeof(*s));

	s = (struct tb_start *)((u64)s & -16UL);
	*s = *like;
	*(void **)((char *)s - 16) = s;
	return s;
}

/* On the native stack at base */
long tb_begin(char *base, u64 size, const struct tb_start *like, u64 flags,
	      void *ptid, void *ctid)
{
	char *area = base + size - TB_AREA / 2;
	struct tb_start *s = place(base, size, like);

	tb_zero(base + size - TB_AREA, TB_AREA); /* of a thread before */
#if defined(__x86_64__)
	*(void **)area = area;
#endif
	return tb_clone(flags, (char *)s - 16, ptid, area, ctid);
}

/*
 * A child that borrows the caller's memory until it executes something. Its thread
 * area is its own: emulators do not stop the caller meanwhile.
 */
static long spawn(int (*fn)(void *), char *stack, u64 flags, void *arg)
{
	struct tb_start like = { .fn = fn,
				 .arg = arg,
				 .dsp = stack,
				 .tp = __tombolo_tp,
				 .self = tb_self,
				 .borrowed = 1 };
	char *base = tb_native_map(TB_NATIVE_STACK);
	long ret;

	ret = tb_begin(base, TB_NATIVE_STACK, &like, flags | CLONE_SETTLS, NULL,
		       NULL);
	sys2(SYS_munmap, base, TB_NATIVE_STACK);
	return ret;
}

/* musl's __clone, variadic there: its last three arguments are packed. */
long __clone(int (*fn)(void *), char *stack, int flags, void *arg, u64 *va)
{
	stack = (char *)((u64)stack & -16UL);
	if (tb_is_body)
		return tb_ask_clone(fn, stack, flags, arg, va);
	if (flags & CLONE_SETTLS && tb_new_thread)
		return tb_new_thread(fn, stack, (u32)flags, arg, va);
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
