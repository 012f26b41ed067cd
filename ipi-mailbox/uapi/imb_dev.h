/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR BSD-2-Clause */
/* For programs: what /dev/imb/k<peer>.<n> offers beside read, write and poll. */
#ifndef IMB_DEV_H
#define IMB_DEV_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct imb_dev_info - answer to IMB_DEV_INFO
 * @kernel: id of this kernel
 * @peer: id of the kernel at the other end
 * @service: number of the channel
 * @max_message: bytes of the longest message
 * @peer_incarnation: which life of the peer the link last spoke to
 * @session: which session of the link the last message read came by
 * @open: 1 if the peer has the other end open
 * @unread: messages that read() would return without waiting
 */
struct imb_dev_info {
	__u32 kernel;
	__u32 peer;
	__u32 service;
	__u32 max_message;
	__u32 peer_incarnation;
	__u32 session;
	__u32 open;
	__u32 unread;
};

#define IMB_DEV_INFO _IOR(0xb1, 0, struct imb_dev_info)

#endif /* IMB_DEV_H */
