/* SPDX-License-Identifier: GPL-2.0 */
/* bits/setjmp.h - room for any ISA's registers, and runtime/jump.h's words. */
typedef unsigned long __jmp_buf[32];
