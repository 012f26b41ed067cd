// SPDX-License-Identifier: GPL-2.0
// calls.h - the call graph as the points need it.
#ifndef TOMBOLO_CALLS_H
#define TOMBOLO_CALLS_H

#include "tombolo.h"
#include <map>

namespace tombolo
{
// A function, or what any pointer to a function of one type may call.
struct CallNode {
	Function *F = nullptr;
	std::vector<CallNode *> Out;
	std::vector<CallNode *> Open; // of Out, those that are not cut
	unsigned Cycle = 0; // same number: they may call each other in a circle
	bool Cut = false; // has a point on every way from its entry into Cycle
	bool AlwaysLooks = false; // no call of it returns without a point
	uint64_t Quiet = 0; // instructions that a call may do without a point
};

class Calls
{
      public:
	std::vector<CallNode *> Order; // callees first, but for cut ones

	explicit Calls(Module &M);
	// What a call may enter, or nullptr if nothing that has points
	CallNode *of(const CallBase &Call);
	bool isRecursive(const CallNode &Caller, const CallBase &Call);

      private:
	CallNode Root;
	std::map<const Function *, CallNode> ByFunction;
	std::map<const FunctionType *, CallNode> ByType;
	unsigned Cycles = 0;

	void open(CallNode &N);
	void openAll();
	bool cut(bool First);
	void order();
};

bool isRealCall(const Instruction &I);
} // namespace tombolo

#endif
