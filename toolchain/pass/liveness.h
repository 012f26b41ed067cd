// SPDX-License-Identifier: GPL-2.0
// liveness.h - where values are live, for those who choose by it.
#ifndef TOMBOLO_PASS_LIVENESS_H
#define TOMBOLO_PASS_LIVENESS_H

#include "tombolo.h"

namespace tombolo
{
using Blocks = SmallSetVector<BasicBlock *, 32>;

// The blocks into which V is live, which is made in Def.
Blocks reach(Value *V, BasicBlock *Def);
} // namespace tombolo

#endif
