// SPDX-License-Identifier: GPL-2.0
/*
 * What windows ask their homes for, and the answers.
 *
 * What is mapped where, and with which rights, the home alone knows: it is asked
 * each time.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "glue.h"

static unsigned int neighbours = 15;
module_param(neighbours, uint, 0644);
MODULE_PARM_DESC(neighbours, "so many pages around one that is asked for");

/* More pages that were not asked for than this are never under way. */
#define WELCOME_MAX (DSM_GIVE + 64u)

/* How long a thread waits before it asks anew; nothing is lost on a link. */
#define ASK_AGAIN HZ

/* ---- answers; all under dsm.lock ---- */

static struct body_ask *ask_of(u64 token)
{
	struct body_ask *ask;

	hash_for_each_possible(dsm.asks, ask, node, token)
		if (ask->token == token)
			return ask;
	return NULL;
}

static struct body_ask *answered(const struct dsm_msg *msg)
{
	struct body_ask *ask = ask_of(msg->token);

	if (!ask || ask->addr >> PAGE_SHIFT != msg->addr >> PAGE_SHIFT ||
	    ask->win->id.home != msg->home ||
	    ask->win->id.number != msg->space ||
	    ask->win->id.incarnation != msg->space_inc)
		return NULL;
	return ask;
}

static void free_parts(struct body_ask *ask)
{
	copy_put(ask->copy);
	kfree(ask->map);
}

static void answer(struct body_ask *ask, u32 code)
{
	struct task_struct *task = ask->task;

	hash_del(&ask->node);
	if (task) {
		ask->code = code;
		/* Pairs with is_done(): from here on @ask may be gone. */
		smp_store_release(&ask->done, true);
		dsm_wake_task(task);
		return;
	}
	free_parts(ask);
	kfree(ask);
}

static struct dsm_window *window_of(const struct dsm_msg *msg)
{
	struct dsm_window *win;

	list_for_each_entry(win, &body_windows, list)
		if (win->id.home == msg->home && win->id.number == msg->space &&
		    win->id.incarnation == msg->space_inc && !win->closed)
			return win;
	return NULL;
}

/* A neighbour comes without a token, but not without an invitation. */
static struct dsm_copy *accept_neighbour(const struct dsm_msg *msg)
{
	struct dsm_window *win = window_of(msg);
	struct body_copy *copy = xa_load(&dsm.copies[msg->home], msg->frame);

	if (!win || !win->welcome || msg->addr >= TASK_SIZE ||
	    !dsm_frame_of(msg->home, msg->frame) ||
	    xa_load(&win->pages, msg->addr >> PAGE_SHIFT))
		return NULL;
	win->welcome--;
	if (copy)
		return &copy->core;
	copy = copy_alloc(GFP_ATOMIC);
	if (copy && copy_insert(copy, msg->home, msg->frame)) {
		copy_put(copy);
		copy = NULL;
	}
	return copy ? &copy->core : NULL;
}

/* A home that grants two frames for one address would leave one mapped. */
struct dsm_copy *ask_op_accept(void *ctx, const struct dsm_msg *msg)
{
	struct body_ask *ask = answered(msg);
	struct body_copy *copy;
	struct body_map *map;

	if (msg->flags & DSM_OPTIONAL)
		return accept_neighbour(msg);
	if (!ask || !dsm_frame_of(msg->home, msg->frame))
		return NULL;
	copy = xa_load(&dsm.copies[msg->home], msg->frame);
	map = xa_load(&ask->win->pages, ask->addr >> PAGE_SHIFT);
	if (map && map->copy != copy)
		return NULL;
	if (copy)
		return &copy->core;
	copy = ask->copy;
	if (!copy || copy_insert(copy, msg->home, msg->frame))
		return NULL;
	ask->copy = NULL;
	return &copy->core;
}

/* Under dsm.lock: so many pages may come that nobody will have asked for. */
void asks_welcome(struct dsm_window *win, unsigned int n)
{
	win->welcome = min(win->welcome + n, WELCOME_MAX);
}

/* @prepared: used up if the address has no map. */
static int note_map(struct dsm_window *win, struct body_copy *copy,
		    const struct dsm_msg *msg, struct body_map **prepared)
{
	unsigned long index = msg->addr >> PAGE_SHIFT;
	struct body_map *map = xa_load(&win->pages, index);

	if (!map) {
		map = *prepared;
		if (!map ||
		    xa_err(xa_store(&win->pages, index, map, GFP_ATOMIC)))
			return -ENOMEM;
		*prepared = NULL;
		map->win = win;
		map->copy = copy;
		map->index = index;
		list_add(&map->list, &copy->maps);
	}
	map->stamp = msg->stamp;
	map->prot = msg->prot;
	if (msg->access == DSM_WRITE)
		ahead_granted(win, index);
	return 0;
}

static void granted_neighbour(struct body_copy *copy, const struct dsm_msg *msg)
{
	struct dsm_window *win = window_of(msg);
	struct body_map *map;

	if (!win)
		return;
	map = kzalloc(sizeof(*map), GFP_ATOMIC);
	note_map(win, copy, msg, &map);
	kfree(map);
	dsm_count(neighbours);
}

