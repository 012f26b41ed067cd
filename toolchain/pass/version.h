// SPDX-License-Identifier: GPL-2.0
// version.h - where the releases of LLVM differ, from 16 to 19.
#ifndef TOMBOLO_PASS_VERSION_H
#define TOMBOLO_PASS_VERSION_H

#include "llvm/Config/llvm-config.h"

// Masks of attributes have a header of their own
#if LLVM_VERSION_MAJOR >= 17
#include "llvm/IR/AttributeMask.h"
#endif

// Attributes of parameters that older releases do not know
#if LLVM_VERSION_MAJOR >= 18
#define TOMBOLO_NEW_ON_PARAMETER Attribute::DeadOnUnwind, Attribute::Writable,
#else
#define TOMBOLO_NEW_ON_PARAMETER
#endif

#endif
