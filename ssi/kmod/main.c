// SPDX-License-Identifier: GPL-2.0
/*
 * ssi.ko: threads of a process of one kernel run on the cores of another one.
 *
 * The hooks in the kernel are set once and for all: a thread may be in any of
 * them at any time, so this module is never unloaded.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <linux/tombolo_tasks.h>
#include <linux/tracepoint.h>

#include "ssi.h"

DEFINE_SPINLOCK(ssi_lock);
unsigned int ssi_self;
u32 ssi_life;

static void hook_resume(struct pt_regs *regs)
{
	struct ssi_body *b = ssi_body_of(current);
	struct ssi_shadow *s = b ? NULL : ssi_shadow_find(current);

	if (b)
		ssi_body_resume(b, regs);
	else if (s)
		ssi_stay_resume(s, regs);
	else
		clear_thread_flag(TIF_TOMBOLO);
}

static void hook_fork(struct task_struct *child)
{
	struct ssi_window *win = ssi_window_led_by(current);
	struct ssi_shadow *s = win ? NULL : ssi_shadow_find(current);

	if (win)
		ssi_window_fork(win, child);
	else if (s)
		ssi_shadow_fork(s, child);
}

static void hook_exit(void)
{
	struct ssi_body *b = ssi_body_of(current);
	struct ssi_shadow *s = ssi_shadow_find(current);
	struct ssi_window *win = ssi_window_led_by(current);

	if (b)
		ssi_body_exit(b);
	if (s)
		ssi_stay_exit(s);
	if (win)
		ssi_window_exit(win);
}

/* A vfork child that was to move can do so now. */
static void probe_exec(void *data, struct task_struct *p, pid_t old_pid,
		       struct linux_binprm *bprm)
{
	if (ssi_shadow_find(p))
		set_tsk_thread_flag(p, TIF_TOMBOLO);
}

static void find_exec(struct tracepoint *tp, void *data)
{
	if (!strcmp(tp->name, "sched_process_exec"))
		*(struct tracepoint **)data = tp;
}

static int watch_exec(void)
{
	struct tracepoint *tp = NULL;

	for_each_kernel_tracepoint(find_exec, &tp);
	return tp ? tracepoint_probe_register(tp, probe_exec, NULL) : -ENOENT;
}

static void set_hooks(void)
{
	tombolo_tasks.resume = hook_resume;
	tombolo_tasks.fork = hook_fork;
	tombolo_tasks.exit = hook_exit;
	tombolo_tasks.syscall = ssi_body_syscall;
	tombolo_tasks.exception = ssi_body_exception;
	/* ORDER: these run in any thread at once; pairs with address dependencies */
	smp_store_release(&tombolo_tasks.cpu, ssi_cpu);
	/* ORDER: the same */
	smp_store_release(&tombolo_tasks.get_cpus, ssi_get_cpus);
	/* ORDER: the same */
	smp_store_release(&tombolo_tasks.set_cpus, ssi_set_cpus);
}

static int __init ssi_init(void)
{
	int ret = imb_self();

	if (ret < 0)
		return ret;
	ssi_self = ret;
	ssi_life = get_random_u32() ?: 1;
	ret = ssi_context_init() ?: watch_exec();
	if (ret)
		return ret;
	ssi_place_init();
	ssi_shadow_init();
	ssi_body_init();
	ssi_window_init();
	set_hooks();
	/* What calls us now never stops to: the module stays, whatever fails. */
	ret = ssi_leave_init() ?: ssi_device_init() ?: ssi_link_init();
	if (ret)
		pr_err("ssi: not all of it could be set up: %d\n", ret);
	return 0;
}
module_init(ssi_init);

MODULE_DESCRIPTION("Threads that run on another kernel of the board");
MODULE_LICENSE("GPL");
