// SPDX-License-Identifier: GPL-2.0
/*
 * imb-test.ko: round trips of the doorbell alone, the unit by which messages are
 * measured, driven from callback to callback like those. It uses a mailbox
 * channel of its own; but a bell says no more than who rang, so those of the
 * links are heard here too, and a stray one would be echoed for ever beside ours.
 * So the bells come in bursts, with a rest in which strays die.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mailbox_client.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "doorbell.h"
#include "test.h"

/* Function of the doorbell that is left to tests. */
#define BELL_FUNCTION 2
#define BELL_MAX      100000
#define BELL_BURST    50
#define BELL_REST_US  200

/**
 * struct test_bell - the doorbell of a peer
 * @client: of the mailbox channel
 * @chan: it
 * @pong: of the command being run
 * @echo: ring back
 * @left: rings of this burst whose echo has not come; one is under way
 */
struct test_bell {
	struct mbox_client client;
	struct mbox_chan *chan;
	struct test_pong *pong;
	bool echo;
	u32 left;
};

static void ring(struct test_bell *bell)
{
	mbox_send_message(bell->chan, NULL);
	mbox_client_txdone(bell->chan, 0);
}

static void ring_next(struct test_bell *bell)
{
	bell->pong->sent = ktime_get();
	ring(bell);
}

static void echoed(struct test_bell *bell)
{
	struct test_pong *p = bell->pong;

	p->ns[p->done++] = ktime_to_ns(ktime_sub(ktime_get(), p->sent));
	WRITE_ONCE(bell->left, bell->left - 1);
	if (bell->left)
		ring_next(bell);
	else
		complete(&p->end);
}

static void heard(struct mbox_client *client, void *data)
{
	struct test_bell *bell = container_of(client, struct test_bell, client);
	struct test_pong *p = bell->pong;

	if (READ_ONCE(bell->echo))
		ring(bell);
	else if (READ_ONCE(bell->left))
		echoed(bell);
	else
		p->stray++;
}

int test_bell_init(struct test_peer *peer)
{
	struct test_bell *bell = kzalloc(sizeof(*bell), GFP_KERNEL);
	struct mbox_chan *chan = doorbell_chan(peer->id, BELL_FUNCTION);
	int ret;

	if (!bell)
		return -ENOMEM;
	bell->pong = &peer->targets[TEST_BELL].pong;
	bell->client.rx_callback = heard;
	bell->client.knows_txdone = true;
	bell->chan = chan;
	peer->bell = bell;
	/* Boards whose doorbell has no room for tests do without. */
	if (IS_ERR(chan))
		return 0;
	ret = mbox_bind_client(chan, &bell->client);
	if (ret)
		bell->chan = ERR_PTR(ret);
	return 0;
}

void test_bell_exit(struct test_peer *peer)
{
	struct test_bell *bell = peer->bell;

	if (bell && !IS_ERR(bell->chan))
		mbox_free_channel(bell->chan);
	kfree(bell);
}

void test_bell_plan(struct test_peer *peer, u32 mode)
{
	if (!IS_ERR(peer->bell->chan))
		WRITE_ONCE(peer->bell->echo, mode == TALK_ECHO);
}

static int burst(struct test_bell *bell, struct test_pong *p)
{
	long left;

	reinit_completion(&p->end);
	WRITE_ONCE(bell->left, min_t(u32, p->count - p->done, BELL_BURST));
	ring_next(bell);
	left = wait_for_completion_killable_timeout(&p->end, HZ);
	WRITE_ONCE(bell->left, 0);
	if (left <= 0)
		return left ? -EINTR : -ETIMEDOUT;
	fsleep(BELL_REST_US);
	return 0;
}

static int play(struct test_target *t, struct talk_plan *plan,
		unsigned long deadline, struct test_text *out)
{
	struct test_pong *p = &t->pong;
	int ret = 0;

	/* Let the bells of the talk fade away. */
	msleep(20);
	p->stray = 0;
	while (!ret && p->done < p->count && time_before(jiffies, deadline))
		ret = burst(t->peer->bell, p);
	plan->mode = cpu_to_le32(TALK_IDLE);
	test_start(t, plan, jiffies + HZ);
	if (ret == -EINTR)
		return ret;
	test_pong_result(p, p->done < p->count ? "timeout" : "ok", out);
	return 0;
}

int test_bell_ping(struct test_target *t, const struct test_args *args,
		   struct test_text *out)
{
	unsigned long deadline = jiffies + args->timeout * HZ;
	struct talk_plan plan = { .mode = cpu_to_le32(TALK_ECHO) };
	struct test_bell *bell = t->peer->bell;
	struct test_pong *p = &t->pong;
	int ret;

	if (IS_ERR(bell->chan))
		return PTR_ERR(bell->chan);
	if (args->count > BELL_MAX)
		return -ERANGE;
	p->count = args->count;
	p->done = 0;
	p->size = 0;
	/* One more: a stray bell may still be writing when we give up. */
	p->ns = kvmalloc_array(p->count + 1, sizeof(*p->ns), GFP_KERNEL);
	if (!p->ns)
		return -ENOMEM;
	ret = test_wait_up(t, deadline);
	if (!ret)
		ret = test_start(t, &plan, deadline);
	if (!ret)
		ret = play(t, &plan, deadline, out);
	/* Bells come in interrupts. */
	synchronize_rcu();
	kvfree(p->ns);
	p->ns = NULL;
	return ret;
}
