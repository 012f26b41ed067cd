/* SPDX-License-Identifier: GPL-2.0 */
/* QEMU's virt machine for arm64: serial line, cache maintenance, page tables. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

#define UART(offset) (*(volatile uint32_t *)(0x09000000ul + (offset)))

static inline int uart_can_put(void)
{
	return !(UART(0x18) & 0x20);
}

static inline void uart_put(char c)
{
	UART(0) = (uint8_t)c;
}

static inline int uart_can_get(void)
{
	return !(UART(0x18) & 0x10);
}

static inline char uart_get(void)
{
	return (char)UART(0);
}

#define DC(name, insn)                                         \
	static inline void cache_##name(uint64_t at)           \
	{                                                      \
		__asm__ volatile(insn : : "r"(at) : "memory"); \
	}
DC(clean, "dc cvac, %0")
DC(inval, "dc ivac, %0")
DC(flush, "dc civac, %0")
DC(zero, "dc zva, %0")
DC(unify, "dc cvau, %0")

static inline void cache_all(void)
{
	__asm__ volatile("dc csw, xzr" : : : "memory");
}

static inline void barrier(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

static inline void barrier_that_completes_nothing(void)
{
	__asm__ volatile("dmb sy; dsb ishst; dsb ish; isb" : : : "memory");
}

/*
 * From now on the first 512 GiB are as before, and physical memory is there
 * once more from 512 GiB on. Caches are on.
 */
static inline void mmu_on(void)
{
	static uint64_t gib[512] __attribute__((aligned(4096)));
	static uint64_t root[512] __attribute__((aligned(4096)));
	uint64_t i;

	/* 1 GiB blocks: device memory (index 0), then write-back (index 1) */
	for (i = 0; i < 512; i++)
		gib[i] = i << 30 | (i ? 1 << 2 : 0) | 1 << 10 | 3 << 8 | 1;
	root[0] = root[1] = (uint64_t)gib | 3;
	__asm__ volatile("msr mair_el1, %0\n"
			 "msr tcr_el1, %1\n"
			 "msr ttbr0_el1, %2\n"
			 "isb\n"
			 "mrs x9, sctlr_el1\n"
			 "orr x9, x9, #1\n"
			 "orr x9, x9, #4\n"
			 "msr sctlr_el1, x9\n"
			 "isb"
			 :
			 : "r"(0xff00ul), "r"(16ul | 1ul << 23 | 2ul << 32),
			   "r"(root)
			 : "x9", "memory");
}

#endif /* MACHINE_H */
