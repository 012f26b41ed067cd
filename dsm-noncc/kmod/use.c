// SPDX-License-Identifier: GPL-2.0
/*
 * What this kernel does with a frame of ours without a page table entry: devices
 * that read or write it, get_user_pages(), pipes, calls that read or write a file.
 *
 * None of it can be told to wait or be taken the page from. Where caches are kept by
 * hand, such a page is not handed out until that is over.
 */
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/tombolo.h>
#include <linux/workqueue.h>

#include "glue.h"

/* ---- references ---- */

/* Each has a reference to the folio. Under dsm.maps. */
static int entries_of(struct folio *folio)
{
	unsigned long first = folio_pfn(folio), pfn;
	struct home_page *hp;
	int n = 0;

	xa_for_each_range(&dsm.frames, pfn, hp, first,
			  first + folio_nr_pages(folio) - 1)
		n++;
	return n;
}

static bool referenced(struct folio *folio)
{
	return folio_ref_count(folio) >
	       folio_expected_ref_count(folio) + entries_of(folio);
}

/* Pages on their way to the LRU lists are in lists of each CPU, with a reference. */
static void drain_here(void)
{
	struct folio_batch none;

	folio_batch_init(&none);
	__folio_batch_release(&none);
}

static void drain(struct work_struct *work)
{
	drain_here();
}

static DEFINE_PER_CPU(struct work_struct, drains);

static void drain_all(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		queue_work_on(cpu, system_highpri_wq,
			      per_cpu_ptr(&drains, cpu));
}

/* What only this kernel reads may be read by others as well. */
static bool may_be_written(const struct home_page *hp)
{
	return hp->kind == HOME_SHARED ||
	       (hp->kind == HOME_PRIVATE &&
		folio_test_anon(page_folio(hp->page)));
}

/*
 * Has somebody a reference that no mapping, no cache and no entry of ours explains?
 * This is how migration and KSM ask.
 *
 * ORDER: pairs with the look that get_user_pages_fast() has at the entry after it has
 * taken its reference. Who has lowered the entry before sees the reference, or that
 * one sees the lowered entry and lets go. Only with the folio locked is a "no" final.
 */
static bool use_referenced(struct home_page *hp)
{
	struct folio *folio = page_folio(hp->page);

	lockdep_assert_held(&dsm.maps);
	if (!dsm.line || !may_be_written(hp))
		return false;
	smp_mb(); /* the entry was lowered before the references are read */
	if (!referenced(folio))
		return false;
	drain_here();
	if (!referenced(folio))
		return false;
	drain_all();
	return true;
}

/* The same of a page that has been lowered, for good. */
bool use_pinned(struct home_page *hp)
{
	struct folio *folio = page_folio(hp->page);
	bool pinned;

	if (!dsm.line || hp->kind != HOME_PRIVATE)
		return use_referenced(hp); /* the caller has locked it */
	if (!folio_trylock(folio))
		return true;
	pinned = use_referenced(hp);
	folio_unlock(folio);
	return pinned;
}

/* ---- calls that read or write files ---- */

/**
 * struct file_call - a call that is under way
 * @mapping: of the file
 * @first: index of its first page, as the call says
 * @end: of the page where the file ends: what is appended is written there
 * @n: so many pages, from either
 * @list: in calls
 * @over: on the caller's way to user mode
 */
struct file_call {
	struct address_space *mapping;
	pgoff_t first;
	pgoff_t end;
	pgoff_t n;
	struct list_head list;
	struct callback_head over;
};

static LIST_HEAD(calls); /* under dsm.maps */

static void call_over(struct callback_head *work)
{
	struct file_call *call = container_of(work, struct file_call, over);

	spin_lock(&dsm.maps);
	list_del(&call->list);
	spin_unlock(&dsm.maps);
	kfree(call);
}

/*
 * From now on these pages stay here, until the current thread returns to user mode.
 * Kernel threads do not: what they read and write can go again before they come
 * to it, and so it can if memory is short.
 */
static void call_begins(struct address_space *mapping, pgoff_t first,
			pgoff_t end, pgoff_t n)
{
	struct file_call *call;

	if (current->flags & PF_KTHREAD)
		return;
	call = kmalloc(sizeof(*call), GFP_KERNEL);
	if (!call)
		return;
	call->mapping = mapping;
	call->first = first;
	call->end = end;
	call->n = n;
	init_task_work(&call->over, call_over);
	spin_lock(&dsm.maps);
	list_add(&call->list, &calls);
	spin_unlock(&dsm.maps);
	if (task_work_add(current, &call->over, TWA_RESUME))
		call_over(&call->over);
}

static bool in_call(struct home_page *hp)
{
	struct folio *folio = page_folio(hp->page);
	pgoff_t index = folio->index + folio_page_idx(folio, hp->page);
	struct file_call *call;

	list_for_each_entry(call, &calls, list)
		if (call->mapping == folio->mapping &&
		    (index - call->first < call->n ||
		     index - call->end < call->n))
			return true;
	return false;
}

/* Under dsm.maps: may it not be handed out now? */
bool use_keeps(struct home_page *hp)
{
	return (hp->kind == HOME_SHARED && in_call(hp)) || use_referenced(hp);
}

/* Shared pages are in no page table but that of the space that lent them. */
struct home_page *use_shared_page(struct address_space *mapping, pgoff_t index)
{
	struct folio *folio = filemap_get_folio(mapping, index);
	struct home_page *hp;

	if (IS_ERR(folio))
		return NULL;
	hp = home_page_find(page_to_pfn(folio_file_page(folio, index)));
	folio_put(folio);
	return hp;
}

/* Who waits for it is told to ask again, and then that it is in use here. */
static void bring(struct address_space *mapping, pgoff_t index)
{
	struct home_page *hp = use_shared_page(mapping, index);

	if (!hp)
		return;
	dsm_count(file_io);
	home_recall_begin(&hp, 1);
	home_fetch(hp, DSM_WRITE);
	home_recall_end(&hp, 1);
	home_page_put(hp);
}

/* A call reads or writes the file behind its mappings' back. */
void use_file(struct address_space *mapping, loff_t pos, size_t n)
{
	loff_t size = i_size_read(mapping->host);
	pgoff_t first = pos >> PAGE_SHIFT, end = size >> PAGE_SHIFT, i;
	pgoff_t pages = DIV_ROUND_UP(n, PAGE_SIZE) + 1;

	if (!dsm.line)
		return;
	call_begins(mapping, first, end, pages);
	for (i = first; i < first + pages && i < end; i++) {
		bring(mapping, i);
		cond_resched();
	}
	bring(mapping, end);
}

void use_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_WORK(per_cpu_ptr(&drains, cpu), drain);
}
