// SPDX-License-Identifier: GPL-2.0
// setjmp.cpp - setjmp stays the native one. So that a longjmp still finds its
// way after a migration, a frame remembers its buffers, and what is live after
// the setjmp, on the data stack; its resume clone calls setjmp again.
#include "tombolo.h"

using namespace llvm;

namespace tombolo
{
static bool isSetjmp(const CallInst &Call)
{
	const Function *F = Call.getCalledFunction();

	return F && (F->getName() == "setjmp" || F->getName() == "_setjmp");
}

static AllocaInst *slot(Function &F, Type *T, const Twine &Name)
{
	IRBuilder<> B(&F.getEntryBlock(), F.getEntryBlock().begin());
	AllocaInst *A = B.CreateAlloca(T, nullptr, Name);

	A->setAlignment(std::max(A->getAlign(), Align(8)));
	return A;
}

static CallInst *callNative(Program &P, CallInst *Old, Value *Armed)
{
	IRBuilder<> B(Old);
	Value *Buffer = Old->getArgOperand(0);
	FunctionCallee Native = P.M.getOrInsertFunction("__tombolo_setjmp",
							P.I32, P.Ptr, P.Ptr);

	B.CreateStore(Buffer, Armed, true);
	CallInst *New = B.CreateCall(Native, { Buffer, Armed });
	New->addFnAttr(Attribute::ReturnsTwice);
	cast<Function>(Native.getCallee())->addFnAttr(Attribute::ReturnsTwice);
	New->addRetAttr(Attribute::SExt);
	Old->replaceAllUsesWith(New);
	Old->eraseFromParent();
	return New;
}

static void rememberLive(Function &F, Setjmp &J)
{
	for (Value *V : liveInto(F, J.Cont, J.Call)) {
		if (auto *A = dyn_cast<AllocaInst>(V))
			if (A->isStaticAlloca())
				continue;
		J.Live.push_back(V);
	}
	for (Value *V : J.Live) {
		if (isPrivateToIsa(*V) && !isa<AllocaInst>(V))
			refuse(where(*J.Call), "a value that only this ISA "
					       "understands is live over "
					       "setjmp");
		AllocaInst *A = slot(F, V->getType(), "jump.live");
		IRBuilder<>(J.Call).CreateStore(V, A, true);
		J.Slot.push_back(A);
	}
}

std::vector<Setjmp> prepareSetjmp(Program &P, Function &F)
{
	std::vector<CallInst *> Calls;
	std::vector<Setjmp> Jumps;

	for (Instruction &I : instructions(F))
		if (auto *Call = dyn_cast<CallInst>(&I))
			if (isSetjmp(*Call))
				Calls.push_back(Call);
	for (CallInst *Old : Calls) {
		Setjmp J;
		J.Armed = slot(F, P.Ptr, "jump.armed");
		J.Call = callNative(P, Old, J.Armed);
		Jumps.push_back(J);
	}
	for (Setjmp &J : Jumps)
		J.Cont = J.Call->getParent()->splitBasicBlock(
			std::next(J.Call->getIterator()), "jump.cont");
	for (Setjmp &J : Jumps)
		rememberLive(F, J);
	for (Setjmp &J : Jumps) {
		IRBuilder<> B(J.Armed->getParent(),
			      std::next(J.Armed->getIterator()));
		while (isa<AllocaInst>(B.GetInsertPoint()))
			B.SetInsertPoint(J.Armed->getParent(),
					 std::next(B.GetInsertPoint()));
		B.CreateStore(Constant::getNullValue(P.Ptr), J.Armed, true);
	}
	return Jumps;
}
} // namespace tombolo
