// SPDX-License-Identifier: GPL-2.0
/*
 * imb-ivshmem.ko: doorbell between kernels that share no interrupt controller,
 * by a board hub that looks like QEMU's ivshmem-doorbell (tombolo_hub.h).
 *
 * Kernel k is party k of the hub, and its bells arrive at interrupt vector k,
 * whoever was started first. In kernel 0 it is also a reset controller, line k
 * of which is the power of kernel k's core group.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/reset-controller.h>
#include <linux/wait.h>

#include "doorbell.h"
#include "tombolo_hub.h"

#define IVSHMEM_VENDOR 0x1af4
#define IVSHMEM_DEVICE 0x1110
#define IVSHMEM_BAR    0
/* Registers of BAR 0 */
#define IVSHMEM_POSITION 8
#define IVSHMEM_DOORBELL 12
/* A command is a process to start or to end. */
#define POWER_MS 5000
/* The hub may have missed a bell. */
#define POWER_RING_MS 100

/**
 * struct ivshmem_peer - a vector that can be interrupted
 * @hub: the doorbell
 * @irq: Linux interrupt
 */
struct ivshmem_peer {
	struct ivshmem *hub;
	int irq;
};

/**
 * struct ivshmem - the doorbell of this kernel
 * @db: what all doorbells have
 * @registers: BAR 0
 * @power: BAR 2
 * @number: of the hub itself
 * @peers: by kernel id; the own one is unused
 * @reset: the power of the others
 * @order: one command at a time
 * @changed: the hub has rung
 */
struct ivshmem {
	struct doorbell db;
	void __iomem *registers;
	void __iomem *power;
	u32 number;
	struct ivshmem_peer peers[DOORBELL_KERNELS];
	struct reset_controller_dev reset;
	struct mutex order;
	wait_queue_head_t changed;
};

static void ring(struct ivshmem *hub, u32 party)
{
	/* After all that was written before: writel() sees to it. */
	writel(party << 16 | hub->db.self, hub->registers + IVSHMEM_DOORBELL);
}

static void ivshmem_ring(struct doorbell *db, unsigned int peer)
{
	ring(container_of(db, struct ivshmem, db), peer);
}

static void ivshmem_mute(struct doorbell *db, unsigned int peer)
{
	disable_irq_nosync(
		container_of(db, struct ivshmem, db)->peers[peer].irq);
}

static void ivshmem_unmute(struct doorbell *db, unsigned int peer)
{
	enable_irq(container_of(db, struct ivshmem, db)->peers[peer].irq);
}

static const struct doorbell_ops ivshmem_ops = {
	.ring = ivshmem_ring,
	.mute = ivshmem_mute,
	.unmute = ivshmem_unmute,
};

static irqreturn_t ivshmem_bell(int irq, void *data)
{
	struct ivshmem_peer *peer = data;

	doorbell_heard(&peer->hub->db, peer - peer->hub->peers);
	return IRQ_HANDLED;
}

static irqreturn_t ivshmem_changed(int irq, void *data)
{
	struct ivshmem *hub = data;

	wake_up(&hub->changed);
	return IRQ_HANDLED;
}

static u32 state(struct ivshmem *hub, unsigned long kernel, size_t field)
{
	return readl(hub->power + HUB_STATE(kernel) + field);
}

#define STATE(hub, kernel, field) \
	state(hub, kernel, offsetof(struct hub_state, field))

/*
 * The order is there before its number, which is before the bell. The number is
 * new even if nobody has waited for the end of the order before.
 */
static u32 give_order(struct ivshmem *hub, unsigned long kernel, u32 command)
{
	void __iomem *order = hub->power + HUB_ORDER(kernel);
	u32 seq = readl(order + offsetof(struct hub_order, seq)) + 1;

	writel(command, order + offsetof(struct hub_order, command));
	writel(seq, order + offsetof(struct hub_order, seq));
	return seq;
}

static int obeyed(struct ivshmem *hub, unsigned long kernel, u32 seq)
{
	unsigned long end = jiffies + msecs_to_jiffies(POWER_MS);
	long left;

	do {
		ring(hub, hub->number);
		left = wait_event_killable_timeout(
			hub->changed, STATE(hub, kernel, seq) == seq,
			msecs_to_jiffies(POWER_RING_MS));
	} while (!left && time_before(jiffies, end));
	if (left < 0)
		return left;
	return left ? 0 : -ETIMEDOUT;
}

static int command(struct reset_controller_dev *reset, unsigned long kernel,
		   u32 what)
{
	struct ivshmem *hub = container_of(reset, struct ivshmem, reset);
	int ret;

	if (kernel == hub->db.self)
		return -EPERM;
	ret = mutex_lock_killable(&hub->order);
	if (ret)
		return ret;
	ret = obeyed(hub, kernel, give_order(hub, kernel, what));
	if (!ret && STATE(hub, kernel, error))
		ret = -EIO;
	mutex_unlock(&hub->order);
	if (ret)
		dev_err(hub->db.dev,
			"the hub does not turn kernel %lu %s: %d\n", kernel,
			what == HUB_ON ? "on" : "off", ret);
	return ret;
}

static int power_off(struct reset_controller_dev *reset, unsigned long kernel)
{
	return command(reset, kernel, HUB_OFF);
}

static int power_on(struct reset_controller_dev *reset, unsigned long kernel)
{
	return command(reset, kernel, HUB_ON);
}

/* In reset is a group that has no power, whoever took it. */
static int power_status(struct reset_controller_dev *reset,
			unsigned long kernel)
{
	struct ivshmem *hub = container_of(reset, struct ivshmem, reset);

	return !STATE(hub, kernel, on);
}

