; SPDX-License-Identifier: GPL-2.0
; resume.ll - a function that is not small restores its frame itself: what the
; record names calls it, it sees that at its entry, and joins behind the call.
; One with very many sites has a clone.
; RUN: %opt -tombolo-small=0 -passes=tombolo-link %s | FileCheck %s
; RUN: %opt -tombolo-small=0 -tombolo-many-sites=2 -passes=tombolo-link %s \
; RUN:   | FileCheck -check-prefix=CLONE %s
; CLONE-NOT: @__tombolo_resuming
; CLONE-LABEL: define i64 @f.resume(ptr %0)
; CLONE: call ptr @__tombolo_next(ptr %0)

; CHECK-LABEL: define i64 @f(i64 %n, i64 %kept)
; CHECK: enter:
; CHECK-NEXT: [[AT:%.*]] = call ptr @llvm.threadlocal.address.p0(ptr @__tombolo_resuming)
; CHECK-NEXT: [[SET:%.*]] = load ptr, ptr [[AT]]
; CHECK-NEXT: [[CALLED:%.*]] = icmp eq ptr [[SET]], null
; CHECK-NEXT: br i1 [[CALLED]], label %{{.*}}, label %resume, !prof
; CHECK: invoke i64 @f(
; CHECK-NEXT: to label %[[CONT:.*]] unwind label %save
; CHECK: resumed{{.*}}:
; CHECK-NEXT: phi i64 [ %r, %[[CONT]] ], [ [[RESULT:%.*]], %[[RETURNED:.*]] ]
; CHECK-NEXT: phi i64 [ {{.*}}, %[[CONT]] ], [ [[OLD:%.*]], %[[RETURNED]] ]
; CHECK: resume:
; CHECK: [[RECORD:%.*]] = load ptr, ptr
; CHECK: store ptr null, ptr
; CHECK: [[OLD]] = load i64, ptr
; CHECK: call ptr @__tombolo_next(ptr [[RECORD]])
; CHECK: [[RESULT]] = invoke i64 %
define i64 @f(i64 %n, i64 %kept) {
  %end = icmp eq i64 %n, 0
  br i1 %end, label %stop, label %more
more:
  %m = sub i64 %n, 1
  %r = call i64 @f(i64 %m, i64 %n)
  %s = add i64 %r, %kept
  ret i64 %s
stop:
  ret i64 %kept
}

; CHECK-LABEL: define i64 @f.resume(ptr %0)
; CHECK: store ptr %0, ptr
; CHECK-NEXT: tail call i64 @f(i64 poison, i64 poison)
; CHECK-NEXT: ret
