// SPDX-License-Identifier: GPL-2.0
// homes.h - the pass that leaves values of a function with many points in memory.
#ifndef TOMBOLO_PASS_HOMES_H
#define TOMBOLO_PASS_HOMES_H

#include "tombolo.h"

namespace tombolo
{
void giveHomes(Program &P, Function &F);
} // namespace tombolo

#endif
