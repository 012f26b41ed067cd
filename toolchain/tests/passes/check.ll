; SPDX-License-Identifier: GPL-2.0
; check.ll - in check mode a call is followed by a look, and a frame returns.
; RUN: %opt -tombolo-check -passes=tombolo-link %s | FileCheck %s

@__tombolo_check = global i32 0
; CHECK: @__tombolo_check = global i32 1

; What it gives then is 0, which nobody promises any more that it is not: aarch64's
; code generator would take the return for unreachable.
; CHECK-LABEL: define ptr @never_null(
; CHECK: call ptr @never_null(
; CHECK: call ptr @__tombolo_frame(
; CHECK: ret ptr null
define nonnull noundef ptr @never_null(ptr %p, i64 %n) {
  %m = sub i64 %n, 1
  %r = call nonnull noundef ptr @never_null(ptr %p, i64 %m)
  store i64 %n, ptr %r
  ret ptr inttoptr (i64 33 to ptr)
}

; CHECK-LABEL: define i64 @f(
; CHECK-NOT: personality
; CHECK: call i64 @f(
; CHECK: load i32, ptr %{{.*}}
; CHECK: br i1 %{{.*}}, label %save{{.*}}, label %cont
; CHECK: call ptr @__tombolo_frame(ptr @f.resume, i64
; CHECK: ret i64 0
; CHECK-LABEL: define i64 @f.resume(
; CHECK: call ptr @__tombolo_next(
; CHECK-NOT: landingpad
define i64 @f(i64 %n) {
  %m = sub i64 %n, 1
  %r = call i64 @f(i64 %m)
  %s = add i64 %r, %n
  ret i64 %s
}
