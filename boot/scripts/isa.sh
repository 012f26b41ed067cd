# SPDX-License-Identifier: GPL-2.0
# isa.sh - sourced after common.sh: what the instruction set in ISA is called by
# the kernel, the compiler and Debian. What is built for another one than arm64
# has its name behind a dash: build/linux and build/linux-riscv64.
# shellcheck shell=bash disable=SC2034 # it is used where this is sourced

isa=${ISA:-arm64}
case $isa in
arm64) isa_kernel=arm64 cross=aarch64-linux-gnu- isa_suffix= ;;
riscv64) isa_kernel=riscv cross=riscv64-linux-gnu- isa_suffix=-riscv64 ;;
*) die "ISA=$isa is not known; known are: arm64 riscv64" ;;
esac
