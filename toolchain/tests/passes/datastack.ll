; SPDX-License-Identifier: GPL-2.0
; datastack.ll - variables lie on the data stack: aligned as they ask, of a size that
; is known or not; who returns gives it back. A variable that is a value stays one, and
; a function that never migrates keeps its own on the native stack.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s

; CHECK-LABEL: define void @f(
; CHECK: [[OLD:%.*]] = load ptr, ptr %{{.*}}
; CHECK-NEXT: %frame = getelementptr inbounds i8, ptr [[OLD]], i64 -128
; CHECK-NEXT: [[BASE:%.*]] = call ptr @llvm.ptrmask.p0.i64(ptr %frame, i64 -64)
; CHECK: store ptr [[BASE]], ptr
; CHECK-NOT: lifetime
; CHECK-NOT: @llvm.stacksave
; CHECK: invoke void @__tombolo_point()
; CHECK: phi i64
; CHECK: [[SAVED:%.*]] = load ptr, ptr
; CHECK: [[BYTES:%.*]] = mul i64 %{{.*}}, 4
; CHECK: [[LESS:%.*]] = sub i64 0, [[BYTES]]
; CHECK: [[LOW:%.*]] = getelementptr i8, ptr %{{.*}}, i64 [[LESS]]
; CHECK: [[VLA:%.*]] = call ptr @llvm.ptrmask.p0.i64(ptr [[LOW]], i64 -16)
; CHECK: store ptr [[VLA]], ptr
; CHECK: [[WIDE:%.*]] = getelementptr inbounds i8, ptr %{{.*}}, i64 64
; CHECK-NEXT: {{^}}  call void @use(ptr [[WIDE]], ptr [[VLA]])
; CHECK: store ptr [[SAVED]], ptr
; CHECK: store ptr [[OLD]], ptr
; CHECK-NEXT: ret void
define void @f(i64 %n) {
  %small = alloca i32
  %wide = alloca <8 x i64>, align 64
  call void @llvm.lifetime.start.p0(i64 64, ptr %wide)
  %saved = call ptr @llvm.stacksave()
  %vla = alloca i32, i64 %n
  tail call void @use(ptr %wide, ptr %vla)
  call void @use(ptr %small, ptr null)
  call void @llvm.stackrestore(ptr %saved)
  call void @llvm.lifetime.end.p0(i64 64, ptr %wide)
  call void @f(i64 %n)
  ret void
}

; CHECK-LABEL: define void @value(
; CHECK-NOT: alloca
; CHECK-NOT: %frame
; CHECK: ret void
define void @value(i64 %n) {
  %v = alloca i64
  store i64 %n, ptr %v
  call void @value(i64 %n)
  %w = load i64, ptr %v
  call void @value(i64 %w)
  ret void
}

; CHECK-LABEL: define i64 @never(
; CHECK-SAME: section ".text.n.never"
; CHECK-NEXT: %v = alloca i64
define i64 @never() {
  %v = alloca i64
  call void @use(ptr %v, ptr %v)
  %r = load i64, ptr %v
  ret i64 %r
}

declare void @use(ptr, ptr)
declare ptr @llvm.stacksave()
declare void @llvm.stackrestore(ptr)
declare void @llvm.lifetime.start.p0(i64, ptr)
declare void @llvm.lifetime.end.p0(i64, ptr)
