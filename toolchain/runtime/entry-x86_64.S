/* SPDX-License-Identifier: GPL-2.0 */
/* entry-x86_64.S - what can't be said in C: registers, stacks, threads. */
#define TB_MOVED -4001 /* as runtime.h has it */
#define CTX 792 /* a struct tb_context, and the stack stays aligned */

	.text
	.globl _start
_start:
	xor %ebp, %ebp
	mov %rsp, %rdi
	and $-16, %rsp
	call tb_boot
	hlt

/* tb_enter(stack, fn, arg): on a new stack; the walk ends at tb_base */
	.globl tb_enter, tb_base
tb_enter:
	mov %rdi, %rsp
	and $-16, %rsp
	mov %rdx, %rdi
	xor %ebp, %ebp
	call *%rsi
tb_base:
	mov %eax, %edi
	call tb_thread_end
	hlt

	.macro capture
	sub $CTX, %rsp
	mov %rbx, 3*8(%rsp)
	mov %rbp, 6*8(%rsp)
	mov %r12, 12*8(%rsp)
	mov %r13, 13*8(%rsp)
	mov %r14, 14*8(%rsp)
	mov %r15, 15*8(%rsp)
	lea CTX+8(%rsp), %rax
	mov %rax, 7*8(%rsp)
	mov CTX(%rsp), %rax
	mov %rax, 95*8(%rsp)
	.endm

	.globl __tombolo_point
__tombolo_point:
	capture
	mov %rsp, %rdi
	call tb_point
	add $CTX, %rsp
	ret

	.globl __tombolo_migrate
__tombolo_migrate:
	capture
	mov %rsp, %rdi
	call tb_migrate
	add $CTX, %rsp
	ret

	.globl __tombolo_continue
__tombolo_continue:
	capture
	mov %rsi, %rdx
	mov %rdi, %rsi
	mov %rsp, %rdi
	call tb_continue
	hlt

	.globl tb_install
tb_install:
	mov 0*8(%rdi), %rax
	mov 1*8(%rdi), %rdx
	mov 3*8(%rdi), %rbx
	mov 6*8(%rdi), %rbp
	mov 12*8(%rdi), %r12
	mov 13*8(%rdi), %r13
	mov 14*8(%rdi), %r14
	mov 15*8(%rdi), %r15
	mov 95*8(%rdi), %rcx
	mov 7*8(%rdi), %rsp
	jmp *%rcx

	.globl tb_set_tp
tb_set_tp:
	mov %rdi, (%rdi)
	mov %rdi, %rsi
	mov $0x1002, %edi /* ARCH_SET_FS */
	mov $158, %eax
	syscall
	ret

	.globl tb_sigreturn
tb_sigreturn:
	mov $15, %eax
	syscall

	.globl __tombolo_setjmp, setjmp, _setjmp
/* Of a function that never migrates: nobody will fill the buffer again */
setjmp:
_setjmp:
	xor %esi, %esi
__tombolo_setjmp:
	mov %rbx, (%rdi)
	mov %rbp, 8(%rdi)
	mov %r12, 16(%rdi)
	mov %r13, 24(%rdi)
	mov %r14, 32(%rdi)
	mov %r15, 40(%rdi)
	lea 8(%rsp), %rdx
	mov %rdx, 48(%rdi)
	mov (%rsp), %rdx
	mov %rdx, 56(%rdi)
	jmp tb_setjmp_tail

	.globl longjmp, _longjmp
longjmp:
_longjmp:
	mov %rdi, %rbx
	mov %esi, %ebp
	and $-16, %rsp
	call tb_longjmp_check
	mov %rbx, %rdi
	mov %ebp, %eax
	cmp $1, %eax
	adc $0, %eax
	mov (%rdi), %rbx
	mov 8(%rdi), %rbp
	mov 16(%rdi), %r12
	mov 24(%rdi), %r13
	mov 32(%rdi), %r14
	mov 40(%rdi), %r15
	mov 48(%rdi), %rsp
	jmp *56(%rdi)

/* tb_clone(flags, stack, ptid, tls, ctid): the child runs tb_thread_main with
 * the stack's top word; native order of the arguments is another one */
	.globl tb_clone
tb_clone:
	mov %r8, %r10
	mov %rcx, %r8
	mov $56, %eax
	syscall
	test %eax, %eax
	jz 1f
	ret
1:	xor %ebp, %ebp
	pop %rdi
	call tb_thread_main
	hlt

/* tb_free_exit(used): the stack may be somebody else's after the store */
	.globl tb_free_exit
tb_free_exit:
	movl $0, (%rdi)
	xor %edi, %edi
	mov $60, %eax
	syscall
	hlt

/* tb_syscall_cp(cancel, kick, number, a, b, c, d, e, f) */
	.globl tb_syscall_cp, __cp_begin, __cp_end, __cp_cancel, __cp_move
tb_syscall_cp:
	mov %rdi, %r11
	mov %rdx, %rax
	mov %rcx, %rdi
	mov %rsi, %rcx
	mov %r8, %rsi
	mov %r9, %rdx
	mov 8(%rsp), %r10
	mov 16(%rsp), %r8
	mov 24(%rsp), %r9
__cp_begin:
	cmpl $0, (%r11)
	jne __cp_cancel
	cmpl $0, (%rcx)
	jne __cp_move
	syscall
__cp_end:
	ret
__cp_cancel:
	jmp tb_cancelled
__cp_move:
	mov $TB_MOVED, %rax
	ret

	.section .note.GNU-stack, "", @progbits
