/* SPDX-License-Identifier: GPL-2.0 */
/* sqrtf.c - exactly rounded in hardware by every ISA. */
#include <math.h>

float sqrtf(float x)
{
	return __builtin_elementwise_sqrt(x);
}
