// SPDX-License-Identifier: GPL-2.0
/*
 * imb-test.ko: the mailbox under test, between the kernels of a real board. For
 * boards under test only: whoever may write its files in debugfs can disturb
 * every link, and so can a peer.
 *
 *	/sys/kernel/debug/imb-test/
 *		faults			what fault can inject
 *		k<peer>/<target>	a command is written, its result read
 *		k<peer>/<target>-peer	the same, run by the peer against us
 *		k<peer>/forge		what is written is sent to the peer
 *
 * tests/README.md documents commands and results.
 */
#include <linux/device/driver.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "test.h"

#define TALK_SERVICE IMB_SERVICE_TEST

/**
 * struct channel_spec - what both ends have to agree on
 * @name: of the file
 * @service: number of the channel
 * @lane: its lane
 * @window: messages that may be under way
 */
struct channel_spec {
	const char *name;
	u16 service;
	enum imb_lane lane;
	u32 window;
};

static const struct channel_spec specs[TEST_TARGETS] = {
	[TEST_CONTROL] = { "control", IMB_SERVICE_TEST + 1,
			   IMB_LANE_FOR_CONTROL, 0 },
	[TEST_DATA] = { "data", IMB_SERVICE_TEST + 2, IMB_LANE_FOR_DATA, 0 },
	[TEST_DATA2] = { "data2", IMB_SERVICE_TEST + 3, IMB_LANE_FOR_DATA, 0 },
	[TEST_CONTROL2] = { "control2", IMB_SERVICE_TEST + 4,
			    IMB_LANE_FOR_CONTROL, 0 },
	[TEST_WINDOW] = { "window", IMB_SERVICE_TEST + 5, IMB_LANE_FOR_DATA,
			  64 },
	[TEST_FAULT] = { .name = "fault" },
	[TEST_BELL] = { .name = "bell" },
};

/**
 * struct number_key - a command's key with a number
 * @name: of the key
 * @offset: in struct test_args
 * @min: smallest value
 * @max: largest
 */
struct number_key {
	const char *name;
	size_t offset;
	u64 min;
	u64 max;
};

#define NUMBER(key, min, max)                                   \
	{                                                       \
#key, offsetof(struct test_args, key), min, max \
	}

static const struct number_key number_keys[] = {
	NUMBER(count, 1, U64_MAX),
	NUMBER(ms, 1, 3600000),
	NUMBER(seed, 0, U64_MAX),
	NUMBER(batch, 1, 1000000),
	NUMBER(hold, 0, 1),
	NUMBER(stall_us, 0, 1000),
	NUMBER(pause_ms, 0, 60000),
	NUMBER(gap_ms, 0, 1000),
	NUMBER(check, 0, 1),
	NUMBER(timeout, 1, 3600),
	NUMBER(lane, 0, IMB_WIRE_LANES - 1),
	NUMBER(every_us, 0, 1000000),
};

static struct dentry *root;
static struct test_peer *peers[IMB_WIRE_KERNELS];

void test_say(struct test_text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->len += vscnprintf(t->text + t->len, sizeof(t->text) - t->len, format,
			     args);
	va_end(args);
}

static int parse_number(struct test_args *args, const char *key,
			const char *value)
{
	const struct number_key *k;
	u64 number;
	int ret;

	for (k = number_keys; k < number_keys + ARRAY_SIZE(number_keys); k++) {
		if (strcmp(k->name, key))
			continue;
		ret = kstrtou64(value, 0, &number);
		if (ret)
			return ret;
		if (number < k->min || number > k->max)
			return -ERANGE;
		*(u64 *)((u8 *)args + k->offset) = number;
		return 0;
	}
	return -EINVAL;
}

static int parse_pair(struct test_args *args, char *pair)
{
	char *value = strchr(pair, '=');

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (!strcmp(pair, "size"))
		args->sizes = value;
	else if (!strcmp(pair, "by"))
		args->by = value;
	else if (!strcmp(pair, "kind"))
		args->kind = value;
	else
		return parse_number(args, pair, value);
	return 0;
}

static int parse(char *line, struct test_args *args)
{
	char *word;
	int ret = 0;

	line = strim(line);
	args->verb = strsep(&line, " \t");
	while (!ret && (word = strsep(&line, " \t")))
		if (*word)
			ret = parse_pair(args, word);
	return ret;
}

