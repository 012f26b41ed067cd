/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * imb.h - messages between the kernels of a board: the API for kernel modules.
 *
 * A module opens a *channel* to a peer kernel and a service; when the module of
 * the same service has opened its end over there, both are told, and messages
 * flow in order, each delivered once or, if the link falls, not at all. A
 * message that was accepted by imb_send() and not delivered is lost only
 * together with a state(down) callback at both ends that live.
 */
#ifndef IMB_H
#define IMB_H

#include <linux/types.h>

/* Who uses which channel number; both ends name the same one and lane. */
enum imb_service {
	IMB_SERVICE_ECHO = 1, /* imb.ko of the higher id answers the lower */
	IMB_SERVICE_LIFECYCLE = 2, /* kernel 0 tells of other kernels' fate */
	IMB_SERVICE_NET = 3, /* imb-net.ko */
	IMB_SERVICE_DSM = 4, /* dsm-noncc */
	IMB_SERVICE_SSI = 5, /* ssi */
	IMB_SERVICE_ECHO_BACK =
		6, /* imb.ko of the lower id answers the higher */
	IMB_SERVICE_TEST = 8, /* 8 to 15: imb-test.ko */
	IMB_SERVICE_PORT = 32, /* 32 to 47: /dev/imb/k<peer>.<0..15> */
};

enum imb_lane {
	IMB_LANE_FOR_CONTROL = 0, /* short, served first */
	IMB_LANE_FOR_DATA = 1,
};

/**
 * imb_echo_service() - where a kernel's echo service answers
 * @client: id of the kernel that asks
 * @server: id of the kernel whose imb.ko answers
 *
 * Two numbers, since a channel has no direction that would tell a question from
 * an answer.
 *
 * Return: service to be opened by @client.
 */
static inline u16 imb_echo_service(unsigned int client, unsigned int server)
{
	return server > client ? IMB_SERVICE_ECHO : IMB_SERVICE_ECHO_BACK;
}

struct imb_channel;

/**
 * struct imb_msg - a message being delivered
 * @data: its bytes, in memory that the peer can still write: copy, check, use
 * @len: how many
 * @priv: of imb.ko
 */
struct imb_msg {
	const void *data;
	u32 len;
	const void *priv;
};

/**
 * struct imb_buf - a by-reference buffer, ours to fill or the peer's to read
 * @data: its bytes
 * @size: how many it holds (ours), or are the message (the peer's)
 * @tag: session it belongs to
 * @num: its number
 * @gen: its use
 */
struct imb_buf {
	void *data;
	u32 size;
	u32 tag;
	u32 num;
	u32 gen;
};

/**
 * struct imb_ops - callbacks of a channel
 * @receive: (mandatory) a message. @msg is valid until it returns; see
 *	imb_msg_hold()
 * @state: (optional) both ends are open now, or no longer
 * @writable: (optional) a send that got -EAGAIN may be tried again
 *
 * Context: hard or soft interrupt; never two at a time for one link, no lock of
 * imb.ko held, so that they may send on any channel. They must be short, must
 * not sleep and must not call imb_close().
 */
struct imb_ops {
	void (*receive)(void *ctx, const struct imb_msg *msg);
	void (*state)(void *ctx, bool up);
	void (*writable)(void *ctx);
};

/**
 * imb_self() - this kernel's id
 * imb_kernels() - how many kernels the board has, with ids 0 to that - 1
 *
 * Context: any.
 * Return: -ENODEV before the mailbox has been found.
 */
int imb_self(void);
int imb_kernels(void);

/**
 * imb_open() - open a channel
 * @peer: id of the other kernel
 * @service: below IMB_WIRE_SERVICES
 * @lane: enum imb_lane
 * @window: messages the caller buffers and later reports by imb_consumed(); 0 if
 *	@ops->receive deals with each at once
 * @ops: callbacks, for the life of the channel
 * @ctx: handed to them
 *
 * Context: process; may sleep.
 * Return: the channel, to be closed by imb_close(); ERR_PTR(-ENODEV) if there is
 * no such peer, -EBUSY if the service is open, -EINVAL, -ENOMEM. The peer need
 * not be there: state(up) says when it is.
 */
