// SPDX-License-Identifier: GPL-2.0
// resume.cpp - rebuilds a function's frame from a record: loads what was live at
// the site, resumes the frame above, and goes on after the call. A large function
// does that itself, behind a look at its entry. A clone does it for a small one,
// which that look would slow down, and for one with very many sites, whose registers
// so many ways into its middle would cost. Values get memory of their own first;
// mem2reg puts them right.
#include "tombolo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/Local.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

using namespace llvm;

namespace tombolo
{
constexpr const char *Resuming = "__tombolo_resuming";

static cl::opt<unsigned>
	Small("tombolo-small", cl::init(170),
	      cl::desc("functions of fewer instructions are restored by a "
		       "clone")),
	ManySites("tombolo-many-sites", cl::init(400),
		  cl::desc("functions of so many sites as well"));

namespace
{
struct Resumer {
	Program &P;
	Function &R, &F; // R is F, or its clone
	std::vector<Site> &Sites;
	std::vector<Group> &Groups;
	Value *Base;
	std::vector<Setjmp> &Jumps;
	bool InPlace = &R == &F;
	Value *Record = nullptr, *Number = nullptr; // the frame's, its site's
	ValueToValueMapTy Map;
	MapVector<Value *, AllocaInst *> Slot;
	// Where records, and where calls arrive
	BasicBlock *Entry = nullptr, *Start = nullptr;
	std::vector<BasicBlock *> SiteCont, JumpCont;

