// SPDX-License-Identifier: GPL-2.0
/* imb.ko: messages between the kernels of a board. Finds the mailbox window. */
#include <linux/cache.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "mailbox.h"

static bool clean;
module_param(clean, bool, 0444);
MODULE_PARM_DESC(clean, "keep caches by hand even if coherent, for tests");

static struct imb *imb_board;

struct imb *imb_get(void)
{
	return smp_load_acquire(&imb_board); /* pairs with publish() */
}

static void publish(struct imb *imb)
{
	smp_store_release(&imb_board, imb); /* pairs with imb_get() */
}

static int read_geometry(struct imb *imb)
{
	struct device_node *np = imb->dev->of_node;
	struct imb_geometry *g = &imb->geometry;
	u32 lanes[2 * IMB_WIRE_LANES];
	u32 pool[2];
	u32 i;

	if (of_property_read_u32(np, "tombolo,kernel-id", &imb->self) ||
	    of_property_read_u32(np, "tombolo,kernels", &g->kernels) ||
	    of_property_read_u32(np, "tombolo,cache-line", &g->line) ||
	    of_property_read_u32_array(np, "tombolo,lanes", lanes,
				       ARRAY_SIZE(lanes)) ||
	    of_property_read_u32_array(np, "tombolo,pool", pool,
				       ARRAY_SIZE(pool)))
		return dev_err_probe(
			imb->dev, -EINVAL,
			"a tombolo property is missing or too short: want kernel-id, kernels, cache-line, lanes (%d pairs), pool (1 pair)\n",
			IMB_WIRE_LANES);
	for (i = 0; i < IMB_WIRE_LANES; i++) {
		g->lane[i].slots = lanes[2 * i];
		g->lane[i].slot_size = lanes[2 * i + 1];
	}
	g->bufs = pool[0];
	g->buf_size = pool[1];
	if (imb->self >= g->kernels)
		return dev_err_probe(
			imb->dev, -EINVAL,
			"tombolo,kernel-id %u is not below tombolo,kernels %u\n",
			imb->self, g->kernels);
	return 0;
}

static int check_geometry(struct imb *imb, u64 window)
{
	const struct imb_geometry *g = &imb->geometry;
	int ret = imb_geometry_check(g, window);

	if (ret == -ENOSPC)
		return dev_err_probe(
			imb->dev, ret,
			"the window has %llu bytes, %u kernels with these lanes and pools need %llu\n",
			window, g->kernels,
			g->kernels * (g->kernels - 1) * imb_section_size(g));
	if (ret)
		return dev_err_probe(
			imb->dev, ret,
			"impossible tombolo,kernels, cache-line, lanes or pool: see the binding\n");
	if (of_property_read_bool(imb->dev->of_node, "dma-coherent") && !clean)
		return 0;
	imb->line = tombolo_cache_line();
	if (!imb->line)
		return dev_err_probe(
			imb->dev, -EOPNOTSUPP,
			"caches are not coherent, and this kernel cannot clean them\n");
	if (cache_line_size() > g->line)
		return dev_err_probe(
			imb->dev, -EINVAL,
			"our cache lines have %u bytes, tombolo,cache-line says %u\n",
			cache_line_size(), g->line);
	return 0;
}

static int map_window(struct imb *imb, struct resource *res)
{
	void *window;

	if (!devm_request_mem_region(imb->dev, res->start, resource_size(res),
				     "imb"))
		return dev_err_probe(
			imb->dev, -EBUSY,
			"the window %pR is in use: it must not be in a memory node\n",
			res);
	window = devm_memremap(imb->dev, res->start, resource_size(res),
			       MEMREMAP_WB);
	if (IS_ERR(window))
		return dev_err_probe(imb->dev, PTR_ERR(window),
				     "the window %pR cannot be mapped\n", res);
	imb->window = (u8 __force __shm *)window;
	return 0;
}

static int connect_peer(struct imb *imb, u32 id)
{
	struct imb_peer *peer =
		devm_kzalloc(imb->dev, sizeof(*peer), GFP_KERNEL);
	struct mbox_chan *bell;
	char name[24];
	int ret;

	if (!peer)
		return -ENOMEM;
	imb_peer_init(peer, imb, id);
	snprintf(name, sizeof(name), "kernel%u", id);
	bell = mbox_request_channel_byname(&peer->client, name);
	if (IS_ERR(bell))
		return dev_err_probe(imb->dev, PTR_ERR(bell),
				     "no doorbell of %s\n", name);
	ret = imb_sysfs_add(peer);
	if (ret) {
		mbox_free_channel(bell);
		return ret;
	}
	imb->peers[id] = peer;
	imb_peer_start(peer, bell);
	imb_debugfs_add(peer);
	return 0;
}

static void disconnect_peer(struct imb_peer *peer)
{
	imb_dev_remove(peer);
	imb_echo_stop(peer);
	imb_peer_stop(peer);
	mbox_free_channel(peer->port.chan);
	imb_debugfs_remove(peer);
	imb_sysfs_remove(peer);
}

static void disconnect(struct imb *imb)
{
	u32 id;

	hrtimer_cancel(&imb->tick);
	for (id = 0; id < imb->geometry.kernels; id++)
		if (imb->peers[id])
			disconnect_peer(imb->peers[id]);
	publish(NULL);
}

