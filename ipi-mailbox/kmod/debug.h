/* SPDX-License-Identifier: GPL-2.0 */
/* What imb.ko shows to its own test modules, and to nobody else. */
#ifndef IMB_DEBUG_H
#define IMB_DEBUG_H

#include <linux/types.h>

struct imb_geometry;

/**
 * imb_debug_section() - the shared memory that this kernel writes
 * @peer: id of the other kernel
 * @g: filled in
 *
 * Return: our section of the window towards the peer, NULL if there is none.
 */
void *imb_debug_section(unsigned int peer, struct imb_geometry *g);

/**
 * imb_debug_freeze() - have a link neither tick nor look, or go on
 * @peer: id of the other kernel; an unknown one is ignored
 * @freeze: which of the two
 */
void imb_debug_freeze(unsigned int peer, bool freeze);

/**
 * imb_debug_send() - send a message on a channel that another module has opened
 * @peer: id of the other kernel
 * @service: number of the channel
 * @data: the message
 * @len: bytes of it
 *
 * Context: process.
 * Return: as imb_send(); -ENODEV if there is no such channel.
 */
int imb_debug_send(unsigned int peer, unsigned int service, const void *data,
		   u32 len);

#endif /* IMB_DEBUG_H */
