// SPDX-License-Identifier: GPL-2.0
/*
 * Two kernels and one mechanism at a time, so tight that every race is run
 * often: a pool of one buffer, a ring of two slots, hellos without end.
 *
 * usage: duels [SEEDS]; SEED= in the environment starts from that seed and,
 * without SEEDS, runs it alone.
 */
#include <stdlib.h>

#include "../tap.h"
#include "world.h"

#define PASSES 40u
#define TAG    3u
/* Positions wrap amid the duel. */
#define BEGIN (0u - PASSES / 2)

/**
 * struct duel - what two kernels do
 * @name: for the reader
 * @boot: kernel 1 or 0 begins
 * @step: a turn of a kernel; false if it sleeps
 * @run: the whole of it
 */
struct duel {
	const char *name;
	void (*boot)(struct node *node);
	bool (*step)(struct node *node);
	void (*run)(struct world *w);
};

static const struct duel *duel;

/* Both kernels' private memory, and a message that needs no ring. */
static struct {
	struct imb_pool_tx pool_tx;
	struct imb_pool_rx pool_rx;
	struct imb_tx tx;
	struct imb_rx rx;
	struct imb_wire_ref ref;
	bool handed;
	bool waiting;
	u32 sent;
	u32 heard;
} duo;

void app_boot(struct node *node)
{
	node->port[!node->id] =
		(struct imb_port){ node->world->sim, node->id, !node->id };
	duel->boot(node);
}

bool app_step(struct node *node)
{
	if (node->bells)
		sim_interrupt(node->world->sim, node->id);
	node->bells = 0;
	return duel->step(node);
}

static u8 *section(struct world *w, u32 owner)
{
	return w->sim->base +
	       imb_section_offset(&w->plan.geometry, owner, !owner);
}

/* A pool of one buffer: each pass waits for the last one's return. */
static void pool_boot(struct node *node)
{
	struct world *w = node->world;
	const struct imb_geometry *g = &w->plan.geometry;

	if (node->id) {
		duo.pool_rx = (struct imb_pool_rx){
			.port = &node->port[0],
			.bufs = section(w, 0) + imb_offset_pool(g),
			.returns = (__le64 *)(section(w, 1) +
					      imb_offset_returns(g)),
			.theirs = (struct imb_wire_pool *)(section(w, 0) +
							   imb_offset_want(g)),
			.count = g->bufs,
			.size = g->buf_size,
		};
		imb_pool_rx_start(&duo.pool_rx, TAG);
		return;
	}
	duo.pool_tx = (struct imb_pool_tx){
		.port = &node->port[1],
		.bufs = section(w, 0) + imb_offset_pool(g),
		.returns = (__le64 *)(section(w, 1) + imb_offset_returns(g)),
		.mine = (struct imb_wire_pool *)(section(w, 0) +
						 imb_offset_want(g)),
		.count = g->bufs,
		.size = g->buf_size,
	};
	imb_pool_tx_start(&duo.pool_tx, TAG);
}

/* The message that names the buffer: sent, ordered and heard, at no cost. */
static void hand_over(struct node *node)
{
	struct world *w = node->world;

	sim_drain(w->sim, node->id);
	if (w->sim->order)
		order_bell(w->sim->order, node->id);
	duo.handed = true;
	w->node[1].bells |= 1;
	w->node[1].idle = false;
}

static bool pool_send(struct node *node)
{
	u64 v = duo.sent;
	int buf;

	if (duo.sent == PASSES)
		return false;
	buf = imb_pool_get(&duo.pool_tx);
	if (buf < 0)
		return imb_pool_wait(&duo.pool_tx);
	imb_port_copy_out(&node->port[1], imb_pool_data(&duo.pool_tx, (u32)buf),
			  &v, sizeof(v));
	imb_pool_send(&duo.pool_tx, (u32)buf, sizeof(v), &duo.ref);
	duo.sent++;
	hand_over(node);
	return true;
}

