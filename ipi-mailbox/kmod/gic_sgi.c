// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbell between kernels that share one GICv3: a Linux mailbox controller
 * whose messages are empty.
 *
 * Kernel k rings by sending SGI sgi-base + k to the one CPU of the other kernel
 * that takes bells, so the number alone tells who rang. Linux uses the SGIs 0
 * to 7 for itself. A bell only says "look": several may melt into one.
 *
 * The SGIs are enabled on that one CPU alone. One that a confused peer sends to
 * any other CPU stays pending there and disturbs nobody; one that rings without
 * end is masked for a while, since the pending state of an SGI is kept.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irqchip/arm-gic-v3.h>
#include <linux/irqdomain.h>
#include <linux/kernel.h>
#include <linux/mailbox_controller.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_irq.h>
#include <linux/percpu.h>
#include <linux/platform_device.h>
#include <linux/rcupdate.h>
#include <asm/barrier.h>
#include <asm/cputype.h>
#include <asm/sysreg.h>

#define SGI_KERNELS   8
#define SGI_FUNCTIONS 3 /* 0: mailbox, 1: lifecycle, 2: tests */
#define SGI_FIRST     8
#define SGI_LAST      15
/* The stretch of time over which bells are counted, and masked if too many. */
#define SGI_WINDOW_NS (10 * NSEC_PER_MSEC)

static unsigned int bell_limit = 1000;
module_param(bell_limit, uint, 0644);
MODULE_PARM_DESC(
	bell_limit,
	"bells of one peer taken in 10 ms before it is muted for as long, 0: any number (1000)");

/**
 * struct sgi_peer - another kernel
 * @db: the doorbell
 * @mpidr: the CPU that takes its bells
 * @irq: Linux interrupt of the SGI that it rings with, 0 if not mapped
 * @requested: @irq has its handler
 * @dev_id: on every CPU a pointer to this structure, for the handler
 * @live: per function: a client listens
 * @window: when the counting began; only the bell CPU touches the rest
 * @count: bells since then
 * @unmute: ends the silence
 */
struct sgi_peer {
	struct sgi_doorbell *db;
	u64 mpidr;
	int irq;
	bool requested;
	struct sgi_peer *__percpu *dev_id;
	bool live[SGI_FUNCTIONS];
	ktime_t window;
	unsigned int count;
	struct hrtimer unmute;
};

/**
 * struct sgi_doorbell - the doorbell of this kernel
 * @mbox: what clients see; channel number = peer * SGI_FUNCTIONS + function
 * @chans: its channels
 * @dev: the device
 * @node: in the list of the hotplug state
 * @self: this kernel's id
 * @kernels: how many there are
 * @base: SGI of kernel 0
 * @cpu: the CPU that takes bells
 * @leaving: @cpu may go, nothing is enabled any more
 * @peers: by kernel id; the own one is unused
 */
struct sgi_doorbell {
	struct mbox_controller mbox;
	struct mbox_chan chans[SGI_KERNELS * SGI_FUNCTIONS];
	struct device *dev;
	struct hlist_node node;
	u32 self;
	u32 kernels;
	u32 base;
	unsigned int cpu;
	bool leaving;
	struct sgi_peer peers[SGI_KERNELS];
};

static enum cpuhp_state sgi_hotplug;

static struct sgi_peer *chan_peer(struct mbox_chan *chan)
{
	return chan->con_priv;
}

static unsigned int chan_function(struct mbox_chan *chan)
{
	return (chan - chan_peer(chan)->db->chans) % SGI_FUNCTIONS;
}

static void sgi_ring(u64 mpidr, unsigned int sgi)
{
	u64 aff0 = MPIDR_AFFINITY_LEVEL(mpidr, 0);
	u64 val = MPIDR_AFFINITY_LEVEL(mpidr, 3) << ICC_SGI1R_AFFINITY_3_SHIFT |
		  MPIDR_AFFINITY_LEVEL(mpidr, 2) << ICC_SGI1R_AFFINITY_2_SHIFT |
		  MPIDR_AFFINITY_LEVEL(mpidr, 1) << ICC_SGI1R_AFFINITY_1_SHIFT |
		  aff0 >> 4 << ICC_SGI1R_RS_SHIFT |
		  (u64)sgi << ICC_SGI1R_SGI_ID_SHIFT | BIT(aff0 & 0xf);

	/* What the bell is about has to be in memory before it rings. */
	dsb(st);
	write_sysreg_s(val, SYS_ICC_SGI1R_EL1);
	isb();
}

