; SPDX-License-Identifier: GPL-2.0
; homes.ll - where very much is live at very many points, what is seldom used stays
; on the data stack: %kept, which the loops do not use. The two that a phi joins
; have one place.
; RUN: %opt -tombolo-many-points=2 -tombolo-many-live=1 -passes=tombolo-link %s \
; RUN:   | FileCheck %s

; CHECK-LABEL: define i64 @two(
; CHECK: [[HOME:%.*]] = getelementptr inbounds i8, ptr %frame, i64 0
; CHECK-NEXT: store i64 %kept, ptr [[HOME]]
; CHECK: another:
; CHECK: [[SAME:%.*]] = getelementptr inbounds i8, ptr {{.*}}, i64 0
; CHECK-NEXT: store i64 %other, ptr [[SAME]]
; CHECK: second:
; CHECK-NOT: i64 %kept
; CHECK: out:
; CHECK: [[BACK:%.*]] = load i64, ptr
; CHECK: ret i64 [[BACK]]
define i64 @two(ptr %p, ptr %list, i1 %which) {
  %kept = load volatile i64, ptr %p
  br label %first
first:
  %q = phi ptr [ %list, %0 ], [ %next, %first ]
  %next = load ptr, ptr %q
  %done = icmp eq ptr %next, null
  br i1 %done, label %between, label %first
between:
  br i1 %which, label %another, label %second
another:
  %other = load volatile i64, ptr %p
  br label %second
second:
  %same = phi i64 [ %kept, %between ], [ %other, %another ]
  br label %loop
loop:
  %r = phi ptr [ %list, %second ], [ %after, %loop ]
  %after = load ptr, ptr %r
  %end = icmp eq ptr %after, null
  br i1 %end, label %out, label %loop
out:
  ret i64 %same
}
