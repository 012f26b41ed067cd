// SPDX-License-Identifier: GPL-2.0
// save.c - a state file that outlives the process, and what it can't hold:
// descriptors other than files and the three standard ones, what others share.
#include "runtime.h"

enum { GETFL = 3, SETFD = 2, GETFD = 1, DUPFD = 0, CUR = 1, SET = 0 };

struct dirent64 {
	u64 ino;
	s64 off;
	unsigned short len;
	u8 type;
	char name[];
};

/* A file or folder: what is there again under its name, and can be read again */
static int is_lasting(int fd)
{
	enum { EMPTY_PATH = 0x1000, TYPE = 1 };
	enum { MODE = 28, FORMAT = 0170000, FILE = 0100000, FOLDER = 0040000 };
	u8 stat[256];
	u32 format;

	if (sys(SYS_statx, fd, (long)"", EMPTY_PATH, TYPE, (long)stat, 0))
		return 0;
	format = *(unsigned short *)(stat + MODE) & FORMAT;
	return format == FILE || format == FOLDER;
}

/* Devices that are the same wherever and whenever they are opened */
static int is_common_device(const char *path)
{
	static const char *const names[] = { "null", "zero", "full", "random",
					     "urandom" };
	u32 i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (tb_starts(path, "/dev/") && tb_same(path + 5, names[i]))
			return 1;
	return 0;
}

/* Whether anybody in this process has locked it: the kernel's notes tell. */
static int is_locked(int fd)
{
	char path[64] = "/proc/self/fdinfo/", digits[24], text[2048];
	long notes, n, i;

	tb_join(path, path, "", tb_decimal(digits + sizeof(digits), (u64)fd));
	notes = sys4(SYS_openat, -100, path, 0, 0);
	n = notes < 0 ? 0 : sys3(SYS_read, notes, text, sizeof(text) - 8);
	if (notes >= 0)
		sys1(SYS_close, notes);
	if (n < 0)
		n = 0;
	tb_zero(text + n, 8);
	for (i = 0; i < n; i++)
		if ((!i || text[i - 1] == '\n') && tb_starts(text + i, "lock:"))
			return 1;
	return 0;
}

