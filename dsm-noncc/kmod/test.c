// SPDX-License-Identifier: GPL-2.0
/*
 * dsm-test.ko: uses dsm.h without tasks that migrate.
 *
 * A program shares its memory with another kernel by an ioctl of /dev/dsm-test;
 * over there a process is started that opens a window on it and then does, inside
 * of its kernel, the accesses it is told to.
 */
#include <linux/err.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/umh.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "dsm.h"
#include "imb.h"
#include "test.h"

#define KERNELS 8
#define WAIT	(60 * HZ)

/**
 * struct peer - both directions of a conversation with another kernel
 * @id: the kernel
 * @ch: where it is held
 * @one: one call at a time is made by us
 * @call: made by us, then the answer
 * @answered: it is
 * @job: asked of us
 * @pending: and not done
 * @over: the space has ended
 * @wq: waits for any of these
 * @start: starts the process that does the job
 */
struct peer {
	u32 id;
	struct imb_channel *ch;
	struct mutex one;
	struct dsm_test_call call;
	bool answered;
	struct dsm_test_call job;
	bool pending;
	bool over;
	wait_queue_head_t wq;
	struct work_struct start;
};

static struct peer peers[KERNELS];
static DEFINE_SPINLOCK(lock);

/* ---- the process over there ---- */

static int access_word(struct dsm_test_call *c, u64 i)
{
	u64 __user *p = (u64 __user *)c->addr;
	u64 v;

	switch (c->op) {
	case DSM_TEST_READ:
		return get_user(c->value, p);
	case DSM_TEST_WRITE:
		return put_user(c->value, p);
	case DSM_TEST_ADD:
		return get_user(v, p) ?: put_user(v + c->value, p);
	case DSM_TEST_FILL:
		return put_user(c->value + i,
				(u64 __user *)(c->addr + i * PAGE_SIZE));
	default:
		return -EINVAL;
	}
}

static int sum(struct dsm_test_call *c)
{
	u64 step = c->value, v, i;

	c->value = 0;
	for (i = 0; i < c->n; i++) {
		if (get_user(v, (u64 __user *)(c->addr + i * step)))
			return -EFAULT;
		c->value += v;
	}
	return 0;
}

static int fetch(struct dsm_window *win, const struct dsm_test_call *c)
{
	u64 addr = c->addr;
	u32 i;

	for (i = 0; i < c->n; i++, addr += PAGE_SIZE)
		dsm_window_fetch(win, &addr, 1, false);
	return 0;
}

