/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The barriers between kernels on riscv64: smp_mb() and its kin, which are none on a kernel with one CPU. */
#ifndef IMB_ARCH_RISCV64_H
#define IMB_ARCH_RISCV64_H

#include <asm/barrier.h>

static inline void imb_arch_wmb(void)
{
	RISCV_FENCE(w, w);
}

/* Loads before it, against loads and stores after it. */
static inline void imb_arch_rmb(void)
{
	RISCV_FENCE(r, rw);
}

static inline void imb_arch_mb(void)
{
	RISCV_FENCE(rw, rw);
}

#endif /* IMB_ARCH_RISCV64_H */
