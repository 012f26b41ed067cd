; SPDX-License-Identifier: GPL-2.0
; refused.ll - what only one ISA could run: every place is named, and none compiles.
; RUN: %not %opt -passes=tombolo-neutral %s 2>&1 | FileCheck %s

; CHECK: refused.ll: error: assembly outside of functions
; CHECK: error: ifunc i:
; CHECK: refused.ll: assembly: error: inline assembly "rdtsc" is one ISA's
; CHECK: refused.ll: jumps: error: asm goto
module asm ".globl x"

@i = ifunc i32 (), ptr @resolve
define ptr @resolve() {
  ret ptr null
}

define i64 @assembly() {
  %r = call i64 asm "rdtsc", "=A"()
  ret i64 %r
}

define void @jumps() {
  callbr void asm "jmp ${0:l}", "!i"() to label %a [label %b]
a:
  ret void
b:
  ret void
}
