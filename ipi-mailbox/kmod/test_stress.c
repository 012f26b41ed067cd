// SPDX-License-Identifier: GPL-2.0
/*
 * imb-test.ko: the sending end of numbered messages, and the command that sends
 * them and has the peer count what has arrived.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "test.h"

/* Nothing has arrived for so long: nothing will. */
#define PATIENCE (3 * HZ)

/**
 * struct stress - a run of messages
 * @t: where
 * @args: the command
 * @plan: what both ends know, as the receiver keeps it
 * @wire: the same, as it is told
 * @data: a message being built
 * @sent: messages accepted
 * @again: times that one was not
 * @stuck: times that nothing said when to try again
 * @began: when
 * @ended: when the last was known to have arrived
 * @deadline: in jiffies
 */
struct stress {
	struct test_target *t;
	const struct test_args *args;
	struct test_rx *plan;
	struct talk_plan wire;
	u8 *data;
	u64 sent;
	u64 again;
	u64 stuck;
	ktime_t began;
	ktime_t ended;
	unsigned long deadline;
};

int test_sizes(const struct test_target *t, const struct test_args *args,
	       struct talk_plan *plan)
{
	u32 most = imb_max_message(t->ch);
	const char *text = args->sizes;
	char bound[16];
	const char *dash;
	u32 min, max;

	plan->max = cpu_to_le32(most);
	if (!strcmp(text, "mix")) {
		plan->flags |= cpu_to_le32(TALK_MIX);
		return 0;
	}
	dash = strchr(text, '-');
	strscpy(bound, text,
		min_t(size_t, sizeof(bound), dash ? dash - text + 1 : 16));
	if (!strcmp(bound, "max"))
		min = most;
	else if (kstrtou32(bound, 0, &min))
		return -EINVAL;
	text = dash ? dash + 1 : bound;
	if (!strcmp(text, "max"))
		max = most;
	else if (kstrtou32(text, 0, &max))
		return -EINVAL;
	if (min > max || max > most)
		return -EINVAL;
	plan->min = cpu_to_le32(min);
	plan->max = cpu_to_le32(max);
	return 0;
}

static int send_built(struct stress *s, u32 len)
{
	struct imb_channel *ch = s->t->ch;
	struct imb_buf buf;
	int ret;

	ret = imb_buf_get(ch, &buf);
	if (ret)
		return ret;
	test_fill(buf.data, len, s->plan->seed, s->sent);
	ret = imb_buf_send(ch, &buf, len);
	if (ret)
		imb_buf_put(ch, &buf);
	return ret;
}

static int send_copied(struct stress *s, u32 len)
{
	struct imb_channel *ch = s->t->ch;

	test_fill(s->data, len, s->plan->seed, s->sent);
	if (s->args->batch > 1)
		return imb_send_more(ch, s->data, len);
	return imb_send(ch, s->data, len);
}

/* Send the next one. Return: 0, -EAGAIN, or what ends the run. */
static int send_next(struct stress *s)
{
	u32 len = test_size_of(s->plan, s->sent);
	int ret;

	if (!strcmp(s->args->by, "buffer"))
		ret = send_built(s, len);
	else
		ret = send_copied(s, len);
	if (!ret) {
		s->sent++;
		WRITE_ONCE(s->t->sent, s->sent);
		if (s->args->batch > 1 && s->sent % s->args->batch == 0)
			imb_kick(s->t->ch);
		if (s->args->gap_ms && s->sent % s->args->batch == 0)
			ret = test_rest(s->t->peer, s->args->gap_ms);
	}
	return ret;
}

/* Wait until there may be room; being told of it is the link's duty. */
static int wait_room(struct stress *s, u32 wakes)
{
	struct test_target *t = s->t;
	long left;

	s->again++;
	imb_kick(t->ch);
	left = test_wait(t->peer, READ_ONCE(t->wakes) != wakes, HZ);
	if (left < 0)
		return left;
	if (!left)
		s->stuck++;
	return 0;
}

static bool all_sent(const struct stress *s)
{
	if (s->args->ms)
		return ktime_ms_delta(ktime_get(), s->began) >= s->args->ms;
	return s->sent >= s->args->count;
}

static int send_all(struct stress *s)
{
	int ret = 0;
	u32 wakes;

	s->began = ktime_get();
	while (!ret && !all_sent(s)) {
		if (time_after(jiffies, s->deadline))
			return -ETIMEDOUT;
		if (fatal_signal_pending(current) ||
		    READ_ONCE(s->t->peer->leaving))
			return -EINTR;
		wakes = READ_ONCE(s->t->wakes);
		ret = send_next(s);
		if (ret == -EAGAIN)
			ret = wait_room(s, wakes);
		cond_resched();
	}
	imb_kick(s->t->ch);
	return ret;
}

