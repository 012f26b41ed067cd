/* SPDX-License-Identifier: GPL-2.0 */
/* Hash consing: equal byte strings get the same small number. */
#ifndef MODEL_INTERN_H
#define MODEL_INTERN_H

#include "imb_port_host.h"

/**
 * struct intern - a table of byte strings
 * @data: their bytes, one after the other, never moved
 * @start: per string where it starts; one more than there are
 * @n: how many there are
 * @slots: hash table of numbers, plus one; 0 is free
 * @size: slots, a power of two
 */
struct intern {
	u8 *data;
	u64 *start;
	u32 n;
	u32 *slots;
	u32 size;
};

/**
 * struct memo - a table from keys, never 0, to numbers
 * @entries: hash table
 * @n: used ones
 * @size: a power of two
 */
struct memo {
	struct {
		u64 key;
		u32 value;
	} * entries;
	u32 n;
	u32 size;
};

void die(const char *why) __attribute__((noreturn));
void *big_alloc(size_t bytes);
u64 hash_bytes(const void *p, size_t n);
u32 *memo_find(struct memo *m, u64 key);
u32 memo_add(struct memo *m, u64 key, u32 value);
u32 intern(struct intern *t, const void *p, size_t n);

static inline const void *intern_get(const struct intern *t, u32 id)
{
	return t->data + t->start[id];
}

static inline size_t intern_len(const struct intern *t, u32 id)
{
	return t->start[id + 1] - t->start[id];
}

#endif /* MODEL_INTERN_H */
