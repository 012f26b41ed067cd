; SPDX-License-Identifier: GPL-2.0
; rounds.ll - a large function looks between two rounds of a loop. Who has been at
; the point comes to the loop from outside: its header has two ways in, as before.
; RUN: %opt -tombolo-large=0 -passes=tombolo-link %s | FileCheck %s

; CHECK-LABEL: define i64 @length(
; CHECK: loop.again:
; CHECK-NEXT: load volatile i32, ptr @__tombolo_flag
; CHECK: invoke void @__tombolo_point()
; CHECK-NEXT: to label %[[CONT:.*]] unwind
; CHECK: [[CONT]]:
; CHECK: br label %loop.begin
; CHECK: [[AGAIN:.*]]: ; preds = %loop.again
; CHECK-NEXT: br label %loop
; CHECK: loop:
; CHECK-NEXT: phi ptr [ %next, %[[AGAIN]] ], [ %{{.*}}, %loop.begin ]
; CHECK-NEXT: phi i64 [ %m, %[[AGAIN]] ], [ %{{.*}}, %loop.begin ]
; CHECK-NOT: __tombolo_flag
; CHECK: br i1 %done, label %out, label %loop.again
define i64 @length(ptr %p) {
  br label %loop
loop:
  %q = phi ptr [ %p, %0 ], [ %next, %loop ]
  %n = phi i64 [ 0, %0 ], [ %m, %loop ]
  %m = add i64 %n, 1
  %next = load ptr, ptr %q
  %done = icmp eq ptr %next, null
  br i1 %done, label %out, label %loop
out:
  ret i64 %m
}
