// SPDX-License-Identifier: GPL-2.0
// tombolo.h - what the passes of the plugin share.
#ifndef TOMBOLO_PASS_H
#define TOMBOLO_PASS_H

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/IR/ValueHandle.h"
#include <string>
#include <vector>

namespace tombolo
{
using namespace llvm;

// Bytes of a frame record before its payload; runtime/record.h has the layout.
constexpr uint64_t RecordHeader = 32;

// A function with this attribute never migrates, nor does what it calls.
constexpr const char *LeafAttr = "tombolo-leaf";

// One call at which the thread may be taken to another ISA.
struct Site {
	CallBase *Call = nullptr; // an invoke, or in check mode a plain call
	BasicBlock *Cont = nullptr; // goes on after the call
	BasicBlock *Save = nullptr; // its landing pad, or where the check leads
	std::vector<Value *> Live;
};

// Neighbouring sites of a function, whose frames have one layout: what saves
// and what restores them exists once.
struct Group {
	unsigned First = 0, End = 0; // of the function's sites
	std::vector<Value *> Live; // at any of them
	std::vector<uint64_t> Offset;
	uint64_t Size = 0;
	BasicBlock *Save = nullptr; // behind the landing pads
	PHINode *Site = nullptr, *Payload = nullptr;
	std::vector<PHINode *> Saved; // null where it is live at all of them
};

// One call of setjmp, which a resume clone must be able to repeat.
struct Setjmp {
	CallInst *Call;
	BasicBlock *Cont;
	// Where the frame keeps the buffer's address and each of Live: first
	// as variables, then as offsets in the frame on the data stack.
	AllocaInst *Armed = nullptr;
	std::vector<WeakTrackingVH> Live; // a dynamic alloca is replaced
	std::vector<AllocaInst *> Slot;
	uint64_t ArmedAt = 0;
	std::vector<uint64_t> SlotAt;
};

// What is said about one function by tombolo-objdump --explain.
struct Explained {
	std::string Name, Where, Why;
	bool May = false;
	uint64_t Frame = 0;
	std::vector<std::string> Sites;
};

// The whole program while it is being changed.
struct Program {
	Module &M;
	LLVMContext &C;
	const DataLayout &DL;
	FunctionAnalysisManager &FAM;
	IntegerType *I8, *I32, *I64;
	PointerType *Ptr;
	Type *Void;
	SetVector<Function *> May;
	MapVector<Function *, Explained> Report;
	uint64_t Polls = 0, Sites = 0, Saved = 0;
	bool Check = false; // every call is followed by a look, no landing pads

	Program(Module &M, FunctionAnalysisManager &FAM);
	Value *threadVar(IRBuilder<> &B, StringRef Name, Type *T);
	Value *loadThread(IRBuilder<> &B, StringRef Name, Type *T);
	void storeThread(IRBuilder<> &B, StringRef Name, Value *V);
	Explained &explain(Function &F);
	bool mayMigrate(const CallBase &Call) const;
	CallBase *callAtSite(IRBuilder<> &B, FunctionType *T, Value *Callee,
			     ArrayRef<Value *> Args, BasicBlock *Cont,
			     BasicBlock *Save);
};

// Where in the source, as file:line, or the function's name if unknown.
std::string where(const Instruction &I);
std::string where(const Function &F);

// Says why at compile or link time and counts; the driver fails on any.
void refuse(const Twine &Where, const Twine &What);
bool refused();

void eraseAll(ArrayRef<Instruction *> Dead);
bool isRuntime(const Function &F);
bool isLeaf(const Function &F);
std::vector<Value *> liveInto(Function &F, BasicBlock *Block,
			      const Value *Except);
void liveAtSites(Function &F, std::vector<Site> &Sites);
bool isPrivateToIsa(const Value &V);
AllocaInst *toMemory(Value *V, BasicBlock *Entry);

// At compile time
void neutralize(Module &M);
void dropTargetAttributes(Module &M);
void lowerVarargs(Module &M);
void lowerIndirectBranches(Module &M);

// Of a source that is compiled for each ISA
void checkNative(Module &M);

// At link time, in this order
void checkNativeCalls(Module &M, StringRef File);
void dropIdleLibcalls(Module &M, ModuleAnalysisManager &AM);
void commonGlobals(Module &M);
void extendArguments(Module &M);
void lowerConstructors(Module &M);
void tellCheckMode(Program &P);
void dropSmallData(Module &M);
void lowerThreadLocals(Program &P);
void insertPolls(Program &P);
void findMay(Program &P);
void dropFalseAttributes(Program &P, Function &F);
void sinkCheap(Function &F);
void promoteAllocas(Program &P, Function &F);
std::vector<Setjmp> prepareSetjmp(Program &P, Function &F);
Value *moveToDataStack(Program &P, Function &F, std::vector<Setjmp> &Jumps);
void makeSites(Program &P, Function &F, Value *Base,
	       std::vector<Setjmp> &Jumps);
bool isPoint(const CallBase &Call);
void checkCarried(const Site &S, const Value &V);
void parkAtPoints(Program &P, Function &F, std::vector<Site> &Sites);
std::vector<Group> groupSites(Program &P, std::vector<Site> &Sites);
void enterSave(Program &P, IRBuilder<> &B, Group &G, Value *Site);
void makeSave(Program &P, Function &Resume, std::vector<Site> &Sites, Group &G);
void makeResume(Program &P, Function &R, Function &F, std::vector<Site> &Sites,
		std::vector<Group> &Groups, Value *Base,
		std::vector<Setjmp> &Jumps);
void placeFunctions(Program &P);
void writeReport(Program &P, StringRef File);
} // namespace tombolo

#endif
