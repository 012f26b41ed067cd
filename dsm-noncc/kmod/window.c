// SPDX-License-Identifier: GPL-2.0
/*
 * Windows: processes that show another kernel's space.
 *
 * One mapping over the whole user range, whose faults ask the home. What is
 * mapped where, and with which rights, the home alone knows: it is asked each
 * time, and takes pages back when it changes.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "arch.h"
#include "glue.h"
#include "trace.h"

#define WINDOW_START 0x10000UL

static unsigned int neighbours = 8;
module_param(neighbours, uint, 0644);
MODULE_PARM_DESC(neighbours, "so many pages behind one that is asked for");

/* More of them than this are never under way. */
#define WELCOME_MAX 64u

/* How long a thread waits before it asks anew; nothing is lost on a link. */
#define ASK_AGAIN HZ

static LIST_HEAD(windows); /* under dsm.lock and body_unmapping */

static void close_windows(struct work_struct *work);
static DECLARE_WORK(closing, close_windows);

/* ---- answers; all under dsm.lock ---- */

static struct body_ask *answered(const struct dsm_msg *msg)
{
	struct body_ask *ask = xa_load(&dsm.tokens, msg->token);

	if (!ask || ask->done || ask->index != msg->addr >> PAGE_SHIFT ||
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
	ask->done = true;
	ask->code = code;
	if (ask->task) {
		wake_up_process(ask->task);
		return;
	}
	xa_erase(&dsm.tokens, ask->token);
	free_parts(ask);
	kfree(ask);
}

static struct dsm_window *window_of(const struct dsm_msg *msg)
{
	struct dsm_window *win;

	list_for_each_entry(win, &windows, list)
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
struct dsm_copy *window_op_accept(void *ctx, const struct dsm_msg *msg)
{
	struct body_ask *ask = answered(msg);
	struct body_copy *copy;
	struct body_map *map;

