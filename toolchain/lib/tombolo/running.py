# SPDX-License-Identifier: GPL-2.0
"""Prepares a program for migration on one machine: unpacks the images, finds
an emulator for those of other ISAs, says in the environment what is wanted."""
import os
import pathlib
import platform
import shutil
import time

from tombolo import image
from tombolo.elf import Elf
from tombolo.isa import ISAS, cache_dir, digest

FUNCTION = 2
WEEK = 7 * 24 * 3600


class Impossible(Exception):
    pass


def images_in(parts):
    return [name for name in parts if name in ISAS]


def emulator(name):
    """Path of what runs this ISA's image here, or None for the machine."""
    if name == platform.machine():
        return None
    isa = ISAS[name]
    path = shutil.which(isa.qemu) or shutil.which(f'qemu-{name}')
    if not path:
        raise Impossible(f'{isa.qemu} is not installed')
    return path


def prune(folder):
    for path in folder.iterdir():
        try:
            if time.time() - path.lstat().st_mtime > WEEK:
                path.unlink()
        except OSError:
            pass


def unpack(parts):
    """Returns the prefix of the images' paths."""
    folder = cache_dir() / 'toolchain-images'
    folder.mkdir(parents=True, exist_ok=True)
    prefix = folder / digest(b''.join(parts[n] for n in images_in(parts)))
    for name in images_in(parts):
        path = pathlib.Path(f'{prefix}.{name}')
        if not path.exists():
            prune(folder)
            new = path.with_suffix(f'.{os.getpid()}')
            new.write_bytes(parts[name])
            new.chmod(0o755)
            new.rename(path)
        link = pathlib.Path(f'{path}.emulator')
        want = emulator(name)
        if want and (not link.is_symlink() or os.readlink(link) != want):
            new = link.with_suffix(f'.{os.getpid()}')
            new.symlink_to(want)
            new.rename(link)
        os.utime(path)
    return str(prefix)


def address_range(parts, function):
    """Where a function lies, on every ISA."""
    elf = Elf(parts[images_in(parts)[0]])
    for name, address, size, kind, _ in elf.symbols():
        if name == function and kind == FUNCTION:
            return f'at:{address:#x}-{address + size:#x}'
    raise Impossible(f'there is no function {function} in the program (it '
                     'may have been inlined)')


def points(parts, function):
    """Whether the function calls __tombolo_point, by the report."""
    inside = False
    for line in parts['report'].decode().splitlines():
        if line.startswith('F\t'):
            inside = line.split('\t')[1] == function
        elif inside and '__tombolo_point' in line:
            return True
    return False


def policy(parts, text):
    kind, _, value = text.partition(':')
    if kind == 'at' and value:
        where = address_range(parts, value)
        if not points(parts, value):
            raise Impossible(f'{value} has no migration point: it has no '
                             'loop and is not recursive')
        return where
    if kind in ('every', 'random') and value.isdigit():
        return text
    if text == 'signal':
        return text
    raise Impossible(f'--migrate {text}: not every:N, at:FUNCTION, signal or '
                     'random:SEED')


def command(parts, prefix, isa, program, args):
    """(path, argv) that starts the image of an ISA."""
    path = f'{prefix}.{isa}'
    qemu = emulator(isa)
    if qemu:
        return qemu, [qemu, '-0', program, path] + args
    return path, [program] + args
