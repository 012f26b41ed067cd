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

static void layOut(Program &P, Site &S)
{
	for (Value *V : S.Live) {
		uint64_t Al = P.DL.getABITypeAlign(V->getType()).value();
		S.Size = alignTo(S.Size, std::min<uint64_t>(16, Al));
		S.Offset.push_back(S.Size);
		S.Size += P.DL.getTypeStoreSize(V->getType());
		checkCarried(S, *V);
	}
	S.Size = alignTo(S.Size, 16);
	P.Sites++;
	P.Saved += S.Live.size();
}

// Not nounwind, though it never returns: LLVM would merge the ranges of the
// invokes around it, and unwinding from it would end in its own landing pad.
static FunctionCallee continueFunction(Program &P)
{
	FunctionCallee Fn = P.M.getOrInsertFunction("__tombolo_continue",
						    P.Void, P.Ptr, P.I64);
	auto *F = cast<Function>(Fn.getCallee());

	F->addFnAttr(Attribute::Cold);
	F->setDoesNotReturn();
	return Fn;
}

// Where the record's payload is to go
static Value *payload(Program &P, IRBuilder<> &B, Function *Resume, Value *Id)
{
	if (P.Check)
		return B.CreateCall(P.M.getOrInsertFunction("__tombolo_frame",
							    P.Ptr, P.Ptr,
							    P.I64),
				    { Resume, Id });
	LandingPadInst *Pad =
		B.CreateLandingPad(StructType::get(P.Ptr, P.I32), 0);
	Pad->setCleanup(true);
	return B.CreateExtractValue(Pad, 0);
}

// To the caller, which looks too; or to the unwinder, which finds the caller.
static void leave(Program &P, IRBuilder<> &B, Function *Resume, Value *Id)
{
	if (!P.Check) {
		B.CreateCall(continueFunction(P), { Resume, Id })
			->setDoesNotReturn();
		B.CreateUnreachable();
	} else if (Resume->getReturnType()->isVoidTy()) {
		B.CreateRetVoid();
	} else {
		B.CreateRet(Constant::getNullValue(Resume->getReturnType()));
	}
}

static void fillSave(Program &P, Site &S, Function *Resume, unsigned Index)
{
	S.Save->getTerminator()->eraseFromParent();
	IRBuilder<> B(S.Save);
	Value *Id = B.getInt64((uint64_t)Index << 32 | S.Size);
	B.SetCurrentDebugLocation(S.Call->getDebugLoc());
	Value *Record = payload(P, B, Resume, Id);
	for (unsigned I = 0; I < S.Live.size(); I++)
		B.CreateAlignedStore(S.Live[I],
				     B.CreateConstInBoundsGEP1_64(P.I8, Record,
								  S.Offset[I]),
				     commonAlignment(Align(16), S.Offset[I]));
	leave(P, B, Resume, Id);
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

static void explainSites(Program &P, Function &F, std::vector<Site> &Sites)
{
	Explained &E = P.explain(F);

	for (Site &S : Sites) {
		Function *To = S.Call->getCalledFunction();
		std::string Text = where(*S.Call) + ": " +
				   (To ? To->getName().str() : "(pointer)") +
				   ": " + std::to_string(S.Size) + " bytes:";
		for (Value *V : S.Live) {
			raw_string_ostream OS(Text);
			OS << " " << *V->getType() << " "
			   << (V->hasName() ? V->getName() : "?");
		}
		E.Sites.push_back(Text);
	}
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
	sinkCheap(F);
	liveAtSites(F, Sites);
	if (Jumps.empty())
		parkAtPoints(P, F, Sites);
	Function *Resume = declareResume(P, F);
	for (unsigned I = 0; I < Sites.size(); I++) {
		Site &S = Sites[I];
		if (!Jumps.empty() && !is_contained(S.Live, Base))
			S.Live.push_back(Base);
		layOut(P, S);
		fillSave(P, S, Resume, I);
	}
	explainSites(P, F, Sites);
	makeResume(P, *Resume, F, Sites, Base, Jumps);
}
} // namespace tombolo
