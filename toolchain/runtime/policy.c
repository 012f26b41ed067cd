// SPDX-License-Identifier: GPL-2.0
// policy.c - when to migrate and where to, as tombolo-run said in the
// environment: TOMBOLO_MIGRATE, TOMBOLO_ISAS, TOMBOLO_IMAGES, TOMBOLO_LIMIT.
#include "runtime.h"

static const char *const names[TB_ISAS] = { "x86_64", "aarch64", "riscv64" };

const char *tb_isa_name(u32 isa)
{
	return names[isa];
}

/* xorshift: the same sequence on all ISAs */
static u64 draw(struct tb_thread *t, u64 below)
{
	u64 x = t->seed;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	t->seed = x;
	return (x >> 16) % below;
}

/* Now and then soon, now and then late: every kind of place is hit. */
static void next_random(struct tb_thread *t)
{
	t->points = 1 + draw(t, 1UL << (2 + draw(t, 10)));
}

/* Threads go round the ISAs from different ones, or by chances of their own. */
void tb_policy_begin(struct tb_thread *t)
{
	u64 number = (u64)(t - tb_state->thread);

	t->asked = 0;
	t->forbidden = 0;
	t->points = tb_state->count;
	t->seed = tb_state->seed + number * 0x9e3779b97f4a7c15UL;
	t->at_isa = tb_state->isas ? (u32)(number % tb_state->isas) : 0;
	if (tb_state->policy == TB_RANDOM)
		next_random(t);
}

static void read_order(const char *s)
{
	u32 i;

	while (s && *s && tb_state->isas < sizeof(tb_state->order)) {
		for (i = 0; i < TB_ISAS; i++)
			if (tb_starts(s, names[i]))
				tb_state->order[tb_state->isas++] = (u8)i;
		while (*s && *s != ',')
			s++;
		if (*s)
			s++;
	}
}

static void read_policy(const char *s)
{
	struct tb_world *st = tb_state;

	if (tb_starts(s, "every:")) {
		s += 6;
		st->policy = TB_EVERY;
		st->count = tb_number(&s);
		if (!st->count)
			st->count = 1;
	} else if (tb_starts(s, "at:")) {
		s += 3;
		st->policy = TB_AT;
		st->lo = tb_number(&s);
		s++;
		st->hi = tb_number(&s);
	} else if (tb_starts(s, "random:")) {
		s += 7;
		st->policy = TB_RANDOM;
		st->seed = tb_number(&s) * 2654435761UL + 88172645463325252UL;
	} else if (tb_same(s, "signal")) {
		st->policy = TB_SIGNAL;
	}
}

static void copy_text(char *to, u64 size, const char *from)
{
	u64 len = tb_len(from);

	if (len >= size)
		tb_die("too long: ", from);
	tb_copy(to, from, len + 1);
}

/*
 * What a program starts has its environment, but may be another program, whose
 * images are not known: it runs plain.
 */
static int is_ours(const char *images)
{
	extern const char __ehdr_start[], __tombolo_build[];
	char path[sizeof(tb_state->images) + 16];
	u64 build = 0;
	long fd;

	if (!images || tb_len(images) >= sizeof(tb_state->images))
		return 0;
	tb_join(path, images, ".", names[TB_ISA]);
	fd = sys4(SYS_openat, -100, path, 02000000, 0);
	if (fd < 0)
		return 0;
	sys4(SYS_pread64, fd, &build, sizeof(build),
	     __tombolo_build - __ehdr_start);
	sys1(SYS_close, fd);
	return build == tb_build();
}

void tb_policy_init(char **envp)
{
	const char *s = tb_env(envp, "TOMBOLO_MIGRATE");

	tb_state->limit = ~0UL;
	if (!s || !is_ours(tb_env(envp, "TOMBOLO_IMAGES")))
		return;
	read_policy(s);
	read_order(tb_env(envp, "TOMBOLO_ISAS"));
	tb_state->verbose = tb_env(envp, "TOMBOLO_VERBOSE") != NULL;
	copy_text(tb_state->images, sizeof(tb_state->images),
		  tb_env(envp, "TOMBOLO_IMAGES"));
	s = tb_env(envp, "TOMBOLO_SAVE");
	if (s)
		copy_text(tb_state->save_to, sizeof(tb_state->save_to), s);
	s = tb_env(envp, "TOMBOLO_LIMIT");
	if (s)
		tb_state->limit = tb_number(&s);
	tb_policy_begin(tb_self);
	tb_policy_arm();
	tb_catch_own();
}

