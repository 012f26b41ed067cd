; SPDX-License-Identifier: GPL-2.0
; neutral.ll - what names the front end's ISA goes, large arrays are aligned as on
; x86-64, TOMBOLO_NEVER becomes an attribute, assembly that says nothing stays.
; RUN: %opt -passes=tombolo-neutral %s | FileCheck %s

$grouped = comdat any

; CHECK-NOT: comdat
; CHECK: @large = global [4 x i32] zeroinitializer, align 16
; CHECK: @small = global [3 x i32] zeroinitializer, align 4
; CHECK: @placed = global [4 x i32] zeroinitializer, section "own", align 4
; CHECK-NOT: llvm.global.annotations
@large = global [4 x i32] zeroinitializer, align 4
@small = global [3 x i32] zeroinitializer, align 4
@placed = global [4 x i32] zeroinitializer, section "own", align 4
@never = private constant [13 x i8] c"tombolo-leaf\00"
@file = private constant [4 x i8] c"a.c\00"
@llvm.global.annotations = appending global [1 x { ptr, ptr, ptr, i32, ptr }] [{ ptr, ptr, ptr, i32, ptr } { ptr @stays, ptr @never, ptr @file, i32 1, ptr null }]

; CHECK: define void @stays() [[NEVER:#[0-9]+]] {
define void @stays() #0 {
  ret void
}

; CHECK: define void @grouped() [[PLAIN:#[0-9]+]] {
; CHECK-NEXT: %v = alloca [16 x i8], align 16
; CHECK-NEXT: call void asm sideeffect "", "~{memory}"()
; CHECK-NEXT: call void asm sideeffect "nop", ""()
define void @grouped() #0 comdat {
  %v = alloca [16 x i8], align 1
  call void asm sideeffect "", "~{memory}"()
  call void asm sideeffect "nop", ""()
  ret void
}

; CHECK-DAG: attributes [[NEVER]] = { noinline nounwind "tombolo-leaf" }
; CHECK-DAG: attributes [[PLAIN]] = { nounwind }
; CHECK: !llvm.module.flags = !{!0}
; CHECK: !0 = !{i32 1, !"wchar_size", i32 4}
; CHECK-NOT: target-abi
attributes #0 = { nounwind "target-cpu"="generic-rv64" "target-features"="+64bit,+a" "tune-cpu"="generic" }
!llvm.module.flags = !{!0, !1, !2}
!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{i32 1, !"target-abi", !"lp64d"}
!2 = !{i32 8, !"SmallDataLimit", i32 0}
