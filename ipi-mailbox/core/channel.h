/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What link.c, channel.c and message.c ask of each other; hosts use link.h alone. */
#ifndef IMB_CHANNEL_H
#define IMB_CHANNEL_H

#include "link.h"

/**
 * imb_channels_start() - a session has begun: announce what is open here
 * @link: link
 */
void imb_channels_start(struct imb_link *link);

/**
 * imb_channel_fallen() - find a channel whose CHANNEL_DOWN is owed
 * @link: link that has left UP
 * @event: filled in
 *
 * Return: whether there was one.
 */
bool imb_channel_fallen(struct imb_link *link, struct imb_event *event);

/**
 * imb_channel_next() - the next event of a link that is up
 * @link: link
 * @event: filled in
 *
 * Return: 1 with an event, 0 if there is nothing, -EPROTO if the peer has
 * broken the protocol.
 */
int imb_channel_next(struct imb_link *link, struct imb_event *event);

/**
 * imb_lane_reserve() - a place in the ring, or the promise of a bell for one
 * @link: link that is up
 * @lane: of the link
 * @to: where the payload goes
 *
 * Return: 0; -EAGAIN: the lane is marked as waited for; -EPROTO.
 */
int imb_lane_reserve(struct imb_link *link, u32 lane, u8 __shm **to);

/**
 * imb_message_take() - what a slot that is not a control message comes to
 * @link: link that is up
 * @lane: it came by
 * @slot: it, of a service that exists
 * @event: filled in: a MESSAGE, or NOTHING if it was dropped
 *
 * A MESSAGE keeps its slot until imb_link_done().
 *
 * Return: 0, or -EPROTO if the peer has broken the protocol.
 */
int imb_message_take(struct imb_link *link, u32 lane,
		     const struct imb_slot *slot, struct imb_event *event);

#endif /* IMB_CHANNEL_H */
