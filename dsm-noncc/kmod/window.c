// SPDX-License-Identifier: GPL-2.0
/*
 * Windows: processes that show another kernel's space. One mapping over the whole
 * user range, whose faults ask the home.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "arch.h"
#include "glue.h"
#include "trace.h"

#define WINDOW_START 0x10000UL

LIST_HEAD(body_windows);

static void close_windows(struct work_struct *work);
static DECLARE_WORK(closing, close_windows);
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

	dsm_lock();
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
	dsm_unlock();
	return 0;
}

struct unmap {
	struct mm_struct *mm;
	enum dsm_access keep;
	bool changed;
};

static int unmap_pte(pte_t *ptep, unsigned long addr, void *data)
{
	struct unmap *u = data;
	pte_t pte = ptep_get(ptep);

	if (!pte_present(pte) || (u->keep == DSM_READ && !pte_write(pte)))
		return 0;
	pte = ptep_get_and_clear(u->mm, addr, ptep);
	if (u->keep == DSM_READ)
		set_pte_at(u->mm, addr, ptep, pte_wrprotect(pte));
	u->changed = true;
	return 0;
}

/* All that follow one another in a window share one flush of the TLBs. */
void window_unmap(struct list_head *maps, enum dsm_access keep)
{
	struct unmap u = { .keep = keep };
	struct body_map *map;

	lockdep_assert_held(&body_unmapping);
	list_for_each_entry(map, maps, list) {
		if (u.mm != map->win->mm && u.changed)
			dsm_arch_flush_all(u.mm);
		u.changed &= u.mm == map->win->mm;
		u.mm = map->win->mm;
		apply_to_existing_page_range(u.mm, map->index << PAGE_SHIFT,
					     PAGE_SIZE, unmap_pte, &u);
	}
	if (u.changed)
		dsm_arch_flush_all(u.mm);
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
		dsm_lock();
		if (i->copy->replica)
			i->pfn = page_to_pfn(i->copy->replica);
		else
			err = -EAGAIN;
		dsm_unlock();
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

	dsm_lock();
	map = xa_load(&win->pages, index);
	if (map && allowed(map->prot, access, exec)) {
		i.copy = copy_hold(map->copy);
		i.prot = map->prot;
		i.stamp = map->stamp;
	}
	dsm_unlock();
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

	dsm_lock();
	tell = !win->closed;
	win->closed = true;
	dsm_unlock();
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
			       code & 0xffff, vmf->flags);
	return VM_FAULT_NOPAGE;
}

/* A page that is in use at home is asked for so often, at times further apart. */
#define LATER_TRIES 8
#define LATER_FIRST (NSEC_PER_MSEC)

