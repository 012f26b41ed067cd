/* SPDX-License-Identifier: GPL-2.0 */
/*
 * __syscall_cp.c - system calls that may wait for long. A thread that is asked to
 * move, or to stop for a state file, is taken out of the kernel, does so here, and
 * begins the call again, with the time that is left.
 */
#include <string.h>
#include <time.h>
#include "pthread_impl.h"
#include "syscall.h"

#define MOVED (-4001L) /* TB_MOVED of the runtime */

long __syscall_cp_asm(volatile void *cancel, long n, long a, long b, long c,
		      long d, long e, long f);
void __tombolo_point(void);
extern volatile unsigned int __tombolo_flag;

static volatile int never;

/* Without pthread_cancel() */
static long plain(long n, long a, long b, long c, long d, long e, long f)
{
	return __syscall_cp_asm(&never, n, a, b, c, d, e, f);
}

hidden long __syscall_cp_c(long n, long a, long b, long c, long d, long e,
			   long f);
weak_alias(plain, __syscall_cp_c);

/* Which argument is a time from now on, or -1 */
static int timeout_of(long n, const long *arg)
{
	switch (n) {
	case SYS_nanosleep:
		return 0;
	case SYS_clock_nanosleep:
		return arg[1] ? -1 : 2;
	case SYS_ppoll:
	case SYS_rt_sigtimedwait:
		return 2;
	case SYS_epoll_pwait:
	case SYS_futex:
		return 3;
	case SYS_pselect6:
		return 4;
	default:
		return -1;
	}
}

/* epoll has milliseconds, and -1 for ever. */
static int is_limited(long n, long timeout)
{
	return n == SYS_epoll_pwait ? (int)timeout > 0 : timeout != 0;
}

static struct timespec first_timeout(long n, long timeout)
{
	if (n == SYS_epoll_pwait)
		return (struct timespec){ timeout / 1000,
					  timeout % 1000 * 1000000 };
	return *(struct timespec *)timeout;
}

static void shorten(struct timespec *left, const struct timespec *since)
{
	struct timespec now;

	__clock_gettime(CLOCK_MONOTONIC, &now);
	left->tv_sec -= now.tv_sec - since->tv_sec;
	left->tv_nsec -= now.tv_nsec - since->tv_nsec;
	if (left->tv_nsec < 0)
		left->tv_nsec += 1000000000, left->tv_sec--;
	if (left->tv_nsec >= 1000000000)
		left->tv_nsec -= 1000000000, left->tv_sec++;
	if (left->tv_sec < 0)
		*left = (struct timespec){ 0 };
}

/* Some calls leave in theirs what remains, on some machines: it gets a copy. */
static long once(long n, const long *arg, int at, struct timespec *left)
{
	struct timespec since, given = *left;
	long a[6], ret;

	memcpy(a, arg, sizeof(a));
	a[at] = (long)&given;
	if (n == SYS_epoll_pwait)
		a[at] = left->tv_sec * 1000 +
			(left->tv_nsec + 999999) / 1000000;
	__clock_gettime(CLOCK_MONOTONIC, &since);
	ret = __syscall_cp_c(n, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (ret == MOVED)
		shorten(left, &since);
	return ret;
}

static long limited(long n, const long *arg, int at)
{
	struct timespec left = first_timeout(n, arg[at]);
	long ret;

	while ((ret = once(n, arg, at, &left)) == MOVED)
		__tombolo_point();
	return ret;
}

long(__syscall_cp)(long n, long a, long b, long c, long d, long e, long f)
{
	long arg[6] = { a, b, c, d, e, f };
	int at = timeout_of(n, arg);
	long ret;

	if (__tombolo_flag) /* at once, and not out of the kernel */
		__tombolo_point();
	if (at >= 0 && is_limited(n, arg[at]))
		return limited(n, arg, at);
	while ((ret = __syscall_cp_c(n, a, b, c, d, e, f)) == MOVED)
		__tombolo_point();
	return ret;
}

/* Not a place where a thread is cancelled: it has the lock of a stream. */
long __tb_restart(long n, long a, long b, long c)
{
	long ret;

	while ((ret = plain(n, a, b, c, 0, 0, 0)) == MOVED)
		__tombolo_point();
	return ret;
}

/* Of musl's loops around a word: they look at it again. */
void __tb_futex_wait(volatile void *word, int op, int value)
{
	if (plain(SYS_futex, (long)word, op, value, 0, 0, 0) == MOVED)
		__tombolo_point();
}
