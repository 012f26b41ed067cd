; SPDX-License-Identifier: GPL-2.0
; gotos.ll - labels become numbers, a computed goto a switch.
; RUN: %opt -passes=tombolo-lower %s | FileCheck %s

; CHECK: @table = constant [2 x ptr] [ptr inttoptr (i64 1 to ptr), ptr inttoptr (i64 2 to ptr)]
@table = constant [2 x ptr] [ptr blockaddress(@f, %one), ptr blockaddress(@f, %two)]

; CHECK-LABEL: define i32 @f(
; CHECK: switch i64 %{{.*}}, label %goto.never
; CHECK: i64 1, label %one
; CHECK: i64 2, label %two
define i32 @f(ptr %to) {
  indirectbr ptr %to, [label %one, label %two]
one:
  ret i32 1
two:
  ret i32 2
}
