// SPDX-License-Identifier: GPL-2.0
/*
 * Which frame is it that another kernel asks for, and may it have it?
 */
#include <linux/kthread.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd_k.h>

#include "arch.h"
#include "find.h"

/* So many neighbours that were fetched back show that more would be. */
#define REGRETS_MAX 16

/* Does a stack end so that an access there would make it grow? */
static bool below_stack(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && addr < vma->vm_start && vma->vm_flags & VM_GROWSDOWN;
}

/*
 * Only a real access does that for a module. It is repeated until it succeeds, and a
 * thread of ours can't be killed: so only where nothing is mapped, and no entry of
 * ours can be in the way.
 */
static void grow_stack(unsigned long addr)
{
	fault_in_readable((const char __user *)addr, 1);
}

/* How far a stack grows is a matter of who faults: it shall be as at home. */
static void take_limits(struct dsm_space *space)
{
	struct task_struct *task = get_pid_task(space->pid, PIDTYPE_TGID);

	if (!task)
		return;
	task_lock(task->group_leader);
	memcpy(current->signal->rlim, task->signal->rlim,
	       sizeof(current->signal->rlim));
	task_unlock(task->group_leader);
	put_task_struct(task);
}

/* What is mapped on demand is, by one fault, whatever becomes of that. */
static void touch(struct dsm_space *space, unsigned long addr)
{
	struct mm_struct *mm = space->mm;
	struct vm_area_struct *vma;
	bool unlocked, stack;

	take_limits(space);
	kthread_use_mm(mm); /* the vDSO's data know no other */
	mmap_read_lock(mm);
	stack = below_stack(mm, addr);
	vma = vma_lookup(mm, addr);
	if (vma && !userfaultfd_armed(vma))
		fixup_user_fault(mm, addr, 0, &unlocked);
	mmap_read_unlock(mm);
	if (stack)
		grow_stack(addr);
	kthread_unuse_mm(mm);
}

/* What may be written may be read, too: so do_page_fault() has it. */
static u32 prot_of(struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_READ | VM_WRITE) ? DSM_PROT_READ : 0) |
	       (vma->vm_flags & VM_WRITE ? DSM_PROT_WRITE : 0) |
	       (vma->vm_flags & VM_EXEC ? DSM_PROT_EXEC : 0) |
	       (vma->vm_flags & VM_PFNMAP ? DSM_PROT_TIME : 0);
}

/* 0, or si_code of a SIGSEGV */
static int check(struct vm_area_struct *vma, const struct dsm_ask *ask)
{
	vm_flags_t need = VM_READ | VM_WRITE | VM_EXEC;

	if (!vma || vma->vm_start > ask->addr)
		return SEGV_MAPERR;
	if (ask->access == DSM_WRITE)
		need = VM_WRITE;
	else if (ask->flags & DSM_EXEC)
		need = VM_EXEC;
	return vma->vm_flags & need ? 0 : SEGV_ACCERR;
}

/* Neighbours that threads of the home fetch back are in the way of both. */
static bool regretted(struct dsm_space *space, struct vm_area_struct *vma,
		      const struct home_ask *a)
{
	return a->gently && vma->vm_flags & VM_WRITE &&
	       READ_ONCE(space->regrets) > REGRETS_MAX;
}

struct peek {
	unsigned long pfn;
	bool writable;
	bool found;
};

static int peek_pte(pte_t *ptep, unsigned long addr, void *data)
{
	struct peek *p = data;
	pte_t pte = ptep_get(ptep);

	p->found = pte_present(pte) && pte_pfn(pte) == p->pfn &&
		   dsm_arch_usable(pte);
	p->writable = pte_write(pte);
	return 0;
}

/* Is it still there? The notifier's number says that nothing has changed. */
static bool still_there(struct dsm_space *space, unsigned long addr,
			struct found *f)
{
	struct peek p = { .pfn = page_to_pfn(f->page) };

	if (!f->has_pte)
		return true;
	apply_to_existing_page_range(space->mm, addr, PAGE_SIZE, peek_pte, &p);
	f->writable = p.writable;
	return p.found;
}

