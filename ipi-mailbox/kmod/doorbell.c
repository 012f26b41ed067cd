// SPDX-License-Identifier: GPL-2.0
/* imb-doorbell.ko: the part of a doorbell that does not depend on how a board rings. */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "doorbell.h"

/* The stretch of time over which bells are counted, and masked if too many. */
#define WINDOW_NS (10 * NSEC_PER_MSEC)

static unsigned int bell_limit = 1000;
module_param(bell_limit, uint, 0644);
MODULE_PARM_DESC(
	bell_limit,
	"bells of one peer taken in 10 ms before it is muted for as long, 0: any number (1000)");

/* A kernel has one. */
static struct doorbell *the_doorbell;

static struct doorbell_peer *chan_peer(struct mbox_chan *chan)
{
	return chan->con_priv;
}

static unsigned int peer_id(const struct doorbell_peer *peer)
{
	return peer - peer->db->peers;
}

static unsigned int chan_function(struct mbox_chan *chan)
{
	return (chan - chan_peer(chan)->db->chans) % DOORBELL_FUNCTIONS;
}

static int send_data(struct mbox_chan *chan, void *data)
{
	struct doorbell_peer *peer = chan_peer(chan);

	peer->db->ops->ring(peer->db, peer_id(peer));
	return 0;
}

static int startup(struct mbox_chan *chan)
{
	/* The handler may see the client from here on. */
	smp_store_release(&chan_peer(chan)->live[chan_function(chan)], true);
	return 0;
}

static void shutdown(struct mbox_chan *chan)
{
	WRITE_ONCE(chan_peer(chan)->live[chan_function(chan)], false);
	/* Handlers run with interrupts off, which RCU waits for. */
	synchronize_rcu();
}

static const struct mbox_chan_ops chan_ops = {
	.send_data = send_data,
	.startup = startup,
	.shutdown = shutdown,
};

static enum hrtimer_restart unmute(struct hrtimer *timer)
{
	struct doorbell_peer *peer =
		container_of(timer, struct doorbell_peer, unmute);

	if (!READ_ONCE(peer->db->leaving))
		peer->db->ops->unmute(peer->db, peer_id(peer));
	return HRTIMER_NORESTART;
}

/* Count a bell; silence a peer that rings so much that nothing else would run. */
static void count(struct doorbell_peer *peer)
{
	unsigned int limit = READ_ONCE(bell_limit);
	ktime_t now;

	if (++peer->count < limit || !limit)
		return;
	now = ktime_get();
	peer->count = 0;
	if (ktime_sub(now, peer->window) > WINDOW_NS ||
	    READ_ONCE(peer->db->leaving)) {
		peer->window = now;
		return;
	}
	peer->window = ktime_add_ns(now, WINDOW_NS);
	peer->db->ops->mute(peer->db, peer_id(peer));
	hrtimer_start(&peer->unmute, ns_to_ktime(WINDOW_NS),
		      HRTIMER_MODE_REL_PINNED_HARD);
	dev_warn_once(
		peer->db->dev,
		"kernel %u rings too often; it is muted for 10 ms each time\n",
		peer_id(peer));
}

void doorbell_heard(struct doorbell *db, unsigned int id)
{
	struct doorbell_peer *peer = &db->peers[id];
	unsigned int i;

	count(peer);
	for (i = 0; i < DOORBELL_FUNCTIONS; i++)
		/* pairs with startup() */
		if (smp_load_acquire(&peer->live[i]))
			mbox_chan_received_data(
				&db->chans[id * DOORBELL_FUNCTIONS + i], NULL);
}
EXPORT_SYMBOL_GPL(doorbell_heard);

static struct mbox_chan *find(struct doorbell *db, unsigned int peer,
			      unsigned int function)
{
	if (peer >= db->kernels || peer == db->self ||
	    function >= DOORBELL_FUNCTIONS)
		return ERR_PTR(-EINVAL);
	return &db->chans[peer * DOORBELL_FUNCTIONS + function];
}

static struct mbox_chan *xlate(struct mbox_controller *mbox,
			       const struct of_phandle_args *args)
{
	struct doorbell *db = container_of(mbox, struct doorbell, mbox);
	struct mbox_chan *chan = ERR_PTR(-EINVAL);

	if (args->args_count == 2)
		chan = find(db, args->args[0], args->args[1]);
	if (IS_ERR(chan))
		dev_err(db->dev,
			"%pOF asks for a bell that does not exist: want <peer function>, peer below %u and not %u, function below %u\n",
			args->np, db->kernels, db->self, DOORBELL_FUNCTIONS);
	return chan;
}

struct mbox_chan *doorbell_chan(unsigned int peer, unsigned int function)
{
	struct doorbell *db = READ_ONCE(the_doorbell);

	return db ? find(db, peer, function) : ERR_PTR(-ENODEV);
}
EXPORT_SYMBOL_GPL(doorbell_chan);

void doorbell_init(struct doorbell *db)
{
	unsigned int i;

	for (i = 0; i < db->kernels; i++) {
		db->peers[i].db = db;
		hrtimer_init(&db->peers[i].unmute, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_PINNED_HARD);
		db->peers[i].unmute.function = unmute;
	}
	for (i = 0; i < db->kernels * DOORBELL_FUNCTIONS; i++)
		db->chans[i].con_priv = &db->peers[i / DOORBELL_FUNCTIONS];
}
EXPORT_SYMBOL_GPL(doorbell_init);

void doorbell_leave(struct doorbell *db)
{
	unsigned int i;

	for (i = 0; i < db->kernels; i++)
		hrtimer_cancel(&db->peers[i].unmute);
}
EXPORT_SYMBOL_GPL(doorbell_leave);

static void forget(void *data)
{
	WRITE_ONCE(the_doorbell, NULL);
}

int doorbell_register(struct doorbell *db)
{
	int ret;

	db->mbox.dev = db->dev;
	db->mbox.chans = db->chans;
	db->mbox.num_chans = db->kernels * DOORBELL_FUNCTIONS;
	db->mbox.ops = &chan_ops;
	db->mbox.of_xlate = xlate;
	ret = devm_mbox_controller_register(db->dev, &db->mbox);
	if (ret)
		return ret;
	WRITE_ONCE(the_doorbell, db);
	return devm_add_action_or_reset(db->dev, forget, NULL);
}
EXPORT_SYMBOL_GPL(doorbell_register);

MODULE_DESCRIPTION("What all doorbells between kernels have in common");
MODULE_LICENSE("GPL");
