// SPDX-License-Identifier: GPL-2.0
/* member.c: in a kernel that kernel 0 started, reports life and death to it and obeys its stop. */

#include <linux/cpumask.h>
#include <linux/ioport.h>
#include <linux/ktime.h>
#include <linux/mailbox_client.h>
#include <linux/mailbox_controller.h>
#include <linux/mm.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/of_address.h>
#include <linux/panic_notifier.h>
#include <linux/platform_device.h>
#include <linux/reboot.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "block.h"

#define BEAT_MS 100
/* Beats from one look at the log to the next */
#define LOG_BEATS 10
/* From a power off by force to the end without any order */
#define ABRUPT_MS 3000

static unsigned int grace_ms = 5000;
module_param(grace_ms, uint, 0644);
MODULE_PARM_DESC(
	grace_ms,
	"How long user space may take for the power off that kernel 0 asked for");

/**
 * struct member - this kernel, as kernel 0 is to see it
 * @dev:	 the platform device
 * @block:	 the lifecycle block
 * @lock:	 protects @report and our line of @block
 * @report:	 what we wrote last
 * @client:	 of the mailbox
 * @bell:	 rings kernel 0's bell, NULL if there is none
 * @beat:	 the heart
 * @obey:	 looks for a command
 * @force:	 ends this kernel if user space did not
 * @abrupt:	 ends this kernel if that hangs
 * @panic_nb:	 last words
 * @reboot_nb:	 last words
 * @log_at:	 where the log was when it was cleaned last
 * @data:	 this kernel's static data: what a core dump is about
 * @nr_data:	 how many of them there are
 */
struct member {
	struct device *dev;
	struct block block;
	spinlock_t lock;
	struct boot_report report;
	struct mbox_client client;
	struct mbox_chan *bell;
	struct timer_list beat;
	struct work_struct obey;
	struct delayed_work force;
	struct timer_list abrupt;
	struct notifier_block panic_nb;
	struct notifier_block reboot_nb;
	u32 log_at;
	struct {
		const void *start;
		size_t size;
	} data[2];
	unsigned int nr_data;
};

/* Only a hint, kernel 0 looks now and then */
static void ring(struct member *m)
{
	if (m->bell && mbox_send_message(m->bell, NULL) >= 0)
		mbox_client_txdone(m->bell, 0);
}

static void write_report(struct member *m)
{
	block_write(&m->block, BOOT_REPORT_OFFSET, &m->report,
		    sizeof(m->report));
}

/* The reason is there before the state that makes it count */
static void write_state(struct member *m, u32 state, u32 exit)
{
	m->report.exit = cpu_to_le32(exit);
	write_report(m);
	m->report.state = cpu_to_le32(state);
	write_report(m);
}

static void set_state(struct member *m, u32 state, u32 exit)
{
	unsigned long flags;

	spin_lock_irqsave(&m->lock, flags);
	/* Who is stopping for one reason does not begin to stop for another */
	if (m->report.state != cpu_to_le32(BOOT_STATE_STOPPING))
		write_state(m, state, exit);
	spin_unlock_irqrestore(&m->lock, flags);
	ring(m);
}

static bool read_order(struct member *m, struct boot_order *order)
{
	block_read(&m->block, BOOT_ORDER_OFFSET, order, sizeof(*order));
	return order->incarnation == m->report.incarnation;
}

/*
 * To ramoops the log is memory of its own. Without coherence kernel 0 sees of
 * it what has left our caches, so all that is new is cleaned: a ring from the
 * byte that came last time to the one that comes next. block_read() has
 * cleaned the header, which has it all in its line.
 */
static void clean_log(struct member *m)
{
	u8 *text = m->block.base + BOOT_LOG_OFFSET +
		   offsetof(struct boot_log, text);
	u32 size = sizeof_field(struct boot_log, text);
	struct {
		__le32 magic;
		__le32 start;
	} head;
	u32 at;

	if (m->block.coherent)
		return;
	block_read(&m->block, BOOT_LOG_OFFSET, &head, sizeof(head));
	at = le32_to_cpu(head.start);
	if (at > size || at == m->log_at)
		return;
	if (at < m->log_at) {
		cache_clean(text + m->log_at, size - m->log_at);
		m->log_at = 0;
	}
	cache_clean(text + m->log_at, at - m->log_at);
	m->log_at = at;
}

static const struct resource *next_resource(const struct resource *r)
{
	if (r->child)
		return r->child;
	while (!r->sibling && r->parent)
		r = r->parent;
	return r->sibling;
}

/* By the names that arm64 and riscv64 give it, where it is reached at any time */
static void find_data(struct member *m)
{
	const struct resource *r = &iomem_resource;

	while ((r = next_resource(r)) && m->nr_data < ARRAY_SIZE(m->data)) {
		if (strcmp(r->name ?: "", "Kernel data") &&
		    strcmp(r->name ?: "", "Kernel bss"))
			continue;
		m->data[m->nr_data].start = phys_to_virt(r->start);
		m->data[m->nr_data++].size = resource_size(r);
	}
}

