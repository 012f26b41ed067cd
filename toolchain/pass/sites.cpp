// SPDX-License-Identifier: GPL-2.0
// sites.cpp - every call that may end in a migration becomes an invoke. Its
// landing pad saves what is live into the record that the unwinder hands to it,
// and tells the runtime which clone goes on from there. Costs nothing until
// then: the tables say where to go, not the code.
#include "tombolo.h"

using namespace llvm;

namespace tombolo
{
// A frame that only hands on its callee's result may be left out. Not one that
// a longjmp returns to.
static bool isDroppable(CallInst &Call, Value *Base, bool Jumps)
{
	if (Jumps)
		return false;
	if (Call.doesNotReturn()) // never in check mode
		return true;
	auto *Ret =
		dyn_cast_or_null<ReturnInst>(Call.getNextNonDebugInstruction());
	return !Base && Ret &&
	       (!Ret->getReturnValue() || Ret->getReturnValue() == &Call);
}

// A call at which the thread may leave: ends B's block, goes on in Cont. Save
// must begin with a landing pad, or in check mode with nothing.
CallBase *Program::callAtSite(IRBuilder<> &B, FunctionType *T, Value *Callee,
			      ArrayRef<Value *> Args, BasicBlock *Cont,
			      BasicBlock *Save)
{
	if (!Check)
		return B.CreateInvoke(T, Callee, Cont, Save, Args);
	CallInst *Call = B.CreateCall(T, Callee, Args);
	Value *Leaving = B.CreateICmpNE(loadThread(B, "__tombolo_leaving", I32),
					B.getInt32(0));
	B.CreateCondBr(Leaving, Save, Cont);
	return Call;
}

static Site split(Program &P, Function &F, CallInst *Call)
{
	BasicBlock *BB = Call->getParent();
	SmallVector<Value *, 8> Args(Call->args());
	Site S;

	S.Cont = BB->splitBasicBlock(std::next(Call->getIterator()), "cont");
	S.Save = BasicBlock::Create(P.C, "save", &F);
	new UnreachableInst(P.C, S.Save);
	BB->getTerminator()->eraseFromParent();
	IRBuilder<> B(BB);
	S.Call = P.callAtSite(B, Call->getFunctionType(),
			      Call->getCalledOperand(), Args, S.Cont, S.Save);
	S.Call->setAttributes(Call->getAttributes());
	S.Call->setDebugLoc(Call->getDebugLoc());
	Call->replaceAllUsesWith(S.Call);
	S.Call->takeName(Call);
	Call->eraseFromParent();
	return S;
}

void checkCarried(const Site &S, const Value &V)
{
	if (isPrivateToIsa(V))
		refuse(where(*S.Call),
		       "a value that only this ISA understands (" +
			       V.getName() + " of " +
			       S.Call->getFunction()->getName() +
			       ") is live over a call that may migrate");
}

static Function *declareResume(Program &P, Function &F)
{
	auto *R = Function::Create(
		FunctionType::get(F.getReturnType(), { P.Ptr }, false),
		F.getLinkage(), F.getName() + ".resume", &P.M);
	AttributeList A = F.getAttributes();

	R->setVisibility(F.getVisibility());
	R->setDSOLocal(true);
	R->copyAttributesFrom(&F);
	R->setAttributes(
		AttributeList::get(P.C, A.getFnAttrs(), A.getRetAttrs(), {}));
	return R;
}

static std::string explainSite(Site &S, uint64_t Size)
{
	Function *To = S.Call->getCalledFunction();
	std::string Text = where(*S.Call) + ": " +
			   (To ? To->getName().str() : "(pointer)") + ": " +
			   std::to_string(Size) + " bytes:";
	raw_string_ostream OS(Text);

	for (Value *V : S.Live)
		OS << " " << *V->getType() << " "
		   << (V->hasName() ? V->getName() : "?");
	return Text;
}

static void explainSites(Program &P, Function &F, std::vector<Site> &Sites,
			 const std::vector<Group> &Groups)
{
	Explained &E = P.explain(F);

	for (const Group &G : Groups)
		for (unsigned I = G.First; I < G.End; I++) {
			E.Sites.push_back(explainSite(Sites[I], G.Size));
			P.Saved += Sites[I].Live.size();
		}
	P.Sites += Sites.size();
}

void makeSites(Program &P, Function &F, Value *Base, std::vector<Setjmp> &Jumps)
{
	std::vector<CallInst *> Calls;
	std::vector<Site> Sites;

	for (Instruction &I : instructions(F))
		if (auto *Call = dyn_cast<CallInst>(&I))
			if (P.mayMigrate(*Call) &&
			    !isDroppable(*Call, Base, !Jumps.empty()))
				Calls.push_back(Call);
	if (Calls.empty())
		return;
	if (!P.Check)
		F.setPersonalityFn(cast<Constant>(
			P.M.getOrInsertFunction("__tombolo_personality",
						FunctionType::get(P.I32, true))
				.getCallee()));
	for (CallInst *Call : Calls)
		Sites.push_back(split(P, F, Call));
	// A longjmp finds what was live after the setjmp when that was noted: it
	// must not be computed from anything else since, as Base is from the
	// stack's top before it.
	if (Jumps.empty())
		sinkCheap(F);
	liveAtSites(F, Sites);
	if (Jumps.empty())
		parkAtPoints(P, F, Sites);
	for (Site &S : Sites) {
		if (!Jumps.empty() && !is_contained(S.Live, Base))
			S.Live.push_back(Base);
		for (Value *V : S.Live)
			checkCarried(S, *V);
	}
	Function *Resume = declareResume(P, F);
	std::vector<Group> Groups = groupSites(P, Sites);
	explainSites(P, F, Sites, Groups);
	for (Group &G : Groups)
		makeSave(P, *Resume, Sites, G);
	makeResume(P, *Resume, F, Sites, Groups, Base, Jumps);
}
} // namespace tombolo