	Resumer(Program &P, Function &R, Function &F, std::vector<Site> &Sites,
		std::vector<Group> &Groups, Value *Base,
		std::vector<Setjmp> &Jumps)
	    : P(P), R(R), F(F), Sites(Sites), Groups(Groups), Base(Base),
	      Jumps(Jumps)
	{
	}
	template <typename T> T *in(T *V) // R's, for F's
	{
		return InPlace ? V : cast<T>((Value *)Map[V]);
	}
	void clone();
	void enter();
	BasicBlock *secondHalf(BasicBlock *Cont);
	void collect();
	BasicBlock *jumped(unsigned K, CallInst *Again);
	void rearm(IRBuilder<> &B);
	std::vector<Value *> load(IRBuilder<> &B, Group &G);
	void leaveAgain(BasicBlock *BB, Group &G,
			const std::vector<Value *> &Values);
	Value *result(IRBuilder<> &B, unsigned I, Value *Result);
	void goOn(IRBuilder<> &B, ArrayRef<unsigned> Which, CallBase *Result);
	BasicBlock *callAbove(Group &G, Type *T, ArrayRef<unsigned> Which,
			      Value *Above, const std::vector<Value *> &Values);
	BasicBlock *restore(Group &G);
	void finish();
};
} // namespace

// The arguments are gone; loads from nowhere stand for them until mem2reg.
void Resumer::clone()
{
	SmallVector<ReturnInst *, 8> Returns;

	Entry = BasicBlock::Create(P.C, "resume", &R);
	auto *Args = BasicBlock::Create(P.C, "arguments", &R);
	IRBuilder<> B(Args);
	for (Argument &A : F.args())
		Map[&A] = A.use_empty() ?
				  (Value *)PoisonValue::get(A.getType()) :
				  B.CreateLoad(A.getType(),
					       PoisonValue::get(P.Ptr));
	CloneFunctionInto(&R, &F, Map,
			  CloneFunctionChangeType::LocalChangesOnly, Returns);
	if (F.hasPersonalityFn())
		R.setPersonalityFn(F.getPersonalityFn());
	B.CreateBr(in(&F.getEntryBlock()));
	Start = Entry;
	Record = R.getArg(0);
}

// F itself looks whether it was called to go on with a record.
void Resumer::enter()
{
	Start = &F.getEntryBlock();
	auto *First = BasicBlock::Create(P.C, "enter", &F, Start);
	Entry = BasicBlock::Create(P.C, "resume", &F);
	IRBuilder<> B(First), E(Entry);

	// Two loads: the first is part of x86_64's comparison, and no register's
	B.CreateCondBr(B.CreateIsNull(P.loadThread(B, Resuming, P.Ptr)), Start,
		       Entry, MDBuilder(P.C).createBranchWeights(1 << 20, 1));
	Record = P.loadThread(E, Resuming, P.Ptr);
	P.storeThread(E, Resuming, ConstantPointerNull::get(P.Ptr));
}

// What the record names: calls F so. The arguments are among what it restores.
static void makeCaller(Program &P, Function &Caller, Function &F)
{
	IRBuilder<> B(BasicBlock::Create(P.C, "", &Caller));
	SmallVector<Value *, 8> Args;

	for (Argument &A : F.args())
		Args.push_back(PoisonValue::get(A.getType()));
	P.storeThread(B, Resuming, Caller.getArg(0));
	CallInst *Call = B.CreateCall(&F, Args);
	Call->setTailCall();
	if (F.getReturnType()->isVoidTy())
		B.CreateRetVoid();
	else
		B.CreateRet(Call);
}

// Where the restored path joins, behind the store of the call's own result.
BasicBlock *Resumer::secondHalf(BasicBlock *Cont)
{
	BasicBlock *BB = in(Cont);

	return BB->splitBasicBlock(BB->getFirstInsertionPt(), "resumed");
}

void Resumer::collect()
{
	SmallPtrSet<Value *, 32> All;
	std::vector<Value *> Found;

	for (Site &S : Sites) {
		All.insert(S.Live.begin(), S.Live.end());
		if (!S.Call->use_empty())
			All.insert(S.Call);
	}
	for (Setjmp &J : Jumps) {
		All.insert(J.Live.begin(), J.Live.end());
		All.insert(J.Call);
	}
	for (Argument &A : F.args())
		if (All.contains(&A))
			Found.push_back(&A);
	for (Instruction &I : instructions(F))
		if (All.contains(&I))
			Found.push_back(&I);
	for (Value *V : Found)
		Slot[V] = toMemory(in(V), Start);
}

// A longjmp came: what was live after the setjmp is in the data stack's frame.
BasicBlock *Resumer::jumped(unsigned K, CallInst *Again)
{
	Setjmp &J = Jumps[K];
	auto *BB = BasicBlock::Create(P.C, "jumped", &R);
	IRBuilder<> B(BB);
	Value *Frame = B.CreateLoad(P.Ptr, Slot[Base]);

	for (unsigned I = 0; I < J.Live.size(); I++) {
		if (&*J.Live[I] == Base)
			continue;
		Value *At =
			B.CreateConstInBoundsGEP1_64(P.I8, Frame, J.SlotAt[I]);
		B.CreateStore(B.CreateAlignedLoad(J.Live[I]->getType(), At,
						  Align(8), true),
			      Slot[&*J.Live[I]]);
	}
	B.CreateStore(Again, Slot[J.Call]);
	B.CreateBr(JumpCont[K]);
	return BB;
}

// Every setjmp of this frame whose buffer is still its own is done once more,
// natively. Leaves B where nothing has been jumped to.
void Resumer::rearm(IRBuilder<> &B)
{
	FunctionCallee Native = P.M.getOrInsertFunction("__tombolo_setjmp",
							P.I32, P.Ptr, P.Ptr);
	FunctionCallee Valid =
		P.M.getOrInsertFunction("__tombolo_rearm", P.Ptr, P.Ptr);

	for (unsigned K = 0; K < Jumps.size(); K++) {
		Value *Owner = B.CreateConstInBoundsGEP1_64(
			P.I8, B.CreateLoad(P.Ptr, Slot[Base]),
			Jumps[K].ArmedAt);
		Value *Buffer = B.CreateCall(Valid, { Owner });
		auto *Arm = BasicBlock::Create(P.C, "arm", &R);
		auto *Next = BasicBlock::Create(P.C, "armed", &R);
		B.CreateCondBr(B.CreateIsNotNull(Buffer), Arm, Next);
		B.SetInsertPoint(Arm);
		CallInst *Again = B.CreateCall(Native, { Buffer, Owner });
		Again->addFnAttr(Attribute::ReturnsTwice);
		Again->addRetAttr(Attribute::SExt);
		B.CreateCondBr(B.CreateIsNull(Again), Next, jumped(K, Again));
		B.SetInsertPoint(Next);
	}
}

// What the clones above are called as: whatever comes back in one register for
// integers is the same call, also if nobody wants it.
static Type *returned(Program &P, const Site &S)
{
	Type *T = S.Call->getType();
	bool InRegister = T->isVoidTy() || T->isPointerTy() ||
			  (T->isIntegerTy() && T->getIntegerBitWidth() <= 64);

	return InRegister ? P.I64 : T;
}

static MapVector<Type *, std::vector<unsigned>>
byType(Program &P, std::vector<Site> &Sites, Group &G)
{
	MapVector<Type *, std::vector<unsigned>> Kinds;

	for (unsigned I = G.First; I < G.End; I++)
		Kinds[returned(P, Sites[I])].push_back(I);
	return Kinds;
}

std::vector<Value *> Resumer::load(IRBuilder<> &B, Group &G)
{
	std::vector<Value *> Values;

	for (unsigned I = 0; I < G.Live.size(); I++) {
		Value *From = B.CreateConstInBoundsGEP1_64(
			P.I8, Record, RecordHeader + G.Offset[I]);
		Values.push_back(B.CreateAlignedLoad(
			G.Live[I]->getType(), From,
			commonAlignment(Align(16), G.Offset[I])));
		B.CreateStore(Values.back(), Slot[G.Live[I]]);
	}
	return Values;
}

// The thread leaves again before it has come to this frame.
void Resumer::leaveAgain(BasicBlock *BB, Group &G,
			 const std::vector<Value *> &Values)
{
	Group Clone = G;
	IRBuilder<> B(BB);

	Clone.Save = in(G.Save);
	Clone.Site = in(G.Site);
	if (G.Payload)
		Clone.Payload = in(G.Payload);
	// A constant needs no register until then.
	bool Single = G.End - G.First == 1;
	enterSave(P, B, Clone, Single ? B.getInt32(G.First) : Number);
	for (unsigned I = 0; I < Values.size(); I++)
		if (G.Saved[I])
			in(G.Saved[I])->addIncoming(Values[I], BB);
}

// What the site's call returned, from what it was called as
Value *Resumer::result(IRBuilder<> &B, unsigned I, Value *Result)
{
	Type *T = Sites[I].Call->getType();

	if (T->isPointerTy())
		return B.CreateIntToPtr(Result, T);
	return T->isIntegerTy() ? B.CreateTrunc(Result, T) : Result;
}

void Resumer::goOn(IRBuilder<> &B, ArrayRef<unsigned> Which, CallBase *Result)
{
	SwitchInst *Switch = nullptr;

	for (unsigned I : Which) {
		auto *BB = BasicBlock::Create(P.C, "returned", &R);
		IRBuilder<> To(BB);
		if (Slot.count(Sites[I].Call))
			To.CreateStore(result(To, I, Result),
				       Slot[Sites[I].Call]);
		To.CreateBr(SiteCont[I]);
		if (!Switch)
			Switch = B.CreateSwitch(Number, BB, Which.size());
		else
			Switch->addCase(B.getInt32(I), BB);
	}
}

BasicBlock *Resumer::callAbove(Group &G, Type *T, ArrayRef<unsigned> Which,
			       Value *Above, const std::vector<Value *> &Values)
{
	auto *BB = BasicBlock::Create(P.C, "above", &R);
	auto *Done = BasicBlock::Create(P.C, "restored", &R);
	auto *Again = BasicBlock::Create(P.C, "again", &R);
	IRBuilder<> B(BB);

	CallBase *Call = P.callAtSite(B, FunctionType::get(T, { P.Ptr }, false),
				      B.CreateLoad(P.Ptr, Above), { Above },
				      Done, Again);
	Call->setDebugLoc(in<Instruction>(Sites[G.First].Call)->getDebugLoc());
	leaveAgain(Again, G, Values);
	B.SetInsertPoint(Done);
	goOn(B, Which, Call);
	return BB;
}

BasicBlock *Resumer::restore(Group &G)
{
	auto *BB = BasicBlock::Create(P.C, "restore", &R);
	IRBuilder<> B(BB);
	SwitchInst *Switch = nullptr;

	std::vector<Value *> Values = load(B, G);
	rearm(B);
	Value *Above = B.CreateCall(P.M.getOrInsertFunction("__tombolo_next",
							    P.Ptr, P.Ptr),
				    { Record });
	for (auto &[T, Which] : byType(P, Sites, G)) {
		BasicBlock *To = callAbove(G, T, Which, Above, Values);
		if (!Switch)
			Switch = B.CreateSwitch(Number, To);
		else
			for (unsigned I : Which)
				Switch->addCase(B.getInt32(I), To);
	}
	return BB;
}

void Resumer::finish()
{
	std::vector<AllocaInst *> Slots;

	removeUnreachableBlocks(R);
	for (auto &[V, A] : Slot) {
		A->moveBefore(&*R.getEntryBlock().begin());
		Slots.push_back(A);
	}
	DominatorTree DT(R);
	PromoteMemToReg(Slots, DT);
}

static void makeCold(Function &R)
{
	R.addFnAttr("tombolo-resume");
	R.removeFnAttr(Attribute::AlwaysInline);
	R.addFnAttr(Attribute::NoInline);
	R.addFnAttr(Attribute::Cold);
	if (!R.hasFnAttribute(Attribute::OptimizeNone)) {
		R.addFnAttr(Attribute::MinSize);
		R.addFnAttr(Attribute::OptimizeForSize);
	}
}

static void rebuild(Resumer &Do)
{
	for (Site &S : Do.Sites)
		Do.SiteCont.push_back(Do.secondHalf(S.Cont));
	for (Setjmp &J : Do.Jumps)
		Do.JumpCont.push_back(Do.secondHalf(J.Cont));
	Do.collect();
	IRBuilder<> B(Do.Entry);
	Do.Number = B.CreateLoad(
		Do.P.I32, B.CreateConstInBoundsGEP1_64(Do.P.I8, Do.Record, 12));
	SwitchInst *Switch = B.CreateSwitch(Do.Number, Do.restore(Do.Groups[0]),
					    Do.Sites.size());
	for (Group &G : drop_begin(Do.Groups)) {
		BasicBlock *To = Do.restore(G);
		for (unsigned I = G.First; I < G.End; I++)
			Switch->addCase(B.getInt32(I), To);
	}
	Do.finish();
}

// A function that calls setjmp has a clone that calls it once more.
void makeResume(Program &P, Function &R, Function &F, std::vector<Site> &Sites,
		std::vector<Group> &Groups, Value *Base,
		std::vector<Setjmp> &Jumps)
{
	bool Itself = Jumps.empty() && F.getInstructionCount() >= Small &&
		      Sites.size() < ManySites;
	Resumer Do(P, Itself ? F : R, F, Sites, Groups, Base, Jumps);

	if (Itself) {
		Do.enter();
		makeCaller(P, R, F);
	} else {
		Do.clone();
	}
	rebuild(Do);
	makeCold(R);
}
} // namespace tombolo
