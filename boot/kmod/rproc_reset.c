// SPDX-License-Identifier: GPL-2.0
/* rproc_reset.c: power of kernels that have a machine of their own, which the board's power controller turns on and off. */
#include <linux/reset.h>

#include "rproc.h"

static int find(struct kproc *kp)
{
	kp->reset = devm_reset_control_get_exclusive(kp->dev, NULL);
	if (IS_ERR(kp->reset))
		return dev_err_probe(kp->dev, PTR_ERR(kp->reset),
				     "no power controller\n");
	return 0;
}

/* What the machine's boot stub looks for when it begins */
static void write_release(struct kproc *kp)
{
	bool first = kp->nr_parts > PART_FIRMWARE;
	struct boot_release release = {
		.magic = cpu_to_le32(BOOT_RELEASE_MAGIC),
		.major = cpu_to_le16(BOOT_RELEASE_MAJOR),
		.kernel = cpu_to_le32(kp->id),
		.entry = cpu_to_le64(
			kp->load[first ? PART_FIRMWARE : PART_IMAGE]),
		.dtb = cpu_to_le64(kp->load[PART_DTB]),
		.next = cpu_to_le64(first ? kp->load[PART_IMAGE] : 0),
	};

	block_write(&kp->block, BOOT_RELEASE_OFFSET, &release, sizeof(release));
}

static int turn_on(struct kproc *kp)
{
	write_release(kp);
	return reset_control_deassert(kp->reset);
}

/* An error counts as running: it is off only if the controller says so */
static bool cpu_is_off(const struct kproc *kp, int cpu)
{
	return reset_control_status(kp->reset) > 0;
}

static void force(struct kproc *kp)
{
	/* Its error is logged; whether it is off is asked anyway */
	reset_control_assert(kp->reset);
}

const struct kproc_power kproc_power_reset = {
	.find = find,
	.on = turn_on,
	.cpu_is_off = cpu_is_off,
	.force = force,
	.whole_machine = true,
};
