// SPDX-License-Identifier: GPL-2.0
// memory.c - the program's mappings: where they lie is chosen here, so that the
// addresses are free on every ISA, and what there is is known at a migration.
#include "runtime.h"

static u32 locked;

static _Thread_local u64 mask_before;

/*
 * Only the home changes anything; the number tells the others that it does. No
 * signal comes meanwhile: its handler may map something, or end the thread.
 */
void tb_memory_lock(void)
{
	u64 all = ~0UL;

	sys4(SYS_rt_sigprocmask, 2, &all, &mask_before, 8);
	tb_lock(&locked);
	__atomic_fetch_add(&tb_state->changing, 1, __ATOMIC_SEQ_CST);
}

void tb_memory_unlock(void)
{
	__atomic_fetch_add(&tb_state->changing, 1, __ATOMIC_SEQ_CST);
	if (tb_state->shared || tb_state->threads)
		tb_futex_wake(&tb_state->changing);
	tb_unlock(&locked);
	sys4(SYS_rt_sigprocmask, 2, &mask_before, 0, 8);
}

static u64 up(u64 len)
{
	return (len + TB_PAGE - 1) & -TB_PAGE;
}

static long native_mmap(u64 at, u64 len, long prot, long flags, long fd,
			long off)
{
	return sys(SYS_mmap, (long)at, (long)len, prot, flags, fd, off);
}

/* Memory that only this ISA sees: native stacks. */
void *tb_native_map(u64 len)
{
	long p = native_mmap(0, len, TB_PROT_RW,
			     TB_MAP_PRIVATE | TB_MAP_ANON | TB_MAP_NORESERVE,
			     -1, 0);

	if (p < 0)
		tb_die("no memory for a native stack", "");
	return (void *)p;
}

void tb_memory_init(void)
{
	long p = native_mmap(
		TB_STATE_AT, up(sizeof(struct tb_world)), TB_PROT_RW,
		TB_MAP_PRIVATE | TB_MAP_ANON | TB_MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (long)TB_STATE_AT)
		tb_die("the address of the state is taken", "");
}

