// SPDX-License-Identifier: GPL-2.0
// calls.cpp - who calls whom, through pointers too, and at which functions every
// recursion is cut: one migration point in each of those is enough.
#include "tombolo.h"
#include "calls.h"
#include "llvm/ADT/SCCIterator.h"

using namespace llvm;
using tombolo::CallNode;

namespace llvm
{
template <> struct GraphTraits<CallNode *> {
	using NodeRef = CallNode *;
	using ChildIteratorType = std::vector<CallNode *>::iterator;

	static NodeRef getEntryNode(CallNode *N)
	{
		return N;
	}
	static ChildIteratorType child_begin(CallNode *N)
	{
		return N->Open.begin();
	}
	static ChildIteratorType child_end(CallNode *N)
	{
		return N->Open.end();
	}
};
} // namespace llvm

namespace tombolo
{
bool isRealCall(const Instruction &I)
{
	auto *Call = dyn_cast<CallBase>(&I);

	return Call && !isa<IntrinsicInst>(Call) && !Call->isInlineAsm();
}

static const Function *calledBy(const CallBase &Call)
{
	return dyn_cast<Function>(
		Call.getCalledOperand()->stripPointerCastsAndAliases());
}

static bool hasPoints(const Function &F)
{
	return !F.isDeclaration() && !isRuntime(F) && !isLeaf(F);
}

CallNode *Calls::of(const CallBase &Call)
{
	const Function *F = calledBy(Call);

	if (!F)
		return &ByType[Call.getFunctionType()];
	return hasPoints(*F) ? &ByFunction[F] : nullptr;
}

// What a pointer of a type may call: each function of it whose address is taken.
Calls::Calls(Module &M)
{
	for (Function &F : M) {
		if (!hasPoints(F))
			continue;
		CallNode &N = ByFunction[&F];
		N.F = &F;
		Root.Out.push_back(&N);
		if (F.hasAddressTaken(nullptr, true))
			ByType[F.getFunctionType()].Out.push_back(&N);
		SmallSetVector<CallNode *, 16> To;
		for (Instruction &I : instructions(F))
			if (isRealCall(I))
				if (CallNode *C = of(cast<CallBase>(I)))
					To.insert(C);
		N.Out.assign(To.begin(), To.end());
	}
	cut(true);
	while (cut(false))
		;
	order();
}

void Calls::open(CallNode &N)
{
	N.Open.clear();
	for (CallNode *C : N.Out)
		if (!C->Cut)
			N.Open.push_back(C);
}

void Calls::openAll()
{
	open(Root);
	for (auto &[F, N] : ByFunction)
		open(N);
	for (auto &[T, N] : ByType)
		open(N);
}

// The function through which most ways lead in and out.
static CallNode *busiest(const std::vector<CallNode *> &Cycle)
{
	DenseMap<CallNode *, uint64_t> In, Out;
	CallNode *Best = nullptr;
	uint64_t Most = 0;

	for (CallNode *N : Cycle)
		In[N] = 0;
	for (CallNode *N : Cycle)
		for (CallNode *C : N->Open)
			if (In.count(C)) {
				In[C]++;
				Out[N]++;
			}
	for (CallNode *N : Cycle)
		if (N->F && In[N] * Out[N] > Most) {
			Most = In[N] * Out[N];
			Best = N;
		}
	return Best;
}

// Cuts each cycle once; returns whether there was any. First only numbers them.
bool Calls::cut(bool First)
{
	std::vector<CallNode *> Found;
	bool Any = false;

	openAll();
	for (auto It = scc_begin(&Root); !It.isAtEnd(); ++It) {
		if (!It.hasCycle())
			continue;
		if (First)
			for (CallNode *N : *It)
				N->Cycle = Cycles + 1;
		Cycles++;
		Any = true;
		if (!First)
			Found.push_back(busiest(*It));
	}
	for (CallNode *N : Found)
		N->Cut = true;
	return Any;
}

// Callees first; a cut one may come after its callers.
void Calls::order()
{
	openAll();
	for (CallNode *N : Root.Out)
		if (N->Cut)
			Root.Open.push_back(N);
	for (auto It = scc_begin(&Root); !It.isAtEnd(); ++It)
		if ((*It)[0] != &Root)
			Order.push_back((*It)[0]);
}

// A call by which Caller may come to be called again.
bool Calls::isRecursive(const CallNode &Caller, const CallBase &Call)
{
	CallNode *To = of(Call);

	return To && Caller.Cycle && To->Cycle == Caller.Cycle;
}
} // namespace tombolo
