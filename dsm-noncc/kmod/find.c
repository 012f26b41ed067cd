// SPDX-License-Identifier: GPL-2.0
/*
 * What is mapped where another kernel asks, and which neighbours are there?
 */
#include <linux/pagemap.h>
#include <linux/tombolo.h>
#include <linux/userfaultfd_k.h>

#include "find.h"

/* A private mapping of up to so many pages is as good as written to. */
#define EAGER_PAGES 256

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
static int get_page_at(struct vm_area_struct *vma, unsigned long addr,
		       bool write, bool nofault, struct page **page)
{
	/* What is not mapped for it may be read, too: resolve() has checked. */
	bool force = !write && !(vma->vm_flags & VM_READ);
	unsigned int flags = FOLL_SPLIT_PMD | (write ? FOLL_WRITE : 0) |
			     (nofault ? FOLL_NOFAULT : 0) |
			     (force ? FOLL_FORCE : 0);
	struct mm_struct *mm = vma->vm_mm;
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
static bool only_here(struct vm_area_struct *vma, unsigned long addr,
		      bool write, struct page **page)
{
	if (!test_bit(AS_TOMBOLO, &vma->vm_file->f_mapping->flags) ||
	    get_page_at(vma, addr, write, true, page))
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

bool find_at_home(struct home_page *hp)
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
	if (f->known && f->known->kind == HOME_SHARED &&
	    !find_at_home(f->known)) {
		f->kind = HOME_SHARED;
		f->writable = vma->vm_flags & VM_WRITE;
		return true;
	}
	home_page_put(f->known);
	f->known = NULL;
	return false;
}

/* Until it is written to, a private page shows what others write to its file. */
static bool file_may_change(struct vm_area_struct *vma)
{
	return vma->vm_file &&
	       inode_is_open_for_write(file_inode(vma->vm_file));
}

/*
 * Data of a program, a small heap, a stack: what is read there will be written, and
 * so will its neighbours. Elsewhere that would cost too much memory.
 */
static bool is_eager(struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE &&
	       (vma_pages(vma) <= EAGER_PAGES ||
		vma->vm_flags & VM_GROWSDOWN) &&
	       !file_may_change(vma);
}

int find_page(struct dsm_space *space, struct vm_area_struct *vma,
	      struct home_ask *a, struct found *f)
{
	/*
	 * What a program answers for (userfaultfd) the thread asks for itself, at home:
	 * nobody here waits for a program, which may wait for us.
	 */
	bool answered = userfaultfd_armed(vma);
	bool eager = !answered && is_eager(vma);
	bool write = a->ask.access == DSM_WRITE || eager;
	bool nofault = answered ||
		       (a->gently && (!eager || vma->vm_flags & VM_GROWSDOWN));
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
		if (only_here(vma, addr, write, &f->page))
			return 0;
		unshare(space, a, vma);
	}
	ret = get_page_at(vma, addr, write, nofault, &f->page);
	if (ret || !is_zero_pfn(page_to_pfn(f->page)) ||
	    !(vma->vm_flags & VM_WRITE))
		goto out;
	/* Nobody has been here yet: it will be written next. */
	put_page(f->page);
	f->page = NULL;
	ret = nofault ? -EFAULT : get_page_at(vma, addr, true, false, &f->page);
out:
	f->has_pte = true;
	return answered && ret == -EFAULT ? -EBUSY : ret;
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

void find_near(struct mm_struct *mm, struct home_near *near)
{
	VMA_ITERATOR(vmi, mm, near->addr);
	struct vm_area_struct *vma;

	for_each_vma_range(vmi, vma, near->end)
		near_in(vma, near);
}
