/* SPDX-License-Identifier: GPL-2.0 */
/* entry-aarch64.S - what can't be said in C: registers, stacks, threads. */
#define TB_MOVED -4001 /* as runtime.h has it */
#define CTX 768

	.text
	.globl _start
_start:
	mov x29, #0
	mov x30, #0
	mov x0, sp
	and sp, x0, #-16
	bl tb_boot
	brk #0

/* tb_enter(stack, fn, arg): on a new stack; the walk ends at tb_base */
	.globl tb_enter, tb_base
tb_enter:
	and sp, x0, #-16
	mov x0, x2
	mov x29, #0
	blr x1
tb_base:
	bl tb_thread_end
	brk #0

	.macro capture
	sub sp, sp, #CTX
	stp x19, x20, [sp, #19*8]
	stp x21, x22, [sp, #21*8]
	stp x23, x24, [sp, #23*8]
	stp x25, x26, [sp, #25*8]
	stp x27, x28, [sp, #27*8]
	stp x29, x30, [sp, #29*8]
	add x9, sp, #CTX
	str x9, [sp, #31*8]
	str x30, [sp, #95*8]
	add x9, sp, #72*8
	stp d8, d9, [x9]
	stp d10, d11, [x9, #16]
	stp d12, d13, [x9, #32]
	stp d14, d15, [x9, #48]
	.endm

	.globl __tombolo_point
__tombolo_point:
	capture
	mov x0, sp
	bl tb_point
	ldr x30, [sp, #95*8]
	add sp, sp, #CTX
	ret

	.globl __tombolo_migrate
__tombolo_migrate:
	capture
	mov x0, sp
	bl tb_migrate
	ldr x30, [sp, #95*8]
	add sp, sp, #CTX
	ret

	.globl __tombolo_continue
__tombolo_continue:
	capture
	mov x2, x1
	mov x1, x0
	mov x0, sp
	bl tb_continue
	brk #0

	.globl tb_install
tb_install:
	mov x9, x0
	ldp x19, x20, [x9, #19*8]
	ldp x21, x22, [x9, #21*8]
	ldp x23, x24, [x9, #23*8]
	ldp x25, x26, [x9, #25*8]
	ldp x27, x28, [x9, #27*8]
	ldp x29, x30, [x9, #29*8]
	add x10, x9, #72*8
	ldp d8, d9, [x10]
	ldp d10, d11, [x10, #16]
	ldp d12, d13, [x10, #32]
	ldp d14, d15, [x10, #48]
	ldp x0, x1, [x9]
	ldr x10, [x9, #95*8]
	ldr x9, [x9, #31*8]
	mov sp, x9
	br x10

	.globl tb_set_tp
tb_set_tp:
	msr tpidr_el0, x0
	ret

	.globl tb_sigreturn
tb_sigreturn:
	mov x8, #139
	svc #0

	.globl __tombolo_setjmp, setjmp, _setjmp
/* Of a function that never migrates: nobody will fill the buffer again */
setjmp:
_setjmp:
	mov x1, #0
__tombolo_setjmp:
	stp x19, x20, [x0]
	stp x21, x22, [x0, #16]
	stp x23, x24, [x0, #32]
	stp x25, x26, [x0, #48]
	stp x27, x28, [x0, #64]
	stp x29, x30, [x0, #80]
	mov x2, sp
	str x2, [x0, #96]
	stp d8, d9, [x0, #104]
	stp d10, d11, [x0, #120]
	stp d12, d13, [x0, #136]
	stp d14, d15, [x0, #152]
	b tb_setjmp_tail

	.globl longjmp, _longjmp
longjmp:
_longjmp:
	mov x19, x0
	mov w20, w1
	bl tb_longjmp_check
	mov x2, x19
	mov w0, w20
	cmp w0, #0
	csinc w0, w0, wzr, ne
	ldp x19, x20, [x2]
	ldp x21, x22, [x2, #16]
	ldp x23, x24, [x2, #32]
	ldp x25, x26, [x2, #48]
	ldp x27, x28, [x2, #64]
	ldp x29, x30, [x2, #80]
	ldr x3, [x2, #96]
	ldp d8, d9, [x2, #104]
	ldp d10, d11, [x2, #120]
	ldp d12, d13, [x2, #136]
	ldp d14, d15, [x2, #152]
	mov sp, x3
	ret

/* tb_clone(flags, stack, ptid, tls, ctid): the child runs tb_thread_main with
 * the stack's top word */
	.globl tb_clone
tb_clone:
	mov x8, #220
	svc #0
	cbz x0, 1f
	ret
1:	mov x29, #0
	ldr x0, [sp], #16
	bl tb_thread_main
	brk #0

/* tb_free_exit(used): the stack may be somebody else's after the store */
	.globl tb_free_exit
tb_free_exit:
	stlr wzr, [x0]
	mov x0, #0
	mov x8, #93
	svc #0
	brk #0

/* tb_syscall_cp(cancel, kick, number, a, b, c, d, e, f) */
	.globl tb_syscall_cp, __cp_begin, __cp_end, __cp_cancel, __cp_move
tb_syscall_cp:
	mov x9, x0
	mov x10, x1
	mov x8, x2
	mov x0, x3
	mov x1, x4
	mov x2, x5
	mov x3, x6
	mov x4, x7
	ldr x5, [sp]
__cp_begin:
	ldr w9, [x9]
	cbnz w9, __cp_cancel
	ldr w10, [x10]
	cbnz w10, __cp_move
	svc #0
__cp_end:
	ret
__cp_cancel:
	b tb_cancelled
__cp_move:
	mov x0, #TB_MOVED
	ret

	.section .note.GNU-stack, "", %progbits
