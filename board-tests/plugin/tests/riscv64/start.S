/* SPDX-License-Identifier: GPL-2.0 */
/* The first instructions of the test program on riscv64, in machine mode. */
	.section .start, "ax"
	.global _start, _start_other, other_may_start
_start:
	csrr	t0, mhartid
	bnez	t0, _start_other
	la	sp, stack_top
	call	main
_start_other:
	ld	t0, other_may_start
	beqz	t0, _start_other
	la	sp, other_stack_top
	call	other

	.data
	.balign	8
other_may_start:
	.dword	0
