// SPDX-License-Identifier: GPL-2.0
/* rproc_psci.c: power of kernels that borrow CPUs of this machine: the firmware turns each on, and tells. */
#include <linux/delay.h>
#include <linux/irqchip/arm-gic-v3.h>
#include <linux/jiffies.h>
#include <linux/of.h>
#include <linux/sched/signal.h>
#include <asm/arch_gicv3.h>
#include <asm/cputype.h>

#include "psci.h"
#include "rproc.h"

/* IPI_CPU_STOP_NMI of arch/arm64/kernel/smp.c in 6.12, whose IPIs are the SGIs from 0 */
#define STOP_SGI 3

/* How long a CPU that was turned on may be said to be off */
#define ON_MS 1000

/* The one firmware of this machine */
static struct psci firmware;

static int find(struct kproc *kp)
{
	static const struct of_device_id ids[] = {
		{ .compatible = "arm,psci-1.0" },
		{ .compatible = "arm,psci-0.2" },
		{}
	};
	struct device_node *np = of_find_matching_node(NULL, ids);
	const char *method;
	int ret;

	ret = of_property_read_string(np, "method", &method);
	of_node_put(np);
	if (ret)
		return dev_err_probe(kp->dev, ret,
				     "no PSCI node with a method\n");
	firmware.smc = !strcmp(method, "smc");
	return 0;
}

static bool cpu_is_off(const struct kproc *kp, int cpu)
{
	return psci_cpu_is_off(&firmware, kp->mpidr[cpu]);
}

/*
 * QEMU says that a CPU is off until it runs, where PSCI has "on pending". Who
 * stopped the kernel in between would take it for one that has ended. One that
 * really has ended so soon is seen to be off after this.
 */
static void wait_on(const struct kproc *kp)
{
	unsigned long end = jiffies + msecs_to_jiffies(ON_MS);

	while (cpu_is_off(kp, 0) && time_before(jiffies, end) &&
	       !fatal_signal_pending(current))
		fsleep(100);
}

static int turn_on(struct kproc *kp)
{
	long ret = psci_cpu_on(&firmware, kp->mpidr[0], kp->load[PART_IMAGE],
			       kp->load[PART_DTB]);

	if (ret) {
		dev_err(kp->dev,
			"the firmware does not turn on CPU %#llx: error %ld\n",
			kp->mpidr[0], ret);
		return -EIO;
	}
	wait_on(kp);
	return 0;
}

static void stop_cpu(u64 mpidr)
{
	u64 aff0 = MPIDR_AFFINITY_LEVEL(mpidr, 0);
	u64 sgi = (u64)STOP_SGI << ICC_SGI1R_SGI_ID_SHIFT;

	sgi |= (u64)MPIDR_AFFINITY_LEVEL(mpidr, 3)
	       << ICC_SGI1R_AFFINITY_3_SHIFT;
	sgi |= (u64)MPIDR_AFFINITY_LEVEL(mpidr, 2)
	       << ICC_SGI1R_AFFINITY_2_SHIFT;
	sgi |= (u64)MPIDR_AFFINITY_LEVEL(mpidr, 1)
	       << ICC_SGI1R_AFFINITY_1_SHIFT;
	sgi |= aff0 >> 4 << ICC_SGI1R_RS_SHIFT | BIT(aff0 & 0xf);
	gic_write_sgi1r(sgi);
	isb();
}

static void force(struct kproc *kp)
{
	int i;

	for (i = 0; i < kp->nr_cpus; i++)
		if (!cpu_is_off(kp, i))
			stop_cpu(kp->mpidr[i]);
}

const struct kproc_power kproc_power_psci = {
	.find = find,
	.on = turn_on,
	.cpu_is_off = cpu_is_off,
	.force = force,
};
