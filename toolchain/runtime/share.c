// SPDX-License-Identifier: GPL-2.0
// share.c - the memory of a program with several threads: one file in memory,
// mapped by the process of each ISA, in which every byte lies at its address.
// The home decides what is mapped; the others map it when they touch it.
#include "runtime.h"

enum {
	PUNCH_HOLE = 3, /* and the file keeps its size */
	SEEK_DATA = 3,
	SEEK_HOLE,
	PROT_READ = 1
};

extern char __tombolo_data_start[], __tombolo_data_end[];

static u64 data_len(void)
{
	return (u64)(__tombolo_data_end - __tombolo_data_start);
}

static u64 state_len(void)
{
	return (sizeof(struct tb_world) + TB_PAGE - 1) & -TB_PAGE;
}

static long map_file(s32 file, u64 at, u64 len, long prot, long how)
{
	return sys(SYS_mmap, (long)at, (long)len, prot, how | TB_MAP_NORESERVE,
		   file, (long)at);
}

static void must_map(s32 file, u64 at, u64 len, long prot, long how)
{
	if (map_file(file, at, len, prot, how) != (long)at)
		tb_die("cannot map the program's memory again", "");
}

/* All of it, over what is there; of the mappings, if nothing may be: NOREPLACE */
static void map_all(s32 file, long how, long where)
{
	struct tb_world *s = tb_state;
	u64 i;

	for (i = 0; i < s->maps; i++)
		if (s->map[i].kind != TB_SHARED)
			must_map(file, s->map[i].start, s->map[i].len,
				 s->map[i].prot, how | where);
	how |= TB_MAP_FIXED;
	must_map(file, (u64)__tombolo_data_start, data_len(), TB_PROT_RW, how);
	must_map(file, TB_STATE_AT, state_len(), TB_PROT_RW, how);
}

static s32 new_file(void)
{
	s32 fd =
		tb_high(sys2(SYS_memfd_create, "tombolo", 1), TB_DUPFD_CLOEXEC);

	if (fd >= 0 && sys2(SYS_ftruncate, fd, TB_ARENA_END)) {
		sys1(SYS_close, fd);
		return -1;
	}
	return fd;
}

/* Memory that is a process's own becomes the file's. */
static int write_everything(s32 file)
{
	struct tb_world *s = tb_state;
	u64 i, from, to;

	for (i = 0; i < s->maps; i++) {
		struct tb_map *m = &s->map[i];

		if (m->kind == TB_SHARED)
			continue;
		tb_used_part(m, &from, &to);
		if (!(m->prot & PROT_READ))
			sys3(SYS_mprotect, m->start, m->len, PROT_READ);
		if (!tb_write_sparse(file, from, to - from, from))
			return 0;
		if (!(m->prot & PROT_READ))
			sys3(SYS_mprotect, m->start, m->len, m->prot);
	}
	return tb_write_sparse(file, (u64)__tombolo_data_start, data_len(),
			       (u64)__tombolo_data_start) &&
	       tb_write_sparse(file, TB_STATE_AT, state_len(), TB_STATE_AT);
}

/* Of threads that have ended, and of this one, which is on none of them */
static void forget_stacks(void)
{
	u32 i;

	for (i = 0; i < tb_state->slots; i++)
		tb_state->thread[i].native[TB_ISA] = NULL;
}

static void new_home(s32 file)
{
	tb_state->file = file;
	tb_state->home_isa = TB_ISA;
	tb_state->home = (u32)sys0(SYS_getpid);
}

/*
 * Before the second thread begins: from here on a migration is no exec, but one
 * thread that goes on in the process of another ISA.
 */
static void share(void)
{
	struct tb_world *s = tb_state;
	s32 file;

	if (s->shared || s->threads || s->pinned || s->isas == 0)
		return;
	file = new_file();
	if (file < 0)
		return;
	new_home(file);
	s->current = (u32)(tb_self - s->thread);
	if (!write_everything(file)) {
		sys1(SYS_close, file);
		return;
	}
	map_all(file, TB_MAP_SHARED, TB_MAP_FIXED);
	forget_stacks();
	s->shared = 1;
	tb_launch_all();
}

/* All frames of the first thread are records. */
void tb_gather(void *unused)
{
	(void)unused;
	share();
	if (tb_state->shared && !tb_has_stack(tb_self, TB_ISA, TB_STACK_SIZE))
		tb_die("no memory for a native stack", "");
	tb_rewind();
}

/*
 * pthread_create() calls it, and by that links what is for programs with threads:
 * see runtime.h.
 */
int __tombolo_gather(void)
{
	return tb_gather_here();
}

/* A state with several threads comes out of a file; none of them runs yet. */
void tb_share_saved(s32 fd)
{
	struct tb_world *s = tb_state;
	s32 file = new_file();
	u64 i;

	tb_forget_native();
	new_home(file);
	if (file < 0 ||
	    !tb_copy_data(fd, s->data_offset, s->data_len, file, s->data_start))
		tb_die("no memory for the saved state", "");
	for (i = 0; i < s->maps; i++)
		if (!tb_copy_data(fd, s->map[i].offset, s->map[i].len, file,
				  s->map[i].start))
			tb_die("no memory for the saved state", "");
	if (!tb_write_sparse(file, TB_STATE_AT, state_len(), TB_STATE_AT))
		tb_die("no memory for the saved state", "");
	map_all(file, TB_MAP_SHARED, TB_MAP_FIXED_NOREPLACE);
}

