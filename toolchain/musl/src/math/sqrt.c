/* SPDX-License-Identifier: GPL-2.0 */
/* sqrt.c - exactly rounded in hardware by every ISA. */
#include <math.h>

/* The builtin of this meaning came with clang 17. */
double intrinsic(double) __asm__("llvm.sqrt.f64");

double sqrt(double x)
{
	return intrinsic(x);
}
