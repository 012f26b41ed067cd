// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of files that other kernels keep when the process has ended that they read
 * them for: the next one finds its libraries there. No space shows them; the
 * directory knows who has them, and they are recalled as all others are.
 *
 * Nobody tells us when a file is written to. But then its time of change is another:
 * who wants such a page again gets it anew.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/shrinker.h>
#include <linux/timekeeping.h>

#include "glue.h"

static unsigned int keep = 4096;
module_param(keep, uint, 0644);
MODULE_PARM_DESC(keep,
		 "so many pages of files stay with kernels that had them");

static LIST_HEAD(kept); /* struct home_page, oldest first; under dsm.maps */
static unsigned int kept_n;
static unsigned int surplus; /* so many are to go; under dsm.maps */

/*
 * Is it one of a file, as it is on the disk, and will nobody write to it? The file
 * may leave memory at any time: under rcu_read_lock() the inode is still there.
 */
static struct inode *file_of(struct home_page *hp)
{
	struct folio *folio = page_folio(hp->page);
	struct address_space *mapping = folio_mapping(folio);

	if (!mapping || folio_test_anon(folio) || folio_test_swapcache(folio) ||
	    folio_test_dirty(folio) || folio_test_writeback(folio) ||
	    mapping_writably_mapped(mapping))
		return NULL;
	return mapping->host;
}

/* A change within the same tick would not show. */
static bool long_ago(struct timespec64 t)
{
	return ktime_get_real_seconds() > t.tv_sec + 1;
}

/* Under dsm.maps: a page is handed out for the first time. */
void keep_note(struct home_page *hp)
{
	struct inode *inode;

	rcu_read_lock();
	inode = hp->kind == HOME_PRIVATE ? file_of(hp) : NULL;
	hp->changed = inode ? inode_get_ctime(inode) : (struct timespec64){};
	rcu_read_unlock();
	hp->steady = inode && long_ago(hp->changed);
}

static bool unchanged(struct home_page *hp)
{
	struct timespec64 now = {};
	struct inode *inode;

	rcu_read_lock();
	inode = hp->steady ? file_of(hp) : NULL;
	if (inode)
		now = inode_get_ctime(inode);
	rcu_read_unlock();
	return inode && timespec64_equal(&now, &hp->changed);
}

static bool is_quiet(struct home_page *hp)
{
	bool quiet;

	dsm_lock();
	quiet = dsm_page_quiet(&hp->core);
	dsm_unlock_unsent();
	return quiet;
}

/*
 * The process ends. Return: its map is no more, and who has the page may keep it.
 * Nobody runs there who could read it at this address.
 */
static bool keep_page(struct home_map *map)
{
	struct home_page *hp = map->hp;

	if (!is_quiet(hp))
		return false;
	/* What others show as well, they have as it is. */
	if (list_is_singular(&hp->maps) &&
	    (map->prot & DSM_PROT_WRITE || !unchanged(hp)))
		return false;
	home_map_drop(map);
	if (list_empty(&hp->maps)) {
		list_add_tail(&hp->kept, &kept);
		kept_n++;
	}
	return true;
}

static void drop_surplus(struct work_struct *work);
static DECLARE_WORK(surplus_work, drop_surplus);

/* The notifier has seen to it that no map is made any more. */
void keep_pages(struct dsm_space *space)
{
	struct home_map *map;
	unsigned long index;

	spin_lock(&dsm.maps);
	xa_for_each(&space->maps, index, map)
		keep_page(map);
	if (kept_n > keep) {
		surplus = kept_n - keep + keep / 8;
		schedule_work(&surplus_work);
	}
	spin_unlock(&dsm.maps);
}

/* Both: under dsm.maps. */
void keep_end(struct home_page *hp)
{
	if (list_empty(&hp->kept))
		return;
	list_del_init(&hp->kept);
	kept_n--;
}

/* False: it has to be recalled first. */
bool keep_use(struct home_page *hp)
{
	if (list_empty(&hp->kept))
		return true;
	if (!unchanged(hp))
		return false;
	keep_end(hp);
	return true;
}

unsigned int keep_count(void)
{
	return READ_ONCE(kept_n);
}

static unsigned int take_oldest(struct home_page **hp, unsigned int max)
{
	struct home_page *each, *next;
	unsigned int n = 0;

	spin_lock(&dsm.maps);
	list_for_each_entry_safe(each, next, &kept, kept) {
		if (n == max || !surplus)
			break;
		refcount_inc(&each->refs);
		keep_end(each);
		hp[n++] = each;
		surplus--;
	}
	spin_unlock(&dsm.maps);
	return n;
}

static void drop_surplus(struct work_struct *work)
{
	struct home_page *hp[DSM_WIRE_BATCH];
	unsigned int i, n;

	while ((n = take_oldest(hp, ARRAY_SIZE(hp)))) {
		home_recall(hp, n);
		for (i = 0; i < n; i++)
			home_page_put(hp[i]);
		cond_resched();
	}
}

static unsigned long count_kept(struct shrinker *shrinker,
				struct shrink_control *sc)
{
	return keep_count();
}

/* Other kernels are not waited for here. */
static unsigned long scan_kept(struct shrinker *shrinker,
			       struct shrink_control *sc)
{
	if (!spin_trylock(&dsm.maps))
		return SHRINK_STOP;
	surplus = min_t(unsigned long, sc->nr_to_scan, kept_n);
	spin_unlock(&dsm.maps);
	schedule_work(&surplus_work);
	return SHRINK_STOP;
}

int keep_init(void)
{
	struct shrinker *shrinker = shrinker_alloc(0, "dsm-keep");

	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count_kept;
	shrinker->scan_objects = scan_kept;
	shrinker_register(shrinker);
	return 0;
}
