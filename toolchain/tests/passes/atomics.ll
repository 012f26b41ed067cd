; SPDX-License-Identifier: GPL-2.0
; atomics.ll - what each code generator makes of C11's orders, with the options of
; the link step. README.md, "Memory order", says why threads on different ISAs
; agree: each sequentially consistent access is ordered with those before and behind
; it by its own ISA's means, and a fence is a full one.
; RUN: llc-%llvm -O2 -mtriple=x86_64-linux-musl -mcpu=x86-64 %s -o - | FileCheck -check-prefix=X86 %s
; RUN: llc-%llvm -O2 -mtriple=aarch64-linux-musl %s -o - | FileCheck -check-prefix=ARM %s
; RUN: llc-%llvm -O2 -mtriple=riscv64-linux-musl -mattr=+m,+a,+f,+d,+c,-relax -target-abi=lp64d -code-model=medium %s -o - | FileCheck -check-prefix=RV %s

; The load's fence orders it behind the stores before it: none may be missing.
; X86-LABEL: load_sc:
; X86: movq (%rdi), %rax
; ARM-LABEL: load_sc:
; ARM: ldar x0, [x0]
; RV-LABEL: load_sc:
; RV: fence rw, rw
; RV-NEXT: ld a0, 0(a0)
; RV-NEXT: fence r, rw
define i64 @load_sc(ptr %p) {
  %v = load atomic i64, ptr %p seq_cst, align 8
  ret i64 %v
}

; X86-LABEL: store_sc:
; X86: xchgq %rsi, (%rdi)
; ARM-LABEL: store_sc:
; ARM: stlr x1, [x0]
; RV-LABEL: store_sc:
; RV: fence rw, w
; RV-NEXT: sd a1, 0(a0)
define void @store_sc(ptr %p, i64 %v) {
  store atomic i64 %v, ptr %p seq_cst, align 8
  ret void
}

; ARM-LABEL: load_acquire:
; ARM: ldar x0, [x0]
; RV-LABEL: load_acquire:
; RV: ld a0, 0(a0)
; RV-NEXT: fence r, rw
define i64 @load_acquire(ptr %p) {
  %v = load atomic i64, ptr %p acquire, align 8
  ret i64 %v
}

; ARM-LABEL: store_release:
; ARM: stlr x1, [x0]
; RV-LABEL: store_release:
; RV: fence rw, w
; RV-NEXT: sd a1, 0(a0)
define void @store_release(ptr %p, i64 %v) {
  store atomic i64 %v, ptr %p release, align 8
  ret void
}

; X86-LABEL: add_sc:
; X86: lock {{.*}}xaddq
; ARM-LABEL: add_sc:
; ARM: ldaxr
; ARM: stlxr
; RV-LABEL: add_sc:
; RV: amoadd.d.aqrl
define i64 @add_sc(ptr %p, i64 %v) {
  %r = atomicrmw add ptr %p, i64 %v seq_cst
  ret i64 %r
}

; X86-LABEL: cas_sc:
; X86: lock {{.*}}cmpxchgq
; ARM-LABEL: cas_sc:
; ARM: ldaxr
; ARM: stlxr
; RV-LABEL: cas_sc:
; RV: lr.d.aqrl
; RV: sc.d.{{(aq)?}}rl
define i1 @cas_sc(ptr %p, i64 %a, i64 %b) {
  %r = cmpxchg ptr %p, i64 %a, i64 %b seq_cst seq_cst
  %ok = extractvalue { i64, i1 } %r, 1
  ret i1 %ok
}

; X86-LABEL: fence_sc:
; X86: {{mfence|lock}}
; ARM-LABEL: fence_sc:
; ARM: dmb ish{{$}}
; RV-LABEL: fence_sc:
; RV: fence rw, rw
define void @fence_sc() {
  fence seq_cst
  ret void
}

; ARM-LABEL: fence_acquire:
; ARM: dmb ishld
; RV-LABEL: fence_acquire:
; RV: fence r, rw
define void @fence_acquire() {
  fence acquire
  ret void
}

; ARM-LABEL: fence_release:
; ARM: dmb ish{{$}}
; RV-LABEL: fence_release:
; RV: fence rw, w
define void @fence_release() {
  fence release
  ret void
}
