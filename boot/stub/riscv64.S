/* SPDX-License-Identifier: GPL-2.0 */
/* riscv64.S: where all harts of a riscv64 group come out of reset, in machine mode. */
#include "board.h"
#include "stub.h"

	.text
	.globl _start
_start:
	csrr	a0, mhartid
	li	t0, STUB_STACK_SIZE
	mul	t0, t0, a0
	li	sp, STUB_STACK
	sub	sp, sp, t0
	j	stub_main