static int execute_parsed(struct test_target *t, const struct test_args *args,
			  struct test_text *out)
{
	if (t->ch && !strcmp(args->verb, "stress"))
		return test_stress(t, args, out);
	if (t->ch && !strcmp(args->verb, "ping"))
		return test_ping(t, args, out);
	if (t->id == TEST_BELL && !strcmp(args->verb, "ping"))
		return test_bell_ping(t, args, out);
	if (t->id == TEST_FAULT && !strcmp(args->verb, "inject"))
		return test_fault(t, args, out);
	return -EINVAL;
}

int test_execute(struct test_target *t, char *line, struct test_text *out)
{
	struct test_args args = {
		.sizes = "mix",
		.by = "copy",
		.kind = "",
		.count = 1000,
		.batch = 1,
		.check = 1,
		.timeout = 60,
		.every_us = 1000,
	};
	int ret;

	/* It is asked for while others are run. */
	if (t->ch && !strcmp(line, "report"))
		return test_received(t, out);
	if (!mutex_trylock(&t->busy))
		return -EBUSY;
	out->len = 0;
	ret = parse(line, &args);
	if (!ret)
		ret = execute_parsed(t, &args, out);
	mutex_unlock(&t->busy);
	return ret;
}

int test_wait_up(struct test_target *t, unsigned long deadline)
{
	struct test_peer *peer = t->peer;
	unsigned long now = jiffies;
	long left;

	left = time_after(deadline, now) ? deadline - now : 0;
	left = test_wait(peer, imb_up(peer->talk) && (!t->ch || imb_up(t->ch)),
			 left);
	if (left < 0)
		return left;
	return left ? 0 : -ENOTCONN;
}

/* What the peer has asked for. An error is told as a result. */
static void run_job(struct work_struct *work)
{
	struct test_job *job = container_of(work, struct test_job, work);
	struct test_target *t = container_of(job, struct test_target, job);
	unsigned long flags;
	int ret;

	ret = test_execute(t, job->line, &job->result);
	if (ret) {
		job->result.len = 0;
		test_say(&job->result, "status=refused\nerror=%d\n", ret);
	}
	spin_lock_irqsave(&t->peer->lock, flags);
	job->done = true;
	spin_unlock_irqrestore(&t->peer->lock, flags);
}

static int run_line(struct test_file *file, char *line)
{
	struct test_target *t = file->target;
	struct test_text *out = &file->result;
	struct test_args args = { .timeout = 60 };
	char copy[TEST_LINE];
	int ret;

	if (!file->remote)
		return test_execute(t, line, out);
	strscpy(copy, line);
	ret = parse(copy, &args);
	if (ret)
		return ret;
	/* Some more than the peer allows itself. */
	return test_order(t, line, out, jiffies + (args.timeout + 10) * HZ);
}

static ssize_t file_write(struct file *f, const char __user *from, size_t n,
			  loff_t *pos)
{
	struct test_file *file = f->private_data;
	char line[TEST_LINE];
	int ret;

	if (n >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, n))
		return -EFAULT;
	line[n] = '\0';
	if (!mutex_trylock(&file->busy))
		return -EBUSY;
	file->result.len = 0;
	ret = run_line(file, strim(line));
	mutex_unlock(&file->busy);
	return ret ?: n;
}

static ssize_t file_read(struct file *f, char __user *to, size_t n, loff_t *pos)
{
	struct test_file *file = f->private_data;
	ssize_t ret;

	if (mutex_lock_killable(&file->busy))
		return -EINTR;
	ret = simple_read_from_buffer(to, n, pos, file->result.text,
				      file->result.len);
	mutex_unlock(&file->busy);
	return ret;
}

static const struct file_operations file_ops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = file_read,
	.write = file_write,
	.llseek = default_llseek,
};

static void target_receive(void *ctx, const struct imb_msg *msg)
{
	struct test_target *t = ctx;

	/* Pairs with open_target(): too early, nobody has told us of it. */
	if (smp_load_acquire(&t->ch))
		test_rx_message(t, msg);
}

static void wake(struct test_target *t)
{
	WRITE_ONCE(t->wakes, t->wakes + 1);
	wake_up_all(&t->peer->wait);
}

static void target_state(void *ctx, bool up)
{
	wake(ctx);
}

static void target_writable(void *ctx)
{
	test_pong_writable(ctx);
	wake(ctx);
}

static const struct imb_ops target_ops = {
	.receive = target_receive,
	.state = target_state,
	.writable = target_writable,
};

