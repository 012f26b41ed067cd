// SPDX-License-Identifier: GPL-2.0
// migrate.c - one migration: the frames of the thread, taken apart into records
// on this ISA, and put together from them on that one.
#include "runtime.h"

static void block_signals(void)
{
	u64 all = ~0UL;

	__tombolo_syscall(SYS_rt_sigprocmask, 2, (long)&all,
			  (long)&tb_self->sigmask, 8, 0, 0);
}

static void unblock_signals(void)
{
	__tombolo_syscall(SYS_rt_sigprocmask, 2, (long)&tb_self->sigmask, 0, 8,
			  0, 0);
}

enum { SCRATCH = 1 << 16 };

static _Thread_local char *scratch;

/* The innermost frame of a rewound stack is this one, of the point itself. */
static long resumed(void *record)
{
	long ret = tb_self->result;

	(void)record;
	tb_self->result = 0;
	if (scratch)
		sys2(SYS_munmap, scratch, SCRATCH);
	scratch = NULL;
	tb_policy_arm();
	unblock_signals();
	return ret;
}

static struct tb_record done = { .resume = (void *)resumed };

/* The frame above, for a clone that has restored its own. */
void *__tombolo_next(void *record)
{
	struct tb_record *prev = ((struct tb_record *)record)->prev;

	return prev ? prev : &done;
}

void tb_rewind(void)
{
	struct tb_record *last = tb_self->last;

	tb_self->hops++;
	tb_self->where = TB_ISA;
	__tombolo_dsp = tb_self->dsp;
	__tombolo_tp = tb_self->tp;
	tb_in_handler = 0;
	if (!last)
		last = &done;
	tb_enter(tb_native_top(), last->resume, last);
}

/* What maps the memory of the native stacks anew has a stack of its own. */
static void aside(void (*fn)(void *))
{
	scratch = tb_native_map(SCRATCH);
	tb_enter(scratch + SCRATCH - 64, (void *)fn, NULL);
}

/* Not a migration, but also only possible without any native frame. At home. */
void tb_special(void)
{
	u32 what = tb_self->special;

	tb_self->special = 0;
	if (what == TB_GATHER)
		aside(tb_gather);
	if (what == TB_FORK)
		aside(tb_fork_here);
	if (what == TB_SAVE) {
		tb_save_file();
		tb_rewind();
	}
}

/* All frames are records now. */
void tb_leave(void)
{
	u32 isa;

	if (!tb_state->shared)
		tb_note_sites(tb_self->last);
	tb_self->dsp = __tombolo_dsp;
	tb_self->tp = __tombolo_tp;
	if (!tb_self->special && tb_state->save_to[0] &&
	    (tb_state->saving || tb_state->hops >= tb_state->limit))
		tb_self->special = TB_SAVE;
	if (tb_self->special && tb_is_body)
		tb_send_away(tb_state->home_isa);
	tb_special();
	__atomic_fetch_add(&tb_state->hops, 1, __ATOMIC_RELAXED);
	isa = tb_policy_target();
	if (tb_state->verbose)
		tb_say(tb_isa_name(TB_ISA), " -> ", tb_isa_name(isa), NULL);
	if (isa != TB_ISA) {
		if (tb_state->shared)
			tb_send_away(isa);
		else
			tb_hand_over(isa);
	}
	tb_rewind();
}

static void unwind(struct tb_context *ctx)
{
	struct tb_thread *t = tb_self;
	u64 pad;

	switch (tb_walk(ctx, &pad)) {
	case TB_WALK_BASE:
		tb_leave();
		break;
	case TB_WALK_PAD:
		tb_drop_arguments(ctx);
		ctx->reg[TB_PAD0] = (u64)t->cur + sizeof(struct tb_record);
		ctx->reg[TB_PAD1] = 0;
		ctx->reg[TB_PC] = pad;
		if (t->cur + TB_RECORD_MAX > t->records + t->records_size)
			tb_die("the stack is too deep to be carried", "");
		tb_install(ctx);
	case TB_WALK_STUCK:
		break;
	}
	tb_die("a frame that was said to be carried is not", "");
}

