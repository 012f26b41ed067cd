/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of imb-test.ko share.
 *
 *	test.c		the files in debugfs, the commands, those run by the peer
 *	test_talk.c	questions and answers between two imb-test.ko
 *	test_check.c	numbered messages with known content, and who checks them
 *	test_stress.c	who sends them
 *	test_ping.c	round trips of messages
 *	bell.c		round trips of the doorbell alone
 *	fault.c		a peer that breaks the rules
 *	forge.c		messages in the name of other modules
 */
#ifndef IMB_TEST_H
#define IMB_TEST_H

#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "imb.h"
#include "imb_wire.h"

/* What commands can be run on; the channels come first. */
enum test_target_id {
	TEST_CONTROL,
	TEST_DATA,
	TEST_DATA2,
	TEST_CONTROL2,
	TEST_WINDOW,
	TEST_CHANNELS,
	TEST_FAULT = TEST_CHANNELS,
	TEST_BELL,
	TEST_TARGETS,
};

#define TEST_RESULT 1024 /* longest text of a result */
#define TEST_LINE   256 /* longest command */

/* Values of talk_plan.mode: what a channel's end does with what it receives. */
#define TALK_IDLE  0
#define TALK_CHECK 1
#define TALK_ECHO  2
#define TALK_PONG  3 /* never asked of a peer */

/* talk_plan.flags */
#define TALK_MIX       1 /* sizes: many short, few long */
#define TALK_HOLD      2 /* keep by-reference buffers for a while */
#define TALK_UNCHECKED 4 /* count only */

/**
 * struct talk_plan - what is going to be sent over a channel (wire)
 * @id: of the plan
 * @mode: TALK_*
 * @flags: TALK_*
 * @min: shortest message
 * @max: longest
 * @stall_us: burn so long for each message
 * @pause_ms: take messages but give nothing back for so long
 * @reserved: zero
 * @seed: of sizes and content
 */
struct talk_plan {
	__le32 id;
	__le32 mode;
	__le32 flags;
	__le32 min;
	__le32 max;
	__le32 stall_us;
	__le32 pause_ms;
	__le32 reserved;
	__le64 seed;
};

/**
 * struct talk_report - what has arrived (wire)
 * @id: of the plan
 * @reserved: zero
 * @received: messages
 * @bad: of them, those that are not what was sent
 * @lost: numbers that were passed over
 * @reordered: came after a later one
 * @duplicated: came again
 * @bytes: in all
 * @ns: from the first to the last
 */
struct talk_report {
	__le32 id;
	__le32 reserved;
	__le64 received;
	__le64 bad;
	__le64 lost;
	__le64 reordered;
	__le64 duplicated;
	__le64 bytes;
	__le64 ns;
};

static_assert(sizeof(struct talk_plan) == 40, "wire");
static_assert(offsetof(struct talk_plan, seed) == 32, "wire");
static_assert(sizeof(struct talk_report) == 64, "wire");
static_assert(offsetof(struct talk_report, received) == 8, "wire");

/**
 * struct test_args - a command, parsed
 * @verb: "stress", "ping", "inject", "report"
 * @kind: of a fault
 * @sizes: "mix", "N" or "A-B"
 * @by: "copy" or "buffer"
 * @count: messages
 * @ms: time instead of a count
 * @seed: 0: any
 * @batch: messages per kick
 * @hold: see TALK_HOLD
 * @stall_us: see struct talk_plan
 * @pause_ms: see struct talk_plan
 * @gap_ms: rest so long after each batch, or round trip
 * @check: content is checked
 * @timeout: seconds
 * @lane: of a fault
 * @every_us: between two writes of a fault
 */
struct test_args {
	const char *verb;
	const char *kind;
	const char *sizes;
	const char *by;
	u64 count;
	u64 ms;
	u64 seed;
	u64 batch;
	u64 hold;
	u64 stall_us;
	u64 pause_ms;
	u64 gap_ms;
	u64 check;
	u64 timeout;
	u64 lane;
	u64 every_us;
};

