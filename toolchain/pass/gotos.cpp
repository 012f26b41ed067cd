// SPDX-License-Identifier: GPL-2.0
// gotos.cpp - the address of a label becomes its number in the function, and
// a computed goto a switch: code addresses differ between ISAs, numbers do not.
#include "tombolo.h"

using namespace llvm;

namespace tombolo
{
// Numbers start with 1, so that no label compares equal to a null pointer.
static void numberLabels(Function &F, MapVector<BasicBlock *, uint64_t> &Number)
{
	auto *I64 = Type::getInt64Ty(F.getContext());
	uint64_t Next = 1;

	for (BasicBlock &BB : F) {
		if (!BB.hasAddressTaken())
			continue;
		BlockAddress *BA = BlockAddress::get(&F, &BB);
		Number[&BB] = Next;
		BA->replaceAllUsesWith(ConstantExpr::getIntToPtr(
			ConstantInt::get(I64, Next++), BA->getType()));
		BA->destroyConstant();
	}
}

static void toSwitch(IndirectBrInst *Br,
		     const MapVector<BasicBlock *, uint64_t> &Number)
{
	IRBuilder<> B(Br);
	Value *Key = B.CreatePtrToInt(Br->getAddress(), B.getInt64Ty());
	SmallSetVector<BasicBlock *, 16> To;
	BasicBlock *From = Br->getParent();

	for (unsigned I = 0; I < Br->getNumDestinations(); I++)
		if (!To.insert(Br->getDestination(I)))
			Br->getDestination(I)->removePredecessor(From, true);
	auto *Never = BasicBlock::Create(B.getContext(), "goto.never",
					 From->getParent());
	new UnreachableInst(B.getContext(), Never);
	SwitchInst *Switch = B.CreateSwitch(Key, Never, To.size());
	for (BasicBlock *BB : To) {
		auto It = Number.find(BB);
		if (It != Number.end())
			Switch->addCase(B.getInt64(It->second), BB);
		else
			BB->removePredecessor(From, true);
	}
	Br->eraseFromParent();
}

void lowerIndirectBranches(Module &M)
{
	for (Function &F : M) {
		SmallVector<IndirectBrInst *, 4> Branches;
		MapVector<BasicBlock *, uint64_t> Number;
		numberLabels(F, Number);
		for (BasicBlock &BB : F)
			if (auto *Br = dyn_cast<IndirectBrInst>(
				    BB.getTerminator()))
				Branches.push_back(Br);
		for (IndirectBrInst *Br : Branches)
			toSwitch(Br, Number);
	}
}
} // namespace tombolo
