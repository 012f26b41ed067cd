/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What link.c asks of channel.c; hosts use link.h alone. */
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

#endif /* IMB_CHANNEL_H */
