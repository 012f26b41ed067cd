// SPDX-License-Identifier: GPL-2.0
// strips.cpp - a counted loop becomes two: the inner one runs to the end of a
// strip as it did before, the outer one goes from strip to strip.
#include "strips.h"
#include "llvm/IR/PatternMatch.h"

using namespace llvm;
using namespace llvm::PatternMatch;

namespace tombolo
{
constexpr int64_t MaxStep = int64_t(1) << 16;

// By how much Next is more than the header's phi, or 0.
static int64_t stepOf(Program &P, Loop &L, Instruction *Next)
{
	Value *From = nullptr;
	int64_t Step = 0;

	if (auto *Add = dyn_cast<BinaryOperator>(Next)) {
		auto *K = dyn_cast<ConstantInt>(Add->getOperand(1));
		if (Add->getOpcode() != Instruction::Add || !K ||
		    K->getBitWidth() > 64 || K->getBitWidth() < 32)
			return 0;
		From = Add->getOperand(0);
		Step = K->getSExtValue();
	} else if (auto *Gep = dyn_cast<GetElementPtrInst>(Next)) {
		APInt Off(64, 0);
		if (!Gep->accumulateConstantOffset(P.DL, Off))
			return 0;
		From = Gep->getPointerOperand();
		Step = Off.getSExtValue();
	}
	auto *Phi = dyn_cast_or_null<PHINode>(From);
	if (!Phi || Phi->getParent() != L.getHeader() ||
	    Phi->getIncomingValueForBlock(L.getLoopLatch()) != Next)
		return 0;
	return std::abs(Step) < MaxStep ? Step : 0;
}

static bool fits(CmpInst::Predicate Stay, int64_t Step, bool &Ordered)
{
	Ordered = Stay != CmpInst::ICMP_NE;
	switch (Stay) {
	case CmpInst::ICMP_NE:
		return true;
	case CmpInst::ICMP_SLT:
	case CmpInst::ICMP_ULT:
		return Step > 0;
	case CmpInst::ICMP_SGT:
	case CmpInst::ICMP_UGT:
		return Step < 0;
	default:
		return false;
	}
}

static CmpInst::Predicate stays(const Counted &C)
{
	return C.StayIfTrue ? C.Test->getPredicate() :
			      C.Test->getInversePredicate();
}

static bool countsBy(Program &P, Loop &L, Counted &C, Value *Test)
{
	C.Test = dyn_cast<ICmpInst>(Test);
	if (!C.Test || !C.Test->hasOneUse() ||
	    C.Test->getParent() != L.getLoopLatch())
		return false;
	C.Next = dyn_cast<Instruction>(C.Test->getOperand(0));
	C.Limit = C.Test->getOperand(1);
	if (!C.Next || !L.isLoopInvariant(C.Limit))
		return false;
	C.Step = stepOf(P, L, C.Next);
	return C.Step && fits(stays(C), C.Step, C.Ordered);
}

bool matchCounted(Program &P, Loop &L, Counted &C)
{
	BasicBlock *Latch = L.getLoopLatch();
	Value *A, *B;

	if (!Latch || !L.getLoopPreheader())
		return false;
	C.Latch = dyn_cast<BranchInst>(Latch->getTerminator());
	if (!C.Latch || !C.Latch->isConditional())
		return false;
	C.StayIfTrue = C.Latch->getSuccessor(0) == L.getHeader();
	if (L.contains(C.Latch->getSuccessor(C.StayIfTrue ? 1 : 0)))
		return false;
	C.All = dyn_cast<Instruction>(C.Latch->getCondition());
	if (!C.All || !C.All->hasOneUse() || C.All->getParent() != Latch)
		return false;
	if (C.StayIfTrue ? match(C.All, m_LogicalAnd(m_Value(A), m_Value(B))) :
			   match(C.All, m_LogicalOr(m_Value(A), m_Value(B))))
		return countsBy(P, L, C, A) || countsBy(P, L, C, B);
	return countsBy(P, L, C, C.All);
}

// Where the strip that starts at From ends: Rounds rounds on, or at Limit. With
// != the distance is a multiple of Step, or the loop would not end; with < the
// first round may be done although From is beyond Limit.
static Value *endOfStrip(IRBuilder<> &B, const Counted &C, Value *From,
			 uint64_t Rounds)
{
	bool Up = C.Step > 0, Pointer = From->getType()->isPointerTy();
	Type *T = Pointer ? B.getInt64Ty() : From->getType();
	Value *Begin = Pointer ? B.CreatePtrToInt(From, T) : From;
	Value *End = Pointer ? B.CreatePtrToInt(C.Limit, T) : C.Limit;
	Value *Left = Up ? B.CreateSub(End, Begin) : B.CreateSub(Begin, End);
	int64_t Len = C.Step * (int64_t)Rounds;
	Value *Far = Pointer ?
			     B.CreateConstGEP1_64(B.getInt8Ty(), From, Len) :
			     B.CreateAdd(From, ConstantInt::get(T, Len, true));
	Value *Longer =
		B.CreateICmpUGT(Left, ConstantInt::get(T, Up ? Len : -Len));

	if (C.Ordered)
		Longer = B.CreateAnd(Longer,
				     B.CreateICmp(stays(C), From, C.Limit));
	return B.CreateSelect(Longer, Far, C.Limit);
}

// What the latch asked before the strips came
static Value *ask(IRBuilder<> &B, const Counted &C)
{
	Instruction *Test = B.Insert(C.Test->clone());

	if (C.All == C.Test)
		return Test;
	Instruction *All = B.Insert(C.All->clone());
	All->replaceUsesOfWith(C.Test, Test);
	return All;
}

// The new loop's values: as the old loop's, but come from strip to strip.
static void enterStrips(BasicBlock *Enter, BasicBlock *Header,
			BasicBlock *Before, BasicBlock *Latch, BasicBlock *More)
{
	IRBuilder<> B(Enter);

	for (PHINode &Phi : Header->phis()) {
		PHINode *Outer = B.CreatePHI(Phi.getType(), 2);
		Outer->addIncoming(Phi.getIncomingValueForBlock(Before),
				   Before);
		Outer->addIncoming(Phi.getIncomingValueForBlock(Latch), More);
		Phi.setIncomingValueForBlock(Before, Outer);
		Phi.replaceIncomingBlockWith(Before, Enter);
	}
	B.CreateBr(Header);
}

Instruction *strip(Program &P, Loop &L, const Counted &C, uint64_t Rounds)
{
	BasicBlock *Header = L.getHeader(), *Latch = L.getLoopLatch();
	BasicBlock *Before = L.getLoopPreheader();
	unsigned OutIndex = C.StayIfTrue ? 1 : 0;
	BasicBlock *Out = C.Latch->getSuccessor(OutIndex);
	Function *F = Header->getParent();
	auto *Enter = BasicBlock::Create(P.C, "strip.enter", F, Header);
	auto *Mid = BasicBlock::Create(P.C, "strip", F, Out);
	auto *More = BasicBlock::Create(P.C, "strip.more", F, Out);

	enterStrips(Enter, Header, Before, Latch, More);
	Before->getTerminator()->replaceSuccessorWith(Header, Enter);
	IRBuilder<> E(&*Enter->getFirstInsertionPt());
	auto *Phi = cast<PHINode>(C.Next->getOperand(0));
	Value *End =
		endOfStrip(E, C, Phi->getIncomingValueForBlock(Enter), Rounds);
	End->setName("strip.end");
	IRBuilder<> M(Mid);
	BranchInst *Over = M.CreateCondBr(ask(M, C), More, Out);
	if (!C.StayIfTrue)
		Over->swapSuccessors();
	IRBuilder<> N(More);
	BranchInst *Again = N.CreateBr(Enter);
	Again->setDebugLoc(C.Latch->getDebugLoc());
	C.Test->setOperand(1, End);
	C.Latch->setSuccessor(OutIndex, Mid);
	Out->replacePhiUsesWith(Latch, Mid);
	return Again;
}
} // namespace tombolo
