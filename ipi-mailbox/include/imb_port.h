/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a host must supply to carry the cores, and the only header the cores
 * include that knows the world outside. Each host has one imb_port_host.h:
 * port/linux (the kernel module), port/posix (coherent host: tests, bench) and
 * port/sim (a simulated cache that never snoops).
 *
 * A host supplies, as functions or macros:
 *
 * types	u8 u16 u32 u64 bool size_t NULL, errno constants, cpu_to_le16()
 *		and its kin, memset(), struct imb_port (opaque to the cores, one per link), __shm
 *		(marks memory that another kernel shares; the cores touch it by
 *		the accessors below and in no other way), imb_unlikely(x)
 *
 * u32 imb_port_load32(port, const __le32 __shm *p)
 * u64 imb_port_load64(port, const __le64 __shm *p)
 * void imb_port_store32(port, __le32 __shm *p, u32 v)
 * void imb_port_store64(port, __le64 __shm *p, u64 v)
 *		One access of exactly that width, little-endian in memory.
 * void imb_port_copy_in(port, void *dst, const void __shm *src, size_t n)
 * void imb_port_copy_out(port, void __shm *dst, const void *src, size_t n)
 *		Any widths, any order.
 *
 * void imb_port_clean(port, const void __shm *p, size_t n)
 *		Write the lines that hold p..p+n back to memory, and wait until
 *		every other kernel that fetches them finds the new bytes. Later
 *		accesses of this kernel come after it.
 * void imb_port_inval(port, const void __shm *p, size_t n)
 *		Forget this kernel's copies of these lines, after all earlier
 *		loads of any line are done; later loads fetch them from memory.
 *		Lines of which this kernel is the writer are
 *		never passed.
 *		Both are empty where caches are coherent, except that clean and
 *		inval still keep the compiler from moving accesses across.
 *
 * void imb_port_wmb(port)	stores before it are visible to the other kernels
 *				before stores after it
 * void imb_port_rmb(port)	loads before it are done before loads and stores
 *				after it
 * void imb_port_mb(port)	all of both, store against later load included
 *		All three order against *other kernels*: never smp_*(), which
 *		is empty on a kernel with one CPU.
 *
 * void imb_port_bell(port)	ring the peer's doorbell; a hint that may be
 *				lost, doubled or late. Who takes the bell finds
 *				everything that was visible, or cleaned, before
 *				it: the port orders stores before the bell, and
 *				the taker's loads after it
 * u64 imb_port_now_ms(port)	milliseconds, never going back
 *
 * None of them may sleep; all of them work in interrupt context.
 */
#ifndef IMB_PORT_H
#define IMB_PORT_H

#include "imb_port_host.h"
#include "imb_wire.h"

/**
 * imb_publish() - make what was written visible, then the word that says so
 * @port: the host
 * @word: the word that peers look at
 * @v: its new value
 *
 * Everything the word stands for must already be clean or lie in the word's own
 * line: lines travel whole, so the barrier alone orders those.
 * ORDER: pairs with imb_observe() in the peer.
 */
static inline void imb_publish(struct imb_port *port, __le64 __shm *word, u64 v)
{
	imb_port_wmb(port);
	imb_port_store64(port, word, v);
	imb_port_clean(port, word, sizeof(*word));
}

/**
 * imb_observe() - fetch a word that the peer publishes
 * @port: the host
 * @word: the word
 *
 * What the word stands for may be read afterwards: bytes of its own line at
 * once, other lines after imb_port_inval().
 * ORDER: pairs with imb_publish() in the peer.
 *
 * Return: its value.
 */
static inline u64 imb_observe(struct imb_port *port, const __le64 __shm *word)
{
	u64 v;

	imb_port_inval(port, word, sizeof(*word));
	v = imb_port_load64(port, word);
	imb_port_rmb(port);
	return v;
}

#endif /* IMB_PORT_H */
