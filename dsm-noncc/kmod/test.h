/* SPDX-License-Identifier: GPL-2.0 */
/* test.h: what programs can tell dsm-test.ko to do, in this and other kernels. */
#ifndef DSM_TEST_H
#define DSM_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* What the process in the other kernel does with its window. */
enum dsm_test_op {
	DSM_TEST_OPEN = 1, /* addr: number, value: incarnation of the space */
	DSM_TEST_READ, /* value of 8 bytes */
	DSM_TEST_WRITE, /* 8 bytes */
	DSM_TEST_ADD, /* value to 8 bytes, n times, nothing atomic */
	DSM_TEST_SUM, /* of 8 bytes each n steps of value bytes */
	DSM_TEST_FILL, /* addr + i * 4096 = value + i, i below n */
	DSM_TEST_FETCH, /* as FILL, ahead: does not wait */
	DSM_TEST_CLOSE,
};

/**
 * struct dsm_test_call - one operation
 * @kernel: where
 * @op: enum dsm_test_op
 * @addr: in the space
 * @value: in and out
 * @n: how often
 * @error: out: 0 or an errno
 */
struct dsm_test_call {
	__u32 kernel;
	__u32 op;
	__u64 addr;
	__u64 value;
	__u32 n;
	__s32 error;
};

/* arg: kernel. The caller's memory is open to a process over there. */
#define DSM_TEST_SHARE _IO('D', 0x10)
#define DSM_TEST_CALL  _IOWR('D', 0x11, struct dsm_test_call)

#endif /* DSM_TEST_H */
