; SPDX-License-Identifier: GPL-2.0
; sites.ll - a recursive function: a poll, an invoke whose pad saves what is live,
; a clone that loads it. Its variable is on the data stack.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s

; CHECK-LABEL: define i64 @f(i64 %n, i64 %kept)
; CHECK-SAME: section ".text.m.f" personality ptr @__tombolo_personality
; CHECK: load ptr, ptr %{{.*}}
; CHECK: %frame = getelementptr inbounds i8, ptr %{{.*}}, i64 -16
; CHECK: load volatile i32, ptr @__tombolo_flag
; CHECK: invoke void @__tombolo_point()
; CHECK: invoke i64 @f(
; CHECK: landingpad { ptr, i32 }
; CHECK: store {{.*}} %kept
; CHECK: call void @__tombolo_continue(ptr @f.resume, i64
define i64 @f(i64 %n, i64 %kept) {
  %v = alloca i64
  %end = icmp eq i64 %n, 0
  br i1 %end, label %stop, label %more
more:
  call void @use(ptr %v)
  %m = sub i64 %n, 1
  %r = call i64 @f(i64 %m, i64 %n)
  %s = add i64 %r, %kept
  ret i64 %s
stop:
  ret i64 %kept
}

declare void @use(ptr)

; CHECK-LABEL: define i64 @f.resume(ptr %0)
; CHECK: load i64, ptr
; CHECK: call ptr @__tombolo_next(ptr %0)
; CHECK: invoke i64 %
