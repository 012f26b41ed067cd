// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel 0 sends buffers by reference, kernel 1 reads them and gives them back,
 * at once or after the one that follows.
 */
#include "pool.h"
#include "program.h"
#include "ring.h"

#define SECOND_LINE   16 /* a word of a buffer's second line */
#define MESSAGE_BYTES ((SECOND_LINE + 1) * 4)

struct lender {
	struct imb_tx tx;
	struct imb_pool_tx pool;
	u32 i;
};

/* A buffer that is being read. */
struct loan {
	bool held;
	u32 i;
	u32 buf;
	u32 gen;
	const u8 *data;
};

struct borrower {
	struct imb_rx rx;
	struct imb_pool_rx pool;
	u32 i;
	struct loan kept;
	u32 data[3];
};

size_t pool_size(void)
{
	return sizeof(struct lender) > sizeof(struct borrower) ?
		       sizeof(struct lender) :
		       sizeof(struct borrower);
}

void pool_settle(u32 k, void *data)
{
	struct borrower *b = data;
	struct lender *l = data;

	if (k)
		memset(&b->rx.counts, 0, sizeof(b->rx.counts));
	else
		memset(&l->tx.counts, 0, sizeof(l->tx.counts));
}

static void setup_pool_tx(struct imb_pool_tx *pool, struct imb_port *port)
{
	const struct imb_geometry *g = &cfg->geometry;

	pool->port = port;
	pool->count = g->bufs;
	pool->size = g->buf_size;
	pool->bufs = section(port->id) + imb_offset_pool(g);
	pool->returns = (void *)(section(!port->id) + imb_offset_returns(g));
	pool->mine = (void *)(section(port->id) + imb_offset_want(g));
	imb_pool_tx_start(pool, TAG);
}

static void setup_pool_rx(struct imb_pool_rx *pool, struct imb_port *port)
{
	const struct imb_geometry *g = &cfg->geometry;

	pool->port = port;
	pool->count = g->bufs;
	pool->size = g->buf_size;
	pool->bufs = section(!port->id) + imb_offset_pool(g);
	pool->returns = (void *)(section(port->id) + imb_offset_returns(g));
	pool->theirs = (void *)(section(!port->id) + imb_offset_want(g));
	imb_pool_rx_start(pool, TAG);
}

static void fill(struct imb_port *port, u8 *to, u32 i)
{
	u32 v[3] = { payload_word(i, 0), payload_word(i, 1),
		     payload_word(i, SECOND_LINE) };

	imb_port_copy_out(port, to, v, 8);
	imb_port_copy_out(port, to + SECOND_LINE * 4, &v[2], 4);
}

/* A buffer and a slot, or sleep for them. Return: whether the message went. */
static bool try_send(struct imb_port *port, struct lender *l)
{
	struct imb_wire_ref ref;
	u8 *to = NULL;
	int buf = imb_pool_get(&l->pool);

	if (buf < 0) {
		if (!imb_pool_wait(&l->pool))
			model_sleep(port);
		return false;
	}
	if (imb_tx_reserve(&l->tx, &to)) {
		imb_pool_put(&l->pool, (u32)buf);
		if (!imb_tx_wait(&l->tx))
			model_sleep(port);
		return false;
	}
	fill(port, imb_pool_data(&l->pool, (u32)buf), l->i);
	imb_pool_send(&l->pool, (u32)buf, MESSAGE_BYTES, &ref);
	imb_port_copy_out(port, to, &ref, sizeof(ref));
	imb_tx_commit(&l->tx, sizeof(ref), 0, IMB_WIRE_REF);
	imb_tx_kick(&l->tx);
	return true;
}

void pool_lender(struct imb_port *port, void *data, u32 boot)
{
	struct lender *l = data;

	(void)boot;
	model_sleep(port);
	ring_setup_tx(&l->tx, port);
	setup_pool_tx(&l->pool, port);
	while (l->i < cfg->messages[port->id]) {
		if (try_send(port, l))
			model_facts(port)->sent = ++l->i;
		port->bells = 0;
	}
	model_facts(port)->done = true;
	for (;;)
		model_sleep(port);
}

static void give_back(struct imb_port *port, struct borrower *b,
		      const struct loan *loan)
{
	u32 i;

	load_payload(port, b->data, loan->data, 2);
	load_payload(port, b->data + 2, loan->data + SECOND_LINE * 4, 1);
	imb_pool_return(&b->pool, TAG, loan->buf, loan->gen);
	model_settle_loads(port);
	for (i = 0; i < 3; i++)
		if (b->data[i] !=
		    payload_word(loan->i, i == 2 ? SECOND_LINE : i))
			model_fail(port, "buffer of message %u holds %x %x %x",
				   loan->i, b->data[0], b->data[1], b->data[2]);
	memset(b->data, 0, sizeof(b->data));
}

static void give_back_kept(struct imb_port *port, struct borrower *b)
{
	struct loan loan = b->kept;

	memset(&b->kept, 0, sizeof(b->kept));
	if (loan.held)
		give_back(port, b, &loan);
}

static void borrow(struct imb_port *port, struct borrower *b,
		   const struct imb_slot *slot)
{
	struct imb_wire_ref ref;
	const u8 *at = NULL;
	struct loan loan;
	u32 len;

	model_check(port, slot->flags == IMB_WIRE_REF);
	imb_port_copy_in(port, &ref, slot->data, sizeof(ref));
	model_check(port, !imb_pool_accept(&b->pool, &ref, &at, &len));
	model_check(port, len == MESSAGE_BYTES);
	imb_rx_release(&b->rx);
	loan = (struct loan){ true, b->i, ref.buf, ref.gen, at };
	model_facts(port)->got = ++b->i;
	model_facts(port)->done = b->i == cfg->messages[!port->id];
	if (!b->kept.held && cfg->geometry.bufs > 1 && model_choose(port, 2)) {
		b->kept = loan;
		return;
	}
	give_back(port, b, &loan);
	give_back_kept(port, b);
}

void pool_borrower(struct imb_port *port, void *data, u32 boot)
{
	struct borrower *b = data;
	struct imb_slot slot;
	int ret;

	(void)boot;
	ring_setup_rx(&b->rx, port);
	setup_pool_rx(&b->pool, port);
	imb_port_mb(port);
	imb_port_bell(port);
	for (;;) {
		ret = imb_rx_peek(&b->rx, &slot);
		model_check(port, ret >= 0);
		if (ret)
			borrow(port, b, &slot);
		else if (b->kept.held)
			give_back_kept(port, b);
		else if (imb_rx_arm(&b->rx))
			model_sleep(port);
		port->bells = 0;
	}
}
