// SPDX-License-Identifier: GPL-2.0
/*
 * stop.c - all threads of a program at home, each with all of its frames as
 * records, and only one of them running: what a state file is made from, and how
 * one that was resumed begins.
 */
#include "runtime.h"

enum { NAP = 20000000 /* ns */, NAPS = 500 };

static const char *const reasons[] = {
	[TB_MAY_LEAVE] =
		"a thread inside of the C library, or without a migration point",
	[TB_IN_HANDLER] = "a thread in a signal handler",
	[TB_FORBIDDEN] = "a thread where tombolo_forbid() holds",
	[TB_PINNED] = "what does not survive an exec",
	[TB_IN_CALLBACK] = "a thread in a callback from the C library",
	[TB_NO_MEMORY] = "no memory for a thread's records",
};

static void nap(void)
{
	s64 time[2] = { 0, NAP };

	sys2(SYS_nanosleep, time, 0);
}

/* Asks those that run to stop; returns one of them, or NULL. */
static struct tb_thread *ask_others(void)
{
	struct tb_thread *t, *last = NULL;
	u32 i;

	__atomic_store_n(&__tombolo_flag, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < tb_state->slots; i++) {
		t = &tb_state->thread[i];
		if (t == tb_self || t->used != TB_USED ||
		    __atomic_load_n(&t->stopped, __ATOMIC_SEQ_CST))
			continue;
		tb_kick(t);
		last = t;
	}
	return last;
}

/*
 * The kernel unlocks musl's list of threads when the thread that ends has ended:
 * the word has the number of a thread, but of none there is.
 */
static int is_ending(void)
{
	u32 i, *word = (u32 *)tb_self->cleared;
	u32 owner = word ? __atomic_load_n(word, __ATOMIC_SEQ_CST) : 0;

	for (i = 0; owner && i < tb_state->slots; i++)
		if (tb_state->thread[i].used == TB_USED &&
		    tb_state->thread[i].number == owner)
			return 0;
	return owner != 0;
}

/*
 * Here a thread waits until the others may run again. Who saves the next state may
 * have begun before this one has gone on, and take it for stopped: it looks again.
 */
void tb_stop_here(void)
{
	u32 *saving = &tb_state->saving;

	do {
		tb_note_pending();
		tb_note_name();
		__atomic_store_n(&tb_self->stopped, 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(saving, __ATOMIC_SEQ_CST))
			tb_futex_wait(saving, 1);
		__atomic_store_n(&tb_self->stopped, 0, __ATOMIC_SEQ_CST);
	} while (__atomic_load_n(saving, __ATOMIC_SEQ_CST));
}

/*
 * Returns 1 when no other thread runs, 0 when another one did the same before, and
 * -1, after ten seconds, when one does not stop: it says why, and all go on.
 */
int tb_stop_others(void)
{
	struct tb_thread *runs = NULL;
	u32 none = 0;
	int naps;

	if (!__atomic_compare_exchange_n(&tb_state->saving, &none, 1, 0,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		tb_stop_here();
		return 0;
	}
	for (naps = 0; naps < NAPS; naps++) {
		runs = ask_others();
		if (!runs && !is_ending())
			return 1;
		nap();
	}
	tb_say("not saved: ",
	       reasons[!runs	       ? TB_MAY_LEAVE :
		       runs->forbidden ? TB_FORBIDDEN :
					 runs->stays],
	       NULL);
	return -1;
}