struct imb_channel *imb_open(unsigned int peer, u16 service, enum imb_lane lane,
			     u32 window, const struct imb_ops *ops, void *ctx);

/**
 * imb_close() - close a channel
 * @ch: from imb_open(); gone afterwards
 *
 * Context: process; may sleep. No callback runs any more when it returns.
 */
void imb_close(struct imb_channel *ch);

/**
 * imb_up() - is the other end open?
 * @ch: channel
 *
 * Context: any.
 * Return: as last told by state().
 */
bool imb_up(const struct imb_channel *ch);

/**
 * imb_max_message() - longest message of a channel
 * @ch: channel
 *
 * Context: any.
 * Return: bytes.
 */
u32 imb_max_message(const struct imb_channel *ch);

/**
 * imb_send() - send a message
 * @ch: channel
 * @data: its bytes, copied
 * @len: how many, 0 to imb_max_message()
 *
 * Context: any but NMI.
 * Return: 0; -EMSGSIZE; -ENOTCONN if the other end is not open; -EAGAIN if there
 * is no room: writable() follows.
 */
int imb_send(struct imb_channel *ch, const void *data, u32 len);

/**
 * imb_send_more() - as imb_send(), without waking the peer
 * @ch: channel
 * @data: bytes
 * @len: how many
 *
 * For batches; end them by imb_kick().
 *
 * Context: any but NMI.
 * Return: as imb_send().
 */
int imb_send_more(struct imb_channel *ch, const void *data, u32 len);

/**
 * imb_kick() - wake the peer if it sleeps on what was sent
 * @ch: channel
 *
 * Context: any but NMI.
 */
void imb_kick(struct imb_channel *ch);

/**
 * imb_buf_get() - take a buffer of shared memory to build a message in
 * @ch: channel
 * @buf: filled in
 *
 * Context: any but NMI.
 * Return: 0: it is the caller's until imb_buf_send() succeeds or imb_buf_put();
 * -ENOTCONN; -EAGAIN: writable() follows.
 */
int imb_buf_get(struct imb_channel *ch, struct imb_buf *buf);

/**
 * imb_buf_send() - send it; no byte is copied
 * @ch: channel
 * @buf: from imb_buf_get(); the peer's afterwards
 * @len: bytes written into it
 *
 * Return: as imb_send(), and -ESTALE if the link has fallen since
 * imb_buf_get(). On any error the buffer is still the caller's.
 */
int imb_buf_send(struct imb_channel *ch, struct imb_buf *buf, u32 len);

/**
 * imb_buf_put() - give back a buffer that was not sent
 * @ch: channel
 * @buf: from imb_buf_get()
 */
void imb_buf_put(struct imb_channel *ch, struct imb_buf *buf);

/**
 * imb_msg_hold() - keep a received message's bytes after the callback
 * @msg: in @ops->receive
 * @buf: filled in
 *
 * Return: true if the message lies in a buffer: it stays until
 * imb_buf_release(), or until the link falls. False for a short one: copy it.
 */
bool imb_msg_hold(const struct imb_msg *msg, struct imb_buf *buf);

/**
 * imb_buf_release() - the held bytes have been read
 * @ch: channel it came by
 * @buf: from imb_msg_hold()
 *
 * Context: any but NMI.
 * Return: whether the session has lasted until now. If not, the bytes may have
 * been another message's already when they were read.
 */
bool imb_buf_release(struct imb_channel *ch, const struct imb_buf *buf);

/**
 * imb_msg_session() - which session a message came by
 * @msg: in @ops->receive
 *
 * Return: a number for imb_consumed().
 */
u32 imb_msg_session(const struct imb_msg *msg);

/**
 * imb_consumed() - buffered messages have been read: the peer may send as many
 * @ch: channel with a window
 * @session: imb_msg_session() of them
 * @n: how many
 *
 * Context: any but NMI.
 */
void imb_consumed(struct imb_channel *ch, u32 session, u32 n);

/**
 * imb_peer_gone() - a peer is known to be dead: do not wait for the silence
 * imb_peer_fence() - do not listen to a peer (true), listen again (false)
 * @peer: its id
 *
 * Context: any but NMI. Unknown ids are ignored.
 */
void imb_peer_gone(unsigned int peer);
void imb_peer_fence(unsigned int peer, bool fence);

#endif /* IMB_H */