/* Would this kernel have to give the page, and can it not? Under dsm.maps. */
static bool is_kept(struct home_page *hp, const struct dsm_ask *ask)
{
	bool ours;

	dsm_lock();
	ours = dsm_home_ok(&dsm.core, &hp->core,
			   ask->access == DSM_WRITE ? DSM_READ : DSM_WRITE);
	dsm_unlock_unsent();
	return ours && use_keeps(hp);
}

/* Of a page that is known nothing else is looked at: nor of its neighbours. */
static void note_near_known(struct dsm_space *space, struct home_near *near)
{
	unsigned long index = near->addr >> PAGE_SHIFT;
	struct home_map *map;
	unsigned long i;

	xa_for_each_range(&space->maps, i, map, index,
			  (near->end >> PAGE_SHIFT) - 1)
		near->pages |= BIT(i - index);
}

/*
 * Under dsm.maps, with a reference. -EAGAIN: it is being recalled, and what it was
 * resolved by may be gone when that has ended. -EBUSY: it is in use here. If it is
 * granted at once, that goes out with its neighbours: the caller sees to it.
 */
static int request(struct home_ask *a, struct home_page *hp)
{
	int ret = -EAGAIN;

	if (is_kept(hp, &a->ask))
		return -EBUSY;
	dsm_lock();
	if (!hp->core.recalls) {
		a->hp = hp;
		hp->neighbour = a->gently;
		dsm_home_request(&dsm.core, &hp->core, &a->ask);
		ret = 0;
	}
	dsm_unlock_unsent();
	return ret;
}

/* Under dsm.maps: does what was found still hold? */
static bool holds(struct dsm_space *space, const struct home_ask *a,
		  struct found *f)
{
	struct home_page *hp = f->known;

	if (mmu_interval_read_retry(&space->notifier, f->seq) ||
	    xa_load(&space->maps, a->ask.addr >> PAGE_SHIFT))
		return false;
	if (hp ? xa_load(&dsm.frames, hp->core.frame) != hp :
		 !still_there(space, a->ask.addr, f))
		return false;
	return a->ask.access != DSM_WRITE || f->writable;
}

/* Another kernel may have kept it, and the file is another now. */
static void recall_stale(struct found *f)
{
	home_recall(&f->stale, 1);
	home_page_put(f->stale);
}

static int enter(struct dsm_space *space, struct home_ask *a, struct found *f,
		 struct home_page *fresh)
{
	struct home_map *map = f->map;
	int ret;

	if (!holds(space, a, f))
		return -EAGAIN;
	if (!f->known)
		f->known = home_page_insert(fresh);
	if (!f->known)
		return -ENOMEM;
	/* The entry has a reference of its own; ours would look like another's use. */
	if (f->page)
		put_page(f->page);
	f->page = NULL;
	/* Nor has anybody looked yet who else maps what is shared only now. */
	if (!keep_use(f->known) ||
	    (f->kind == HOME_SHARED && f->known->kind == HOME_PRIVATE)) {
		swap(f->stale, f->known);
		return -EAGAIN;
	}
	map->has_pte = f->has_pte;
	map->writable = f->writable;
	ret = home_map_insert(f->known, map);
	if (ret)
		return ret;
	f->map = NULL;
	if (f->kind == HOME_PRIVATE && f->writable && f->known == fresh)
		a->ask.access = DSM_WRITE;
	ret = request(a, f->known);
	if (ret)
		home_map_drop(map);
	else
		f->known = NULL;
	return ret;
}

static int enter_new(struct dsm_space *space, struct home_ask *a,
		     struct found *f)
{
	struct home_page *hp = NULL;
	int ret = -ENOMEM;

	f->map = kzalloc(sizeof(*f->map), GFP_KERNEL);
	if (!f->known)
		hp = home_page_alloc(f->page, f->kind);
	if (f->map && (hp || f->known)) {
		if (hp)
			hp->core.until = space_used_until(
				space, a->ask.addr >> PAGE_SHIFT);
		f->map->space = space;
		f->map->index = a->ask.addr >> PAGE_SHIFT;
		f->map->level = DSM_WRITE;
		f->map->prot = a->ask.prot;
		INIT_LIST_HEAD(&f->map->list);
		spin_lock(&dsm.maps);
		ret = enter(space, a, f, hp);
		spin_unlock(&dsm.maps);
	}
	kfree(f->map);
	home_page_put(hp);
	if (f->known)
		home_tidy(f->known);
	home_page_put(f->known);
	if (f->stale)
		recall_stale(f);
	return ret;
}

