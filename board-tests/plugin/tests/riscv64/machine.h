/* SPDX-License-Identifier: GPL-2.0 */
/* QEMU's virt machine for riscv64: serial line, cache maintenance, page tables. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

#define REPEATED 0xa0000000ul

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

/* Each by its name, on the line at %0; an old assembler has no Zicbom, Zicboz. */
#define INSTRUCTIONS(INSN)                            \
	INSN(cbo_inval, ".insn i 0x0f, 2, x0, %0, 0") \
	INSN(cbo_clean, ".insn i 0x0f, 2, x0, %0, 1") \
	INSN(cbo_flush, ".insn i 0x0f, 2, x0, %0, 2") \
	INSN(cbo_zero, ".insn i 0x0f, 2, x0, %0, 4")  \
	INSN(fence_rw_rw, "fence rw, rw")             \
	INSN(fence_io_io, "fence iorw, iorw")         \
	INSN(fence_w_r, "fence w, r")                 \
	INSN(fence_w_w, "fence w, w")                 \
	INSN(fence_rw_w, "fence rw, w")               \
	INSN(fence_w_o, "fence w, o")                 \
	INSN(fence_r_rw, "fence r, rw")               \
	INSN(fence_i_o, "fence i, o")                 \
	INSN(fence_i, "fence.i")                      \
	INSN(pause, ".word 0x0100000f")

#define CLEAN	do_cbo_clean
#define INVAL	do_cbo_inval
#define FLUSH	do_cbo_flush
#define ZERO	do_cbo_zero
#define BARRIER do_fence_rw_rw

/*
 * From now on, in supervisor mode, the first 128 GiB are as before, and physical
 * memory is there once more from 128 GiB on; in the first GiB of the upper half
 * are the 2 MiB at REPEATED, over and over.
 */
static inline void mmu_on(void)
{
	static uint64_t root[512] __attribute__((aligned(4096)));
	static uint64_t repeats[512] __attribute__((aligned(4096)));
	uint64_t i, status = 1ul << 11;

	/* 1 GiB leaves: read, write, execute, accessed, dirty */
	for (i = 0; i < 256; i++)
		root[i] = (i & 127) << 28 | 0xcf;
	for (i = 0; i < 512; i++)
		repeats[i] = REPEATED >> 2 | 0xcf;
	root[256] = (uint64_t)repeats >> 2 | 1;
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

/* The compiler's have fences that complete what a test wants pending. */
static inline uint64_t load_acquire(uint64_t *at)
{
	uint64_t value;

	__asm__ volatile("ld %0, (%1); fence r, rw"
			 : "=r"(value)
			 : "r"(at)
			 : "memory");
	return value;
}

static inline void store_release(uint64_t *at, uint64_t value)
{
	__asm__ volatile("amoswap.d.rl zero, %1, (%0)"
			 :
			 : "r"(at), "r"(value)
			 : "memory");
}

/* The other CPU waits for this one's word that it may begin. */
extern volatile uint64_t other_may_start;

static inline void start_other_cpu(void (*entry)(void))
{
	(void)entry;
	other_may_start = 1;
}

#endif /* MACHINE_H */