static int run(struct dsm_window *win, struct dsm_test_call *c)
{
	int ret = 0;
	u64 i;

	if (c->op == DSM_TEST_SUM)
		return sum(c);
	if (c->op == DSM_TEST_FETCH)
		return fetch(win, c);
	for (i = 0; i < max(c->n, 1u) && !ret; i++) {
		ret = access_word(c, i);
		if (fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

static void reply(struct peer *p, struct dsm_test_call *c, int error)
{
	c->error = error;
	spin_lock_irq(&lock);
	p->pending = false;
	spin_unlock_irq(&lock);
	imb_send(p->ch, c, sizeof(*c));
}

static void closed(void *ctx)
{
	struct peer *p = ctx;

	WRITE_ONCE(p->over, true);
	wake_up(&p->wq);
}

static const struct dsm_window_ops window_ops = { .closed = closed };

static bool next_job(struct peer *p, struct dsm_test_call *c)
{
	if (wait_event_killable(p->wq,
				READ_ONCE(p->pending) || READ_ONCE(p->over)))
		return false;
	*c = p->job;
	return p->pending;
}

/* In the process that becomes the window; it does not return to user mode. */
static int become(struct peer *p)
{
	struct dsm_test_call c = p->job;
	struct dsm_id id = { .home = p->id,
			     .number = c.addr,
			     .incarnation = c.value };
	struct dsm_window *win;

	p->over = false;
	current->rseq = NULL;
	current->robust_list = NULL;
	current->clear_child_tid = NULL;
	win = dsm_window_open(&id, &window_ops, p);
	reply(p, &c, PTR_ERR_OR_ZERO(win));
	if (IS_ERR(win))
		return PTR_ERR(win);
	while (next_job(p, &c) && c.op != DSM_TEST_CLOSE)
		reply(p, &c, run(win, &c));
	dsm_window_close(win);
	if (c.op == DSM_TEST_CLOSE)
		reply(p, &c, 0);
	return 0;
}

static void start_process(struct work_struct *work)
{
	struct peer *p = container_of(work, struct peer, start);
	char command[80];
	char *argv[4] = { "/bin/sh", "-c", command, NULL };
	char *envp[2] = { "PATH=/sbin:/bin:/usr/sbin:/usr/bin", NULL };
	int ret;

	snprintf(command, sizeof(command),
		 "ulimit -v unlimited; echo %u >/dev/dsm-test", p->id);
	ret = call_usermodehelper(argv[0], argv, envp, UMH_WAIT_EXEC);
	if (ret)
		reply(p, &p->job, ret);
}

static ssize_t test_write(struct file *file, const char __user *buf, size_t n,
			  loff_t *pos)
{
	unsigned int id;
	int ret = kstrtouint_from_user(buf, n, 0, &id);

	if (ret || id >= KERNELS || !peers[id].ch)
		return ret ?: -EINVAL;
	ret = become(&peers[id]);
	send_sig(SIGKILL, current, 1);
	return ret ?: n;
}

/* ---- messages ---- */

static void receive(void *ctx, const struct imb_msg *msg)
{
	struct peer *p = ctx;
	struct dsm_test_call c;

	if (msg->len != sizeof(c))
		return;
	memcpy(&c, msg->data, sizeof(c));
	spin_lock(&lock);
	if (c.kernel == imb_self()) {
		p->job = c;
		p->pending = true;
		if (c.op == DSM_TEST_OPEN)
			schedule_work(&p->start);
	} else {
		p->call = c;
		p->answered = true;
	}
	spin_unlock(&lock);
	wake_up_all(&p->wq);
}

static const struct imb_ops imb_ops = { .receive = receive };

static int call(struct peer *p, struct dsm_test_call *c)
{
	int ret;

	if (mutex_lock_killable(&p->one))
		return -EINTR;
	p->answered = false;
	ret = imb_send(p->ch, c, sizeof(*c));
	if (!ret) {
		ret = wait_event_killable_timeout(p->wq, READ_ONCE(p->answered),
						  WAIT);
		ret = ret > 0 ? 0 : ret ?: -ETIMEDOUT;
	}
	if (!ret)
		*c = p->call;
	mutex_unlock(&p->one);
	return ret;
}

/* ---- programs ---- */

static int share(u32 kernel)
{
	struct dsm_test_call c = { .kernel = kernel, .op = DSM_TEST_OPEN };
	struct dsm_space *space = dsm_space_get(current->mm);
	int ret;

	if (IS_ERR(space))
		return PTR_ERR(space);
	ret = dsm_space_grant(space, kernel);
	if (!ret) {
		c.addr = dsm_space_id(space).number;
		c.value = dsm_space_id(space).incarnation;
		ret = call(&peers[kernel], &c) ?: c.error;
	}
	dsm_space_put(space);
	return ret;
}

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct dsm_test_call c;
	int ret;

	if (cmd == DSM_TEST_SHARE)
		return arg < KERNELS && peers[arg].ch ? share(arg) : -EINVAL;
	if (cmd != DSM_TEST_CALL)
		return -ENOTTY;
	if (copy_from_user(&c, user, sizeof(c)))
		return -EFAULT;
	if (c.kernel >= KERNELS || !peers[c.kernel].ch || c.op == DSM_TEST_OPEN)
		return -EINVAL;
	ret = call(&peers[c.kernel], &c);
	if (!ret && copy_to_user(user, &c, sizeof(c)))
		ret = -EFAULT;
	return ret;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.write = test_write,
	.unlocked_ioctl = test_ioctl,
};

static struct miscdevice test_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dsm-test",
	.mode = 0600,
	.fops = &test_fops,
};

static void close_all(void)
{
	struct peer *p;

	for (p = peers; p < peers + KERNELS; p++)
		if (p->ch) {
			imb_close(p->ch);
			cancel_work_sync(&p->start);
		}
}

static int open_peer(struct peer *p)
{
	struct imb_channel *ch;

	mutex_init(&p->one);
	init_waitqueue_head(&p->wq);
	INIT_WORK(&p->start, start_process);
	p->id = p - peers;
	ch = imb_open(p->id, IMB_SERVICE_TEST + 6, IMB_LANE_FOR_CONTROL, 0,
		      &imb_ops, p);
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	p->ch = ch;
	return 0;
}

static int __init test_init(void)
{
	int k, ret = 0;

	for (k = 0; k < imb_kernels() && !ret; k++)
		if (k != imb_self())
			ret = open_peer(&peers[k]);
	if (!ret)
		ret = misc_register(&test_dev);
	if (ret)
		close_all();
	return ret;
}
module_init(test_init);

static void __exit test_exit(void)
{
	misc_deregister(&test_dev);
	close_all();
}
module_exit(test_exit);

MODULE_DESCRIPTION("Test of pages shared between kernels");
MODULE_LICENSE("GPL");
