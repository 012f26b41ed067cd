// SPDX-License-Identifier: GPL-2.0
/*
 * Which frame is it that another kernel asks for, and may it have it?
 */
#include <linux/kthread.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/tombolo.h>
#include <linux/uaccess.h>

#include "arch.h"
#include "glue.h"

/* So many neighbours that were fetched back show that more would be. */
#define REGRETS_MAX 16

/* A private mapping of up to so many pages is as good as written to. */
#define EAGER_PAGES 256

/**
 * struct found - a page that a request may have
 * @page: with a reference
 * @kind: of it
 * @writable: writing needs nothing but the frame
 * @has_pte: and it is mapped at this address
 * @known: it has an entry already, with a reference; then @page is not set
 * @stale: it has to be recalled first, with a reference
 * @map: to be inserted
 * @seq: of the notifier
 */
struct found {
	struct page *page;
	struct home_page *known;
	struct home_page *stale;
	struct home_map *map;
	enum home_kind kind;
	bool writable;
	bool has_pte;
	unsigned long seq;
};

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

/* What is mapped on demand is, by one fault, whatever becomes of that. */
static void touch(struct mm_struct *mm, unsigned long addr)
{
	bool unlocked, stack;

	kthread_use_mm(mm); /* the vDSO's data know no other */
	mmap_read_lock(mm);
	stack = below_stack(mm, addr);
	if (vma_lookup(mm, addr))
		fixup_user_fault(mm, addr, 0, &unlocked);
	mmap_read_unlock(mm);
	if (stack)
		grow_stack(addr);
	kthread_unuse_mm(mm);
}

static u32 prot_of(struct vm_area_struct *vma)
{
	return (vma->vm_flags & VM_READ ? DSM_PROT_READ : 0) |
	       (vma->vm_flags & VM_WRITE ? DSM_PROT_WRITE : 0) |
	       (vma->vm_flags & VM_EXEC ? DSM_PROT_EXEC : 0) |
	       (vma->vm_flags & VM_PFNMAP ? DSM_PROT_TIME : 0);
}

/* 0, or si_code of a SIGSEGV */
static int check(struct vm_area_struct *vma, const struct dsm_ask *ask)
{
	vm_flags_t need = VM_READ | VM_EXEC;

	if (!vma || vma->vm_start > ask->addr)
		return SEGV_MAPERR;
	if (ask->access == DSM_WRITE)
		need = VM_WRITE;
	else if (ask->flags & DSM_EXEC)
		need = VM_EXEC;
	return vma->vm_flags & need ? 0 : SEGV_ACCERR;
}

/* The vDSO's time data, and nothing else that is no ordinary memory. */
static int find_fixed(struct vm_area_struct *vma, unsigned long addr,
		      struct found *f)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	int ret;

	if (vma->vm_file || vma->vm_flags & VM_WRITE)
		return -EFAULT;
	ret = follow_pfnmap_start(&args);
	if (ret)
		return -EAGAIN;
	if (!pfn_valid(args.pfn) || args.writable)
		ret = -EFAULT;
	else
		f->page = pfn_to_page(args.pfn);
	follow_pfnmap_end(&args);
	if (!ret)
		get_page(f->page);
	f->kind = HOME_FIXED;
	return ret;
}

/* As the access itself would do; may let go of the mmap lock, then -EAGAIN. */
static int get_page_at(struct mm_struct *mm, unsigned long addr, bool write,
		       bool nofault, struct page **page)
{
	unsigned int flags = FOLL_SPLIT_PMD | (write ? FOLL_WRITE : 0) |
			     (nofault ? FOLL_NOFAULT : 0);
	int locked = 1;
	long n;

	n = get_user_pages_remote(mm, addr, 1, flags, page, &locked);
	if (!locked) {
		if (n == 1)
			put_page(*page);
		mmap_read_lock(mm);
		return n < 0 && n != -EFAULT ? n : -EAGAIN;
	}
	return n == 1 ? 0 : n ? n : -EFAULT;
}

/* Others' mappings go: they come back through the hooks, in turn. */
static void unshare(struct dsm_space *space, struct home_ask *a,
		    struct vm_area_struct *vma)
{
	struct address_space *mapping = vma->vm_file->f_mapping;
	unsigned long addr = a->ask.addr;

	if (!test_and_set_bit(AS_TOMBOLO, &mapping->flags))
		synchronize_rcu(); /* faults around pages that have begun */
	if (!*a->turn)
		*a->turn = turn_begin(space, vma, addr);
	unmap_mapping_pages(mapping, linear_page_index(vma, addr), 1, false);
}

/*
 * Mapped as it has to be, and by nobody else? So a fault leaves it which had to let
 * go of the mmap lock, as those of file systems on disks do each time: to unmap it
 * again would undo what was waited for.
 */