	if (msg->flags & DSM_OPTIONAL)
		return accept_neighbour(msg);
	if (!ask || !dsm_frame_of(msg->home, msg->frame))
		return NULL;
	copy = xa_load(&dsm.copies[msg->home], msg->frame);
	map = xa_load(&ask->win->pages, ask->index);
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

/* @map: prepared; used up if the address has none. */
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

void window_op_granted(void *ctx, struct dsm_copy *core,
		       const struct dsm_msg *msg)
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

/* A space has ended: said to no ask in particular. */
static void over(const struct dsm_msg *msg)
{
	struct dsm_window *win;

	list_for_each_entry(win, &windows, list)
		if (win->id.home == msg->home && win->id.number == msg->space &&
		    win->id.incarnation == msg->space_inc)
			win->over = true;
	schedule_work(&closing);
}

void window_op_refused(void *ctx, const struct dsm_msg *msg)
{
	struct body_ask *ask = answered(msg);

	if (ask)
		answer(ask, msg->code);
	else if (!msg->token && msg->code >> 16 == SIGKILL)
		over(msg);
}

/* ---- asking ---- */

static int ask_init(struct body_ask *ask, struct dsm_window *win,
		    unsigned long index)
{
	*ask = (struct body_ask){ .win = win, .index = index };
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
	} while (!token || xa_load(&dsm.tokens, token));
	return token;
}

static int ask_send(struct body_ask *ask, enum dsm_access access, bool exec,
		    unsigned int many)
{
	struct dsm_window *win = ask->win;
	struct dsm_ask what = {
		.access = access,
		.flags = exec ? DSM_EXEC : 0,
		.addr = (u64)ask->index << PAGE_SHIFT,
		.space = win->id.number,
		.space_inc = win->id.incarnation,
	};
	int err = -ENOTCONN;

	spin_lock_irq(&dsm.lock);
	if (!win->closed && dsm.link[win->id.home].up) {
		ask->token = new_token();
		what.token = ask->token;
		err = dsm.core.peer[win->id.home].inc ?
			      xa_err(xa_store(&dsm.tokens, ask->token, ask,
					      GFP_ATOMIC)) :
			      -EAGAIN;
	}
	if (!err) {
		win->welcome = min(win->welcome + many, WELCOME_MAX);
		dsm_ask_for(&dsm.core, win->id.home, &what, many);
	}
	spin_unlock_irq(&dsm.lock);
	return err;
}

static void ask_wait(struct body_ask *ask, unsigned int state)
{
	long left = ASK_AGAIN;

	for (;;) {
		set_current_state(state);
		if (READ_ONCE(ask->done) ||
		    signal_pending_state(state, current) || !left)
			break;
		left = schedule_timeout(left);
	}
	__set_current_state(TASK_RUNNING);
	spin_lock_irq(&dsm.lock);
	xa_erase(&dsm.tokens, ask->token);
	spin_unlock_irq(&dsm.lock);
}

/* ---- page table entries of the window ---- */

struct install {
	struct mm_struct *mm;
	struct body_copy *copy;
	u64 stamp;
	u32 prot;
	enum dsm_access access;
	unsigned long pfn;
	bool exec;
	bool done;
};

/* Under the page table lock: a recall comes before this, or finds it. */
static int install_pte(pte_t *ptep, unsigned long addr, void *data)
{
	struct install *i = data;
	pte_t old = ptep_get(ptep);
	bool write;

	spin_lock_irq(&dsm.lock);
	i->done = dsm_copy_may_map(&dsm.core, &i->copy->core, i->stamp,
				   i->access);
	write = i->prot & DSM_PROT_WRITE &&
		dsm_copy_may_map(&dsm.core, &i->copy->core, i->stamp,
				 DSM_WRITE);
	if (i->done) {
		if (pte_present(old)) {
			ptep_get_and_clear(i->mm, addr, ptep);
			dsm_arch_flush(i->mm, addr);
		}
		set_pte_at(i->mm, addr, ptep,
			   dsm_arch_window(i->pfn, i->prot, write, i->exec));
	}
	spin_unlock_irq(&dsm.lock);
	return 0;
}

static bool allowed(u32 prot, enum dsm_access access, bool exec)
{
	if (access == DSM_WRITE)
		return prot & DSM_PROT_WRITE;
	return prot & (exec ? DSM_PROT_EXEC : DSM_PROT_READ | DSM_PROT_EXEC);
}

static bool needs_replica(const struct install *i)
{
	if (i->prot & DSM_PROT_TIME)
		return dsm.line;
	return i->exec && !(i->prot & DSM_PROT_WRITE);
}

static int choose_page(struct install *i)
{
	int err;

	i->exec = i->prot & DSM_PROT_EXEC;
	i->pfn = i->copy->core.frame;
	if (needs_replica(i)) {
		err = copy_replicate(i->copy, i->stamp,
				     i->prot & DSM_PROT_TIME);
		if (err)
			return err;
		spin_lock_irq(&dsm.lock);
		if (i->copy->replica)
			i->pfn = page_to_pfn(i->copy->replica);
		else
			err = -EAGAIN;
		spin_unlock_irq(&dsm.lock);
		return err;
	}
	if (i->exec)
		dsm_arch_code(dsm_frame_address(i->pfn));
	return 0;
}

/* Is it here already? 0, or -EAGAIN: the home has to be asked. */
static int install(struct dsm_window *win, struct mm_struct *mm,
		   unsigned long index, enum dsm_access access, bool exec)
{
	struct install i = { .mm = mm, .access = access };
	struct body_map *map;
	int err = -EAGAIN;

	spin_lock_irq(&dsm.lock);
	map = xa_load(&win->pages, index);
	if (map && allowed(map->prot, access, exec)) {
		i.copy = copy_hold(map->copy);
		i.prot = map->prot;
		i.stamp = map->stamp;
	}
	spin_unlock_irq(&dsm.lock);
	if (!i.copy)
		return err;
	err = choose_page(&i);
	if (!err)
		err = apply_to_page_range(mm, index << PAGE_SHIFT, PAGE_SIZE,
					  install_pte, &i);
	copy_put(i.copy);
	return err ? err : i.done ? 0 : -EAGAIN;
}

/* ---- faults ---- */

static void tell_closed(struct dsm_window *win)
{
	bool tell;

	spin_lock_irq(&dsm.lock);
	tell = !win->closed;
	win->closed = true;
	spin_unlock_irq(&dsm.lock);
	if (tell && win->ops->closed)
		win->ops->closed(win->ctx);
}

static vm_fault_t failed(struct dsm_window *win, struct vm_fault *vmf, u32 code)
{
	if (code >> 16 == SIGKILL) {
		tell_closed(win);
		return VM_FAULT_SIGBUS;
	}
	dsm_count(fault_failed);
	if (!(vmf->flags & FAULT_FLAG_USER))
		return VM_FAULT_SIGBUS;
	win->ops->fault_failed(win->ctx, vmf->real_address, code >> 16,
			       code & 0xffff);
	return VM_FAULT_NOPAGE;
}

static void count_fault(enum dsm_access access, bool exec, bool upgrade)
{
	if (upgrade)
		dsm_count(fault_upgrade);
	else if (access == DSM_WRITE)
		dsm_count(fault_write);
	else if (exec)
		dsm_count(fault_exec);
	else
		dsm_count(fault_read);
}

static vm_fault_t not_asked(int err)
{
	if (err == -ENOMEM)
		return VM_FAULT_OOM;
	if (err != -EAGAIN)
		return VM_FAULT_SIGBUS;
	/* The link is there, the home has not said hello yet. */
	schedule_timeout_interruptible(1);
	return signal_pending(current) ? VM_FAULT_NOPAGE : 0;
}

/* 0: look again; else what the fault returns. */
static vm_fault_t ask_home(struct dsm_window *win, struct vm_fault *vmf,
			   enum dsm_access access, bool exec)
{
	bool user = vmf->flags & FAULT_FLAG_USER;
	unsigned int state = user ? TASK_INTERRUPTIBLE : TASK_KILLABLE;
	u64 us, since = ktime_get_ns();
	struct body_ask ask;
	int err;