static const struct reset_control_ops power_ops = {
	.assert = power_off,
	.deassert = power_on,
	.status = power_status,
};

static int offer_power(struct ivshmem *hub)
{
	hub->reset.ops = &power_ops;
	hub->reset.owner = THIS_MODULE;
	hub->reset.dev = hub->db.dev;
	hub->reset.of_node = hub->db.dev->of_node;
	hub->reset.nr_resets = hub->db.kernels;
	return devm_reset_controller_register(hub->db.dev, &hub->reset);
}

static int read_head(struct ivshmem *hub)
{
	struct hub_head head;
	u32 position;

	memcpy_fromio(&head, hub->power, sizeof(head));
	if (le32_to_cpu(head.magic) != HUB_MAGIC)
		return dev_err_probe(hub->db.dev, -ENODEV,
				     "this is not a board hub\n");
	if (le16_to_cpu(head.major) != HUB_MAJOR)
		return dev_err_probe(hub->db.dev, -EPROTO,
				     "version %u of the hub is not known\n",
				     le16_to_cpu(head.major));
	hub->db.kernels = le32_to_cpu(head.kernels);
	hub->number = le32_to_cpu(head.hub);
	position = readl(hub->registers + IVSHMEM_POSITION);
	if (hub->db.kernels < 2 || hub->db.kernels > DOORBELL_KERNELS ||
	    hub->number < hub->db.kernels || position != hub->db.self)
		return dev_err_probe(
			hub->db.dev, -EINVAL,
			"the hub has %u kernels and takes this for number %u, the tree says %u\n",
			hub->db.kernels, position, hub->db.self);
	return 0;
}

static int map(struct ivshmem *hub, struct pci_dev *pdev)
{
	struct device_node *np = pdev->dev.of_node;
	int ret;

	if (of_property_read_u32(np, "tombolo,kernel-id", &hub->db.self))
		return dev_err_probe(&pdev->dev, -EINVAL,
				     "tombolo,kernel-id is missing\n");
	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "cannot be enabled\n");
	hub->registers = pcim_iomap(pdev, IVSHMEM_BAR, 0);
	hub->power = pcim_iomap(pdev, HUB_BAR, HUB_SIZE);
	if (!hub->registers || !hub->power)
		return dev_err_probe(&pdev->dev, -ENXIO,
				     "its registers cannot be mapped\n");
	return read_head(hub);
}

static int listen(struct ivshmem *hub, struct pci_dev *pdev)
{
	struct device *dev = &pdev->dev;
	u32 i;
	int ret;

	ret = pci_alloc_irq_vectors(pdev, hub->number + 1, hub->number + 1,
				    PCI_IRQ_MSIX);
	if (ret < 0)
		return dev_err_probe(dev, ret, "no %u MSI-X vectors\n",
				     hub->number + 1);
	ret = devm_request_irq(dev, pci_irq_vector(pdev, hub->number),
			       ivshmem_changed, 0, "tombolo-hub", hub);
	for (i = 0; i < hub->db.kernels && !ret; i++) {
		hub->peers[i].hub = hub;
		hub->peers[i].irq = pci_irq_vector(pdev, i);
		if (i != hub->db.self)
			ret = devm_request_irq(dev, hub->peers[i].irq,
					       ivshmem_bell, 0,
					       "tombolo-doorbell",
					       &hub->peers[i]);
	}
	return ret ? dev_err_probe(dev, ret, "no interrupt\n") : 0;
}

/* Before the interrupts go: no timer may touch them then. */
static void leave(void *data)
{
	struct ivshmem *hub = data;
	u32 i;

	WRITE_ONCE(hub->db.leaving, true);
	for (i = 0; i < hub->db.kernels; i++)
		if (i != hub->db.self)
			synchronize_irq(hub->peers[i].irq);
	doorbell_leave(&hub->db);
}

static int ivshmem_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct ivshmem *hub = devm_kzalloc(dev, sizeof(*hub), GFP_KERNEL);
	int ret;

	if (!hub)
		return -ENOMEM;
	hub->db.dev = dev;
	hub->db.ops = &ivshmem_ops;
	mutex_init(&hub->order);
	init_waitqueue_head(&hub->changed);
	ret = map(hub, pdev);
	if (ret)
		return ret;
	doorbell_init(&hub->db);
	pci_set_master(pdev);
	ret = listen(hub, pdev);
	if (!ret)
		ret = devm_add_action_or_reset(dev, leave, hub);
	if (!ret && !hub->db.self)
		ret = offer_power(hub);
	if (ret)
		return ret;
	return doorbell_register(&hub->db);
}

static const struct pci_device_id ivshmem_ids[] = {
	{ PCI_DEVICE(IVSHMEM_VENDOR, IVSHMEM_DEVICE) },
	{}
};
MODULE_DEVICE_TABLE(pci, ivshmem_ids);

/* So that imb.ko finds it by the node that its bells are in */
static const struct of_device_id __maybe_unused
	ivshmem_of_ids[] = { { .compatible = "tombolo,ivshmem-hub" }, {} };
MODULE_DEVICE_TABLE(of, ivshmem_of_ids);

static struct pci_driver ivshmem_driver = {
	.name = "imb-ivshmem",
	.id_table = ivshmem_ids,
	.probe = ivshmem_probe,
};
module_pci_driver(ivshmem_driver);

MODULE_DESCRIPTION("Doorbell between kernels by a board hub");
MODULE_LICENSE("GPL");
