// SPDX-License-Identifier: GPL-2.0
/*
 * imb-test.ko: numbered messages whose sizes and content both ends can work out
 * from a seed, so that the receiver knows what was lost, torn, swapped or doubled
 * without being told anything but the seed.
 *
 * Message k of a plan: 64-bit words base + i * STEP, base drawn from (seed, k).
 * If there is room for it the first word is k itself, by which a receiver that
 * has lost count finds its place again.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "test.h"

#define STEP 0x9e3779b97f4a7c15ull
/* Nothing has arrived for so long: nothing will. */
#define PATIENCE (3 * HZ)
/* Sizes of a mix: of 64 messages so many fit one line, and all but one a slot. */
#define MIX_LINE     48
#define MIX_SLOT     63
#define MIX_LINE_MAX 48
#define MIX_SLOT_MAX 480

static u64 mix(u64 v)
{
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9ull;
	v = (v ^ v >> 27) * 0x94d049bb133111ebull;
	return v ^ v >> 31;
}

static u64 base_of(u64 seed, u64 k)
{
	return mix(seed + k * STEP);
}

static u32 within(u64 draw, u32 min, u32 max)
{
	return min + (u32)(((draw & 0xffffffff) * ((u64)max - min + 1)) >> 32);
}

static u32 size_of(const struct test_rx *plan, u64 k)
{
	u64 draw = base_of(~plan->seed, k);
	u32 max = plan->max;

	if (plan->flags & TALK_MIX) {
		if (draw >> 58 < MIX_LINE)
			max = min_t(u32, max, MIX_LINE_MAX);
		else if (draw >> 58 < MIX_SLOT)
			max = min_t(u32, max, MIX_SLOT_MAX);
	}
	return within(draw, min(plan->min, max), max);
}

static void fill(u8 *to, u32 len, u64 seed, u64 k)
{
	u64 word = base_of(seed, k);
	u32 i = 0;

	if (len >= sizeof(k)) {
		put_unaligned_le64(k, to);
		i = sizeof(k);
	}
	for (; i + sizeof(word) <= len; i += sizeof(word), word += STEP)
		put_unaligned_le64(word, to + i);
	for (; i < len; i++, word >>= 8)
		to[i] = (u8)word;
}

/* The peer can still write there, so each word is fetched once. */
static bool filled(const u8 *from, u32 len, u64 seed, u64 k)
{
	u64 word = base_of(seed, k);
	u64 wrong = 0;
	u32 i = 0;

	if (len >= sizeof(k)) {
		wrong |= get_unaligned_le64(from) ^ k;
		i = sizeof(k);
	}
	for (; i + sizeof(word) <= len; i += sizeof(word), word += STEP)
		wrong |= get_unaligned_le64(from + i) ^ word;
	for (; i < len; i++, word >>= 8)
		wrong |= from[i] ^ (u8)word;
	return !wrong;
}

static bool is_message(const struct test_rx *rx, const struct imb_msg *msg,
		       u64 k)
{
	return msg->len == size_of(rx, k) &&
	       filled(msg->data, msg->len, rx->seed, k);
}

static void advance(struct test_rx *rx, u64 to)
{
	u64 n = min_t(u64, to - rx->next, 4096);

	rx->lost += to - rx->next;
	for (; n; n--)
		clear_bit((to - n) % 4096, rx->seen);
	set_bit(to % 4096, rx->seen);
	rx->next = to + 1;
}

/* It is not the one expected: another one of ours, or nothing we know. */
static void unexpected(struct test_rx *rx, const struct imb_msg *msg)
{
	u64 k = 0;

	if (msg->len >= sizeof(k))
		k = get_unaligned_le64(msg->data);
	if (msg->len < sizeof(k) || !is_message(rx, msg, k)) {
		rx->bad++;
		rx->next++;
	} else if (k > rx->next) {
		advance(rx, k);
	} else if (k + 4096 > rx->next && !test_bit(k % 4096, rx->seen)) {
		set_bit(k % 4096, rx->seen);
		rx->lost--;
		rx->reordered++;
	} else {
		rx->duplicated++;
	}
}

static void check(struct test_rx *rx, const struct imb_msg *msg)
{
	ktime_t now = ktime_get();

	if (!rx->received)
		rx->first = now;
	rx->last = now;
	rx->bytes += msg->len;
	if (rx->flags & TALK_UNCHECKED)
		rx->next++;
	else if (is_message(rx, msg, rx->next))
		advance(rx, rx->next);
	else
		unexpected(rx, msg);
	rx->received++;
	if (rx->stall_us)
		udelay(rx->stall_us);
}

/* Keep the buffer, if it is one; @later gives it back. */
static void keep(struct test_rx *rx, const struct imb_msg *msg)
{
	unsigned long flags;

	spin_lock_irqsave(&rx->lock, flags);
	if (rx->kept < ARRAY_SIZE(rx->bufs) &&
	    imb_msg_hold(msg, &rx->bufs[rx->kept]))
		rx->kept++;
	spin_unlock_irqrestore(&rx->lock, flags);
}

static unsigned long pause_left(const struct test_rx *rx)
{
	unsigned long until = READ_ONCE(rx->pause_until);

	return until && time_before(jiffies, until) ? until - jiffies : 0;
}

static void owe(struct test_rx *rx, const struct imb_msg *msg)
{
	u32 session = imb_msg_session(msg);
	unsigned long flags;

	spin_lock_irqsave(&rx->lock, flags);
	if (rx->session != session)
		rx->owed = 0;
	rx->session = session;
	rx->owed++;
	spin_unlock_irqrestore(&rx->lock, flags);
}

