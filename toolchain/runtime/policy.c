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
static u64 draw(u64 below)
{
	u64 x = tb_state->seed;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	tb_state->seed = x;
	return (x >> 16) % below;
}

/* Now and then soon, now and then late: every kind of place is hit. */
static void next_random(void)
{
	tb_state->points = 1 + draw(1UL << (2 + draw(10)));
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
		st->points = st->count;
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
		next_random();
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

void tb_policy_init(char **envp)
{
	const char *s = tb_env(envp, "TOMBOLO_MIGRATE");

	tb_state->limit = ~0UL;
	if (!s)
		return;
	read_policy(s);
	read_order(tb_env(envp, "TOMBOLO_ISAS"));
	tb_state->verbose = tb_env(envp, "TOMBOLO_VERBOSE") != NULL;
	s = tb_env(envp, "TOMBOLO_IMAGES");
	if (s)
		copy_text(tb_state->images, sizeof(tb_state->images), s);
	s = tb_env(envp, "TOMBOLO_SAVE");
	if (s)
		copy_text(tb_state->save_to, sizeof(tb_state->save_to), s);
	s = tb_env(envp, "TOMBOLO_LIMIT");
	if (s)
		tb_state->limit = tb_number(&s);
	tb_policy_arm();
	tb_catch_request();
}

/* Whether the points are to be looked at one by one. */
void tb_policy_arm(void)
{
	u64 p = tb_state->policy;

	__tombolo_flag = tb_state->isas && tb_state->hops < tb_state->limit &&
			 (p == TB_EVERY || p == TB_AT || p == TB_RANDOM);
}

/* Called at a point, if the flag says that somebody is asked. */
int tb_policy_due(u64 pc)
{
	struct tb_world *st = tb_state;

	if (st->hops >= st->limit || !st->isas)
		return 0;
	switch (st->policy) {
	case TB_AT:
		return pc > st->lo && pc <= st->hi;
	case TB_EVERY:
		if (--st->points)
			return 0;
		st->points = st->count;
		return 1;
	case TB_RANDOM:
		if (--st->points)
			return 0;
		next_random();
		return 1;
	case TB_SIGNAL:
		__tombolo_flag = 0;
		if (!st->points)
			return 0;
		st->points = 0;
		return 1;
	}
	return 0;
}

u32 tb_policy_target(void)
{
	struct tb_world *st = tb_state;

	if (st->policy == TB_RANDOM)
		st->at_isa = (u32)draw(st->isas);
	else
		st->at_isa = (st->at_isa + 1) % st->isas;
	return st->order[st->at_isa];
}
