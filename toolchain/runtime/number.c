// SPDX-License-Identifier: GPL-2.0
/*
 * number.c - the numbers of threads. The program keeps them in its locks and
 * lists: after a state was resumed they stay what they were, while the kernel
 * has given others.
 */
#include "runtime.h"

/* Above every number of the kernel's, and a number that musl's locks can hold */
enum { OWN = 1 << 22 };

static struct tb_thread *other(const struct tb_thread *self, u32 number)
{
	u32 i;

	for (i = 0; i < tb_state->slots; i++) {
		struct tb_thread *t = &tb_state->thread[i];

		if (t != self && t->used == TB_USED && t->number == number)
			return t;
	}
	return NULL;
}

/*
 * Of a new thread: what the kernel wrote to *number, unless another thread has
 * it from before. Called by the thread and by its creator: whoever is first.
 */
void tb_number_begin(struct tb_thread *t, u32 *number)
{
	u32 kernel = __atomic_load_n(number, __ATOMIC_SEQ_CST);

	if (kernel >= OWN)
		return;
	t->kernel = kernel;
	t->number = tb_state->renumbered && other(t, kernel) ?
			    OWN + (u32)(t - tb_state->thread) :
			    kernel;
	__atomic_store_n(number, t->number, __ATOMIC_SEQ_CST);
}

/* In a forked child: the others are its parent's. */
void tb_only_thread(void)
{
	struct tb_world *s = tb_state;
	u32 i;

	s->threads = 0;
	s->saving = 0;
	s->save_to[0] = 0; /* of the parent */
	s->current = (u32)(tb_self - s->thread);
	tb_self->kernel = (u32)sys0(SYS_gettid);
	tb_self->number = tb_self->kernel;
	for (i = 0; i < s->slots; i++) {
		s->thread[i].used = i == s->current ? TB_USED : TB_FREE;
		tb_zero(s->thread[i].body, sizeof(s->thread[i].body));
	}
}

/* Of a number that the program has; one of no thread of ours means itself. */
long tb_kernel_number(long number)
{
	struct tb_thread *t;

	if (!tb_state->renumbered || number <= 0)
		return number;
	t = other(NULL, (u32)number);
	return t ? (long)t->kernel : number;
}

/* The processor time of a thread: its number is in the clock's. */
long tb_clock_number(long clock)
{
	u64 number;

	if (clock >= 0)
		return clock;
	number = (u64)tb_kernel_number(~(clock >> 3));
	return (long)(~number << 3 | ((u64)clock & 7));
}
