// SPDX-License-Identifier: GPL-2.0
/* /dev/tombolo for programs, /dev/tombolo-agent for the agent, /proc/tombolo for people. */
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "ssi.h"

/* As for sched_setaffinity(). */
static bool may_move(struct task_struct *task)
{
	const struct cred *cred = current_cred(), *theirs;
	bool may;

	rcu_read_lock();
	theirs = __task_cred(task);
	may = uid_eq(cred->euid, theirs->euid) ||
	      uid_eq(cred->euid, theirs->uid) ||
	      ns_capable(theirs->user_ns, CAP_SYS_NICE);
	rcu_read_unlock();
	return may;
}

/* A thread, 0 is the caller; or the first one of its process. */
static struct task_struct *get_task(s32 pid, bool first)
{
	struct task_struct *task = pid ? NULL : current;

	rcu_read_lock();
	if (pid > 0)
		task = pid_task(find_vpid(pid), PIDTYPE_PID);
	if (task && first)
		task = task->group_leader;
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

static unsigned int place_of(struct task_struct *task)
{
	unsigned int place = ssi_self;
	struct ssi_shadow *s;

	rcu_read_lock();
	s = ssi_shadow_find(task);
	if (s)
		place = ssi_shadow_place(s);
	rcu_read_unlock();
	return place;
}

static int move_one(struct task_struct *task, struct tombolo_move *m)
{
	unsigned int to = m->kernel == TOMBOLO_HOME ? ssi_self : m->kernel;
	unsigned int why = ssi_why(task, to);

	if (!may_move(task)) {
		m->why = TOMBOLO_WHY_PERMISSION;
		return -EPERM;
	}
	m->why = why;
	return ssi_place(task, to, 0, !(m->flags & TOMBOLO_MOVE_ON_EXEC));
}

/*
 * The thread after @t, to be put. One that has ended leads to nobody any more:
 * then it is the first one again.
 */
static struct task_struct *thread_after(struct task_struct *t,
					struct task_struct *leader)
{
	struct task_struct *next = NULL;

