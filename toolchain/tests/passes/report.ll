; SPDX-License-Identifier: GPL-2.0
; report.ll - what --explain is made from: who may migrate and why, the bytes of its
; variables; what each of its calls saves.
; RUN: %opt -tombolo-report=%t -passes=tombolo-link %s -o %t.out
; RUN: FileCheck %s <%t

; CHECK: F	down	{{.*}}report.ll: down	may	16	calls __tombolo_point at
; CHECK-NEXT: S	{{.*}}report.ll: down: __tombolo_point:
; CHECK-NEXT: S	{{.*}}report.ll: down: down: 16 bytes: {{.*}}i64 kept
; CHECK: F	leaf	{{.*}}	never	0	is declared never to migrate
; CHECK: F	plain	{{.*}}	never	0	has no loop or recursion
; CHECK: T	1 points, 2 sites, {{[0-9]+}} saved values
define i64 @down(i64 %n, i64 %kept) {
  %v = alloca i64
  call void @leaf(ptr %v)
  %r = call i64 @down(i64 %n, i64 %kept)
  %s = add i64 %r, %kept
  ret i64 %s
}

define void @leaf(ptr %p) "tombolo-leaf" {
  %r = call i64 @down(i64 1, i64 2)
  ret void
}

define void @plain() {
  ret void
}
