// SPDX-License-Identifier: GPL-2.0
/*
 * Before this kernel touches a page that another may have: the functions that
 * the memory management calls, see include/linux/tombolo.h of the kernel.
 */
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/tombolo.h>

#include "glue.h"

/* Shared pages are in no page table but that of the space that lent them. */
static struct home_page *shared_page(struct address_space *mapping,
				     pgoff_t index)
{
	struct folio *folio = filemap_get_folio(mapping, index);
	struct home_page *hp;

	if (IS_ERR(folio))
		return NULL;
	hp = home_page_find(page_to_pfn(folio_file_page(folio, index)));
	folio_put(folio);
	return hp;
}

static struct home_page *page_of_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct dsm_space *space;
	struct home_page *hp = NULL;

	if (test_bit(MMF_TOMBOLO, &vma->vm_mm->flags)) {
		space = dsm_space_of(vma->vm_mm);
		if (space)
			hp = home_page_at(space, vmf->address >> PAGE_SHIFT);
		dsm_space_put(space);
	}
	if (!hp && tombolo_file(vma->vm_file))
		hp = shared_page(vma->vm_file->f_mapping, vmf->pgoff);
	return hp;
}

/*
 * Whoever maps a shared page gets it for writing, as the entry may turn writable
 * without another fault. So others must not even read it meanwhile.
 */
static enum dsm_access access_of_fault(struct vm_fault *vmf)
{
	if (vmf->flags & FAULT_FLAG_WRITE)
		return DSM_WRITE;
	if (tombolo_file(vmf->vma->vm_file) && vmf->vma->vm_flags & VM_SHARED)
		return DSM_WRITE;
	return DSM_READ;
}

static bool hook_fault(struct vm_fault *vmf)
{
	struct home_page *hp = page_of_fault(vmf);
	bool again;

	if (!hp)
		return false;
	dsm_count(home_faults);
	again = home_fetch(hp, access_of_fault(vmf));
	home_page_put(hp);
	return again;
}

/* Under a page table lock. */
static bool hook_away(unsigned long pfn, bool write)
{
	struct home_page *hp;
	unsigned long flags;
	bool away = false;

	rcu_read_lock();
	hp = xa_load(&dsm.frames, pfn);
	if (hp) {
		flags = dsm_lock_save();
		away = !dsm_home_ok(&dsm.core, &hp->core,
				    write ? DSM_WRITE : DSM_READ);
		spin_unlock_irqrestore(&dsm.lock, flags);
	}
	rcu_read_unlock();
	if (away)
		dsm_count(gup_stopped);
	return away;
}

/*
 * A call reads or writes the file behind its mappings' back. Pages that are
 * fetched here can go again before it comes to them: then it reads what it could
 * have read at this moment.
 */
static void hook_file_io(struct address_space *mapping, loff_t pos, size_t n)
{
	loff_t end = min_t(loff_t, pos + n, i_size_read(mapping->host));
	struct home_page *hp;
	pgoff_t index;

	for (index = pos >> PAGE_SHIFT; (loff_t)index << PAGE_SHIFT < end;
	     index++) {
		hp = shared_page(mapping, index);
		if (!hp)
			continue;
		dsm_count(file_io);
		home_fetch(hp, DSM_WRITE);
		home_page_put(hp);
		cond_resched();
	}
}

void home_hooks_on(void)
{
	tombolo_mm_ops.fault = hook_fault;
	tombolo_mm_ops.away = hook_away;
	tombolo_mm_ops.file_io = hook_file_io;
	static_branch_enable(&tombolo_mm_key);
}