static bool pool_receive(struct node *node)
{
	const u8 *data;
	u64 v;
	u32 len;

	if (!duo.handed)
		return false;
	if (imb_pool_accept(&duo.pool_rx, &duo.ref, &data, &len))
		world_bug(node->world, "a good reference is refused");
	sim_copy_in_late(&node->port[0], &v, data, sizeof(v));
	duo.handed = false;
	imb_pool_return(&duo.pool_rx, TAG, le32_to_cpu(duo.ref.buf),
			le32_to_cpu(duo.ref.gen));
	sim_settle(&node->port[0]);
	if (v != duo.heard++)
		world_bug(node->world, "buffer %u holds %llu", duo.heard - 1,
			  (unsigned long long)v);
	return true;
}

static bool pool_step(struct node *node)
{
	return node->id ? pool_receive(node) : pool_send(node);
}

/* A ring of two slots: full, empty, asleep at every turn. */
static void ring_boot(struct node *node)
{
	struct world *w = node->world;
	const struct imb_geometry *g = &w->plan.geometry;
	struct imb_wire_producer *producer =
		(struct imb_wire_producer *)(section(w, 0) +
					     imb_offset_producer(g, 0));
	struct imb_wire_consumer *consumer =
		(struct imb_wire_consumer *)(section(w, 1) +
					     imb_offset_consumer(g, 0));
	u8 *slots = section(w, 0) + imb_offset_slots(g, 0);

	if (!node->id) {
		duo.tx = (struct imb_tx){ .port = &node->port[1],
					  .slots = slots,
					  .mine = producer,
					  .theirs = consumer,
					  .count = g->lane[0].slots,
					  .size = g->lane[0].slot_size };
		return;
	}
	duo.rx = (struct imb_rx){ .port = &node->port[0],
				  .slots = slots,
				  .mine = consumer,
				  .theirs = producer,
				  .count = g->lane[0].slots,
				  .size = g->lane[0].slot_size };
	imb_rx_start(&duo.rx, TAG);
	duo.rx.pos = BEGIN;
	duo.rx.head = BEGIN;
	imb_publish(duo.rx.port, &consumer->head, IMB_WIRE_WORD(TAG, BEGIN));
	imb_publish(duo.rx.port, &consumer->wake, IMB_WIRE_WORD(TAG, BEGIN));
	/* The producer learns the tag afterwards. */
	sim_drain(w->sim, 1);
	if (w->sim->order)
		order_bell(w->sim->order, 1);
	duo.handed = true;
	w->node[0].bells |= 2;
	w->node[0].idle = false;
}

static bool ring_send(struct node *node)
{
	u64 words[12];
	u8 *to;
	u32 i;

	if (!duo.handed || duo.sent == PASSES)
		return false;
	if (!duo.sent) {
		imb_tx_start(&duo.tx, TAG);
		duo.tx.pos = duo.tx.head = duo.tx.kicked = BEGIN;
	}
	if (imb_tx_reserve(&duo.tx, &to))
		return imb_tx_wait(&duo.tx);
	for (i = 0; i < 12; i++)
		words[i] = duo.sent;
	imb_port_copy_out(&node->port[1], to, words, sizeof(words));
	imb_tx_commit(&duo.tx, sizeof(words), 0, 0);
	duo.sent++;
	imb_tx_kick(&duo.tx);
	return true;
}

static bool ring_receive(struct node *node)
{
	struct imb_slot slot;
	u64 words[12];
	u32 i;

	if (!duo.handed)
		return false;
	if (imb_rx_peek(&duo.rx, &slot) <= 0)
		return !imb_rx_arm(&duo.rx);
	sim_copy_in_late(&node->port[0], words, slot.data, sizeof(words));
	imb_rx_release(&duo.rx);
	sim_settle(&node->port[0]);
	for (i = 0; i < 12; i++)
		if (words[i] != duo.heard)
			world_bug(node->world, "message %u is torn", duo.heard);
	duo.heard++;
	return true;
}

