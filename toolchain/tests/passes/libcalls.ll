; SPDX-License-Identifier: GPL-2.0
; libcalls.ll - of the C library's functions that a code generator may call, those
; stay that something in the program can become a call of, or that it calls itself.
; RUN: %opt -passes=tombolo-link %s | FileCheck %s

; CHECK-NOT: @powf(
; CHECK-NOT: @sin(
; CHECK: define double @fmod(
; CHECK: define double @cos(
; CHECK: define internal double @log(
; CHECK-NOT: @exp2f(
; CHECK-NOT: @sqrt(
; CHECK-NOT: @sqrtl(
; CHECK-NOT: @cbrt(
; CHECK-NOT: @log2(
; CHECK: define double @uses(
define float @powf(float %a, float %b) {
  %r = call float @llvm.exp2.f32(float %a)
  ret float %r
}
define double @sin(double %a) {
  ret double %a
}
define double @fmod(double %a, double %b) {
  ret double %a
}
define double @cos(double %a) {
  ret double %a
}
define double @log(double %a) {
  ret double %a
}
; Only powf could have become a call of it.
define float @exp2f(float %a) {
  ret float %a
}
; Of its own type, and not by itself
define double @sqrt(double %a) {
  %r = call double @llvm.sqrt.f64(double %a)
  ret double %r
}
define fp128 @sqrtl(fp128 %a) {
  ret fp128 %a
}
define double @cbrt(double %a) {
  %r = call double @cbrt(double %a)
  ret double %r
}
; By another name only
@binary = internal alias double (double), ptr @log2
define double @log2(double %a) {
  ret double %a
}
define double @uses(double %a, double %b) {
  %r = frem double %a, %b
  %s = call double @llvm.cos.f64(double %r)
  %t = call double @log(double %s)
  ret double %t
}
declare double @llvm.cos.f64(double)
declare double @llvm.sqrt.f64(double)
declare float @llvm.exp2.f32(float)
