// SPDX-License-Identifier: GPL-2.0
/*
 * The peers of dsm.ko: messages out and in, and what a peer's coming and going
 * means for pages.
 *
 * A link that falls does not yet mean that the peer has let go of our frames. It
 * has when it says HELLO again; when kernel 0's driver has seen all its CPUs off;
 * or, the last resort, after a time. In the last case the frames that it might
 * still write to are never used again.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "glue.h"
#include "tombolo_kernels.h"

static unsigned int dead_ms = 15000;
module_param(dead_ms, uint, 0644);
MODULE_PARM_DESC(dead_ms, "a kernel that is silent for so long is dead");

/* A message that found no room. */
struct waiting {
	struct list_head list;
	struct dsm_wire msg;
};

/* So many wait at most: the peer does not take what it has asked for. */
#define BACKLOG_MAX 16384

static bool queue(struct dsm_link *l, const struct dsm_wire *msg)
{
	struct waiting *w;

	if (l->backlog_len >= BACKLOG_MAX)
		return false;
	w = kmalloc(sizeof(*w), GFP_ATOMIC);
	if (!w)
		return false;
	w->msg = *msg;
	list_add_tail(&w->list, &l->backlog);
	l->backlog_len++;
	dsm_count(send_queued);
	return true;
}

/*
 * Alone they are short, and find room where the mailbox has no buffer for all of them
 * together. Return: how many are sent, or lost with the link.
 */
static unsigned int send_out(struct dsm_link *l)
{
	unsigned int i;
	int ret;

	if (!list_empty(&l->backlog))
		return 0;
	dsm_count(mailbox_sent);
	ret = imb_send(l->ch, l->out, l->out_len * sizeof(*l->out));
	if (ret != -EAGAIN && ret != -EMSGSIZE)
		return l->out_len;
	for (i = 0; i < l->out_len; i++)
		if (imb_send(l->ch, &l->out[i], sizeof(*l->out)) == -EAGAIN)
			break;
	return i;
}

/* Nothing may be lost in the middle: then rather the whole link. */
static void flush(struct dsm_link *l)
{
	unsigned int i;

	for (i = send_out(l); i < l->out_len; i++)
		if (!queue(l, &l->out[i])) {
			imb_peer_gone(l->id);
			break;
		}
	l->out_len = 0;
	dsm.unsent &= ~BIT(l->id);
}

void link_flush(void)
{
	u32 k;

	for (k = 0; k < dsm.core.kernels; k++)
		if (dsm.unsent & BIT(k))
			flush(&dsm.link[k]);
}

void link_op_send(void *ctx, u32 kernel, const struct dsm_wire *msg)
{
	struct dsm_link *l = &dsm.link[kernel];

	if (!l->ch)
		return;
	l->out[l->out_len++] = *msg;
	dsm.unsent |= BIT(kernel);
	if (l->out_len == DSM_WIRE_BATCH)
		flush(l);
}

static void drop_backlog(struct dsm_link *l)
{
	struct waiting *w, *next;

	list_for_each_entry_safe(w, next, &l->backlog, list)
		kfree(w);
	INIT_LIST_HEAD(&l->backlog);
	l->backlog_len = 0;
}

static void link_writable(void *ctx)
{
	struct dsm_link *l = ctx;
	struct waiting *w;
	unsigned long flags;

	flags = dsm_lock_save();
	while ((w = list_first_entry_or_null(&l->backlog, struct waiting,
					     list))) {
		if (imb_send(l->ch, &w->msg, sizeof(w->msg)) == -EAGAIN)
			break;
		list_del(&w->list);
		l->backlog_len--;
		kfree(w);
	}
	dsm_unlock_restore(flags);
}

static void link_receive(void *ctx, const struct imb_msg *msg)
{
	struct dsm_link *l = ctx;
	unsigned long flags;
	u32 len = min_t(u32, msg->len, sizeof(l->in));

	/* The peer can still change it: copy, check, use. */
	memcpy(l->in, msg->data, len);
	dsm_count(mailbox_received);
	flags = dsm_lock_save();
	dsm_receive(&dsm.core, l->id, l->in, msg->len == len ? len : 0);
	dsm_unlock_restore(flags);
}