static bool ring_step(struct node *node)
{
	return node->id ? ring_receive(node) : ring_send(node);
}

/* No tick, no bell lost: all must have passed when both sleep. */
static void pass_all(struct world *w)
{
	world_settle(w);
	if (duo.sent != PASSES || duo.heard != PASSES)
		world_bug(w, "both sleep, %u sent, %u heard", duo.sent,
			  duo.heard);
}

/* Hellos: links that are fenced and unfenced without end. */
static void hello_boot(struct node *node)
{
	struct world *w = node->world;

	imb_link_init(&node->link[!node->id], &node->port[!node->id],
		      &w->plan.geometry, w->sim->base, node->id, !node->id, 1);
}

static bool hello_step(struct node *node)
{
	struct world *w = node->world;
	struct imb_link *link = &node->link[!node->id];
	struct imb_event event;

	if (w->ticking && w->sim->ms >= node->next_tick_ms) {
		node->next_tick_ms = w->sim->ms + 50;
		imb_link_tick(link);
	}
	while (imb_link_next(link, &event))
		;
	if (w->calm || !world_chance(w, 3))
		return false;
	imb_link_input(link, IMB_IN_FENCE);
	imb_link_input(link, IMB_IN_UNFENCE);
	return true;
}

/* Whenever both are up and rest, they must mean the same session. */
static void hello_run(struct world *w)
{
	const struct imb_link *a = &w->node[0].link[1];
	const struct imb_link *b = &w->node[1].link[0];
	u32 i, j;

	for (i = 0; i < 12; i++) {
		w->calm = false;
		world_run(w, 40);
		w->calm = true;
		for (j = 0; j < 100 && (a->state != IMB_LINK_UP ||
					b->state != IMB_LINK_UP);
		     j++)
			world_run(w, 40);
		world_settle(w);
		if (a->state != IMB_LINK_UP || b->state != IMB_LINK_UP)
			world_bug(w, "a link stays down");
		if (a->tx_tag != b->rx_tag || b->tx_tag != a->rx_tag)
			world_bug(w, "up with tags %u/%u and %u/%u", a->tx_tag,
				  b->rx_tag, b->tx_tag, a->rx_tag);
	}
}

static const struct duel duels[] = {
	{ "a pool of one buffer", pool_boot, pool_step, pass_all },
	{ "a ring of two slots", ring_boot, ring_step, pass_all },
	{ "hellos without end", hello_boot, hello_step, hello_run },
};

static void fight(u64 seed)
{
	static struct world w;
	struct world dice = { .random = seed * 0x9e3779b97f4a7c15ull + 1 };
	struct plan plan = { .nodes = 2,
			     .geometry = { .kernels = 2,
					   .line = 64,
					   .lane = { { 2, 128 }, { 2, 64 } },
					   .bufs = 1,
					   .buf_size = 4096 } };

	plan.kind = (enum sim_kind)world_random(&dice, 3);
	plan.change = 1 + world_random(&dice, 6);
	plan.rates.drain = world_chance(&dice, 2) ? 40 : 3;
	plan.rates.move = world_chance(&dice, 2) ? 0 : 3;
	plan.rates.early = world_random(&dice, 4);
	memset(&duo, 0, sizeof(duo));
	world_create(&w, seed, &plan);
	duel->run(&w);
	world_destroy(&w);
}

int main(int argc, char **argv)
{
	const char *text = getenv("SEED");
	u64 seed = text ? strtoull(text, NULL, 0) : 1;
	u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : text ? 1 : 600;
	u64 i;

	printf("# SEED=%llu, %llu seeds\n", (unsigned long long)seed,
	       (unsigned long long)count);
	for (duel = duels; duel < duels + 3; duel++) {
		for (i = 0; i < count; i++)
			fight(seed + i);
		tap_end(duel->name);
	}
	return tap_done();
}
