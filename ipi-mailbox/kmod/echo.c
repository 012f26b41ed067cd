// SPDX-License-Identifier: GPL-2.0
/*
 * The echo service: every message is sent back as it came. It answers in the
 * callback, so its round trip is the shortest that two kernels can have.
 */
#include <linux/atomic.h>
#include <linux/err.h>

#include "mailbox.h"

static void echo_receive(void *ctx, const struct imb_msg *msg)
{
	struct imb_peer *peer = ctx;
	struct imb_channel *ch = READ_ONCE(peer->echo);

	/* Who asks more than it reads answers loses some. */
	if (!ch || imb_send(ch, msg->data, msg->len))
		atomic64_inc(&peer->echo_lost);
	if (ch)
		imb_consumed(ch, imb_msg_session(msg), 1);
}

static const struct imb_ops echo_ops = {
	.receive = echo_receive,
};

int imb_echo_start(struct imb_peer *peer)
{
	u16 service = imb_echo_service(peer->id, peer->imb->self);
	struct imb_channel *ch = imb_open(peer->id, service, IMB_LANE_FOR_DATA,
					  IMB_ECHO_WINDOW, &echo_ops, peer);

	if (IS_ERR(ch))
		return PTR_ERR(ch);
	WRITE_ONCE(peer->echo, ch);
	return 0;
}

void imb_echo_stop(struct imb_peer *peer)
{
	struct imb_channel *ch = peer->echo;

	if (!ch)
		return;
	WRITE_ONCE(peer->echo, NULL);
	imb_close(ch);
}
