// SPDX-License-Identifier: GPL-2.0
/* rproc.c: starts and stops the other kernels of the board as remote processors, for kernel 0. */

/*
 * A kernel that is to be started gets its memory filled (rproc_load.c) and one
 * CPU turned on by PSCI. From then on it is its own master: it turns on its
 * other CPUs itself, and only it can turn them off. So a stop is a request,
 * and the kernel has stopped when PSCI says that each of its CPUs is off. The
 * patch "arm64: Give borrowed CPUs back" makes sure that every end of a kernel
 * comes to this, unless it hangs. Then its CPUs get the interrupt by which its
 * own kernel stops CPUs; it is an NMI if the kernel was booted with pseudo NMIs.
 * One that does not take that either is fenced (rproc_watch.c).
 *
 * Order of locks: rproc->lock (by the core, around the ops), kproc.lock.
 */

#include <linux/delay.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/reboot.h>
#include <linux/sched/signal.h>
#include <linux/vmalloc.h>

#include "rproc.h"

#define STOP_POLL_MS 10
/* One by one the CPUs stop within microseconds, if at all */
#define FORCE_MS 500

static bool auto_boot;
module_param(auto_boot, bool, 0444);
MODULE_PARM_DESC(auto_boot,
		 "Start the other kernels when the module is loaded");

static LIST_HEAD(kprocs);
static DEFINE_MUTEX(kprocs_lock);

bool kproc_all_off(const struct kproc *kp)
{
	int i;

	for (i = 0; i < kp->nr_cpus; i++)
		if (!kp->power->cpu_is_off(kp, i))
			return false;
	return true;
}

/* A lost bell costs the kernel's next heartbeat, when it looks by itself */
static void ring(struct kproc *kp)
{
	if (kp->bell && mbox_send_message(kp->bell, NULL) >= 0)
		mbox_client_txdone(kp->bell, 0);
}

static void write_order(struct kproc *kp)
{
	block_write(&kp->block, BOOT_ORDER_OFFSET, &kp->order,
		    sizeof(kp->order));
}

void kproc_command(struct kproc *kp, u32 command)
{
	unsigned long flags;

	spin_lock_irqsave(&kp->lock, flags);
	kp->stop_asked = true;
	kp->order.command = cpu_to_le32(command);
	write_order(kp);
	le32_add_cpu(&kp->order.command_seq, 1);
	write_order(kp);
	spin_unlock_irqrestore(&kp->lock, flags);

	ring(kp);
}

/* Nothing of a life before may be seen in the new one */
static void clear_block(struct kproc *kp)
{
	kproc_keep_log(kp);
	cache_invalidate(kp->block.base, BOOT_BLOCK_SIZE);
	memset(kp->block.base, 0, BOOT_BLOCK_SIZE);
	cache_clean(kp->block.base, BOOT_BLOCK_SIZE);

	kp->order.command = cpu_to_le32(BOOT_COMMAND_NONE);
	kp->order.command_seq = 0;
	write_order(kp);
}

static int kproc_start(struct rproc *rproc)
{
	struct kproc *kp = rproc->priv;
	unsigned long flags;
	int i, ret;

	for (i = 0; i < kp->nr_cpus; i++) {
		if (kp->power->cpu_is_off(kp, i))
			continue;
		dev_err(kp->dev,
			"CPU %#llx of %s is not off, so it cannot be started\n",
			kp->mpidr[i], rproc->name);
		return -EBUSY;
	}

	spin_lock_irqsave(&kp->lock, flags);
	le64_add_cpu(&kp->order.incarnation, 1);
	kp->stop_asked = false;
	spin_unlock_irqrestore(&kp->lock, flags);
	clear_block(kp);

	kproc_set_health(kp, TOMBOLO_KERNEL_STARTING);
	ret = kp->power->on(kp);
	if (ret) {
		kproc_set_health(kp, TOMBOLO_KERNEL_OFF);
		return ret;
	}
	kproc_watch(kp);
	return 0;
}

