/* SPDX-License-Identifier: GPL-2.0 */
/* The first instructions of the test program on arm64, of both CPUs. */
	.section .start, "ax"
	.global _start, _start_other
	.macro	begin stack, function
	adrp	x1, \stack
	add	x1, x1, :lo12:\stack
	mov	sp, x1
	/* QEMU starts us at EL1; vector instructions are allowed. */
	mov	x0, #3 << 20
	msr	cpacr_el1, x0
	isb
	bl	\function
	.endm
_start:
	begin	stack_top, main
_start_other:
	begin	other_stack_top, other
