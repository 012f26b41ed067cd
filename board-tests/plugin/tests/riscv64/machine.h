/* SPDX-License-Identifier: GPL-2.0 */
/* QEMU's virt machine for riscv64: serial line, cache maintenance, page tables. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

#define UART(offset) (*(volatile uint8_t *)(0x10000000ul + (offset)))

static inline int uart_can_put(void)
{
	return UART(5) & 0x20;
}

static inline void uart_put(char c)
{
	UART(0) = (uint8_t)c;
}

static inline int uart_can_get(void)
{
	return UART(5) & 1;
}

static inline char uart_get(void)
{
	return (char)UART(0);
}

/* The assembler may not know the names of Zicbom and Zicboz. */
#define CBO(name, number)                                            \
	static inline void cache_##name(uint64_t at)                 \
	{                                                            \
		__asm__ volatile(".insn i 0x0f, 2, x0, %0, " #number \
				 :                                   \
				 : "r"(at)                           \
				 : "memory");                        \
	}
CBO(inval, 0)
CBO(clean, 1)
CBO(flush, 2)
CBO(zero, 4)

/* arm64 has them, riscv64 has not. */
static inline void cache_unify(uint64_t at)
{
}

static inline void cache_all(void)
{
}

static inline void barrier(void)
{
	__asm__ volatile("fence rw, rw" : : : "memory");
}

/* The last one is a hint to pause. */
static inline void barrier_that_completes_nothing(void)
{
	__asm__ volatile("fence r, rw; fence i, o; fence.i; .word 0x0100000f"
			 :
			 :
			 : "memory");
}

/*
 * From now on, in supervisor mode, the first 128 GiB are as before, and physical
 * memory is there once more from 128 GiB on.
 */
static inline void mmu_on(void)
{
	static uint64_t root[512] __attribute__((aligned(4096)));
	uint64_t i, status = 1ul << 11;

	/* 1 GiB leaves: read, write, execute, accessed, dirty */
	for (i = 0; i < 256; i++)
		root[i] = (i & 127) << 28 | 0xcf;
	__asm__ volatile("csrw pmpaddr0, %0\n"
			 "csrw pmpcfg0, %1\n"
			 "csrw 0x30a, %2\n"
			 "csrw satp, %3\n"
			 "sfence.vma\n"
			 "csrs mstatus, %4\n"
			 "csrc mstatus, %5\n"
			 "la t0, 1f\n"
			 "csrw mepc, t0\n"
			 "mret\n"
			 "1:"
			 :
			 : "r"(-1ul >> 10), "r"(0x1ful), "r"(0xf0ul),
			   "r"((uint64_t)root >> 12 | 8ul << 60), "r"(status),
			   "r"(status << 1)
			 : "t0", "memory");
}

#endif /* MACHINE_H */
