// SPDX-License-Identifier: GPL-2.0
// syscall.c - system calls of the program, which uses the generic numbers,
// flags and structures everywhere: translated where this ISA has others; memory
// and signals pass through the runtime, which has to know of them.
#include "runtime.h"

static long enter(volatile int *cancel, long native, long a, long b, long c,
		  long d, long e, long f)
{
	if (!cancel)
		return tb_trap(native, a, b, c, d, e, f);
	return tb_syscall_cp(cancel, &tb_self->kick, native, a, b, c, d, e, f);
}

#if defined(__x86_64__)
/* native[generic number], from musl's two lists when this is built */
static const short native[] = {
#include "native.h"
};

struct x86_stat {
	u64 dev, ino, nlink;
	u32 mode, uid, gid, pad;
	u64 rdev, size, blksize, blocks;
	u64 time[6];
	u64 unused[3];
};

struct generic_stat {
	u64 dev, ino;
	u32 mode, nlink, uid, gid;
	u64 rdev, pad, size;
	u32 blksize, pad2;
	u64 blocks;
	u64 time[6];
	u32 unused[2];
};

static void give_stat(struct generic_stat *to, const struct x86_stat *from)
{
	u32 i;

	tb_zero(to, sizeof(*to));
	to->dev = from->dev;
	to->ino = from->ino;
	to->mode = from->mode;
	to->nlink = (u32)from->nlink;
	to->uid = from->uid;
	to->gid = from->gid;
	to->rdev = from->rdev;
	to->size = from->size;
	to->blksize = (u32)from->blksize;
	to->blocks = from->blocks;
	for (i = 0; i < 6; i++)
		to->time[i] = from->time[i];
}

struct generic_event {
	u32 events, pad;
	u64 data;
};

struct x86_event {
	u32 events;
	u64 data;
} __attribute__((packed));

static long epoll_wait(volatile int *cancel, long fd, struct generic_event *to,
		       long max, long timeout, long mask, long size)
{
	struct x86_event from[64];
	long i, n;

	if (max > 64)
		max = 64;
	n = enter(cancel, native[SYS_epoll_pwait], fd, (long)from, max, timeout,
		  mask, size);
	for (i = 0; i < n; i++)
		to[i] = (struct generic_event){ from[i].events, 0,
						from[i].data };
	return n;
}

long sys_cp(volatile int *cancel, long n, long a, long b, long c, long d,
	    long e, long f)
{
	struct x86_stat st;
	long ret;

	if (n < 0 || (u64)n >= sizeof(native) / sizeof(*native) ||
	    native[n] < 0)
		return -38;
	switch (n) {
	case SYS_fstat:
		ret = tb_trap(native[n], a, (long)&st, 0, 0, 0, 0);
		if (!ret)
			give_stat((void *)b, &st);
		return ret;
	case SYS_newfstatat:
		ret = tb_trap(native[n], a, b, (long)&st, d, 0, 0);
		if (!ret)
			give_stat((void *)c, &st);
		return ret;
	case SYS_epoll_ctl:
		if (d) {
			struct generic_event *ev = (void *)d;
			struct x86_event own = { ev->events, ev->data };

			return tb_trap(native[n], a, b, c, (long)&own, 0, 0);
		}
		break;
	case SYS_epoll_pwait:
		return epoll_wait(cancel, a, (void *)b, c, d, e, f);
	case SYS_clone: /* the two last arguments are the other way round */
		return tb_trap(native[n], a, b, c, e, d, 0);
	}
	return enter(cancel, native[n], a, b, c, d, e, f);
}

#elif defined(__aarch64__)
enum {
	G_DIRECT = 040000,
	G_LARGEFILE = 0100000,
	G_DIRECTORY = 0200000,
	G_NOFOLLOW = 0400000,
	A_DIRECTORY = 040000,
	A_NOFOLLOW = 0100000,
	A_DIRECT = 0200000,
	A_LARGEFILE = 0400000,
	ALL = 0740000
};

static long to_native(long flags)
{
	return (flags & ~(long)ALL) | (flags & G_DIRECT ? A_DIRECT : 0) |
	       (flags & G_LARGEFILE ? A_LARGEFILE : 0) |
	       (flags & G_DIRECTORY ? A_DIRECTORY : 0) |
	       (flags & G_NOFOLLOW ? A_NOFOLLOW : 0);
}

static long to_generic(long flags)
{
	return (flags & ~(long)ALL) | (flags & A_DIRECT ? G_DIRECT : 0) |
	       (flags & A_LARGEFILE ? G_LARGEFILE : 0) |
	       (flags & A_DIRECTORY ? G_DIRECTORY : 0) |
	       (flags & A_NOFOLLOW ? G_NOFOLLOW : 0);
}

