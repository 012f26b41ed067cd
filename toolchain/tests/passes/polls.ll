; SPDX-License-Identifier: GPL-2.0
; polls.ll - one look per round of a recursion, none where it ends; what is live
; only there waits on the data stack. A loop of few rounds has none.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s

; CHECK-LABEL: define i64 @down(
; CHECK-NOT: __tombolo_flag
; CHECK: more:
; CHECK-NEXT: load volatile i32, ptr @__tombolo_flag
; CHECK: store i64 %n, ptr
; CHECK-NEXT: invoke void @__tombolo_point()
; CHECK: invoke i64 @down(
; CHECK-NOT: __tombolo_flag
; CHECK: }
define i64 @down(i64 %n) {
  %end = icmp eq i64 %n, 0
  br i1 %end, label %stop, label %more
more:
  %m = sub i64 %n, 1
  %r = call i64 @down(i64 %m)
  %s = add i64 %r, 1
  ret i64 %s
stop:
  ret i64 0
}

; CHECK-LABEL: define void @few(
; CHECK-NOT: __tombolo_flag
; CHECK: ret void
define void @few(ptr %p) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %loop ]
  %a = getelementptr i64, ptr %p, i64 %i
  store volatile i64 %i, ptr %a
  %next = add i64 %i, 1
  %done = icmp eq i64 %next, 20
  br i1 %done, label %out, label %loop
out:
  ret void
}

; CHECK-LABEL: define void @walk(
; CHECK: loop:
; CHECK: load volatile i32, ptr @__tombolo_flag
define void @walk(ptr %p) {
  br label %loop
loop:
  %q = phi ptr [ %p, %0 ], [ %next, %loop ]
  %next = load ptr, ptr %q
  %done = icmp eq ptr %next, null
  br i1 %done, label %out, label %loop
out:
  ret void
}
