// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The ring. Three things are published, each by the only writer of its line:
 *
 *	slot.seq	producer	"position p holds a message"
 *	consumer.head	consumer	"positions before h may be reused"
 *	consumer.wake,	both		"ring me when p is published" /
 *	producer.want			"ring me when the head reaches p"
 *
 * Sleeping is Dekker's pattern in both directions: the sleeper publishes its
 * wish, then looks once more for what it waits for; the other side publishes
 * the thing, then looks for the wish. With a full barrier between the store and
 * the load on both sides at least one of them sees the other.
 *
 *	imb_rx_arm():  wake, mb, slot.seq	imb_tx_kick(): slot.seq, mb, wake
 *	imb_tx_wait(): want, mb, head		imb_rx_give_back(): head, mb, want
 */
#include "ring.h"

/* The producer is told of free slots when this part of the ring is read. */
#define GIVE_BACK_PART 4
/* A producer that waits is rung when this part of the ring is free. */
#define WANT_PART 4

/* The part of a slot's head that is written before its sequence word. */
#define SLOT_PLAIN offsetof(struct imb_wire_slot, len)

/* Is @p within [@first, @first + @n), modulo 2^32? */
static bool within(u32 p, u32 first, u32 n)
{
	return p - first < n;
}

static u32 part(u32 count, u32 divisor)
{
	return count > divisor ? count / divisor : 1;
}

static struct imb_wire_slot __shm *tx_slot(const struct imb_tx *tx, u32 pos)
{
	void __shm *at = tx->slots + (size_t)(pos & (tx->count - 1)) * tx->size;

	return at;
}

static const struct imb_wire_slot __shm *rx_slot(const struct imb_rx *rx,
						 u32 pos)
{
	const void __shm *at =
		rx->slots + (size_t)(pos & (rx->count - 1)) * rx->size;

	return at;
}

void imb_tx_start(struct imb_tx *tx, u32 tag)
{
	tx->tag = tag;
	tx->pos = 0;
	tx->head = 0;
	tx->kicked = 0;
}

/*
 * Learn how far the consumer has read. A word of another session says nothing.
 * The head only moves towards what was published: all else is a broken peer.
 */
static int tx_refresh(struct imb_tx *tx)
{
	u64 word = imb_observe(tx->port, &tx->theirs->head);
	u32 head = (u32)word;

	if (word >> 32 != tx->tag)
		return 0;
	if (tx->pos - head > tx->pos - tx->head)
		return -EPROTO;
	tx->head = head;
	return 0;
}

int imb_tx_reserve(struct imb_tx *tx, u8 __shm **data)
{
	int ret;

	if (tx->pos - tx->head >= tx->count) {
		ret = tx_refresh(tx);
		if (ret)
			return ret;
		if (tx->pos - tx->head >= tx->count) {
			tx->counts.full++;
			return -EAGAIN;
		}
	}
	*data = (u8 __shm *)(tx_slot(tx, tx->pos) + 1);
	return 0;
}

void imb_tx_commit(struct imb_tx *tx, u32 len, u16 service, u16 flags)
{
	struct imb_wire_slot __shm *slot = tx_slot(tx, tx->pos);
	struct imb_wire_slot head = { .len = cpu_to_le32(len),
				      .service = cpu_to_le16(service),
				      .flags = cpu_to_le16(flags) };
	u32 total = len + (u32)sizeof(*slot);

	imb_port_copy_out(tx->port, (u8 __shm *)slot + SLOT_PLAIN,
			  (u8 *)&head + SLOT_PLAIN, sizeof(head) - SLOT_PLAIN);
	/* The slot's first line goes out with the word, the others before. */
	if (total > IMB_WIRE_LINE)
		imb_port_clean(tx->port, (u8 __shm *)slot + IMB_WIRE_LINE,
			       total - IMB_WIRE_LINE);
	/* ORDER: pairs with imb_observe() in imb_rx_peek() */
	imb_publish(tx->port, &slot->seq, IMB_WIRE_WORD(tx->tag, tx->pos));
	tx->pos++;
	tx->counts.msgs++;
	tx->counts.bytes += len;
}

bool imb_tx_kick(struct imb_tx *tx)
{
	u32 first = tx->kicked;
	u64 word;

	if (first == tx->pos)
		return false;
	tx->kicked = tx->pos;
	/* ORDER: pairs with imb_port_mb() in imb_rx_arm() */
	imb_port_mb(tx->port);
	word = imb_observe(tx->port, &tx->theirs->wake);
	if (word >> 32 != tx->tag || !within((u32)word, first, tx->pos - first))
		return false;
	tx->counts.bells++;
	imb_port_bell(tx->port);
	return true;
}

