/* SPDX-License-Identifier: GPL-2.0 */
/* The first instructions of the test program on arm64. */
	.section .start, "ax"
	.global _start
_start:
	adrp	x1, stack_top
	add	x1, x1, :lo12:stack_top
	mov	sp, x1
	/* QEMU starts us at EL1; vector instructions are allowed. */
	mov	x0, #3 << 20
	msr	cpacr_el1, x0
	isb
	bl	main