/* The next record, complete but for what the frame saves into it. */
struct tb_record *tb_new_record(void *resume, u64 id)
{
	struct tb_thread *t = tb_self;
	struct tb_record *r = (struct tb_record *)t->cur;

	if (t->cur + TB_RECORD_MAX > t->records + t->records_size)
		tb_die("the stack is too deep to be carried", "");
	r->resume = resume;
	r->size = (u32)id;
	r->site = (u32)(id >> 32);
	r->prev = t->last;
	t->last = r;
	t->cur += sizeof(*r) + r->size;
	return r;
}

/* A landing pad has saved its values. */
void tb_continue(struct tb_context *ctx, void *resume, u64 id)
{
	tb_new_record(resume, id);
	unwind(ctx);
}

/* With the memory in one process only, all threads would have to leave it. */
static int others_stay(void)
{
	return !tb_state->shared && (tb_state->threads || tb_state->pinned);
}

static int has_records(struct tb_thread *t)
{
	long p;

	if (t->records)
		return 1;
	p = __tombolo_syscall(SYS_mmap, 0, TB_THREAD_RECORDS_SIZE, TB_PROT_RW,
			      TB_MAP_PRIVATE | TB_MAP_ANON | TB_MAP_NORESERVE,
			      -1, 0);
	if (p < 0)
		return 0;
	t->records = (char *)p;
	t->records_size = TB_THREAD_RECORDS_SIZE;
	return 1;
}

static enum tb_stays obstacle(struct tb_context *ctx)
{
	struct tb_thread *t = tb_self;

	if (tb_in_handler)
		return TB_IN_HANDLER;
	if (t->forbidden)
		return TB_FORBIDDEN;
	if (others_stay())
		return TB_PINNED;
	if (!tb_can_unwind(ctx))
		return TB_IN_CALLBACK;
	return has_records(t) ? TB_MAY_LEAVE : TB_NO_MEMORY;
}

static long start(struct tb_context *ctx)
{
	struct tb_thread *t = tb_self;

	t->stays = obstacle(ctx);
	if (t->stays == TB_PINNED)
		tb_never_saved();
	if (t->stays) {
		__atomic_fetch_add(&tb_state->refused, 1, __ATOMIC_RELAXED);
		return -1;
	}
	block_signals();
	t->last = NULL;
	t->cur = t->records;
	if (__tombolo_check)
		return tb_check_start();
	unwind(ctx);
	return -1;
}

/* From a poll that saw the flag. Returns if nothing is to be done. */
void tb_point(struct tb_context *ctx)
{
	__atomic_store_n(&tb_self->kick, 0, __ATOMIC_SEQ_CST);
	if (!tb_self->forbidden && tb_policy_due(ctx->reg[TB_PC]))
		start(ctx);
}

/* tombolo_migrate() of the program */
long tb_migrate(struct tb_context *ctx)
{
	long ret = tb_self->special || tb_state->isas ? start(ctx) : -1;

	if (ret < 0) {
		tb_self->asked = 0;
		tb_self->special = 0;
	}
	return ret;
}

/*
 * Before the second thread, and for a fork() with several: whether
 * __tombolo_migrate() is to be called, to do that at its point.
 */
int tb_gather_here(void)
{
	struct tb_world *s = tb_state;

	if (s->shared || !s->isas || others_stay())
		return 0;
	tb_self->special = TB_GATHER;
	return 1;
}

int __tombolo_fork_shared(void)
{
	if (!tb_state->shared)
		return 0;
	tb_self->special = TB_FORK;
	return 1;
}

int __tombolo_isa(void)
{
	return TB_ISA;
}

/* tombolo_forbid(), tombolo_allow() */
void __tombolo_forbid(int by)
{
	tb_self->forbidden += (u32)by;
}
