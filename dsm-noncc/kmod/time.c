// SPDX-License-Identifier: GPL-2.0
/*
 * The time data of the vDSO where caches are not coherent.
 *
 * The home writes it at any time, and a program reads it without asking anybody.
 * So the home writes its lines back now and then, and a body has a copy of its
 * own that is made anew as often. Where all kernels count by one counter, what is
 * a little old still gives the right time: only the correction of the rate is
 * late. Elsewhere the copy says that there is no counter, so that programs make
 * the system call, which the home answers.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <vdso/datapage.h>

#include "glue.h"
#include "tombolo_cache.h"

#define EVERY (HZ / 20)

static bool one_counter;
module_param(one_counter, bool, 0444);
MODULE_PARM_DESC(one_counter,
		 "the counters of all kernels show the same at any time");

static LIST_HEAD(lent); /* struct home_page; under dsm.maps */
static LIST_HEAD(kept); /* struct body_copy; under body_unmapping */

static void write_back(struct work_struct *work);
static void refresh(struct work_struct *work);
static DECLARE_DELAYED_WORK(write_back_work, write_back);
static DECLARE_DELAYED_WORK(refresh_work, refresh);

/* Both clocks of a page count their changes; odd: one is being made. */
static bool stable(const struct vdso_data *d, u32 *seq)
{
	seq[CS_HRES_COARSE] = READ_ONCE(d[CS_HRES_COARSE].seq);
	seq[CS_RAW] = READ_ONCE(d[CS_RAW].seq);
	return !((seq[CS_HRES_COARSE] | seq[CS_RAW]) & 1);
}

static bool same(const u32 *a, const u32 *b)
{
	return !memcmp(a, b, CS_BASES * sizeof(*a));
}

/* ---- home ---- */

static void clean_stable(struct home_page *hp)
{
	const struct vdso_data *d = page_address(hp->page);
	u32 before[CS_BASES], after[CS_BASES];
	int tries = 8;

	do {
		stable(d, before);
		smp_rmb(); /* the words above before what they count */
		tombolo_cache_clean(d, PAGE_SIZE, dsm.line);
	} while ((!stable(d, after) || !same(before, after)) && --tries);
}

static void write_back(struct work_struct *work)
{
	struct home_page *hp;

	spin_lock(&dsm.maps);
	list_for_each_entry(hp, &lent, time)
		clean_stable(hp);
	if (!list_empty(&lent))
		schedule_delayed_work(&write_back_work, EVERY);
	spin_unlock(&dsm.maps);
}

/* Both: under dsm.maps. */
void time_lend(struct home_page *hp)
{
	if (!dsm.line)
		return;
	list_add(&hp->time, &lent);
	schedule_delayed_work(&write_back_work, 0);
}

void time_end(struct home_page *hp)
{
	list_del_init(&hp->time);
}

/* ---- body ---- */

/* 0, or -EAGAIN: it changes just now. */
static int read_stable(struct vdso_data *to, const void *from, u32 *seq)
{
	u32 after[CS_BASES];

	tombolo_cache_inval(from, PAGE_SIZE, dsm.line);
	memcpy(to, from, PAGE_SIZE);
	tombolo_cache_inval(from, PAGE_SIZE, dsm.line);
	if (!stable(to, seq) || !stable(from, after) || !same(seq, after))
		return -EAGAIN;
	return 0;
}

/* Programs may be reading: they see an odd count meanwhile, and wait. */
static void replace(struct vdso_data *to, struct vdso_data *from,
		    const u32 *seq)
{
	int i;

	for (i = 0; i < CS_BASES; i++) {
		WRITE_ONCE(to[i].seq, seq[i] - 1);
		from[i].seq = seq[i] - 1;
		if (!one_counter)
			from[i].clock_mode = VDSO_CLOCKMODE_NONE;
	}
	smp_wmb(); /* odd before the change, the change before even */
	memcpy(to, from, PAGE_SIZE);
	smp_wmb(); /* see above */
	for (i = 0; i < CS_BASES; i++)
		WRITE_ONCE(to[i].seq, seq[i]);
}

int time_copy(void *to, const void *from)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u32 seq[CS_BASES];
	int err, tries = 64;

	if (!page)
		return -ENOMEM;
	do {
		err = read_stable(page_address(page), from, seq);
	} while (err && --tries);
	if (!err)
		replace(to, page_address(page), seq);
	__free_page(page);
	return err;
}

static void refresh(struct work_struct *work)
{
	struct body_copy *copy;

	mutex_lock(&body_unmapping);
	list_for_each_entry(copy, &kept, time)
		if (copy->replica)
			time_copy(page_address(copy->replica),
				  dsm_frame_address(copy->core.frame));
	if (!list_empty(&kept))
		schedule_delayed_work(&refresh_work, EVERY);
	mutex_unlock(&body_unmapping);
}

void time_keep(struct body_copy *copy)
{
	mutex_lock(&body_unmapping);
	if (copy->replica && list_empty(&copy->time))
		list_add(&copy->time, &kept);
	mutex_unlock(&body_unmapping);
	schedule_delayed_work(&refresh_work, EVERY);
}
