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
; CHECK-NEXT: icmp eq i64 %next, %{{[^s]}}
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

; What else the loop may end by is asked again behind the strip.
; CHECK-LABEL: define i64 @find(
; CHECK: loop:
; CHECK-NOT: __tombolo_flag
; CHECK: icmp eq i64 %next, %strip.end
; CHECK: strip:
; CHECK-NEXT: [[FOUND:%.*]] = icmp eq i64 %v, 0
; CHECK-NEXT: [[END:%.*]] = icmp eq i64 %next, %{{[^s]}}
; CHECK-NEXT: [[ALL:%.*]] = select i1 [[FOUND]], i1 true, i1 [[END]]
; CHECK-NEXT: br i1 [[ALL]], label %out, label %strip.more
; CHECK: strip.more:
; CHECK: load volatile i32, ptr @__tombolo_flag
define i64 @find(ptr %p, i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %loop ]
  %a = getelementptr i64, ptr %p, i64 %i
  %v = load i64, ptr %a
  %found = icmp eq i64 %v, 0
  %next = add i64 %i, 1
  %end = icmp eq i64 %next, %n
  %done = select i1 %found, i1 true, i1 %end
  br i1 %done, label %out, label %loop
out:
  ret i64 %i
}
