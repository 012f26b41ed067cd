; SPDX-License-Identifier: GPL-2.0
; setjmp.ll - a frame notes its buffer and what is live behind setjmp() on the data
; stack, in front of the call; its clone fills the buffer again, if it is still this
; one, and goes on behind the setjmp when a longjmp() comes.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s
@buffer = global [200 x i8] zeroinitializer
declare i32 @setjmp(ptr) returns_twice

; CHECK-LABEL: define i64 @f(
; CHECK: [[NULL:%.*]] = getelementptr inbounds i8, ptr %frame, i64 [[ARMED:[0-9]+]]
; CHECK-NEXT: store volatile ptr null, ptr [[NULL]]
; CHECK: [[BUFFER:%.*]] = getelementptr inbounds i8, ptr %frame, i64 [[ARMED]]
; CHECK-NEXT: store volatile ptr @buffer, ptr [[BUFFER]]
; CHECK-DAG: store volatile i64 %n, ptr
; CHECK-DAG: store volatile i64 %more, ptr
; CHECK-NOT: store volatile i64 %dead
; CHECK: [[OWNER:%.*]] = getelementptr inbounds i8, ptr %frame, i64 [[ARMED]]
; CHECK-NEXT: call signext i32 @__tombolo_setjmp(ptr @buffer, ptr [[OWNER]])
; CHECK-NEXT: br label %jump.cont
define i64 @f(i64 %n, i64 %dead) {
  %more = add i64 %n, 1
  %again = call i32 @setjmp(ptr @buffer) returns_twice
  %first = icmp eq i32 %again, 0
  br i1 %first, label %go, label %out
go:
  %r = call i64 @f(i64 %more, i64 %n)
  %s = add i64 %r, 1
  ret i64 %s
out:
  ret i64 %more
}

; CHECK-LABEL: define i64 @f.resume(
; CHECK: [[AGAIN:%.*]] = call ptr @__tombolo_rearm(ptr
; CHECK: call {{.*}}i32 @__tombolo_setjmp(ptr [[AGAIN]], ptr
; CHECK: load {{.*}}i64, ptr
