; SPDX-License-Identifier: GPL-2.0
; calls.ll - a recursion over several functions is cut at one of them, the busiest:
; it alone looks. A call through a pointer may be one of what has its type and its
; address taken, not of anything else.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s
@pointer = global ptr @called

; CHECK-LABEL: define i64 @a(
; CHECK-NOT: __tombolo_flag
; CHECK: invoke i64 @b(
; CHECK-LABEL: define i64 @b(
; CHECK-NOT: __tombolo_flag
; CHECK: invoke i64 @c(
; CHECK-LABEL: define i64 @c(
; CHECK: load volatile i32, ptr @__tombolo_flag
; CHECK-NOT: __tombolo_flag
; CHECK-LABEL: define i32 @called(
; CHECK: load volatile i32, ptr @__tombolo_flag
; CHECK-NOT: __tombolo_flag
; CHECK-LABEL: define i32 @through(
; CHECK-NOT: __tombolo_flag
; CHECK: invoke i32 %q(
define i64 @a(i64 %n) {
  %r = call i64 @b(i64 %n)
  %s = add i64 %r, 1
  ret i64 %s
}
define i64 @b(i64 %n) {
  %r = call i64 @c(i64 %n)
  %s = add i64 %r, 1
  ret i64 %s
}
define i64 @c(i64 %n) {
  %end = icmp eq i64 %n, 0
  br i1 %end, label %stop, label %more
more:
  %r = call i64 @a(i64 %n)
  %t = call i64 @b(i64 %r)
  %s = add i64 %t, 1
  ret i64 %s
stop:
  ret i64 0
}

define i32 @called(i32 %n) {
  %end = icmp eq i32 %n, 0
  br i1 %end, label %stop, label %more
more:
  %p = load ptr, ptr @pointer
  %r = call i32 %p(i32 %n)
  %s = add i32 %r, 1
  ret i32 %s
stop:
  ret i32 0
}
define i32 @through(i32 %n, ptr %q) {
  %r = call i32 %q(i32 %n)
  %s = add i32 %r, 1
  ret i32 %s
}
