/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The barriers between kernels on arm64. */
#ifndef IMB_ARCH_ARM64_H
#define IMB_ARCH_ARM64_H

#include <asm/barrier.h>

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
