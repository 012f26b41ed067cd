/* SPDX-License-Identifier: GPL-2.0 */
/* Page tables of this architecture. */
#ifdef CONFIG_ARM64
#include "arch-arm64.h"
#else
#error "dsm has no page table operations for this architecture: add arch-<name>.h"
#endif
