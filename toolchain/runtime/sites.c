// SPDX-License-Identifier: GPL-2.0
// sites.c - for tests: notes in the file that TOMBOLO_SITES names each site at
// which a frame was taken apart, once: the address of its clone and its number.
#include "runtime.h"

#define O_WRONLY_CREAT_APPEND 02101 /* generic numbers, which sys() takes */
#define AT_FDCWD	      -100
#define SEEN		      (1u << 16)

static u64 *seen;
static int file = -1;

static int is_new(u64 key)
{
	u32 at = (u32)(key * 0x9e3779b97f4a7c15UL >> 48), tried;

	for (tried = 0; tried < SEEN; tried++) {
		u64 *slot = &seen[(at + tried) % SEEN];

		if (*slot == key)
			return 0;
		if (!*slot) {
			*slot = key;
			return 1;
		}
	}
	return 1;
}

static void note(const struct tb_record *r)
{
	char line[64], *end = line + sizeof(line), *at, *site;

	site = tb_decimal(end, r->site);
	at = tb_decimal(site, (u64)r->resume);
	end[-1] = '\n';
	site[-1] = ' ';
	sys3(SYS_write, file, at, end - at);
}

static int prepare(void)
{
	const char *path = tb_env(tb_envp, "TOMBOLO_SITES");

	if (!path)
		return 0;
	if (!seen)
		seen = tb_native_map(SEEN * sizeof(*seen));
	if (file < 0)
		file = (int)sys4(SYS_openat, AT_FDCWD, path,
				 O_WRONLY_CREAT_APPEND, 0666);
	return seen && file >= 0;
}

/* All frames are records now: the last one is the outermost. */
void tb_note_sites(const struct tb_record *last)
{
	if (!prepare())
		return;
	for (; last; last = last->prev)
		if (is_new((u64)last->resume << 16 ^ (last->site + 1)))
			note(last);
	sys1(SYS_close, file);
	file = -1;
}
