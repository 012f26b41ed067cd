// SPDX-License-Identifier: GPL-2.0
// varargs.cpp - a variadic function becomes one with a last pointer argument:
// to the arguments, packed as the riscv64 front end reads them with va_arg. So
// va_list is a pointer into the data stack, the same on every ISA.
#include "tombolo.h"

using namespace llvm;

namespace tombolo
{
static FunctionType *withPointer(FunctionType *T)
{
	SmallVector<Type *, 8> Params(T->params());

	Params.push_back(PointerType::get(T->getContext(), 0));
	return FunctionType::get(T->getReturnType(), Params, false);
}

static void startFrom(Function *F, Argument *Area)
{
	SmallVector<Instruction *, 4> Dead;

	for (Instruction &I : instructions(F))
		if (auto *II = dyn_cast<VAStartInst>(&I)) {
			new StoreInst(Area, II->getArgList(), II);
			Dead.push_back(II);
		}
	eraseAll(Dead);
}

static void replaceFunction(Function *F)
{
	FunctionType *T = withPointer(F->getFunctionType());
	auto *New = Function::Create(T, F->getLinkage(), F->getAddressSpace(),
				     "", F->getParent());

	New->copyAttributesFrom(F);
	New->takeName(F);
	New->copyMetadata(F, 0);
	F->setSubprogram(nullptr);
	if (!F->isDeclaration()) {
		New->splice(New->begin(), F);
		auto *To = New->arg_begin();
		for (Argument &A : F->args()) {
			A.replaceAllUsesWith(&*To);
			To->takeName(&A);
			++To;
		}
		startFrom(New, &*To);
	}
	F->replaceAllUsesWith(New);
	F->eraseFromParent();
}

// The front end's va_arg: 8 byte slots, 16 byte ones aligned when the type is.
static uint64_t layOut(const DataLayout &DL, CallInst &Call,
		       SmallVectorImpl<uint64_t> &Offsets)
{
	uint64_t Off = 0;

	for (unsigned I = Call.getFunctionType()->getNumParams();
	     I < Call.arg_size(); I++) {
		Type *T = Call.getArgOperand(I)->getType();
		uint64_t Size = DL.getTypeAllocSize(T);
		Off = alignTo(Off, Size > 8 && !T->isAggregateType() ? 16 : 8);
		Offsets.push_back(Off);
		Off += alignTo(Size, 8);
	}
	return Off;
}

static Value *widen(IRBuilder<> &B, CallInst &Call, unsigned I)
{
	Value *V = Call.getArgOperand(I);

	if (!V->getType()->isIntegerTy() ||
	    V->getType()->getIntegerBitWidth() >= 64)
		return V;
	return Call.paramHasAttr(I, Attribute::ZExt) ?
		       B.CreateZExt(V, B.getInt64Ty()) :
		       B.CreateSExt(V, B.getInt64Ty());
}

static AttributeList keepFixed(CallInst &Call, unsigned Fixed)
{
	AttributeList Old = Call.getAttributes();
	SmallVector<AttributeSet, 8> Params;

	for (unsigned I = 0; I < Fixed; I++)
		Params.push_back(Old.getParamAttrs(I));
	return AttributeList::get(Call.getContext(), Old.getFnAttrs(),
				  Old.getRetAttrs(), Params);
}

// Some functions, fcntl() and open() among them, read an argument that is only
// there for some values of another one: there must be something to read.
static Value *noArguments(Module &M)
{
	auto *T = ArrayType::get(Type::getInt64Ty(M.getContext()), 8);
	GlobalVariable *G = M.getNamedGlobal("tombolo.noargs");

	if (!G) {
		G = new GlobalVariable(M, T, true, GlobalValue::PrivateLinkage,
				       Constant::getNullValue(T),
				       "tombolo.noargs");
		G->setAlignment(Align(16));
	}
	return G;
}

static void replaceCall(const DataLayout &DL, CallInst *Call)
{
	Function &F = *Call->getFunction();
	unsigned Fixed = Call->getFunctionType()->getNumParams();
	SmallVector<uint64_t, 8> Offsets;
	uint64_t Size = layOut(DL, *Call, Offsets);
	IRBuilder<> B(Call);
	Value *Area;

	if (!Size) {
		Area = noArguments(*F.getParent());
	} else {
		BasicBlock &Entry = F.getEntryBlock();
		IRBuilder<> E(&Entry, Entry.getFirstInsertionPt());
		auto *A = E.CreateAlloca(ArrayType::get(B.getInt8Ty(), Size),
					 nullptr, "va");
		A->setAlignment(Align(16));
		Area = A;
	}
	SmallVector<Value *, 8> Args(Call->arg_begin(),
				     Call->arg_begin() + Fixed);
	Args.push_back(Area);
	for (unsigned I = Fixed; I < Call->arg_size(); I++) {
		Value *To = B.CreateConstInBoundsGEP1_64(B.getInt8Ty(), Area,
							 Offsets[I - Fixed]);
		B.CreateAlignedStore(widen(B, *Call, I), To, Align(8));
	}
	CallInst *New = B.CreateCall(withPointer(Call->getFunctionType()),
				     Call->getCalledOperand(), Args);
	New->setAttributes(keepFixed(*Call, Fixed));
	New->setDebugLoc(Call->getDebugLoc());
	Call->replaceAllUsesWith(New);
	New->takeName(Call);
	Call->eraseFromParent();
}

static void lowerUses(Function &F)
{
	const DataLayout &DL = F.getParent()->getDataLayout();
	SmallVector<Instruction *, 8> Dead;
	SmallVector<CallInst *, 8> Calls;

	for (Instruction &I : instructions(F)) {
		auto *Call = dyn_cast<CallInst>(&I);
		if (isa<VAEndInst>(I)) {
			Dead.push_back(&I);
		} else if (auto *Copy = dyn_cast<VACopyInst>(&I)) {
			IRBuilder<> B(Copy);
			B.CreateStore(B.CreateLoad(B.getPtrTy(),
						   Copy->getSrc()),
				      Copy->getDest());
			Dead.push_back(Copy);
		} else if (isa<VAArgInst>(I)) {
			refuse(where(I), "va_arg of this type is not lowered "
					 "by the front end");
		} else if (Call && Call->getFunctionType()->isVarArg() &&
			   !Call->isInlineAsm() && !isa<IntrinsicInst>(Call)) {
			Calls.push_back(Call);
		}
	}
	eraseAll(Dead);
	for (CallInst *Call : Calls)
		replaceCall(DL, Call);
}

void lowerVarargs(Module &M)
{
	SmallVector<Function *, 16> Variadic;

	for (Function &F : M)
		if (F.isVarArg() && !F.isIntrinsic())
			Variadic.push_back(&F);
	for (Function *F : Variadic)
		replaceFunction(F);
	for (Function &F : M)
		lowerUses(F);
}
} // namespace tombolo
