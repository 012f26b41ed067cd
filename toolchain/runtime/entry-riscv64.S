/* SPDX-License-Identifier: GPL-2.0 */
/* entry-riscv64.S - what can't be said in C: registers, stacks, threads. */
#define TB_MOVED -4001 /* as runtime.h has it */
#define CTX 768

	.option norelax
	.text
	.globl _start
_start:
	.weak __global_pointer$
	lla gp, __global_pointer$
	mv a0, sp
	andi sp, sp, -16
	call tb_boot
	unimp

/* tb_enter(stack, fn, arg): on a new stack; the walk ends at tb_base */
	.globl tb_enter, tb_base
tb_enter:
	andi sp, a0, -16
	mv a0, a2
	li s0, 0
	jalr a1
tb_base:
	call tb_thread_end
	unimp

	.macro capture
	addi sp, sp, -CTX
	sd ra, 1*8(sp)
	sd s0, 8*8(sp)
	sd s1, 9*8(sp)
	sd s2, 18*8(sp)
	sd s3, 19*8(sp)
	sd s4, 20*8(sp)
	sd s5, 21*8(sp)
	sd s6, 22*8(sp)
	sd s7, 23*8(sp)
	sd s8, 24*8(sp)
	sd s9, 25*8(sp)
	sd s10, 26*8(sp)
	sd s11, 27*8(sp)
	fsd fs0, 40*8(sp)
	fsd fs1, 41*8(sp)
	fsd fs2, 50*8(sp)
	fsd fs3, 51*8(sp)
	fsd fs4, 52*8(sp)
	fsd fs5, 53*8(sp)
	fsd fs6, 54*8(sp)
	fsd fs7, 55*8(sp)
	fsd fs8, 56*8(sp)
	fsd fs9, 57*8(sp)
	fsd fs10, 58*8(sp)
	fsd fs11, 59*8(sp)
	addi t0, sp, CTX
	sd t0, 2*8(sp)
	sd ra, 95*8(sp)
	.endm

	.globl __tombolo_point
__tombolo_point:
	capture
	mv a0, sp
	call tb_point
	ld ra, 95*8(sp)
	addi sp, sp, CTX
	ret

	.globl __tombolo_migrate
__tombolo_migrate:
	capture
	mv a0, sp
	call tb_migrate
	ld ra, 95*8(sp)
	addi sp, sp, CTX
	ret

	.globl __tombolo_continue
__tombolo_continue:
	capture
	mv a2, a1
	mv a1, a0
	mv a0, sp
	call tb_continue
	unimp

	.globl tb_install
tb_install:
	mv t0, a0
	ld ra, 1*8(t0)
	ld s0, 8*8(t0)
	ld s1, 9*8(t0)
	ld s2, 18*8(t0)
	ld s3, 19*8(t0)
	ld s4, 20*8(t0)
	ld s5, 21*8(t0)
	ld s6, 22*8(t0)
	ld s7, 23*8(t0)
	ld s8, 24*8(t0)
	ld s9, 25*8(t0)
	ld s10, 26*8(t0)
	ld s11, 27*8(t0)
	fld fs0, 40*8(t0)
	fld fs1, 41*8(t0)
	fld fs2, 50*8(t0)
	fld fs3, 51*8(t0)
	fld fs4, 52*8(t0)
	fld fs5, 53*8(t0)
	fld fs6, 54*8(t0)
	fld fs7, 55*8(t0)
	fld fs8, 56*8(t0)
	fld fs9, 57*8(t0)
	fld fs10, 58*8(t0)
	fld fs11, 59*8(t0)
	ld a0, 10*8(t0)
	ld a1, 11*8(t0)
	ld sp, 2*8(t0)
	ld t0, 95*8(t0)
	jr t0

	.globl tb_set_tp
tb_set_tp:
	mv tp, a0
	ret

	.globl __tombolo_setjmp, setjmp, _setjmp
/* Of a function that never migrates: nobody will fill the buffer again */
setjmp:
_setjmp:
	li a1, 0
__tombolo_setjmp:
	sd s0, 0(a0)
	sd s1, 8(a0)
	sd s2, 16(a0)
	sd s3, 24(a0)
	sd s4, 32(a0)
	sd s5, 40(a0)
	sd s6, 48(a0)
	sd s7, 56(a0)
	sd s8, 64(a0)
	sd s9, 72(a0)
	sd s10, 80(a0)
	sd s11, 88(a0)
	sd sp, 96(a0)
	sd ra, 104(a0)
	fsd fs0, 112(a0)
	fsd fs1, 120(a0)
	fsd fs2, 128(a0)
	fsd fs3, 136(a0)
	fsd fs4, 144(a0)
	fsd fs5, 152(a0)
	fsd fs6, 160(a0)
	fsd fs7, 168(a0)
	fsd fs8, 176(a0)
	fsd fs9, 184(a0)
	fsd fs10, 192(a0)
	fsd fs11, 200(a0)
	tail tb_setjmp_tail

	.globl longjmp, _longjmp
longjmp:
_longjmp:
	mv s0, a0
	mv s1, a1
	call tb_longjmp_check
	mv t0, s0
	seqz a0, s1
	add a0, a0, s1
	ld s0, 0(t0)
	ld s1, 8(t0)
	ld s2, 16(t0)
	ld s3, 24(t0)
	ld s4, 32(t0)
	ld s5, 40(t0)
	ld s6, 48(t0)
	ld s7, 56(t0)
	ld s8, 64(t0)
	ld s9, 72(t0)
	ld s10, 80(t0)
	ld s11, 88(t0)
	ld sp, 96(t0)
	ld ra, 104(t0)
	fld fs0, 112(t0)
	fld fs1, 120(t0)
	fld fs2, 128(t0)
	fld fs3, 136(t0)
	fld fs4, 144(t0)
	fld fs5, 152(t0)
	fld fs6, 160(t0)
	fld fs7, 168(t0)
	fld fs8, 176(t0)
	fld fs9, 184(t0)
	fld fs10, 192(t0)
	fld fs11, 200(t0)
	ret

/* tb_clone(flags, stack, ptid, tls, ctid): the child runs tb_thread_main with
 * the stack's top word */
	.globl tb_clone
tb_clone:
	li a7, 220
	ecall
	beqz a0, 1f
	ret
1:	li s0, 0
	ld a0, 0(sp)
	addi sp, sp, 16
	call tb_thread_main
	unimp

/* tb_free_exit(used): the stack may be somebody else's after the store */
	.globl tb_free_exit
tb_free_exit:
	fence rw, w
	sw zero, (a0)
	li a0, 0
	li a7, 93
	ecall
	unimp

/* tb_syscall_cp(cancel, kick, number, a, b, c, d, e, f) */
	.globl tb_syscall_cp, __cp_begin, __cp_end, __cp_cancel, __cp_move
tb_syscall_cp:
	mv t0, a0
	mv t1, a1
	mv t2, a2
	mv a0, a3
	mv a1, a4
	mv a2, a5
	mv a3, a6
	mv a4, a7
	ld a5, 0(sp)
	mv a7, t2
__cp_begin:
	lw t0, 0(t0)
	bnez t0, __cp_cancel
	lw t1, 0(t1)
	bnez t1, __cp_move
	ecall
__cp_end:
	ret
__cp_cancel:
	tail tb_cancelled
__cp_move:
	li a0, TB_MOVED
	ret

	.section .note.GNU-stack, "", @progbits
