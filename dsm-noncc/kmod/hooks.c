// SPDX-License-Identifier: GPL-2.0
/*
 * Before this kernel touches a page that another may have: the functions that
 * the memory management calls, see include/linux/tombolo.h of the kernel.
 */
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/tombolo.h>

#include "glue.h"
#include "trace.h"

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

/* Another kernel has it: what does that say of the page? */
static void note_fetch(struct dsm_space *space, struct home_page *hp,
		       struct vm_fault *vmf)
{
	if (home_has(hp, access_of_fault(vmf)))
		return;
	space_hot(space, vmf->real_address, DSM_HOT_HOME);
	if (READ_ONCE(hp->neighbour) && !home_has(hp, DSM_READ)) {
		WRITE_ONCE(hp->neighbour, false);
		WRITE_ONCE(space->regrets, space->regrets + 1);
	}
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
		if (hp)
			note_fetch(space, hp, vmf);
		dsm_space_put(space);
	}
	if (!hp && tombolo_file(vma->vm_file))
		hp = use_shared_page(vma->vm_file->f_mapping, vmf->pgoff);
	return hp;
}

static bool hook_fault(struct vm_fault *vmf)
{
	struct home_page *hp = page_of_fault(vmf);
	enum dsm_access access;
	u64 since;
	bool again;

	if (!hp)
		return false;
	dsm_count(home_faults);
	turn_wait(hp, vmf);
	access = access_of_fault(vmf);
	since = ktime_get_ns();
	again = home_fetch(hp, access);
	trace_dsm_home_fault(vmf->real_address, hp->core.frame, access,
			     div_u64(ktime_get_ns() - since, NSEC_PER_USEC));
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

void home_hooks_on(void)
{
	tombolo_mm_ops.fault = hook_fault;
	tombolo_mm_ops.away = hook_away;
	tombolo_mm_ops.file_io = use_file;
	static_branch_enable(&tombolo_mm_key);
}
