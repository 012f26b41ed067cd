// SPDX-License-Identifier: GPL-2.0
// libcalls.cpp - the linker brings in every function that a code generator might
// call; here those go again that nothing in this program can become a call of.
#include "tombolo.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"

using namespace llvm;

namespace tombolo
{
static const char *const Names[] = {
#define HANDLE_LIBCALL(Code, Name) Name,
#include "llvm/IR/RuntimeLibcalls.def"
#undef HANDLE_LIBCALL
};

// Mathematics by intrinsic: "llvm.pow.f64" may become pow.
static void becomes(const IntrinsicInst &I, StringSet<> &Needed)
{
	StringRef Name = I.getCalledFunction()->getName().drop_front(5);
	SmallVector<const Type *, 4> Types = { I.getType() };

	Name.consume_front("experimental.constrained.");
	Name.consume_front("vector.reduce.");
	Name.consume_front("vp.");
	Name = Name.split('.').first;
	if (Name == "minnum" || Name == "maxnum" || Name == "fmin" ||
	    Name == "fmax" || Name == "minimum" || Name == "maximum")
		Name = Name.contains("min") ? "fmin" : "fmax";
	else if (Name == "fmuladd")
		Name = "fma";
	for (const Value *Operand : I.args())
		Types.push_back(Operand->getType());
	for (const Type *Ty : Types) {
		if (!Ty->isFPOrFPVectorTy())
			continue;
		Ty = Ty->getScalarType();
		std::string Suffix = Ty->isDoubleTy() ? "" :
				     Ty->isFP128Ty()  ? "l" :
							"f";
		Needed.insert(Name.str() + Suffix);
		if (Name == "sin" || Name == "cos")
			Needed.insert("sincos" + Suffix);
	}
}

static StringSet<> needed(const Module &M)
{
	StringSet<> Needed;

	for (const Function &F : M) {
		StringSet<> Here;

		for (const Instruction &I : instructions(F)) {
			if (auto *II = dyn_cast<IntrinsicInst>(&I))
				becomes(*II, Here);
			// By a power of two it may be done with trunc.
			else if (I.getOpcode() == Instruction::FRem)
				for (const char *Name :
				     { "fmod", "fmodf", "fmodl", "trunc",
				       "truncf", "truncl" })
					Here.insert(Name);
		}
		Here.erase(F.getName()); // sqrt() by llvm.sqrt: no call
		for (const auto &Name : Here)
			Needed.insert(Name.getKey());
	}
	return Needed;
}

// Names that begin with _ are for the compiler's own functions, which are in no
// module. What nothing calls any more, be it another one of these, may name more
// intrinsics: until no more go. Should a code generator want one after all, the link
// fails and says which.
void dropIdleLibcalls(Module &M, ModuleAnalysisManager &AM)
{
	bool More = true;

	while (More) {
		StringSet<> Needed = needed(M);
		More = false;
		for (const char *Name : Names) {
			Function *F = Name ? M.getFunction(Name) : nullptr;
			if (!F || *Name == '_' || F->isDeclaration() ||
			    F->hasLocalLinkage() || Needed.contains(Name))
				continue;
			F->setLinkage(GlobalValue::InternalLinkage);
			More = true;
		}
		if (More)
			GlobalDCEPass().run(M, AM);
	}
}
} // namespace tombolo
