// SPDX-License-Identifier: GPL-2.0
// plugin.cpp - registers the passes with opt: tombolo-neutral before the
// optimiser, tombolo-lower after it, tombolo-link on the whole program.
#include "homes.h"
#include "tombolo.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Passes/PassPlugin.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;
using namespace tombolo;

static cl::opt<bool> AllLeaf("tombolo-leaf", cl::init(false),
			     cl::desc("no function of this file migrates"));
static cl::opt<std::string> ReportFile("tombolo-report", cl::init(""),
				       cl::desc("write --explain's data here"));
static cl::opt<bool>
	Check("tombolo-check", cl::init(false),
	      cl::desc("frames are left by returning, not by landing pads"));
static cl::opt<std::string>
	NativeFile("tombolo-native", cl::init(""),
		   cl::desc("functions that are compiled for each ISA"));
static cl::opt<bool> KeepDebug("tombolo-debug", cl::init(true),
			       cl::desc("keep debug information"));

static void finish(Module &M)
{
	if (refused())
		exit(1);
	if (verifyModule(M, &errs()))
		report_fatal_error("tombolo: the module came out broken");
}

namespace
{
struct Neutral : PassInfoMixin<Neutral> {
	static bool isRequired()
	{
		return true;
	}
	PreservedAnalyses run(Module &M, ModuleAnalysisManager &)
	{
		neutralize(M);
		for (Function &F : M)
			if (isLeaf(F))
				F.addFnAttr(Attribute::NoInline);
		lowerVarargs(M);
		if (AllLeaf)
			for (Function &F : M)
				if (!F.isDeclaration())
					F.addFnAttr(LeafAttr);
		finish(M);
		return PreservedAnalyses::none();
	}
};

struct Lower : PassInfoMixin<Lower> {
	static bool isRequired()
	{
		return true;
	}
	PreservedAnalyses run(Module &M, ModuleAnalysisManager &)
	{
		lowerIndirectBranches(M);
		dropTargetAttributes(M); // the optimiser's, this time
		finish(M);
		return PreservedAnalyses::none();
	}
};

struct Native : PassInfoMixin<Native> {
	static bool isRequired()
	{
		return true;
	}
	PreservedAnalyses run(Module &M, ModuleAnalysisManager &)
	{
		checkNative(M);
		finish(M);
		return PreservedAnalyses::all();
	}
};

struct Link : PassInfoMixin<Link> {
	static bool isRequired()
	{
		return true;
	}

	static void change(Program &P, Function &F)
	{
		promoteAllocas(P, F);
		giveHomes(P, F);
		std::vector<Setjmp> Jumps = prepareSetjmp(P, F);
		Value *Base = moveToDataStack(P, F, Jumps);
		makeSites(P, F, Base, Jumps);
		P.FAM.invalidate(F, PreservedAnalyses::none());
	}

	PreservedAnalyses run(Module &M, ModuleAnalysisManager &AM)
	{
		Program P(M, AM.getResult<FunctionAnalysisManagerModuleProxy>(M)
				     .getManager());
		P.Check = Check;
		tellCheckMode(P);
		dropSmallData(M);
		if (!NativeFile.empty())
			checkNativeCalls(M, NativeFile);
		for (Function &F : M)
			if (!F.isDeclaration())
				removeUnreachableBlocks(F);
		lowerConstructors(M);
		if (NativeFile.empty()) // else they call what is not seen
			dropIdleLibcalls(M, AM);
		commonGlobals(M);
		extendArguments(M);
		lowerThreadLocals(P);
		insertPolls(P);
		findMay(P);
		std::vector<Function *> Work;
		for (Function *F : P.May)
			if (!F->isDeclaration())
				Work.push_back(F);
		for (Function *F : Work)
			dropFalseAttributes(P, *F);
		for (Function *F : Work)
			change(P, *F);
		placeFunctions(P);
		finish(M);
		if (!ReportFile.empty())
			writeReport(P, ReportFile);
		if (!KeepDebug)
			StripDebugInfo(M);
		return PreservedAnalyses::none();
	}
};
} // namespace

static bool parse(StringRef Name, ModulePassManager &MPM,
		  ArrayRef<PassBuilder::PipelineElement>)
{
	if (Name == "tombolo-neutral")
		MPM.addPass(Neutral());
	else if (Name == "tombolo-lower")
		MPM.addPass(Lower());
	else if (Name == "tombolo-native")
		MPM.addPass(Native());
	else if (Name == "tombolo-link")
		MPM.addPass(Link());
	else
		return false;
	return true;
}

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo llvmGetPassPluginInfo()
{
	return { LLVM_PLUGIN_API_VERSION, "tombolo", "1", [](PassBuilder &PB) {
			PB.registerPipelineParsingCallback(parse);
		} };
}