static void give_back(struct test_target *t)
{
	struct test_rx *rx = &t->rx;
	unsigned long flags;
	struct imb_buf buf;
	u32 session, owed;

	spin_lock_irqsave(&rx->lock, flags);
	session = rx->session;
	owed = rx->owed;
	rx->owed = 0;
	while (rx->kept) {
		buf = rx->bufs[--rx->kept];
		spin_unlock_irqrestore(&rx->lock, flags);
		imb_buf_release(t->ch, &buf);
		spin_lock_irqsave(&rx->lock, flags);
	}
	spin_unlock_irqrestore(&rx->lock, flags);
	if (owed)
		imb_consumed(t->ch, session, owed);
}

static void later(struct work_struct *work)
{
	struct test_rx *rx =
		container_of(to_delayed_work(work), struct test_rx, later);

	give_back(container_of(rx, struct test_target, rx));
}

void test_rx_init(struct test_rx *rx)
{
	spin_lock_init(&rx->lock);
	INIT_DELAYED_WORK(&rx->later, later);
}

/* No message comes any more, the channel is still open. */
void test_rx_exit(struct test_rx *rx)
{
	cancel_delayed_work_sync(&rx->later);
	give_back(container_of(rx, struct test_target, rx));
}

void test_rx_plan(struct test_target *t, const struct talk_plan *plan)
{
	u32 pause_ms = min_t(u32, le32_to_cpu(plan->pause_ms), 60000);
	u32 id = le32_to_cpu(plan->id);
	struct test_rx *rx = &t->rx;

	/* Asked again, with messages already under way. */
	if (rx->id == id && rx->mode == le32_to_cpu(plan->mode))
		return;
	memset(rx, 0, offsetof(struct test_rx, lock));
	rx->id = id;
	rx->flags = le32_to_cpu(plan->flags);
	rx->min = le32_to_cpu(plan->min);
	rx->max = le32_to_cpu(plan->max);
	rx->stall_us = min_t(u32, le32_to_cpu(plan->stall_us), 1000);
	rx->seed = le64_to_cpu(plan->seed);
	WRITE_ONCE(rx->pause_until,
		   pause_ms ? (jiffies + msecs_to_jiffies(pause_ms)) | 1 : 0);
	WRITE_ONCE(rx->mode, le32_to_cpu(plan->mode));
	schedule_delayed_work(&rx->later, 0);
}

void test_rx_report(const struct test_rx *rx, struct talk_report *report)
{
	report->id = cpu_to_le32(rx->id);
	report->received = cpu_to_le64(rx->received);
	report->bad = cpu_to_le64(rx->bad);
	report->lost = cpu_to_le64(rx->lost);
	report->reordered = cpu_to_le64(rx->reordered);
	report->duplicated = cpu_to_le64(rx->duplicated);
	report->bytes = cpu_to_le64(rx->bytes);
	report->ns = cpu_to_le64(ktime_to_ns(ktime_sub(rx->last, rx->first)));
}

/* A message of a channel, in its callback. */
void test_rx_message(struct test_target *t, const struct imb_msg *msg)
{
	struct test_rx *rx = &t->rx;
	bool hold;

	switch (READ_ONCE(rx->mode)) {
	case TALK_CHECK:
		check(rx, msg);
		break;
	case TALK_ECHO:
		/* A lost echo is the asker's timeout. */
		imb_send(t->ch, msg->data, msg->len);
		break;
	case TALK_PONG:
		test_pong_message(t);
		break;
	default:
		t->stray++;
		break;
	}
	hold = READ_ONCE(rx->mode) == TALK_CHECK && rx->flags & TALK_HOLD;
	if (hold)
		keep(rx, msg);
	if (t->id == TEST_WINDOW)
		owe(rx, msg);
	if (pause_left(rx))
		schedule_delayed_work(&rx->later, pause_left(rx));
	else if (hold)
		schedule_delayed_work(&rx->later, 0);
	else if (t->id == TEST_WINDOW)
		give_back(t);
}

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
	fill(buf.data, len, s->plan->seed, s->sent);
	ret = imb_buf_send(ch, &buf, len);
	if (ret)
		imb_buf_put(ch, &buf);
	return ret;
}

static int send_copied(struct stress *s, u32 len)
{
	struct imb_channel *ch = s->t->ch;

	fill(s->data, len, s->plan->seed, s->sent);
	if (s->args->batch > 1)
		return imb_send_more(ch, s->data, len);
	return imb_send(ch, s->data, len);
}

/* Send the next one. Return: 0, -EAGAIN, or what ends the run. */
static int send_next(struct stress *s)
{
	u32 len = size_of(s->plan, s->sent);
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
		if (now != before || pause_left(s->plan))
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

/* What this end knows by itself, also when there is no peer left to be asked. */
int test_received(const struct test_target *t, struct test_text *out)
{
	const struct test_rx *rx = &t->rx;

	out->len = 0;
	test_say(out,
		 "status=ok\nsent=%llu\nreceived=%llu\nbad=%llu\nlost=%llu\n",
		 READ_ONCE(t->sent), rx->received, rx->bad, rx->lost);
	test_say(out, "reordered=%llu\nduplicated=%llu\nstray=%llu\n",
		 rx->reordered, rx->duplicated, t->stray);
	return 0;
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
