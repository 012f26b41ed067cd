; SPDX-License-Identifier: GPL-2.0
; groups.ll - the sites of a function save in one place: each landing pad brings
; its number, and what is live at this site only. What is live at all is not merged.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s

; CHECK-LABEL: define i64 @f(
; CHECK-COUNT-3: br label %saves
; CHECK: saves:
; CHECK-NEXT: %site = phi i32 [ 0, %save ], [ 1, %[[TWO:.*]] ], [ 2, %[[THREE:.*]] ]
; CHECK-NEXT: phi ptr
; CHECK-NEXT: [[S:%.*]] = phi i64 [ poison, %save ], [ poison, %[[TWO]] ], [ %s, %[[THREE]] ]
; CHECK-NOT: phi
; CHECK: store i64 %kept
; CHECK: store i64 [[S]]
; CHECK: call void @__tombolo_continue(ptr @f.resume, i64
; CHECK-NOT: @__tombolo_continue
; CHECK-LABEL: define i64 @f.resume(
define i64 @f(i64 %n, i64 %kept) {
  %end = icmp eq i64 %n, 0
  br i1 %end, label %stop, label %more
more:
  %m = sub i64 %n, 1
  %r = call i64 @f(i64 %m, i64 %kept)
  %s = mul i64 %r, 3
  %q = call i64 @f(i64 %s, i64 %r)
  %t = add i64 %q, %kept
  %u = add i64 %t, %s
  ret i64 %u
stop:
  ret i64 %kept
}
