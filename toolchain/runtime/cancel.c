// SPDX-License-Identifier: GPL-2.0
// cancel.c - system calls at which a thread may be cancelled.
#include "runtime.h"

long __cancel(void);

long __syscall_cp_asm(volatile int *cancel, long n, long a, long b, long c,
		      long d, long e, long f)
{
	long native = tb_plain_number(n);
	long ret;

	if (tb_is_body) {
		if (*cancel)
			return __cancel();
		ret = tb_ask_cancel_point(n, a, b, c, d, e, f);
		return ret == TB_CANCELLED ? __cancel() : ret;
	}
	if (native >= 0)
		return tb_syscall_cp(cancel, native, a, b, c, d, e, f);
	if (*cancel)
		return __cancel();
	return __tombolo_syscall(n, a, b, c, d, e, f);
}
