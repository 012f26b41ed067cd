/* SPDX-License-Identifier: GPL-2.0 */
/* sqrt.c - exactly rounded in hardware by every ISA. */
#include <math.h>

double sqrt(double x)
{
	return __builtin_elementwise_sqrt(x);
}
