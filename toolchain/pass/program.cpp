// SPDX-License-Identifier: GPL-2.0
// program.cpp - helpers of all passes: messages with file and line, the
// thread's own variables, what may be live at a migration.
#include "tombolo.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace tombolo
{
static unsigned Refusals;

Program::Program(Module &M, FunctionAnalysisManager &FAM)
    : M(M), C(M.getContext()), DL(M.getDataLayout()), FAM(FAM),
      I8(Type::getInt8Ty(C)), I32(Type::getInt32Ty(C)),
      I64(Type::getInt64Ty(C)), Ptr(PointerType::get(C, 0)),
      Void(Type::getVoidTy(C))
{
}

// The few variables that each ISA keeps in its native thread area. Their
// address is looked up anew at every use: it means nothing to another ISA.
Value *Program::threadVar(IRBuilder<> &B, StringRef Name, Type *T)
{
	GlobalVariable *G = M.getNamedGlobal(Name);

	if (!G)
		G = new GlobalVariable(M, T, false,
				       GlobalValue::ExternalLinkage, nullptr,
				       Name, nullptr,
				       GlobalValue::LocalExecTLSModel);
	return B.CreateThreadLocalAddress(G);
}

Value *Program::loadThread(IRBuilder<> &B, StringRef Name, Type *T)
{
	return B.CreateLoad(T, threadVar(B, Name, T));
}

void Program::storeThread(IRBuilder<> &B, StringRef Name, Value *V)
{
	B.CreateStore(V, threadVar(B, Name, V->getType()));
}

// The runtime looks there before it unwinds.
void tellCheckMode(Program &P)
{
	GlobalVariable *G = P.M.getNamedGlobal("__tombolo_check");

	if (G && P.Check)
		G->setInitializer(ConstantInt::get(P.I32, 1));
}

// Riscv64's code generator keeps short constants beside its global pointer, which
// nothing sets here: the older releases in a section of variables.
void dropSmallData(Module &M)
{
	M.addModuleFlag(Module::Error, "SmallDataLimit", 0u);
}

Explained &Program::explain(Function &F)
{
	Explained &E = Report[&F];

	if (E.Name.empty()) {
		E.Name = F.getName().str();
		E.Where = where(F);
	}
	return E;
}

bool Program::mayMigrate(const CallBase &Call) const
{
	if (isa<IntrinsicInst>(Call) || Call.isInlineAsm())
		return false;
	auto *F = dyn_cast<Function>(
		Call.getCalledOperand()->stripPointerCastsAndAliases());
	return !F || May.count(const_cast<Function *>(F));
}

std::string where(const Function &F)
{
	const DISubprogram *SP = F.getSubprogram();

	if (!SP)
		return (F.getParent()->getSourceFileName() + ": " + F.getName())
			.str();
	return (SP->getFilename() + ":" + Twine(SP->getLine())).str();
}

std::string where(const Instruction &I)
{
	const DILocation *L = I.getDebugLoc();

	if (!L || !L->getLine())
		return where(*I.getFunction());
	return (L->getFilename() + ":" + Twine(L->getLine())).str();
}

void refuse(const Twine &Where, const Twine &What)
{
	errs() << Where << ": error: " << What << "\n";
	Refusals++;
}

bool refused()
{
	return Refusals != 0;
}

void eraseAll(ArrayRef<Instruction *> Dead)
{
	for (Instruction *I : Dead)
		I->eraseFromParent();
}

bool isRuntime(const Function &F)
{
	return F.getName().starts_with("__tombolo_");
}

bool isLeaf(const Function &F)
{
	return F.hasFnAttribute(LeafAttr);
}
} // namespace tombolo
