// SPDX-License-Identifier: GPL-2.0
// park.cpp - what is live at a point, and at no other call, waits on the data
// stack while the thread looks closer: the code beside the points then needs no
// register that a call leaves alone, and no register to be saved at the entry.
#include "tombolo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

using namespace llvm;

namespace tombolo
{
constexpr const char *Top = "__tombolo_dsp";

static IRBuilderBase::InsertPoint behind(Value *V, BasicBlock *Entry)
{
	auto *I = dyn_cast<Instruction>(V);
	BasicBlock *At = Entry;
	BasicBlock::iterator It = At->begin();

	if (!I) {
		while (It != At->end() && isa<AllocaInst>(It))
			++It;
	} else if (auto *II = dyn_cast<InvokeInst>(I)) {
		At = II->getNormalDest();
		It = At->getFirstInsertionPt();
	} else {
		At = I->getParent();
		It = isa<PHINode>(I) ? At->getFirstInsertionPt() :
				       std::next(I->getIterator());
	}
	return { At, It };
}

// Gives V memory of its own; mem2reg makes a value of it again, once it has
// been stored to from elsewhere too.
AllocaInst *toMemory(Value *V, BasicBlock *Entry)
{
	IRBuilder<> B(Entry, Entry->begin());
	AllocaInst *A = B.CreateAlloca(V->getType());
	DenseMap<std::pair<PHINode *, BasicBlock *>, Value *> ForPhi;
	SmallVector<Use *, 16> Uses;

	for (Use &U : V->uses())
		Uses.push_back(&U);
	for (Use *U : Uses) {
		auto *I = cast<Instruction>(U->getUser());
		auto *Phi = dyn_cast<PHINode>(I);
		BasicBlock *From = Phi ? Phi->getIncomingBlock(*U) : nullptr;
		Value *&Known = ForPhi[{ Phi, From }];
		if (!Phi || !Known)
			Known = new LoadInst(V->getType(), A, "",
					     Phi ? From->getTerminator() : I);
		U->set(Known);
	}
	B.restoreIP(behind(V, Entry));
	B.CreateStore(V, A);
	return A;
}

bool isPoint(const CallBase &Call)
{
	const Function *F = Call.getCalledFunction();

	return F && F->getName() == "__tombolo_point";
}

namespace
{
struct Parker {
	Program &P;
	Function &F;
	MapVector<Value *, AllocaInst *> Slot;
	DenseSet<Value *> Elsewhere; // live at other calls

	void at(Site &S);
};
} // namespace

// The new top is stored before anything is put there: a signal may come.
void Parker::at(Site &S)
{
	SmallVector<std::pair<Value *, uint64_t>, 16> Places;
	uint64_t Size = 0;

	for (Value *V : S.Live) {
		if (Elsewhere.contains(V))
			continue;
		checkCarried(S, *V);
		uint64_t Al = P.DL.getABITypeAlign(V->getType()).value();
		Size = alignTo(Size, std::min<uint64_t>(16, Al));
		Places.push_back({ V, Size });
		Size += P.DL.getTypeStoreSize(V->getType());
	}
	if (Places.empty())
		return;
	Size = alignTo(Size, 16);
	IRBuilder<> B(S.Call), R(&*S.Cont->getFirstInsertionPt());
	Value *To = B.CreateConstInBoundsGEP1_64(
		P.I8, P.loadThread(B, Top, P.Ptr), -(int64_t)Size);
	P.storeThread(B, Top, To);
	Value *From = P.loadThread(R, Top, P.Ptr);
	for (auto &[V, Off] : Places) {
		Align Al = commonAlignment(Align(16), Off);
		B.CreateAlignedStore(
			B.CreateLoad(V->getType(), Slot[V]),
			B.CreateConstInBoundsGEP1_64(P.I8, To, Off), Al);
		R.CreateStore(R.CreateAlignedLoad(V->getType(),
						  R.CreateConstInBoundsGEP1_64(
							  P.I8, From, Off),
						  Al),
			      Slot[V]);
	}
	P.storeThread(R, Top, R.CreateConstInBoundsGEP1_64(P.I8, From, Size));
}

void parkAtPoints(Program &P, Function &F, std::vector<Site> &Sites)
{
	Parker Park{ P, F, {}, {} };
	std::vector<AllocaInst *> Slots;

	for (Site &S : Sites)
		if (!isPoint(*S.Call))
			Park.Elsewhere.insert(S.Live.begin(), S.Live.end());
	for (Site &S : Sites)
		if (isPoint(*S.Call))
			for (Value *V : S.Live)
				if (!Park.Elsewhere.contains(V))
					Park.Slot[V] = nullptr;
	if (Park.Slot.empty())
		return;
	for (auto &[V, A] : Park.Slot) {
		A = toMemory(V, &F.getEntryBlock());
		Slots.push_back(A);
	}
	for (Site &S : Sites)
		if (isPoint(*S.Call))
			Park.at(S);
	DominatorTree DT(F);
	PromoteMemToReg(Slots, DT);
	for (Site &S : Sites)
		S.Live.clear();
	liveAtSites(F, Sites);
}
} // namespace tombolo
