// SPDX-License-Identifier: GPL-2.0
/*
 * imb-gic-sgi.ko: doorbell between kernels that share one GICv3.
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
#include <linux/interrupt.h>
#include <linux/irqchip/arm-gic-v3.h>
#include <linux/irqdomain.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_irq.h>
#include <linux/percpu.h>
#include <linux/platform_device.h>
#include <asm/barrier.h>
#include <asm/cputype.h>
#include <asm/sysreg.h>

#include "doorbell.h"

#define SGI_FIRST 8
#define SGI_LAST  15

/**
 * struct sgi_peer - another kernel
 * @sgi: the doorbell
 * @mpidr: the CPU that takes its bells
 * @irq: Linux interrupt of the SGI that it rings with, 0 if not mapped
 * @requested: @irq has its handler
 * @dev_id: on every CPU a pointer to this structure, for the handler
 */
struct sgi_peer {
	struct sgi_doorbell *sgi;
	u64 mpidr;
	int irq;
	bool requested;
	struct sgi_peer *__percpu *dev_id;
};

/**
 * struct sgi_doorbell - the doorbell of this kernel
 * @db: what all doorbells have
 * @node: in the list of the hotplug state
 * @base: SGI of kernel 0
 * @cpu: the CPU that takes bells
 * @peers: by kernel id; the own one is unused
 */
struct sgi_doorbell {
	struct doorbell db;
	struct hlist_node node;
	u32 base;
	unsigned int cpu;
	struct sgi_peer peers[DOORBELL_KERNELS];
};

static enum cpuhp_state sgi_hotplug;

static struct sgi_doorbell *to_sgi(struct doorbell *db)
{
	return container_of(db, struct sgi_doorbell, db);
}

static void sgi_send(u64 mpidr, unsigned int sgi)
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

static void sgi_ring(struct doorbell *db, unsigned int peer)
{
	struct sgi_doorbell *sgi = to_sgi(db);

	sgi_send(sgi->peers[peer].mpidr, sgi->base + db->self);
}

static void sgi_mute(struct doorbell *db, unsigned int peer)
{
	disable_percpu_irq(to_sgi(db)->peers[peer].irq);
}

static void sgi_unmute(struct doorbell *db, unsigned int peer)
{
	enable_percpu_irq(to_sgi(db)->peers[peer].irq, IRQ_TYPE_NONE);
}

static const struct doorbell_ops sgi_ops = {
	.ring = sgi_ring,
	.mute = sgi_mute,
	.unmute = sgi_unmute,
};

static irqreturn_t sgi_bell(int irq, void *dev_id)
{
	struct sgi_peer *peer = *(struct sgi_peer **)dev_id;

	doorbell_heard(&peer->sgi->db, peer - peer->sgi->peers);
	return IRQ_HANDLED;
}

static int sgi_cpu_online(unsigned int cpu, struct hlist_node *node)
{
	struct sgi_doorbell *sgi =
		hlist_entry_safe(node, struct sgi_doorbell, node);
	unsigned int i;

	if (cpu != sgi->cpu)
		return 0;
	for (i = 0; i < sgi->db.kernels; i++)
		if (sgi->peers[i].irq)
			enable_percpu_irq(sgi->peers[i].irq, IRQ_TYPE_NONE);
	return 0;
}

static int sgi_cpu_offline(unsigned int cpu, struct hlist_node *node)
{
	struct sgi_doorbell *sgi =
		hlist_entry_safe(node, struct sgi_doorbell, node);
	unsigned int i;

	if (cpu != sgi->cpu)
		return 0;
	/* kexec and shutdown take CPUs down too: then nobody listens anyhow. */
	if (!sgi->db.leaving && system_state == SYSTEM_RUNNING) {
		dev_err(sgi->db.dev,
			"CPU %u cannot go offline: it takes the bells of the other kernels\n",
			cpu);
		return -EBUSY;
	}
	for (i = 0; i < sgi->db.kernels; i++)
		if (sgi->peers[i].irq)
			disable_percpu_irq(sgi->peers[i].irq);
	return 0;
}

