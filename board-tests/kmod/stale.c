// SPDX-License-Identifier: GPL-2.0
/*
 * stale.c: for tests, a module that makes the mistake which the caches' sanitizer
 * is there to find. In one kernel (write=1) it writes a line and then a flag, as
 * one has to; in another it waits for the flag, as one has to, and reads the line
 * as it is in its caches.
 */

#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/module.h>

#include "tombolo_cache.h"

/* Two lines of memory that all kernels share, and that nobody uses */
static unsigned long at;
module_param(at, ulong, 0);
static bool write;
module_param(write, bool, 0);

#define FLAG  64
#define TRIES 1000

static void write_both(u64 *line, u64 *flag, unsigned int bytes)
{
	WRITE_ONCE(*line, 1);
	tombolo_cache_clean(line, sizeof(*line), bytes);
	WRITE_ONCE(*flag, 1);
	tombolo_cache_clean(flag, sizeof(*flag), bytes);
}

static noinline int read_both(const u64 *line, const u64 *flag,
			      unsigned int bytes)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		tombolo_cache_inval(flag, sizeof(*flag), bytes);
		if (READ_ONCE(*flag))
			break;
		msleep(20);
	}
	if (i == TRIES)
		return -ETIMEDOUT;
	/* The mistake: no invalidation of the line */
	pr_info("tombolo-stale: read %llu\n", READ_ONCE(*line));
	return 0;
}

static int __init stale_init(void)
{
	unsigned int bytes = tombolo_cache_line();
	void *lines = memremap(at, 2 * FLAG, MEMREMAP_WB);
	int ret = 0;

	if (!lines)
		return -ENOMEM;
	if (write)
		write_both(lines, lines + FLAG, bytes);
	else
		ret = read_both(lines, lines + FLAG, bytes);
	memunmap(lines);
	return ret;
}

static void __exit stale_exit(void)
{
}
module_init(stale_init);
module_exit(stale_exit);

MODULE_DESCRIPTION("Read a line that was not invalidated, for tests");
MODULE_LICENSE("GPL");
