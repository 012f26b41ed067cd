// SPDX-License-Identifier: GPL-2.0
/* rproc_tree.c: what the device tree says of another kernel: its CPUs, memory, devices, files and bell. */

#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/of_address.h>
#include <linux/slab.h>

#include "rproc.h"

static int get_cpus(struct kproc *kp, struct device_node *np)
{
	int n = of_property_count_u64_elems(np, "tombolo,cpus");

	if (n <= 0)
		return dev_err_probe(kp->dev, -EINVAL,
				     "tombolo,cpus is missing\n");

	kp->mpidr = devm_kcalloc(kp->dev, n, sizeof(*kp->mpidr), GFP_KERNEL);
	if (!kp->mpidr)
		return -ENOMEM;
	kp->nr_cpus = n;
	return of_property_read_u64_array(np, "tombolo,cpus", kp->mpidr, n);
}

static int get_parts(struct kproc *kp, struct device_node *np)
{
	int i, ret;

	kp->nr_parts = of_property_read_variable_u64_array(
		np, "tombolo,load-addresses", kp->load, PART_FIRMWARE, PARTS);
	if (kp->nr_parts < 0)
		return dev_err_probe(
			kp->dev, kp->nr_parts,
			"tombolo,load-addresses needs %d or %d addresses\n",
			PART_FIRMWARE, PARTS);
	for (i = 0; i < kp->nr_parts; i++) {
		ret = of_property_read_string_index(np, "firmware-name", i,
						    &kp->firmware[i]);
		if (ret)
			return dev_err_probe(kp->dev, ret,
					     "firmware-name needs %d names\n",
					     kp->nr_parts);
	}
	return 0;
}

static int get_power(struct kproc *kp, struct device_node *np)
{
	if (of_property_present(np, "resets"))
		kp->power = &kproc_power_reset;
	else if (IS_ENABLED(CONFIG_ARM64))
		kp->power = &kproc_power_psci;
	else
		return dev_err_probe(kp->dev, -EINVAL, "resets is missing\n");
	return kp->power->find(kp);
}

static int get_memory(struct kproc *kp, struct device_node *np)
{
	int i = of_property_match_string(np, "reg-names", "memory");
	int ret = of_address_to_resource(np, i, &kp->memory);

	if (ret)
		return dev_err_probe(kp->dev, ret, "no reg called memory\n");
	if (region_intersects(kp->memory.start, resource_size(&kp->memory),
			      IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		return dev_err_probe(
			kp->dev, -EBUSY,
			"%pR is in use by this kernel; boot it with less memory (mem=)\n",
			&kp->memory);
	return 0;
}

static int get_block(struct kproc *kp, struct device_node *np)
{
	int i = of_property_match_string(np, "reg-names", "boot");
	struct boot_order old;
	struct resource res;
	int ret;

	ret = of_address_to_resource(np, i, &res);
	if (ret || resource_size(&res) < BOOT_BLOCK_SIZE)
		return dev_err_probe(kp->dev, -EINVAL,
				     "no reg called boot with %#x bytes\n",
				     BOOT_BLOCK_SIZE);
	kp->block.base =
		devm_memremap(kp->dev, res.start, BOOT_BLOCK_SIZE, MEMREMAP_WB);
	if (IS_ERR(kp->block.base))
		return PTR_ERR(kp->block.base);
	kp->block.coherent = block_is_coherent(np);

	kp->order.magic = cpu_to_le32(BOOT_MAGIC);
	kp->order.major = cpu_to_le16(BOOT_MAJOR);
	kp->order.minor = cpu_to_le16(BOOT_MINOR);
	kp->order.kernel = cpu_to_le32(kp->id);
	/* Incarnations go on counting when this module is loaded again */
	block_read(&kp->block, BOOT_ORDER_OFFSET, &old, sizeof(old));
	if (old.magic == kp->order.magic) {
		kp->order.incarnation = old.incarnation;
		kp->order.command_seq = old.command_seq;
	}
	return 0;
}

static int get_virtio(struct kproc *kp, struct device_node *np)
{
	int n = of_property_count_strings(np, "reg-names");
	struct resource res;
	const char *name;
	int i;

	kp->virtio = devm_kcalloc(kp->dev, max(n, 1), sizeof(*kp->virtio),
				  GFP_KERNEL);
	if (!kp->virtio)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (of_property_read_string_index(np, "reg-names", i, &name) ||
		    !strstarts(name, "virtio") ||
		    of_address_to_resource(np, i, &res))
			continue;
		kp->virtio[kp->nr_virtio] =
			devm_ioremap(kp->dev, res.start, resource_size(&res));
		if (!kp->virtio[kp->nr_virtio++])
			return -ENOMEM;
	}
	return 0;
}

int kproc_describe(struct kproc *kp, struct device_node *np)
{
	return get_cpus(kp, np)		  ?:
		       get_parts(kp, np)  ?:
		       get_power(kp, np)  ?:
		       get_memory(kp, np) ?:
		       get_virtio(kp, np) ?:
					    get_block(kp, np);
}

static void free_bell(void *data)
{
	mbox_free_channel(data);
}

int kproc_get_bell(struct kproc *kp, struct device_node *np)
{
	if (!of_property_present(np, "mboxes"))
		return 0;

	kp->client.dev = kp->dev;
	kp->client.rx_callback = kproc_bell;
	kp->client.knows_txdone = true;
	kp->bell = mbox_request_channel(&kp->client, 0);
	if (IS_ERR(kp->bell))
		return dev_err_probe(kp->dev, PTR_ERR(kp->bell),
				     "no doorbell\n");
	return devm_add_action_or_reset(kp->dev, free_bell, kp->bell);
}
