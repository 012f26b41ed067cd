// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that is about to end asks the others to take their threads home, and
 * gives back their memory; and the other side of that.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/reboot.h>

#include "ssi.h"

/* How often threads that have not come are asked again. */
#define ASK_EVERY (HZ / 20)

static unsigned int leave_ms = 4000;
module_param(leave_ms, uint, 0644);
MODULE_PARM_DESC(
	leave_ms,
	"How long the end of this kernel waits for threads of others to go home");

static bool leaving;

bool ssi_leaving(void)
{
	return READ_ONCE(leaving);
}

/* ---- in the kernel that ends ---- */

static unsigned int bodies(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < SSI_KERNELS; i++)
		n += READ_ONCE(ssi_peers[i].bodies);
	return n;
}

/* What waits for a fatal signal only waits until then. */
static bool pause(unsigned long end)
{
	return time_before(jiffies, end) && !schedule_timeout_killable(1) &&
	       !fatal_signal_pending(current);
}

/*
 * First the threads, then the windows: a page that only this kernel has would
 * be lost with it.
 */
static void leave(unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);
	unsigned int n = bodies(), left;

	WRITE_ONCE(leaving, true);
	ssi_say_hello();
	while (bodies() && pause(end))
		;
	left = bodies();
	if (!left)
		while (ssi_windows_close() && pause(end))
			;
	if (left)
		pr_warn("ssi: %u of %u threads of other kernels did not go home in %u ms: they are lost\n",
			left, n, ms);
	else if (n)
		pr_info("ssi: %u threads of other kernels went home\n", n);
}

static int set_takes_tasks(const char *text, const struct kernel_param *kp)
{
	bool takes;
	int ret = kstrtobool(text, &takes);

	if (ret)
		return ret;
	if (!takes) {
		leave(leave_ms);
		return bodies() ? -EBUSY : 0;
	}
	WRITE_ONCE(leaving, false);
	ssi_say_hello();
	return 0;
}

static int get_takes_tasks(char *text, const struct kernel_param *kp)
{
	return sprintf(text, "%c\n",
		       ssi_agent_waits() && !ssi_leaving() ? 'Y' : 'N');
}

static const struct kernel_param_ops takes_tasks_ops = {
	.set = set_takes_tasks,
	.get = get_takes_tasks,
};
module_param_cb(takes_tasks, &takes_tasks_ops, NULL, 0644);
MODULE_PARM_DESC(
	takes_tasks,
	"threads of other kernels may run here; N sends home those that are here (Y)");

/* By force, without init: what is not yet done is done now. */
static int rebooting(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	if (bodies() || !ssi_leaving())
		leave(min(leave_ms, 2000u));
	return NOTIFY_DONE;
}

/* Before tombolo-member says that this kernel stops, and links are closed. */
static struct notifier_block reboot_nb = {
	.notifier_call = rebooting,
	.priority = INT_MAX,
};

/* ---- at the home of threads that are there ---- */

static void recall_fn(struct work_struct *work)
{
	struct ssi_peer *peer =
		container_of(work, struct ssi_peer, recall.work);

	if (READ_ONCE(peer->ends) && ssi_shadow_recall(peer))
		schedule_delayed_work(&peer->recall, ASK_EVERY);
}

/* In an interrupt. */
void ssi_recall(struct ssi_peer *peer)
{
	mod_delayed_work(system_wq, &peer->recall, 0);
}

int ssi_leave_init(void)
{
	unsigned int i;

	for (i = 0; i < SSI_KERNELS; i++)
		INIT_DELAYED_WORK(&ssi_peers[i].recall, recall_fn);
	return register_reboot_notifier(&reboot_nb);
}
