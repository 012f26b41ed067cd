// SPDX-License-Identifier: GPL-2.0
/* /sys/kernel/debug/imb/link<peer>: the inside of a link, for people. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "mailbox.h"

static struct dentry *imb_debugfs;

static const struct {
	const char *name;
	const char *text;
} inputs[IMB_LINK_INPUTS] = {
#define EVENT(name, text) { #name, text },
#include "link_states.def"
};

/* The link as it is in one moment; printing it may sleep. */
static struct imb_link *snapshot(struct imb_peer *peer)
{
	struct imb_link *copy = kmalloc(sizeof(*copy), GFP_KERNEL);
	unsigned long flags;

	if (!copy)
		return NULL;
	flags = imb_peer_lock(peer);
	*copy = peer->link;
	imb_peer_unlock(peer, flags);
	return copy;
}

static void show_tx(struct seq_file *m, u32 lane, const struct imb_tx *tx)
{
	seq_printf(m, "lane%u tx slots %u size %u pos %u head %u used %u ",
		   lane, tx->count, tx->size, tx->pos, tx->head,
		   tx->pos - tx->head);
	seq_printf(m, "msgs %llu bytes %llu full %llu bells %llu\n",
		   tx->counts.msgs, tx->counts.bytes, tx->counts.full,
		   tx->counts.bells);
}

static void show_rx(struct seq_file *m, u32 lane, const struct imb_rx *rx)
{
	seq_printf(m, "lane%u rx slots %u size %u pos %u head %u armed %u ",
		   lane, rx->count, rx->size, rx->pos, rx->head, rx->armed);
	seq_printf(m,
		   "msgs %llu bytes %llu bells %llu sleeps %llu broken %llu\n",
		   rx->counts.msgs, rx->counts.bytes, rx->counts.bells,
		   rx->counts.sleeps, rx->counts.broken);
}

static void show_pool(struct seq_file *m, const struct imb_pool_tx *pool)
{
	u32 places[3] = {};
	u32 i;

	for (i = 0; i < pool->count; i++)
		places[pool->place[i]]++;
	seq_printf(m,
		   "pool tx bufs %u size %u free %u held %u sent %u waits %u\n",
		   pool->count, pool->size, places[IMB_BUF_FREE],
		   places[IMB_BUF_HELD], places[IMB_BUF_SENT], pool->wants);
}

static int lanes_show(struct seq_file *m, void *unused)
{
	struct imb_peer *peer = m->private;
	struct imb_link *link = snapshot(peer);
	u32 i;

	if (!link)
		return -ENOMEM;
	for (i = 0; i < IMB_WIRE_LANES; i++) {
		show_tx(m, i, &link->tx[i]);
		show_rx(m, i, &link->rx[i]);
	}
	show_pool(m, &link->pool_tx);
	seq_printf(m, "echo lost %lld\n", atomic64_read(&peer->echo_lost));
	kfree(link);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lanes);

static void show_channel(struct seq_file *m, u32 service,
			 const struct imb_channel_state *ch)
{
	if (!ch->open && !ch->peer_open && !ch->draining)
		return;
	seq_printf(m, "service %u lane %u here %u there %u up %u draining %u ",
		   service, ch->lane, ch->open, ch->peer_open, ch->told,
		   ch->draining);
	seq_printf(m, "blocked %u window %u left %u owed %u ", ch->blocked,
		   ch->window, ch->rx_left, ch->owed);
	seq_printf(m, "peer-window %u credit %u\n", ch->peer_window,
		   ch->credit);
}

static int channels_show(struct seq_file *m, void *unused)
{
	struct imb_link *link = snapshot(m->private);
	u32 i;

	if (!link)
		return -ENOMEM;
	for (i = 0; i < IMB_WIRE_SERVICES; i++)
		show_channel(m, i, &link->channels[i]);
	kfree(link);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(channels);

static void show_rows(struct seq_file *m, const struct imb_link *link)
{
	u32 state, input;

	for (state = 0; state < IMB_LINK_STATES; state++)
		for (input = 0; input < IMB_LINK_INPUTS; input++)
			if (link->rows[state][input])
				seq_printf(m, "row %s %s %u (%s)\n",
					   imb_link_state_name(state),
					   inputs[input].name,
					   link->rows[state][input],
					   inputs[input].text);
}

static int states_show(struct seq_file *m, void *unused)
{
	struct imb_link *link = snapshot(m->private);

	if (!link)
		return -ENOMEM;
	seq_printf(m, "state %s alive %u boot %08x peer-boot %08x\n",
		   imb_link_state_name(link->state), link->alive, link->boot,
		   link->peer_boot);
	seq_printf(
		m,
		"epoch %08x adopted %08x rx-tag %u tx-tag %u beat %llu peer-beat %llu\n",
		link->epoch, link->adopted, link->rx_tag, link->tx_tag,
		link->beat, link->peer_beat);
	seq_printf(
		m,
		"ups %llu resets %llu silent %llu broken %llu dropped %llu illegal %llu\n",
		link->counts.ups, link->counts.resets, link->counts.silent,
		link->counts.broken, link->counts.dropped,
		link->counts.illegal);
	show_rows(m, link);
	kfree(link);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(states);

void imb_debugfs_add(struct imb_peer *peer)
{
	char name[24];

	snprintf(name, sizeof(name), "link%u", peer->id);
	peer->debugfs = debugfs_create_dir(name, imb_debugfs);
	debugfs_create_file("lanes", 0444, peer->debugfs, peer, &lanes_fops);
	debugfs_create_file("channels", 0444, peer->debugfs, peer,
			    &channels_fops);
	debugfs_create_file("states", 0444, peer->debugfs, peer, &states_fops);
	debugfs_create_u32("lose_bells", 0644, peer->debugfs,
			   &peer->port.lose_bells);
	debugfs_create_bool("freeze", 0644, peer->debugfs, &peer->frozen);
}

void imb_debugfs_remove(struct imb_peer *peer)
{
	debugfs_remove_recursive(peer->debugfs);
}

void imb_debugfs_init(void)
{
	imb_debugfs = debugfs_create_dir("imb", NULL);
}

void imb_debugfs_exit(void)
{
	debugfs_remove_recursive(imb_debugfs);
}
