// SPDX-License-Identifier: GPL-2.0
// begin.c - the second thread of a program, and all that follow: their places in
// the list, and their native stacks.
#include "runtime.h"

/* What musl gives; emulators want exactly these */
enum {
	THREAD_FLAGS = 0xd0f00,
	PROGRAM_THREAD_FLAGS = 0x7d0f00, /* its number told, its end too */
};

#define MAX_NATIVE_STACK (64UL << 20)

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

/* A thread of the runtime's own, or the body of one from elsewhere */
long tb_own_thread(int (*fn)(void *), struct tb_thread *self)
{
	struct tb_start like = { .fn = fn, .arg = self, .self = self };
	u64 size = self ? self->native_size[TB_ISA] : TB_NATIVE_STACK;
	char *base = self ? self->native[TB_ISA] : tb_native_map(size);

	return tb_begin(base, size, &like, THREAD_FLAGS, NULL, NULL);
}

/* Calls nest on both stacks: the native one is not smaller. */
static u64 size_for(char *stack)
{
	struct tb_map map;

	if (!tb_find_map((u64)stack - 1, &map) || map.len < TB_NATIVE_STACK)
		return TB_NATIVE_STACK;
	return map.len < MAX_NATIVE_STACK ? map.len : MAX_NATIVE_STACK;
}

long tb_new_thread(int (*fn)(void *), char *stack, u64 flags, void *arg,
		   u64 *va)
{
	struct tb_thread *t = take_slot();
	struct tb_start like = { .fn = fn,
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
	ret = tb_begin(base, t->native_size[TB_ISA], &like, flags,
		       (void *)va[0], (void *)va[2]);
	if (ret < 0)
		give_slot(t);
	else
		tb_number_begin(t, (u32 *)va[0]);
	return ret;
}

static int again(void *unused)
{
	(void)unused;
	tb_name_again();
	tb_stop_here();
	tb_rewind();
}

static void begin_again(struct tb_thread *t, u64 size)
{
	struct tb_start like = { .fn = again, .self = t };
	char *base;

	if (!tb_has_stack(t, TB_ISA, size))
		tb_die("no memory for a native stack", "");
	base = t->native[TB_ISA];
	if (tb_begin(base, size, &like, PROGRAM_THREAD_FLAGS, &t->kernel,
		     (void *)t->cleared) < 0)
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
		size = t == tb_self ? TB_STACK_SIZE : TB_NATIVE_STACK;
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
