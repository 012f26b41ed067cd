// SPDX-License-Identifier: GPL-2.0
// cancel.c - system calls at which a thread may be cancelled.
#include "runtime.h"

long tb_syscall_cp(volatile int *cancel, long native, long a, long b, long c,
		   long d, long e, long f);
long __cancel(void);

long __syscall_cp_asm(volatile int *cancel, long n, long a, long b, long c,
		      long d, long e, long f)
{
	long native = tb_plain_number(n);

	if (native >= 0)
		return tb_syscall_cp(cancel, native, a, b, c, d, e, f);
	if (*cancel)
		return __cancel();
	return __tombolo_syscall(n, a, b, c, d, e, f);
}
