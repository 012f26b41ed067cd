; SPDX-License-Identifier: GPL-2.0
; threads.ll - thread-locals get one layout, behind the thread's common pointer.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s

@a = thread_local global i8 1
@b = thread_local global i64 2, align 16
@__tombolo_tls_info = global { ptr, i64, i64, i64 } zeroinitializer

; CHECK: @__tombolo_tls_info = internal global {{.*}} { ptr @tombolo.tls, i64 24, i64 24, i64 16 }
; CHECK: @tombolo.tls = internal constant <{ i8, [15 x i8], i64 }> <{ i8 1, [15 x i8] zeroinitializer, i64 2 }>{{.*}} align 16

; CHECK-LABEL: define ptr @f(
; CHECK: call ptr @llvm.threadlocal.address.p0(ptr @__tombolo_tp)
; CHECK: getelementptr inbounds i8, ptr %{{.*}}, i64 16
define ptr @f() {
  %p = call ptr @llvm.threadlocal.address.p0(ptr @b)
  ret ptr %p
}
declare ptr @llvm.threadlocal.address.p0(ptr)