/**
 * struct test_text - a result being written
 * @text: key=value lines
 * @len: bytes of it
 */
struct test_text {
	char text[TEST_RESULT];
	size_t len;
};

/**
 * struct test_rx - the receiving end of a channel
 * @mode: TALK_*; changed by callbacks of the link, or to and from TALK_PONG
 * @id: of the plan; like all up to @seen touched by callbacks alone
 * @flags: of the plan
 * @min: of the plan
 * @max: of the plan
 * @stall_us: of the plan
 * @seed: of the plan
 * @next: number of the message expected
 * @received: see struct talk_report, as the next ones
 * @bad: .
 * @lost: .
 * @reordered: .
 * @duplicated: .
 * @bytes: .
 * @first: when the first came
 * @last: when the last came
 * @seen: which of the last numbers have come
 * @lock: guards the rest, which @later empties
 * @later: gives back what is kept
 * @pause_until: in jiffies, 0 if there is no pause
 * @session: of @owed
 * @owed: messages of a windowed channel not yet reported as consumed
 * @kept: how many buffers are held
 * @bufs: they
 */
struct test_rx {
	u32 mode;
	u32 id;
	u32 flags;
	u32 min;
	u32 max;
	u32 stall_us;
	u64 seed;
	u64 next;
	u64 received;
	u64 bad;
	u64 lost;
	u64 reordered;
	u64 duplicated;
	u64 bytes;
	ktime_t first;
	ktime_t last;
	DECLARE_BITMAP(seen, 4096);

	spinlock_t lock;
	struct delayed_work later;
	unsigned long pause_until;
	u32 session;
	u32 owed;
	u32 kept;
	struct imb_buf bufs[IMB_WIRE_MAX_BUFS];
};

/**
 * struct test_pong - a series of round trips, driven from callback to callback
 * @data: what is sent
 * @size: bytes of it
 * @count: round trips wanted
 * @done: round trips made
 * @rests: each is begun by the command, after a rest, not by the last one's end
 * @stray: answers to no question
 * @sent: when the last question was sent; 0: none is open
 * @again: it could not be sent, writable() tries again
 * @ns: how long each took
 * @end: all are done; or one is, if it rests
 */
struct test_pong {
	void *data;
	u32 size;
	u32 count;
	u32 done;
	bool rests;
	u32 stray;
	ktime_t sent;
	bool again;
	u64 *ns;
	struct completion end;
};

/**
 * struct test_call - a question to the peer and its answer
 * @id: of the open question, 0 if none
 * @len: bytes of the answer, -1 if there is none yet
 * @answer: it
 */
struct test_call {
	u32 id;
	int len;
	u8 answer[TEST_RESULT];
};

/**
 * struct test_file - a file in debugfs and its last result
 * @target: what its commands are run on
 * @remote: by the peer
 * @busy: a command is being run
 * @result: of the last
 */
struct test_file {
	struct test_target *target;
	bool remote;
	struct mutex busy;
	struct test_text result;
};

/**
 * struct test_job - a command that the peer has asked for
 * @work: runs it
 * @id: the peer's number of it; 0: none yet
 * @done: @result is complete
 * @line: the command
 * @result: of it
 */
struct test_job {
	struct work_struct work;
	u32 id;
	bool done;
	char line[TEST_LINE];
	struct test_text result;
};

/**
 * struct test_target - something that commands are run on
 * @peer: towards which kernel
 * @id: which
 * @ch: the channel, if it is one
 * @busy: a command is being run on it, here
 * @wakes: counts calls of writable() and state()
 * @sent: messages accepted in the run that is under way, or was the last
 * @stray: messages that came without a plan: of another life, if of anybody
 * @rx: receiving end
 * @pong: round trips
 * @ask: questions of a command run here
 * @order: question by which a command is run by the peer
 * @job: command run here for the peer
 * @files: run here, run by the peer
 */
