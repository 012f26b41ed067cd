// SPDX-License-Identifier: GPL-2.0
/* The channels to the other kernels: who is there, sending, and sorting what comes. */
#include <linux/cpumask.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "ssi.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

struct ssi_peer ssi_peers[SSI_KERNELS];
atomic64_t ssi_sent[SSI_TYPES];
atomic64_t ssi_received[SSI_TYPES];

/* A message to a peer that does not read: then the peer is as good as dead. */
#define SEND_TIMEOUT (10 * HZ)

void ssi_head(struct ssi_wire_head *head, enum ssi_wire_type type, u32 flags,
	      u32 task, u32 life)
{
	memset(head, 0, sizeof(*head));
	head->type = type;
	head->version = SSI_WIRE_VERSION;
	head->flags = cpu_to_le32(flags);
	head->task = cpu_to_le32(task);
	head->life = cpu_to_le32(life);
}

/* Too much for a stack: it is built where the peer reads it. */
static int send_vectors(struct imb_channel *ch, const struct ssi_msg *msg)
{
	struct imb_buf buf;
	int ret = imb_buf_get(ch, &buf);

	if (ret)
		return ret;
	ret = imb_buf_send(ch, &buf, ssi_pack(buf.data, msg));
	if (ret)
		imb_buf_put(ch, &buf);
	return ret == -ESTALE ? -ENOTCONN : ret;
}

static int send_short(struct imb_channel *ch, const struct ssi_msg *msg)
{
	u8 data[SSI_WIRE_SHORT];

	return imb_send(ch, data, ssi_pack(data, msg));
}

/* From any context; -EAGAIN if there is no room. */
int ssi_send(unsigned int to, const struct ssi_msg *msg)
{
	struct imb_channel *ch;
	int ret;

	ch = to < SSI_KERNELS ? ssi_peers[to].channel : NULL;
	if (!ch)
		return -ENOTCONN;
	ret = msg->head.flags & cpu_to_le32(SSI_HAS_SVE) ?
		      send_vectors(ch, msg) :
		      send_short(ch, msg);
	if (!ret) {
		atomic64_inc(&ssi_sent[msg->head.type]);
		trace_ssi_send(to, ssi_type_name(msg->head.type),
			       le32_to_cpu(msg->head.task),
			       le32_to_cpu(msg->head.request));
	}
	return ret;
}

/* From threads: waits for room, until a fatal signal, or SEND_TIMEOUT. */
int ssi_send_wait(unsigned int to, const struct ssi_msg *msg)
{
	struct ssi_peer *peer = &ssi_peers[to];
	long left = SEND_TIMEOUT;
	int rooms, ret;

	for (;;) {
		rooms = atomic_read(&peer->rooms);
		ret = ssi_send(to, msg);
		if (ret != -EAGAIN)
			return ret;
		left = wait_event_killable_timeout(
			peer->room,
			atomic_read(&peer->rooms) != rooms || !peer->up, left);
		if (left <= 0)
			return left ? left : -ETIMEDOUT;
	}
}

bool ssi_ready(unsigned int kernel)
{
	return kernel < SSI_KERNELS && READ_ONCE(ssi_peers[kernel].up) &&
	       READ_ONCE(ssi_peers[kernel].ready);
}

/* What a peer has no right to say, or not now. In interrupts. */
void ssi_bad(struct ssi_peer *peer, const struct ssi_wire_head *head)
{
	peer->bad++;
	pr_warn_ratelimited("ssi: kernel %u: '%s' about stay %u is dropped\n",
			    peer->id, ssi_type_name(head->type),
			    le32_to_cpu(head->task));
}

static void malformed(struct ssi_peer *peer, u32 len)
{
	peer->bad++;
	pr_warn_ratelimited("ssi: kernel %u sent %u bytes of nonsense\n",
			    peer->id, len);
}

static void say_hello(struct ssi_peer *peer)
{
	struct ssi_msg msg = {};
	u32 flags = ssi_leaving()     ? SSI_ENDS :
		    ssi_agent_waits() ? SSI_READY :
					0;

	ssi_head(&msg.head, SSI_HELLO, flags, 0, ssi_life);
	msg.head.cpu = cpu_to_le16(num_present_cpus());
	/* Vectors have to fit into a message; without a channel none is sent. */
	if (peer->channel && imb_max_message(peer->channel) >= SSI_WIRE_MAX)
		msg.head.value = cpu_to_le64(ssi_cpu_features());
	/* If there is no room, writable() says it again. */
	ssi_send(peer->id, &msg);
}

