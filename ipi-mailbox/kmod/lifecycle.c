// SPDX-License-Identifier: GPL-2.0
/*
 * imb-lifecycle.ko: closes the link to a kernel that has died before its silence
 * does.
 *
 * Kernel 0 starts and stops the others and so hears first what becomes of them.
 * It tells its own links, and the other kernels over IMB_SERVICE_LIFECYCLE; those
 * believe nobody else. What is told is a kernel's present fate, not a history:
 * for each listener there is a set of kernels it has yet to hear of, and a
 * listener that comes up hears of all.
 */
#include <linux/device/driver.h>
#include <linux/module.h>

#include "imb.h"
#include "imb_wire.h"
#include "tombolo_kernels.h"

/* Values of life_wire.fate. */
#define LIFE_ALIVE  1 /* listen to it */
#define LIFE_ENDED  2 /* it is off: what was agreed with it is void */
#define LIFE_FENCED 3 /* it is dead and may still write: do not listen */

/**
 * struct life_wire - a message: what has become of a kernel
 * @fate: LIFE_*
 * @kernel: whose
 * @incarnation: which life of it, for people
 */
struct life_wire {
	__le32 fate;
	__le32 kernel;
	__le64 incarnation;
};

static_assert(sizeof(struct life_wire) == 16, "wire");
static_assert(offsetof(struct life_wire, fate) == 0, "wire");
static_assert(offsetof(struct life_wire, kernel) == 4, "wire");
static_assert(offsetof(struct life_wire, incarnation) == 8, "wire");

/**
 * struct listener - another kernel that wants to know
 * @ch: channel to it
 * @unheard: kernels whose fate it has not been told, one bit each
 * @telling: somebody is working through @unheard
 * @again: meanwhile somebody else had reason to
 */
struct listener {
	struct imb_channel *ch;
	u32 unheard;
	bool telling;
	bool again;
};

/* Guards listeners, fates and lives. Never held while sending. */
static DEFINE_SPINLOCK(life_lock);
static struct listener listeners[IMB_WIRE_KERNELS];
static u32 fates[IMB_WIRE_KERNELS];
static u64 lives[IMB_WIRE_KERNELS];

static void apply(u32 kernel, u32 fate)
{
	switch (fate) {
	case LIFE_ALIVE:
		imb_peer_fence(kernel, false);
		break;
	case LIFE_ENDED:
		imb_peer_gone(kernel);
		imb_peer_fence(kernel, false);
		break;
	case LIFE_FENCED:
		imb_peer_fence(kernel, true);
		break;
	}
}

/* The next thing to tell, or false: then whoever has more begins anew. */
static bool next_news(struct listener *l, struct life_wire *news)
{
	unsigned long flags;
	u32 kernel;
	bool any;

	spin_lock_irqsave(&life_lock, flags);
	any = l->unheard;
	if (any) {
		kernel = __ffs(l->unheard);
		l->unheard &= ~BIT(kernel);
		news->fate = cpu_to_le32(fates[kernel]);
		news->kernel = cpu_to_le32(kernel);
		news->incarnation = cpu_to_le64(lives[kernel]);
	}
	l->telling = any;
	spin_unlock_irqrestore(&life_lock, flags);
	return any;
}

/*
 * It could not be said: state(up) or writable() brings us back. If one of them
 * has come already, say it again at once.
 */
static bool keep_news(struct listener *l, const struct life_wire *news)
{
	unsigned long flags;
	bool again;

	spin_lock_irqsave(&life_lock, flags);
	l->unheard |= BIT(le32_to_cpu(news->kernel));
	again = l->again;
	l->telling = again;
	l->again = false;
	spin_unlock_irqrestore(&life_lock, flags);
	return again;
}

static bool begin_telling(struct listener *l)
{
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&life_lock, flags);
	ours = l->ch && !l->telling;
	l->again = !ours;
	l->telling |= ours;
	spin_unlock_irqrestore(&life_lock, flags);
	return ours;
}

/* One context at a time tells a listener, so that it hears the latest last. */
static void tell(struct listener *l)
{
	struct life_wire news;

	if (!begin_telling(l))
		return;
	while (next_news(l, &news))
		if (imb_send(l->ch, &news, sizeof(news)) &&
		    !keep_news(l, &news))
			return;
}

