/* SPDX-License-Identifier: GPL-2.0 */
/* The small worlds that are explored. */
#ifndef CONFIGS_H
#define CONFIGS_H

#include "world.h"

extern const struct rules configs[]; /* ends with one that has no name */

#endif /* CONFIGS_H */
