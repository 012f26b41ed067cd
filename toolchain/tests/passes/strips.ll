; SPDX-License-Identifier: GPL-2.0
; strips.ll - a tight counted loop keeps its body; the look is outside of it.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s

; CHECK-LABEL: define i64 @sum(
; CHECK: strip.enter:
; CHECK: %strip.end = select
; CHECK: loop:
; CHECK-NOT: __tombolo_flag
; CHECK: icmp eq i64 %next, %strip.end
; CHECK: strip:
; CHECK: icmp ne i64 %next, 
; CHECK: strip.more:
; CHECK: load volatile i32, ptr @__tombolo_flag
define i64 @sum(ptr %p, i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %loop ]
  %s = phi i64 [ 0, %0 ], [ %t, %loop ]
  %a = getelementptr i64, ptr %p, i64 %i
  %v = load i64, ptr %a
  %t = add i64 %s, %v
  %next = add i64 %i, 1
  %done = icmp eq i64 %next, %n
  br i1 %done, label %out, label %loop
out:
  ret i64 %t
}
