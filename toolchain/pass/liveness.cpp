// SPDX-License-Identifier: GPL-2.0
// liveness.cpp - which values a frame must save at a site.
#include "liveness.h"
#include "llvm/IR/CFG.h"

using namespace llvm;

namespace tombolo
{
Blocks reach(Value *V, BasicBlock *Def)
{
	Blocks In;

	auto Add = [&](BasicBlock *BB) {
		if (BB != Def)
			In.insert(BB);
	};
	for (Use &U : V->uses()) {
		auto *I = cast<Instruction>(U.getUser());
		auto *Phi = dyn_cast<PHINode>(I);
		Add(Phi ? Phi->getIncomingBlock(U) : I->getParent());
	}
	for (unsigned I = 0; I < In.size(); I++)
		for (BasicBlock *Pred : predecessors(In[I]))
			Add(Pred);
	return In;
}

template <typename Callback> static void forEachValue(Function &F, Callback Do)
{
	for (Argument &A : F.args())
		if (!A.use_empty())
			Do(&A, static_cast<BasicBlock *>(nullptr));
	for (Instruction &I : instructions(F))
		if (!I.getType()->isVoidTy() && !I.getType()->isTokenTy() &&
		    !I.use_empty())
			Do(&I, I.getParent());
}

std::vector<Value *> liveInto(Function &F, BasicBlock *Block,
			      const Value *Except)
{
	std::vector<Value *> Live;

	forEachValue(F, [&](Value *V, BasicBlock *Def) {
		if (V != Except && reach(V, Def).contains(Block))
			Live.push_back(V);
	});
	return Live;
}

void liveAtSites(Function &F, std::vector<Site> &Sites)
{
	DenseMap<BasicBlock *, SmallVector<unsigned, 1>> At;

	for (unsigned I = 0; I < Sites.size(); I++)
		At[Sites[I].Cont].push_back(I);
	forEachValue(F, [&](Value *V, BasicBlock *Def) {
		for (BasicBlock *BB : reach(V, Def)) {
			auto It = At.find(BB);
			if (It == At.end())
				continue;
			for (unsigned I : It->second)
				if (Sites[I].Call != V)
					Sites[I].Live.push_back(V);
		}
	});
}

// Values that mean nothing on another ISA: addresses in native code, in the
// native stack, in the native thread area.
bool isPrivateToIsa(const Value &V)
{
	if (isa<AllocaInst>(V))
		return true;
	auto *II = dyn_cast<IntrinsicInst>(&V);
	if (!II)
		return false;
	switch (II->getIntrinsicID()) {
	case Intrinsic::threadlocal_address:
	case Intrinsic::thread_pointer:
	case Intrinsic::frameaddress:
	case Intrinsic::returnaddress:
	case Intrinsic::addressofreturnaddress:
	case Intrinsic::sponentry:
	case Intrinsic::stacksave:
		return true;
	default:
		return false;
	}
}
} // namespace tombolo