static void link_state(void *ctx, bool up)
{
	struct dsm_link *l = ctx;
	unsigned long flags;

	flags = dsm_lock_save();
	if (!up) {
		if (l->up)
			dsm_peer_down(&dsm.core, l->id);
		drop_backlog(l);
		l->down_since = jiffies;
		l->settled = false;
		l->ready = false;
	}
	l->gone &= !up;
	l->up = up;
	dsm_unlock_restore(flags);
	mod_delayed_work(system_highpri_wq, &l->work, 0);
}

void link_op_ready(void *ctx, u32 kernel, bool same)
{
	dsm.link[kernel].ready = true;
	dsm.link[kernel].same = same;
	mod_delayed_work(system_highpri_wq, &dsm.link[kernel].work, 0);
}

/* They do not give back what they have been asked for: take them for dead. */
void link_give_up(u32 kernels)
{
	u32 k;

	for (k = 0; k < dsm.core.kernels; k++)
		if (kernels & BIT(k) && dsm.link[k].up) {
			pr_err("dsm: kernel %u does not give pages back\n", k);
			imb_peer_gone(k);
		}
}

/* Its frames have left our caches: it may hand out others. */
static void say_hello(struct dsm_link *l)
{
	dsm_lock();
	/* Not before open_link() knows the channel: it would go nowhere. */
	if (l->ch && l->up && !l->settled) {
		l->settled = true;
		dsm_peer_up(&dsm.core, l->id);
	}
	dsm_unlock();
}

static bool is_dead(struct dsm_link *l)
{
	if (l->gone)
		return true;
	if (time_before(jiffies, l->down_since + msecs_to_jiffies(dead_ms)))
		return false;
	pr_err("dsm: kernel %u is taken for dead\n", l->id);
	dsm_count(peers_taken_for_dead);
	l->gone = true;
	l->sure = false;
	return true;
}

static void link_work(struct work_struct *work)
{
	struct dsm_link *l =
		container_of(to_delayed_work(work), struct dsm_link, work);
	bool again = false;

	if (!l->settled) {
		window_home_down(l->id);
		asks_again();
		if (copies_drop(l->id))
			say_hello(l);
		else
			again = true;
	}
	if (!l->up && is_dead(l))
		home_pages_gone(l->id, DSM_OFF, l->sure);
	else if (l->ready)
		home_pages_gone(l->id, l->same ? DSM_GAVE_BACK : DSM_REBORN,
				true);
	if (again || (!l->up && !l->gone))
		queue_delayed_work(system_highpri_wq, &l->work,
				   msecs_to_jiffies(10));
}

static int kernel_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	const struct tombolo_kernel_info *info = data;
	struct dsm_link *l;

	/* It is started only after it was off. */
	if ((event != TOMBOLO_KERNEL_OFF && event != TOMBOLO_KERNEL_STARTING) ||
	    info->kernel >= dsm.core.kernels)
		return NOTIFY_DONE;
	l = &dsm.link[info->kernel];
	l->sure = true;
	l->gone = true;
	mod_delayed_work(system_highpri_wq, &l->work, 0);
	return NOTIFY_OK;
}

static struct notifier_block kernels_nb = { .notifier_call = kernel_event };

static const struct imb_ops link_ops = {
	.receive = link_receive,
	.state = link_state,
	.writable = link_writable,
};

static void close_links(void)
{
	struct dsm_link *l;

	for (l = dsm.link; l < dsm.link + dsm.core.kernels; l++) {
		if (!l->ch)
			continue;
		imb_close(l->ch);
		cancel_delayed_work_sync(&l->work);
	}
}

static int open_link(struct dsm_link *l)
{
	struct imb_channel *ch;

	INIT_LIST_HEAD(&l->backlog);
	INIT_DELAYED_WORK(&l->work, link_work);
	l->gone = true;
	ch = imb_open(l->id, IMB_SERVICE_DSM, IMB_LANE_FOR_CONTROL, 0,
		      &link_ops, l);
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	dsm_lock();
	l->ch = ch;
	dsm_unlock();
	/* It may have come up before we knew the channel. */
	mod_delayed_work(system_highpri_wq, &l->work, 0);
	return 0;
}

int link_init(void)
{
	u32 k;
	int ret = 0;

	for (k = 0; k < dsm.core.kernels && !ret; k++)
		if (k != dsm.core.self)
			ret = open_link(&dsm.link[k]);
	if (!ret)
		ret = tombolo_kernels_register(&kernels_nb);
	if (ret)
		close_links();
	return ret;
}
