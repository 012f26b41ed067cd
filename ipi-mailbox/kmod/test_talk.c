// SPDX-License-Identifier: GPL-2.0
/*
 * imb-test.ko: questions and answers between the modules of two kernels.
 *
 * A question is asked again until it is answered, since the link may fall and
 * come back under a test; so each may be heard twice and does no harm then. The
 * answer is given in the callback.
 */
#include <linux/jiffies.h>
#include <linux/string.h>

#include "test.h"

/* Values of talk_head.type; an answer has the top bit set. */
#define TALK_START  1 /* struct talk_plan; answer: nothing */
#define TALK_REPORT 2 /* __le32 plan; answer: struct talk_report */
#define TALK_ORDER  3 /* a command; answer: its result, or nothing yet */
#define TALK_ANSWER 0x80

#define ASK_AGAIN (HZ / 4)

/**
 * struct talk_head - a question or answer; what it says follows (wire)
 * @type: TALK_*
 * @target: enum test_target_id
 * @id: of the question
 */
struct talk_head {
	__le16 type;
	__le16 target;
	__le32 id;
};

static_assert(sizeof(struct talk_head) == 8, "wire");

/**
 * struct talk_message - the longest of them
 * @head: of it
 * @body: what it says
 */
struct talk_message {
	struct talk_head head;
	u8 body[TEST_RESULT];
};

u32 test_new_id(struct test_peer *peer)
{
	unsigned long flags;
	u32 id;

	spin_lock_irqsave(&peer->lock, flags);
	id = ++peer->ids ?: ++peer->ids;
	spin_unlock_irqrestore(&peer->lock, flags);
	return id;
}

static int say(struct test_peer *peer, u16 type, u16 target, u32 id,
	       const void *body, u32 len)
{
	struct talk_head head = { cpu_to_le16(type), cpu_to_le16(target),
				  cpu_to_le32(id) };
	/* Pairs with open_peer(): its callbacks may come too early. */
	struct imb_channel *talk = smp_load_acquire(&peer->talk);
	struct talk_message *m;
	int ret;

	if (!talk)
		return -ENOTCONN;
	m = kmalloc(sizeof(*m), GFP_ATOMIC);
	if (!m)
		return -ENOMEM;
	m->head = head;
	memcpy(m->body, body, len);
	ret = imb_send(talk, m, sizeof(head) + len);
	kfree(m);
	return ret;
}

static struct test_call *call_of(struct test_target *t, u16 type)
{
	return type == TALK_ORDER ? &t->order : &t->ask;
}

static void expect_answer(struct test_peer *peer, struct test_call *call,
			  u32 id)
{
	unsigned long flags;

	spin_lock_irqsave(&peer->lock, flags);
	call->id = id;
	call->len = -1;
	spin_unlock_irqrestore(&peer->lock, flags);
}

/* Ask once. Return: length of the answer, in @call; -EAGAIN if there is none. */
static int ask_once(struct test_target *t, u16 type, u32 id, const void *body,
		    u32 len)
{
	struct test_call *call = call_of(t, type);
	struct test_peer *peer = t->peer;
	long left;

	expect_answer(peer, call, id);
	say(peer, type, t->id, id, body, len);
	left = test_wait(peer, READ_ONCE(call->len) >= 0, ASK_AGAIN);
	if (left < 0)
		return left;
	return left ? call->len : -EAGAIN;
}

/* Ask until there is an answer. Return: its length, -ETIMEDOUT, -EINTR. */
static int ask(struct test_target *t, u16 type, u32 id, const void *body,
	       u32 len, unsigned long deadline)
{
	int ret;

	do {
		ret = ask_once(t, type, id, body, len);
	} while (ret == -EAGAIN && time_before(jiffies, deadline));
	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}

int test_start(struct test_target *t, const struct talk_plan *plan,
	       unsigned long deadline)
{
	int ret = ask(t, TALK_START, test_new_id(t->peer), plan, sizeof(*plan),
		      deadline);

	return ret < 0 ? ret : 0;
}

int test_report(struct test_target *t, u32 plan, struct talk_report *report,
		unsigned long deadline)
{
	__le32 number = cpu_to_le32(plan);
	int ret = ask(t, TALK_REPORT, test_new_id(t->peer), &number,
		      sizeof(number), deadline);

	if (ret < 0)
		return ret;
	if (ret != sizeof(*report))
		return -EPROTO;
	memcpy(report, t->ask.answer, sizeof(*report));
	/* Somebody else has begun to use the channel. */
	return report->id == number ? 0 : -EBUSY;
}