	if (ask_init(&ask, win, vmf->address >> PAGE_SHIFT))
		return VM_FAULT_OOM;
	ask.task = current;
	err = ask_send(&ask, access, exec, neighbours);
	if (err) {
		free_parts(&ask);
		return not_asked(err);
	}
	ask_wait(&ask, state);
	free_parts(&ask);
	us = div_u64(ktime_get_ns() - since, NSEC_PER_USEC);
	dsm_count_n(wait_us, us);
	trace_dsm_fault(win->id.home, win->id.number, vmf->real_address, access,
			us);
	if (!ask.done && signal_pending_state(state, current)) {
		dsm_count(fault_interrupted);
		return user ? VM_FAULT_NOPAGE : VM_FAULT_SIGBUS;
	}
	return ask.done && ask.code ? failed(win, vmf, ask.code) : 0;
}

static vm_fault_t get_page_of(struct vm_fault *vmf, enum dsm_access access,
			      bool upgrade)
{
	struct dsm_window *win = vmf->vma->vm_private_data;
	bool exec = vmf->flags & FAULT_FLAG_INSTRUCTION;
	unsigned long index = vmf->address >> PAGE_SHIFT;
	bool asked = false;
	vm_fault_t ret;
	int err;

	count_fault(access, exec, upgrade);
	for (;;) {
		if (READ_ONCE(win->closed))
			return VM_FAULT_SIGBUS;
		err = install(win, vmf->vma->vm_mm, index, access, exec);
		if (!err)
			break;
		if (err == -ENOMEM)
			return VM_FAULT_OOM;
		if (asked)
			dsm_count(fault_again);
		ret = ask_home(win, vmf, access, exec);
		if (ret)
			return ret;
		asked = true;
		cond_resched();
	}
	if (!asked)
		dsm_count(fault_local);
	return VM_FAULT_NOPAGE;
}

static vm_fault_t window_fault(struct vm_fault *vmf)
{
	return get_page_of(vmf,
			   vmf->flags & FAULT_FLAG_WRITE ? DSM_WRITE : DSM_READ,
			   false);
}

static vm_fault_t window_upgrade(struct vm_fault *vmf)
{
	return get_page_of(vmf, DSM_WRITE, true);
}

static const struct vm_operations_struct window_vm_ops = {
	.fault = window_fault,
	.pfn_mkwrite = window_upgrade,
};

/* ---- windows ---- */

static int window_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP |
				  VM_DONTCOPY | VM_EXEC | VM_MAYEXEC);
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &window_vm_ops;
	return 0;
}

static const struct file_operations window_fops = {
	.owner = THIS_MODULE,
	.mmap = window_mmap,
};

