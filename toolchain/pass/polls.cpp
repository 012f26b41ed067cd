// SPDX-License-Identifier: GPL-2.0
// polls.cpp - migration points: where a function looks whether it is asked to
// migrate. After the optimiser has run, so that no loop loses by it. There are
// enough that no more than about a million instructions pass between two, and
// no more than that needs, for each costs two instructions.
#include "tombolo.h"
#include "calls.h"
#include "strips.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

namespace tombolo
{
// Instructions of a loop without a point; what one may do on the whole
constexpr uint64_t LoopBudget = 1 << 16, MostQuiet = 1 << 20;
// Rounds between two points of a counted loop: at most, and worth the trouble
constexpr uint64_t MaxStrip = 1024, MinStrip = 8;
// What a call of the C library or of a recursion is taken for
constexpr uint64_t OutsideCall = 200, CutCall = 2000;

static cl::opt<unsigned>
	Large("tombolo-large", cl::init(150),
	      cl::desc("functions of so many instructions look between the "
		       "rounds of their loops, smaller ones in them"));

namespace
{
// A loop's header, and the only two blocks from which it is entered
struct Rounds {
	BasicBlock *Header, *Begin, *Again;
};

// Decides for one function, callees first.
struct Placer {
	Program &P;
	Calls &Graph;
	CallNode &Node;
	Function &F;
	LoopInfo &LI;
	DominatorTree &DT;
	ScalarEvolution &SE;
	SmallSetVector<Instruction *, 16> Points;
	SmallPtrSet<BasicBlock *, 16> Looks; // blocks that pass a point
	std::vector<Loop *> Circles; // with a point between two rounds
	std::vector<std::tuple<Loop *, Counted, uint64_t>> Strips;

