// SPDX-License-Identifier: GPL-2.0
// native.cpp - sources that are compiled for each ISA by its own rules: that the
// common code calls their functions alike everywhere, and that they keep nothing
// which a thread would not find any more on another ISA.
#include "tombolo.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace tombolo
{
static bool isPassedAlike(const Type &T)
{
	return T.isPointerTy() || T.isFloatTy() || T.isDoubleTy() ||
	       T.isIntegerTy(1) || T.isIntegerTy(8) || T.isIntegerTy(16) ||
	       T.isIntegerTy(32) || T.isIntegerTy(64);
}

static std::string signature(const Function &F)
{
	std::string Text;
	raw_string_ostream OS(Text);

	OS << *F.getFunctionType();
	return OS.str();
}

static void checkSignature(const Function &F)
{
	Type &Ret = *F.getReturnType();
	bool Good = (Ret.isVoidTy() || isPassedAlike(Ret)) && !F.isVarArg();

	for (const Argument &A : F.args())
		Good &= isPassedAlike(*A.getType()) && !A.hasByValAttr() &&
			!A.hasStructRetAttr();
	if (!Good)
		refuse(where(F),
		       F.getName() + ": only integers of up to 64 bits, "
				     "pointers, float and double are passed "
				     "alike on every ISA");
}

// Prints what the link step compares: by ISA, and with the calls.
void checkNative(Module &M)
{
	for (const GlobalVariable &G : M.globals()) {
		if (G.isDeclaration() || G.getName().starts_with("llvm.") ||
		    (G.isConstant() && G.hasLocalLinkage()))
			continue;
		refuse(M.getSourceFileName(),
		       "the variable " + G.getName() +
			       " would be another one on each ISA: define it "
			       "in a source that is common");
	}
	for (const Function &F : M) {
		if (F.isDeclaration() || F.hasLocalLinkage())
			continue;
		checkSignature(F);
		outs() << F.getName() << "\t" << signature(F) << "\t"
		       << where(F) << "\n";
	}
}

// The calls of the common code, against the lines that checkNative() printed
void checkNativeCalls(Module &M, StringRef File)
{
	auto Buffer = MemoryBuffer::getFile(File);
	SmallVector<StringRef, 16> Lines, Parts;

	if (!Buffer) {
		refuse(File, "cannot be read");
		return;
	}
	(*Buffer)->getBuffer().split(Lines, '\n', -1, false);
	for (StringRef Line : Lines) {
		Parts.clear();
		Line.split(Parts, '\t');
		Function *F = M.getFunction(Parts[0]);
		if (F && F->hasExternalWeakLinkage())
			F->setLinkage(GlobalValue::ExternalLinkage);
		if (F && signature(*F) != Parts[1])
			refuse(Parts[2], Parts[0] + " is " + Parts[1] +
						 ", but is called as " +
						 signature(*F));
	}
}
} // namespace tombolo
