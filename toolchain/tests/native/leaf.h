/* SPDX-License-Identifier: GPL-2.0 */
/* leaf.h - the functions that are compiled for each ISA. */
#ifndef LEAF_H
#define LEAF_H

const char *leaf_isa(void);
long leaf_add(long a, int b, signed char c);
double leaf_many(long a, long b, long c, long d, long e, long f, long g, long h,
		 double x, float y, int (*back)(int));

#endif
