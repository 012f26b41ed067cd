// SPDX-License-Identifier: GPL-2.0
// libcalls.cpp - the linker brings in every function that a code generator might
// call; here those go again that nothing in this program can become a call of.
#include "tombolo.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace tombolo
{
static const char *const Names[] = {
#define HANDLE_LIBCALL(Code, Name) Name,
#include "llvm/IR/RuntimeLibcalls.def"
#undef HANDLE_LIBCALL
};

// Mathematics by intrinsic: "llvm.pow.f64" may become pow, powf or powl.
static void becomes(const IntrinsicInst &I, StringSet<> &Needed)
{
	StringRef Name = I.getCalledFunction()->getName().drop_front(5);

	Name.consume_front("experimental.constrained.");
	Name.consume_front("vector.reduce.");
	Name.consume_front("vp.");
	Name = Name.split('.').first;
	if (Name == "minnum" || Name == "maxnum" || Name == "fmin" ||
	    Name == "fmax" || Name == "minimum" || Name == "maximum")
		Name = Name.contains("min") ? "fmin" : "fmax";
	else if (Name == "fmuladd")
		Name = "fma";
	for (const char *Suffix : { "", "f", "l" })
		Needed.insert((Name + Suffix).str());
	if (Name == "sin" || Name == "cos")
		for (const char *Both : { "sincos", "sincosf", "sincosl" })
			Needed.insert(Both);
}

static StringSet<> needed(const Module &M)
{
	StringSet<> Needed;

	for (const Function &F : M)
		for (const Instruction &I : instructions(F)) {
			if (auto *II = dyn_cast<IntrinsicInst>(&I))
				becomes(*II, Needed);
			// By a power of two it may be done with trunc.
			else if (I.getOpcode() == Instruction::FRem)
				for (const char *Name :
				     { "fmod", "fmodf", "fmodl", "trunc",
				       "truncf", "truncl" })
					Needed.insert(Name);
		}
	return Needed;
}

// Names that begin with _ are for the compiler's own functions, which are in no
// module. What one of the others alone needs goes by globaldce. Should a code generator want
// one after all, the link fails and says which.
void dropIdleLibcalls(Module &M)
{
	bool Dropped = true;

	while (Dropped) {
		StringSet<> Needed = needed(M);
		Dropped = false;
		for (const char *Name : Names) {
			Function *F = Name ? M.getFunction(Name) : nullptr;
			if (!F || *Name == '_' || F->isDeclaration() ||
			    !F->use_empty() || Needed.contains(Name))
				continue;
			F->eraseFromParent();
			Dropped = true;
		}
	}
}
} // namespace tombolo
