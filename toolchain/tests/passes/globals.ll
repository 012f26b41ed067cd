; SPDX-License-Identifier: GPL-2.0
; globals.ll - each object has a name and a section of its own, or the one it asked
; for by a name in C; what is not common is called through something that is; lists of
; constructors are calls, by priority; integers are extended as riscv64 wants.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s
; RUN: sed 's/"mine"/".init_array"/' %s | %not %opt -passes=tombolo-link - 2>&1 \
; RUN:   | FileCheck -check-prefix=LIST %s
; LIST: own: error: in section .init_array:

; CHECK: @tb.0 = internal constant [3 x i8] c"ab\00", section ".rodata.tb.tb.0"
; CHECK: @tb.1 = internal constant [2 x i8] c"c\00", section ".rodata.tb.tb.1"
; CHECK: @zero = global i64 0, section ".bss.tb.zero"
; CHECK: @one = internal global i64 1, section ".data.tb.one"
; CHECK: @own = global i64 1, section "mine"
; CHECK: @dotted = global i64 1, section ".data.tb.dotted"
; CHECK: @table = global [2 x ptr] [ptr @at.outside, ptr @maybe]
; CHECK-NOT: @llvm.global
@.str = private unnamed_addr constant [3 x i8] c"ab\00"
@0 = private unnamed_addr constant [2 x i8] c"c\00"
@zero = global i64 0
@one = internal unnamed_addr global i64 1
@own = global i64 1, section "mine"
@dotted = global i64 1, section ".mine"
@table = global [2 x ptr] [ptr @outside, ptr @maybe]
@llvm.global_ctors = appending global [3 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @late, ptr null }, { i32, ptr, ptr } { i32 101, ptr @early, ptr null }, { i32, ptr, ptr } { i32 65535, ptr @last, ptr null }]
@llvm.global_dtors = appending global [2 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 101, ptr @early, ptr null }, { i32, ptr, ptr } { i32 65535, ptr @late, ptr null }]
declare i32 @outside(i32)
declare extern_weak i32 @maybe(i32)
declare void @early()
declare void @late()
declare void @last()

; CHECK-LABEL: define internal void @tombolo_ctors()
; CHECK-NEXT: call void @early()
; CHECK-NEXT: call void @late()
; CHECK-NEXT: call void @last()
; CHECK-NEXT: ret void
define weak void @tombolo_ctors() {
  ret void
}

; CHECK-LABEL: define internal void @tombolo_dtors()
; CHECK-NEXT: call void @late()
; CHECK-NEXT: call void @early()
; CHECK-NEXT: ret void
define weak void @tombolo_dtors() {
  ret void
}

; CHECK-LABEL: define i64 @calls(i32 %n, i16 zeroext %u)
; CHECK: invoke i32 %p(i32 signext %
; CHECK: invoke i64 @calls(i32 signext %
define fastcc i64 @calls(i32 %n, i16 zeroext %u) {
  %p = load ptr, ptr @table
  %r = call i32 %p(i32 %n)
  %s = tail call fastcc i64 @calls(i32 %r, i16 zeroext %u)
  %t = add i64 %s, 1
  call void @reads(ptr @.str, ptr @0)
  ret i64 %t
}

; CHECK: define void @reads({{.*}} section ".text.n.reads"
define void @reads(ptr %a, ptr %b) {
  %x = load volatile i8, ptr %a
  %y = load volatile i8, ptr %b
  ret void
}

; CHECK-LABEL: define internal i32 @at.outside(i32 %0)
; CHECK-NEXT: [[R:%.*]] = tail call i32 @outside(i32 signext %0)
; CHECK-NEXT: ret i32 [[R]]
; CHECK: define i64 @calls.resume({{.*}} section ".text.r.calls.resume"
