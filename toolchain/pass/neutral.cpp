// SPDX-License-Identifier: GPL-2.0
// neutral.cpp - right after the front end: takes out what names one ISA, and
// refuses what only one ISA could run.
#include "tombolo.h"
#include "llvm/IR/InlineAsm.h"

using namespace llvm;

namespace tombolo
{
void dropTargetAttributes(Module &M)
{
	for (Function &F : M) {
		F.removeFnAttr("target-cpu");
		F.removeFnAttr("target-features");
		F.removeFnAttr("tune-cpu");
		F.removeFnAttr("target-abi");
		F.setComdat(nullptr);
	}
	for (GlobalVariable &G : M.globals())
		G.setComdat(nullptr);
}

// The front end's riscv64 ABI is a fiction that ends here.
static void dropTargetFlags(Module &M)
{
	NamedMDNode *Flags = M.getModuleFlagsMetadata();
	SmallVector<MDNode *, 8> Keep;

	if (!Flags)
		return;
	for (MDNode *Flag : Flags->operands()) {
		StringRef Name =
			cast<MDString>(Flag->getOperand(1))->getString();
		if (Name != "target-abi" && Name != "riscv-isa" &&
		    Name != "SmallDataLimit" && Name != "Code Model")
			Keep.push_back(Flag);
	}
	Flags->clearOperands();
	for (MDNode *Flag : Keep)
		Flags->addOperand(Flag);
}

// Text that means the same on every ISA: nothing, comments, nop.
static bool isNeutralAsm(StringRef Text)
{
	SmallVector<StringRef, 4> Lines;

	Text.split(Lines, '\n');
	for (StringRef Line : Lines) {
		Line = Line.trim();
		if (!Line.empty() && !Line.starts_with("#") && Line != "nop" &&
		    !(Line.starts_with("/*") && Line.ends_with("*/")))
			return false;
	}
	return true;
}

static void checkInstruction(Instruction &I)
{
	auto *Call = dyn_cast<CallBase>(&I);

	if (isa<CallBrInst>(I)) {
		refuse(where(I), "asm goto: its code would be one ISA's");
		return;
	}
	if (!Call || !Call->isInlineAsm())
		return;
	auto *Asm = cast<InlineAsm>(Call->getCalledOperand());
	if (!isNeutralAsm(Asm->getAsmString()))
		refuse(where(I),
		       "inline assembly \"" + Twine(Asm->getAsmString()) +
			       "\" is one ISA's: put the function into a file "
			       "compiled with --isa-specific, #ifdef by ISA");
}

// Vectors of 128 bits are loaded from arrays as from memory that is aligned to
// them, as on x86-64; the front end's ISA asks for less.
static void alignArrays(Module &M)
{
	const DataLayout &DL = M.getDataLayout();
	const Align Wanted(16);

	auto IsLarge = [&](Type *T) {
		return T->isArrayTy() && DL.getTypeAllocSize(T) >= 16;
	};
	for (GlobalVariable &G : M.globals())
		if (!G.isDeclaration() && !G.hasSection() &&
		    IsLarge(G.getValueType()) &&
		    G.getAlign().valueOrOne() < Wanted)
			G.setAlignment(Wanted);
	for (Function &F : M)
		for (Instruction &I : instructions(F))
			if (auto *A = dyn_cast<AllocaInst>(&I))
				if (IsLarge(A->getAllocatedType()) &&
				    A->getAlign() < Wanted)
					A->setAlignment(Wanted);
}

// TOMBOLO_NEVER of tombolo.h
static void readAnnotations(Module &M)
{
	GlobalVariable *G = M.getNamedGlobal("llvm.global.annotations");

	if (!G)
		return;
	for (Value *V : cast<ConstantArray>(G->getInitializer())->operands()) {
		auto *Entry = cast<ConstantStruct>(V);
		auto *F = dyn_cast<Function>(Entry->getOperand(0));
		auto *Text = dyn_cast<GlobalVariable>(Entry->getOperand(1));
		auto *Data = Text ? dyn_cast<ConstantDataSequential>(
					    Text->getInitializer()) :
				    nullptr;
		if (F && Data && Data->isCString() &&
		    Data->getAsCString() == LeafAttr)
			F->addFnAttr(LeafAttr);
	}
	G->eraseFromParent();
}

void neutralize(Module &M)
{
	if (!M.getModuleInlineAsm().empty())
		refuse(M.getSourceFileName(),
		       "assembly outside of functions is one ISA's");
	for (GlobalIFunc &I : M.ifuncs())
		refuse(M.getSourceFileName(),
		       "ifunc " + I.getName() + ": not on every ISA");
	for (Function &F : M)
		for (Instruction &I : instructions(F))
			checkInstruction(I);
	alignArrays(M);
	readAnnotations(M);
	dropTargetAttributes(M);
	dropTargetFlags(M);
}
} // namespace tombolo