/*
 * What imb.ko itself has on a link, as any module could have. A failure takes
 * nothing else away: by now others may use the link.
 */
static void open_peer(struct imb_peer *peer)
{
	int ret = imb_echo_start(peer);

	if (ret)
		dev_err(peer->dev, "no echo service: %d\n", ret);
	ret = imb_dev_add(peer);
	if (ret)
		dev_err(peer->dev, "not all devices in /dev/imb: %d\n", ret);
}

static int connect(struct imb *imb)
{
	int ret = 0;
	u32 id;

	for (id = 0; id < imb->geometry.kernels && !ret; id++)
		if (id != imb->self)
			ret = connect_peer(imb, id);
	return ret;
}

static void open_peers(struct imb *imb)
{
	u32 id;

	publish(imb);
	for (id = 0; id < imb->geometry.kernels; id++)
		if (imb->peers[id])
			open_peer(imb->peers[id]);
}

/*
 * In a hard interrupt, so that a busy CPU does not look like a dead kernel to
 * the others.
 */
static enum hrtimer_restart tick(struct hrtimer *timer)
{
	struct imb *imb = container_of(timer, struct imb, tick);
	u32 id;

	for (id = 0; id < imb->geometry.kernels; id++)
		if (imb->peers[id])
			imb_peer_tick(imb->peers[id]);
	hrtimer_forward_now(timer, ms_to_ktime(IMB_BEAT_MS));
	return HRTIMER_RESTART;
}

/* Any number but 0 that is not likely to be that of our last life. */
static u32 new_incarnation(void)
{
	u32 boot;

	do
		boot = get_random_u32();
	while (!boot);
	return boot;
}

static int imb_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct resource *res = platform_get_resource(pdev, IORESOURCE_MEM, 0);
	struct imb *imb = devm_kzalloc(dev, sizeof(*imb), GFP_KERNEL);
	int ret;

	if (!imb)
		return -ENOMEM;
	if (!res)
		return dev_err_probe(dev, -EINVAL, "reg is missing\n");
	if (imb_get())
		return dev_err_probe(dev, -EBUSY,
				     "there is a mailbox already\n");
	imb->dev = dev;
	imb->boot = new_incarnation();
	hrtimer_init(&imb->tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	imb->tick.function = tick;
	ret = read_geometry(imb);
	if (!ret)
		ret = check_geometry(imb, resource_size(res));
	if (!ret)
		ret = map_window(imb, res);
	if (ret)
		return ret;
	platform_set_drvdata(pdev, imb);
	ret = connect(imb);
	if (ret) {
		disconnect(imb);
		return ret;
	}
	open_peers(imb);
	hrtimer_start(&imb->tick, ms_to_ktime(IMB_BEAT_MS),
		      HRTIMER_MODE_REL_HARD);
	dev_info(dev, "kernel %u of %u, incarnation %08x, window %pR%s\n",
		 imb->self, imb->geometry.kernels, imb->boot, res,
		 imb->line ? ", caches kept by software" : "");
	return 0;
}

static void imb_remove(struct platform_device *pdev)
{
	disconnect(platform_get_drvdata(pdev));
}

/* Reboot, poweroff, kexec: let the peers see it now and not by our silence. */
static void imb_shutdown(struct platform_device *pdev)
{
	struct imb *imb = platform_get_drvdata(pdev);
	u32 id;

	for (id = 0; id < imb->geometry.kernels; id++)
		if (imb->peers[id])
			imb_peer_input(imb->peers[id], IMB_IN_STOP);
}

static const struct of_device_id imb_of_match[] = { { .compatible =
							      "tombolo,imb" },
						    {} };
MODULE_DEVICE_TABLE(of, imb_of_match);

static struct platform_driver imb_driver = {
	.probe = imb_probe,
	.remove = imb_remove,
	.shutdown = imb_shutdown,
	.driver = {
		.name = "imb",
		.of_match_table = imb_of_match,
		/* Other modules have channels open: they hold this one. */
		.suppress_bind_attrs = true,
	},
};

/*
 * Which module drives the doorbell says the tree. With it there first, the
 * mailbox is found before the modules that use it are loaded.
 */
static void load_doorbell(void)
{
	struct device_node *np = of_find_matching_node(NULL, imb_of_match);
	struct device_node *bell = of_parse_phandle(np, "mboxes", 0);

	if (bell)
		of_request_module(bell);
	of_node_put(bell);
	of_node_put(np);
}

static int __init imb_init(void)
{
	int ret = imb_sysfs_init();

	if (ret)
		return ret;
	load_doorbell();
	ret = imb_dev_init();
	if (ret)
		goto err_sysfs;
	imb_debugfs_init();
	ret = platform_driver_register(&imb_driver);
	if (ret)
		goto err_dev;
	return 0;

err_dev:
	imb_debugfs_exit();
	imb_dev_exit();
err_sysfs:
	imb_sysfs_exit();
	return ret;
}
module_init(imb_init);

static void __exit imb_exit(void)
{
	platform_driver_unregister(&imb_driver);
	imb_debugfs_exit();
	imb_dev_exit();
	imb_sysfs_exit();
}
module_exit(imb_exit);

MODULE_DESCRIPTION("Messages between the kernels of a board");
MODULE_LICENSE("GPL");
