// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Our ring as a contender: the core's own source over the coherent port. Once
 * polled, as the others are, and once with the doorbell decision after each
 * message.
 */
#include <stdlib.h>
#include "queue.h"
#include "ring.h"

/* Producer's and consumer's private parts never share a line. */
struct imb_queue {
	struct imb_tx tx __attribute__((aligned(128)));
	struct imb_rx rx __attribute__((aligned(128)));
	struct imb_port port __attribute__((aligned(128)));
	struct imb_wire_producer producer __attribute__((aligned(128)));
	struct imb_wire_consumer consumer __attribute__((aligned(128)));
	u8 *slots;
};

static void *imb_create(size_t size)
{
	size_t slot =
		(size + sizeof(struct imb_wire_slot) + IMB_WIRE_LINE - 1) &
		~(size_t)(IMB_WIRE_LINE - 1);
	struct imb_queue *q = aligned_alloc(128, sizeof(*q));

	if (!q)
		return NULL;
	memset(q, 0, sizeof(*q));
	q->slots = aligned_alloc(4096, BENCH_SLOTS * slot);
	if (!q->slots) {
		free(q);
		return NULL;
	}
	memset(q->slots, 0, BENCH_SLOTS * slot);
	q->tx = (struct imb_tx){ .port = &q->port,
				 .slots = q->slots,
				 .mine = &q->producer,
				 .theirs = &q->consumer,
				 .count = BENCH_SLOTS,
				 .size = (u32)slot };
	q->rx = (struct imb_rx){ .port = &q->port,
				 .slots = q->slots,
				 .mine = &q->consumer,
				 .theirs = &q->producer,
				 .count = BENCH_SLOTS,
				 .size = (u32)slot };
	imb_rx_start(&q->rx, 1);
	imb_tx_start(&q->tx, 1);
	return q;
}

static void imb_destroy(void *queue)
{
	struct imb_queue *q = queue;

	free(q->slots);
	free(q);
}

static bool imb_push(void *queue, const void *msg, size_t size)
{
	struct imb_queue *q = queue;
	u8 *to;

	if (imb_tx_reserve(&q->tx, &to))
		return false;
	imb_port_copy_out(&q->port, to, msg, size);
	imb_tx_commit(&q->tx, (u32)size, 1, 0);
	return true;
}

static bool imb_push_kick(void *queue, const void *msg, size_t size)
{
	struct imb_queue *q = queue;

	if (!imb_push(queue, msg, size))
		return false;
	imb_tx_kick(&q->tx);
	return true;
}

static bool imb_pop(void *queue, void *msg, size_t size)
{
	struct imb_queue *q = queue;
	struct imb_slot slot;

	if (imb_rx_peek(&q->rx, &slot) != 1)
		return false;
	imb_port_copy_in(&q->port, msg, slot.data,
			 slot.len < size ? slot.len : size);
	imb_rx_release(&q->rx);
	return true;
}

const struct bench_queue bench_imb = {
	"imb", 0, imb_create, imb_destroy, imb_push, imb_pop,
};

const struct bench_queue bench_imb_kick = {
	"imb, doorbell decision",
	0,
	imb_create,
	imb_destroy,
	imb_push_kick,
	imb_pop,
};
