/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the Linux port needs to know of arm64: caches and barriers. */
#ifndef IMB_ARCH_ARM64_H
#define IMB_ARCH_ARM64_H

#include <asm/alternative.h>
#include <asm/barrier.h>
#include <asm/cache.h>
#include <asm/cpufeature.h>
#include <asm/sysreg.h>

/* Bytes of the smallest data cache line of all our CPUs: CTR_EL0.DminLine. */
static inline unsigned int imb_arch_line(void)
{
	return 4u << ((read_sanitised_ftr_reg(SYS_CTR_EL0) >> 16) & 0xf);
}

/* Write one line back to the point of coherency. */
static inline void imb_arch_clean_line(unsigned long va)
{
	asm volatile(ALTERNATIVE("dc cvac, %0", "dc civac, %0",
				 ARM64_WORKAROUND_CLEAN_CACHE)
		     :
		     : "r"(va)
		     : "memory");
}

/*
 * Drop one line. We are never its writer, so our copy is clean and nothing is
 * written over what the peer wrote. Not `dc ivac`: where caches turn out to be
 * coherent that reaches the peer's, and what it has stored but not yet cleaned
 * would be lost.
 */
static inline void imb_arch_inval_line(unsigned long va)
{
	asm volatile("dc civac, %0" : : "r"(va) : "memory");
}

/* Wait until the cache operations are complete, for everyone. */
static inline void imb_arch_sync(void)
{
	dsb(sy);
}

/* The outer shareable domain holds all that may be on the other side. */
static inline void imb_arch_wmb(void)
{
	dmb(oshst);
}

/* Loads before it, against loads and stores after it. */
static inline void imb_arch_rmb(void)
{
	dmb(oshld);
}

static inline void imb_arch_mb(void)
{
	dmb(osh);
}

#endif /* IMB_ARCH_ARM64_H */
