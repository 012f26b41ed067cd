/* SPDX-License-Identifier: GPL-2.0 */
/* fabs.c - one instruction on every ISA. */
#include <math.h>

double fabs(double x)
{
	return __builtin_elementwise_abs(x);
}