/* Ask until all have arrived or none does any more. */
static int await_all(struct stress *s, struct talk_report *report)
{
	unsigned long patience = jiffies + PATIENCE;
	u64 before = 0;
	u64 now;
	int ret;

	for (;;) {
		ret = test_report(s->t, s->plan->id, report, s->deadline);
		s->ended = ktime_get();
		if (ret)
			return ret;
		now = le64_to_cpu(report->received);
		if (now >= s->sent || time_after(jiffies, patience))
			return 0;
		if (now != before || test_pause_left(s->plan))
			patience = jiffies + PATIENCE;
		before = now;
		if (test_wait(s->t->peer, false, 1) < 0)
			return -EINTR;
	}
}

static const char *verdict(const struct stress *s, int ret,
			   const struct talk_report *r)
{
	if (ret == -ENOTCONN || ret == -ESTALE)
		return "down";
	if (ret)
		return ret == -ETIMEDOUT ? "timeout" : "failed";
	if (le64_to_cpu(r->received) != s->sent || r->bad || r->lost ||
	    r->reordered || r->duplicated)
		return "bad";
	return "ok";
}

static void tell(const struct stress *s, int ret, const struct talk_report *r,
		 struct test_text *out)
{
	test_say(out, "status=%s\nerror=%d\nsent=%llu\nreceived=%llu\n",
		 verdict(s, ret, r), ret, s->sent, le64_to_cpu(r->received));
	test_say(out, "bad=%llu\nlost=%llu\nreordered=%llu\nduplicated=%llu\n",
		 le64_to_cpu(r->bad), le64_to_cpu(r->lost),
		 le64_to_cpu(r->reordered), le64_to_cpu(r->duplicated));
	test_say(out, "bytes=%llu\nagain=%llu\nstuck=%llu\n",
		 le64_to_cpu(r->bytes), s->again, s->stuck);
	test_say(out, "ns=%lld\nrx_ns=%llu\nsize_max=%u\nseed=%llu\n",
		 ktime_to_ns(ktime_sub(s->ended, s->began)), le64_to_cpu(r->ns),
		 s->plan->max, s->plan->seed);
}

static int make_plan(struct stress *s)
{
	const struct test_args *args = s->args;
	struct talk_plan *w = &s->wire;
	u32 flags = (args->hold ? TALK_HOLD : 0) |
		    (args->check ? 0 : TALK_UNCHECKED);
	int ret;

	w->id = cpu_to_le32(test_new_id(s->t->peer));
	w->mode = cpu_to_le32(TALK_CHECK);
	w->flags = cpu_to_le32(flags);
	w->stall_us = cpu_to_le32(args->stall_us);
	w->pause_ms = cpu_to_le32(args->pause_ms);
	w->seed = cpu_to_le64(args->seed ?: get_random_u32());
	ret = test_sizes(s->t, args, w);
	if (ret)
		return ret;
	s->plan->id = le32_to_cpu(w->id);
	s->plan->flags = le32_to_cpu(w->flags);
	s->plan->min = le32_to_cpu(w->min);
	s->plan->max = le32_to_cpu(w->max);
	s->plan->seed = le64_to_cpu(w->seed);
	s->plan->pause_until = (jiffies + msecs_to_jiffies(args->pause_ms)) | 1;
	s->data = kvmalloc(s->plan->max + 1, GFP_KERNEL);
	return s->data ? 0 : -ENOMEM;
}

static int run(struct stress *s, struct test_text *out)
{
	struct talk_report report = {};
	int ret, asked;

	ret = test_wait_up(s->t, s->deadline);
	if (!ret)
		ret = test_start(s->t, &s->wire, s->deadline);
	if (ret)
		return ret;
	WRITE_ONCE(s->t->sent, 0);
	ret = send_all(s);
	/* Whatever happened, what has arrived is worth knowing. */
	asked = await_all(s, &report);
	tell(s, ret ?: asked, &report, out);
	return 0;
}

int test_stress(struct test_target *t, const struct test_args *args,
		struct test_text *out)
{
	struct stress s = {
		.t = t,
		.args = args,
		.deadline = jiffies + args->timeout * HZ,
	};
	int ret;

	s.plan = kzalloc(sizeof(*s.plan), GFP_KERNEL);
	if (!s.plan)
		return -ENOMEM;
	ret = make_plan(&s);
	if (!ret)
		ret = run(&s, out);
	kvfree(s.data);
	kfree(s.plan);
	return ret;
}