static int open_target(struct test_target *t)
{
	const struct channel_spec *spec = &specs[t->id];
	struct imb_channel *ch;

	if (!spec->service)
		return 0;
	ch = imb_open(t->peer->id, spec->service, spec->lane, spec->window,
		      &target_ops, t);
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	/* Pairs with target_receive(), which may have been called already. */
	smp_store_release(&t->ch, ch);
	return 0;
}

static void close_target(struct test_target *t)
{
	/* No job begins any more, and none waits for long. */
	cancel_work_sync(&t->job.work);
	if (!t->ch)
		return;
	WRITE_ONCE(t->rx.mode, TALK_IDLE);
	synchronize_rcu();
	test_rx_exit(&t->rx);
	imb_close(t->ch);
}

static void init_target(struct test_peer *peer, enum test_target_id id)
{
	struct test_target *t = &peer->targets[id];
	int i;

	t->peer = peer;
	t->id = id;
	mutex_init(&t->busy);
	test_rx_init(&t->rx);
	init_completion(&t->pong.end);
	INIT_WORK(&t->job.work, run_job);
	for (i = 0; i < 2; i++) {
		t->files[i].target = t;
		t->files[i].remote = i;
		mutex_init(&t->files[i].busy);
	}
}

static int open_peer(struct test_peer *peer)
{
	struct imb_channel *talk;
	int ret = test_bell_init(peer);
	int id;

	for (id = 0; id < TEST_TARGETS && !ret; id++)
		ret = open_target(&peer->targets[id]);
	if (ret)
		return ret;
	talk = imb_open(peer->id, TALK_SERVICE, IMB_LANE_FOR_CONTROL, 0,
			&test_talk_ops, peer);
	if (IS_ERR(talk))
		return PTR_ERR(talk);
	/* Pairs with say(), which may be called by its first callback. */
	smp_store_release(&peer->talk, talk);
	return 0;
}

static void add_files(struct test_peer *peer)
{
	struct test_file *file;
	char name[32];
	int id, i;

	snprintf(name, sizeof(name), "k%u", peer->id);
	peer->dir = debugfs_create_dir(name, root);
	debugfs_create_file("forge", 0200, peer->dir, peer, &test_forge_ops);
	for (id = 0; id < TEST_TARGETS; id++)
		for (i = 0; i < 2; i++) {
			file = &peer->targets[id].files[i];
			snprintf(name, sizeof(name), "%s%s", specs[id].name,
				 i ? "-peer" : "");
			debugfs_create_file(name, 0600, peer->dir, file,
					    &file_ops);
		}
}

static void destroy_peer(struct test_peer *peer)
{
	unsigned long flags;
	int id;

	if (!peer)
		return;
	debugfs_remove_recursive(peer->dir);
	spin_lock_irqsave(&peer->lock, flags);
	WRITE_ONCE(peer->leaving, true);
	spin_unlock_irqrestore(&peer->lock, flags);
	wake_up_all(&peer->wait);
	for (id = 0; id < TEST_TARGETS; id++)
		close_target(&peer->targets[id]);
	test_bell_exit(peer);
	if (peer->talk)
		imb_close(peer->talk);
	kvfree(peer);
}

static int create_peer(unsigned int id)
{
	struct test_peer *peer = kvzalloc(sizeof(*peer), GFP_KERNEL);
	int target, ret;

	if (!peer)
		return -ENOMEM;
	peer->id = id;
	/* Not to be taken for one of an earlier life of this module. */
	peer->ids = get_random_u32();
	spin_lock_init(&peer->lock);
	init_waitqueue_head(&peer->wait);
	for (target = 0; target < TEST_TARGETS; target++)
		init_target(peer, target);
	ret = open_peer(peer);
	if (ret) {
		destroy_peer(peer);
		return ret;
	}
	peers[id] = peer;
	add_files(peer);
	return 0;
}

static void destroy_all(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(peers); i++)
		destroy_peer(peers[i]);
	debugfs_remove_recursive(root);
}

static int __init test_init(void)
{
	int self, i;
	int ret;

	/* The mailbox may just be waiting for its doorbell's driver. */
	wait_for_device_probe();
	self = imb_self();
	if (self < 0)
		return self;
	root = debugfs_create_dir("imb-test", NULL);
	ret = test_fault_init(root);
	for (i = 0; i < imb_kernels() && !ret; i++)
		if (i != self)
			ret = create_peer(i);
	if (ret)
		destroy_all();
	return ret;
}

static void __exit test_exit(void)
{
	destroy_all();
}

module_init(test_init);
module_exit(test_exit);
MODULE_DESCRIPTION("Tests of the inter-kernel mailbox, for boards under test");
MODULE_LICENSE("GPL");
