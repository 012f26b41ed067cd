; SPDX-License-Identifier: GPL-2.0
; native.ll - a source of one ISA: the functions that others may call are listed, with
; their types, and what would be another one on each ISA is refused; the common code's
; calls are compared with such a list.
; RUN: %not %opt -passes=tombolo-native %s -o %t.out >%t.list 2>%t.err
; RUN: FileCheck -check-prefix=LIST %s <%t.list
; RUN: FileCheck -check-prefix=ERR %s <%t.err
; LIST: good	i32 (i64, ptr, double)	{{.*}}native.ll: good
; LIST-NOT: own
; RUN: printf 'good\ti32 (i64, ptr, double)\tgood.c:7\n' >%t.types
; RUN: printf 'long\tvoid (i32)\tlong.c:8\n' >>%t.types
; RUN: %not %opt -tombolo-native=%t.types -passes=tombolo-link %s -o %t.out 2>&1 \
; RUN:   | FileCheck -check-prefix=CALL %s
; CALL-NOT: good is
; CALL: long.c:8: error: long is void (i32), but is called as void (fp128)

; ERR: native.ll: error: the variable counter would be another one on each ISA
; ERR-NOT: table
; ERR: native.ll: long: error: long: only integers of up to 64 bits
; ERR: native.ll: by_value: error: by_value: only integers
; ERR: native.ll: packed: error: packed: only integers
; ERR-NOT: error
@counter = internal global i32 0
@table = internal constant [2 x i32] [i32 1, i32 2]

define i32 @good(i64 %a, ptr %b, double %c) {
  ret i32 0
}
define internal i128 @own(i128 %a) {
  ret i128 %a
}
define void @long(fp128 %a) {
  ret void
}
define void @by_value(ptr byval([3 x i64]) %a) {
  ret void
}
define void @packed(i32 %n, ...) {
  ret void
}
