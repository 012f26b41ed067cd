/* SPDX-License-Identifier: GPL-2.0 */
/* A message on its way from the core to a callback, between link.c and api.c. */
#ifndef IMB_DELIVER_H
#define IMB_DELIVER_H

#include "mailbox.h"

/**
 * struct imb_delivery - an event being handed out
 * @event: what the core said
 * @ch: the channel, NULL if nobody has it open here
 * @pos: MESSAGE: position in its ring
 * @held: the callback keeps the buffer
 */
struct imb_delivery {
	struct imb_event event;
	struct imb_channel *ch;
	u32 pos;
	bool held;
};

#endif /* IMB_DELIVER_H */