/* For longer the thread does not wait here: it had better go where the page is. */
static vm_fault_t later(struct dsm_window *win, struct vm_fault *vmf,
			unsigned int tries)
{
	bool user = vmf->flags & FAULT_FLAG_USER;
	ktime_t time = ns_to_ktime(LATER_FIRST << tries);

	dsm_count(fault_busy);
	if (tries == LATER_TRIES) {
		if (!user)
			return VM_FAULT_SIGBUS;
		win->ops->page_stays(win->ctx);
		return VM_FAULT_NOPAGE;
	}
	set_current_state(user ? TASK_INTERRUPTIBLE : TASK_KILLABLE);
	schedule_hrtimeout(&time, HRTIMER_MODE_REL);
	if (user && signal_pending(current))
		return VM_FAULT_NOPAGE;
	return fatal_signal_pending(current) ? VM_FAULT_SIGBUS : 0;
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

/* 0: look again; else what the fault returns. @busy: how often it was in use. */
static vm_fault_t ask_home(struct dsm_window *win, struct vm_fault *vmf,
			   enum dsm_access access, bool exec,
			   unsigned int *busy)
{
	bool user = vmf->flags & FAULT_FLAG_USER;
	u64 us, since = ktime_get_ns();
	u32 code = 0;
	int err;

	err = ask_page(win, vmf->real_address, access, exec,
		       user ? TASK_INTERRUPTIBLE : TASK_KILLABLE, &code);
	if (err && err != -EINTR)
		return not_asked(err);
	us = div_u64(ktime_get_ns() - since, NSEC_PER_USEC);
	dsm_count_n(wait_us, us);
	trace_dsm_fault(win->id.home, win->id.number, vmf->real_address, access,
			us);
	if (err) {
		dsm_count(fault_interrupted);
		return user ? VM_FAULT_NOPAGE : VM_FAULT_SIGBUS;
	}
	if (code == DSM_ASK_LATER)
		return later(win, vmf, (*busy)++);
	return code ? failed(win, vmf, code) : 0;
}

static vm_fault_t get_page_of(struct vm_fault *vmf, enum dsm_access access,
			      bool upgrade)
{
	struct dsm_window *win = vmf->vma->vm_private_data;
	bool exec = vmf->flags & FAULT_FLAG_INSTRUCTION;
	unsigned long index = vmf->address >> PAGE_SHIFT;
	unsigned int busy = 0;
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
		ret = ask_home(win, vmf, access, exec, &busy);
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
	win->mm = current->mm;
	mmget(win->mm);
	/* What a thread brings along when it comes. */
	asks_welcome(win, DSM_AHEAD);
	xa_init(&win->pages);
	/* An inode of its own: unmapping searches no other window. */
	win->file = anon_inode_create_getfile("[dsm]", &window_fops, win,
					      O_RDWR, NULL);
	ret = PTR_ERR_OR_ZERO(win->file);
	if (ret)
		goto free;
	dsm_lock();
	list_add(&win->list, &body_windows);
	dsm_unlock();
	ret = cover(win);
	if (!ret)
		return win;
	dsm_window_close(win);
	return ERR_PTR(ret);
free:
	mmput(win->mm);
	kfree(win);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(dsm_window_open);

/* Under dsm.lock. */
static void take_maps(struct dsm_window *win, struct list_head *maps)
{
	struct body_map *map;
	unsigned long i;

	asks_end(win, SIGKILL << 16);
	xa_for_each(&win->pages, i, map)
		list_move(&map->list, maps);
	xa_destroy(&win->pages);
}

void dsm_window_close(struct dsm_window *win)
{
	struct body_map *map, *next;
	LIST_HEAD(maps);

	mutex_lock(&body_unmapping);
	dsm_lock();
	win->closed = true;
	list_del(&win->list);
	take_maps(win, &maps);
	dsm_unlock();
	unmap_mapping_range(win->file->f_mapping, 0, 0, 1);
	mutex_unlock(&body_unmapping);
	list_for_each_entry_safe(map, next, &maps, list)
		kfree(map);
	copies_release_unused(win->id.home);
	fput(win->file);
	mmput(win->mm);
	kfree_rcu_mightsleep(win);
}
EXPORT_SYMBOL_GPL(dsm_window_close);

static void close_windows(struct work_struct *work)
{
	struct dsm_window *win;

	mutex_lock(&body_unmapping);
	list_for_each_entry(win, &body_windows, list)
		if (READ_ONCE(win->over))
			tell_closed(win);
	mutex_unlock(&body_unmapping);
}

/* Under dsm.lock. A space has ended: said to no ask in particular. */
void window_over(const struct dsm_msg *msg)
{
	struct dsm_window *win;

	list_for_each_entry(win, &body_windows, list)
		if (win->id.home == msg->home && win->id.number == msg->space &&
		    win->id.incarnation == msg->space_inc)
			win->over = true;
	schedule_work(&closing);
}

/* The home is gone, and all its spaces with it. */
void window_home_down(u32 kernel)
{
	struct dsm_window *win;

	mutex_lock(&body_unmapping);
	dsm_lock();
	list_for_each_entry(win, &body_windows, list)
		if (win->id.home == kernel)
			asks_end(win, SIGKILL << 16);
	dsm_unlock();
	list_for_each_entry(win, &body_windows, list)
		if (win->id.home == kernel)
			tell_closed(win);
	mutex_unlock(&body_unmapping);
}
