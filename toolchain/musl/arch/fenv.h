/* SPDX-License-Identifier: GPL-2.0 */
/* bits/fenv.h - rounding modes and flags are not carried, so there are none. */
#define FE_ALL_EXCEPT 0
#define FE_TONEAREST  0
#define FE_DFL_ENV    ((const fenv_t *)-1)

typedef unsigned long fexcept_t;
typedef struct {
	unsigned long __cw;
} fenv_t;
