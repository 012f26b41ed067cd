// SPDX-License-Identifier: GPL-2.0
/*
 * imb-test.ko: round trips. The peer's callback sends each message back, ours
 * sends the next one, so that no task's wake-up is measured.
 */
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "test.h"

#define PING_MAX 1000000

static void send_ping(struct test_target *t)
{
	struct test_pong *p = &t->pong;
	int ret;

	p->sent = ktime_get();
	ret = imb_send(t->ch, p->data, p->size);
	WRITE_ONCE(p->again, ret == -EAGAIN);
}

/* An answer has come, in the channel's callback. */
void test_pong_message(struct test_target *t)
{
	struct test_pong *p = &t->pong;

	if (!p->sent || p->done == p->count) {
		p->stray++;
		return;
	}
	p->ns[p->done++] = ktime_to_ns(ktime_sub(ktime_get(), p->sent));
	if (p->done < p->count && !p->rests)
		send_ping(t);
	else
		complete(&p->end);
}

void test_pong_writable(struct test_target *t)
{
	if (READ_ONCE(t->rx.mode) == TALK_PONG && READ_ONCE(t->pong.again))
		send_ping(t);
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a;
	u64 y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 part(const struct test_pong *p, u32 percent)
{
	return p->ns[(u64)(p->done - 1) * percent / 100];
}

void test_pong_result(struct test_pong *p, const char *status,
		      struct test_text *out)
{
	u64 sum = 0;
	u32 i;

	test_say(out, "status=%s\ncount=%u\nsize=%u\nstray=%u\n", status,
		 p->done, p->size, p->stray);
	if (!p->done)
		return;
	for (i = 0; i < p->done; i++)
		sum += p->ns[i];
	sort(p->ns, p->done, sizeof(*p->ns), compare, NULL);
	test_say(out, "min_ns=%llu\np50_ns=%llu\np90_ns=%llu\np99_ns=%llu\n",
		 part(p, 0), part(p, 50), part(p, 90), part(p, 99));
	test_say(out, "max_ns=%llu\nmean_ns=%llu\n", part(p, 100),
		 div_u64(sum, p->done));
}

static int prepare(struct test_target *t, const struct test_args *args,
		   struct talk_plan *plan)
{
	struct test_pong *p = &t->pong;
	int ret;

	ret = test_sizes(t, args, plan);
	if (ret)
		return ret;
	if (args->count > PING_MAX)
		return -ERANGE;
	p->size = strcmp(args->sizes, "mix") ? le32_to_cpu(plan->max) : 8;
	p->count = args->count;
	p->done = 0;
	p->rests = args->gap_ms;
	p->stray = 0;
	p->sent = 0;
	p->again = false;
	p->data = kvzalloc(p->size + 1, GFP_KERNEL);
	p->ns = kvmalloc_array(p->count, sizeof(*p->ns), GFP_KERNEL);
	return p->data && p->ns ? 0 : -ENOMEM;
}

static int wait_end(struct test_target *t, unsigned long deadline)
{
	unsigned long now = jiffies;
	long left = time_after(deadline, now) ? deadline - now : 0;

	left = test_wait(t->peer, READ_ONCE(t->peer->leaving), 0);
	if (left < 0)
		return left;
	left = time_after(deadline, now) ? deadline - now : 0;
	left = wait_for_completion_killable_timeout(&t->pong.end, left);
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIMEDOUT;
}

/*
 * The first ping starts the chain; or, with a gap, each starts when both kernels
 * have gone to sleep, so that all cost the same.
 */
static int all_pings(struct test_target *t, u64 gap_ms, unsigned long deadline)
{
	int ret;

	do {
		reinit_completion(&t->pong.end);
		send_ping(t);
		ret = wait_end(t, deadline);
		if (!ret && gap_ms)
			ret = test_rest(t->peer, gap_ms);
	} while (!ret && t->pong.done < t->pong.count);
	return ret;
}

/* Both ends are set up. */
static int play(struct test_target *t, struct talk_plan *plan, u64 gap_ms,
		unsigned long deadline, struct test_text *out)
{
	int ret;

	WRITE_ONCE(t->rx.mode, TALK_PONG);
	ret = all_pings(t, gap_ms, deadline);
	/* Whoever is in a callback has seen the old mode until now. */
	WRITE_ONCE(t->rx.mode, TALK_IDLE);
	synchronize_rcu();
	if (ret == -EINTR)
		return ret;
	test_pong_result(&t->pong, ret ? "timeout" : "ok", out);
	plan->id = cpu_to_le32(test_new_id(t->peer));
	plan->mode = cpu_to_le32(TALK_IDLE);
	test_start(t, plan, jiffies + HZ);
	return 0;
}

int test_ping(struct test_target *t, const struct test_args *args,
	      struct test_text *out)
{
	unsigned long deadline = jiffies + args->timeout * HZ;
	struct talk_plan plan = { .mode = cpu_to_le32(TALK_ECHO) };
	int ret;

	plan.id = cpu_to_le32(test_new_id(t->peer));
	ret = prepare(t, args, &plan);
	if (!ret)
		ret = test_wait_up(t, deadline);
	if (!ret)
		ret = test_start(t, &plan, deadline);
	if (!ret)
		ret = play(t, &plan, args->gap_ms, deadline, out);
	kvfree(t->pong.ns);
	kvfree(t->pong.data);
	t->pong.ns = NULL;
	t->pong.data = NULL;
	return ret;
}
