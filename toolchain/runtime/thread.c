// SPDX-License-Identifier: GPL-2.0
// thread.c - threads: musl's stack is the new thread's data stack; the native
// one, with the native thread area at its top, is made here. And setjmp's words
// that are not registers.
#include "runtime.h"

enum {
	CLONE_VM = 0x100,
	CLONE_VFORK = 0x4000,
	CLONE_SETTLS = 0x80000,
	NATIVE_STACK = 1 << 20,
	AREA = 1024,
	/* jmp_buf beyond the registers of any ISA */
	JUMP_DSP = 26,
	JUMP_OWNER,
	JUMP_STAMP,
	JUMP_HANDLERS
};

#define STAMP 0x706d754a00000000UL

struct start {
	int (*fn)(void *);
	void *arg;
	char *dsp;
	void *tp;
	char *base;
};

static _Thread_local char *native_base;

long tb_clone(u64 flags, void *stack, void *ptid, void *tls, void *ctid);
void tb_unmap_exit(void *base, u64 size) __attribute__((noreturn));
int tb_setjmp_tail(u64 *buf, u64 *owner);

u32 tb_threads;

void tb_thread_end(int status)
{
	char *base = native_base;

	tb_check_base();
	if (base) {
		__atomic_fetch_sub(&tb_threads, 1, __ATOMIC_SEQ_CST);
		tb_unmap_exit(base, NATIVE_STACK);
	}
	for (;;)
		sys1(SYS_exit, status);
}

void tb_thread_main(struct start *s)
{
	void *stack = (void *)s;

	__tombolo_dsp = s->dsp;
	__tombolo_tp = s->tp;
	native_base = s->base;
	tb_enter(stack, (void *)s->fn, s->arg);
}

/* A child that borrows the caller's memory until it executes something */
static long spawn(int (*fn)(void *), char *stack, u64 flags, void *arg)
{
	char *dsp = __tombolo_dsp, *base = native_base;
	void *tp = __tombolo_tp;
	char *native = tb_native_map(NATIVE_STACK);
	char *top = native + NATIVE_STACK - AREA;
	struct start *s = (void *)(((u64)top - sizeof(*s)) & -16UL);
	long ret;

	*s = (struct start){ fn, arg, stack, tp, NULL };
	*(void **)((char *)s - 16) = s;
	ret = tb_clone(flags, (char *)s - 16, 0, 0, 0);
	__tombolo_dsp = dsp;
	native_base = base;
	sys2(SYS_munmap, native, NATIVE_STACK);
	return ret;
}

/* musl's __clone, variadic there: its last three arguments are packed. */
long __clone(int (*fn)(void *), char *stack, int flags, void *arg, u64 *va)
{
	char *base, *top;
	struct start *s;
	long ret;

	stack = (char *)((u64)stack & -16UL);
	if (!(flags & CLONE_SETTLS)) {
		if (!(flags & CLONE_VM) || !(flags & CLONE_VFORK))
			return -TB_EINVAL;
		return spawn(fn, stack, (u32)flags, arg);
	}
	base = tb_native_map(NATIVE_STACK);
	top = base + NATIVE_STACK - AREA;
	s = (void *)(((u64)top - sizeof(*s)) & -16UL);
	*s = (struct start){ fn, arg, stack, (void *)va[1], base };
	*(void **)((char *)s - 16) = s;
	__atomic_fetch_add(&tb_threads, 1, __ATOMIC_SEQ_CST);
	top += AREA / 2;
#if defined(__x86_64__)
	*(void **)top = top;
#endif
	ret = tb_clone((u32)flags, (char *)s - 16, (void *)va[0], top,
		       (void *)va[2]);
	if (ret < 0) {
		__atomic_fetch_sub(&tb_threads, 1, __ATOMIC_SEQ_CST);
		sys2(SYS_munmap, base, NATIVE_STACK);
	}
	return ret;
}

void __unmapself(void *base, u64 size)
{
	tb_munmap((u64)base, size);
	tb_thread_end(0);
}

/* musl: what __get_tp() is to give from now on */
int __set_thread_area(void *tp)
{
	__tombolo_tp = tp;
	if (!native_base)
		tb_state->main.tp = tp;
	return 0;
}

static u64 stamp(void)
{
	return STAMP + (tb_state->hops << 2) + TB_ISA;
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
