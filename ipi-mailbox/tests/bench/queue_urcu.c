// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * liburcu's wait-free queue as a contender. It links nodes, so a second one
 * brings the empty nodes back: nothing is allocated while messages flow.
 */
#define _LGPL_SOURCE
#include <urcu/wfcqueue.h>
#include <stdlib.h>
#include <string.h>
#include "queue.h"

struct list {
	struct __cds_wfcq_head head __attribute__((aligned(128)));
	struct cds_wfcq_tail tail __attribute__((aligned(128)));
};

struct node {
	struct cds_wfcq_node link;
	char data[];
};

struct urcu_queue {
	struct list full;
	struct list empty;
	char *nodes;
};

static void put(struct list *list, struct node *n)
{
	cds_wfcq_node_init(&n->link);
	cds_wfcq_enqueue(&list->head, &list->tail, &n->link);
}

static struct node *get(struct list *list)
{
	struct cds_wfcq_node *link =
		__cds_wfcq_dequeue_nonblocking(&list->head, &list->tail);

	if (!link || link == CDS_WFCQ_WOULDBLOCK)
		return NULL;
	return caa_container_of(link, struct node, link);
}

static void *urcu_create(size_t size)
{
	size_t each = (sizeof(struct node) + size + 63) & ~(size_t)63;
	struct urcu_queue *q = aligned_alloc(128, sizeof(*q));
	size_t i;

	if (!q)
		return NULL;
	q->nodes = aligned_alloc(128, each * BENCH_SLOTS);
	if (!q->nodes) {
		free(q);
		return NULL;
	}
	memset(q->nodes, 0, each * BENCH_SLOTS);
	__cds_wfcq_init(&q->full.head, &q->full.tail);
	__cds_wfcq_init(&q->empty.head, &q->empty.tail);
	for (i = 0; i < BENCH_SLOTS; i++)
		put(&q->empty, (struct node *)(void *)(q->nodes + i * each));
	return q;
}

static void urcu_destroy(void *queue)
{
	struct urcu_queue *q = queue;

	free(q->nodes);
	free(q);
}

static bool urcu_push(void *queue, const void *msg, size_t size)
{
	struct urcu_queue *q = queue;
	struct node *n = get(&q->empty);

	if (!n)
		return false;
	memcpy(n->data, msg, size);
	put(&q->full, n);
	return true;
}

static bool urcu_pop(void *queue, void *msg, size_t size)
{
	struct urcu_queue *q = queue;
	struct node *n = get(&q->full);

	if (!n)
		return false;
	memcpy(msg, n->data, size);
	put(&q->empty, n);
	return true;
}

const struct bench_queue bench_urcu = {
	"liburcu wfcqueue", 0, urcu_create, urcu_destroy, urcu_push, urcu_pop,
};