long sys_cp(volatile int *cancel, long n, long a, long b, long c, long d,
	    long e, long f)
{
	enum { GETFL = 3, SETFL = 4 };
	long ret;

	if (n == SYS_openat)
		c = to_native(c);
	else if (n == SYS_fcntl && b == SETFL)
		c = to_native(c);
	ret = enter(cancel, n, a, b, c, d, e, f);
	if (n == SYS_fcntl && b == GETFL && ret >= 0)
		ret = to_generic(ret);
	return ret;
}

#else
long sys_cp(volatile int *cancel, long n, long a, long b, long c, long d,
	    long e, long f)
{
	return enter(cancel, n, a, b, c, d, e, f);
}
#endif

long sys(long n, long a, long b, long c, long d, long e, long f)
{
	return sys_cp(NULL, n, a, b, c, d, e, f);
}

/* Without the home's help: what gives the same in any process */
static long in_body(long n, long a, long b, long c, long d, long e, long f)
{
	s64 now[2];
	long ret;

	switch (n) {
	case SYS_exit:
		tb_thread_end((int)a);
	case SYS_sched_yield:
		return sys0(n);
	case SYS_clock_gettime:
		if ((u64)a > 1) /* the clocks of processes and threads */
			break;
		ret = sys2(n, a, now);
		if (!ret)
			tb_copy((void *)b, now, sizeof(now));
		return ret;
	}
	return tb_ask_home(n, a, b, c, d, e, f);
}

/* Some descriptors are the runtime's own: the program does not close them. */
int tb_is_own_fd(long fd)
{
	return fd >= TB_HIGH_FD && tb_state->shared &&
	       (fd == tb_state->file || fd == tb_state->life ||
		tb_map_has_fd(fd));
}

/* The kernel takes such a mutex for held by a thread of the kernel's number. */
static int is_inherited(long op)
{
	enum { LOCK_PI = 6, UNLOCK_PI, TRYLOCK_PI, WAIT_REQUEUE_PI = 11 };

	op &= 127;
	return (op >= LOCK_PI && op <= TRYLOCK_PI) || op >= WAIT_REQUEUE_PI;
}

long __tombolo_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	if (tb_is_body && tb_self)
		return in_body(n, a, b, c, d, e, f);
	switch (n) {
	case SYS_mmap:
		return tb_mmap((u64)a, (u64)b, c, d, e, f, TB_NORMAL);
	case SYS_munmap:
		return tb_munmap((u64)a, (u64)b);
	case SYS_mprotect:
		return tb_mprotect((u64)a, (u64)b, c);
	case SYS_mremap:
		return tb_mremap((u64)a, (u64)b, (u64)c, (u64)d, (u64)e);
	case SYS_brk: /* malloc does without: one kind of mapping is enough */
		return -TB_ENOMEM;
	case SYS_exit:
		tb_thread_end((int)a);
	case SYS_exit_group:
		if (tb_state->save_to[0] && !tb_borrowed)
			tb_say("not saved: the program has ended before", NULL);
		break;
	case SYS_gettid:
		return tb_self->number;
	case SYS_set_tid_address:
		tb_self->cleared = (u64)a;
		sys1(n, a);
		return tb_self->number;
	case SYS_set_robust_list:
		tb_state->tied |= TB_TIED_ROBUST;
		break;
	case SYS_futex:
		if (is_inherited(b))
			tb_state->tied |= TB_TIED_PRIORITY;
		break;
	case SYS_clock_gettime:
		a = tb_clock_number(a);
		break;
	case SYS_clone: /* a fork(): threads come by another way */
		a = sys(n, a, b, c, d, e, f);
		if (!a)
			tb_only_thread();
		return a;
	case SYS_timer_create:
		tb_state->tied |= TB_TIED_TIMER;
		if (!tb_state->shared)
			tb_state->pinned = 1;
		break;
	case SYS_shmat:
	case SYS_io_setup:
		if (tb_state->shared)
			return -TB_ENOSYS;
		tb_state->pinned = 1;
		break;
	case SYS_madvise:
		if (tb_state->shared && c == TB_DONTNEED)
			return tb_share_discard((u64)a, (u64)b);
		break;
	case SYS_close:
		if (tb_is_own_fd(a))
			return -TB_EBADF;
		break;
	case SYS_dup3:
		if (tb_is_own_fd(b))
			return -TB_EBADF;
		break;
	case SYS_rt_sigaction:
		return tb_sigaction(a, (void *)b, (void *)c, (u64)d);
	case SYS_tkill:
	case SYS_sched_setparam:
	case SYS_sched_setscheduler:
	case SYS_sched_getscheduler:
	case SYS_sched_getparam:
	case SYS_sched_setaffinity:
	case SYS_sched_getaffinity:
		a = tb_kernel_number(a);
		break;
	case SYS_tgkill:
	case SYS_rt_tgsigqueueinfo:
		b = tb_kernel_number(b);
		break;
	}
	return sys(n, a, b, c, d, e, f);
}
