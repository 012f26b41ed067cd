/* SPDX-License-Identifier: GPL-2.0 */
/* arch.h - the ISA that this file is compiled for, seen from C. */
#ifndef TB_ARCH_H
#define TB_ARCH_H

#include "state.h"

/* Registers by their DWARF numbers; the program counter has the last place. */
#define TB_REGS 96
#define TB_PC	95

struct tb_context {
	u64 reg[TB_REGS];
};

#if defined(__x86_64__)
#define TB_ISA TB_X86_64
#define TB_SP  7
/* Where a landing pad gets its two values */
#define TB_PAD0	   0
#define TB_PAD1	   1
#define TB_UC_PC   168
#define TB_UC_SP   160
#define TB_UC_MASK 296

static inline long tb_trap(long n, long a, long b, long c, long d, long e,
			   long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
		       "r"(r9)
		     : "rcx", "r11", "memory");
	return ret;
}

#elif defined(__aarch64__)
#define TB_ISA	   TB_AARCH64
#define TB_SP	   31
#define TB_PAD0	   0
#define TB_PAD1	   1
#define TB_UC_PC   440
#define TB_UC_SP   432
#define TB_UC_MASK 40

static inline long tb_trap(long n, long a, long b, long c, long d, long e,
			   long f)
{
	register long x8 asm("x8") = n;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;
	register long x3 asm("x3") = d;
	register long x4 asm("x4") = e;
	register long x5 asm("x5") = f;

	asm volatile("svc 0"
		     : "+r"(x0)
		     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
		     : "memory");
	return x0;
}

#elif defined(__riscv)
#define TB_ISA	   TB_RISCV64
#define TB_SP	   2
#define TB_PAD0	   10
#define TB_PAD1	   11
#define TB_UC_PC   176
#define TB_UC_SP   192
#define TB_UC_MASK 40

static inline long tb_trap(long n, long a, long b, long c, long d, long e,
			   long f)
{
	register long a7 asm("a7") = n;
	register long a0 asm("a0") = a;
	register long a1 asm("a1") = b;
	register long a2 asm("a2") = c;
	register long a3 asm("a3") = d;
	register long a4 asm("a4") = e;
	register long a5 asm("a5") = f;

	asm volatile("ecall"
		     : "+r"(a0)
		     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
		     : "memory");
	return a0;
}
#endif

#endif
