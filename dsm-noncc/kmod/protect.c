// SPDX-License-Identifier: GPL-2.0
/*
 * The page table entries of this kernel that stand for frames of ours which
 * others have.
 *
 * An entry of an address space is lowered before a frame is handed out and
 * raised when it is back: to one that allows nothing, while another kernel may
 * write, or only reading. What it was is kept in struct home_map.
 */
#include <linux/pagemap.h>

#include "arch.h"
#include "glue.h"

static LIST_HEAD(protects); /* to be lowered; under dsm.lock */

/* So many pages are lowered for one flush. */
#define PROTECT_BATCH 32

/*
 * What TLBs must forget before a lowered page is handed out: a flush in all of
 * them costs more than all else, so pages share one. Under dsm.maps, never left
 * behind when it is let go.
 */
static struct {
	struct mm_struct *mm;
	unsigned long addr;
	unsigned int pages;
} flush;

static void flush_now(void)
{
	if (flush.pages == 1)
		dsm_arch_flush(flush.mm, flush.addr);
	else if (flush.pages)
		dsm_arch_flush_all(flush.mm);
	flush.pages = 0;
}

static void flush_later(struct mm_struct *mm, unsigned long addr)
{
	if (flush.mm != mm)
		flush_now();
	flush.mm = mm;
	flush.addr = addr;
	flush.pages++;
}

struct change {
	struct home_map *map;
	enum dsm_access access;
	bool done;
};

/* Both: under dsm.maps and the page table lock. */
static int lower_pte(pte_t *ptep, unsigned long addr, void *data)
{
	struct change *c = data;
	struct home_map *map = c->map;
	struct mm_struct *mm = map->space->mm;
	pte_t pte = ptep_get(ptep);
	bool cached;

	if (!pte_present(pte) || pte_pfn(pte) != map->hp->core.frame ||
	    !dsm_arch_usable(pte))
		return 0;
	pte = ptep_get_and_clear(mm, addr, ptep);
	if (map->level == DSM_WRITE)
		map->saved = pte;
	/* What TLBs have of an entry that stays read-only may stay there. */
	cached = c->access == DSM_NONE || pte_write(pte);
	if (c->access == DSM_NONE)
		pte = dsm_arch_none(pte);
	else
		pte = dsm_arch_touch(pte_wrprotect(pte));
	set_pte_at(mm, addr, ptep, pte);
	if (cached)
		flush_later(mm, addr);
	map->level = c->access;
	c->done = true;
	return 0;
}

static int raise_pte(pte_t *ptep, unsigned long addr, void *data)
{
	struct change *c = data;
	struct home_map *map = c->map;
	struct mm_struct *mm = map->space->mm;
	pte_t pte = ptep_get(ptep);
	pte_t new = map->saved;

	if (!pte_present(pte) || pte_pfn(pte) != map->hp->core.frame)
		return 0;
	dsm_lock();
	if (dsm_home_ok(&dsm.core, &map->hp->core, DSM_WRITE))
		c->access = DSM_WRITE;
	else if (dsm_home_ok(&dsm.core, &map->hp->core, DSM_READ))
		c->access = DSM_READ;
	else
		c->access = DSM_NONE;
	if (c->access > map->level) {
		if (map->level == DSM_NONE)
			new = pte_mkdirty(new);
		if (c->access == DSM_READ)
			new = pte_wrprotect(new);
		ptep_get_and_clear(mm, addr, ptep);
		set_pte_at(mm, addr, ptep, new);
		c->done = true;
	}
	dsm_unlock();
	/* Without this a TLB that knows it as read-only faults for ever. */
	if (c->done && map->level == DSM_READ && pte_write(new))
		flush_later(mm, addr);
	if (c->done)
		map->level = c->access;
	return 0;
}

static bool change_map(struct home_map *map, enum dsm_access access,
		       pte_fn_t fn)
{
	struct change c = { .map = map, .access = access };

	apply_to_existing_page_range(map->space->mm, map->index << PAGE_SHIFT,
				     PAGE_SIZE, fn, &c);
	return c.done;
}

/* False: the page is no longer where it was. */
static bool lower_maps(struct home_page *hp, enum dsm_access access)
{
	struct home_map *map;
	bool ok = true;

	list_for_each_entry(map, &hp->maps, list)
		if (map->has_pte && map->level > access)
			ok &= change_map(map, access, lower_pte);
	return ok;
}

/* Page table entries, here, that have the page. */
int home_mapcount(struct page *page)
{
	struct folio *folio = page_folio(page);
	int n = atomic_read(&page->_mapcount) + 1;

	if (folio_test_large(folio))
		n += folio_entire_mapcount(folio);
	return n;
}

/* Also where we do not know of? Nobody maps the page while its lock is held. */
static bool mapped_elsewhere(struct home_page *hp)
{
	int n = home_mapcount(hp->page);
	struct home_map *map;

	list_for_each_entry(map, &hp->maps, list)
		n -= map->has_pte;
	return n > 0;
}

