// SPDX-License-Identifier: GPL-2.0
// leaf.c - what only assembly can say, for each ISA in its own words. Compiled with
// --isa-specific; common.c calls it.
#include "leaf.h"

static const char name[] =
#if defined(__x86_64__)
	"x86_64";
#elif defined(__aarch64__)
	"aarch64";
#elif defined(__riscv)
	"riscv64";
#endif

const char *leaf_isa(void)
{
	static const char *const names[] = { name };

	return names[0];
}

long leaf_add(long a, int b, signed char c)
{
	long sum;

#if defined(__x86_64__)
	__asm__("lea (%1,%2), %0" : "=r"(sum) : "r"(a), "r"((long)b));
#elif defined(__aarch64__)
	__asm__("add %0, %1, %2" : "=r"(sum) : "r"(a), "r"((long)b));
#elif defined(__riscv)
	__asm__("add %0, %1, %2" : "=r"(sum) : "r"(a), "r"((long)b));
#endif
	return sum + c;
}

/* More arguments than registers, floating point, and a call of common code */
double leaf_many(long a, long b, long c, long d, long e, long f, long g, long h,
		 double x, float y, int (*back)(int))
{
	return (double)(a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g +
			8 * h) *
		       x +
	       y + back((int)a);
}
