// SPDX-License-Identifier: GPL-2.0
// exec.c - the hand-over to another ISA on one machine: the process executes
// the other image, under qemu's user emulation if need be. It stays the same
// process: number, descriptors, terminal, children, timers, pending signals.
#include "runtime.h"

enum { F_GETFD = 1, F_SETFD = 2, F_DUPFD = 0, CLOEXEC = 1 };

struct dirent64 {
	u64 ino;
	s64 off;
	unsigned short len;
	u8 type;
	char name[];
};

static int note_fd(int fd, int own)
{
	struct tb_world *s = tb_state;

	if (fd == own || !(sys3(SYS_fcntl, fd, F_GETFD, 0) & CLOEXEC))
		return 1;
	if (s->fds == TB_FDS)
		return 0;
	s->fd[s->fds++].fd = fd;
	sys3(SYS_fcntl, fd, F_SETFD, 0);
	return 1;
}

/*
 * Descriptors that would close at this exec must not; later they must again. Not if
 * there are too many.
 */
static int keep_descriptors(void)
{
	char buffer[2048];
	long fd =
		sys4(SYS_openat, -100, "/proc/self/fd", 0200000 | 02000000, 0);
	int kept = fd >= 0;
	long n, at;

	tb_state->fds = 0;
	while ((n = sys3(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0)
		for (at = 0; at < n;) {
			struct dirent64 *d = (void *)(buffer + at);
			const char *name = d->name;

			at += d->len;
			if (*name >= '0' && *name <= '9')
				kept &= note_fd((int)tb_number(&name), (int)fd);
		}
	sys1(SYS_close, fd);
	return kept;
}

void tb_restore_descriptors(void)
{
	u64 i;

	for (i = 0; i < tb_state->fds; i++)
		sys3(SYS_fcntl, tb_state->fd[i].fd, F_SETFD, CLOEXEC);
	tb_state->fds = 0;
}

/* Not where the program expects its next descriptor to be */
s32 tb_high(long fd, long how)
{
	long high = fd < 0 ? fd : sys3(SYS_fcntl, fd, how, TB_HIGH_FD);

	if (high < 0)
		return (s32)fd;
	sys1(SYS_close, fd);
	return (s32)high;
}

static int make_state_file(void)
{
	int fd = tb_high(sys2(SYS_memfd_create, "tombolo", 0), F_DUPFD);

	if (fd < 0)
		return -1;
	if (tb_dump(fd))
		return fd;
	sys1(SYS_close, fd);
	return -1;
}

void tb_join(char *to, const char *a, const char *b, const char *c)
{
	u64 la = tb_len(a), lb = tb_len(b), lc = tb_len(c);

	tb_copy(to, a, la);
	tb_copy(to + la, b, lb);
	tb_copy(to + la + lb, c, lc + 1);
}

/*
 * Images are PREFIX.ISA, and PREFIX.ISA.emulator if one has to run it. The
 * variable tells it which descriptor has the state.
 */
void tb_execute(u32 isa, const char *variable, int fd)
{
	static char image[600], link[620], emulator[256], text[64], number[24];
	char *argv[3], *envp[2];
	u32 n = 0;
	long len;

	tb_join(image, tb_state->images, ".", tb_isa_name(isa));
	tb_join(link, image, ".emulator", "");
	len = sys4(SYS_readlinkat, -100, link, emulator, sizeof(emulator) - 1);
	if (len > 0) {
		emulator[len] = 0;
		argv[n++] = emulator;
	}
	argv[n++] = image;
	argv[n] = NULL;
	tb_join(text, variable, "=",
		tb_decimal(number + sizeof(number), (u64)fd));
	envp[0] = text;
	envp[1] = NULL;
	sys3(SYS_execve, argv[0], argv, envp);
}

void tb_hand_over(u32 isa)
{
	int fd;

	tb_note_name();
	fd = keep_descriptors() ? make_state_file() : -1;
	if (fd >= 0) {
		tb_execute(isa, "TOMBOLO_RESUME", fd);
		sys1(SYS_close, fd);
	}
	tb_restore_descriptors();
	tb_say("cannot go to ", tb_isa_name(isa), ": going on here", NULL);
	tb_state->refused++;
}
