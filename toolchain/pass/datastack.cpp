// SPDX-License-Identifier: GPL-2.0
// datastack.cpp - variables whose address is taken move from the native stack
// to the data stack, which lies at the same address on every ISA.
#include "tombolo.h"

using namespace llvm;

namespace tombolo
{
constexpr const char *Top = "__tombolo_dsp";

struct Frame {
	std::vector<AllocaInst *> Fixed, Dynamic;
	DenseMap<AllocaInst *, uint64_t> At;
	uint64_t Size = 0, Align = 16;
	Value *Base = nullptr, *Old = nullptr;
};

static Frame layOut(Program &P, Function &F)
{
	Frame Fr;

	for (Instruction &I : instructions(F))
		if (auto *A = dyn_cast<AllocaInst>(&I))
			(A->isStaticAlloca() ? Fr.Fixed : Fr.Dynamic)
				.push_back(A);
	for (AllocaInst *A : Fr.Fixed) {
		uint64_t Al = A->getAlign().value();
		Fr.Size = alignTo(Fr.Size, Al);
		Fr.At[A] = Fr.Size;
		Fr.Size += A->getAllocationSize(P.DL)->getFixedValue();
		Fr.Align = std::max(Fr.Align, Al);
	}
	Fr.Size = alignTo(Fr.Size, Fr.Align);
	return Fr;
}

static Value *alignDown(Program &P, IRBuilder<> &B, Value *V, uint64_t Align)
{
	return B.CreateIntrinsic(Intrinsic::ptrmask, { P.Ptr, P.I64 },
				 { V, B.getInt64(~(Align - 1)) });
}

// The store of the new top comes before any use of the frame: a signal handler
// may run on the data stack from the next instruction on.
static void enterFrame(Program &P, Function &F, Frame &Fr)
{
	IRBuilder<> B(&F.getEntryBlock(), F.getEntryBlock().begin());

	Fr.Old = P.loadThread(B, Top, P.Ptr);
	Fr.Base = B.CreateConstInBoundsGEP1_64(P.I8, Fr.Old, -(int64_t)Fr.Size,
					       "frame");
	if (Fr.Align > 16)
		Fr.Base = alignDown(P, B, Fr.Base, Fr.Align);
	P.storeThread(B, Top, Fr.Base);
}

static void leaveFrame(Program &P, Function &F, Frame &Fr)
{
	for (BasicBlock &BB : F) {
		Instruction *Ret = BB.getTerminator();
		if (!isa<ReturnInst>(Ret))
			continue;
		IRBuilder<> B(Ret);
		P.storeThread(B, Top,
			      Fr.Align > 16 ? Fr.Old :
					      B.CreateConstInBoundsGEP1_64(
						      P.I8, Fr.Base, Fr.Size));
	}
}

// One address computation at each use, so that only the base stays live.
static void replaceFixed(Program &P, Frame &Fr, AllocaInst *A)
{
	DenseMap<std::pair<PHINode *, BasicBlock *>, Value *> ForPhi;
	SmallVector<Use *, 16> Uses;
	uint64_t Off = Fr.At[A];

	for (Use &U : A->uses())
		Uses.push_back(&U);
	for (Use *U : Uses) {
		auto *I = cast<Instruction>(U->getUser());
		auto *Phi = dyn_cast<PHINode>(I);
		BasicBlock *From = Phi ? Phi->getIncomingBlock(*U) : nullptr;
		IRBuilder<> B(Phi ? From->getTerminator() : I);
		Value *&Known = ForPhi[{ Phi, From }];
		Value *V = Phi ? Known : nullptr;
		if (!V)
			V = B.CreateConstInBoundsGEP1_64(P.I8, Fr.Base, Off);
		Known = V;
		U->set(V);
	}
	A->eraseFromParent();
}

static void replaceDynamic(Program &P, AllocaInst *A)
{
	IRBuilder<> B(A);
	Value *Count = B.CreateZExtOrTrunc(A->getArraySize(), P.I64);
	Value *Size = B.CreateMul(Count, B.getInt64(P.DL.getTypeAllocSize(
						 A->getAllocatedType())));
	Value *New = B.CreateGEP(P.I8, P.loadThread(B, Top, P.Ptr),
				 B.CreateNeg(Size));

	New = alignDown(P, B, New,
			std::max<uint64_t>(16, A->getAlign().value()));
	P.storeThread(B, Top, New);
	A->replaceAllUsesWith(New);
	A->eraseFromParent();
}

static void dropLifetimes(Function &F)
{
	SmallVector<Instruction *, 16> Dead;

	for (Instruction &I : instructions(F))
		if (I.isLifetimeStartOrEnd())
			Dead.push_back(&I);
	eraseAll(Dead);
}

static void replaceSaves(Program &P, Function &F)
{
	SmallVector<Instruction *, 8> Dead;

	for (Instruction &I : instructions(F)) {
		auto *II = dyn_cast<IntrinsicInst>(&I);
		if (!II)
			continue;
		IRBuilder<> B(II);
		if (II->getIntrinsicID() == Intrinsic::stacksave) {
			II->replaceAllUsesWith(P.loadThread(B, Top, P.Ptr));
			Dead.push_back(II);
		} else if (II->getIntrinsicID() == Intrinsic::stackrestore) {
			P.storeThread(B, Top, II->getArgOperand(0));
			Dead.push_back(II);
		}
	}
	eraseAll(Dead);
}

Value *moveToDataStack(Program &P, Function &F, std::vector<Setjmp> &Jumps)
{
	Frame Fr = layOut(P, F);

	if (Fr.Fixed.empty() && Fr.Dynamic.empty())
		return nullptr;
	for (Setjmp &J : Jumps) {
		J.ArmedAt = Fr.At[J.Armed];
		for (AllocaInst *A : J.Slot)
			J.SlotAt.push_back(Fr.At[A]);
	}
	dropLifetimes(F);
	enterFrame(P, F, Fr);
	for (AllocaInst *A : Fr.Fixed)
		replaceFixed(P, Fr, A);
	for (AllocaInst *A : Fr.Dynamic)
		replaceDynamic(P, A);
	replaceSaves(P, F);
	leaveFrame(P, F, Fr);
	for (Instruction &I : instructions(F))
		if (auto *Call = dyn_cast<CallInst>(&I))
			Call->setTailCallKind(CallInst::TCK_None);
	P.explain(F).Frame = Fr.Size;
	return Fr.Base;
}
} // namespace tombolo
