// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a system call is told of by a pointer: the body hands its page over
 * with the call, and the home hands it back with the answer, so that neither has to
 * ask. Only a hint: what is not here, or was wrong, is fetched as everything else.
 */
#include <linux/bits.h>
#include <linux/unistd.h>

#include "ssi.h"

#define ARGS 6

/* Which arguments of the frequent calls are pointers to what is read or written. */
static const u8 points[SSI_SYSCALLS] = {
	[__NR_getcwd] = BIT(0),
	[__NR_epoll_pwait] = BIT(1),
	[__NR_ioctl] = BIT(2),
	[__NR_statfs] = BIT(1),
	[__NR_faccessat] = BIT(1),
	[__NR_openat] = BIT(1),
	[__NR_pipe2] = BIT(0),
	[__NR_getdents64] = BIT(1),
	[__NR_read] = BIT(1),
	[__NR_write] = BIT(1),
	[__NR_readv] = BIT(1),
	[__NR_writev] = BIT(1),
	[__NR_pread64] = BIT(1),
	[__NR_pwrite64] = BIT(1),
	[__NR_ppoll] = BIT(0) | BIT(2),
	[__NR_readlinkat] = BIT(1) | BIT(2),
	[__NR_newfstatat] = BIT(1) | BIT(2),
	[__NR_fstat] = BIT(1),
	[__NR_waitid] = BIT(2),
	[__NR_nanosleep] = BIT(0) | BIT(1),
	[__NR_clock_nanosleep] = BIT(2) | BIT(3),
	[__NR_sched_setaffinity] = BIT(2),
	[__NR_sched_getaffinity] = BIT(2),
	[__NR_rt_sigsuspend] = BIT(0),
	[__NR_rt_sigaction] = BIT(1) | BIT(2),
	[__NR_rt_sigprocmask] = BIT(1) | BIT(2),
	[__NR_times] = BIT(0),
	[__NR_uname] = BIT(0),
	[__NR_getrusage] = BIT(1),
	[__NR_sysinfo] = BIT(0),
	[__NR_socketpair] = BIT(3),
	[__NR_sendto] = BIT(1),
	[__NR_recvfrom] = BIT(1),
	[__NR_sendmsg] = BIT(1),
	[__NR_recvmsg] = BIT(1),
	[__NR_wait4] = BIT(1) | BIT(3),
	[__NR_prlimit64] = BIT(2) | BIT(3),
	[__NR_getrandom] = BIT(0),
	[__NR_statx] = BIT(1) | BIT(4),
};

/* Return: how many pointers there are; their pages are @touch. */
static unsigned int pointers(u64 nr, const u64 *args, struct dsm_touch *touch)
{
	unsigned int i, n = 0;

	for (i = 0; nr < SSI_SYSCALLS && i < ARGS; i++)
		if (points[nr] & BIT(i) && args[i])
			touch[n++] = (struct dsm_touch){ args[i], true };
	return n;
}

/* In the body, before it asks. */
void ssi_lend(struct ssi_body *b, const struct pt_regs *regs)
{
	struct dsm_touch touch[ARGS];
	unsigned int n = pointers(regs->regs[8], regs->regs, touch);

	if (n)
		ssi_window_lend(b->window, touch, n);
}

/* In its shadow, before the answer. */
void ssi_give_back(struct ssi_shadow *s)
{
	const struct ssi_wire_regs *regs = &s->inbox.regs;
	struct dsm_touch touch[ARGS];
	unsigned int i, n;
	u64 args[ARGS];

	if (s->inbox.head.type != SSI_SYSCALL)
		return;
	for (i = 0; i < ARGS; i++)
		args[i] = le64_to_cpu(regs->x[i]);
	n = pointers(le64_to_cpu(regs->syscallno), args, touch);
	if (n)
		dsm_space_give(s->space, s->place, touch, n);
}
