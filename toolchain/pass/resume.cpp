// SPDX-License-Identifier: GPL-2.0
// resume.cpp - the clone of a function that rebuilds its frame from a record:
// loads what was live at the site, resumes the frame above, and goes on after
// the call. Values get memory of their own first; mem2reg puts them right.
#include "tombolo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/Local.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

using namespace llvm;

namespace tombolo
{
namespace
{
struct Resumer {
	Program &P;
	Function &R, &F;
	std::vector<Site> &Sites;
	Value *Base;
	std::vector<Setjmp> &Jumps;
	ValueToValueMapTy Map;
	MapVector<Value *, AllocaInst *> Slot;
	BasicBlock *Entry = nullptr;
	std::vector<BasicBlock *> SiteCont, JumpCont;

	Resumer(Program &P, Function &R, Function &F, std::vector<Site> &Sites,
		Value *Base, std::vector<Setjmp> &Jumps)
	    : P(P), R(R), F(F), Sites(Sites), Base(Base), Jumps(Jumps)
	{
	}
	BasicBlock *block(BasicBlock *BB)
	{
		return cast<BasicBlock>(Map[BB]);
	}
	void clone();
	BasicBlock *secondHalf(BasicBlock *Cont);
	void collect();
	BasicBlock *jumped(unsigned K, CallInst *Again);
	void rearm(IRBuilder<> &B);
	BasicBlock *restore(unsigned I);
	void finish();
};
} // namespace

// The arguments are gone; loads from nowhere stand for them until mem2reg.
void Resumer::clone()
{
	SmallVector<ReturnInst *, 8> Returns;

	Entry = BasicBlock::Create(P.C, "resume", &R);
	auto *Args = BasicBlock::Create(P.C, "arguments", &R);
	IRBuilder<> B(Args);
	for (Argument &A : F.args())
		Map[&A] = A.use_empty() ?
				  (Value *)PoisonValue::get(A.getType()) :
				  B.CreateLoad(A.getType(),
					       PoisonValue::get(P.Ptr));
	CloneFunctionInto(&R, &F, Map,
			  CloneFunctionChangeType::LocalChangesOnly, Returns);
	if (F.hasPersonalityFn())
		R.setPersonalityFn(F.getPersonalityFn());
	B.CreateBr(block(&F.getEntryBlock()));
}

// Where the restored path joins, behind the store of the call's own result.
BasicBlock *Resumer::secondHalf(BasicBlock *Cont)
{
	BasicBlock *BB = block(Cont);

	return BB->splitBasicBlock(BB->getFirstInsertionPt(), "resumed");
}

void Resumer::collect()
{
	SmallPtrSet<Value *, 32> All;

	for (Site &S : Sites) {
		All.insert(S.Live.begin(), S.Live.end());
		if (!S.Call->use_empty())
			All.insert(S.Call);
	}
	for (Setjmp &J : Jumps) {
		All.insert(J.Live.begin(), J.Live.end());
		All.insert(J.Call);
	}
	for (Argument &A : F.args())
		if (All.contains(&A))
			Slot[&A] = toMemory(Map[&A], Entry);
	for (Instruction &I : instructions(F))
		if (All.contains(&I))
			Slot[&I] = toMemory(Map[&I], Entry);
}

// A longjmp came: what was live after the setjmp is in the data stack's frame.
BasicBlock *Resumer::jumped(unsigned K, CallInst *Again)
{
	Setjmp &J = Jumps[K];
	auto *BB = BasicBlock::Create(P.C, "jumped", &R);
	IRBuilder<> B(BB);
	Value *Frame = B.CreateLoad(P.Ptr, Slot[Base]);

	for (unsigned I = 0; I < J.Live.size(); I++) {
		if (&*J.Live[I] == Base)
			continue;
		Value *At =
			B.CreateConstInBoundsGEP1_64(P.I8, Frame, J.SlotAt[I]);
		B.CreateStore(B.CreateAlignedLoad(J.Live[I]->getType(), At,
						  Align(8), true),
			      Slot[&*J.Live[I]]);
	}
	B.CreateStore(Again, Slot[J.Call]);
	B.CreateBr(JumpCont[K]);
	return BB;
}

// Every setjmp of this frame whose buffer is still its own is done once more,
// natively. Leaves B where nothing has been jumped to.
void Resumer::rearm(IRBuilder<> &B)
{
	FunctionCallee Native = P.M.getOrInsertFunction("__tombolo_setjmp",
							P.I32, P.Ptr, P.Ptr);
	FunctionCallee Valid =
		P.M.getOrInsertFunction("__tombolo_rearm", P.Ptr, P.Ptr);

	for (unsigned K = 0; K < Jumps.size(); K++) {
		Value *Owner = B.CreateConstInBoundsGEP1_64(
			P.I8, B.CreateLoad(P.Ptr, Slot[Base]),
			Jumps[K].ArmedAt);
		Value *Buffer = B.CreateCall(Valid, { Owner });
		auto *Arm = BasicBlock::Create(P.C, "arm", &R);
		auto *Next = BasicBlock::Create(P.C, "armed", &R);
		B.CreateCondBr(B.CreateIsNotNull(Buffer), Arm, Next);
		B.SetInsertPoint(Arm);
		CallInst *Again = B.CreateCall(Native, { Buffer, Owner });
		Again->addFnAttr(Attribute::ReturnsTwice);
		Again->addRetAttr(Attribute::SExt);
		B.CreateCondBr(B.CreateIsNull(Again), Next, jumped(K, Again));
		B.SetInsertPoint(Next);
	}
}

// The landing pad gets a frozen copy of each value, so that its phis are not the
// same as those behind the call. If they are, LLVM 19 puts one copy for both
// behind the call, where the unwinder does not pass (PHIElimination.cpp reuses
// the register of an equal phi; seen on aarch64 as a wrong argument after the
// 173rd migration of a program).
BasicBlock *Resumer::restore(unsigned I)
{
	Site &S = Sites[I];
	Value *Record = R.getArg(0);
	Type *T = S.Call->getType();
	auto *BB = BasicBlock::Create(P.C, "restore", &R);
	auto *Done = BasicBlock::Create(P.C, "restored", &R);
	IRBuilder<> B(BB);
	FunctionCallee Next =
		P.M.getOrInsertFunction("__tombolo_next", P.Ptr, P.Ptr);

	std::vector<Value *> Loaded;
	for (unsigned K = 0; K < S.Live.size(); K++) {
		Value *From = B.CreateConstInBoundsGEP1_64(
			P.I8, Record, RecordHeader + S.Offset[K]);
		Loaded.push_back(B.CreateAlignedLoad(
			S.Live[K]->getType(), From,
			commonAlignment(Align(16), S.Offset[K])));
		B.CreateStore(B.CreateFreeze(Loaded[K]), Slot[S.Live[K]]);
	}
	rearm(B);
	Value *Above = B.CreateCall(Next, { Record });
	CallBase *Call = P.callAtSite(B, FunctionType::get(T, { P.Ptr }, false),
				      B.CreateLoad(P.Ptr, Above), { Above },
				      Done, block(S.Save));
	Call->setAttributes(AttributeList::get(
		P.C, {}, S.Call->getAttributes().getRetAttrs(), {}));
	Call->setDebugLoc(
		cast<Instruction>((Value *)Map[S.Call])->getDebugLoc());
	B.SetInsertPoint(Done);
	for (unsigned K = 0; K < S.Live.size(); K++)
		B.CreateStore(Loaded[K], Slot[S.Live[K]]);
	if (Slot.count(S.Call))
		B.CreateStore(Call, Slot[S.Call]);
	B.CreateBr(SiteCont[I]);
	return BB;
}

void Resumer::finish()
{
	std::vector<AllocaInst *> Slots;

	removeUnreachableBlocks(R);
	DominatorTree DT(R);
	for (auto &[V, A] : Slot)
		Slots.push_back(A);
	PromoteMemToReg(Slots, DT);
	R.addFnAttr("tombolo-resume");
	R.removeFnAttr(Attribute::AlwaysInline);
	R.addFnAttr(Attribute::NoInline);
	R.addFnAttr(Attribute::Cold);
	if (!R.hasFnAttribute(Attribute::OptimizeNone)) {
		R.addFnAttr(Attribute::MinSize);
		R.addFnAttr(Attribute::OptimizeForSize);
	}
}

void makeResume(Program &P, Function &R, Function &F, std::vector<Site> &Sites,
		Value *Base, std::vector<Setjmp> &Jumps)
{
	Resumer Do(P, R, F, Sites, Base, Jumps);

	Do.clone();
	for (Site &S : Sites)
		Do.SiteCont.push_back(Do.secondHalf(S.Cont));
	for (Setjmp &J : Jumps)
		Do.JumpCont.push_back(Do.secondHalf(J.Cont));
	Do.collect();
	auto *Bad = BasicBlock::Create(P.C, "bad", &R);
	new UnreachableInst(P.C, Bad);
	IRBuilder<> B(Do.Entry);
	Value *At = B.CreateConstInBoundsGEP1_64(P.I8, R.getArg(0), 12);
	SwitchInst *Switch =
		B.CreateSwitch(B.CreateLoad(P.I32, At), Bad, Sites.size());
	for (unsigned I = 0; I < Sites.size(); I++)
		Switch->addCase(B.getInt32(I), Do.restore(I));
	Do.finish();
}
} // namespace tombolo