static int sgi_send_data(struct mbox_chan *chan, void *data)
{
	struct sgi_peer *peer = chan_peer(chan);

	sgi_ring(peer->mpidr, peer->db->base + peer->db->self);
	return 0;
}

static int sgi_startup(struct mbox_chan *chan)
{
	/* The handler may see the client from here on. */
	smp_store_release(&chan_peer(chan)->live[chan_function(chan)], true);
	return 0;
}

static void sgi_shutdown(struct mbox_chan *chan)
{
	WRITE_ONCE(chan_peer(chan)->live[chan_function(chan)], false);
	/* Handlers run with interrupts off, which RCU waits for. */
	synchronize_rcu();
}

static const struct mbox_chan_ops sgi_ops = {
	.send_data = sgi_send_data,
	.startup = sgi_startup,
	.shutdown = sgi_shutdown,
};

static enum hrtimer_restart sgi_unmute(struct hrtimer *timer)
{
	struct sgi_peer *peer = container_of(timer, struct sgi_peer, unmute);

	if (!READ_ONCE(peer->db->leaving))
		enable_percpu_irq(peer->irq, IRQ_TYPE_NONE);
	return HRTIMER_NORESTART;
}

/* Count a bell; silence a peer that rings so much that nothing else would run. */
static void sgi_count(struct sgi_peer *peer)
{
	unsigned int limit = READ_ONCE(bell_limit);
	ktime_t now;

	if (++peer->count < limit || !limit)
		return;
	now = ktime_get();
	peer->count = 0;
	if (ktime_sub(now, peer->window) > SGI_WINDOW_NS ||
	    READ_ONCE(peer->db->leaving)) {
		peer->window = now;
		return;
	}
	peer->window = ktime_add_ns(now, SGI_WINDOW_NS);
	disable_percpu_irq(peer->irq);
	hrtimer_start(&peer->unmute, ns_to_ktime(SGI_WINDOW_NS),
		      HRTIMER_MODE_REL_PINNED_HARD);
	dev_warn_once(
		peer->db->dev,
		"kernel %td rings too often; it is muted for 10 ms each time\n",
		peer - peer->db->peers);
}

static irqreturn_t sgi_bell(int irq, void *dev_id)
{
	struct sgi_peer *peer = *(struct sgi_peer **)dev_id;
	struct sgi_doorbell *db = peer->db;
	unsigned int first = (peer - db->peers) * SGI_FUNCTIONS;
	unsigned int i;

	sgi_count(peer);
	for (i = 0; i < SGI_FUNCTIONS; i++)
		/* pairs with sgi_startup() */
		if (smp_load_acquire(&peer->live[i]))
			mbox_chan_received_data(&db->chans[first + i], NULL);
	return IRQ_HANDLED;
}

static int sgi_cpu_online(unsigned int cpu, struct hlist_node *node)
{
	struct sgi_doorbell *db =
		hlist_entry_safe(node, struct sgi_doorbell, node);
	unsigned int i;

	if (cpu != db->cpu)
		return 0;
	for (i = 0; i < db->kernels; i++)
		if (db->peers[i].irq)
			enable_percpu_irq(db->peers[i].irq, IRQ_TYPE_NONE);
	return 0;
}

static int sgi_cpu_offline(unsigned int cpu, struct hlist_node *node)
{
	struct sgi_doorbell *db =
		hlist_entry_safe(node, struct sgi_doorbell, node);
	unsigned int i;

	if (cpu != db->cpu)
		return 0;
	/* kexec and shutdown take CPUs down too: then nobody listens anyhow. */
	if (!db->leaving && system_state == SYSTEM_RUNNING) {
		dev_err(db->dev,
			"CPU %u cannot go offline: it takes the bells of the other kernels\n",
			cpu);
		return -EBUSY;
	}
	for (i = 0; i < db->kernels; i++)
		if (db->peers[i].irq)
			disable_percpu_irq(db->peers[i].irq);
	return 0;
}

