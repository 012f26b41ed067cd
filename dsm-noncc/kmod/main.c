// SPDX-License-Identifier: GPL-2.0
/* dsm.ko: processes' memory in several kernels. Sets up the core and its host. */
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/random.h>

#include "glue.h"
#include "tombolo_cache.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

static bool clean;
module_param(clean, bool, 0444);
MODULE_PARM_DESC(clean, "keep caches by hand even if coherent, for tests");

static unsigned int hold_us = 100;
module_param(hold_us, uint, 0444);
MODULE_PARM_DESC(hold_us, "how long a page stays where it has been wanted");

struct dsm dsm;

bool dsm_frame_of(u32 kernel, u64 frame)
{
	const struct dsm_link *l = &dsm.link[kernel];

	return frame >= l->base >> PAGE_SHIFT &&
	       frame < (l->base + l->size) >> PAGE_SHIFT;
}

void *dsm_frame_address(u64 frame)
{
	u32 k;

	for (k = 0; k < dsm.core.kernels; k++)
		if (dsm_frame_of(k, frame))
			break;
	if (k == dsm.core.kernels)
		return NULL;
	if (k == dsm.core.self)
		return pfn_to_kaddr(frame);
	return dsm.link[k].map + ((frame << PAGE_SHIFT) - dsm.link[k].base);
}

static void op_clean(void *ctx, u64 frame)
{
	void *p = dsm_frame_address(frame);

	if (!p || !dsm.line)
		return;
	tombolo_cache_order();
	tombolo_cache_flush_lines(p, PAGE_SIZE, dsm.line);
	tombolo_cache_sync();
}

static void op_inval(void *ctx, u64 frame)
{
	void *p = dsm_frame_address(frame);

	if (p && dsm.line)
		tombolo_cache_inval(p, PAGE_SIZE, dsm.line);
}

static u64 op_now_us(void *ctx)
{
	return div_u64(ktime_get_ns(), NSEC_PER_USEC);
}

static void op_peer_bad(void *ctx, u32 kernel, const char *why)
{
	pr_warn_ratelimited("dsm: kernel %u sent nonsense: %s\n", kernel, why);
}

static const struct dsm_ops dsm_ops = {
	.now_us = op_now_us,
	.send = link_op_send,
	.find_page = home_op_find,
	.find_copy = copies_op_find,
	.request = serve_op_request,
	.accept = ask_op_accept,
	.granted = ask_op_granted,
	.refused = ask_op_refused,
	.peer_ready = link_op_ready,
	.peer_bad = op_peer_bad,
	.home_protect = home_op_protect,
	.home_wake = home_op_wake,
	.ask_done = serve_op_done,
	.lost = home_op_lost,
	.later_page = home_op_later,
	.copy_unmap = copies_op_unmap,
	.later_copy = copies_op_later,
	.clean = op_clean,
	.inval = op_inval,
};

static int read_memory(struct device_node *np, u32 kernels)
{
	u32 cells[4 * DSM_KERNELS];
	u32 k;
	int ret;

	ret = of_property_read_u32_array(np, "tombolo,memory", cells,
					 4 * kernels);
	if (ret)
		return ret;
	for (k = 0; k < kernels; k++) {
		dsm.link[k].id = k;
		dsm.link[k].base = (u64)cells[4 * k] << 32 | cells[4 * k + 1];
		dsm.link[k].size = (u64)cells[4 * k + 2] << 32 |
				   cells[4 * k + 3];
	}
	return 0;
}

static int read_board(void)
{
	struct device_node *np =
		of_find_compatible_node(NULL, NULL, "tombolo,imb");
	int ret;

	if (!np)
		return -ENODEV;
	if (!of_property_read_bool(np, "dma-coherent") || clean)
		dsm.line = tombolo_cache_line();
	ret = read_memory(np, dsm.core.kernels);
	of_node_put(np);
	if (ret)
		pr_err("dsm: the device tree does not say whose memory is where\n");
	return ret;
}

/* Frames of others are read to copy executables, and their lines kept. */
static int map_memory(void)
{
	struct dsm_link *l;

	for (l = dsm.link; l < dsm.link + dsm.core.kernels; l++) {
		if (l->id == dsm.core.self)
			continue;
		l->map = memremap(l->base, l->size, MEMREMAP_WB);
		if (!l->map)
			return -ENOMEM;
	}
	return 0;
}

static void unmap_memory(void)
{
	struct dsm_link *l;

	for (l = dsm.link; l < dsm.link + dsm.core.kernels; l++)
		if (l->map)
			memunmap(l->map);
}

static void init_state(void)
{
	u32 k;

	spin_lock_init(&dsm.lock);
	spin_lock_init(&dsm.maps);
	xa_init(&dsm.frames);
	xa_init_flags(&dsm.spaces, XA_FLAGS_ALLOC1);
	hash_init(dsm.asks);
	for (k = 0; k < DSM_KERNELS; k++)
		xa_init(&dsm.copies[k]);
	dsm.core.ops = &dsm_ops;
	dsm.core.self = imb_self();
	dsm.core.kernels = imb_kernels();
	dsm.core.hold_us = hold_us;
	do {
		dsm.core.inc = get_random_u32();
	} while (!dsm.core.inc);
}

/*
 * There is no exit: the hooks in the memory management may sleep in here at any
 * time, and pages may be away.
 */
static int __init dsm_init(void)
{
	int ret;

	if (imb_self() < 0)
		return imb_self();
	init_state();
	ret = read_board();
	if (!ret)
		ret = map_memory();
	if (ret) {
		unmap_memory();
		return ret;
	}
	/* These leave threads and callbacks behind: whatever fails, it stays. */
	ret = serve_init() ?: keep_init() ?: copies_init() ?: link_init();
	if (ret) {
		pr_err("dsm: not all of it could be set up, so no page is shared: %d\n",
		       ret);
		return 0;
	}
	use_init();
	home_hooks_on();
	dsm_debugfs_init();
	return 0;
}
module_init(dsm_init);

MODULE_DESCRIPTION("Pages of processes shared between the kernels of a board");
MODULE_LICENSE("GPL");