static bool only_here(struct mm_struct *mm, struct vm_area_struct *vma,
		      unsigned long addr, bool write, struct page **page)
{
	if (!test_bit(AS_TOMBOLO, &vma->vm_file->f_mapping->flags) ||
	    get_page_at(mm, addr, write, true, page))
		return false;
	if (home_mapcount(*page) == 1)
		return true;
	put_page(*page);
	*page = NULL;
	return false;
}

static struct home_page *known_page(struct vm_area_struct *vma,
				    unsigned long addr)
{
	if (!tombolo_file(vma->vm_file))
		return NULL;
	return use_shared_page(vma->vm_file->f_mapping,
			       linear_page_index(vma, addr));
}

static bool at_home(struct home_page *hp)
{
	bool ok;

	dsm_lock();
	ok = dsm_home_ok(&dsm.core, &hp->core, DSM_READ);
	dsm_unlock_unsent();
	return ok;
}

/* It is away already: then no entry of this kernel has to be looked at. */
static bool find_shared_away(struct vm_area_struct *vma, unsigned long addr,
			     struct found *f)
{
	f->known = known_page(vma, addr);
	if (f->known && f->known->kind == HOME_SHARED && !at_home(f->known)) {
		f->kind = HOME_SHARED;
		f->writable = vma->vm_flags & VM_WRITE;
		return true;
	}
	home_page_put(f->known);
	f->known = NULL;
	return false;
}

/*
 * Data of a program, a small heap, a stack: what is read there will be written, and
 * so will its neighbours. Elsewhere that would cost too much memory.
 */
static bool is_eager(struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE &&
	       (vma_pages(vma) <= EAGER_PAGES || vma->vm_flags & VM_GROWSDOWN);
}

/* Neighbours that threads of the home fetch back are in the way of both. */
static bool regretted(struct dsm_space *space, struct vm_area_struct *vma,
		      const struct home_ask *a)
{
	return a->gently && vma->vm_flags & VM_WRITE &&
	       READ_ONCE(space->regrets) > REGRETS_MAX;
}

static int find_page(struct dsm_space *space, struct vm_area_struct *vma,
		     struct home_ask *a, struct found *f)
{
	struct mm_struct *mm = space->mm;
	bool eager = is_eager(vma);
	bool write = a->ask.access == DSM_WRITE || eager;
	bool nofault = a->gently && (!eager || vma->vm_flags & VM_GROWSDOWN);
	unsigned long addr = a->ask.addr;
	int ret;

	if (vma->vm_flags & VM_PFNMAP)
		return find_fixed(vma, addr, f);
	if (vma->vm_flags & VM_SHARED && vma->vm_file) {
		if (find_shared_away(vma, addr, f))
			return 0;
		if (a->ask.flags & DSM_OPTIONAL)
			return -EFAULT;
		f->kind = HOME_SHARED;
		f->has_pte = true;
		write = vma->vm_flags & VM_WRITE;
		if (only_here(mm, vma, addr, write, &f->page))
			return 0;
		unshare(space, a, vma);
	}
	ret = get_page_at(mm, addr, write, nofault, &f->page);
	if (ret || !is_zero_pfn(page_to_pfn(f->page)) ||
	    !(vma->vm_flags & VM_WRITE))
		goto out;
	/* Nobody has been here yet: it will be written next. */
	put_page(f->page);
	f->page = NULL;
	ret = nofault ? -EFAULT : get_page_at(mm, addr, true, false, &f->page);
out:
	f->has_pte = true;
	return ret;
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

/*
 * Which neighbours are worth a look? Most have no entry, and to find that out one by
 * one would cost more than the page itself. The page tables are those of the page
 * that was found, of small entries therefore.
 */
static int near_pte(pte_t *ptep, unsigned long addr, void *data)
{
	struct home_near *near = data;

	if (!pte_none(ptep_get(ptep)))
		near->pages |= BIT((addr - near->addr) >> PAGE_SHIFT);
	return 0;
}

static void near_in(struct vm_area_struct *vma, struct home_near *near)
{
	unsigned long first = max(near->addr, vma->vm_start);
	unsigned long end = min(near->end, vma->vm_end);

	/* Those are made, or known without an entry. */
	if (vma->vm_flags & VM_SHARED ||
	    (is_eager(vma) && !(vma->vm_flags & VM_GROWSDOWN)))
		bitmap_set(&near->pages, (first - near->addr) >> PAGE_SHIFT,
			   (end - first) >> PAGE_SHIFT);
	else
		apply_to_existing_page_range(vma->vm_mm, first, end - first,
					     near_pte, near);
}

static void note_near(struct mm_struct *mm, struct home_near *near)
{
	VMA_ITERATOR(vmi, mm, near->addr);
	struct vm_area_struct *vma;

	for_each_vma_range(vmi, vma, near->end)
		near_in(vma, near);
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
	return map->hp->kind != HOME_SHARED || !at_home(map->hp);
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
		note_near(space->mm, a->near);
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
		touch(space->mm, a->ask.addr);
	return ret;
}
