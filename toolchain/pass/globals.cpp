// SPDX-License-Identifier: GPL-2.0
// globals.cpp - gives each object and function what the link step needs to put
// it at one address on all ISAs: a name, a section of its own, one ABI.
#include "tombolo.h"

using namespace llvm;

namespace tombolo
{
// Only a section whose name is one in C can be asked for, as __start_NAME; what
// else is gathered by its section is code that the C library would call.
static void leaveSection(GlobalVariable &G)
{
	StringRef Name = G.getSection();

	for (StringRef List : { ".init_array", ".fini_array", ".preinit_array",
				".ctors", ".dtors" })
		if (Name == List || Name.starts_with((List + ".").str()))
			refuse(G.getName(),
			       "in section " + Name +
				       ": say it by an attribute, constructor "
				       "or destructor");
	if (Name.contains('.'))
		G.setSection("");
}

// Constants that the code generator merges or drops would differ by ISA.
static void nameGlobal(GlobalVariable &G, unsigned &Next)
{
	if (G.hasPrivateLinkage() || G.getName().empty() ||
	    G.getName().starts_with(".")) {
		G.setLinkage(GlobalValue::InternalLinkage);
		G.setName("tb." + Twine(Next++));
	}
	G.setUnnamedAddr(GlobalValue::UnnamedAddr::None);
	G.setComdat(nullptr);
	leaveSection(G);
	if (G.hasSection() || G.isThreadLocal())
		return;
	StringRef Kind = G.isConstant() ? ".rodata.tb." : ".data.tb.";
	if (!G.isConstant() && G.getInitializer()->isNullValue())
		Kind = ".bss.tb.";
	G.setSection((Kind + G.getName()).str());
}

// A function of the runtime lies elsewhere on each ISA: whoever takes its
// address gets that of a function which calls it.
static void thunkIfAddressTaken(Function &F)
{
	SmallVector<Use *, 8> Taken;

	for (Use &U : F.uses()) {
		auto *Call = dyn_cast<CallBase>(U.getUser());
		if (!Call || !Call->isCallee(&U))
			Taken.push_back(&U);
	}
	if (Taken.empty())
		return;
	auto *Thunk = Function::Create(F.getFunctionType(),
				       GlobalValue::InternalLinkage,
				       "at." + F.getName(), F.getParent());
	Thunk->addFnAttr(LeafAttr);
	SmallVector<Constant *, 8> Constants;
	for (Use *U : Taken)
		if (isa<Constant>(U->getUser()) &&
		    !isa<GlobalValue>(U->getUser()))
			Constants.push_back(cast<Constant>(U->getUser()));
		else
			U->set(Thunk);
	for (Constant *K : Constants)
		K->handleOperandChange(&F, Thunk);
	IRBuilder<> B(BasicBlock::Create(F.getContext(), "", Thunk));
	SmallVector<Value *, 8> Args;
	for (Argument &A : Thunk->args())
		Args.push_back(&A);
	CallInst *Call = B.CreateCall(&F, Args);
	Call->setTailCall();
	if (F.getReturnType()->isVoidTy())
		B.CreateRetVoid();
	else
		B.CreateRet(Call);
}

void commonGlobals(Module &M)
{
	SmallVector<Function *, 32> Outside;
	unsigned Next = 0;

	for (GlobalVariable &G : M.globals())
		if (!G.isDeclaration() && !G.getName().starts_with("llvm."))
			nameGlobal(G, Next);
	for (Function &F : M) {
		F.setUnnamedAddr(GlobalValue::UnnamedAddr::None);
		F.setComdat(nullptr);
		// A weak one that nobody defines is null on every ISA.
		if (F.isDeclaration() && !F.isIntrinsic() &&
		    !F.hasExternalWeakLinkage())
			Outside.push_back(&F);
	}
	for (Function *F : Outside)
		thunkIfAddressTaken(*F);
}

static void extendCall(CallBase &Call)
{
	auto *F = dyn_cast<Function>(
		Call.getCalledOperand()->stripPointerCastsAndAliases());

	Call.setCallingConv(CallingConv::C);
	for (unsigned I = 0; I < Call.arg_size(); I++) {
		Type *T = Call.getArgOperand(I)->getType();
		if (!T->isIntegerTy() || T->getIntegerBitWidth() >= 64 ||
		    Call.paramHasAttr(I, Attribute::ZExt) ||
		    Call.paramHasAttr(I, Attribute::SExt))
			continue;
		bool Zero = F && I < F->arg_size() &&
			    F->hasParamAttribute(I, Attribute::ZExt);
		Call.addParamAttr(I, Zero ? Attribute::ZExt : Attribute::SExt);
	}
}

// The optimiser worked for x86-64, whose calls need no extended integers; calls
// that it made itself lack what riscv64 wants. One calling convention for all.
void extendArguments(Module &M)
{
	for (Function &F : M) {
		if (!F.isIntrinsic())
			F.setCallingConv(CallingConv::C);
		for (Instruction &I : instructions(F))
			if (auto *Call = dyn_cast<CallBase>(&I))
				if (!isa<IntrinsicInst>(Call) &&
				    !Call->isInlineAsm())
					extendCall(*Call);
	}
}

static void callAll(Module &M, StringRef List, StringRef Into, bool Backwards)
{
	GlobalVariable *G = M.getNamedGlobal(List);
	Function *F = M.getFunction(Into);
	std::vector<std::pair<uint64_t, Value *>> Calls;

	if (!G || !F)
		return;
	if (auto *Init = dyn_cast<ConstantArray>(G->getInitializer()))
		for (Value *V : Init->operands()) {
			auto *S = cast<ConstantStruct>(V);
			auto *Prio = cast<ConstantInt>(S->getOperand(0));
			Calls.push_back(
				{ Prio->getZExtValue(), S->getOperand(1) });
		}
	G->eraseFromParent();
	stable_sort(Calls, llvm::less_first());
	if (Backwards)
		std::reverse(Calls.begin(), Calls.end());
	F->deleteBody();
	F->setLinkage(GlobalValue::InternalLinkage);
	F->setMetadata("dbg", nullptr);
	IRBuilder<> B(BasicBlock::Create(M.getContext(), "", F));
	for (auto &[Prio, Callee] : Calls)
		B.CreateCall(FunctionType::get(B.getVoidTy(), false), Callee);
	B.CreateRetVoid();
}

// Lists of code addresses that the linker would gather become plain calls.
void lowerConstructors(Module &M)
{
	callAll(M, "llvm.global_ctors", "tombolo_ctors", false);
	callAll(M, "llvm.global_dtors", "tombolo_dtors", true);
}

// What may migrate lies together: the runtime knows from a return address
// whether the frame of a call without a landing pad may be dropped.
void placeFunctions(Program &P)
{
	for (Function &F : P.M) {
		if (F.isDeclaration())
			continue;
		StringRef Kind = ".text.n.";
		if (F.hasFnAttribute("tombolo-resume"))
			Kind = ".text.r.";
		else if (P.May.count(&F))
			Kind = ".text.m.";
		F.setSection((Kind + F.getName()).str());
	}
}
} // namespace tombolo
