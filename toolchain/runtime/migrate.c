// SPDX-License-Identifier: GPL-2.0
// migrate.c - one migration: the frames of the thread, taken apart into records
// on this ISA, and put together from them on that one.
#include "runtime.h"

static u64 saved_mask;

static void block_signals(void)
{
	u64 all = ~0UL;

	sys4(SYS_rt_sigprocmask, 2, &all, &saved_mask, 8);
}

static void unblock_signals(u64 mask)
{
	sys4(SYS_rt_sigprocmask, 2, &mask, 0, 8);
}

/* The innermost frame of a rewound stack is this one, of the point itself. */
static long resumed(void *record)
{
	(void)record;
	tb_policy_arm();
	unblock_signals(tb_state->main.sigmask);
	return 0;
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
	struct tb_record *last = tb_state->main.last;

	tb_state->hops++;
	__tombolo_dsp = tb_state->main.dsp;
	if (!last)
		last = &done;
	tb_enter(tb_main_stack(), last->resume, last);
}

/* All frames are records now. */
void tb_leave(void)
{
	u32 isa;

	tb_note_sites(tb_state->main.last);
	tb_state->main.dsp = __tombolo_dsp;
	tb_state->main.tp = __tombolo_tp;
	tb_state->main.sigmask = saved_mask;
	if (tb_state->save_to[0])
		tb_save_file();
	isa = tb_policy_target();
	if (tb_state->verbose)
		tb_say(tb_isa_name(TB_ISA), " -> ", tb_isa_name(isa), NULL);
	if (isa != TB_ISA)
		tb_hand_over(isa);
	tb_rewind();
}

static void unwind(struct tb_context *ctx)
{
	struct tb_thread *t = &tb_state->main;
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
		if (t->cur + TB_RECORD_MAX > t->records + TB_RECORDS_SIZE)
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
	struct tb_thread *t = &tb_state->main;
	struct tb_record *r = (struct tb_record *)t->cur;

	if (t->cur + TB_RECORD_MAX > t->records + TB_RECORDS_SIZE)
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

static long start(struct tb_context *ctx)
{
	struct tb_thread *t = &tb_state->main;

	if (tb_in_handler || tombolo_forbidden || tb_threads ||
	    tb_state->pinned || !tb_can_unwind(ctx)) {
		tb_state->refused++;
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
	if (!tombolo_forbidden && tb_policy_due(ctx->reg[TB_PC]))
		start(ctx);
}

/* tombolo_migrate() of the program */
long tb_migrate(struct tb_context *ctx)
{
	return tb_state->isas ? start(ctx) : -1;
}

int __tombolo_isa(void)
{
	return TB_ISA;
}