struct test_target {
	struct test_peer *peer;
	enum test_target_id id;
	struct imb_channel *ch;
	struct mutex busy;
	u32 wakes;
	u64 sent;
	u64 stray;
	struct test_rx rx;
	struct test_pong pong;
	struct test_call ask;
	struct test_call order;
	struct test_job job;
	struct test_file files[2];
};

/**
 * struct test_peer - another kernel
 * @id: its id
 * @talk: channel for questions and answers
 * @wait: where commands wait for anything to happen
 * @lock: guards calls and jobs
 * @ids: last number given to a question or plan
 * @leaving: the module is being removed: end what you do
 * @dir: k<id> in debugfs
 * @bell: see bell.c
 * @targets: what commands can be run on
 */
struct test_peer {
	unsigned int id;
	struct imb_channel *talk;
	wait_queue_head_t wait;
	spinlock_t lock;
	u32 ids;
	bool leaving;
	struct dentry *dir;
	struct test_bell *bell;
	struct test_target targets[TEST_TARGETS];
};

/*
 * Wait until @condition holds, for at most @jiffies. Return: like
 * wait_event_killable_timeout(), and -EINTR when the module leaves.
 */
#define test_wait(peer, condition, jiffies)                                  \
	({                                                                   \
		long __left = wait_event_killable_timeout(                   \
			(peer)->wait,                                        \
			READ_ONCE((peer)->leaving) || (condition), jiffies); \
		READ_ONCE((peer)->leaving) ? -EINTR : __left;                \
	})

/* Rest for so long, but not when killed. Return: 0, -EINTR. */
static inline int test_rest(struct test_peer *peer, u64 ms)
{
	return test_wait(peer, false, msecs_to_jiffies(ms)) < 0 ? -EINTR : 0;
}

/* test.c */
__printf(2, 3) void test_say(struct test_text *t, const char *format, ...);
int test_execute(struct test_target *t, char *line, struct test_text *out);
/* Is both @t's channel and the talk with the peer open? Waits until @deadline. */
int test_wait_up(struct test_target *t, unsigned long deadline);

/* test_talk.c */
extern const struct imb_ops test_talk_ops;
int test_start(struct test_target *t, const struct talk_plan *plan,
	       unsigned long deadline);
int test_report(struct test_target *t, u32 plan, struct talk_report *report,
		unsigned long deadline);
int test_order(struct test_target *t, const char *line, struct test_text *out,
	       unsigned long deadline);
u32 test_new_id(struct test_peer *peer);

/* test_check.c */
u32 test_size_of(const struct test_rx *plan, u64 k);
void test_fill(u8 *to, u32 len, u64 seed, u64 k);
unsigned long test_pause_left(const struct test_rx *rx);
void test_rx_init(struct test_rx *rx);
void test_rx_exit(struct test_rx *rx);
void test_rx_plan(struct test_target *t, const struct talk_plan *plan);
void test_rx_report(const struct test_rx *rx, struct talk_report *report);
void test_rx_message(struct test_target *t, const struct imb_msg *msg);
int test_received(const struct test_target *t, struct test_text *out);

/* test_stress.c */
int test_stress(struct test_target *t, const struct test_args *args,
		struct test_text *out);
int test_sizes(const struct test_target *t, const struct test_args *args,
	       struct talk_plan *plan);

/* test_ping.c */
void test_pong_message(struct test_target *t);
void test_pong_writable(struct test_target *t);
int test_ping(struct test_target *t, const struct test_args *args,
	      struct test_text *out);
void test_pong_result(struct test_pong *pong, const char *status,
		      struct test_text *out);

/* bell.c */
int test_bell_init(struct test_peer *peer);
void test_bell_exit(struct test_peer *peer);
void test_bell_plan(struct test_peer *peer, u32 mode);
int test_bell_ping(struct test_target *t, const struct test_args *args,
		   struct test_text *out);

/* fault.c */
int test_fault_init(struct dentry *dir);
int test_fault(struct test_target *t, const struct test_args *args,
	       struct test_text *out);

/* forge.c */
extern const struct file_operations test_forge_ops;

#endif /* IMB_TEST_H */
