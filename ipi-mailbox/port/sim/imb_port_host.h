/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The port for tests: kernels that share memory and do not share their caches.
 * sim.h builds the machine; this is what the cores see of it.
 */
#ifndef IMB_PORT_HOST_H
#define IMB_PORT_HOST_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define cpu_to_le16(x) htole16(x)
#define cpu_to_le32(x) htole32(x)
#define cpu_to_le64(x) htole64(x)
#define le16_to_cpu(x) le16toh(x)
#define le32_to_cpu(x) le32toh(x)
#define le64_to_cpu(x) le64toh(x)

#define __shm
#define imb_unlikely(x) __builtin_expect(!!(x), 0)

struct imb_sim;

/**
 * struct imb_port - one kernel's end of a link
 * @sim: the machine
 * @kernel: whose cache is used
 * @peer: whom the bell rings
 */
struct imb_port {
	struct imb_sim *sim;
	u32 kernel;
	u32 peer;
};

u32 imb_port_load32(struct imb_port *port, const __le32 __shm *p);
u64 imb_port_load64(struct imb_port *port, const __le64 __shm *p);
void imb_port_store32(struct imb_port *port, __le32 __shm *p, u32 v);
void imb_port_store64(struct imb_port *port, __le64 __shm *p, u64 v);
void imb_port_copy_in(struct imb_port *port, void *dst, const void __shm *src,
		      size_t n);
void imb_port_copy_out(struct imb_port *port, void __shm *dst, const void *src,
		       size_t n);
void imb_port_clean(struct imb_port *port, const void __shm *p, size_t n);
void imb_port_inval(struct imb_port *port, const void __shm *p, size_t n);
void imb_port_wmb(struct imb_port *port);
void imb_port_rmb(struct imb_port *port);
void imb_port_mb(struct imb_port *port);
void imb_port_bell(struct imb_port *port);
u64 imb_port_now_ms(struct imb_port *port);

#endif /* IMB_PORT_HOST_H */