	rcu_read_lock();
	if (pid_alive(t))
		next = __next_thread(t);
	else if (t != leader && pid_alive(leader))
		next = leader;
	if (next)
		get_task_struct(next);
	rcu_read_unlock();
	return next;
}

/* All threads; one that is born meanwhile goes where its parent is going. */
static int move_process(struct task_struct *leader, struct tombolo_move *m)
{
	struct task_struct *t, *next = leader;
	int ret = 0, err;

	get_task_struct(next);
	while (next) {
		t = next;
		err = move_one(t, m);
		if (err && err != -ESRCH)
			ret = err;
		next = fatal_signal_pending(current) ? NULL :
						       thread_after(t, leader);
		put_task_struct(t);
	}
	return ret;
}

static bool all_there(struct task_struct *task, unsigned int to, bool process)
{
	struct task_struct *t;
	bool there = true;

	rcu_read_lock();
	t = pid_alive(task) ? task : NULL;
	while (t) {
		if (place_of(t) != to && !(t->flags & PF_EXITING))
			there = false;
		t = process ? __next_thread(t) : NULL;
	}
	rcu_read_unlock();
	return there;
}

static void wait_there(struct task_struct *task, struct tombolo_move *m)
{
	unsigned int to = m->kernel == TOMBOLO_HOME ? ssi_self : m->kernel;
	unsigned long end = jiffies + msecs_to_jiffies(m->timeout_ms);
	bool process = m->flags & TOMBOLO_MOVE_PROCESS;

	while (!all_there(task, to, process)) {
		schedule_timeout_killable(1);
		if (time_after(jiffies, end) || fatal_signal_pending(current)) {
			m->why = m->why ?: TOMBOLO_WHY_BUSY;
			return;
		}
	}
}

static long move(struct tombolo_move __user *arg)
{
	struct tombolo_move m;
	struct task_struct *task;
	bool process;
	long ret;

	if (copy_from_user(&m, arg, sizeof(m)))
		return -EFAULT;
	if (m.flags & ~(TOMBOLO_MOVE_PROCESS | TOMBOLO_MOVE_ON_EXEC) ||
	    m.reserved)
		return -EINVAL;
	process = m.flags & TOMBOLO_MOVE_PROCESS;
	task = get_task(m.pid, process);
	if (!task)
		return -ESRCH;
	m.why = 0;
	ret = process ? move_process(task, &m) : move_one(task, &m);
	/* The caller itself moves on its way out of this very call. */
	if (!ret && m.timeout_ms && !same_thread_group(task, current))
		wait_there(task, &m);
	put_task_struct(task);
	if (copy_to_user(arg, &m, sizeof(m)))
		return -EFAULT;
	return ret;
}

static void look(struct task_struct *task, struct tombolo_where *w)
{
	struct ssi_shadow *s;

	w->home = ssi_self;
	w->kernel = ssi_self;
	w->want = ssi_self;
	w->why = 0;
	w->core = ssi_cpu(task, task_cpu(task));
	rcu_read_lock();
	s = ssi_shadow_find(task);
	if (s) {
		w->kernel = ssi_shadow_place(s);
		w->want = READ_ONCE(s->want);
		w->why = READ_ONCE(s->why);
		w->moves = READ_ONCE(s->moves);
		w->calls = READ_ONCE(s->calls);
	}
	rcu_read_unlock();
}

static long where(struct tombolo_where __user *arg, bool only_why)
{
	struct tombolo_where w;
	struct task_struct *task;

	if (copy_from_user(&w, arg, sizeof(w)))
		return -EFAULT;
	task = get_task(w.pid, false);
	if (!task)
		return -ESRCH;
	if (only_why)
		w.why = ssi_why(task, w.want);
	else
		look(task, &w);
	/* Which kernels there are anybody may know. */
	if (only_why && w.why != TOMBOLO_WHY_NO_KERNEL && !may_move(task))
		w.why = TOMBOLO_WHY_PERMISSION;
	put_task_struct(task);
	return copy_to_user(arg, &w, sizeof(w)) ? -EFAULT : 0;
}

static long tombolo_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	void __user *p = (void __user *)arg;

	switch (cmd) {
	case TOMBOLO_IOC_MOVE:
		return move(p);
	case TOMBOLO_IOC_WHERE:
		return where(p, false);
	case TOMBOLO_IOC_WHY:
		return where(p, true);
	}
	return -ENOTTY;
}

static const struct file_operations tombolo_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = tombolo_ioctl,
};

static struct miscdevice tombolo_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tombolo",
	.mode = 0666,
	.fops = &tombolo_fops,
};

/* ---- the agent ---- */

static int agent_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

/* The windows inherit the file; what counts is whether the agent lives. */
static int agent_flush(struct file *file, fl_owner_t owner)
{
	if (file->private_data != task_tgid(current))
		return 0;
	file->private_data = NULL;
	ssi_agent_came(-1);
	return 0;
}

static long agent_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case TOMBOLO_IOC_AGENT_WAIT:
		if (!file->private_data) {
			file->private_data = task_tgid(current);
			ssi_agent_came(1);
		}
		return ssi_agent_wait();
	case TOMBOLO_IOC_AGENT_LEAD:
		return ssi_agent_lead(arg);
	}
	return -ENOTTY;
}

static const struct file_operations agent_fops = {
	.owner = THIS_MODULE,
	.open = agent_open,
	.flush = agent_flush,
	.unlocked_ioctl = agent_ioctl,
};

static struct miscdevice agent_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tombolo-agent",
	.mode = 0600,
	.fops = &agent_fops,
};

/* ---- /proc/tombolo ---- */

