; SPDX-License-Identifier: GPL-2.0
; homes.ll - where very much is live at very many points, what is seldom used stays
; on the data stack: %kept, which the loops do not use. The two that a phi joins
; have one place. With more calls than points all of them are values.
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

; CHECK-LABEL: define i64 @calls(
; CHECK-NEXT: %kept = load volatile i64
; CHECK-NEXT: br label %first
define i64 @calls(ptr %p, ptr %list) {
  %kept = load volatile i64, ptr %p
  br label %first
first:
  %q = phi ptr [ %list, %0 ], [ %next, %first ]
  %next = load ptr, ptr %q
  %done = icmp eq ptr %next, null
  br i1 %done, label %second, label %first
second:
  %r = phi ptr [ %list, %first ], [ %after, %second ]
  %after = load ptr, ptr %r
  %end = icmp eq ptr %after, null
  br i1 %end, label %out, label %second
out:
  %a = call i64 @two(ptr %p, ptr %list, i1 true)
  %b = call i64 @two(ptr %p, ptr %list, i1 %end)
  %c = call i64 @two(ptr %p, ptr %q, i1 %end)
  %s = add i64 %a, %b
  %t = add i64 %s, %c
  %u = add i64 %t, %kept
  ret i64 %u
}