int test_order(struct test_target *t, const char *line, struct test_text *out,
	       unsigned long deadline)
{
	u32 id = test_new_id(t->peer);
	int ret;

	/* An empty answer: it has begun. */
	do {
		ret = ask(t, TALK_ORDER, id, line, strlen(line), deadline);
		if (!ret && test_wait(t->peer, false, ASK_AGAIN) < 0)
			return -EINTR;
	} while (!ret && time_before(jiffies, deadline));
	if (ret <= 0)
		return ret ?: -ETIMEDOUT;
	out->len = min_t(u32, ret, sizeof(out->text));
	memcpy(out->text, t->order.answer, out->len);
	return 0;
}

static void answer(struct test_target *t, u16 type, u32 id, const void *body,
		   u32 len)
{
	/* If it cannot be said now, the question comes again. */
	say(t->peer, type | TALK_ANSWER, t->id, id, body, len);
}

static void on_start(struct test_target *t, u32 id,
		     const struct talk_message *m, u32 len)
{
	struct talk_plan plan;

	if (len != sizeof(plan))
		return;
	memcpy(&plan, m->body, sizeof(plan));
	if (t->id == TEST_BELL)
		test_bell_plan(t->peer, le32_to_cpu(plan.mode));
	else if (t->ch)
		test_rx_plan(t, &plan);
	answer(t, TALK_START, id, NULL, 0);
}

static void on_report(struct test_target *t, u32 id)
{
	struct talk_report report = {};

	test_rx_report(&t->rx, &report);
	answer(t, TALK_REPORT, id, &report, sizeof(report));
}

/* Begin a new command, or say what came of the one that was begun. */
static void on_order(struct test_target *t, u32 id,
		     const struct talk_message *m, u32 len)
{
	struct test_peer *peer = t->peer;
	struct test_job *job = &t->job;
	unsigned long flags;
	bool begin = false;
	u32 said = 0;

	spin_lock_irqsave(&peer->lock, flags);
	if (job->id == id) {
		said = job->done ? job->result.len : 0;
	} else if ((job->done || !job->id) && !peer->leaving &&
		   len < sizeof(job->line)) {
		job->id = id;
		job->done = false;
		memcpy(job->line, m->body, len);
		job->line[len] = '\0';
		begin = true;
	}
	spin_unlock_irqrestore(&peer->lock, flags);
	if (begin)
		queue_work(system_unbound_wq, &job->work);
	answer(t, TALK_ORDER, id, job->result.text, said);
}

static void on_answer(struct test_target *t, u16 type, u32 id,
		      const struct talk_message *m, u32 len)
{
	struct test_call *call = call_of(t, type);
	struct test_peer *peer = t->peer;
	unsigned long flags;

	spin_lock_irqsave(&peer->lock, flags);
	if (call->id == id && call->len < 0) {
		memcpy(call->answer, m->body, len);
		WRITE_ONCE(call->len, len);
	}
	spin_unlock_irqrestore(&peer->lock, flags);
	wake_up_all(&peer->wait);
}

static void hear(struct test_peer *peer, const struct talk_message *m, u32 len)
{
	u16 type = le16_to_cpu(m->head.type);
	u16 target = le16_to_cpu(m->head.target);
	u32 id = le32_to_cpu(m->head.id);
	struct test_target *t;

	if (target >= TEST_TARGETS)
		return;
	t = &peer->targets[target];
	switch (type) {
	case TALK_START:
		on_start(t, id, m, len);
		break;
	case TALK_REPORT:
		on_report(t, id);
		break;
	case TALK_ORDER:
		on_order(t, id, m, len);
		break;
	default:
		if (type & TALK_ANSWER)
			on_answer(t, type & ~TALK_ANSWER, id, m, len);
	}
}

static void talk_receive(void *ctx, const struct imb_msg *msg)
{
	struct talk_message *m;

	if (msg->len < sizeof(m->head) || msg->len > sizeof(*m))
		return;
	m = kmalloc(sizeof(*m), GFP_ATOMIC);
	if (!m)
		return;
	memcpy(m, msg->data, msg->len);
	hear(ctx, m, msg->len - sizeof(m->head));
	kfree(m);
}

static void talk_state(void *ctx, bool up)
{
	struct test_peer *peer = ctx;

	wake_up_all(&peer->wait);
}

const struct imb_ops test_talk_ops = {
	.receive = talk_receive,
	.state = talk_state,
};
