// SPDX-License-Identifier: GPL-2.0
/* By-reference buffers: any order of return, exhaustion, stale words, lies. */
#include <stdlib.h>

#include "../tap.h"
#include "pool.h"

#define BUFS 4u
#define SIZE 4096u
#define TAG  9u

struct pool {
	struct imb_port sender;
	struct imb_port receiver;
	struct imb_pool_tx tx;
	struct imb_pool_rx rx;
	struct imb_wire_pool want;
	__le64 returns[BUFS];
	u8 bufs[BUFS * SIZE];
};

static struct pool *pool_create(void)
{
	struct pool *p = calloc(1, sizeof(*p));

	p->tx = (struct imb_pool_tx){ .port = &p->sender,
				      .bufs = p->bufs,
				      .returns = p->returns,
				      .mine = &p->want,
				      .count = BUFS,
				      .size = SIZE };
	p->rx = (struct imb_pool_rx){ .port = &p->receiver,
				      .bufs = p->bufs,
				      .returns = p->returns,
				      .theirs = &p->want,
				      .count = BUFS,
				      .size = SIZE };
	imb_pool_tx_start(&p->tx, TAG);
	imb_pool_rx_start(&p->rx, TAG);
	return p;
}

/* Send a buffer. Return: its number, its use in *gen. */
static u32 pass(struct pool *p, u32 *gen)
{
	struct imb_wire_ref ref;
	const u8 *data;
	u32 len;
	int buf = imb_pool_get(&p->tx);

	CHECK(buf >= 0);
	imb_pool_send(&p->tx, (u32)buf, 100, &ref);
	CHECK_EQ(imb_pool_accept(&p->rx, &ref, &data, &len), 0);
	CHECK(data == imb_pool_data(&p->tx, (u32)buf));
	CHECK_EQ(len, 100);
	*gen = le32_to_cpu(ref.gen);
	return le32_to_cpu(ref.buf);
}

static void returns_in_any_order(void)
{
	struct pool *p = pool_create();
	u32 buf[BUFS], gen[BUFS];
	u32 round, i, k;

	for (round = 0; round < 24; round++) {
		for (i = 0; i < BUFS; i++)
			buf[i] = pass(p, &gen[i]);
		CHECK_EQ(imb_pool_get(&p->tx), -EAGAIN);
		for (i = 0; i < BUFS; i++) {
			k = (i * (round % 2 ? 1 : 3) + round) % BUFS;
			imb_pool_return(&p->rx, TAG, buf[k], gen[k]);
		}
	}
	CHECK_EQ(p->receiver.bells, 0);
	free(p);
	tap_end("buffers come back in any order");
}

static void wanted_buffer_rings_once(void)
{
	struct pool *p = pool_create();
	u32 buf[BUFS], gen[BUFS];
	u32 i;

	for (i = 0; i < BUFS; i++)
		buf[i] = pass(p, &gen[i]);
	CHECK(!imb_pool_wait(&p->tx));
	imb_pool_return(&p->rx, TAG, buf[2], gen[2]);
	imb_pool_return(&p->rx, TAG, buf[1], gen[1]);
	CHECK_EQ(p->receiver.bells, 1);
	CHECK(imb_pool_wait(&p->tx));
	imb_pool_return(&p->rx, TAG, buf[0], gen[0]);
	CHECK_EQ(p->receiver.bells, 2);
	free(p);
	tap_end("a wanted buffer rings once for each wish");
}

/* Words that return another use, or come from another session. */
static void ignores_stale_returns(void)
{
	struct pool *p = pool_create();
	u32 gen[BUFS];
	u32 i;

	for (i = 0; i < BUFS; i++)
		pass(p, &gen[i]);
	p->returns[0] = htole64(IMB_WIRE_WORD(TAG, gen[0] - 1));
	p->returns[1] = htole64(IMB_WIRE_WORD(TAG - 1, gen[1]));
	p->returns[2] = htole64(IMB_WIRE_WORD(TAG, gen[2] + 1));
	CHECK_EQ(imb_pool_get(&p->tx), -EAGAIN);
	imb_pool_return(&p->rx, TAG - 1, 3, gen[3]);
	CHECK_EQ(imb_pool_get(&p->tx), -EAGAIN);
	imb_pool_return(&p->rx, TAG, 3, gen[3]);
	CHECK_EQ(imb_pool_get(&p->tx), 3);
	free(p);
	tap_end("returns of other uses and sessions are not believed");
}

static void ignores_return_of_held(void)
{
	struct pool *p = pool_create();
	u32 i;
	int buf[BUFS];

	for (i = 0; i < BUFS; i++) {
		buf[i] = imb_pool_get(&p->tx);
		p->returns[buf[i]] =
			htole64(IMB_WIRE_WORD(TAG, p->tx.gen[buf[i]]));
	}
	CHECK_EQ(imb_pool_get(&p->tx), -EAGAIN);
	imb_pool_put(&p->tx, (u32)buf[2]);
	CHECK_EQ(imb_pool_get(&p->tx), buf[2]);
	free(p);
	tap_end("a buffer that was not sent cannot be returned");
}

static const struct {
	u32 buf;
	u32 len;
	int ret;
} refs[] = {
	{ 0, 0, 0 },
	{ BUFS - 1, SIZE, 0 },
	{ BUFS, 0, -EPROTO },
	{ 0xffffffffu, 0, -EPROTO },
	{ 0, SIZE + 1, -EPROTO },
	{ 0, 0xffffffffu, -EPROTO },
};

static void refuses_bad_references(void)
{
	struct pool *p = pool_create();
	struct imb_wire_ref ref = { 0 };
	const u8 *data;
	u32 len, i;

	for (i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
		ref.buf = cpu_to_le32(refs[i].buf);
		ref.len = cpu_to_le32(refs[i].len);
		CHECK_EQ(imb_pool_accept(&p->rx, &ref, &data, &len),
			 refs[i].ret);
		if (!refs[i].ret)
			CHECK(data + len <= p->bufs + sizeof(p->bufs));
	}
	free(p);
	tap_end("references to what is not there are refused");
}

/* A new session frees what was sent, not what is being filled. */
static void new_session_keeps_holders(void)
{
	struct pool *p = pool_create();
	u32 gen, i;
	int held = imb_pool_get(&p->tx);

	for (i = 1; i < BUFS; i++)
		pass(p, &gen);
	imb_pool_tx_start(&p->tx, TAG + 1);
	for (i = 1; i < BUFS; i++)
		CHECK(imb_pool_get(&p->tx) != held);
	CHECK_EQ(imb_pool_get(&p->tx), -EAGAIN);
	imb_pool_put(&p->tx, (u32)held);
	CHECK_EQ(imb_pool_get(&p->tx), held);
	free(p);
	tap_end("a held buffer survives a new session");
}

int main(void)
{
	tap_begin();
	returns_in_any_order();
	wanted_buffer_rings_once();
	ignores_stale_returns();
	ignores_return_of_held();
	refuses_bad_references();
	new_session_keeps_holders();
	return tap_done();
}