static int read_into(u64 to, u64 len, long fd, long off)
{
	long n;

	while (len) {
		n = sys4(SYS_pread64, fd, to, len, off);
		if (n < 0)
			return 0;
		if (!n)
			break;
		to += (u64)n;
		off += n;
		len -= (u64)n;
	}
	return 1;
}

/* mmap() of the program: a private view of a file is a copy of it. */
long tb_share_mmap(u64 at, u64 len, long prot, long flags, long fd, long off)
{
	long how = TB_MAP_SHARED |
		   (flags & (TB_MAP_FIXED | TB_MAP_FIXED_NOREPLACE));
	int copy = !(flags & TB_MAP_ANON);
	long p;

	p = map_file(tb_state->file, at, len, copy ? TB_PROT_RW : prot, how);
	if (p < 0 || !copy)
		return p;
	if (!read_into(at, len, fd, off)) {
		sys2(SYS_munmap, at, len);
		tb_share_drop(at, len);
		return -TB_EACCES;
	}
	sys3(SYS_mprotect, at, len, prot);
	return p;
}

/* A descriptor of what is to be shared with others, which the program has not */
s32 tb_share_source(long flags, long fd, u64 len)
{
	s32 own;

	if (!(flags & TB_MAP_ANON))
		return (s32)sys3(SYS_fcntl, fd, TB_DUPFD_CLOEXEC, TB_HIGH_FD);
	own = tb_high(sys2(SYS_memfd_create, "shared", 1), TB_DUPFD_CLOEXEC);
	if (own >= 0)
		sys2(SYS_ftruncate, own, len);
	return own;
}

/* What is there is mapped otherwise from now on. */
void tb_share_again(u64 at, u64 len)
{
	u32 isa;

	for (isa = 0; isa < TB_ISAS; isa++)
		tb_ask_agent(isa, TB_FORGET, at, len);
}

/* Nothing is there any more, in any process; it will be zeros when it is again. */
void tb_share_drop(u64 at, u64 len)
{
	tb_share_again(at, len);
	sys4(SYS_fallocate, tb_state->file, PUNCH_HOLE, at, len);
}

/* The program does not want the contents any more: as private memory does it */
long tb_share_discard(u64 at, u64 len)
{
	if (at % TB_PAGE)
		return -TB_EINVAL;
	return sys4(SYS_fallocate, tb_state->file, PUNCH_HOLE, at,
		    (len + TB_PAGE - 1) & -TB_PAGE);
}

static int copy_range(s32 from, u64 at, u64 end, s32 to, u64 to_at)
{
	static char buffer[1 << 16];

	while (at < end) {
		u64 most = end - at < sizeof(buffer) ? end - at :
						       sizeof(buffer);
		long n = sys4(SYS_pread64, from, buffer, most, at);

		if (n <= 0 || sys4(SYS_pwrite64, to, buffer, n, to_at) != n)
			return 0;
		at += (u64)n;
		to_at += (u64)n;
	}
	return 1;
}

/* Of one file, to another place in another one; holes stay holes. */
int tb_copy_data(s32 from, u64 at, u64 len, s32 to, u64 to_at)
{
	u64 end = at + len, shift = to_at - at;
	long data, hole;

	while (at < end) {
		data = sys3(SYS_lseek, from, at, SEEK_DATA);
		if (data < 0 || (u64)data >= end)
			return 1;
		hole = sys3(SYS_lseek, from, data, SEEK_HOLE);
		if (hole < 0 || (u64)hole > end)
			hole = (long)end;
		if (!copy_range(from, (u64)data, (u64)hole, to,
				(u64)data + shift))
			return 0;
		at = (u64)hole;
	}
	return 1;
}

/*
 * In a forked child, which has one thread: a copy of all of it, private. The
 * parent waits, and holds the lock of the mappings.
 */
static void alone_again(void)
{
	s32 shared = tb_state->file, life = tb_state->life, file = new_file();
	struct tb_thread *self = tb_self;

	if (file < 0 || !tb_copy_data(shared, 0, TB_ARENA_END, file, 0))
		tb_die("no memory for the forked process", "");
	map_all(file, TB_MAP_PRIVATE, TB_MAP_FIXED);
	if (!tb_is_first())
		tb_become_first(self->native[TB_ISA] +
				self->native_size[TB_ISA] - TB_AREA);
	tb_state->shared = 0;
	tb_zero(tb_state->agent, sizeof(tb_state->agent));
	tb_only_thread();
	sys1(SYS_close, file);
	sys1(SYS_close, shared);
	sys1(SYS_close, life);
}

/* fork() at home. A pipe tells that the child has its copy, or is dead. */
static long fork_shared(void)
{
	enum { SIGCHLD = 17 };
	s32 ends[2];
	char byte = 0;
	long ret;

	if (sys2(SYS_pipe2, ends, 02000000))
		return -TB_EAGAIN;
	tb_memory_lock();
	ret = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
	if (!ret) {
		alone_again();
		sys3(SYS_write, ends[1], &byte, 1);
	}
	sys1(SYS_close, ends[1]);
	if (ret > 0)
		sys3(SYS_read, ends[0], &byte, 1);
	sys1(SYS_close, ends[0]);
	tb_memory_unlock();
	return ret;
}

void tb_fork_here(void *unused)
{
	(void)unused;
	tb_self->result = fork_shared();
	tb_rewind();
}
