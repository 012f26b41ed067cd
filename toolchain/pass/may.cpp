// SPDX-License-Identifier: GPL-2.0
// may.cpp - which functions may be on the stack when the thread migrates, and
// what the optimiser believed of them that is not true any more.
#include "tombolo.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"
#include "llvm/IR/Dominators.h"

using namespace llvm;

namespace tombolo
{
static CallBase *firstMayCall(Program &P, Function &F)
{
	for (Instruction &I : instructions(F))
		if (auto *Call = dyn_cast<CallBase>(&I))
			if (P.mayMigrate(*Call))
				return Call;
	return nullptr;
}

static std::string because(const CallBase &Call)
{
	auto *F = dyn_cast<Function>(
		Call.getCalledOperand()->stripPointerCastsAndAliases());

	return (F ? "calls " + F->getName().str() :
		    std::string("calls through a pointer")) +
	       " at " + where(Call);
}

void findMay(Program &P)
{
	bool Changed = true;

	if (Function *F = P.M.getFunction("__tombolo_point"))
		P.May.insert(F);
	if (Function *F = P.M.getFunction("__tombolo_migrate"))
		P.May.insert(F);
	while (Changed) {
		Changed = false;
		for (Function &F : P.M) {
			if (F.isDeclaration() || P.May.count(&F) ||
			    isRuntime(F) || isLeaf(F))
				continue;
			CallBase *Call = firstMayCall(P, F);
			if (!Call)
				continue;
			P.May.insert(&F);
			P.explain(F).Why = because(*Call);
			Changed = true;
		}
	}
	for (Function &F : P.M) {
		if (F.isDeclaration())
			continue;
		Explained &E = P.explain(F);
		E.May = P.May.count(&F);
		if (isLeaf(F))
			E.Why = "is declared never to migrate";
		else if (!E.May && E.Why.empty())
			E.Why = "has no loop or recursion, and calls nothing "
				"that may migrate";
	}
}

static const Attribute::AttrKind FalseOnFunction[] = {
	Attribute::NoUnwind, Attribute::Memory, Attribute::WillReturn,
	Attribute::NoSync,   Attribute::NoFree, Attribute::MustProgress,
	Attribute::NoRecurse
};
static const Attribute::AttrKind FalseOnParameter[] = {
	Attribute::DeadOnUnwind, Attribute::NoCapture, Attribute::ReadOnly,
	Attribute::WriteOnly,	 Attribute::ReadNone,  Attribute::Writable,
	Attribute::NoAlias,	 Attribute::Returned
};

static void dropFromCall(CallInst &Call)
{
	for (auto Kind : FalseOnFunction)
		Call.removeFnAttr(Kind);
	for (unsigned I = 0; I < Call.arg_size(); I++)
		for (auto Kind : FalseOnParameter)
			Call.removeParamAttr(I, Kind);
	if (Call.isMustTailCall())
		Call.setTailCallKind(CallInst::TCK_Tail);
}

void dropFalseAttributes(Program &P, Function &F)
{
	for (auto Kind : FalseOnFunction)
		F.removeFnAttr(Kind);
	F.setUWTableKind(UWTableKind::Sync);
	for (Argument &A : F.args())
		for (auto Kind : FalseOnParameter)
			A.removeAttr(Kind);
	for (Instruction &I : instructions(F))
		if (auto *Call = dyn_cast<CallInst>(&I))
			if (P.mayMigrate(*Call))
				dropFromCall(*Call);
}

// Variables that need not be in memory are not moved to the data stack.
void promoteAllocas(Program &P, Function &F)
{
	std::vector<AllocaInst *> Promotable;

	for (Instruction &I : instructions(F))
		if (auto *A = dyn_cast<AllocaInst>(&I))
			if (A->isStaticAlloca() && isAllocaPromotable(A))
				Promotable.push_back(A);
	if (Promotable.empty())
		return;
	DominatorTree DT(F);
	PromoteMemToReg(Promotable, DT);
}
} // namespace tombolo