/* 0: off; -EBUSY: not in time; -EINTR: the caller is being killed */
static int wait_off(struct kproc *kp, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	while (!kproc_all_off(kp)) {
		if (time_after(jiffies, end))
			return -EBUSY;
		if (fatal_signal_pending(current))
			return -EINTR;
		msleep(STOP_POLL_MS);
	}
	return 0;
}

int kproc_force(struct kproc *kp)
{
	dev_warn(kp->dev, "stopping the CPUs of %s by force\n",
		 kp->rproc->name);
	kp->power->force(kp);
	return wait_off(kp, FORCE_MS);
}

/* While it is on its way, its end is ours to deal with and not kproc_tick()'s */
static void set_stopping(struct kproc *kp, bool stopping)
{
	unsigned long flags;

	spin_lock_irqsave(&kp->lock, flags);
	kp->stopping = stopping;
	spin_unlock_irqrestore(&kp->lock, flags);
}

static int make_stop(struct kproc *kp)
{
	int ret;

	if (!kproc_all_off(kp) && !kp->stop_asked)
		kproc_command(kp, BOOT_COMMAND_STOP);
	ret = wait_off(kp, stop_timeout_ms);
	if (ret == -EBUSY)
		ret = kproc_force(kp);
	if (ret == -EBUSY)
		kproc_fence(kp, "it does not stop");
	return ret;
}

static int kproc_stop(struct rproc *rproc)
{
	struct kproc *kp = rproc->priv;
	bool crashed = rproc->state == RPROC_CRASHED;
	unsigned long flags;
	int ret;

	set_stopping(kp, true);
	ret = make_stop(kp);
	if (ret) {
		set_stopping(kp, false);
		return ret;
	}

	spin_lock_irqsave(&kp->lock, flags);
	kp->watched = false;
	kp->stopping = false;
	if (kp->stop_asked && !crashed)
		kp->last_exit = "asked";
	spin_unlock_irqrestore(&kp->lock, flags);

	kproc_reset_devices(kp);
	/* A crashed kernel stays "crashed" until it is started again */
	if (!crashed)
		kproc_set_health(kp, TOMBOLO_KERNEL_OFF);
	return 0;
}

/* The boot loader has started it: from here on its life is as any other */
static int kproc_attach(struct rproc *rproc)
{
	struct kproc *kp = rproc->priv;

	kproc_set_health(kp, TOMBOLO_KERNEL_STARTING);
	kproc_watch(kp);
	return 0;
}

static const struct rproc_ops kproc_ops = {
	.sanity_check = kproc_check_image,
	.load = kproc_load,
	.start = kproc_start,
	.attach = kproc_attach,
	.stop = kproc_stop,
};

/* Kernel 0 takes the board down with it: let the others end in order, all at once */
static int kproc_reboot(struct notifier_block *nb, unsigned long action,
			void *data)
{
	struct kproc *kp;

	mutex_lock(&kprocs_lock);
	list_for_each_entry(kp, &kprocs, node)
		if (kproc_in_use(kp))
			kproc_command(kp, BOOT_COMMAND_QUIT);
	list_for_each_entry(kp, &kprocs, node)
		kproc_shut(kp);
	mutex_unlock(&kprocs_lock);
	return NOTIFY_DONE;
}

static struct notifier_block kproc_reboot_nb = {
	.notifier_call = kproc_reboot,
	.priority = INT_MAX,
};

static void kproc_leave(void *data)
{
	struct kproc *kp = data;

	mutex_lock(&kprocs_lock);
	list_del(&kp->node);
	mutex_unlock(&kprocs_lock);
}

/*
 * rproc_del() stops the kernel before it takes no more starts, so that one may
 * slip in between. Nobody would watch that kernel, and nobody could stop it.
 */
