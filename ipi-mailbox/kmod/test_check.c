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
#include <linux/unaligned.h>

#include "test.h"

#define STEP 0x9e3779b97f4a7c15ull
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

u32 test_size_of(const struct test_rx *plan, u64 k)
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

void test_fill(u8 *to, u32 len, u64 seed, u64 k)
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
	return msg->len == test_size_of(rx, k) &&
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

unsigned long test_pause_left(const struct test_rx *rx)
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
	if (test_pause_left(rx))
		schedule_delayed_work(&rx->later, test_pause_left(rx));
	else if (hold)
		schedule_delayed_work(&rx->later, 0);
	else if (t->id == TEST_WINDOW)
		give_back(t);
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
