// SPDX-License-Identifier: GPL-2.0
// state.c - the state of a program in a file: what its memory holds, and where.
#include "runtime.h"

extern char __tombolo_data_start[], __tombolo_data_end[];

static int write_all(int fd, const void *from, u64 len, u64 at)
{
	const char *p = from;

	while (len) {
		long n = sys4(SYS_pwrite64, fd, p, len, at);

		if (n <= 0)
			return 0;
		p += n;
		at += (u64)n;
		len -= (u64)n;
	}
	return 1;
}

static int is_zero(const u64 *page)
{
	u64 i;

	for (i = 0; i < TB_PAGE / 8; i++)
		if (page[i])
			return 0;
	return 1;
}

/* Pages of zeros become holes. */
int tb_write_sparse(int fd, u64 from, u64 len, u64 at)
{
	u64 i, run;

	for (i = 0; i < len; i += run) {
		run = TB_PAGE;
		if (is_zero((void *)(from + i)))
			continue;
		while (i + run < len && !is_zero((void *)(from + i + run)))
			run += TB_PAGE;
		if (!write_all(fd, (void *)(from + i), run, at + i))
			return 0;
	}
	return 1;
}

static int is_in(const char *p, const struct tb_map *m)
{
	return (u64)p >= m->start && (u64)p < m->start + m->len;
}

/* The part of a mapping that can hold anything, of the one thread there is */
void tb_used_part(const struct tb_map *m, u64 *from, u64 *to)
{
	const struct tb_thread *t = &tb_state->thread[tb_state->current];

	*from = m->start;
	*to = m->start + m->len;
	if (m->kind == TB_STACK && is_in(t->dsp, m))
		*from = ((u64)t->dsp - TB_PAGE) & -TB_PAGE;
	if (m->kind == TB_RECORDS)
		*to = is_in(t->cur, m) ?
			      ((u64)t->cur + TB_PAGE - 1) & -TB_PAGE :
			      m->start;
	if (m->kind == TB_NATIVE)
		*to = m->start;
	if (*from < m->start)
		*from = m->start;
}

/* All there is of several threads' memory is in one file, with its holes. */
static int put(int fd, u64 from, u64 len, u64 at)
{
	if (tb_state->shared)
		return tb_copy_data(tb_state->file, from, len, fd, at);
	return tb_write_sparse(fd, from, len, at);
}

static int put_map(int fd, const struct tb_map *m)
{
	u64 from = m->start, to = m->start + m->len;

	if (m->kind == TB_SHARED || m->kind == TB_NATIVE)
		return 1;
	if (!tb_state->shared) {
		if (!(m->prot & 1))
			return 1;
		tb_used_part(m, &from, &to);
	}
	return put(fd, from, to - from, m->offset + from - m->start);
}

/* Any other value of the word gives another one; that of zero is zero. */
static u64 term(u64 word, u64 at)
{
	word *= 0x9e3779b97f4a7c15UL;
	word ^= word >> 32;
	return word * (at | 1);
}

/* Of all but the sum itself. Holes are zeros: a copy may have others. */
static u64 sum_of(int fd)
{
	static u64 page[TB_PAGE / 8];
	long at = 0, n = 0;
	u64 sum = 0, i;

	while ((at = sys3(SYS_lseek, fd, at, 3 /* SEEK_DATA */)) >= 0) {
		at &= -(long)TB_PAGE;
		tb_zero(page, sizeof(page));
		n = sys4(SYS_pread64, fd, page, sizeof(page), at);
		if (n <= 0)
			break;
		for (i = 0; i < TB_PAGE / 8; i++)
			sum += term(page[i], (u64)at + i * 8);
		at += n;
	}
	return sum -
	       term(tb_state->sum, __builtin_offsetof(struct tb_world, sum));
}

int tb_dump_file(int fd)
{
	struct tb_world *s = tb_state;

	s->filed = TB_FILED;
	s->sum = 0;
	if (!tb_dump(fd))
		return 0;
	s->sum = sum_of(fd);
	return write_all(fd, &s->sum, sizeof(s->sum),
			 __builtin_offsetof(struct tb_world, sum));
}

static void check_file(int fd)
{
	struct tb_world *s = tb_state;

	if ((u64)sys3(SYS_lseek, fd, 0, 2 /* SEEK_END */) < s->end)
		tb_die("the state file is too short", "");
	if (s->filed != TB_FILED || sum_of(fd) != s->sum)
		tb_die("the state file is damaged", "");
}

int tb_dump(int fd)
{
	struct tb_world *s = tb_state;
	u64 at = (sizeof(*s) + TB_PAGE - 1) & -TB_PAGE;
	u64 i;

	s->data_start = (u64)__tombolo_data_start;
	s->data_len = (u64)(__tombolo_data_end - __tombolo_data_start);
	s->data_offset = at;
	if (!put(fd, s->data_start, s->data_len, at))
		return 0;
	at += s->data_len;
	for (i = 0; i < s->maps; i++) {
		s->map[i].offset = at;
		if (!put_map(fd, &s->map[i]))
			return 0;
		at += s->map[i].len;
	}
	s->end = at;
	if (sys2(SYS_ftruncate, fd, at))
		return 0;
	return tb_write_sparse(fd, TB_STATE_AT,
			       (sizeof(*s) + TB_PAGE - 1) & -TB_PAGE, 0);
}

static void map_at(int fd, u64 start, u64 len, u64 prot, u64 offset, long how)
{
	long p = sys(SYS_mmap, (long)start, (long)len, (long)prot,
		     TB_MAP_PRIVATE | TB_MAP_NORESERVE | how, fd, (long)offset);

	if (p != (long)start)
		tb_die("an address of the program is taken on this ISA", "");
}

static void read_state(int fd)
{
	char *to = (char *)tb_state;
	u64 got = 0;

	while (got < sizeof(*tb_state)) {
		long n = sys4(SYS_pread64, fd, to + got,
			      sizeof(*tb_state) - got, got);

		if (n <= 0)
			tb_die("the state file is too short", "");
		got += (u64)n;
	}
	if (tb_state->magic != TB_MAGIC || tb_state->size != sizeof(*tb_state))
		tb_die("this is not a state file of this version", "");
	if (tb_state->build != tb_build() ||
	    tb_state->data_start != (u64)__tombolo_data_start ||
	    tb_state->data_len !=
		    (u64)(__tombolo_data_end - __tombolo_data_start))
		tb_die("this is the state of another program", "");
	if (tb_state->filed)
		check_file(fd);
}

/* The pages come in as they are touched. */
void tb_load(int fd)
{
	struct tb_world *s = tb_state;
	u64 i;

	read_state(fd);
	if (s->shared) {
		tb_share_saved(fd);
		return;
	}
	map_at(fd, s->data_start, s->data_len, TB_PROT_RW, s->data_offset,
	       TB_MAP_FIXED);
	for (i = 0; i < s->maps; i++)
		if (s->map[i].kind != TB_SHARED)
			map_at(fd, s->map[i].start, s->map[i].len,
			       s->map[i].prot, s->map[i].offset,
			       TB_MAP_FIXED_NOREPLACE);
}
