; SPDX-License-Identifier: GPL-2.0
; park.ll - what is live at a point only waits on the data stack, which is lowered
; first, and comes back from there, in the clone as well: the record has none of it.
; What is live at another call as well is saved once, by that call's rules.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s

; CHECK-LABEL: define i64 @f(
; CHECK: load volatile i32, ptr @__tombolo_flag
; CHECK: [[PLACE:%.*]] = getelementptr inbounds i8, ptr %{{.*}}, i64 -16
; CHECK: store ptr [[PLACE]], ptr
; CHECK-NEXT: [[AT:%.*]] = getelementptr inbounds i8, ptr [[PLACE]], i64 0
; CHECK-NEXT: store i64 %n, ptr [[AT]]
; CHECK-NOT: store
; CHECK: invoke void @__tombolo_point()
; CHECK: [[BACK:%.*]] = load i64, ptr
; CHECK: phi i64 [ [[BACK]], %cont ], [ %n,
; CHECK: invoke i64 @f(
; CHECK: saves:
; CHECK: store i64 %kept, ptr
; CHECK-NOT: store
; CHECK: call void @__tombolo_continue(
define i64 @f(i64 %n, i64 %kept) {
  %m = sub i64 %n, 1
  %r = call i64 @f(i64 %n, i64 %m)
  %s = add i64 %r, %kept
  ret i64 %s
}

; CHECK-LABEL: define i64 @f.resume(
; CHECK: load ptr, ptr
; CHECK: load i64, ptr
