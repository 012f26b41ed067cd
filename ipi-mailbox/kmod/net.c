// SPDX-License-Identifier: GPL-2.0
/*
 * imb-net.ko: a network device between this kernel and each other one.
 *
 * A frame is one message: a head that says what the sender's stack has left
 * undone (checksum, segmentation; in the form that virtio-net has proven), then
 * the Ethernet frame. Short frames are copied into the ring, others are built in
 * a by-reference buffer.
 *
 * Received frames wait in @rx for NAPI, large ones still in the peer's buffer.
 * The channel's window is as large as that queue, so a peer that is faster than
 * our stack runs out of credit and its queue stops; nothing is dropped for want
 * of room. Nothing of the peer's memory goes up the stack: NAPI copies a frame
 * and judges the copy.
 *
 * A checksum left undone is believed only in so far as the stack then takes the
 * packet's bytes for what was sent, as for any virtio-net: memory does not garble
 * them, and a hostile peer that lies could as well have sent a right checksum
 * over the same bytes.
 */
#include <linux/device/driver.h>
#include <linux/ethtool.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/kfifo.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/virtio_net.h>

#include "imb.h"
#include "imb_wire.h"

/* Frames that the peer may have under way; two sessions' worth fit the queue. */
#define NET_WINDOW 256
#define NET_QUEUE  (2 * NET_WINDOW)
/* Up to here a frame is copied twice rather than given a buffer. */
#define NET_SHORT 224
/* How much of a received frame is made linear for the stack's first look. */
#define NET_LINEAR 256

static unsigned int mtu;
module_param(mtu, uint, 0444);
MODULE_PARM_DESC(mtu, "first MTU of the devices (default: the largest)");

/**
 * struct net_head - what precedes a frame in its message
 * @offload: what the receiver has to finish, little-endian
 * @reserved: zero
 */
struct net_head {
	struct virtio_net_hdr offload;
	u8 reserved[2];
};

static_assert(sizeof(struct virtio_net_hdr) == 10, "wire");
static_assert(sizeof(struct net_head) == 12, "wire");
static_assert(offsetof(struct net_head, reserved) == 10, "wire");

/**
 * struct net_item - a received frame on its way to the stack
 * @skb: a short one, copied; NULL if there was no memory or it made no sense
 * @buf: a large one, if @held
 * @session: that it came by
 * @held: it still lies in the peer's buffer
 */
struct net_item {
	struct sk_buff *skb;
	struct imb_buf buf;
	u32 session;
	bool held;
};

/**
 * struct net_link - a device
 * @dev: its netdev
 * @napi: takes frames from @rx to the stack
 * @ch: channel, open while the device is up
 * @peer: id of the other kernel
 * @closing: nothing new is put into @rx
 * @rx: filled by the channel's callback, emptied by @napi
 */
struct net_link {
	struct net_device *dev;
	struct napi_struct napi;
	struct imb_channel *ch;
	unsigned int peer;
	bool closing;

	DECLARE_KFIFO(rx, struct net_item, NET_QUEUE);
};

static struct net_device *devices[IMB_WIRE_KERNELS];

/* A copy of a frame that lies in shared memory, as the stack wants it. */
static struct sk_buff *copy_frame(struct net_device *dev, const void *data,
				  u32 len)
{
	u32 linear = min_t(u32, len, NET_LINEAR);
	struct sk_buff *skb;
	int err;

	skb = alloc_skb_with_frags(NET_SKB_PAD + NET_IP_ALIGN + linear,
				   len - linear, PAGE_ALLOC_COSTLY_ORDER, &err,
				   GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, NET_SKB_PAD + NET_IP_ALIGN);
	skb_put(skb, linear);
	skb->data_len = len - linear;
	skb->len = len;
	skb->dev = dev;
	skb_store_bits(skb, 0, data, len);
	return skb;
}