/* No more migrations, and the state need not be saved at what would be one */
static int is_over(void)
{
	return tb_state->hops >= tb_state->limit && !tb_state->save_to[0];
}

static int is_wanted(void)
{
	u64 p = tb_state->policy;
	u32 i;

	if (tb_state->saving)
		return 1;
	if (tb_state->isas && !is_over() &&
	    (p == TB_EVERY || p == TB_AT || p == TB_RANDOM))
		return 1;
	for (i = 0; i < tb_state->slots; i++)
		if (tb_state->thread[i].used && tb_state->thread[i].asked)
			return 1;
	return 0;
}

/*
 * Whether the points are to be looked at one by one. Others may ask meanwhile:
 * they raise the flag last, so that it is seen by the second look.
 */
void tb_policy_arm(void)
{
	if (!is_wanted()) {
		__atomic_store_n(&__tombolo_flag, 0, __ATOMIC_SEQ_CST);
		if (!is_wanted())
			return;
	}
	__atomic_store_n(&__tombolo_flag, 1, __ATOMIC_SEQ_CST);
}

/* The thread is to move at its next point. */
void tb_policy_ask(struct tb_thread *t, u32 asked)
{
	__atomic_store_n(&t->asked, asked, __ATOMIC_SEQ_CST);
	__atomic_store_n(&__tombolo_flag, 1, __ATOMIC_SEQ_CST);
	tb_kick(t);
}

/* By a signal: all of them */
void tb_policy_ask_all(void)
{
	u32 i;

	for (i = 0; i < tb_state->slots; i++)
		if (tb_state->thread[i].used)
			tb_policy_ask(&tb_state->thread[i], TB_NEXT);
}

static int is_offered(u32 isa)
{
	u32 i;

	for (i = 0; i < tb_state->isas; i++)
		if (tb_state->order[i] == isa)
			return 1;
	return 0;
}

/* Of the program's pointer to a thread */
static struct tb_thread *thread_of(void *tp)
{
	struct tb_thread *t;
	u32 i;

	for (i = 0; i < tb_state->slots; i++) {
		t = &tb_state->thread[i];
		if (t->used && (t == tb_self ? __tombolo_tp : t->tp) == tp)
			return t;
	}
	return NULL;
}

/* tombolo_migrate_to(), tombolo_request(): isa is -1 for the next */
int __tombolo_request(void *tp, int isa)
{
	struct tb_thread *t = thread_of(tp);

	if (!t || !tb_state->isas || (isa >= 0 && !is_offered((u32)isa)))
		return -1;
	tb_policy_ask(t, isa < 0 ? TB_NEXT : TB_TO + (u32)isa);
	return 0;
}

/* tombolo_isa_of() */
int __tombolo_where(void *tp)
{
	struct tb_thread *t = thread_of(tp);

	return t ? (int)__atomic_load_n(&t->where, __ATOMIC_SEQ_CST) : -1;
}

/* Called at a point, if the flag says that somebody is asked. */
int tb_policy_due(u64 pc)
{
	struct tb_world *st = tb_state;
	struct tb_thread *t = tb_self;

	if (st->saving)
		return 1;
	if (!st->isas)
		return 0;
	if (is_over())
		t->asked = 0;
	if (t->asked)
		return 1;
	if (is_over() || st->policy == TB_SIGNAL) {
		tb_policy_arm();
		return 0;
	}
	if (st->policy == TB_AT)
		return pc > st->lo && pc <= st->hi;
	if (st->policy == TB_NEVER || --t->points)
		return 0;
	t->points = st->count;
	if (st->policy == TB_RANDOM)
		next_random(t);
	return 1;
}

u32 tb_policy_target(void)
{
	struct tb_world *st = tb_state;
	struct tb_thread *t = tb_self;
	u32 asked = t->asked;

	t->asked = 0;
	if (asked >= TB_TO)
		return asked - TB_TO;
	if (st->policy == TB_RANDOM)
		t->at_isa = (u32)draw(t, st->isas);
	else
		t->at_isa = (t->at_isa + 1) % st->isas;
	return st->order[t->at_isa];
}
