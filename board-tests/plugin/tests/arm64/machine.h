/* SPDX-License-Identifier: GPL-2.0 */
/* QEMU's virt machine for arm64: serial line, cache maintenance, page tables. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

#define REPEATED 0xa0000000ul

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

/* Each by its name, on the line at %0; an old assembler has no dc cvap, cvadp. */
#define INSTRUCTIONS(INSN)                     \
	INSN(ivac, "dc ivac, %0")              \
	INSN(cvac, "dc cvac, %0")              \
	INSN(cvap, "sys #3, c7, c12, #1, %0")  \
	INSN(cvadp, "sys #3, c7, c13, #1, %0") \
	INSN(civac, "dc civac, %0")            \
	INSN(cvau, "dc cvau, %0")              \
	INSN(zva, "dc zva, %0")                \
	INSN(isw, "dc isw, xzr")               \
	INSN(csw, "dc csw, xzr")               \
	INSN(cisw, "dc cisw, xzr")             \
	INSN(dsb_sy, "dsb sy")                 \
	INSN(dsb_osh, "dsb osh")               \
	INSN(dsb_oshld, "dsb oshld")           \
	INSN(dsb_oshst, "dsb oshst")           \
	INSN(dsb_ld, "dsb ld")                 \
	INSN(dsb_st, "dsb st")                 \
	INSN(dsb_ish, "dsb ish")               \
	INSN(dsb_nsh, "dsb nsh")               \
	INSN(dmb_sy, "dmb sy")                 \
	INSN(dmb_osh, "dmb osh")               \
	INSN(isb, "isb")

#define CLEAN	do_cvac
#define INVAL	do_ivac
#define FLUSH	do_civac
#define ZERO	do_zva
#define BARRIER do_dsb_sy

/*
 * From now on the first 512 GiB are as before, and physical memory is there
 * once more from 512 GiB on; from 1 TiB on the 2 MiB at REPEATED, over and over.
 * Caches are on.
 */
static inline void mmu_on(void)
{
	static uint64_t gib[512] __attribute__((aligned(4096)));
	static uint64_t root[512] __attribute__((aligned(4096)));
	static uint64_t repeat[512] __attribute__((aligned(4096)));
	static uint64_t repeats[512] __attribute__((aligned(4096)));
	uint64_t i;

	/* 1 GiB blocks: device memory (index 0), then write-back (index 1) */
	for (i = 0; i < 512; i++)
		gib[i] = i << 30 | (i ? 1 << 2 : 0) | 1 << 10 | 3 << 8 | 1;
	for (i = 0; i < 512; i++)
		repeats[i] = REPEATED | 1 << 2 | 1 << 10 | 3 << 8 | 1;
	repeat[0] = (uint64_t)repeats | 3;
	root[0] = root[1] = (uint64_t)gib | 3;
	root[2] = (uint64_t)repeat | 3;
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

static inline uint64_t load_acquire(uint64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static inline void store_release(uint64_t *at, uint64_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/* The other CPU is off; QEMU itself is the firmware. */
static inline void start_other_cpu(void (*entry)(void))
{
	register uint64_t call __asm__("x0") = 0xc4000003;
	register uint64_t cpu __asm__("x1") = 1;
	register uint64_t at __asm__("x2") = (uint64_t)entry;
	register uint64_t context __asm__("x3") = 0;

	__asm__ volatile("hvc #0"
			 : "+r"(call), "+r"(cpu), "+r"(at), "+r"(context)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "memory");
}

#endif /* MACHINE_H */
