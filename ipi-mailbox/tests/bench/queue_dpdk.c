// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* DPDK's rte_ring with elements in place, one producer, one consumer. */
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <stdlib.h>
#include "queue.h"

static void *dpdk_create(size_t size)
{
	ssize_t bytes =
		rte_ring_get_memsize_elem((unsigned int)size, BENCH_SLOTS);
	struct rte_ring *r;

	if (bytes < 0)
		return NULL;
	r = aligned_alloc(128, ((size_t)bytes + 127) & ~(size_t)127);
	if (r && rte_ring_init(r, "bench", BENCH_SLOTS,
			       RING_F_SP_ENQ | RING_F_SC_DEQ)) {
		free(r);
		return NULL;
	}
	return r;
}

static bool dpdk_push(void *q, const void *msg, size_t size)
{
	return !rte_ring_sp_enqueue_elem(q, (void *)(uintptr_t)msg,
					 (unsigned int)size);
}

static bool dpdk_pop(void *q, void *msg, size_t size)
{
	return !rte_ring_sc_dequeue_elem(q, msg, (unsigned int)size);
}

const struct bench_queue bench_dpdk = {
	"DPDK rte_ring", 0, dpdk_create, free, dpdk_push, dpdk_pop,
};