void ask_op_granted(void *ctx, struct dsm_copy *core, const struct dsm_msg *msg)
{
	struct body_copy *copy = container_of(core, struct body_copy, core);
	struct body_ask *ask = answered(msg);

	if (msg->flags & DSM_OPTIONAL) {
		granted_neighbour(copy, msg);
	} else if (ask) {
		note_map(ask->win, copy, msg, &ask->map);
		answer(ask, 0);
	}
}

void ask_op_refused(void *ctx, const struct dsm_msg *msg)
{
	struct body_ask *ask = answered(msg);

	if (ask)
		answer(ask, msg->code);
	else if (!msg->token && msg->code >> 16 == SIGKILL)
		window_over(msg);
}

/* ---- asking ---- */

static int ask_init(struct body_ask *ask, struct dsm_window *win,
		    unsigned long addr)
{
	*ask = (struct body_ask){ .win = win, .addr = addr };
	ask->copy = copy_alloc(GFP_KERNEL);
	ask->map = kzalloc(sizeof(*ask->map), GFP_KERNEL);
	if (ask->copy && ask->map)
		return 0;
	free_parts(ask);
	return -ENOMEM;
}

/* Hard to guess for kernels that are not asked. */
static u64 new_token(void)
{
	u64 token;

	do {
		token = get_random_long();
	} while (!token || ask_of(token));
	return token;
}

static int ask_send(struct body_ask *ask, enum dsm_access access, bool exec,
		    unsigned int many)
{
	struct dsm_window *win = ask->win;
	struct dsm_ask what = {
		.access = access,
		.flags = exec ? DSM_EXEC : 0,
		.addr = ask->addr,
		.space = win->id.number,
		.space_inc = win->id.incarnation,
	};
	int err = -ENOTCONN;

	dsm_lock();
	if (!win->closed && dsm.link[win->id.home].up)
		err = dsm.core.peer[win->id.home].inc ? 0 : -EAGAIN;
	if (!err) {
		ask->token = new_token();
		what.token = ask->token;
		hash_add(dsm.asks, &ask->node, ask->token);
		asks_welcome(win, many);
		dsm_ask_for(&dsm.core, win->id.home, &what, many);
	}
	dsm_unlock();
	return err;
}

static bool is_done(struct body_ask *ask)
{
	/* Pairs with answer(): its code and its copy are there. */
	return smp_load_acquire(&ask->done);
}

/* Who is answered does not wait for the lock of who has answered. */
static void ask_end(struct body_ask *ask)
{
	if (is_done(ask))
		return;
	dsm_lock();
	if (!ask->done)
		hash_del(&ask->node);
	dsm_unlock();
}

static void ask_wait(struct body_ask *ask, unsigned int state)
{
	long left = ASK_AGAIN;

	for (;;) {
		set_current_state(state);
		if (is_done(ask) || signal_pending_state(state, current) ||
		    !left)
			break;
		left = schedule_timeout(left);
	}
	__set_current_state(TASK_RUNNING);
	ask_end(ask);
}

int ask_page(struct dsm_window *win, unsigned long addr, enum dsm_access access,
	     bool exec, unsigned int state, u32 *code)
{
	struct body_ask ask;
	int err = ask_init(&ask, win, addr);

	if (err)
		return err;
	ask.task = current;
	err = ask_send(&ask, access, exec, neighbours);
	if (!err) {
		ask_wait(&ask, state);
		*code = ask.done ? ask.code : 0;
		if (!ask.done && signal_pending_state(state, current))
			err = -EINTR;
	}
	free_parts(&ask);
	return err;
}

unsigned int asks_count(void)
{
	struct body_ask *ask;
	unsigned int n = 0;
	int i;

	dsm_lock();
	hash_for_each(dsm.asks, i, ask, node)
		n++;
	dsm_unlock_unsent();
	return n;
}

/* Under dsm.lock: nothing more comes for this window. */
void asks_end(struct dsm_window *win, u32 code)
{
	struct hlist_node *next;
	struct body_ask *ask;
	int i;

	hash_for_each_safe(dsm.asks, i, next, ask, node)
		if (ask->win == win)
			answer(ask, code);
}

/* A grant by a third kernel may have been lost with a link: ask again. */
void asks_again(void)
{
	struct hlist_node *next;
	struct body_ask *ask;
	int i;

	dsm_lock();
	hash_for_each_safe(dsm.asks, i, next, ask, node)
		answer(ask, 0);
	dsm_unlock();
}

/* ---- ahead ---- */

static void fetch(struct dsm_window *win, unsigned long addr, bool write)
{
	struct body_ask *ask = kzalloc(sizeof(*ask), GFP_KERNEL);

	if (!ask)
		return;
	if (ask_init(ask, win, addr)) {
		kfree(ask);
		return;
	}
	if (ask_send(ask, write ? DSM_WRITE : DSM_READ, false, 0)) {
		free_parts(ask);
		kfree(ask);
		return;
	}
	dsm_count(fetched);
}

void dsm_window_fetch(struct dsm_window *win, const u64 *addrs, unsigned int n,
		      bool write)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (addrs[i] < TASK_SIZE &&
		    !xa_load(&win->pages, addrs[i] >> PAGE_SHIFT))
			fetch(win, addrs[i], write);
}
EXPORT_SYMBOL_GPL(dsm_window_fetch);