static struct mbox_chan *sgi_xlate(struct mbox_controller *mbox,
				   const struct of_phandle_args *args)
{
	struct sgi_doorbell *db = container_of(mbox, struct sgi_doorbell, mbox);

	if (args->args_count != 2 || args->args[0] >= db->kernels ||
	    args->args[0] == db->self || args->args[1] >= SGI_FUNCTIONS) {
		dev_err(db->dev,
			"%pOF asks for a bell that does not exist: want <peer function>, peer below %u and not %u, function below %u\n",
			args->np, db->kernels, db->self, SGI_FUNCTIONS);
		return ERR_PTR(-EINVAL);
	}
	return &db->chans[args->args[0] * SGI_FUNCTIONS + args->args[1]];
}

static int sgi_read_tree(struct sgi_doorbell *db, u64 *targets)
{
	struct device_node *np = db->dev->of_node;
	int n;

	if (of_property_read_u32(np, "tombolo,kernel-id", &db->self) ||
	    of_property_read_u32(np, "tombolo,sgi-base", &db->base))
		return dev_err_probe(
			db->dev, -EINVAL,
			"tombolo,kernel-id or tombolo,sgi-base is missing\n");
	n = of_property_read_variable_u64_array(np, "tombolo,targets", targets,
						2, SGI_KERNELS);
	if (n < 0 || db->self >= n)
		return dev_err_probe(
			db->dev, -EINVAL,
			"tombolo,targets must name 2 to %d kernels, this one (%u) among them\n",
			SGI_KERNELS, db->self);
	if (db->base < SGI_FIRST || db->base + n - 1 > SGI_LAST)
		return dev_err_probe(
			db->dev, -EINVAL,
			"SGIs %u to %u are not ours: only %d to %d are\n",
			db->base, db->base + n - 1, SGI_FIRST, SGI_LAST);
	db->kernels = n;
	return 0;
}

/* The kernel's own table of them is not for modules. */
static u64 cpu_mpidr(unsigned int cpu)
{
	struct device_node *np = of_get_cpu_node(cpu, NULL);
	const __be32 *reg;
	u64 mpidr = ~0ULL;
	int len;

	reg = of_get_property(np, "reg", &len);
	if (reg)
		mpidr = of_read_number(reg, len / sizeof(*reg));
	of_node_put(np);
	return mpidr;
}

static int sgi_find_cpu(struct sgi_doorbell *db, u64 mpidr)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (cpu_mpidr(cpu) == mpidr) {
			db->cpu = cpu;
			return 0;
		}
	return dev_err_probe(
		db->dev, -ENODEV,
		"the CPU that takes our bells, MPIDR %#llx, is not ours\n",
		mpidr);
}

static int sgi_map(struct sgi_peer *peer, struct device_node *gic,
		   unsigned int sgi)
{
	struct irq_fwspec spec = {
		.fwnode = of_fwnode_handle(gic),
		.param_count = 1,
		.param = { sgi },
	};
	int cpu, ret;

	peer->dev_id = alloc_percpu(struct sgi_peer *);
	if (!peer->dev_id)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		*per_cpu_ptr(peer->dev_id, cpu) = peer;
	ret = irq_create_fwspec_mapping(&spec);
	if (!ret)
		return dev_err_probe(
			peer->db->dev, -EINVAL,
			"%pOF does not map SGI %u: is it a GICv3?\n", gic, sgi);
	peer->irq = ret;
	ret = request_percpu_irq(peer->irq, sgi_bell, "tombolo-doorbell",
				 peer->dev_id);
	if (ret)
		return dev_err_probe(peer->db->dev, ret, "SGI %u is taken\n",
				     sgi);
	peer->requested = true;
	return 0;
}

