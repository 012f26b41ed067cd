// SPDX-License-Identifier: GPL-2.0
// polls.cpp - migration points: where a function looks whether it is asked to
// migrate. After the optimiser has run, so that no loop loses by it.
#include "tombolo.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/Analysis/CallGraph.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

namespace tombolo
{
// A loop that ends after so many rounds by itself needs no point.
constexpr unsigned ShortLoop = 64, ShortTightLoop = 4096;
// Rounds of a tight counted loop between two points.
constexpr uint64_t Strip = 1024;

static bool isRealCall(const Instruction &I)
{
	auto *Call = dyn_cast<CallBase>(&I);

	return Call && !isa<IntrinsicInst>(Call) && !Call->isInlineAsm();
}

static bool hasCall(const Loop &L)
{
	for (BasicBlock *BB : L.blocks())
		for (Instruction &I : *BB)
			if (isRealCall(I))
				return true;
	return false;
}

static void pollBefore(Program &P, Instruction *Where)
{
	IRBuilder<> B(Where);
	Constant *Flag = P.M.getOrInsertGlobal("__tombolo_flag", P.I32);
	Value *Asked =
		B.CreateICmpNE(B.CreateLoad(P.I32, Flag, true), B.getInt32(0));
	Instruction *Then = SplitBlockAndInsertIfThen(
		Asked, Where->getIterator(), false,
		MDBuilder(P.C).createBranchWeights(1, 1 << 20));

	IRBuilder<> Slow(Then);
	FunctionCallee Point =
		P.M.getOrInsertFunction("__tombolo_point", P.Void);
	Slow.CreateCall(Point)->setDebugLoc(Where->getDebugLoc());
	P.Polls++;
}

// A loop that counts: while (Next != Limit), Next growing by Step each round.
struct Counted {
	BranchInst *Latch;
	ICmpInst *Test;
	BinaryOperator *Next;
	Value *Limit;
	int64_t Step;
	bool StayIfTrue;
};

static bool matchCounted(Loop &L, Counted &C)
{
	BasicBlock *Latch = L.getLoopLatch();

	if (!Latch || !L.getLoopPreheader())
		return false;
	C.Latch = dyn_cast<BranchInst>(Latch->getTerminator());
	if (!C.Latch || !C.Latch->isConditional())
		return false;
	C.Test = dyn_cast<ICmpInst>(C.Latch->getCondition());
	if (!C.Test || !C.Test->hasOneUse() || !C.Test->isEquality() ||
	    C.Test->getParent() != Latch)
		return false;
	C.StayIfTrue = C.Latch->getSuccessor(0) == L.getHeader();
	if (L.contains(C.Latch->getSuccessor(C.StayIfTrue ? 1 : 0)) ||
	    (C.Test->getPredicate() == ICmpInst::ICMP_NE) != C.StayIfTrue)
		return false;
	C.Next = dyn_cast<BinaryOperator>(C.Test->getOperand(0));
	C.Limit = C.Test->getOperand(1);
	if (!C.Next || C.Next->getOpcode() != Instruction::Add ||
	    !L.isLoopInvariant(C.Limit) || !C.Next->getType()->isIntegerTy(64))
		return false;
	auto *Phi = dyn_cast<PHINode>(C.Next->getOperand(0));
	auto *Step = dyn_cast<ConstantInt>(C.Next->getOperand(1));
	if (!Phi || !Step || Phi->getParent() != L.getHeader() ||
	    Phi->getIncomingValueForBlock(Latch) != C.Next)
		return false;
	C.Step = Step->getSExtValue();
	return C.Step && std::abs(C.Step) < (int64_t(1) << 40);
}

// Where the strip that starts at From ends: Strip rounds on, or at Limit. The
// distance is a multiple of Step, or the loop would not end.
static Value *endOfStrip(IRBuilder<> &B, const Counted &C, Value *From)
{
	Value *Left = C.Step > 0 ? B.CreateSub(C.Limit, From) :
				   B.CreateSub(From, C.Limit);
	uint64_t Len = Strip * (C.Step > 0 ? C.Step : -C.Step);
	Value *Far = B.CreateAdd(From, B.getInt64(Strip * C.Step));

	return B.CreateSelect(B.CreateICmpUGT(Left, B.getInt64(Len)), Far,
			      C.Limit);
}

// The loop runs to the end of a strip; there it looks, and goes on with the
// next. Costs the loop nothing but a register.
static void strip(Program &P, Loop &L, const Counted &C)
{
	BasicBlock *Header = L.getHeader(), *Latch = L.getLoopLatch();
	BasicBlock *Before = L.getLoopPreheader();
	unsigned OutIndex = C.StayIfTrue ? 1 : 0;
	BasicBlock *Out = C.Latch->getSuccessor(OutIndex);
	auto *Phi = cast<PHINode>(C.Next->getOperand(0));
	IRBuilder<> Pre(Before->getTerminator());
	Value *First =
		endOfStrip(Pre, C, Phi->getIncomingValueForBlock(Before));
	auto *End = PHINode::Create(P.I64, 3, "strip.end", Header->begin());
	auto *Mid = BasicBlock::Create(P.C, "strip", Header->getParent(), Out);
	auto *More =
		BasicBlock::Create(P.C, "strip.more", Header->getParent(), Out);

	IRBuilder<> M(Mid);
	M.CreateCondBr(M.CreateICmpEQ(C.Next, C.Limit), Out, More);
	IRBuilder<> N(More);
	Value *NextEnd = endOfStrip(N, C, C.Next);
	N.CreateBr(Header)->setDebugLoc(C.Latch->getDebugLoc());

	C.Test->setOperand(1, End);
	C.Latch->setSuccessor(OutIndex, Mid);
	Out->replacePhiUsesWith(Latch, Mid);
	for (PHINode &Each : Header->phis())
		if (&Each != End)
			Each.addIncoming(Each.getIncomingValueForBlock(Latch),
					 More);
	End->addIncoming(First, Before);
	End->addIncoming(End, Latch);
	End->addIncoming(NextEnd, More);
	pollBefore(P, More->getTerminator());
}

static std::vector<Instruction *> pointsIn(Program &P, Function &F,
					   bool Recursive)
{
	auto &LI = P.FAM.getResult<LoopAnalysis>(F);
	auto &SE = P.FAM.getResult<ScalarEvolutionAnalysis>(F);
	std::vector<Instruction *> Points;
	std::vector<std::pair<Loop *, Counted>> Strips;

	if (Recursive)
		Points.push_back(
			&*F.getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
	for (Loop *L : LI.getLoopsInPreorder()) {
		unsigned Rounds = SE.getSmallConstantMaxTripCount(L);
		bool Tight = L->isInnermost() && !hasCall(*L);
		Counted C;
		if (Rounds && Rounds <= (Tight ? ShortTightLoop : ShortLoop))
			continue;
		if (Tight && matchCounted(*L, C))
			Strips.push_back({ L, C });
		else
			Points.push_back(
				&*L->getHeader()->getFirstInsertionPt());
	}
	for (auto &[L, C] : Strips)
		strip(P, *L, C);
	return Points;
}

void insertPolls(Program &P)
{
	SetVector<Function *> Recursive;
	CallGraph CG(P.M);

	for (auto It = scc_begin(&CG); !It.isAtEnd(); ++It)
		if (It.hasCycle())
			for (CallGraphNode *N : *It)
				if (Function *F = N->getFunction())
					Recursive.insert(F);
	for (Function &F : P.M) {
		if (F.isDeclaration() || isRuntime(F) || isLeaf(F))
			continue;
		for (Instruction *I : pointsIn(P, F, Recursive.count(&F)))
			pollBefore(P, I);
		P.FAM.invalidate(F, PreservedAnalyses::none());
	}
}
} // namespace tombolo
