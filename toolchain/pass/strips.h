// SPDX-License-Identifier: GPL-2.0
// strips.h - loops that are cut into strips, between which the thread may go.
#ifndef TOMBOLO_STRIPS_H
#define TOMBOLO_STRIPS_H

#include "tombolo.h"
#include "llvm/Analysis/LoopInfo.h"

namespace tombolo
{
// A loop that counts up or down to a limit: while (Next PREDICATE Limit), or
// while (Next PREDICATE Limit && whatever).
struct Counted {
	BranchInst *Latch;
	Instruction *All; // what the latch asks: Test, or that and more
	ICmpInst *Test;
	Instruction *Next;
	Value *Limit;
	int64_t Step;
	bool StayIfTrue;
	bool Ordered; // by < or >, not by !=
};

bool matchCounted(Program &P, Loop &L, Counted &C);
// Does Rounds rounds at a time; returns where the thread may go in between.
Instruction *strip(Program &P, Loop &L, const Counted &C, uint64_t Rounds);
} // namespace tombolo

#endif