void ssi_say_hello(void)
{
	unsigned int i;

	for (i = 0; i < SSI_KERNELS; i++)
		if (ssi_peers[i].channel && READ_ONCE(ssi_peers[i].up))
			say_hello(&ssi_peers[i]);
}

static void hear_hello(struct ssi_peer *peer, const struct ssi_wire_head *head)
{
	unsigned int cores = le16_to_cpu(head->cpu);

	if (!cores || cores > SSI_WIRE_CORES) {
		ssi_bad(peer, head);
		return;
	}
	WRITE_ONCE(peer->cores, cores);
	WRITE_ONCE(peer->cpu, le64_to_cpu(head->value));
	WRITE_ONCE(peer->ready, !!(head->flags & cpu_to_le32(SSI_READY)));
	WRITE_ONCE(peer->ends, !!(head->flags & cpu_to_le32(SSI_ENDS)));
	if (peer->ends)
		ssi_recall(peer);
}

static void ssi_receive(void *ctx, const struct imb_msg *m)
{
	struct ssi_peer *peer = ctx;
	struct ssi_wire_head head;
	u8 *data = peer->data;

	/* The peer can still write it: from here on only the copy counts. */
	if (m->len > SSI_WIRE_MAX) {
		malformed(peer, m->len);
		return;
	}
	memcpy(data, m->data, m->len);
	if (!ssi_check(data, m->len)) {
		malformed(peer, m->len);
		return;
	}
	memcpy(&head, data, sizeof(head));
	atomic64_inc(&ssi_received[head.type]);
	trace_ssi_receive(peer->id, ssi_type_name(head.type),
			  le32_to_cpu(head.task), le32_to_cpu(head.request));
	switch (head.type) {
	case SSI_HELLO:
		hear_hello(peer, &head);
		break;
	case SSI_START:
	case SSI_REPLY:
	case SSI_KICK:
	case SSI_END:
		ssi_body_message(peer, data);
		break;
	default:
		ssi_shadow_message(peer, data);
	}
}

static void ssi_writable(void *ctx)
{
	struct ssi_peer *peer = ctx;

	atomic_inc(&peer->rooms);
	wake_up_all(&peer->room);
	say_hello(peer);
}

static void ssi_state(void *ctx, bool up)
{
	struct ssi_peer *peer = ctx;

	WRITE_ONCE(peer->up, up);
	if (up) {
		say_hello(peer);
		return;
	}
	WRITE_ONCE(peer->ready, false);
	WRITE_ONCE(peer->ends, false);
	wake_up_all(&peer->room);
	ssi_shadow_down(peer);
	ssi_body_down(peer);
	ssi_window_down(peer->id);
}

static const struct imb_ops ssi_imb_ops = {
	.receive = ssi_receive,
	.state = ssi_state,
	.writable = ssi_writable,
};

int ssi_link_init(void)
{
	struct imb_channel *ch;
	int i, kernels = imb_kernels();

	for (i = 0; i < SSI_KERNELS; i++) {
		ssi_peers[i].id = i;
		init_waitqueue_head(&ssi_peers[i].room);
	}
	ssi_peers[ssi_self].cores = num_present_cpus();
	for (i = 0; i < kernels; i++) {
		if (i == ssi_self)
			continue;
		ssi_peers[i].data = kmalloc(SSI_WIRE_MAX, GFP_KERNEL);
		if (!ssi_peers[i].data)
			return -ENOMEM;
		ch = imb_open(i, IMB_SERVICE_SSI, IMB_LANE_FOR_CONTROL, 0,
			      &ssi_imb_ops, &ssi_peers[i]);
		if (IS_ERR(ch))
			return PTR_ERR(ch);
		WRITE_ONCE(ssi_peers[i].channel, ch);
		/* state() may have come before there was a channel to answer by */
		if (imb_up(ch))
			say_hello(&ssi_peers[i]);
	}
	return 0;
}
