// SPDX-License-Identifier: GPL-2.0
// threads.cpp - thread-local variables of the program lie in one block of
// common memory per thread, laid out here and found by the C library's thread
// pointer: the ISAs' own layouts differ.
#include "tombolo.h"

using namespace llvm;

namespace tombolo
{
struct Layout {
	MapVector<GlobalVariable *, uint64_t> At;
	uint64_t Size = 0, Align = 1;
};

static Layout layOut(Program &P)
{
	Layout L;

	for (GlobalVariable &G : P.M.globals()) {
		if (!G.isThreadLocal() || G.isDeclaration())
			continue;
		uint64_t A = P.DL.getValueOrABITypeAlignment(G.getAlign(),
							     G.getValueType())
				     .value();
		L.Size = alignTo(L.Size, A);
		L.Align = std::max(L.Align, A);
		L.At[&G] = L.Size;
		L.Size += P.DL.getTypeAllocSize(G.getValueType());
	}
	return L;
}

// A packed structure with explicit gaps: what each new thread starts from.
static GlobalVariable *makeImage(Program &P, const Layout &L)
{
	SmallVector<Constant *, 16> Parts;
	uint64_t At = 0;

	for (auto &[G, Off] : L.At) {
		if (Off > At)
			Parts.push_back(Constant::getNullValue(
				ArrayType::get(P.I8, Off - At)));
		Parts.push_back(G->getInitializer());
		At = Off + P.DL.getTypeAllocSize(G->getValueType());
	}
	Constant *Init = ConstantStruct::getAnon(P.C, Parts, true);
	auto *Image = new GlobalVariable(P.M, Init->getType(), true,
					 GlobalValue::InternalLinkage, Init,
					 "tombolo.tls");
	Image->setAlignment(Align(L.Align));
	Image->setSection(".rodata.tb.tombolo.tls");
	return Image;
}

static void describeImage(Program &P, const Layout &L, GlobalVariable *Image)
{
	GlobalVariable *Info = P.M.getNamedGlobal("__tombolo_tls_info");

	if (!Info)
		return;
	auto *T = cast<StructType>(Info->getValueType());
	Constant *N = ConstantInt::get(P.I64, L.Size);
	Info->setInitializer(ConstantStruct::get(
		T, { Image, N, N, ConstantInt::get(P.I64, L.Align) }));
	Info->setSection(".data.tb.__tombolo_tls_info");
	Info->setLinkage(GlobalValue::InternalLinkage);
}

static void replaceUses(Program &P, GlobalVariable *G, uint64_t Off)
{
	SmallVector<User *, 8> Users(G->users());

	for (User *U : Users) {
		auto *II = dyn_cast<IntrinsicInst>(U);
		if (!II ||
		    II->getIntrinsicID() != Intrinsic::threadlocal_address) {
			refuse(G->getName(),
			       "thread-local variable in a constant");
			continue;
		}
		IRBuilder<> B(II);
		Value *Base = P.loadThread(B, "__tombolo_tp", P.Ptr);
		II->replaceAllUsesWith(
			B.CreateConstInBoundsGEP1_64(P.I8, Base, Off));
		II->eraseFromParent();
	}
}

static void lowerThreadPointer(Program &P)
{
	Function *F = P.M.getFunction("__tombolo_get_tp");

	if (!F)
		return;
	SmallVector<User *, 32> Users(F->users());
	for (User *U : Users) {
		auto *Call = dyn_cast<CallInst>(U);
		if (!Call)
			continue;
		IRBuilder<> B(Call);
		Call->replaceAllUsesWith(
			P.loadThread(B, "__tombolo_tp", P.Ptr));
		Call->eraseFromParent();
	}
}

void lowerThreadLocals(Program &P)
{
	Layout L = layOut(P);

	if (L.Size) {
		describeImage(P, L, makeImage(P, L));
		for (auto &[G, Off] : L.At)
			replaceUses(P, G, Off);
		for (auto &[G, Off] : L.At)
			if (G->use_empty())
				G->eraseFromParent();
	}
	lowerThreadPointer(P);
}
} // namespace tombolo
