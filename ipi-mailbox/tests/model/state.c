// SPDX-License-Identifier: GPL-2.0
/* Sections by number, and what becomes of them, each worked out once. */
#include <stdio.h>
#include "kernel.h"
#include "state.h"

/* What is remembered: the upper bits of a memo's key. */
enum kind { WRITTEN = 1, READ, MB, FENCE, REBOOT, HAS_WORD, WRECKS };

#define MAX_WRECKS 4096
/* What is left by earlier incarnations: the hello's line and the beat's. */
#define LEFT_WORDS (2 * LINE_WORDS)

static struct intern ways, wreck_lists;
static struct memo memo;
static struct wreck wrecks[MAX_WRECKS];
static u32 wrecks_n;

static u64 key_of(enum kind kind, u32 id, u32 with)
{
	return (u64)kind << 60 | (u64)id << 30 | with;
}

u32 way_keep(const struct way *from)
{
	struct way way = *from;
	u8 packed[sizeof(way)];

	return intern(&ways, packed, way_pack(&way, packed));
}

void way_get(u32 id, struct way *way)
{
	way_unpack(way, intern_get(&ways, id));
}

u32 way_first(u32 owner)
{
	struct way way;
	u32 i;

	machine_reset(&way);
	for (i = 0; cfg->left && !cfg->fresh && i < LEFT_WORDS; i++)
		machine_poke(&way, word_of(owner, section(owner) + i * 4),
			     cfg->left(owner, i));
	return way_keep(&way);
}

u32 way_written(u32 id, const struct op *ops, u32 n, u32 list)
{
	u32 *known = memo_find(&memo, key_of(WRITTEN, id, list));
	struct way way;
	u32 i;

	if (known)
		return *known;
	way_get(id, &way);
	for (i = 0; i < n; i++)
		machine_write_op(&way, &ops[i]);
	return memo_add(&memo, key_of(WRITTEN, id, list), way_keep(&way));
}

u32 way_read(u32 id, const struct op *ops, u32 n, u32 list)
{
	u32 *known = memo_find(&memo, key_of(READ, id, list));
	struct way way;
	u32 i;

	if (known)
		return *known;
	way_get(id, &way);
	for (i = 0; i < n; i++)
		machine_read_op(&way, &ops[i]);
	return memo_add(&memo, key_of(READ, id, list), way_keep(&way));
}

u32 way_mb(u32 id)
{
	u32 *known = memo_find(&memo, key_of(MB, id, 0));
	const struct op op = { .type = OP_MB };
	struct way way;

	if (known)
		return *known;
	way_get(id, &way);
	machine_write_op(&way, &op);
	return memo_add(&memo, key_of(MB, id, 0), way_keep(&way));
}

static u32 fence(u32 id, enum kind kind)
{
	u32 *known = memo_find(&memo, key_of(kind, id, 0));
	struct way way;

	if (known)
		return *known;
	way_get(id, &way);
	if (kind == REBOOT)
		way.seen_n = 0;
	machine_fence(&way);
	return memo_add(&memo, key_of(kind, id, 0), way_keep(&way));
}

u32 way_fence(u32 id)
{
	return fence(id, FENCE);
}

u32 way_reboot(u32 id)
{
	return fence(id, REBOOT);
}

bool way_has_word(u32 id, u16 word)
{
	u32 *known = memo_find(&memo, key_of(HAS_WORD, id, word));
	bool has = false;
	struct way way;
	u32 i;

	if (known)
		return *known;
	way_get(id, &way);
	for (i = 0; i < way.landed_n; i++)
		has |= way.landed[i].word == word;
	for (i = 0; i < way.pending_n; i++)
		has |= way.pending[i].word == word;
	return memo_add(&memo, key_of(HAS_WORD, id, word), has);
}

static void add_wreck(void *ctx, struct way *way, const char *how)
{
	u32 id = way_keep(way);
	u32 i;

	(void)ctx;
	for (i = 0; i < wrecks_n; i++)
		if (wrecks[i].way == id)
			return;
	if (wrecks_n == MAX_WRECKS)
		die("a crash may leave too much");
	memset(&wrecks[wrecks_n], 0, sizeof(*wrecks));
	wrecks[wrecks_n].way = id;
	snprintf(wrecks[wrecks_n].how, sizeof(wrecks->how), "%s", how);
	wrecks_n++;
}

const struct wreck *way_wrecks(u32 id, u32 *n)
{
	u32 *known = memo_find(&memo, key_of(WRECKS, id, 0));
	struct way way;
	u32 list;

	if (known) {
		list = *known;
	} else {
		way_get(id, &way);
		wrecks_n = 0;
		machine_crash(&way, add_wreck, NULL);
		list = intern(&wreck_lists, wrecks, wrecks_n * sizeof(*wrecks));
		memo_add(&memo, key_of(WRECKS, id, 0), list);
	}
	*n = (u32)(intern_len(&wreck_lists, list) / sizeof(*wrecks));
	return intern_get(&wreck_lists, list);
}

u32 ways_count(void)
{
	return ways.n;
}
