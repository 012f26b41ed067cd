# SPDX-License-Identifier: GPL-2.0
"""One source file to one object file of common IR."""
import os
import pathlib
import subprocess
import tempfile

from tombolo.isa import (COMMON_LAYOUT, COMMON_TRIPLE, FRONT, build_dir, tool)

# What a source must not take for the ISA it is compiled for. There is none.
HIDDEN = ['__riscv', '__riscv_a', '__riscv_arch_test', '__riscv_atomic',
          '__riscv_c', '__riscv_cmodel_medlow', '__riscv_compressed',
          '__riscv_d', '__riscv_div', '__riscv_f', '__riscv_fdiv',
          '__riscv_flen', '__riscv_float_abi_double', '__riscv_fsqrt',
          '__riscv_i', '__riscv_m', '__riscv_misaligned_avoid',
          '__riscv_mul', '__riscv_muldiv', '__riscv_xlen', '__riscv_zicsr',
          '__riscv_zifencei', '__riscv_zmmul']


def plugin():
    return str(build_dir() / 'tombolo.so')


def front_flags(libc):
    """The first half of clang's command line, for any of its modes."""
    flags = [tool('clang')] + FRONT + ['-D__tombolo__=1']
    flags += ['-U' + name for name in HIDDEN]
    if not libc:
        resource = subprocess.run(
            [tool('clang'), '-print-resource-dir'], check=True,
            capture_output=True, text=True).stdout.strip()
        flags += ['-nostdinc', '-idirafter',
                  str(build_dir() / 'musl/include'), '-idirafter',
                  resource + '/include']
    return flags


def pipeline(level):
    middle = {'0': 'default<O0>', '1': 'default<O1>', '2': 'default<O2>',
              '3': 'default<O3>', 's': 'default<Os>', 'z': 'default<Oz>'}
    return 'tombolo-neutral,' + middle[level] + ',tombolo-lower'


def optimise(source, output, level, leaf):
    command = [tool('opt'), '-mtriple=' + COMMON_TRIPLE, '-mcpu=x86-64',
               '-data-layout=' + COMMON_LAYOUT,
               '-load-pass-plugin=' + plugin(),
               '-passes=' + pipeline(level), source, '-o', output]
    if leaf:
        command.insert(1, '-tombolo-leaf')
        command.insert(1, '-load=' + plugin())
    return subprocess.run(command, check=False).returncode


def compile_file(flags, source, output, level, debug, leaf, libc):
    """Returns the exit status of what failed, or 0."""
    handle, middle = tempfile.mkstemp(suffix='.bc')
    os.close(handle)
    command = front_flags(libc) + flags + ['-O' + level]
    if level == '0':
        command += ['-Xclang', '-disable-O0-optnone']
    # Lines are needed to say where something can't be carried.
    if not debug and not libc:
        command += ['-gline-tables-only']
    command += ['-Xclang', '-disable-llvm-passes', '-emit-llvm', '-c', '-o',
                middle, source]
    try:
        status = subprocess.run(command, check=False).returncode
        return status or optimise(middle, output, level, leaf)
    finally:
        pathlib.Path(middle).unlink(missing_ok=True)
