/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A state without what does not matter to its future: numbers that are only
 * compared are replaced by their order, so that a world that goes round in circles
 * comes back to where it was.
 */
#ifndef CANON_H
#define CANON_H

#include "world.h"

struct digest {
	u64 a;
	u64 b;
};

struct digest canon(void);

#endif /* CANON_H */
