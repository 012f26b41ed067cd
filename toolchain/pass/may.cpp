// SPDX-License-Identifier: GPL-2.0
// may.cpp - which functions may be on the stack when the thread migrates, and
// what the optimiser believed of them that is not true any more.
#include "tombolo.h"
#include "version.h"
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
	TOMBOLO_NEW_ON_PARAMETER Attribute::NoCapture,
	Attribute::ReadOnly,
	Attribute::WriteOnly,
	Attribute::ReadNone,
	Attribute::NoAlias,
	Attribute::Returned
};

// In check mode a result is 0 while the thread leaves, whatever was promised of it.
static AttributeList dropPromises(LLVMContext &C, AttributeList Attributes)
{
	AttributeMask Mask;

	for (Attribute A : Attributes.getRetAttrs())
		if (!A.hasAttribute(Attribute::ZExt) &&
		    !A.hasAttribute(Attribute::SExt))
			Mask.addAttribute(A);
	return Attributes.removeRetAttributes(C, Mask);
}

static void expectZero(Program &P, CallInst &Call)
{
	// It does return, to leave its caller too.
	Call.removeFnAttr(Attribute::NoReturn);
	Call.setAttributes(dropPromises(P.C, Call.getAttributes()));
	for (unsigned Kind : { LLVMContext::MD_range, LLVMContext::MD_nonnull,
			       LLVMContext::MD_noundef })
		Call.setMetadata(Kind, nullptr);
}

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
			if (P.mayMigrate(*Call)) {
				dropFromCall(*Call);
				if (P.Check)
					expectZero(P, *Call);
			}
	if (P.Check) {
		F.removeFnAttr(Attribute::NoReturn);
		F.setAttributes(dropPromises(P.C, F.getAttributes()));
	}
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
// Is it cheaper to compute again than to keep in a register over a call?
static bool isCheap(const Instruction &I)
{
	auto *Gep = dyn_cast<GetElementPtrInst>(&I);

	return (Gep && Gep->hasAllConstantIndices()) || isa<TruncInst>(I) ||
	       (isa<ICmpInst>(I) && isa<Constant>(I.getOperand(1)) &&
		!I.getType()->isVectorTy());
}

static void sink(Instruction &I)
{
	DenseMap<BasicBlock *, Instruction *> Known;
	SmallVector<Use *, 8> Uses;

	for (Use &U : I.uses())
		Uses.push_back(&U);
	for (Use *U : Uses) {
		auto *User = cast<Instruction>(U->getUser());
		auto *Phi = dyn_cast<PHINode>(User);
		BasicBlock *BB = Phi ? Phi->getIncomingBlock(*U) :
				       User->getParent();
		if (BB == I.getParent())
			continue;
		Instruction *&Here = Known[BB];
		if (!Here) {
			Here = I.clone();
			Here->insertBefore(Phi ? BB->getTerminator() :
						 &*BB->getFirstInsertionPt());
		} else if (Phi == nullptr) {
			Here->moveBefore(&*BB->getFirstInsertionPt());
		}
		U->set(Here);
	}
	if (I.use_empty())
		I.eraseFromParent();
}

// Addresses at a distance from another one, and comparisons, are done anew in
// each block that uses them: a frame need not keep them.
void sinkCheap(Function &F)
{
	SmallVector<Instruction *, 32> Cheap;

	for (Instruction &I : instructions(F))
		if (isCheap(I))
			Cheap.push_back(&I);
	for (Instruction *I : reverse(Cheap))
		sink(*I);
}
} // namespace tombolo
