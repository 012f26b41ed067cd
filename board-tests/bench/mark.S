/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mark-start, mark-stop: execute the hint that counts.so listens to, then exit.
 * Built twice, with HINT=64 and HINT=65.
 */
	.globl _start
_start:
	hint	#HINT
	mov	x0, #0
	mov	x8, #93			/* exit */
	svc	#0
