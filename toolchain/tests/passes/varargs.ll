; SPDX-License-Identifier: GPL-2.0
; varargs.ll - variadic calls become calls with a pointer to packed arguments.
; RUN: %opt -passes=tombolo-neutral %s | FileCheck %s

declare i32 @printf(ptr, ...)
declare void @llvm.va_start(ptr)

; CHECK: @tombolo.noargs = private constant [8 x i64] zeroinitializer, align 16

; CHECK-LABEL: define i32 @call(
; CHECK: %va = alloca [32 x i8], align 16
; CHECK: store i64 7, ptr {{.*}}, align 8
; CHECK: getelementptr inbounds i8, ptr %va, i64 16
; CHECK: store fp128
; CHECK: call i32 @printf(ptr %f, ptr %va)
; CHECK: call i32 @printf(ptr %f, ptr @tombolo.noargs)
define i32 @call(ptr %f, fp128 %x) {
  %a = call i32 (ptr, ...) @printf(ptr %f, i32 signext 7, fp128 %x)
  %b = call i32 (ptr, ...) @printf(ptr %f)
  ret i32 %b
}

; CHECK-LABEL: define void @take(ptr %list, ptr %0)
; CHECK: store ptr %0, ptr %list
define void @take(ptr %list, ...) {
  call void @llvm.va_start(ptr %list)
  ret void
}
