/* SPDX-License-Identifier: GPL-2.0 */
/* reloc.h - there is no dynamic linking: one executable holds everything. */
#define LDSO_ARCH      "tombolo"
#define TPOFF_K	       0
#define REL_SYMBOLIC   0
#define REL_PLT	       0
#define REL_RELATIVE   0
#define REL_COPY       0
#define REL_DTPMOD     0
#define REL_DTPOFF     0
#define REL_TPOFF      0
#define REL_TLSDESC    0
#define CRTJMP(pc, sp) __builtin_trap()
