/* SPDX-License-Identifier: GPL-2.0 */
/* arm64.S: where the first CPU of an arm64 group comes out of reset; the others are off. */
#include "board.h"
#include "stub.h"

	.text
	.globl _start
_start:
	ldr	x9, =STUB_STACK
	mov	sp, x9
	ldr	x0, =STUB_FIRST_CPU
	b	stub_main
