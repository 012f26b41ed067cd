// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * By-reference buffers. A word of the receiver's table says "use g of buffer b
 * has been returned in session t"; the sender compares it with the use it has
 * sent. A wrong word, old or hostile, at worst frees a buffer of the sender that
 * the peer itself is reading.
 */
#include "pool.h"

void imb_pool_tx_start(struct imb_pool_tx *pool, u32 tag)
{
	u32 i;

	pool->tag = tag;
	pool->next = 0;
	pool->wants = 0;
	/* Who holds a buffer may still be writing into it. */
	for (i = 0; i < pool->count; i++)
		if (pool->place[i] == IMB_BUF_SENT)
			pool->place[i] = IMB_BUF_FREE;
}

void imb_pool_rx_start(struct imb_pool_rx *pool, u32 tag)
{
	pool->tag = tag;
	pool->answered = 0;
}

/* Collect what the peer has returned. */
static void collect(struct imb_pool_tx *pool)
{
	u32 i;

	imb_port_inval(pool->port, pool->returns,
		       pool->count * sizeof(*pool->returns));
	for (i = 0; i < pool->count; i++)
		if (pool->place[i] == IMB_BUF_SENT &&
		    imb_port_load64(pool->port, &pool->returns[i]) ==
			    IMB_WIRE_WORD(pool->tag, pool->gen[i]))
			pool->place[i] = IMB_BUF_FREE;
	/* ORDER: pairs with imb_publish() in imb_pool_return() */
	imb_port_rmb(pool->port);
}

static int find_free(struct imb_pool_tx *pool)
{
	u32 i, buf;

	for (i = 0; i < pool->count; i++) {
		buf = (pool->next + i) % pool->count;
		if (pool->place[buf] == IMB_BUF_FREE)
			return (int)buf;
	}
	return -EAGAIN;
}

int imb_pool_get(struct imb_pool_tx *pool)
{
	int buf = find_free(pool);

	if (buf < 0) {
		collect(pool);
		buf = find_free(pool);
	}
	if (buf < 0)
		return buf;
	pool->place[buf] = IMB_BUF_HELD;
	pool->gen[buf]++;
	pool->next = (u32)buf + 1;
	return buf;
}

bool imb_pool_wait(struct imb_pool_tx *pool)
{
	imb_publish(pool->port, &pool->mine->want,
		    IMB_WIRE_WORD(pool->tag, ++pool->wants));
	/* ORDER: pairs with imb_port_mb() in answer_want() */
	imb_port_mb(pool->port);
	collect(pool);
	return find_free(pool) >= 0;
}

void imb_pool_put(struct imb_pool_tx *pool, u32 buf)
{
	pool->place[buf] = IMB_BUF_FREE;
}

void imb_pool_send(struct imb_pool_tx *pool, u32 buf, u32 len,
		   struct imb_wire_ref *ref)
{
	imb_port_clean(pool->port, imb_pool_data(pool, buf), len);
	pool->place[buf] = IMB_BUF_SENT;
	ref->buf = cpu_to_le32(buf);
	ref->len = cpu_to_le32(len);
	ref->gen = cpu_to_le32(pool->gen[buf]);
	ref->reserved = 0;
}

int imb_pool_accept(const struct imb_pool_rx *pool,
		    const struct imb_wire_ref *ref, const u8 __shm **data,
		    u32 *len)
{
	u32 buf = le32_to_cpu(ref->buf);

	*len = le32_to_cpu(ref->len);
	if (buf >= pool->count || *len > pool->size)
		return -EPROTO;
	*data = pool->bufs + (size_t)buf * pool->size;
	imb_port_inval(pool->port, *data, *len);
	return 0;
}

/* Ring the sender if it has asked for a buffer since it was last rung. */
static void answer_want(struct imb_pool_rx *pool)
{
	u64 word;

	/* ORDER: pairs with imb_port_mb() in imb_pool_wait() */
	imb_port_mb(pool->port);
	word = imb_observe(pool->port, &pool->theirs->want);
	if (word >> 32 != pool->tag || (u32)word == pool->answered)
		return;
	pool->answered = (u32)word;
	imb_port_bell(pool->port);
}

void imb_pool_return(struct imb_pool_rx *pool, u32 tag, u32 buf, u32 gen)
{
	if (tag != pool->tag)
		return;
	/* ORDER: the bytes were read before the sender may write them again */
	imb_port_rmb(pool->port);
	imb_publish(pool->port, &pool->returns[buf], IMB_WIRE_WORD(tag, gen));
	answer_want(pool);
}