static bool permits(u32 prot, const struct dsm_ask *ask)
{
	if (ask->access == DSM_WRITE)
		return prot & DSM_PROT_WRITE;
	return prot & (ask->flags & DSM_EXEC ? DSM_PROT_EXEC :
					       DSM_PROT_READ | DSM_PROT_EXEC);
}

/* Its page table entry says all that matters, or there is none. */
static bool usable(const struct home_map *map, const struct dsm_ask *ask)
{
	if (!permits(map->prot, ask) ||
	    (ask->access == DSM_WRITE && !map->writable))
		return false;
	return map->hp->kind != HOME_SHARED || !find_at_home(map->hp);
}

/*
 * The address has been handed out before, and nothing has changed since: no need
 * to look at mappings and page tables, nor for the mmap lock.
 */
static int enter_known(struct dsm_space *space, struct home_ask *a)
{
	struct home_map *map;
	int ret = -ENOENT;

	spin_lock(&dsm.maps);
	map = xa_load(&space->maps, a->ask.addr >> PAGE_SHIFT);
	if (map)
		ret = usable(map, &a->ask) ? 0 : -EEXIST;
	if (!ret) {
		refcount_inc(&map->hp->refs);
		if (a->near)
			note_near_known(space, a->near);
		a->ask.prot = map->prot;
		ret = request(a, map->hp);
		if (ret)
			home_page_put(map->hp);
	}
	spin_unlock(&dsm.maps);
	return ret;
}

/* What the address has now is not what is asked for: begin anew. */
static void forget(struct dsm_space *space, unsigned long addr)
{
	unsigned long index = addr >> PAGE_SHIFT;
	struct home_page *hp = home_page_at(space, index);

	if (!hp)
		return;
	home_recall_begin(&hp, 1);
	home_recall_wait(hp);
	protect_end(space, &index, &hp, 1);
	home_recall_end(&hp, 1);
	home_page_put(hp);
}

static int resolve_locked(struct dsm_space *space, struct home_ask *a,
			  int *signal)
{
	struct vm_area_struct *vma = vma_lookup(space->mm, a->ask.addr);
	struct found f = {};
	int ret, code;

	code = check(vma, &a->ask);
	if (code) {
		*signal = SIGSEGV << 16 | code;
		return code == SEGV_MAPERR ? -ENOENT : -EACCES;
	}
	if (regretted(space, vma, a))
		return -EFAULT;
	a->ask.prot = prot_of(vma);
	if (xa_load(&space->maps, a->ask.addr >> PAGE_SHIFT))
		return -EEXIST;
	ret = find_page(space, vma, a, &f);
	if (ret == -EFAULT)
		*signal = SIGBUS << 16 | BUS_ADRERR;
	if (ret == -EHWPOISON)
		*signal = SIGBUS << 16 | BUS_MCEERR_AR;
	if (ret)
		return ret;
	if (a->near)
		find_near(space->mm, a->near);
	/* From here on, what changes the entry changes the number. */
	f.seq = mmu_interval_read_begin(&space->notifier);
	ret = enter_new(space, a, &f);
	if (f.page)
		put_page(f.page);
	return ret;
}

int resolve(struct dsm_space *space, struct home_ask *a, int *signal)
{
	int ret = enter_known(space, a);

	if (!ret || ret == -EBUSY)
		return ret;
	if (ret == -EAGAIN) {
		/* Waits until the notifier is through. */
		mmu_interval_read_begin(&space->notifier);
		return ret;
	}
	if (!a->gently)
		mmap_read_lock(space->mm);
	else if (!mmap_read_trylock(space->mm))
		return -EAGAIN;
	ret = resolve_locked(space, a, signal);
	mmap_read_unlock(space->mm);
	if (a->ask.flags & DSM_OPTIONAL)
		return ret;
	if (ret == -EEXIST)
		forget(space, a->ask.addr);
	/* No mapping: perhaps a stack to be grown, or a fixed page unmapped. */
	if ((ret == -ENOENT && !a->tries) || ret == -EAGAIN)
		touch(space, a->ask.addr);
	return ret;
}
