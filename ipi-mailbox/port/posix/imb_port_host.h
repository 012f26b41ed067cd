/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The port for user space on one coherent machine: unit tests and benchmark. */
#ifndef IMB_PORT_HOST_H
#define IMB_PORT_HOST_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define cpu_to_le16(x) htole16(x)
#define cpu_to_le32(x) htole32(x)
#define le16_to_cpu(x) le16toh(x)
#define le32_to_cpu(x) le32toh(x)

#define __shm
#define imb_unlikely(x) __builtin_expect(!!(x), 0)

/**
 * struct imb_port - one side of a link within a process
 * @bells: how often the core rang; the reader of the bell clears it
 * @now_ms: what the core takes for the time, moved on by the test
 */
struct imb_port {
	u64 bells;
	u64 now_ms;
};

static inline u32 imb_port_load32(struct imb_port *port, const __le32 __shm *p)
{
	(void)port;
	return le32toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static inline u64 imb_port_load64(struct imb_port *port, const __le64 __shm *p)
{
	(void)port;
	return le64toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static inline void imb_port_store32(struct imb_port *port, __le32 __shm *p,
				    u32 v)
{
	(void)port;
	__atomic_store_n(p, htole32(v), __ATOMIC_RELAXED);
}

static inline void imb_port_store64(struct imb_port *port, __le64 __shm *p,
				    u64 v)
{
	(void)port;
	__atomic_store_n(p, htole64(v), __ATOMIC_RELAXED);
}

static inline void imb_port_copy_in(struct imb_port *port, void *dst,
				    const void __shm *src, size_t n)
{
	(void)port;
	memcpy(dst, src, n);
}

static inline void imb_port_copy_out(struct imb_port *port, void __shm *dst,
				     const void *src, size_t n)
{
	(void)port;
	memcpy(dst, src, n);
}

static inline void imb_port_clean(struct imb_port *port, const void __shm *p,
				  size_t n)
{
	(void)port;
	(void)p;
	(void)n;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline void imb_port_inval(struct imb_port *port, const void __shm *p,
				  size_t n)
{
	imb_port_clean(port, p, n);
}

static inline void imb_port_wmb(struct imb_port *port)
{
	(void)port;
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void imb_port_rmb(struct imb_port *port)
{
	(void)port;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static inline void imb_port_mb(struct imb_port *port)
{
	(void)port;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void imb_port_bell(struct imb_port *port)
{
	__atomic_fetch_add(&port->bells, 1, __ATOMIC_RELAXED);
}

static inline u64 imb_port_now_ms(struct imb_port *port)
{
	return port->now_ms;
}

#endif /* IMB_PORT_HOST_H */