/* Index of the first mapping that ends above addr. */
static u64 find(u64 addr)
{
	u64 low = 0;
	u64 high = tb_state->maps;

	while (low < high) {
		u64 mid = (low + high) / 2;

		if (tb_state->map[mid].start + tb_state->map[mid].len <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void remove_at(u64 i)
{
	struct tb_world *s = tb_state;

	s->maps--;
	for (; i < s->maps; i++)
		s->map[i] = s->map[i + 1];
}

static int insert_map(const struct tb_map *new)
{
	struct tb_world *s = tb_state;
	u64 i = find(new->start);
	u64 j;

	if (s->maps == TB_MAPS)
		return 0;
	for (j = s->maps++; j > i; j--)
		s->map[j] = s->map[j - 1];
	s->map[i] = *new;
	return 1;
}

static int insert(u64 start, u64 len, u32 prot, u32 kind)
{
	struct tb_map new = { start, len, prot, kind, 0, -1, 0 };

	return insert_map(&new);
}

/* Neighbours that differ in nothing become one. */
static void merge_around(u64 addr)
{
	struct tb_map *m = tb_state->map;
	u64 i = find(addr);

	i = i ? i - 1 : 0;
	while (i + 1 < tb_state->maps && m[i].start <= addr) {
		if (m[i].start + m[i].len == m[i + 1].start &&
		    m[i].prot == m[i + 1].prot && m[i].kind == TB_NORMAL &&
		    m[i + 1].kind == TB_NORMAL) {
			m[i].len += m[i + 1].len;
			remove_at(i + 1);
		} else {
			i++;
		}
	}
}

/* Makes addr a border between two mappings. */
static int split(u64 addr)
{
	u64 i = find(addr);
	struct tb_map *m = &tb_state->map[i];
	struct tb_map rest = *m;
	u64 before = addr - m->start;

	if (i == tb_state->maps || m->start >= addr)
		return 1;
	rest.start = addr;
	rest.len -= before;
	rest.offset += before;
	m->len = before;
	if (insert_map(&rest))
		return 1;
	m->len += rest.len;
	return 0;
}

/* Native stacks of a state that was saved: nothing is on them any more. */
void tb_forget_native(void)
{
	u64 i = 0;

	while (i < tb_state->maps)
		if (tb_state->map[i].kind == TB_NATIVE)
			remove_at(i);
		else
			i++;
}

int tb_map_has_fd(long fd)
{
	u64 i;

	for (i = 0; i < tb_state->maps; i++)
		if (tb_state->map[i].kind == TB_SHARED &&
		    tb_state->map[i].fd == fd)
			return 1;
	return 0;
}

static int forget(u64 start, u64 len)
{
	struct tb_map was;
	u64 i;

	if (!split(start) || !split(start + len))
		return 0;
	i = find(start);
	while (i < tb_state->maps && tb_state->map[i].start < start + len) {
		was = tb_state->map[i];
		remove_at(i);
		if (was.kind == TB_SHARED && was.fd >= 0 &&
		    !tb_map_has_fd(was.fd))
			sys1(SYS_close, was.fd);
	}
	return 1;
}

/* First gap that is large enough; 0 if there is none. */
static u64 gap(u64 len)
{
	u64 at = TB_ARENA_START;
	u64 i;

	for (i = find(at); i < tb_state->maps; i++) {
		struct tb_map *m = &tb_state->map[i];

		if (m->start >= TB_ARENA_END || m->start - at >= len)
			break;
		at = m->start + m->len;
	}
	return at + len <= TB_ARENA_END ? at : 0;
}

/*
 * What others share too. The processes of the other ISAs take it from a
 * descriptor of the home's; an exec would end it.
 */
static long map_shared(u64 addr, u64 len, long prot, long flags, long fd,
		       long off)
{
	struct tb_map new = { addr, len, prot, TB_SHARED, off, -1, 0 };
	long p;

	if (tb_state->shared) {
		new.fd = tb_share_source(flags, fd, len);
		if (new.fd < 0)
			return new.fd;
		p = native_mmap(addr, len, prot, flags & ~(long)TB_MAP_ANON,
				new.fd, off);
		if (p < 0)
			sys1(SYS_close, new.fd);
	} else {
		p = native_mmap(addr, len, prot, flags, fd, off);
	}
	if (p < 0)
		return p;
	tb_state->pinned = 1;
	insert_map(&new);
	return p;
}

static long map_locked(u64 addr, u64 len, long prot, long flags, long fd,
		       long off, u32 kind)
{
	long p;

	if (flags & (TB_MAP_FIXED | TB_MAP_FIXED_NOREPLACE)) {
		if (addr < TB_ARENA_START || addr + len > TB_ARENA_END)
			return -TB_EINVAL;
		if (flags & TB_MAP_FIXED && !forget(addr, len))
			return -TB_ENOMEM;
		if (flags & TB_MAP_FIXED && tb_state->shared)
			tb_share_drop(addr, len);
	} else {
		addr = gap(len);
		if (!addr)
			return -TB_ENOMEM;
		flags |= TB_MAP_FIXED_NOREPLACE;
	}
	if (tb_state->maps + 3 > TB_MAPS)
		return -TB_ENOMEM;
	if (flags & TB_MAP_SHARED)
		return map_shared(addr, len, prot, flags, fd, off);
	if (tb_state->shared)
		p = tb_share_mmap(addr, len, prot, flags, fd, off);
	else
		p = native_mmap(addr, len, prot, flags, fd, off);
	if (p < 0)
		return p;
	insert(addr, len, prot, kind);
	merge_around(addr);
	return p;
}

long tb_mmap(u64 addr, u64 len, long prot, long flags, long fd, long off,
	     u32 kind)
{
	long ret;

	if (!len)
		return -TB_EINVAL;
	tb_memory_lock();
	ret = map_locked(addr, up(len), prot, flags, fd, off, kind);
	tb_memory_unlock();
	return ret;
}

long tb_munmap(u64 start, u64 len)
{
	long ret = -TB_ENOMEM;

	len = up(len);
	tb_memory_lock();
	if (tb_state->maps + 2 <= TB_MAPS) {
		ret = sys2(SYS_munmap, start, len);
		if (!ret)
			forget(start, len);
		if (!ret && tb_state->shared)
			tb_share_drop(start, len);
	}
	tb_memory_unlock();
	return ret;
}

long tb_mprotect(u64 start, u64 len, long prot)
{
	long ret = -TB_ENOMEM;
	u64 i;

	len = up(len);
	tb_memory_lock();
	if (tb_state->maps + 2 <= TB_MAPS)
		ret = sys3(SYS_mprotect, start, len, prot);
	if (!ret && start >= TB_ARENA_START && split(start) &&
	    split(start + len)) {
		for (i = find(start);
		     i < tb_state->maps && tb_state->map[i].start < start + len;
		     i++)
			tb_state->map[i].prot = prot;
		merge_around(start);
		merge_around(start + len);
		if (tb_state->shared)
			tb_share_again(start, len);
	}
	tb_memory_unlock();
	return ret;
}

/* In place when there is room behind; else to a place chosen here. */
long tb_mremap(u64 old, u64 old_len, u64 len, u64 flags, u64 to)
{
	enum { MAYMOVE = 1, FIXED = 2 };
	long ret = -TB_ENOMEM;
	u32 prot;
	u64 i;

	old_len = up(old_len);
	len = up(len);
	if (flags & ~(u64)MAYMOVE || !len)
		return -TB_EINVAL;
	if (tb_state->shared && len > old_len) /* realloc() knows what to do */
		return -TB_ENOMEM;
	(void)to;
	tb_memory_lock();
	i = find(old);
	if (i == tb_state->maps || tb_state->map[i].start > old ||
	    tb_state->maps + 3 > TB_MAPS)
		goto out;
	prot = tb_state->map[i].prot;
	if (len <= old_len) {
		ret = sys(SYS_mremap, old, old_len, len, 0, 0, 0);
		if (ret >= 0 && len < old_len) {
			forget(old + len, old_len - len);
			if (tb_state->shared)
				tb_share_drop(old + len, old_len - len);
		}
		goto out;
	}
	to = flags & MAYMOVE ? gap(len) : 0;
	if (!to)
		goto out;
	ret = sys(SYS_mremap, old, old_len, len, MAYMOVE | FIXED, to, 0);
	if (ret < 0)
		goto out;
	forget(old, old_len);
	insert(to, len, prot, TB_NORMAL);
	merge_around(to);
out:
	tb_memory_unlock();
	return ret;
}

/* Of a list that does not change now: whether there is one, and which */
int tb_peek_map(u64 addr, struct tb_map *map)
{
	u64 i = find(addr);

	if (i >= tb_state->maps || i >= TB_MAPS)
		return 0;
	*map = tb_state->map[i];
	return map->start <= addr;
}

/* Waits, asleep, until nobody changes the list: it has not changed since then ... */
u32 tb_settled(void)
{
	u32 *changing = &tb_state->changing, now;

	while ((now = __atomic_load_n(changing, __ATOMIC_SEQ_CST)) & 1)
		tb_futex_wait(changing, now);
	return now;
}

/* ... if the number is still this one. */
int tb_is_settled(u32 since)
{
	return __atomic_load_n(&tb_state->changing, __ATOMIC_SEQ_CST) == since;
}

/* The mapping at addr, as it was at one moment. Takes no lock: for any process. */
int tb_find_map(u64 addr, struct tb_map *map)
{
	u32 since;
	int found;

	do {
		since = tb_settled();
		found = tb_peek_map(addr, map);
	} while (!tb_is_settled(since));
	return found;
}

int tb_is_mapped(u64 addr, u64 len)
{
	extern char __tombolo_data_start[], __tombolo_data_end[];
	struct tb_map map;

	if (addr >= (u64)__tombolo_data_start &&
	    addr + len <= (u64)__tombolo_data_end)
		return 1;
	return tb_find_map(addr, &map) && addr + len <= map.start + map.len &&
	       map.prot & 2;
}
