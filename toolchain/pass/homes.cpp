// SPDX-License-Identifier: GPL-2.0
// homes.cpp - a function with very many points, and more live at each of them than
// there are registers, would put all of that on the data stack and take it back at
// each point anew. What is seldom used, but live at many points, stays on the data
// stack instead. Not in a function that makes more calls than it has points: what is
// live over a call has its place there, or a register worth having. Values that phis
// join share a place.
#include "homes.h"
#include "liveness.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/IR/CFG.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

namespace tombolo
{
static cl::opt<unsigned>
	ManyPoints("tombolo-many-points", cl::init(32),
		   cl::desc("points of a function whose values have homes")),
	ManyLive("tombolo-many-live", cl::init(24),
		 cl::desc("values at each of them"));

// How many pairs of values are compared before two webs stay apart
constexpr unsigned MostPairs = 1 << 16;

namespace
{
using Edge = std::pair<Value *, BasicBlock *>;

struct Homes {
	Program &P;
	Function &F;
	SmallVector<BasicBlock *, 32> Points;
	MapVector<Instruction *, Blocks> In;
	EquivalenceClasses<Instruction *> Webs;
	MapVector<Value *, AllocaInst *> Home;
	DenseMap<Edge, Value *> Loaded;

	Homes(Program &P, Function &F) : P(P), F(F)
	{
	}
	bool liveBehind(Instruction *V, Instruction *At);
	bool canJoin(Instruction *A, Instruction *B);
	void findLive();
	void findWebs();
	bool isCrowded();
	bool isWorth(ArrayRef<Instruction *> Web);
	void splitEdges();
	Value *atEnd(Value *V, BasicBlock *BB);
	void fetch(PHINode &Phi);
	void fill(PHINode &Phi);
	void replace(Instruction &V);
	void choose();
	void run();
};
} // namespace

static bool isUsedByPhi(Value *V, BasicBlock *In, BasicBlock *From)
{
	for (PHINode &Phi : In->phis())
		for (unsigned I = 0; I < Phi.getNumIncomingValues(); I++)
			if (Phi.getIncomingBlock(I) == From &&
			    Phi.getIncomingValue(I) == V)
				return true;
	return false;
}

// Is V still wanted when At has been computed?
bool Homes::liveBehind(Instruction *V, Instruction *At)
{
	BasicBlock *BB = At->getParent();
	bool Here = V->getParent() == BB;

	if (Here ? !isa<PHINode>(V) && At->comesBefore(V) : !In[V].contains(BB))
		return false;
	for (User *U : V->users()) {
		auto *I = cast<Instruction>(U);
		if (I->getParent() == BB && !isa<PHINode>(I) &&
		    (isa<PHINode>(At) || At->comesBefore(I)))
			return true;
	}
	for (BasicBlock *Next : successors(BB))
		if (In[V].contains(Next) || isUsedByPhi(V, Next, BB))
			return true;
	return false;
}

// Not if both are wanted at the same time
bool Homes::canJoin(Instruction *A, Instruction *B)
{
	auto Size = [&](Instruction *I) {
		return std::distance(Webs.findLeader(I), Webs.member_end());
	};

	if (Size(A) * Size(B) > MostPairs)
		return false;
	for (auto I = Webs.findLeader(A); I != Webs.member_end(); ++I)
		for (auto J = Webs.findLeader(B); J != Webs.member_end(); ++J)
			if (liveBehind(*I, *J) || liveBehind(*J, *I))
				return false;
	return true;
}

void Homes::findLive()
{
	for (Instruction &I : instructions(F)) {
		if (I.getType()->isVoidTy() || I.getType()->isTokenTy() ||
		    isa<AllocaInst>(I))
			continue;
		Blocks Where = reach(&I, I.getParent());
		if (none_of(Points,
			    [&](BasicBlock *BB) { return Where.contains(BB); }))
			continue;
		In[&I] = std::move(Where);
		Webs.insert(&I);
	}
}

void Homes::findWebs()
{
	for (auto &[I, Where] : In) {
		auto *Phi = dyn_cast<PHINode>(I);
		if (!Phi)
			continue;
		for (Value *V : Phi->incoming_values()) {
			auto *From = dyn_cast<Instruction>(V);
			if (From && In.count(From) &&
			    !Webs.isEquivalent(Phi, From) && canJoin(Phi, From))
				Webs.unionSets(Phi, From);
		}
	}
}

bool Homes::isCrowded()
{
	size_t Live = 0;

	for (auto &[V, Where] : In)
		for (BasicBlock *BB : Points)
			Live += Where.contains(BB);
	return Live >= ManyLive * Points.size();
}

// Compares what has to be put there and fetched, with the points that need not.
bool Homes::isWorth(ArrayRef<Instruction *> Web)
{
	unsigned Saved = 0, Used = 0;
	SmallPtrSet<Value *, 16> All(Web.begin(), Web.end());

	for (Instruction *V : Web) {
		SmallPtrSet<BasicBlock *, 8> Fetched;
		for (BasicBlock *BB : Points)
			Saved += In[V].contains(BB);
		for (User *U : V->users())
			if (!All.contains(U))
				Fetched.insert(
					cast<Instruction>(U)->getParent());
		Used += Fetched.size();
		auto *Phi = dyn_cast<PHINode>(V);
		if (!Phi) {
			Used++;
			continue;
		}
		for (Value *From : Phi->incoming_values())
			Used += !All.contains(From) && !isa<UndefValue>(From);
	}
	return Saved >= ManyPoints / 2 && Used < 2 * Saved;
}

// What a phi is given is stored where nobody else passes.
void Homes::splitEdges()
{
	SmallVector<BasicBlock *, 32> Joins;

	for (BasicBlock &BB : F)
		if (any_of(BB.phis(),
			   [&](PHINode &Phi) { return Home.count(&Phi); }))
			Joins.push_back(&BB);
	for (BasicBlock *BB : Joins) {
		SmallSetVector<BasicBlock *, 8> Before(pred_begin(BB),
						       pred_end(BB));
		for (BasicBlock *From : Before)
			if (!From->getSingleSuccessor())
				SplitBlockPredecessors(BB, { From }, ".home");
	}
}

// V as it is at BB's end, before anything is stored there
Value *Homes::atEnd(Value *V, BasicBlock *BB)
{
	auto *I = dyn_cast<Instruction>(V);

	if (!Home.count(V) || (I->getParent() == BB && !isa<PHINode>(I)))
		return V;
	Value *&Known = Loaded[{ V, BB }];
	if (!Known)
		Known = new LoadInst(V->getType(), Home[V], "",
				     BB->getTerminator());
	return Known;
}

void Homes::fetch(PHINode &Phi)
{
	for (unsigned I = 0; I < Phi.getNumIncomingValues(); I++) {
		Value *V = Phi.getIncomingValue(I);
		if (!Home.count(V) || Home.lookup(V) == Home.lookup(&Phi))
			continue;
		Value *Now = atEnd(V, Phi.getIncomingBlock(I));
		if (!Home.count(&Phi))
			Phi.setIncomingValue(I, Now);
	}
}

void Homes::fill(PHINode &Phi)
{
	for (unsigned I = 0; I < Phi.getNumIncomingValues(); I++) {
		Value *V = Phi.getIncomingValue(I);
		BasicBlock *From = Phi.getIncomingBlock(I);
		if (!isa<UndefValue>(V) && Home.lookup(V) != Home.lookup(&Phi))
			new StoreInst(atEnd(V, From), Home[&Phi],
				      From->getTerminator());
	}
}

void Homes::replace(Instruction &V)
{
	DenseMap<BasicBlock *, Instruction *> First;
	SmallVector<Use *, 16> Uses;

	for (Use &U : V.uses()) {
		auto *I = cast<Instruction>(U.getUser());
		if (isa<PHINode>(I) ||
		    (I->getParent() == V.getParent() && !isa<PHINode>(V)))
			continue;
		Uses.push_back(&U);
		Instruction *&Known = First[I->getParent()];
		if (!Known || I->comesBefore(Known))
			Known = I;
	}
	for (auto &[BB, I] : First)
		I = new LoadInst(V.getType(), Home[&V], "", I);
	for (Use *U : Uses)
		U->set(First[cast<Instruction>(U->getUser())->getParent()]);
	if (!isa<PHINode>(V))
		new StoreInst(&V, Home[&V], V.getNextNode());
}

void Homes::choose()
{
	MapVector<Instruction *, SmallVector<Instruction *, 8>> Members;

	for (auto &[V, Where] : In)
		Members[Webs.getLeaderValue(V)].push_back(V);
	for (auto &[Leader, Web] : Members) {
		if (!isWorth(Web))
			continue;
		auto *A = new AllocaInst(Leader->getType(), 0, nullptr, "home",
					 &*F.getEntryBlock().begin());
		for (Instruction *V : Web)
			Home[V] = A;
	}
}

void Homes::run()
{
	SmallVector<PHINode *, 32> Phis;

	findLive();
	if (!isCrowded())
		return;
	findWebs();
	choose();
	splitEdges();
	for (BasicBlock &BB : F)
		for (PHINode &Phi : BB.phis())
			Phis.push_back(&Phi);
	// What all of them are given is fetched before any of it is stored.
	for (PHINode *Phi : Phis)
		fetch(*Phi);
	for (PHINode *Phi : Phis)
		if (Home.count(Phi))
			fill(*Phi);
	for (auto &[V, A] : Home)
		replace(*cast<Instruction>(V));
	for (PHINode *Phi : Phis)
		if (Home.count(Phi)) {
			Phi->replaceAllUsesWith(
				PoisonValue::get(Phi->getType()));
			Phi->eraseFromParent();
		}
}

void giveHomes(Program &P, Function &F)
{
	Homes Do(P, F);
	size_t Calls = 0;

	for (Instruction &I : instructions(F)) {
		auto *Call = dyn_cast<CallInst>(&I);
		if (!Call || !P.mayMigrate(*Call))
			continue;
		if (isPoint(*Call))
			Do.Points.push_back(I.getParent());
		else
			Calls++;
	}
	if (Do.Points.size() >= ManyPoints && Do.Points.size() >= Calls &&
	    !F.callsFunctionThatReturnsTwice())
		Do.run();
}
} // namespace tombolo