static struct sk_buff *receive_frame(struct net_device *dev, const void *data,
				     u32 len)
{
	struct net_head head;
	struct sk_buff *skb;

	if (len < sizeof(head) + ETH_HLEN) {
		DEV_STATS_INC(dev, rx_length_errors);
		return NULL;
	}
	memcpy(&head, data, sizeof(head));
	skb = copy_frame(dev, data + sizeof(head), len - sizeof(head));
	if (!skb) {
		DEV_STATS_INC(dev, rx_dropped);
		return NULL;
	}
	skb_reset_mac_header(skb);
	if (virtio_net_hdr_to_skb(skb, &head.offload, true)) {
		DEV_STATS_INC(dev, rx_frame_errors);
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

/* In the channel's callback: copy what is short, keep what is large. */
static void net_receive(void *ctx, const struct imb_msg *msg)
{
	struct net_link *link = ctx;
	struct net_item item = { .session = imb_msg_session(msg) };

	if (READ_ONCE(link->closing))
		return;
	item.held = imb_msg_hold(msg, &item.buf);
	if (!item.held)
		item.skb = receive_frame(link->dev, msg->data, msg->len);
	if (!kfifo_put(&link->rx, item)) {
		/* Leftovers of earlier sessions; this one's credit shrinks. */
		DEV_STATS_INC(link->dev, rx_over_errors);
		kfree_skb(item.skb);
		if (item.held && READ_ONCE(link->ch))
			imb_buf_release(link->ch, &item.buf);
	}
	napi_schedule(&link->napi);
}

/* A frame in the stack's hands at last, or NULL. */
static struct sk_buff *take_frame(struct net_link *link, struct net_item *item)
{
	struct sk_buff *skb = item->skb;

	if (!item->held)
		return skb;
	skb = receive_frame(link->dev, item->buf.data, item->buf.size);
	/* The link fell while we copied: these may be two frames' bytes. */
	if (!imb_buf_release(link->ch, &item->buf) && skb) {
		DEV_STATS_INC(link->dev, rx_missed_errors);
		kfree_skb(skb);
		skb = NULL;
	}
	return skb;
}

static void pass_up(struct net_link *link, struct sk_buff *skb)
{
	dev_sw_netstats_rx_add(link->dev, skb->len);
	skb->protocol = eth_type_trans(skb, link->dev);
	napi_gro_receive(&link->napi, skb);
}

static int net_poll(struct napi_struct *napi, int budget)
{
	struct net_link *link = container_of(napi, struct net_link, napi);
	struct net_item item;
	struct sk_buff *skb;
	u32 session = 0;
	u32 credit = 0;
	int done = 0;

	while (done < budget && kfifo_get(&link->rx, &item)) {
		if (credit && item.session != session) {
			imb_consumed(link->ch, session, credit);
			credit = 0;
		}
		session = item.session;
		credit++;
		skb = take_frame(link, &item);
		if (skb)
			pass_up(link, skb);
		done++;
	}
	if (credit)
		imb_consumed(link->ch, session, credit);
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

static void net_state(void *ctx, bool up)
{
	struct net_link *link = ctx;

	if (up) {
		netif_carrier_on(link->dev);
	} else {
		netif_carrier_off(link->dev);
		/* What waits is dropped by net_xmit(), not kept for ever. */
		netif_wake_queue(link->dev);
	}
}

static void net_writable(void *ctx)
{
	struct net_link *link = ctx;

	netif_wake_queue(link->dev);
}

static const struct imb_ops net_ops = {
	.receive = net_receive,
	.state = net_state,
	.writable = net_writable,
};

static int send_short(struct net_link *link, struct sk_buff *skb,
		      const struct net_head *head)
{
	u8 bounce[sizeof(*head) + NET_SHORT];
	int ret;

	memcpy(bounce, head, sizeof(*head));
	ret = skb_copy_bits(skb, 0, bounce + sizeof(*head), skb->len);
	if (ret)
		return ret;
	return imb_send_more(link->ch, bounce, sizeof(*head) + skb->len);
}

static int send_large(struct net_link *link, struct sk_buff *skb,
		      const struct net_head *head)
{
	u32 len = sizeof(*head) + skb->len;
	struct imb_buf buf;
	int ret;

	ret = imb_buf_get(link->ch, &buf);
	if (ret)
		return ret;
	ret = -EMSGSIZE;
	if (len <= buf.size) {
		memcpy(buf.data, head, sizeof(*head));
		ret = skb_copy_bits(skb, 0, buf.data + sizeof(*head), skb->len);
	}
	if (!ret)
		ret = imb_buf_send(link->ch, &buf, len);
	if (ret)
		imb_buf_put(link->ch, &buf);
	return ret;
}

static int send_frame(struct net_link *link, struct sk_buff *skb)
{
	struct net_head head = {};
	int ret;

	ret = virtio_net_hdr_from_skb(skb, &head.offload, true, false, 0);
	if (ret)
		return ret;
	if (skb->len <= NET_SHORT)
		return send_short(link, skb, &head);
	return send_large(link, skb, &head);
}

/*
 * The queue is stopped before the last attempt: the link then owes a call of
 * net_writable() that finds it stopped.
 */
static int send_or_stop(struct net_link *link, struct sk_buff *skb)
{
	int ret = send_frame(link, skb);

	if (ret != -EAGAIN)
		return ret;
	netif_stop_queue(link->dev);
	ret = send_frame(link, skb);
	if (ret != -EAGAIN)
		netif_wake_queue(link->dev);
	return ret;
}

static netdev_tx_t net_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct net_link *link = netdev_priv(dev);
	unsigned int len = skb->len;
	int ret = send_or_stop(link, skb);

	if (!netdev_xmit_more() || ret)
		imb_kick(link->ch);
	if (ret == -EAGAIN)
		return NETDEV_TX_BUSY;
	if (ret) {
		DEV_STATS_INC(dev, tx_dropped);
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	dev_sw_netstats_tx_add(dev, 1, len);
	skb_tx_timestamp(skb);
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static int net_open(struct net_device *dev)
{
	struct net_link *link = netdev_priv(dev);
	struct imb_channel *ch;

	WRITE_ONCE(link->closing, false);
	ch = imb_open(link->peer, IMB_SERVICE_NET, IMB_LANE_FOR_DATA,
		      NET_WINDOW, &net_ops, link);
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	WRITE_ONCE(link->ch, ch);
	netif_start_queue(dev);
	napi_enable(&link->napi);
	/* Frames may have come before NAPI could be scheduled. */
	local_bh_disable();
	napi_schedule(&link->napi);
	local_bh_enable();
	return 0;
}

static int net_stop(struct net_device *dev)
{
	struct net_link *link = netdev_priv(dev);
	struct net_item item;

	netif_stop_queue(dev);
	WRITE_ONCE(link->closing, true);
	/* Callbacks that have not seen it are in interrupt context: wait. */
	synchronize_net();
	napi_disable(&link->napi);
	while (kfifo_get(&link->rx, &item)) {
		kfree_skb(item.skb);
		if (item.held)
			imb_buf_release(link->ch, &item.buf);
	}
	imb_close(link->ch);
	link->ch = NULL;
	netif_carrier_off(dev);
	return 0;
}

static const struct net_device_ops net_device_ops = {
	.ndo_open = net_open,
	.ndo_stop = net_stop,
	.ndo_start_xmit = net_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static void net_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct net_link *link = netdev_priv(dev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	snprintf(info->bus_info, sizeof(info->bus_info), "imb:k%u", link->peer);
}

static const struct ethtool_ops net_ethtool_ops = {
	.get_drvinfo = net_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ts_info = ethtool_op_get_ts_info,
};

/* Both ends know both addresses without asking: 02:"imb":from:to. */
static void set_address(struct net_device *dev, unsigned int peer)
{
	u8 addr[ETH_ALEN] = { 0x02, 'i', 'm', 'b', imb_self(), peer };

	eth_hw_addr_set(dev, addr);
}

/* The longest message bounds the MTU. */
static int set_mtu(struct net_device *dev, unsigned int peer)
{
	struct imb_channel *ch;
	u32 max;

	ch = imb_open(peer, IMB_SERVICE_NET, IMB_LANE_FOR_DATA, NET_WINDOW,
		      &net_ops, netdev_priv(dev));
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	max = imb_max_message(ch);
	imb_close(ch);
	max -= sizeof(struct net_head);
	netif_set_tso_max_size(dev, min_t(u32, max, GSO_LEGACY_MAX_SIZE));
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = min_t(u32, max - VLAN_ETH_HLEN, ETH_MAX_MTU);
	dev->mtu = mtu ? clamp(mtu, dev->min_mtu, dev->max_mtu) : dev->max_mtu;
	return 0;
}

static void set_features(struct net_device *dev)
{
	dev->netdev_ops = &net_device_ops;
	dev->ethtool_ops = &net_ethtool_ops;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	dev->hw_features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM |
			   NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN;
	dev->features = dev->hw_features | NETIF_F_HIGHDMA;
	dev->vlan_features = dev->hw_features;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
}

static int create_device(unsigned int peer)
{
	struct net_device *dev;
	struct net_link *link;
	char name[IFNAMSIZ];
	int ret;

	snprintf(name, sizeof(name), "imb%u", peer);
	dev = alloc_netdev(sizeof(*link), name, NET_NAME_PREDICTABLE,
			   ether_setup);
	if (!dev)
		return -ENOMEM;
	link = netdev_priv(dev);
	link->dev = dev;
	link->peer = peer;
	link->closing = true;
	INIT_KFIFO(link->rx);
	set_features(dev);
	set_address(dev, peer);
	netif_carrier_off(dev);
	netif_napi_add(dev, &link->napi, net_poll);
	ret = set_mtu(dev, peer);
	if (!ret)
		ret = register_netdev(dev);
	if (ret) {
		free_netdev(dev);
		return ret;
	}
	devices[peer] = dev;
	return 0;
}

static void destroy_devices(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		if (!devices[i])
			continue;
		unregister_netdev(devices[i]);
		free_netdev(devices[i]);
		devices[i] = NULL;
	}
}

static int __init net_init(void)
{
	int self, i;
	int ret;

	/* The mailbox may just be waiting for its doorbell's driver. */
	wait_for_device_probe();
	self = imb_self();
	if (self < 0)
		return self;
	for (i = 0; i < imb_kernels(); i++) {
		if (i == self)
			continue;
		ret = create_device(i);
		if (ret) {
			pr_err("cannot create imb%d: %pe\n", i, ERR_PTR(ret));
			destroy_devices();
			return ret;
		}
	}
	return 0;
}

static void __exit net_exit(void)
{
	destroy_devices();
}

module_init(net_init);
module_exit(net_exit);
MODULE_DESCRIPTION("Network devices between the kernels of a board");
MODULE_LICENSE("GPL");
