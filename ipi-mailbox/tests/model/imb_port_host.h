/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The port by which the explorer runs the cores: every access to shared memory
 * becomes an operation of the abstract machine (machine.h), and every call knows
 * where it stands, so that one call site at a time can be switched off.
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
#define le16_to_cpu(x) le16toh(x)
#define le32_to_cpu(x) le32toh(x)

#define __shm
#define imb_unlikely(x) __builtin_expect(!!(x), 0)

/**
 * struct model_site - one call of the port in the source
 * @file: source file
 * @func: function
 * @op: what is called
 * @line: line
 */
struct model_site {
	const char *file;
	const char *func;
	const char *op;
	u64 line;
};

#define MODEL_SITE(name)                                                    \
	({                                                                  \
		static const struct model_site site_                        \
			__attribute__((section("model_sites"), used,        \
				       aligned(8))) = { __FILE__, __func__, \
							name, __LINE__ };   \
		&site_;                                                     \
	})

#define MODEL_LAZY 4 /* loads that a kernel may have under way */

/**
 * struct imb_port - one kernel's side of the port
 * @id: the kernel
 * @outer: site of the imb_publish() or imb_observe() that is running
 * @now_ms: what the core takes for the time
 * @bells: doorbells rung since the program last cleared it
 * @lazy: loads whose value nobody has needed yet
 */
struct imb_port {
	u32 id;
	const struct model_site *outer;
	u64 now_ms;
	u32 bells;
	struct {
		u32 *to;
		u32 n;
		u16 word;
	} lazy[MODEL_LAZY];
};

u64 model_load(struct imb_port *port, const void *p, u32 size,
	       const struct model_site *site);
void model_store(struct imb_port *port, void *p, u64 v, u32 size,
		 const struct model_site *site);
void model_copy_in(struct imb_port *port, void *dst, const void *src, size_t n,
		   const struct model_site *site);
void model_copy_out(struct imb_port *port, void *dst, const void *src, size_t n,
		    const struct model_site *site);
void model_clean(struct imb_port *port, const void *p, size_t n,
		 const struct model_site *site);
void model_inval(struct imb_port *port, const void *p, size_t n,
		 const struct model_site *site);
void model_wmb(struct imb_port *port, const struct model_site *site);
void model_rmb(struct imb_port *port, const struct model_site *site);
void model_mb(struct imb_port *port, const struct model_site *site);
void model_bell(struct imb_port *port, const struct model_site *site);

#define imb_port_load32(port, p) \
	((u32)model_load((port), (p), 4, MODEL_SITE("load")))
#define imb_port_load64(port, p) model_load((port), (p), 8, MODEL_SITE("load"))
#define imb_port_store32(port, p, v) \
	model_store((port), (p), (v), 4, MODEL_SITE("store"))
#define imb_port_store64(port, p, v) \
	model_store((port), (p), (v), 8, MODEL_SITE("store"))
#define imb_port_copy_in(port, dst, src, n) \
	model_copy_in((port), (dst), (src), (n), MODEL_SITE("copy_in"))
#define imb_port_copy_out(port, dst, src, n) \
	model_copy_out((port), (dst), (src), (n), MODEL_SITE("copy_out"))
#define imb_port_clean(port, p, n) \
	model_clean((port), (p), (n), MODEL_SITE("clean"))
#define imb_port_inval(port, p, n) \
	model_inval((port), (p), (n), MODEL_SITE("inval"))
#define imb_port_wmb(port)    model_wmb((port), MODEL_SITE("wmb"))
#define imb_port_rmb(port)    model_rmb((port), MODEL_SITE("rmb"))
#define imb_port_mb(port)     model_mb((port), MODEL_SITE("mb"))
#define imb_port_bell(port)   model_bell((port), MODEL_SITE("bell"))
#define imb_port_now_ms(port) ((port)->now_ms)

#endif /* IMB_PORT_HOST_H */
