// SPDX-License-Identifier: GPL-2.0
/* Hash consing, and the hash by which states are told apart. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "intern.h"

#define INTERN_BYTES   (1ull << 36) /* reserved, not used */
#define INTERN_STRINGS (1ull << 28)

/* Zeroed memory that costs nothing until it is touched, and never moves. */
void *big_alloc(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("explore: cannot reserve address space");
		exit(2);
	}
	return p;
}

static u64 mix(u64 a, u64 b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (u64)m ^ (u64)(m >> 64);
}

struct hash128 hash_bytes(const void *p, size_t n)
{
	struct hash128 h = { 0x9e3779b97f4a7c15ull ^ n,
			     0xd1b54a32d192ed03ull + n };
	const u8 *at = p;
	u64 w;

	for (; n >= 8; n -= 8, at += 8) {
		memcpy(&w, at, 8);
		h.a = mix(h.a ^ w, 0xa0761d6478bd642full);
		h.b = mix(h.b + w, 0xe7037ed1a0b428dbull) ^ h.a;
	}
	w = 0;
	memcpy(&w, at, n);
	h.a = mix(h.a ^ w, 0x8ebc6af09c88c6e3ull);
	h.b = mix(h.b + w, 0x589965cc75374cc3ull) ^ h.a;
	return h;
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
	if (!t->slots) {
		fputs("explore: out of memory\n", stderr);
		exit(2);
	}
	for (id = 0; id < t->n; id++)
		put(t, hash_bytes(intern_get(t, id), intern_len(t, id)).b, id);
}

u32 intern(struct intern *t, const void *p, size_t n)
{
	u64 h = hash_bytes(p, n).b;
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
