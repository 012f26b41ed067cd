/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the benchmark asks of a queue of fixed-size messages for two threads. */
#ifndef BENCH_QUEUE_H
#define BENCH_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_SLOTS 1024

/**
 * struct bench_queue - one contender
 * @name: for the table
 * @size: bytes of a message; 0 if it takes any size
 * @create: a queue of at least BENCH_SLOTS / 2 messages of @size bytes, or NULL
 * @destroy: free it
 * @push: copy a message in; false if the queue is full
 * @pop: copy the next one out; false if there is none
 */
struct bench_queue {
	const char *name;
	size_t size;
	void *(*create)(size_t size);
	void (*destroy)(void *q);
	bool (*push)(void *q, const void *msg, size_t size);
	bool (*pop)(void *q, void *msg, size_t size);
};

extern const struct bench_queue bench_imb;
extern const struct bench_queue bench_imb_kick;
#ifdef HAVE_DPDK
extern const struct bench_queue bench_dpdk;
#endif
extern const struct bench_queue bench_urcu;
/* One for each size, ended by a NULL name. */
extern const struct bench_queue bench_ck[];
extern const struct bench_queue bench_boost[];
extern const struct bench_queue bench_moodycamel[];
extern const struct bench_queue bench_atomic[];

#ifdef __cplusplus
}
#endif

#endif /* BENCH_QUEUE_H */