static int cover(struct dsm_window *win)
{
	unsigned long addr;
	int ret = vm_munmap(0, TASK_SIZE);

	if (ret)
		return ret;
	addr = vm_mmap(win->file, WINDOW_START, TASK_SIZE - WINDOW_START,
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		       WINDOW_START);
	return IS_ERR_VALUE(addr) ? (int)addr : 0;
}

struct dsm_window *dsm_window_open(const struct dsm_id *id,
				   const struct dsm_window_ops *ops, void *ctx)
{
	struct dsm_window *win;
	int ret;

	if (id->home >= dsm.core.kernels || id->home == dsm.core.self)
		return ERR_PTR(-EINVAL);
	if (!dsm.link[id->home].up)
		return ERR_PTR(-ENOTCONN);
	win = kzalloc(sizeof(*win), GFP_KERNEL);
	if (!win)
		return ERR_PTR(-ENOMEM);
	win->id = *id;
	win->ops = ops;
	win->ctx = ctx;
	xa_init(&win->pages);
	/* An inode of its own: unmapping searches no other window. */
	win->file = anon_inode_create_getfile("[dsm]", &window_fops, win,
					      O_RDWR, NULL);
	ret = PTR_ERR_OR_ZERO(win->file);
	if (ret)
		goto free;
	spin_lock_irq(&dsm.lock);
	list_add(&win->list, &windows);
	spin_unlock_irq(&dsm.lock);
	ret = cover(win);
	if (!ret)
		return win;
	dsm_window_close(win);
	return ERR_PTR(ret);
free:
	kfree(win);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(dsm_window_open);

/* Under dsm.lock. */
static void take_maps(struct dsm_window *win, struct list_head *maps)
{
	struct body_map *map;
	struct body_ask *ask;
	unsigned long i;

	xa_for_each(&dsm.tokens, i, ask)
		if (ask->win == win)
			answer(ask, SIGKILL << 16);
	xa_for_each(&win->pages, i, map)
		list_move(&map->list, maps);
	xa_destroy(&win->pages);
}

void dsm_window_close(struct dsm_window *win)
{
	struct body_map *map, *next;
	LIST_HEAD(maps);

	mutex_lock(&body_unmapping);
	spin_lock_irq(&dsm.lock);
	win->closed = true;
	list_del(&win->list);
	take_maps(win, &maps);
	spin_unlock_irq(&dsm.lock);
	unmap_mapping_range(win->file->f_mapping, 0, 0, 1);
	mutex_unlock(&body_unmapping);
	list_for_each_entry_safe(map, next, &maps, list)
		kfree(map);
	copies_release_unused(win->id.home);
	fput(win->file);
	kfree_rcu_mightsleep(win);
}
EXPORT_SYMBOL_GPL(dsm_window_close);

static void close_windows(struct work_struct *work)
{
	struct dsm_window *win;

	mutex_lock(&body_unmapping);
	list_for_each_entry(win, &windows, list)
		if (READ_ONCE(win->over))
			tell_closed(win);
	mutex_unlock(&body_unmapping);
}

/* A grant by a third kernel may have been lost with a link: ask again. */
void window_link_down(void)
{
	struct body_ask *ask;
	unsigned long i;

	spin_lock_irq(&dsm.lock);
	xa_for_each(&dsm.tokens, i, ask)
		if (!ask->done)
			answer(ask, 0);
	spin_unlock_irq(&dsm.lock);
}

/* The home is gone, and all its spaces with it. */
void window_home_down(u32 kernel)
{
	struct dsm_window *win;
	struct body_ask *ask;
	unsigned long i;

	mutex_lock(&body_unmapping);
	spin_lock_irq(&dsm.lock);
	xa_for_each(&dsm.tokens, i, ask)
		if (ask->win->id.home == kernel)
			answer(ask, SIGKILL << 16);
	spin_unlock_irq(&dsm.lock);
	list_for_each_entry(win, &windows, list)
		if (win->id.home == kernel)
			tell_closed(win);
	mutex_unlock(&body_unmapping);
}

/* ---- ahead ---- */

static void fetch(struct dsm_window *win, unsigned long index, bool write)
{
	struct body_ask *ask = kzalloc(sizeof(*ask), GFP_KERNEL);

	if (!ask)
		return;
	if (ask_init(ask, win, index)) {
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
			fetch(win, addrs[i] >> PAGE_SHIFT, write);
}
EXPORT_SYMBOL_GPL(dsm_window_fetch);
