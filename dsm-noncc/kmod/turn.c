// SPDX-License-Identifier: GPL-2.0
/*
 * Whose turn is it with a page that several processes of this kernel share?
 *
 * Such a page can be handed out only while one address maps it. So the others' entries
 * go; but if these processes use it all the time, they are back before it is locked, and
 * another kernel would get it by chance only. Therefore they wait, at the head of
 * their faults, from then on until the request is in the core's queue: there the
 * turns are taken.
 */
#include <linux/pagemap.h>
#include <linux/tombolo.h>

#include "glue.h"

/* Nothing that it takes to map a page needs so long but a slow disk. */
#define TURN_WAIT HZ

/* The directory's entry of a page of a file, made if there is none; with a reference. */
static struct home_page *entry_of(struct dsm_space *space,
				  struct vm_area_struct *vma,
				  unsigned long addr)
{
	pgoff_t index = linear_page_index(vma, addr);
	struct home_page *hp = NULL, *fresh;
	struct folio *folio;

	folio = filemap_get_folio(vma->vm_file->f_mapping, index);
	if (IS_ERR(folio))
		return NULL;
	fresh = home_page_alloc(folio_file_page(folio, index), HOME_SHARED);
	if (fresh) {
		fresh->core.until = space_used_until(space, addr >> PAGE_SHIFT);
		spin_lock(&dsm.maps);
		hp = home_page_insert(fresh);
		spin_unlock(&dsm.maps);
	}
	home_page_put(fresh);
	folio_put(folio);
	return hp;
}

/* Under dsm.maps. An entry of another kind is not the one that will be handed out. */
static bool take(struct home_page *hp, struct mm_struct *mm, unsigned long addr)
{
	if (hp->kind != HOME_SHARED || hp->turn)
		return false;
	hp->turn_addr = addr;
	WRITE_ONCE(hp->turn, mm);
	return true;
}

struct home_page *turn_begin(struct dsm_space *space,
			     struct vm_area_struct *vma, unsigned long addr)
{
	struct home_page *hp = entry_of(space, vma, addr);
	bool taken;

	if (!hp)
		return NULL;
	spin_lock(&dsm.maps);
	taken = xa_load(&dsm.frames, hp->core.frame) == hp &&
		take(hp, space->mm, addr);
	spin_unlock(&dsm.maps);
	if (taken)
		return hp;
	home_tidy(hp);
	home_page_put(hp);
	return NULL;
}

void turn_end(struct home_page *hp)
{
	if (!hp)
		return;
	spin_lock(&dsm.maps);
	WRITE_ONCE(hp->turn, NULL);
	spin_unlock(&dsm.maps);
	wake_up_all(&hp->wq);
	home_tidy(hp);
	home_page_put(hp);
}

/* A hint: whoever comes too early or too late costs the other one more try. */
static bool others_turn(struct home_page *hp, const struct vm_fault *vmf)
{
	struct mm_struct *mm = READ_ONCE(hp->turn);

	return mm && (mm != vmf->vma->vm_mm ||
		      READ_ONCE(hp->turn_addr) != (vmf->address & PAGE_MASK));
}

void turn_wait(struct home_page *hp, const struct vm_fault *vmf)
{
	if (!others_turn(hp, vmf))
		return;
	dsm_count(turns_waited);
	wait_event_killable_timeout(hp->wq, !others_turn(hp, vmf), TURN_WAIT);
}