static int sgi_read_tree(struct sgi_doorbell *sgi, u64 *targets)
{
	struct device_node *np = sgi->db.dev->of_node;
	int n;

	if (of_property_read_u32(np, "tombolo,kernel-id", &sgi->db.self) ||
	    of_property_read_u32(np, "tombolo,sgi-base", &sgi->base))
		return dev_err_probe(
			sgi->db.dev, -EINVAL,
			"tombolo,kernel-id or tombolo,sgi-base is missing\n");
	n = of_property_read_variable_u64_array(np, "tombolo,targets", targets,
						2, DOORBELL_KERNELS);
	if (n < 0 || sgi->db.self >= n)
		return dev_err_probe(
			sgi->db.dev, -EINVAL,
			"tombolo,targets must name 2 to %d kernels, this one (%u) among them\n",
			DOORBELL_KERNELS, sgi->db.self);
	if (sgi->base < SGI_FIRST || sgi->base + n - 1 > SGI_LAST)
		return dev_err_probe(
			sgi->db.dev, -EINVAL,
			"SGIs %u to %u are not ours: only %d to %d are\n",
			sgi->base, sgi->base + n - 1, SGI_FIRST, SGI_LAST);
	sgi->db.kernels = n;
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

static int sgi_find_cpu(struct sgi_doorbell *sgi, u64 mpidr)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (cpu_mpidr(cpu) == mpidr) {
			sgi->cpu = cpu;
			return 0;
		}
	return dev_err_probe(
		sgi->db.dev, -ENODEV,
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
			peer->sgi->db.dev, -EINVAL,
			"%pOF does not map SGI %u: is it a GICv3?\n", gic, sgi);
	peer->irq = ret;
	ret = request_percpu_irq(peer->irq, sgi_bell, "tombolo-doorbell",
				 peer->dev_id);
	if (ret)
		return dev_err_probe(peer->sgi->db.dev, ret,
				     "SGI %u is taken\n", sgi);
	peer->requested = true;
	return 0;
}

static void sgi_unmap_all(void *data)
{
	struct sgi_doorbell *sgi = data;
	struct sgi_peer *peer;

	doorbell_leave(&sgi->db);
	for (peer = sgi->peers; peer < sgi->peers + sgi->db.kernels; peer++) {
		if (peer->requested)
			free_percpu_irq(peer->irq, peer->dev_id);
		if (peer->irq)
			irq_dispose_mapping(peer->irq);
		free_percpu(peer->dev_id);
	}
}

static void sgi_init_peers(struct sgi_doorbell *sgi, const u64 *targets)
{
	unsigned int i;

	for (i = 0; i < sgi->db.kernels; i++) {
		sgi->peers[i].sgi = sgi;
		sgi->peers[i].mpidr = targets[i];
	}
	doorbell_init(&sgi->db);
}

static int sgi_map_all(struct sgi_doorbell *sgi)
{
	struct device_node *gic = of_irq_find_parent(sgi->db.dev->of_node);
	unsigned int i;
	int ret = 0;

	if (!gic)
		return dev_err_probe(
			sgi->db.dev, -ENODEV,
			"the tree names no interrupt controller\n");
	for (i = 0; i < sgi->db.kernels && !ret; i++)
		if (i != sgi->db.self)
			ret = sgi_map(&sgi->peers[i], gic, sgi->base + i);
	of_node_put(gic);
	return ret;
}

static void sgi_stop(void *data)
{
	struct sgi_doorbell *sgi = data;

	WRITE_ONCE(sgi->db.leaving, true);
	cpuhp_state_remove_instance(sgi_hotplug, &sgi->node);
}

static int sgi_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct sgi_doorbell *sgi = devm_kzalloc(dev, sizeof(*sgi), GFP_KERNEL);
	u64 targets[DOORBELL_KERNELS];
	int ret;

	if (!sgi)
		return -ENOMEM;
	sgi->db.dev = dev;
	sgi->db.ops = &sgi_ops;
	ret = sgi_read_tree(sgi, targets);
	if (!ret)
		ret = sgi_find_cpu(sgi, targets[sgi->db.self]);
	if (ret)
		return ret;
	sgi_init_peers(sgi, targets);
	ret = devm_add_action(dev, sgi_unmap_all, sgi);
	if (!ret)
		ret = sgi_map_all(sgi);
	if (!ret)
		ret = cpuhp_state_add_instance(sgi_hotplug, &sgi->node);
	if (!ret)
		ret = devm_add_action_or_reset(dev, sgi_stop, sgi);
	if (ret)
		return ret;
	return doorbell_register(&sgi->db);
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
