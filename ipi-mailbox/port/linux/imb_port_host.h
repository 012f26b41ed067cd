/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The port for Linux kernel modules; imb_port.h says what each part has to do. */
#ifndef IMB_PORT_HOST_H
#define IMB_PORT_HOST_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>

#include "tombolo_cache.h"

#if defined(CONFIG_ARM64)
#include "arch-arm64.h"
#elif defined(CONFIG_RISCV)
#include "arch-riscv64.h"
#else
#error "imb has no barriers for this architecture: add port/linux/arch-<name>.h"
#endif

struct mbox_chan;

#ifdef __CHECKER__
#define __shm __attribute__((noderef, address_space(__shm)))
#else
#define __shm
#endif

#define imb_unlikely(x) unlikely(x)

/**
 * struct imb_port - how a link reaches its peer
 * @chan: the peer's doorbell
 * @line: bytes of our smallest cache line, 0 where hardware keeps the caches
 *	of all kernels coherent
 * @peer: the peer's id, for traces
 * @bells: how often it was rung
 * @lose_bells: every so many-th one is lost, for tests; 0: none
 * @rung: bells asked for, to count those by
 */
struct imb_port {
	struct mbox_chan *chan;
	unsigned int line;
	u32 peer;
	u64 bells;
	u32 lose_bells;
	u32 rung;
};

static inline u32 imb_port_load32(struct imb_port *port, const __le32 __shm *p)
{
	return le32_to_cpu(READ_ONCE(*(const __force __le32 *)p));
}

static inline u64 imb_port_load64(struct imb_port *port, const __le64 __shm *p)
{
	return le64_to_cpu(READ_ONCE(*(const __force __le64 *)p));
}

static inline void imb_port_store32(struct imb_port *port, __le32 __shm *p,
				    u32 v)
{
	WRITE_ONCE(*(__force __le32 *)p, cpu_to_le32(v));
}

static inline void imb_port_store64(struct imb_port *port, __le64 __shm *p,
				    u64 v)
{
	WRITE_ONCE(*(__force __le64 *)p, cpu_to_le64(v));
}

/* The barriers keep the compiler from fetching again what has been checked. */
static inline void imb_port_copy_in(struct imb_port *port, void *dst,
				    const void __shm *src, size_t n)
{
	barrier();
	unsafe_memcpy(dst, (__force const void *)src, n,
		      /* the caller may copy several members at once */);
	barrier();
}

static inline void imb_port_copy_out(struct imb_port *port, void __shm *dst,
				     const void *src, size_t n)
{
	barrier();
	unsafe_memcpy((__force void *)dst, src, n,
		      /* the caller may copy several members at once */);
	barrier();
}

static inline void imb_port_clean(struct imb_port *port, const void __shm *p,
				  size_t n)
{
	barrier();
	if (port->line)
		tombolo_cache_clean((__force const void *)p, n, port->line);
}

static inline void imb_port_inval(struct imb_port *port, const void __shm *p,
				  size_t n)
{
	barrier();
	if (port->line)
		tombolo_cache_inval((__force const void *)p, n, port->line);
}

static inline void imb_port_wmb(struct imb_port *port)
{
	imb_arch_wmb();
}

static inline void imb_port_rmb(struct imb_port *port)
{
	imb_arch_rmb();
}

/* Where caches are cleaned by hand it completes that too. */
static inline void imb_port_mb(struct imb_port *port)
{
	if (port->line)
		tombolo_cache_sync();
	else
		imb_arch_mb();
}

/* In kmod/link.c, for the traces. */
void imb_port_bell(struct imb_port *port);

static inline u64 imb_port_now_ms(struct imb_port *port)
{
	return ktime_to_ms(ktime_get());
}

#endif /* IMB_PORT_HOST_H */