/* What dies in our caches is in no core dump. */
static void clean_data(struct member *m)
{
	unsigned int i;

	if (m->block.coherent)
		return;
	for (i = 0; i < m->nr_data; i++)
		cache_clean(m->data[i].start, m->data[i].size);
}

/* A command is obeyed where one may sleep; most bells are for others. */
static void look_for_command(struct member *m)
{
	struct boot_order order;

	if (read_order(m, &order) && order.command_seq != m->report.command_seq)
		schedule_work(&m->obey);
}

/* The heart hops from CPU to CPU: it stops if one of them takes no interrupts */
static void beat(struct timer_list *timer)
{
	struct member *m = from_timer(m, timer, beat);
	unsigned int cpu = cpumask_next(smp_processor_id(), cpu_online_mask);

	spin_lock(&m->lock);
	le64_add_cpu(&m->report.beats, 1);
	m->report.uptime_ms = cpu_to_le64(ktime_to_ms(ktime_get_boottime()));
	m->report.cpus = cpu_to_le32(num_online_cpus());
	write_report(m);
	spin_unlock(&m->lock);
	if (le64_to_cpu(m->report.beats) % LOG_BEATS == 0)
		clean_log(m);

	look_for_command(m);

	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	timer->expires = jiffies + msecs_to_jiffies(BEAT_MS);
	add_timer_on(timer, cpu);
}

static void force_work(struct work_struct *work)
{
	kernel_power_off();
}

/* On a CPU that still takes interrupts: it stops the others, by NMI if it has to */
static void end_abruptly(struct timer_list *timer)
{
	emergency_restart();
}

static void end_within(struct member *m, unsigned int ms)
{
	mod_delayed_work(system_wq, &m->force, msecs_to_jiffies(ms));
	mod_timer(&m->abrupt, jiffies + msecs_to_jiffies(ms + ABRUPT_MS));
}

static void obey_work(struct work_struct *work)
{
	struct member *m = container_of(work, struct member, obey);
	struct boot_order order;
	__le32 seq;

	if (!read_order(m, &order) ||
	    order.command_seq == m->report.command_seq)
		return;
	seq = order.command_seq;
	/*
	 * ORDER: pairs with block_write() in kproc_command(): the command is
	 * there before its number, but one copy may have taken the number
	 * first. A command that is newer than the number is obeyed twice.
	 */
	dma_rmb();
	read_order(m, &order);
	spin_lock_irq(&m->lock);
	m->report.command_seq = seq;
	spin_unlock_irq(&m->lock);

	switch (le32_to_cpu(order.command)) {
	case BOOT_COMMAND_STOP:
		dev_info(m->dev, "kernel 0 asks for a power off\n");
		set_state(m, BOOT_STATE_STOPPING, BOOT_EXIT_ASKED);
		end_within(m, grace_ms);
		orderly_poweroff(true);
		break;
	case BOOT_COMMAND_QUIT:
		dev_info(m->dev, "kernel 0 wants this kernel off at once\n");
		set_state(m, BOOT_STATE_STOPPING, BOOT_EXIT_ASKED);
		end_within(m, 0);
		break;
	default:
		dev_warn(m->dev, "kernel 0 sent the unknown command %u\n",
			 le32_to_cpu(order.command));
	}
}

static void hear_bell(struct mbox_client *client, void *message)
{
	look_for_command(dev_get_drvdata(client->dev));
}

/*
 * All other CPUs are stopped and may hold any lock, so none is waited for: our
 * line has no other writer left, and without a bell kernel 0 sees it as well.
 */
static int panicked(struct notifier_block *nb, unsigned long action, void *data)
{
	struct member *m = container_of(nb, struct member, panic_nb);

	clean_log(m);
	clean_data(m);
	write_state(m, BOOT_STATE_CRASHED, BOOT_EXIT_PANIC);
	if (m->bell && spin_trylock(&m->bell->lock)) {
		spin_unlock(&m->bell->lock);
		ring(m);
	}
	return NOTIFY_DONE;
}

static int rebooting(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	struct member *m = container_of(nb, struct member, reboot_nb);
	u32 exit = BOOT_EXIT_POWEROFF;

	if (action == SYS_RESTART)
		exit = BOOT_EXIT_REBOOT;
	else if (action == SYS_HALT)
		exit = BOOT_EXIT_HALT;
	set_state(m, BOOT_STATE_STOPPING, exit);
	return NOTIFY_DONE;
}

/*
 * There is nothing to turn off but the CPUs, which the kernel does after this.
 * Without a handler it would call a power off a halt.
 */
static int power_off(struct sys_off_data *data)
{
	return NOTIFY_DONE;
}

