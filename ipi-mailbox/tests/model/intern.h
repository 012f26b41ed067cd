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

/** struct hash128 - identity of a state */
struct hash128 {
	u64 a, b;
};

void *big_alloc(size_t bytes);
struct hash128 hash_bytes(const void *p, size_t n);
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
