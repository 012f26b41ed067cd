; SPDX-License-Identifier: GPL-2.0
; liveness.ll - saved is what is used behind the call on some way, also by a phi; not
; what only its arguments need, nor its own result.
; RUN: %opt -tombolo-report=%t -passes=tombolo-link %s | FileCheck %s
; RUN: FileCheck -check-prefix=REPORT %s <%t

; CHECK-LABEL: define i64 @f(
; CHECK: saves:
; CHECK-NOT: %used
; CHECK: store i64 %{{.*}}, ptr
; CHECK: @__tombolo_continue(
; REPORT: F{{.}}f{{.*}}may
; REPORT: S{{.*}}f{{.*}}kept
; REPORT-NOT: gone
define i64 @f(i64 %n, i64 %kept, i64 %gone) {
  %end = icmp eq i64 %n, 0
  br i1 %end, label %stop, label %more
more:
  %used = add i64 %gone, %n
  %r = call i64 @f(i64 %used, i64 %n, i64 %n)
  %even = trunc i64 %r to i1
  br i1 %even, label %left, label %right
left:
  br label %join
right:
  br label %join
join:
  %s = phi i64 [ %kept, %left ], [ %r, %right ]
  ret i64 %s
stop:
  ret i64 %gone
}
