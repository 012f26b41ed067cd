// SPDX-License-Identifier: GPL-2.0
// save.c - a state file that outlives the process, and what it can't hold:
// descriptors other than files and the three standard ones, threads.
#include "runtime.h"

enum { GETFL = 3, SETFD = 2, GETFD = 1, DUPFD = 0, CUR = 1, SET = 0 };

struct dirent64 {
	u64 ino;
	s64 off;
	unsigned short len;
	u8 type;
	char name[];
};

static const char *note(int fd)
{
	static char link[40] = "/proc/self/fd/", number[24];
	struct tb_world *w = tb_state;
	struct tb_fd *f = &w->fd[w->fds];
	char *digits = tb_decimal(number + sizeof(number), (u64)fd);
	long len;

	if (fd < 3)
		return NULL;
	if (w->fds == TB_FDS)
		return "too many descriptors";
	tb_copy(link + 14, digits, tb_len(digits) + 1);
	len = sys4(SYS_readlinkat, -100, link, f->path, sizeof(f->path));
	if (len <= 0 || len >= (long)sizeof(f->path))
		return "a descriptor without a name, or with too long a one";
	f->path[len] = 0;
	if (f->path[0] != '/' ||
	    (tb_starts(f->path, "/dev/") && !tb_same(f->path, "/dev/null")) ||
	    (len > 10 && tb_same(f->path + len - 10, " (deleted)")))
		return f->path;
	f->fd = fd;
	f->flags = (s32)sys3(SYS_fcntl, fd, GETFL, 0) |
		   (sys3(SYS_fcntl, fd, GETFD, 0) & 1 ? 02000000 : 0);
	f->offset = (u64)sys3(SYS_lseek, fd, 0, CUR);
	w->fds++;
	return NULL;
}

/* NULL, or what can't be carried */
static const char *note_all(void)
{
	char buffer[2048];
	long dir =
		sys4(SYS_openat, -100, "/proc/self/fd", 0200000 | 02000000, 0);
	const char *bad = NULL;
	long n, at;

	tb_state->fds = 0;
	while ((n = sys3(SYS_getdents64, dir, buffer, sizeof(buffer))) > 0)
		for (at = 0; at < n && !bad;) {
			struct dirent64 *d = (void *)(buffer + at);
			const char *name = d->name;
			int fd;

			at += d->len;
			if (*name < '0' || *name > '9')
				continue;
			fd = (int)tb_number(&name);
			if (fd != dir)
				bad = note(fd);
		}
	sys1(SYS_close, dir);
	return bad;
}

static const char *shared_memory(void)
{
	u64 i;

	for (i = 0; i < tb_state->maps; i++)
		if (tb_state->map[i].kind == TB_SHARED)
			return "memory that is shared with others";
	return NULL;
}

/* Ends the process, unless something can't be carried: then says what. */
void tb_save_file(void)
{
	const char *bad = "a program that has, or had, several threads";
	long fd;

	if (!tb_state->shared)
		bad = note_all();
	if (!bad)
		bad = shared_memory();
	if (bad) {
		tb_say("not saved: ", bad, NULL);
		tb_state->save_to[0] = 0;
		tb_state->refused++;
		return;
	}
	fd = sys4(SYS_openat, -100, tb_state->save_to, 01101, 0600);
	tb_state->limit = 0;
	if (fd < 0 || !tb_dump((int)fd))
		tb_die("cannot write ", tb_state->save_to);
	sys1(SYS_exit_group, 0);
}

/* At a resume from a file: the descriptors, at their old numbers */
void tb_reopen(void)
{
	u64 i;

	for (i = 0; i < tb_state->fds; i++) {
		struct tb_fd *f = &tb_state->fd[i];
		/* Neither created nor emptied again */
		long fd = sys4(SYS_openat, -100, f->path, f->flags & ~01300, 0);

		if (fd < 0)
			tb_die("cannot open again: ", f->path);
		if (fd != f->fd) {
			sys3(SYS_dup3, fd, f->fd, f->flags & 02000000);
			sys1(SYS_close, fd);
		}
		sys3(SYS_lseek, f->fd, f->offset, SET);
	}
	tb_state->fds = 0;
}