static int get_block(struct member *m, struct device_node *np)
{
	struct boot_order order;
	struct resource res;
	u32 id;
	int ret;

	ret = of_property_read_u32(np, "tombolo,kernel-id", &id) ?:
		      of_address_to_resource(np, 0, &res);
	if (ret)
		return dev_err_probe(m->dev, ret,
				     "tombolo,kernel-id or reg is missing\n");
	m->block.base =
		devm_memremap(m->dev, res.start, BOOT_BLOCK_SIZE, MEMREMAP_WB);
	if (IS_ERR(m->block.base))
		return PTR_ERR(m->block.base);
	m->block.coherent = block_is_coherent(np);

	block_read(&m->block, BOOT_ORDER_OFFSET, &order, sizeof(order));
	if (le32_to_cpu(order.magic) != BOOT_MAGIC ||
	    le32_to_cpu(order.kernel) != id)
		return dev_err_probe(
			m->dev, -ENODEV,
			"kernel 0 did not start this as kernel %u\n", id);
	if (le16_to_cpu(order.major) != BOOT_MAJOR)
		return dev_err_probe(
			m->dev, -EPROTO,
			"kernel 0 speaks version %u of the boot protocol, not %u: use modules of the same release\n",
			le16_to_cpu(order.major), BOOT_MAJOR);
	/* A command from before this is still to be obeyed: none is seen yet */
	m->report.incarnation = order.incarnation;
	return 0;
}

static void free_bell(void *data)
{
	mbox_free_channel(data);
}

static int get_bell(struct member *m, struct device_node *np)
{
	if (!of_property_present(np, "mboxes"))
		return 0;

	m->client.dev = m->dev;
	m->client.rx_callback = hear_bell;
	m->client.knows_txdone = true;
	m->bell = mbox_request_channel(&m->client, 0);
	if (IS_ERR(m->bell))
		return dev_err_probe(m->dev, PTR_ERR(m->bell), "no doorbell\n");
	return devm_add_action_or_reset(m->dev, free_bell, m->bell);
}

static void stop_work(void *data)
{
	struct member *m = data;

	cancel_work_sync(&m->obey);
	cancel_delayed_work_sync(&m->force);
	timer_shutdown_sync(&m->abrupt);
}

static void live(struct member *m)
{
	m->report.major = cpu_to_le16(BOOT_MAJOR);
	m->report.minor = cpu_to_le16(BOOT_MINOR);
	m->report.memory_kib =
		cpu_to_le64(totalram_pages() << (PAGE_SHIFT - 10));
	m->report.cpus = cpu_to_le32(num_online_cpus());

	find_data(m);
	m->panic_nb.notifier_call = panicked;
	m->panic_nb.priority = INT_MAX;
	atomic_notifier_chain_register(&panic_notifier_list, &m->panic_nb);
	m->reboot_nb.notifier_call = rebooting;
	register_reboot_notifier(&m->reboot_nb);
	/* Who hears that it is up may want to read how it came up */
	clean_log(m);
	set_state(m, BOOT_STATE_UP, BOOT_EXIT_NONE);
	timer_setup(&m->beat, beat, TIMER_PINNED);
	mod_timer(&m->beat, jiffies + 1);
}

static int member_probe(struct platform_device *pdev)
{
	struct member *m = devm_kzalloc(&pdev->dev, sizeof(*m), GFP_KERNEL);
	int ret;

	if (!m)
		return -ENOMEM;

	m->dev = &pdev->dev;
	spin_lock_init(&m->lock);
	INIT_WORK(&m->obey, obey_work);
	INIT_DELAYED_WORK(&m->force, force_work);
	timer_setup(&m->abrupt, end_abruptly, TIMER_PINNED);
	platform_set_drvdata(pdev, m);

	ret = get_block(m, pdev->dev.of_node)				    ?:
		      devm_register_power_off_handler(m->dev, power_off, m) ?:
		      devm_add_action_or_reset(m->dev, stop_work, m)	    ?:
		      get_bell(m, pdev->dev.of_node);
	if (ret)
		return ret;
	live(m);
	return 0;
}

/* Without a heart kernel 0 would call this kernel hung, so say that nobody is here */
static void member_remove(struct platform_device *pdev)
{
	struct member *m = platform_get_drvdata(pdev);

	timer_shutdown_sync(&m->beat);
	unregister_reboot_notifier(&m->reboot_nb);
	atomic_notifier_chain_unregister(&panic_notifier_list, &m->panic_nb);
	set_state(m, BOOT_STATE_NONE, BOOT_EXIT_NONE);
}

static const struct of_device_id member_of_match[] = {
	{ .compatible = "tombolo,kernel-member" },
	{}
};
MODULE_DEVICE_TABLE(of, member_of_match);

static struct platform_driver member_driver = {
	.probe = member_probe,
	.remove = member_remove,
	.driver = {
		.name = "tombolo-member",
		.of_match_table = member_of_match,
	},
};
module_platform_driver(member_driver);

MODULE_DESCRIPTION("Report to the kernel that started this one");
MODULE_LICENSE("GPL");