int imb_tx_left(struct imb_tx *tx)
{
	int ret = tx->pos == tx->head ? 0 : tx_refresh(tx);

	return ret ? ret : (int)(tx->pos - tx->head);
}

bool imb_tx_wait(struct imb_tx *tx)
{
	u32 want = tx->pos - tx->count + part(tx->count, WANT_PART);

	imb_publish(tx->port, &tx->mine->want, IMB_WIRE_WORD(tx->tag, want));
	/* ORDER: pairs with imb_port_mb() in imb_rx_give_back() */
	imb_port_mb(tx->port);
	/* A broken head is left for imb_tx_reserve() to report. */
	if (tx_refresh(tx))
		return true;
	return tx->pos - tx->head < tx->count;
}

void imb_rx_start(struct imb_rx *rx, u32 tag)
{
	rx->tag = tag;
	rx->pos = 0;
	rx->head = 0;
	rx->armed = true;
	/* Position 0 awaited: the first message of a session rings. */
	imb_port_store64(rx->port, &rx->mine->head, IMB_WIRE_WORD(tag, 0));
	imb_publish(rx->port, &rx->mine->wake, IMB_WIRE_WORD(tag, 0));
}

int imb_rx_peek(struct imb_rx *rx, struct imb_slot *slot)
{
	const struct imb_wire_slot __shm *from = rx_slot(rx, rx->pos);
	struct imb_wire_slot head;
	u32 total;

	/* ORDER: pairs with imb_publish() in imb_tx_commit() */
	if (imb_observe(rx->port, &from->seq) !=
	    IMB_WIRE_WORD(rx->tag, rx->pos))
		return 0;
	imb_port_copy_in(rx->port, &head, from, sizeof(head));
	slot->data = (const u8 __shm *)(from + 1);
	slot->len = le32_to_cpu(head.len);
	slot->service = le16_to_cpu(head.service);
	slot->flags = le16_to_cpu(head.flags);
	if (slot->len > imb_slot_capacity(rx->size)) {
		rx->counts.broken++;
		return -EPROTO;
	}
	total = slot->len + (u32)sizeof(head);
	if (total > IMB_WIRE_LINE)
		imb_port_inval(rx->port, (const u8 __shm *)from + IMB_WIRE_LINE,
			       total - IMB_WIRE_LINE);
	rx->len = slot->len;
	return 1;
}

/* Publish the head, and ring the producer if it waits for a place within. */
void imb_rx_give_back(struct imb_rx *rx)
{
	u32 first = rx->head + 1;
	u32 n = rx->pos - rx->head;
	u64 word;

	if (!n)
		return;
	rx->head = rx->pos;
	/* ORDER: the slots were read before the producer may write them */
	imb_port_rmb(rx->port);
	imb_publish(rx->port, &rx->mine->head, IMB_WIRE_WORD(rx->tag, rx->pos));
	/* ORDER: pairs with imb_port_mb() in imb_tx_wait() */
	imb_port_mb(rx->port);
	word = imb_observe(rx->port, &rx->theirs->want);
	if (word >> 32 != rx->tag || !within((u32)word, first, n))
		return;
	rx->counts.bells++;
	imb_port_bell(rx->port);
}

void imb_rx_release(struct imb_rx *rx)
{
	rx->counts.msgs++;
	rx->counts.bytes += rx->len;
	rx->pos++;
	rx->armed = false;
	if (rx->pos - rx->head >= part(rx->count, GIVE_BACK_PART))
		imb_rx_give_back(rx);
}

bool imb_rx_arm(struct imb_rx *rx)
{
	u64 want = IMB_WIRE_WORD(rx->tag, rx->pos);

	/* Whoever publishes after our last look finds the wish that stands. */
	if (rx->armed)
		return true;
	rx->armed = true;
	imb_rx_give_back(rx);
	imb_publish(rx->port, &rx->mine->wake, want);
	/* ORDER: pairs with imb_port_mb() in imb_tx_kick() */
	imb_port_mb(rx->port);
	rx->counts.sleeps++;
	return imb_observe(rx->port, &rx_slot(rx, rx->pos)->seq) != want;
}
