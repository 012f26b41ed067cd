/* SPDX-License-Identifier: GPL-2.0 */
/* The first instructions of the test program on riscv64, in machine mode. */
	.section .start, "ax"
	.global _start
_start:
	csrr	t0, mhartid
1:	bnez	t0, 1b
	la	sp, stack_top
	call	main
