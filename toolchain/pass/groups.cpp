// SPDX-License-Identifier: GPL-2.0
// groups.cpp - the frames of a function's sites share layouts, so that the code
// that saves values exists once for many sites: a landing pad only says which
// site it is. What is not live there is saved as whatever its register holds.
#include "tombolo.h"

using namespace llvm;

namespace tombolo
{
// A record holds what is live at any site of its group: this many values, or so
// many times what one site needs. More sites in a group are less code, larger
// records, and longer to compile.
constexpr size_t SmallGroup = 64, MostWaste = 3;

static uint64_t alignOf(Program &P, Value *V)
{
	return std::min<uint64_t>(16,
				  P.DL.getABITypeAlign(V->getType()).value());
}

static void layOut(Program &P, Group &G)
{
	stable_sort(G.Live, [&](Value *A, Value *B) {
		return alignOf(P, A) > alignOf(P, B);
	});
	for (Value *V : G.Live) {
		G.Size = alignTo(G.Size, alignOf(P, V));
		G.Offset.push_back(G.Size);
		G.Size += P.DL.getTypeStoreSize(V->getType());
	}
	G.Size = alignTo(G.Size, 16);
}

std::vector<Group> groupSites(Program &P, std::vector<Site> &Sites)
{
	std::vector<Group> Groups;
	SetVector<Value *> All;
	size_t Most = 0;

	for (unsigned I = 0; I < Sites.size(); I++) {
		SetVector<Value *> With = All;
		With.insert(Sites[I].Live.begin(), Sites[I].Live.end());
		Most = std::max(Most, Sites[I].Live.size());
		if (I == 0 ||
		    With.size() > std::max(SmallGroup, MostWaste * Most)) {
			Groups.emplace_back();
			Groups.back().First = I;
			Most = Sites[I].Live.size();
			With.clear();
			With.insert(Sites[I].Live.begin(), Sites[I].Live.end());
		}
		All = std::move(With);
		Groups.back().End = I + 1;
		Groups.back().Live = All.getArrayRef().vec();
	}
	for (Group &G : Groups)
		layOut(P, G);
	return Groups;
}

// Not nounwind, though it never returns: LLVM would merge the ranges of the
// invokes around it, and unwinding from it would end in its own landing pad.
static FunctionCallee continueFunction(Program &P)
{
	FunctionCallee Fn = P.M.getOrInsertFunction("__tombolo_continue",
						    P.Void, P.Ptr, P.I64);
	auto *F = cast<Function>(Fn.getCallee());

	F->addFnAttr(Attribute::Cold);
	F->setDoesNotReturn();
	return Fn;
}

// To the caller, which looks too; or to the unwinder, which finds the caller.
static void leave(Program &P, IRBuilder<> &B, Function &Resume, Value *Id)
{
	if (!P.Check) {
		B.CreateCall(continueFunction(P), { &Resume, Id })
			->setDoesNotReturn();
		B.CreateUnreachable();
	} else if (Resume.getReturnType()->isVoidTy()) {
		B.CreateRetVoid();
	} else {
		B.CreateRet(Constant::getNullValue(Resume.getReturnType()));
	}
}

// Ends B's block, which is entered when a frame of Site has to be saved.
void enterSave(Program &P, IRBuilder<> &B, Group &G, Value *Site)
{
	BasicBlock *From = B.GetInsertBlock();

	if (!P.Check) {
		LandingPadInst *Pad =
			B.CreateLandingPad(StructType::get(P.Ptr, P.I32), 0);
		Pad->setCleanup(true);
		G.Payload->addIncoming(B.CreateExtractValue(Pad, 0), From);
	}
	G.Site->addIncoming(Site, From);
	B.CreateBr(G.Save);
}

// Does LLVM see without a look that V could be used in any block?
static bool isOfEntry(Function &F, Value *V)
{
	auto *I = dyn_cast<Instruction>(V);

	return !I || I->getParent() == &F.getEntryBlock();
}

// A phi of what is live at some of the sites only, and is poison at the others.
// Where LLVM would simplify that to the value itself, and keep it over all of
// their calls, the poison is frozen.
static PHINode *merge(IRBuilder<> &B, std::vector<Site> &Sites, Group &G,
		      Value *V)
{
	PHINode *Phi = B.CreatePHI(V->getType(), G.End - G.First);
	bool Freeze = isOfEntry(*G.Save->getParent(), V);

	for (unsigned I = G.First; I < G.End; I++) {
		Site &S = Sites[I];
		Value *In = PoisonValue::get(V->getType());
		if (is_contained(S.Live, V))
			In = V;
		else if (Freeze)
			In = new FreezeInst(In, "", S.Save->getTerminator());
		Phi->addIncoming(In, S.Save);
	}
	return Phi;
}

void makeSave(Program &P, Function &Resume, std::vector<Site> &Sites, Group &G)
{
	Site &First = Sites[G.First];

	G.Save = BasicBlock::Create(P.C, "saves", First.Call->getFunction());
	IRBuilder<> B(G.Save);
	B.SetCurrentDebugLocation(First.Call->getDebugLoc());
	G.Site = B.CreatePHI(P.I32, G.End - G.First, "site");
	if (!P.Check)
		G.Payload = B.CreatePHI(P.Ptr, G.End - G.First, "payload");
	for (unsigned I = G.First; I < G.End; I++) {
		Sites[I].Save->getTerminator()->eraseFromParent();
		IRBuilder<> Pad(Sites[I].Save);
		enterSave(P, Pad, G, Pad.getInt32(I));
	}
	for (Value *V : G.Live) {
		bool Always = true;
		for (unsigned I = G.First; I < G.End; I++)
			Always &= is_contained(Sites[I].Live, V);
		G.Saved.push_back(Always ? nullptr : merge(B, Sites, G, V));
	}
	Value *Id = B.CreateOr(B.CreateShl(B.CreateZExt(G.Site, P.I64), 32),
			       G.Size);
	Value *Payload = G.Payload;
	if (P.Check)
		Payload = B.CreateCall(
			P.M.getOrInsertFunction("__tombolo_frame", P.Ptr, P.Ptr,
						P.I64),
			{ &Resume, Id });
	for (unsigned K = 0; K < G.Live.size(); K++)
		B.CreateAlignedStore(G.Saved[K] ? G.Saved[K] : G.Live[K],
				     B.CreateConstInBoundsGEP1_64(P.I8, Payload,
								  G.Offset[K]),
				     commonAlignment(Align(16), G.Offset[K]));
	leave(P, B, Resume, Id);
}
} // namespace tombolo