static void publish(u32 kernel, u32 fate, u64 life)
{
	unsigned long flags;
	u32 i;

	spin_lock_irqsave(&life_lock, flags);
	fates[kernel] = fate;
	lives[kernel] = life;
	for (i = 0; i < ARRAY_SIZE(listeners); i++)
		if (i != kernel)
			listeners[i].unheard |= BIT(kernel);
	spin_unlock_irqrestore(&life_lock, flags);
	for (i = 0; i < ARRAY_SIZE(listeners); i++)
		tell(&listeners[i]);
}

static u32 fate_of(unsigned long event)
{
	switch (event) {
	case TOMBOLO_KERNEL_STARTING:
	case TOMBOLO_KERNEL_UP:
		return LIFE_ALIVE;
	case TOMBOLO_KERNEL_OFF:
		return LIFE_ENDED;
	case TOMBOLO_KERNEL_CRASHED:
	case TOMBOLO_KERNEL_FENCED:
		return LIFE_FENCED;
	default:
		/* A hung kernel may come back; the link has its own patience. */
		return 0;
	}
}

static int kernel_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	const struct tombolo_kernel_info *info = data;
	u32 fate = fate_of(event);

	if (!fate || !info->kernel || info->kernel >= imb_kernels())
		return NOTIFY_DONE;
	apply(info->kernel, fate);
	publish(info->kernel, fate, info->incarnation);
	return NOTIFY_OK;
}

static struct notifier_block kernels_nb = { .notifier_call = kernel_event };

/* From kernel 0: the only channel of this kind that other kernels open. */
static void life_receive(void *ctx, const struct imb_msg *msg)
{
	struct life_wire news;
	u32 kernel;

	if (imb_self() == 0 || msg->len != sizeof(news))
		return;
	memcpy(&news, msg->data, sizeof(news));
	kernel = le32_to_cpu(news.kernel);
	if (!kernel || kernel >= imb_kernels() || kernel == imb_self())
		return;
	apply(kernel, le32_to_cpu(news.fate));
}

static void life_state(void *ctx, bool up)
{
	struct listener *l = ctx;
	unsigned long flags;
	u32 i;

	if (!up || imb_self() != 0)
		return;
	spin_lock_irqsave(&life_lock, flags);
	for (i = 0; i < ARRAY_SIZE(fates); i++)
		if (fates[i] && l != &listeners[i])
			l->unheard |= BIT(i);
	spin_unlock_irqrestore(&life_lock, flags);
	tell(l);
}

static void life_writable(void *ctx)
{
	tell(ctx);
}

static const struct imb_ops life_ops = {
	.receive = life_receive,
	.state = life_state,
	.writable = life_writable,
};

static int listen_to(unsigned int peer)
{
	struct listener *l = &listeners[peer];
	struct imb_channel *ch;

	ch = imb_open(peer, IMB_SERVICE_LIFECYCLE, IMB_LANE_FOR_CONTROL, 0,
		      &life_ops, l);
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	spin_lock_irq(&life_lock);
	l->ch = ch;
	spin_unlock_irq(&life_lock);
	/* It may have come up before we knew the channel. */
	tell(l);
	return 0;
}

static void close_all(void)
{
	u32 i;

	/* Only callbacks tell by now; imb_close() waits for them. */
	for (i = 0; i < ARRAY_SIZE(listeners); i++)
		if (listeners[i].ch)
			imb_close(listeners[i].ch);
}

static int __init life_init(void)
{
	int first, last;
	int ret = 0;

	wait_for_device_probe();
	if (imb_self() < 0)
		return imb_self();
	/* Kernel 0 speaks to all others, they listen to kernel 0. */
	first = imb_self() ? 0 : 1;
	last = imb_self() ? 0 : imb_kernels() - 1;
	for (; first <= last && !ret; first++)
		ret = listen_to(first);
	if (!ret)
		ret = tombolo_kernels_register(&kernels_nb);
	if (ret)
		close_all();
	return ret;
}

static void __exit life_exit(void)
{
	tombolo_kernels_unregister(&kernels_nb);
	close_all();
}

module_init(life_init);
module_exit(life_exit);
MODULE_DESCRIPTION("Tells the links of a board when a kernel dies");
MODULE_LICENSE("GPL");
