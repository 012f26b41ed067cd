// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Concurrency Kit's single-producer single-consumer ring as a contender. */
#include <ck_ring.h>
#include <stdlib.h>
#include <string.h>
#include "queue.h"

/* ck's typed rings want a type for each size. */
#define CK_QUEUE(bytes)                                                      \
	struct ck_msg_##bytes {                                              \
		char data[bytes];                                            \
	};                                                                   \
	CK_RING_PROTOTYPE(msg_##bytes, ck_msg_##bytes)                       \
	struct ck_queue_##bytes {                                            \
		ck_ring_t ring __attribute__((aligned(128)));                \
		struct ck_msg_##bytes slots[BENCH_SLOTS]                     \
			__attribute__((aligned(128)));                       \
	};                                                                   \
	static void *ck_create_##bytes(size_t size)                          \
	{                                                                    \
		struct ck_queue_##bytes *q = aligned_alloc(128, sizeof(*q)); \
                                                                             \
		(void)size;                                                  \
		if (!q)                                                      \
			return NULL;                                         \
		memset(q, 0, sizeof(*q));                                    \
		ck_ring_init(&q->ring, BENCH_SLOTS);                         \
		return q;                                                    \
	}                                                                    \
	static bool ck_push_##bytes(void *queue, const void *msg, size_t n)  \
	{                                                                    \
		struct ck_queue_##bytes *q = queue;                          \
		const struct ck_msg_##bytes *m = msg;                        \
                                                                             \
		(void)n;                                                     \
		return CK_RING_ENQUEUE_SPSC(msg_##bytes, &q->ring, q->slots, \
					    (struct ck_msg_##bytes *)m);     \
	}                                                                    \
	static bool ck_pop_##bytes(void *queue, void *msg, size_t n)         \
	{                                                                    \
		struct ck_queue_##bytes *q = queue;                          \
                                                                             \
		(void)n;                                                     \
		return CK_RING_DEQUEUE_SPSC(msg_##bytes, &q->ring, q->slots, \
					    (struct ck_msg_##bytes *)msg);   \
	}

#define CK_ROW(bytes)                                                       \
	{                                                                   \
		"ck_ring", bytes, ck_create_##bytes, free, ck_push_##bytes, \
			ck_pop_##bytes                                      \
	}

CK_QUEUE(8)
CK_QUEUE(64)
CK_QUEUE(256)
CK_QUEUE(1024)
CK_QUEUE(4096)

const struct bench_queue bench_ck[] = {
	CK_ROW(8), CK_ROW(64), CK_ROW(256), CK_ROW(1024), CK_ROW(4096), { 0 },
};