static const char *note(int fd)
{
	static char link[40] = "/proc/self/fd/", number[24];
	struct tb_world *w = tb_state;
	struct tb_fd *f = &w->fd[w->fds];
	char *digits = tb_decimal(number + sizeof(number), (u64)fd);
	long len;

	if (fd < 3 || tb_is_own_fd(fd))
		return NULL;
	if (w->fds == TB_FDS)
		return "too many descriptors";
	tb_copy(link + 14, digits, tb_len(digits) + 1);
	len = sys4(SYS_readlinkat, -100, link, f->path, sizeof(f->path));
	if (len <= 0 || len >= (long)sizeof(f->path))
		return "a descriptor without a name, or with too long a one";
	f->path[len] = 0;
	if (f->path[0] != '/' ||
	    (!is_lasting(fd) && !is_common_device(f->path)) ||
	    (len > 10 && tb_same(f->path + len - 10, " (deleted)")))
		return f->path;
	if (is_locked(fd))
		return "a locked file";
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

/*
 * What has come is the program's business before it is saved; what it does not
 * want to hear of yet cannot be kept. Under qemu nobody sees that.
 */
void tb_note_pending(void)
{
	const u64 cancel = 1UL << (33 - 1); /* told in memory, too */
	u64 now = 0;

	sys2(SYS_rt_sigpending, &now, 8);
	tb_self->pending = now & ~cancel;
}

/* Those that are, or are not, in the mask of the thread that they came for */
static int has_pending(int blocked)
{
	struct tb_thread *t;
	u32 i;

	for (i = 0; i < tb_state->slots; i++) {
		t = &tb_state->thread[i];
		if (t->used == TB_USED &&
		    t->pending & (blocked ? t->sigmask : ~t->sigmask))
			return 1;
	}
	return 0;
}

static const char *tie(void)
{
	u32 tied = tb_state->tied;

	if (tied & TB_TIED_TIMER)
		return "a POSIX timer";
	if (tied & TB_TIED_ROBUST)
		return "robust mutexes";
	return tied & TB_TIED_PRIORITY ? "priority-inheriting mutexes" : NULL;
}

static const char *children(void)
{
	enum { NOHANG = 1, EXITED = 4, NOWAIT = 0x1000000, ALL = 0x40000000 };
	u64 info[16];

	return sys(SYS_waitid, 0, 0, (long)info, NOHANG | EXITED | NOWAIT | ALL,
		   0, 0) ?
		       NULL :
		       "a child process";
}

/* What the kernel holds for the process and a new one can be told */
static void note_process(void)
{
	struct tb_world *s = tb_state;
	long i, n;

	for (i = 0; i < 3; i++)
		sys2(SYS_getitimer, i, &s->timer[i]);
	s->umask = (u32)sys1(SYS_umask, 0);
	sys1(SYS_umask, s->umask);
	n = sys2(SYS_getcwd, s->folder, sizeof(s->folder));
	s->has_folder = n > 0 && s->folder[0] == '/';
}

static void restore_process(void)
{
	struct tb_world *s = tb_state;
	long i;

	for (i = 0; i < 3; i++)
		if (s->timer[i].next[0] || s->timer[i].next[1])
			sys3(SYS_setitimer, i, &s->timer[i], 0);
	sys1(SYS_umask, s->umask);
	if (s->has_folder && sys1(SYS_chdir, s->folder))
		tb_die("cannot go to the folder ", s->folder);
}

/* Of what is there again at a resume, one runs first: the first that there is. */
static void note_first(void)
{
	u32 i = 0;

	while (tb_state->thread[i].used != TB_USED)
		i++;
	tb_state->current = i;
}

/* Those that stopped for it */
void tb_let_go(void)
{
	__atomic_store_n(&tb_state->saving, 0, __ATOMIC_SEQ_CST);
	tb_futex_wake(&tb_state->saving);
}

static const char *what_cannot(void)
{
	const char *bad = note_all();

	bad = bad ? bad : shared_memory();
	bad = bad ? bad : tie();
	if (!bad && has_pending(1))
		bad = "a signal that the program has blocked";
	return bad ? bad : children();
}

/* Ends the process, or says why not. What is there of a file then is no state. */
static const char *write_file(void)
{
	struct tb_world *s = tb_state;
	u32 current = s->current;
	long fd = sys4(SYS_openat, -100, s->save_to, 01102, 0600);

	if (fd < 0)
		return "cannot open the file";
	note_process();
	note_first();
	if (tb_dump_file((int)fd))
		sys1(SYS_exit_group, 0);
	sys2(SYS_ftruncate, fd, 0);
	sys1(SYS_close, fd);
	s->filed = 0;
	s->current = current;
	return "cannot write the file";
}

/* Ends the process, unless something can't be carried: then says what. */
void tb_save_file(void)
{
	int stopped = tb_state->shared ? tb_stop_others() : 1;
	const char *bad;

	if (!stopped)
		return;
	tb_note_pending();
	tb_note_name();
	if (stopped > 0 && has_pending(0)) { /* at the next point, then */
		tb_let_go();
		tb_policy_ask(tb_self, TB_NEXT);
		return;
	}
	if (stopped > 0) {
		bad = what_cannot();
		bad = bad ? bad : write_file();
		tb_say("not saved: ", bad, NULL);
	}
	tb_state->save_to[0] = 0;
	tb_state->refused++;
	tb_let_go();
}

/* What cannot leave this process can as little be saved. */
void tb_never_saved(void)
{
	const char *bad = shared_memory();

	if (!tb_state->save_to[0])
		return;
	bad = bad ? bad : tie();
	tb_say("not saved: ", bad ? bad : "what does not survive an exec",
	       NULL);
	tb_state->save_to[0] = 0;
}

static void open_at(const struct tb_fd *f)
{
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

/* At a resume from a file: the descriptors, at their old numbers, and the rest */
void tb_open_again(void)
{
	u64 i;

	for (i = 0; i < tb_state->fds; i++)
		open_at(&tb_state->fd[i]);
	tb_state->fds = 0;
	restore_process();
}