static void sgi_unmap_all(void *data)
{
	struct sgi_doorbell *db = data;
	struct sgi_peer *peer;

	for (peer = db->peers; peer < db->peers + db->kernels; peer++) {
		hrtimer_cancel(&peer->unmute);
		if (peer->requested)
			free_percpu_irq(peer->irq, peer->dev_id);
		if (peer->irq)
			irq_dispose_mapping(peer->irq);
		free_percpu(peer->dev_id);
	}
}

static void sgi_init_peers(struct sgi_doorbell *db, const u64 *targets)
{
	struct sgi_peer *peer;
	unsigned int i;

	for (i = 0; i < db->kernels; i++) {
		peer = &db->peers[i];
		peer->db = db;
		peer->mpidr = targets[i];
		hrtimer_init(&peer->unmute, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_PINNED_HARD);
		peer->unmute.function = sgi_unmute;
	}
	for (i = 0; i < db->kernels * SGI_FUNCTIONS; i++)
		db->chans[i].con_priv = &db->peers[i / SGI_FUNCTIONS];
}

static int sgi_map_all(struct sgi_doorbell *db)
{
	struct device_node *gic = of_irq_find_parent(db->dev->of_node);
	unsigned int i;
	int ret = 0;

	if (!gic)
		return dev_err_probe(
			db->dev, -ENODEV,
			"the tree names no interrupt controller\n");
	for (i = 0; i < db->kernels && !ret; i++)
		if (i != db->self)
			ret = sgi_map(&db->peers[i], gic, db->base + i);
	of_node_put(gic);
	return ret;
}

static void sgi_stop(void *data)
{
	struct sgi_doorbell *db = data;

	WRITE_ONCE(db->leaving, true);
	cpuhp_state_remove_instance(sgi_hotplug, &db->node);
}

static int sgi_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct sgi_doorbell *db = devm_kzalloc(dev, sizeof(*db), GFP_KERNEL);
	u64 targets[SGI_KERNELS];
	int ret;

	if (!db)
		return -ENOMEM;
	db->dev = dev;
	ret = sgi_read_tree(db, targets);
	if (!ret)
		ret = sgi_find_cpu(db, targets[db->self]);
	if (ret)
		return ret;
	sgi_init_peers(db, targets);
	ret = devm_add_action(dev, sgi_unmap_all, db);
	if (!ret)
		ret = sgi_map_all(db);
	if (!ret)
		ret = cpuhp_state_add_instance(sgi_hotplug, &db->node);
	if (!ret)
		ret = devm_add_action_or_reset(dev, sgi_stop, db);
	if (ret)
		return ret;
	db->mbox.dev = dev;
	db->mbox.chans = db->chans;
	db->mbox.num_chans = db->kernels * SGI_FUNCTIONS;
	db->mbox.ops = &sgi_ops;
	db->mbox.of_xlate = sgi_xlate;
	/* Modules without a node of their own bind to it by this. */
	platform_set_drvdata(pdev, &db->mbox);
	return devm_mbox_controller_register(dev, &db->mbox);
}

static const struct of_device_id sgi_of_match[] = {
	{ .compatible = "tombolo,gic-sgi-doorbell" },
	{}
};
MODULE_DEVICE_TABLE(of, sgi_of_match);

static struct platform_driver sgi_driver = {
	.probe = sgi_probe,
	.driver = {
		.name = "imb-gic-sgi",
		.of_match_table = sgi_of_match,
	},
};

static int __init sgi_init(void)
{
	int ret = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN, "imb:gic-sgi",
					  sgi_cpu_online, sgi_cpu_offline);

	if (ret < 0)
		return ret;
	sgi_hotplug = ret;
	ret = platform_driver_register(&sgi_driver);
	if (ret)
		cpuhp_remove_multi_state(sgi_hotplug);
	return ret;
}
module_init(sgi_init);

static void __exit sgi_exit(void)
{
	platform_driver_unregister(&sgi_driver);
	cpuhp_remove_multi_state(sgi_hotplug);
}
module_exit(sgi_exit);

MODULE_DESCRIPTION("Doorbell between kernels by GICv3 SGIs");
MODULE_LICENSE("GPL");