static void stop_leftover(void *data)
{
	struct kproc *kp = data;

	set_stopping(kp, true);
	if (kproc_all_off(kp) || kp->health == TOMBOLO_KERNEL_FENCED)
		return;
	dev_warn(kp->dev, "%s was started while its driver leaves\n",
		 kp->rproc->name);
	if (make_stop(kp) == -EINTR)
		kproc_fence(kp, "its stop was interrupted");
	kproc_reset_devices(kp);
}

/* No bell can queue the work any more: the channel is free */
static void kproc_end(void *data)
{
	struct kproc *kp = data;

	cancel_delayed_work_sync(&kp->tick);
	/* The core does this for a kernel that it could stop */
	rproc_coredump_cleanup(kp->rproc);
	vfree(kp->last_log);
}

static int kproc_probe(struct platform_device *pdev)
{
	struct device_node *np = pdev->dev.of_node;
	const char *firmware;
	struct rproc *rproc;
	struct kproc *kp;
	char name[16];
	u32 id;
	int ret;

	if (of_property_read_u32(np, "tombolo,kernel-id", &id) ||
	    of_property_read_string(np, "firmware-name", &firmware))
		return dev_err_probe(
			&pdev->dev, -EINVAL,
			"tombolo,kernel-id or firmware-name is missing\n");
	snprintf(name, sizeof(name), "kernel%u", id);
	rproc = devm_rproc_alloc(&pdev->dev, name, &kproc_ops, firmware,
				 sizeof(*kp));
	if (!rproc)
		return -ENOMEM;

	kp = rproc->priv;
	kp->rproc = rproc;
	kp->dev = &pdev->dev;
	kp->id = id;
	kp->last_exit = "none";
	spin_lock_init(&kp->lock);
	mutex_init(&kp->log_lock);
	INIT_DELAYED_WORK(&kp->tick, kproc_tick);
	platform_set_drvdata(pdev, kp);

	ret = kproc_describe(kp, np)				       ?:
		      devm_add_action_or_reset(kp->dev, kproc_end, kp) ?:
		      kproc_get_bell(kp, np)			       ?:
		      devm_add_action_or_reset(kp->dev, stop_leftover, kp);
	if (ret)
		return ret;

	rproc->auto_boot = auto_boot;
	rproc->dump_conf = RPROC_COREDUMP_ENABLED;
	if (kp->power->whole_machine && !kproc_all_off(kp) &&
	    !kproc_know_image(kp)) {
		rproc->state = RPROC_DETACHED;
		rproc->auto_boot = true;
	}
	ret = devm_rproc_add(kp->dev, rproc);
	if (ret)
		return ret;
	kproc_show_logs(kp);
	if (!kproc_all_off(kp) && !kproc_in_use(kp))
		kproc_find_running(kp);

	mutex_lock(&kprocs_lock);
	list_add_tail(&kp->node, &kprocs);
	mutex_unlock(&kprocs_lock);
	return devm_add_action_or_reset(kp->dev, kproc_leave, kp);
}

static const struct of_device_id kproc_of_match[] = {
	{ .compatible = "tombolo,kernel-rproc" },
	{}
};
MODULE_DEVICE_TABLE(of, kproc_of_match);

static struct platform_driver kproc_driver = {
	.probe = kproc_probe,
	.driver = {
		.name = "tombolo-rproc",
		.of_match_table = kproc_of_match,
		.dev_groups = kproc_groups,
	},
};

static int __init kproc_init(void)
{
	int ret;

	ret = register_reboot_notifier(&kproc_reboot_nb);
	if (ret)
		return ret;
	ret = platform_driver_register(&kproc_driver);
	if (ret)
		unregister_reboot_notifier(&kproc_reboot_nb);
	return ret;
}
module_init(kproc_init);

static void __exit kproc_exit(void)
{
	platform_driver_unregister(&kproc_driver);
	unregister_reboot_notifier(&kproc_reboot_nb);
}
module_exit(kproc_exit);

MODULE_DESCRIPTION("Start and stop the other kernels of the board");
MODULE_LICENSE("GPL");