/* As all of that /proc: 0 for who has ended, or is not in its namespace. */
static pid_t number_of(struct seq_file *m, struct task_struct *task,
		       enum pid_type type)
{
	struct pid_namespace *ns = proc_pid_ns(file_inode(m->file)->i_sb);

	return READ_ONCE(task->exit_state) ? 0 :
					     __task_pid_nr_ns(task, type, ns);
}

/* The last column of a line */
static void show_name(struct seq_file *m, const struct task_struct *task)
{
	seq_escape(m, task->comm, "\n\\");
	seq_putc(m, '\n');
}

static void show_one(struct ssi_shadow *s, void *ctx)
{
	pid_t tid = number_of(ctx, s->task, PIDTYPE_PID);

	if (!tid)
		return;
	seq_printf(ctx, "%d %d %u %u %u %u %s %llu %llu %llu %llu ",
		   number_of(ctx, s->task, PIDTYPE_TGID), tid, ssi_self,
		   ssi_shadow_place(s), s->want, s->why,
		   ssi_state_name(s->state), s->moves, s->calls, s->faults,
		   s->time_before + s->time);
	show_name(ctx, s->task);
}

static void show_body(struct ssi_body *b, void *ctx)
{
	pid_t tid = b->task ? number_of(ctx, b->task, PIDTYPE_PID) : 0;

	if (b->task && !tid)
		return;
	seq_printf(ctx, "%d %u %u %u %u %s ", tid, b->home,
		   b->window ? b->window->id.number : 0, b->number, b->life,
		   ssi_state_name(b->state));
	if (b->task)
		show_name(ctx, b->task);
	else
		seq_putc(ctx, '\n');
}

/* Threads of other kernels, here; by the names that their homes have for them. */
static int show_bodies(struct seq_file *m, void *v)
{
	seq_puts(m, "pid home space stay life state comm\n");
	ssi_body_each(show_body, m);
	return 0;
}

static int show_tasks(struct seq_file *m, void *v)
{
	seq_puts(
		m,
		"pid tid home place want why state moves calls signals ns comm\n");
	ssi_shadow_each(show_one, m);
	return 0;
}

/* 1: yes; 0: nobody makes windows there; 2: it is about to end */
static int takes_tasks(unsigned int kernel)
{
	if (kernel == ssi_self)
		return ssi_leaving() ? 2 : ssi_agent_waits();
	return READ_ONCE(ssi_peers[kernel].ends) ? 2 : ssi_ready(kernel);
}

static int show_kernels(struct seq_file *m, void *v)
{
	int i;

	seq_puts(m, "kernel first cores up ready bodies bad\n");
	for (i = 0; i < imb_kernels(); i++)
		seq_printf(m, "%d %u %u %d %d %u %lu\n", i, ssi_first_core(i),
			   ssi_cores_of(i),
			   i == ssi_self || READ_ONCE(ssi_peers[i].up),
			   takes_tasks(i), ssi_peers[i].bodies,
			   ssi_peers[i].bad);
	return 0;
}

/* What has been sent and received since the module was loaded, by kind. */
static int show_counters(struct seq_file *m, void *v)
{
	int i;

	for (i = 1; i < SSI_TYPES; i++)
		seq_printf(m, "sent_%s=%lld\nreceived_%s=%lld\n",
			   ssi_type_name(i), atomic64_read(&ssi_sent[i]),
			   ssi_type_name(i), atomic64_read(&ssi_received[i]));
	return 0;
}

int ssi_device_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("tombolo", NULL);
	int ret;

	if (!dir || !proc_create_single("tasks", 0444, dir, show_tasks) ||
	    !proc_create_single("bodies", 0400, dir, show_bodies) ||
	    !proc_create_single("kernels", 0444, dir, show_kernels) ||
	    !proc_create_single("counters", 0444, dir, show_counters))
		return -ENOMEM;
	ret = misc_register(&tombolo_dev);
	return ret ?: misc_register(&agent_dev);
}
