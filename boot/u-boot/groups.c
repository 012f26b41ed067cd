// SPDX-License-Identifier: GPL-2.0
/* groups.c: a part of U-Boot: hands kernels over to other core groups, and turns these on. */

/*
 * A FIT's loadables of the type "firmware" were copied by U-Boot to where the
 * other groups will look for them; one of the type "copro" is a group's boot
 * block, the last of what it needs. The groups are not coherent with us, so all
 * is cleaned to DRAM first. That nothing of ours stays in caches over their
 * memory, U-Boot itself lives in the first part of DRAM.
 */

#include <cpu_func.h>
#include <dm.h>
#include <image.h>
#include <init.h>
#include <pci.h>
#include <time.h>
#include <asm/cache.h>
#include <asm/global_data.h>
#include <asm/io.h>
#include <linux/sizes.h>

#include "boot_wire.h"
#include "tombolo_hub.h"

DECLARE_GLOBAL_DATA_PTR;

#define HUB_VENDOR 0x1af4
#define HUB_DEVICE 0x1110
#define HUB_BELL   12 /* in BAR 0 */
#define HUB_MS	   5000

/* No kernel 0 of a board has less */
phys_addr_t board_get_usable_ram_top(phys_size_t total_size)
{
	return min_t(phys_addr_t, gd->ram_top, gd->ram_base + SZ_512M);
}

static void clean(ulong data, size_t size)
{
	flush_dcache_range(ALIGN_DOWN(data, ARCH_DMA_MINALIGN),
			   ALIGN(data + size, ARCH_DMA_MINALIGN));
}

/* U_BOOT_FIT_LOADABLE_HANDLER() gives all its handlers the same name */
ll_entry_declare(struct fit_loadable_tbl, clean, fit_loadable) = {
	.type = IH_TYPE_FIRMWARE,
	.handler = clean,
};

static int power_on(void *hub, void *bell, u32 kernel)
{
	struct hub_order *order = hub + HUB_ORDER(kernel);
	struct hub_state *state = hub + HUB_STATE(kernel);
	struct hub_head *head = hub;
	u32 seq = readl(&state->seq) + 1;
	ulong begin = get_timer(0);

	writel(HUB_ON, &order->command);
	writel(seq, &order->seq);
	writel(readl(&head->hub) << 16, bell);
	while (readl(&state->seq) != seq)
		if (get_timer(begin) > HUB_MS)
			return -ETIMEDOUT;
	return -(int)readl(&state->error);
}

static int find_hub(void **hub, void **bell)
{
	struct hub_head *head;
	struct udevice *dev;
	int ret = dm_pci_find_device(HUB_VENDOR, HUB_DEVICE, 0, &dev);

	if (ret)
		return ret;
	*hub = dm_pci_map_bar(dev, PCI_BASE_ADDRESS_2, 0, 0, PCI_REGION_TYPE,
			      PCI_REGION_MEM);
	*bell = dm_pci_map_bar(dev, PCI_BASE_ADDRESS_0, 0, 0, PCI_REGION_TYPE,
			       PCI_REGION_MEM);
	if (!*hub || !*bell)
		return -ENXIO;
	*bell += HUB_BELL;
	head = *hub;
	if (readl(&head->magic) != HUB_MAGIC ||
	    readw(&head->major) != HUB_MAJOR)
		return -EPROTO;
	return 0;
}

static void start(ulong data, size_t size)
{
	struct boot_order *order = (void *)data;
	u32 kernel = le32_to_cpu(order->kernel);
	void *hub, *bell;
	int ret;

	clean(data, size);
	ret = find_hub(&hub, &bell);
	if (!ret && kernel >= readl(&((struct hub_head *)hub)->kernels))
		ret = -ENODEV;
	if (!ret)
		ret = power_on(hub, bell, kernel);
	if (ret)
		printf("Kernel %u could not be started: error %d\n", kernel,
		       ret);
	else
		printf("Kernel %u was started\n", kernel);
}

ll_entry_declare(struct fit_loadable_tbl, start, fit_loadable) = {
	.type = IH_TYPE_COPRO,
	.handler = start,
};