	Placer(Program &P, Calls &Graph, CallNode &Node)
	    : P(P), Graph(Graph), Node(Node), F(*Node.F),
	      LI(P.FAM.getResult<LoopAnalysis>(F)),
	      DT(P.FAM.getResult<DominatorTreeAnalysis>(F)),
	      SE(P.FAM.getResult<ScalarEvolutionAnalysis>(F))
	{
	}
	void point(Instruction *I)
	{
		Points.insert(I);
		Looks.insert(I->getParent());
	}
	Rounds splitHeader(Loop &L);
	void cutRecursion();
	void cutIrreducible();
	void findLooks();
	uint64_t costOf(BasicBlock &BB);
	uint64_t costInside(Loop *L);
	bool isCovered(Loop &L);
	uint64_t place(Loop *L);
	void run();
};
} // namespace

static uint64_t limited(uint64_t Cost)
{
	return std::min(Cost, MostQuiet);
}

// One point before all calls by which the function may be called again, as
// deep inside as that allows: where a recursion ends it then costs nothing.
void Placer::cutRecursion()
{
	BasicBlock *Common = nullptr;

	for (Instruction &I : instructions(F))
		if (isRealCall(I) && DT.isReachableFromEntry(I.getParent()) &&
		    Graph.isRecursive(Node, cast<CallBase>(I)))
			Common = Common ? DT.findNearestCommonDominator(
						  Common, I.getParent()) :
					  I.getParent();
	if (!Common)
		return;
	// Out of a loop of few rounds: one point for all of them
	while (Loop *L = LI.getLoopFor(Common)) {
		unsigned Rounds = SE.getSmallConstantMaxTripCount(L);
		if (!Rounds || Rounds > 64 || !L->getLoopPreheader())
			break;
		Common = L->getLoopPreheader();
	}
	point(&*Common->getFirstNonPHIOrDbgOrAlloca());
}

// Circles that are no loops, made by goto into their middle
void Placer::cutIrreducible()
{
	SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 8> Back;

	FindFunctionBackedges(F, Back);
	for (auto &[From, To] : Back)
		if (!DT.dominates(To, From))
			point(&*const_cast<BasicBlock *>(To)
					->getFirstInsertionPt());
}

void Placer::findLooks()
{
	for (Instruction &I : instructions(F)) {
		if (!isRealCall(I))
			continue;
		CallNode *To = Graph.of(cast<CallBase>(I));
		if (To && To->AlwaysLooks)
			Looks.insert(I.getParent());
	}
}

uint64_t Placer::costOf(BasicBlock &BB)
{
	uint64_t Cost = 0;

	for (Instruction &I : BB) {
		Cost++;
		if (!isRealCall(I))
			continue;
		CallNode *To = Graph.of(cast<CallBase>(I));
		Cost += !To ? OutsideCall : To->Cut ? CutCall : To->Quiet;
	}
	return limited(Cost);
}

// Of one round of L, or of the function outside of its loops
uint64_t Placer::costInside(Loop *L)
{
	uint64_t Cost = 0;

	if (L) {
		for (BasicBlock *BB : L->blocks())
			if (LI.getLoopFor(BB) == L)
				Cost += costOf(*BB);
		for (Loop *Sub : *L)
			Cost += place(Sub);
	} else {
		for (BasicBlock &BB : F)
			if (!LI.getLoopFor(&BB))
				Cost += costOf(BB);
		for (Loop *Sub : LI)
			Cost += place(Sub);
	}
	return limited(Cost);
}

// Does each round pass a point?
bool Placer::isCovered(Loop &L)
{
	SmallVector<BasicBlock *, 4> Latches;

	L.getLoopLatches(Latches);
	for (BasicBlock *BB : L.blocks())
		if (Looks.contains(BB) && all_of(Latches, [&](BasicBlock *To) {
			    return DT.dominates(BB, To);
		    }))
			return true;
	return false;
}

// Returns what the loop may do without a point.
uint64_t Placer::place(Loop *L)
{
	uint64_t Cost = costInside(L);
	uint64_t Most = SE.getSmallConstantMaxTripCount(L);
	uint64_t Strip = std::min(MaxStrip, LoopBudget / Cost);
	Counted C;

	if (isCovered(*L))
		return Cost;
	if (Most && Most * Cost <= LoopBudget)
		return Most * Cost;
	if (Strip >= MinStrip && matchCounted(P, *L, C)) {
		Strips.push_back({ L, C, Strip });
		return Strip * Cost;
	}
	if (L->isInnermost() && F.getInstructionCount() >= Large)
		Circles.push_back(L);
	else
		point(&*L->getHeader()->getFirstInsertionPt());
	return Cost;
}

// Returns the block that ends in the call, and goes on at Where.
static BasicBlock *pollBefore(Program &P, Instruction *Where)
{
	IRBuilder<> B(Where);
	Constant *Flag = P.M.getOrInsertGlobal("__tombolo_flag", P.I32);
	Value *Asked =
		B.CreateICmpNE(B.CreateLoad(P.I32, Flag, true), B.getInt32(0));
	Instruction *Then = SplitBlockAndInsertIfThen(
		Asked, Where, false,
		MDBuilder(P.C).createBranchWeights(1, 1 << 20));

	IRBuilder<> Slow(Then);
	FunctionCallee Point =
		P.M.getOrInsertFunction("__tombolo_point", P.Void);
	Slow.CreateCall(Point)->setDebugLoc(Where->getDebugLoc());
	P.Polls++;
	return Then->getParent();
}

// Blocks of its own for what comes to the header from outside and from a round.
Rounds Placer::splitHeader(Loop &L)
{
	BasicBlock *Header = L.getHeader();
	SmallVector<BasicBlock *, 4> Back, Outside;

	for (BasicBlock *From : predecessors(Header))
		(L.contains(From) ? Back : Outside).push_back(From);
	auto Split = [&](ArrayRef<BasicBlock *> From, const char *Suffix) {
		return SplitBlockPredecessors(Header, From, Suffix, &DT, &LI);
	};
	BasicBlock *Again = Split(Back, ".again");
	return { Header, Split(Split(Outside, ".enter"), ".begin"), Again };
}

// Looks on the way back to the header. Who has been at the point comes to the
// header as if from outside: what does not change in the loop is not changed by
// the point either, and it stays a loop for the code generator if the function
// restores its frame itself, in the middle of it. For small functions, which do
// not, a look in the header is cheaper: the test at the loop's end stays there.
static void pollBetween(Program &P, const Rounds &R)
{
	BasicBlock *Enter = R.Begin->getSinglePredecessor();
	BasicBlock *Slow = pollBefore(P, R.Again->getTerminator());
	BasicBlock *Again = Slow->getSingleSuccessor();
	IRBuilder<> B(R.Begin, R.Begin->begin());

	Slow->getTerminator()->setSuccessor(0, R.Begin);
	for (PHINode &Phi : R.Header->phis()) {
		PHINode *From = B.CreatePHI(Phi.getType(), 2);
		From->addIncoming(Phi.getIncomingValueForBlock(R.Begin), Enter);
		From->addIncoming(Phi.getIncomingValueForBlock(Again), Slow);
		Phi.setIncomingValueForBlock(R.Begin, From);
	}
}

void Placer::run()
{
	std::vector<Rounds> Split;

	if (Node.Cut)
		cutRecursion();
	cutIrreducible();
	findLooks();
	Node.Quiet = costInside(nullptr);
	Node.AlwaysLooks = Looks.contains(&F.getEntryBlock());
	for (Loop *L : Circles)
		Split.push_back(splitHeader(*L));
	for (Rounds &R : Split)
		pollBetween(P, R);
	for (auto &[L, C, Length] : Strips)
		Points.insert(strip(P, *L, C, Length));
	for (Instruction *I : Points)
		pollBefore(P, I);
	P.FAM.invalidate(F, PreservedAnalyses::none());
}

void insertPolls(Program &P)
{
	Calls Graph(P.M);

	for (CallNode *N : Graph.Order) {
		if (N->F) {
			Placer(P, Graph, *N).run();
			continue;
		}
		for (CallNode *To : N->Out)
			N->Quiet = std::max(N->Quiet,
					    To->Cut ? CutCall : To->Quiet);
	}
}
} // namespace tombolo
