// SPDX-License-Identifier: GPL-2.0
/* Hash consing, and tables of what has been worked out. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "intern.h"

#define INTERN_BYTES   (1ull << 36) /* reserved, not used */
#define INTERN_STRINGS (1ull << 28)

void die(const char *why)
{
	fprintf(stderr, "explore: %s\n", why);
	exit(2);
}

/* Zeroed memory that costs nothing until it is touched, and never moves. */
void *big_alloc(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		die("cannot reserve address space");
	return p;
}

static u64 mix(u64 a, u64 b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (u64)m ^ (u64)(m >> 64);
}

u64 hash_bytes(const void *p, size_t n)
{
	u64 h = 0x9e3779b97f4a7c15ull ^ n;
	const u8 *at = p;
	u64 w;

	for (; n >= 8; n -= 8, at += 8) {
		memcpy(&w, at, 8);
		h = mix(h ^ w, 0xa0761d6478bd642full);
	}
	w = 0;
	memcpy(&w, at, n);
	return mix(h ^ w, 0x8ebc6af09c88c6e3ull);
}

static u64 memo_slot(const struct memo *m, u64 key)
{
	u64 i = mix(key, 0xe7037ed1a0b428dbull) & (m->size - 1);

	while (m->entries[i].key && m->entries[i].key != key)
		i = (i + 1) & (m->size - 1);
	return i;
}

static void memo_grow(struct memo *m)
{
	struct memo old = *m;
	u64 i;
	u32 o;

	m->size = old.size ? old.size * 2 : 4096;
	m->entries = calloc(m->size, sizeof(*m->entries));
	if (!m->entries)
		die("out of memory");
	for (o = 0; o < old.size; o++) {
		if (!old.entries[o].key)
			continue;
		i = memo_slot(m, old.entries[o].key);
		m->entries[i] = old.entries[o];
	}
	free(old.entries);
}

u32 *memo_find(struct memo *m, u64 key)
{
	u64 i;

	if (!m->size)
		return NULL;
	i = memo_slot(m, key);
	return m->entries[i].key ? &m->entries[i].value : NULL;
}

/* Return: @value. */
u32 memo_add(struct memo *m, u64 key, u32 value)
{
	u64 i;

	if (m->n * 2 >= m->size)
		memo_grow(m);
	i = memo_slot(m, key);
	m->entries[i].key = key;
	m->entries[i].value = value;
	m->n++;
	return value;
}

static void put(struct intern *t, u64 h, u32 id)
{
	u64 i = h & (t->size - 1);

	while (t->slots[i])
		i = (i + 1) & (t->size - 1);
	t->slots[i] = id + 1;
}

static void grow(struct intern *t)
{
	u32 id;

	free(t->slots);
	t->size = t->size ? t->size * 2 : 1024;
	t->slots = calloc(t->size, sizeof(*t->slots));
	if (!t->slots)
		die("out of memory");
	for (id = 0; id < t->n; id++)
		put(t, hash_bytes(intern_get(t, id), intern_len(t, id)), id);
}

u32 intern(struct intern *t, const void *p, size_t n)
{
	u64 h = hash_bytes(p, n);
	u64 i;
	u32 id;

	if (!t->data) {
		t->data = big_alloc(INTERN_BYTES);
		t->start = big_alloc(INTERN_STRINGS * sizeof(*t->start));
	}
	if (t->n * 2 >= t->size)
		grow(t);
	for (i = h & (t->size - 1); t->slots[i]; i = (i + 1) & (t->size - 1)) {
		id = t->slots[i] - 1;
		if (intern_len(t, id) == n && !memcmp(intern_get(t, id), p, n))
			return id;
	}
	id = t->n++;
	memcpy(t->data + t->start[id], p, n);
	t->start[id + 1] = t->start[id] + n;
	t->slots[i] = id + 1;
	return id;
}
