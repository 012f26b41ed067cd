# SPDX-License-Identifier: GPL-2.0
"""The ISAs that a program is built for, and where the toolchain's parts lie."""
import hashlib
import os
import pathlib
import shutil

TOP = pathlib.Path(__file__).resolve().parents[2]
LLVM = os.environ.get('TOMBOLO_LLVM', '19')

# What each code generator is told. No fused multiply-add, no relaxation: the
# results and the addresses must be the same everywhere.
LLC = ['-O2', '-filetype=obj', '-function-sections', '-data-sections',
       '-relocation-model=static', '-fp-contract=off',
       '-enable-global-merge=false']


class Isa:
    def __init__(self, name, emulation, machine, clang, llc):
        self.name = name
        self.emulation = emulation    # of the linker
        self.machine = machine        # e_machine
        self.triple = name + '-linux-musl'
        self.clang = ['--target=' + self.triple] + clang
        self.llc = ['-mtriple=' + self.triple] + llc
        self.qemu = f'qemu-{name}-static'


ISAS = {i.name: i for i in (
    Isa('x86_64', 'elf_x86_64', 62, ['-mno-red-zone'], ['-mcpu=x86-64']),
    Isa('aarch64', 'aarch64linux', 183, ['-mno-outline-atomics'], []),
    Isa('riscv64', 'elf64lriscv', 243,
        ['-march=rv64gc', '-mabi=lp64d', '-mno-relax', '-mcmodel=medany'],
        ['-mattr=+m,+a,+f,+d,+c,-relax', '-target-abi=lp64d',
         '-code-model=medium']),
)}

# The optimiser works on the common IR for this one: 128 bit vectors, which the
# other two take or take apart.
COMMON_TRIPLE = 'x86_64-unknown-linux-musl'
COMMON_LAYOUT = ('e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-'
                 'f80:128-n8:16:32:64-S128')
# The front end's ABI: its types are the generic ones of 64-bit Linux.
FRONT = ['--target=riscv64-linux-musl', '-march=rv64gc', '-mabi=lp64d',
         '-fsigned-char', '-fno-pic', '-fno-stack-protector',
         '-msmall-data-limit=0', '-ffp-contract=off', '-fno-common',
         '-fno-asynchronous-unwind-tables', '-gno-column-info']


def tool(name):
    """An LLVM tool of the chosen version, or a reason why not."""
    for path in (shutil.which(f'{name}-{LLVM}'),
                 shutil.which(name, path=f'/usr/lib/llvm-{LLVM}/bin')):
        if path:
            return path
    raise SystemExit(f'tombolo: {name}-{LLVM} is not installed '
                     '(boot/scripts/deps toolchain installs it)')


def build_dir():
    """Where make put the plugin, the runtime and the C library."""
    place = os.environ.get('TOMBOLO_SYSROOT')
    if place:
        return pathlib.Path(place)
    top = TOP.parent
    out = pathlib.Path(os.environ.get('O') or top / 'build')
    return (out if out.is_absolute() else top / out) / 'toolchain'


def cache_dir():
    base = os.environ.get('TOMBOLO_CACHE') or os.path.expanduser(
        '~/.cache/tombolo')
    return pathlib.Path(base)


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]
