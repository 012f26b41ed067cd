// SPDX-License-Identifier: GPL-2.0
/* random.c: chance that can be repeated: a number is a function of a seed and an index, not of what came before. */
#include "hub.h"

/* splitmix64 by Sebastiano Vigna, its state set to where "index" steps lead */
uint64_t random_at(uint64_t seed, uint64_t index)
{
	uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}
