// SPDX-License-Identifier: GPL-2.0
/* /sys/class/imb/link<peer>: how each link is, and events when it changes. */
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/string_helpers.h>
#include <linux/sysfs.h>

#include "mailbox.h"

static char *imb_devnode(const struct device *dev, umode_t *mode)
{
	return kasprintf(GFP_KERNEL, "imb/%s", dev_name(dev));
}

struct class imb_class = {
	.name = "imb",
	.devnode = imb_devnode,
};

static const char *const alien_reasons[] = {
	[IMB_ALIEN_NOT] = "no",
	[IMB_ALIEN_VERSION] = "version",
	[IMB_ALIEN_LAYOUT] = "layout",
	[IMB_ALIEN_IDENTITY] = "identity",
};

#define STATE_NAME_MAX 16

/* The state's name in the table, in small letters. */
static void state_name(struct imb_peer *peer, char *name)
{
	string_lower(name, imb_link_state_name(READ_ONCE(peer->link.state)));
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	char name[STATE_NAME_MAX];

	state_name(dev_get_drvdata(dev), name);
	return sysfs_emit(buf, "%s\n", name);
}
static DEVICE_ATTR_RO(state);

static ssize_t alien_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct imb_peer *peer = dev_get_drvdata(dev);
	unsigned long flags = imb_peer_lock(peer);
	u8 reason = peer->link.state == IMB_LINK_ALIEN ? peer->link.alien :
							 IMB_ALIEN_NOT;

	imb_peer_unlock(peer, flags);
	return sysfs_emit(buf, "%s\n", alien_reasons[reason]);
}
static DEVICE_ATTR_RO(alien);

static ssize_t peer_incarnation_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	struct imb_peer *peer = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%08x\n", READ_ONCE(peer->link.peer_boot));
}
static DEVICE_ATTR_RO(peer_incarnation);

static ssize_t session_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct imb_peer *peer = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(peer->link.rx_tag));
}
static DEVICE_ATTR_RO(session);

static ssize_t max_message_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct imb_peer *peer = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", imb_link_max_message(&peer->link));
}
static DEVICE_ATTR_RO(max_message);

/* clang-format off */

/* A count, or the sum of both lanes' counts, taken under the lock. */
#define COUNT_ATTR(name, expression)                                         \
static ssize_t name##_show(struct device *dev,                               \
			   struct device_attribute *attr, char *buf)         \
{                                                                            \
	struct imb_peer *peer = dev_get_drvdata(dev);                        \
	const struct imb_link *link = &peer->link;                           \
	unsigned long flags = imb_peer_lock(peer);                           \
	u64 count = (expression);                                            \
									     \
	(void)link;                                                          \
	imb_peer_unlock(peer, flags);                                        \
	return sysfs_emit(buf, "%llu\n", count);                             \
}                                                                            \
static DEVICE_ATTR_RO(name)

COUNT_ATTR(tx_msgs, link->tx[0].counts.msgs + link->tx[1].counts.msgs);
COUNT_ATTR(rx_msgs, link->rx[0].counts.msgs + link->rx[1].counts.msgs);
COUNT_ATTR(tx_bytes, link->tx[0].counts.bytes + link->tx[1].counts.bytes);
COUNT_ATTR(rx_bytes, link->rx[0].counts.bytes + link->rx[1].counts.bytes);
COUNT_ATTR(bells_sent, peer->port.bells);
COUNT_ATTR(resets, link->counts.resets);

/* clang-format on */

static struct attribute *imb_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_alien.attr,
	&dev_attr_peer_incarnation.attr,
	&dev_attr_session.attr,
	&dev_attr_max_message.attr,
	&dev_attr_tx_msgs.attr,
	&dev_attr_rx_msgs.attr,
	&dev_attr_tx_bytes.attr,
	&dev_attr_rx_bytes.attr,
	&dev_attr_bells_sent.attr,
	&dev_attr_resets.attr,
	NULL,
};
ATTRIBUTE_GROUPS(imb);

void imb_sysfs_changed(struct imb_peer *peer)
{
	char name[STATE_NAME_MAX], peer_env[24], state_env[32];
	char *env[3] = { peer_env, state_env };

	state_name(peer, name);
	snprintf(peer_env, sizeof(peer_env), "IMB_PEER=%u", peer->id);
	snprintf(state_env, sizeof(state_env), "IMB_STATE=%s", name);
	dev_info(peer->dev, "%s, session %u with incarnation %08x\n", name,
		 READ_ONCE(peer->link.rx_tag), READ_ONCE(peer->link.peer_boot));
	sysfs_notify(&peer->dev->kobj, NULL, "state");
	kobject_uevent_env(&peer->dev->kobj, KOBJ_CHANGE, env);
}

int imb_sysfs_add(struct imb_peer *peer)
{
	peer->dev = device_create_with_groups(&imb_class, peer->imb->dev,
					      MKDEV(0, 0), peer, imb_groups,
					      "link%u", peer->id);
	return PTR_ERR_OR_ZERO(peer->dev);
}

void imb_sysfs_remove(struct imb_peer *peer)
{
	device_unregister(peer->dev);
}

int imb_sysfs_init(void)
{
	return class_register(&imb_class);
}

void imb_sysfs_exit(void)
{
	class_unregister(&imb_class);
}