static bool raise_map(struct home_map *map)
{
	return map->has_pte && map->level != DSM_WRITE &&
	       change_map(map, DSM_WRITE, raise_pte);
}

/* As far as the directory allows. Return: an entry has changed. */
bool protect_raise(struct home_page *hp)
{
	struct home_map *map;
	bool any = false;

	list_for_each_entry(map, &hp->maps, list)
		any |= raise_map(map);
	flush_now();
	return any;
}

/*
 * The pages are ours. What the entries were, they are again; but if another page
 * is at an address by now, that entry is not to be touched.
 */
void protect_end(struct dsm_space *space, const unsigned long *index,
		 struct home_page *const *hp, unsigned int n)
{
	struct home_map *map;
	unsigned int i;

	spin_lock(&dsm.maps);
	for (i = 0; i < n; i++) {
		map = xa_load(&space->maps, index[i]);
		if (!map || map->hp != hp[i])
			continue;
		raise_map(map);
		home_map_drop(map);
	}
	flush_now();
	spin_unlock(&dsm.maps);
}

void home_op_protect(void *ctx, struct dsm_page *page, enum dsm_access access,
		     u32 op)
{
	struct home_page *hp = container_of(page, struct home_page, core);

	hp->protecting = op;
	hp->protect_access = access;
	if (list_empty(&hp->protect)) {
		refcount_inc(&hp->refs);
		list_add_tail(&hp->protect, &protects);
	}
	serve_kick();
}

/**
 * struct protecting - pages that are lowered together
 * @hp: the pages
 * @op: as home_op_protect() was told
 * @access: the same
 * @ok: it could be done
 * @tidy: nobody is given the page: it failed, or was recalled meanwhile by somebody who
 *	could not let the entry go as long as we had it
 * @n: how many; one if it is HOME_SHARED, which needs the folio lock
 */
struct protecting {
	struct home_page *hp[PROTECT_BATCH];
	u32 op[PROTECT_BATCH];
	u8 access[PROTECT_BATCH];
	bool ok[PROTECT_BATCH];
	bool tidy[PROTECT_BATCH];
	unsigned int n;
};

/* Under dsm.maps. */
static bool lower(struct home_page *hp, enum dsm_access access)
{
	return hp->kind == HOME_FIXED ||
	       (lower_maps(hp, access) &&
		(hp->kind != HOME_SHARED || !mapped_elsewhere(hp)));
}

static void lower_all(struct protecting *p)
{
	unsigned int i;

	spin_lock(&dsm.maps);
	dsm_lock();
	for (i = 0; i < p->n; i++) {
		p->op[i] = p->hp[i]->protecting;
		p->access[i] = p->hp[i]->protect_access;
	}
	dsm_unlock_unsent();
	for (i = 0; i < p->n; i++)
		p->ok[i] = lower(p->hp[i], p->access[i]);
	flush_now();
	/* Only now nobody else gets at it by way of the entry. */
	for (i = 0; i < p->n; i++)
		p->ok[i] = p->ok[i] && !use_pinned(p->hp[i]);
	dsm_lock();
	for (i = 0; i < p->n; i++) {
		dsm_home_protected(&dsm.core, &p->hp[i]->core, p->op[i],
				   p->ok[i]);
		p->tidy[i] = !p->ok[i] ||
			     dsm_page_idle(&dsm.core, &p->hp[i]->core);
	}
	dsm_unlock();
	spin_unlock(&dsm.maps);
}

static void protect(struct protecting *p)
{
	struct home_page *first = p->hp[0];
	unsigned int i;

	if (first->kind == HOME_SHARED)
		lock_page(first->page);
	lower_all(p);
	if (first->kind == HOME_SHARED)
		unlock_page(first->page);
	for (i = 0; i < p->n; i++) {
		if (p->tidy[i])
			home_tidy(p->hp[i]);
		home_page_put(p->hp[i]);
	}
}

static bool next_protects(struct protecting *p)
{
	struct home_page *hp, *next;

	p->n = 0;
	dsm_lock();
	list_for_each_entry_safe(hp, next, &protects, protect) {
		if (p->n == PROTECT_BATCH || (p->n && hp->kind == HOME_SHARED))
			break;
		list_del_init(&hp->protect);
		p->hp[p->n++] = hp;
		if (hp->kind == HOME_SHARED)
			break;
	}
	/* What was granted without this goes out with what now will be. */
	if (p->n && p->hp[0]->kind != HOME_SHARED)
		dsm_unlock_unsent();
	else
		dsm_unlock();
	return p->n;
}

/* Return: something was done. */
bool protect_work(void)
{
	struct protecting p;

	if (!next_protects(&p))
		return false;
	protect(&p);
	return true;
}

bool protect_has_work(void)
{
	return !list_empty(&protects);
}
