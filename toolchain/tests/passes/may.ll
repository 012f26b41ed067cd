; SPDX-License-Identifier: GPL-2.0
; may.ll - who calls what may migrate may migrate as well, and is no longer what the
; optimiser took it for; but for what is declared never to, and its callers.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s

; CHECK: define void @loops(ptr %p) [[MAY:#[0-9]+]] section ".text.m.loops"
; CHECK: invoke void @loops(ptr %p)
; CHECK: call void @outside(ptr nocapture %p) [[NOUNWIND:#[0-9]+]]
define void @loops(ptr nocapture readonly %p) nounwind willreturn memory(none) norecurse {
  call void @loops(ptr nocapture readonly %p) nounwind
  call void @outside(ptr nocapture %p) nounwind
  ret void
}

; Nothing is live behind its call: the frame is left out.
; CHECK: define void @caller(ptr %p) [[MAY]] section ".text.m.caller" {
; CHECK-NEXT: call void @loops(ptr %p){{$}}
define void @caller(ptr nocapture %p) nounwind {
  call void @loops(ptr nocapture %p) nounwind
  ret void
}

; CHECK: define void @leaf(ptr nocapture %p) #{{[0-9]+}} section ".text.n.leaf"
; CHECK-NEXT: call void @loops(ptr %p) [[NOUNWIND]]
define void @leaf(ptr nocapture %p) nounwind "tombolo-leaf" {
  call void @loops(ptr %p) nounwind
  ret void
}

; CHECK: define void @simple(ptr nocapture %p) [[NOUNWIND]] section ".text.n.simple"
define void @simple(ptr nocapture %p) nounwind {
  call void @leaf(ptr %p)
  ret void
}

declare void @outside(ptr)
; CHECK: attributes [[MAY]] = { uwtable(sync) }
; CHECK: attributes [[NOUNWIND]] = { nounwind }
