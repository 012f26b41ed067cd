// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/dsm: numbers for people and scripts, "name value" per line.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "glue.h"

static const char *const counter_names[] = {
#define C(name) #name,
	DSM_COUNTERS(C)
#undef C
};

static const char *const message_names[] = {
#define MSG(name, number, who, text) [number] = #name,
#include "dsm_messages.def"
};

static void show_core(struct seq_file *m, const struct dsm_stats *s)
{
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(message_names); i++) {
		seq_printf(m, "sent_%s %llu\n", message_names[i], s->sent[i]);
		seq_printf(m, "received_%s %llu\n", message_names[i],
			   s->received[i]);
	}
	seq_printf(m, "grants_read %llu\n", s->grants[DSM_READ]);
	seq_printf(m, "grants_write %llu\n", s->grants[DSM_WRITE]);
	seq_printf(m, "forwards %llu\n", s->forwards);
	seq_printf(m, "recalls %llu\n", s->recalls);
	seq_printf(m, "takes %llu\n", s->takes);
	seq_printf(m, "retries %llu\n", s->retries);
	seq_printf(m, "voids %llu\n", s->voids);
	seq_printf(m, "holds %llu\n", s->holds);
	seq_printf(m, "lost %llu\n", s->lost);
	seq_printf(m, "bad %llu\n", s->bad);
	seq_printf(m, "frames_cleaned %llu\n", s->cleans);
	seq_printf(m, "frames_invalidated %llu\n", s->invals);
	seq_printf(m, "lines_cleaned %llu\n",
		   dsm.line ? s->cleans * (PAGE_SIZE / dsm.line) : 0);
	seq_printf(m, "lines_invalidated %llu\n",
		   dsm.line ? s->invals * (PAGE_SIZE / dsm.line) : 0);
}

static int stats_show(struct seq_file *m, void *unused)
{
	struct dsm_stats stats;
	unsigned int i;

	dsm_lock();
	stats = dsm.core.stats;
	dsm_unlock();
	show_core(m, &stats);
	for (i = 0; i < DSM_C_COUNT; i++)
		seq_printf(m, "%s %lld\n", counter_names[i],
			   atomic64_read(&dsm.count[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static unsigned long entries(struct xarray *xa)
{
	unsigned long i, n = 0;
	void *entry;

	xa_for_each(xa, i, entry)
		n++;
	return n;
}

/* What is held now: after everything has ended, nothing. */
static int held_show(struct seq_file *m, void *unused)
{
	u32 k;

	seq_printf(m, "spaces %lu\n", entries(&dsm.spaces));
	seq_printf(m, "frames %lu\n", entries(&dsm.frames));
	seq_printf(m, "kept %u\n", keep_count());
	seq_printf(m, "asks %u\n", asks_count());
	for (k = 0; k < dsm.core.kernels; k++)
		seq_printf(m, "copies_of_kernel%u %lu\n", k,
			   entries(&dsm.copies[k]));
	for (k = 0; k < dsm.core.kernels; k++)
		seq_printf(m, "link%u %s\n", k,
			   dsm.link[k].up   ? "up" :
			   dsm.link[k].gone ? "gone" :
					      "down");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(held);

/* What the directory says of each frame that is not just ours. */
static int frames_show(struct seq_file *m, void *unused)
{
	struct home_page *hp;
	unsigned long pfn;

	seq_puts(
		m,
		"frame state holders waiting for want asks recalls timer mapped\n");
	rcu_read_lock();
	xa_for_each(&dsm.frames, pfn, hp)
		seq_printf(m, "%lx %u %02x %02x %d %u %u %u %u %u\n", pfn,
			   hp->core.state, hp->core.holders, hp->core.waiting,
			   hp->core.op_kernel == DSM_NOBODY ?
				   -1 :
				   hp->core.op_kernel,
			   hp->core.want, !!hp->core.asks, hp->core.recalls,
			   hp->core.timer, !list_empty(&hp->maps));
	rcu_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(frames);

static int copies_show(struct seq_file *m, void *unused)
{
	struct body_copy *copy;
	unsigned long pfn;
	u32 k;

	seq_puts(m, "home frame phase access unmapping mapped\n");
	rcu_read_lock();
	for (k = 0; k < dsm.core.kernels; k++)
		xa_for_each(&dsm.copies[k], pfn, copy)
			seq_printf(m, "%u %lx %u %u %u %u\n", k, pfn,
				   copy->core.phase, copy->core.access,
				   !list_empty(&copy->unmap),
				   !list_empty(&copy->maps));
	rcu_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(copies);

static void show_hot(struct seq_file *m, struct dsm_space *space,
		     struct dsm_hot *hot)
{
	struct dsm_hot_page *p;

	spin_lock(&space->hot_lock);
	*hot = space->hot;
	spin_unlock(&space->hot_lock);
	for (p = hot->set[0]; p < hot->set[DSM_HOT_SETS]; p++)
		if (dsm_hot_total(p))
			seq_printf(m, "%d %llx %llu %llu %llu %llu %x %x\n",
				   pid_vnr(space->pid), p->page << PAGE_SHIFT,
				   p->count[DSM_HOT_READ],
				   p->count[DSM_HOT_WRITE],
				   p->count[DSM_HOT_HOME], p->inherited,
				   p->away, p->home);
}

/* What kernels wait for most of our processes' pages; not in order. */
static int hot_show(struct seq_file *m, void *unused)
{
	struct dsm_hot *hot = kmalloc(sizeof(*hot), GFP_KERNEL);
	struct dsm_space *space;
	unsigned long n;

	if (!hot)
		return -ENOMEM;
	seq_puts(m, "pid page read write home inherited away_at home_at\n");
	for (n = 0; (space = dsm_space_next(&n)); n++) {
		if (!READ_ONCE(space->dead))
			show_hot(m, space, hot);
		dsm_space_put(space);
	}
	kfree(hot);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(hot);

/* By what names messages are told from those of other lives. */
static int peers_show(struct seq_file *m, void *unused)
{
	u32 k;

	seq_puts(m, "kernel incarnation\n");
	for (k = 0; k < dsm.core.kernels; k++)
		seq_printf(m, "%u %u\n", k,
			   k == dsm.core.self ? dsm.core.inc :
						dsm.core.peer[k].inc);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(peers);

int dsm_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("dsm", NULL);

	debugfs_create_file("stats", 0444, dir, NULL, &stats_fops);
	debugfs_create_file("frames", 0400, dir, NULL, &frames_fops);
	debugfs_create_file("copies", 0400, dir, NULL, &copies_fops);
	debugfs_create_file("hot", 0400, dir, NULL, &hot_fops);
	debugfs_create_file("held", 0444, dir, NULL, &held_fops);
	debugfs_create_file("peers", 0400, dir, NULL, &peers_fops);
	return 0;
}
