// SPDX-License-Identifier: GPL-2.0
/*
 * imb-test.ko: a kernel that lies. What is written to k<peer>/forge is sent to
 * the peer on a channel that another module of this kernel has opened, behind its
 * back: one write is one message, a service number of two bytes, little-endian,
 * and what the other end's module is to believe.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "debug.h"
#include "test.h"

#define FORGE_MAX 4096

static ssize_t forge_write(struct file *file, const char __user *buf, size_t n,
			   loff_t *pos)
{
	struct test_peer *peer = file->private_data;
	u8 *data;
	int ret;

	if (n < 2 || n > FORGE_MAX)
		return -EINVAL;
	data = memdup_user(buf, n);
	if (IS_ERR(data))
		return PTR_ERR(data);
	ret = imb_debug_send(peer->id, get_unaligned_le16(data), data + 2,
			     n - 2);
	kfree(data);
	return ret ?: n;
}

const struct file_operations test_forge_ops = {
	.open = simple_open,
	.write = forge_write,
};
