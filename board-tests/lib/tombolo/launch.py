# SPDX-License-Identifier: GPL-2.0
"""Makes the Machine of a board, with the run's own copy of what it changes."""

import os
import re
import shutil
import subprocess

from .errors import NOT_BUILT, USAGE, Failure
from .hub import MODES, Hub
from .qemu import Qemu

EXTLINUX = "::/extlinux/extlinux.conf"
FIRMWARE = "usr/lib/firmware/tombolo"


# What else than the CPU of their description boards of one QEMU can have. The
# architecture's own algorithm that signs pointers is slow to emulate.
CPUS = {"cortex-a72": "cortex-a72", "a64fx": "a64fx",
        "neoverse-v1": "neoverse-v1", "max": "max,pauth-impdef=on"}


def machine(board, workspace, logdir, overlay=None, append="", extra=(),
            cpu=""):
    """The Machine of this board; another kind of board adds its class here."""
    extra = [*cpu_args(board, cpu), *extra]
    disks = {}
    if append.strip():
        disks[0] = disk_with_append(board, workspace, append)
    if len(board.machines) == 1:
        return Qemu(board, workspace, logdir, disks, overlay, extra)
    return Hub(board, workspace, logdir, disks, overlay, extra, *caches())


def cpu_args(board, name):
    """QEMU's arguments for another CPU: a suite's, or the variable CPU."""
    name = name or os.environ.get("CPU")
    if not name:
        return []
    if name not in CPUS:
        raise Failure(USAGE, f"CPU={name}: it is one of {', '.join(CPUS)}")
    if len(board.machines) > 1:
        raise Failure(USAGE, f"CPU={name}: {board.name} is more than one "
                      "QEMU; only boards a64-* can have another CPU")
    return ["-cpu", CPUS[name]]


def caches():
    """How the caches of a board without coherence are to behave, and the
    seed of chance: the variables MODE and SEED."""
    mode = os.environ.get("MODE") or MODES[0]
    if mode not in MODES:
        raise Failure(USAGE, f"MODE={mode}: it is one of {', '.join(MODES)}")
    seed = os.environ.get("SEED") or "1"
    if not seed.isdigit():
        raise Failure(USAGE, f"SEED={seed}: it is a number")
    return mode, int(seed)


def slowness():
    """How many times longer everything may take: who watches is slow."""
    return 6 if caches()[0] == "sanitize" else 1


def disk_with_append(board, workspace, append):
    """A copy of kernel 0's disk whose boot entry has a longer command line.

    The copy keeps its holes, so it costs what the image really holds.
    """
    if "\n" in append:
        raise Failure(USAGE, "--append: a kernel command line has no newline")
    source, copy = board.disk(0), workspace.path("disk.img")
    if not os.path.exists(source):
        raise Failure(NOT_BUILT, f"{source} is missing: run "
                      f"`make disk BOARD={board.name}`")
    run(["cp", "--sparse=always", "--reflink=auto", source, copy])
    image = f"{copy}@@{partition(copy, 1)}"
    entry = run(["mtype", "-i", image, EXTLINUX])
    longer, count = re.subn(r"(?m)^(\s*append\b.*)$",
                            lambda m: f"{m.group(1)} {append}", entry)
    if not count:
        raise Failure(NOT_BUILT, f"{source}: its extlinux.conf has no append "
                      "line")
    conf = workspace.path("extlinux.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(longer)
    run(["mcopy", "-o", "-i", image, conf, EXTLINUX])
    return copy


def member_trees(board, workspace, append):
    """Device trees of the other kernels with longer command lines, as files
    of an overlay: {name: (bytes, mode)}."""
    files = {}
    root = f"{board.disk(0)}?offset={partition(board.disk(0), 2)}"
    for kernel in range(1, board.kernels):
        name = f"{FIRMWARE}/k{kernel}.dtb"
        tree = workspace.path(f"k{kernel}.dtb")
        run(["debugfs", "-R", f"dump /{name} {tree}", root])
        words = run(["fdtget", tree, "/chosen", "bootargs"]).strip()
        run(["fdtput", "-t", "s", tree, "/chosen", "bootargs",
             f"{words} {append}"])
        with open(tree, "rb") as file:
            files[name] = (file.read(), 0o644)
    return files


def partition(disk, number):
    """Where a partition starts, in bytes: from the GPT itself."""
    with open(disk, "rb") as file:
        file.seek(512)
        header = file.read(92)
        if header[:8] != b"EFI PART":
            raise Failure(NOT_BUILT, f"{disk} has no partition table")
        table = int.from_bytes(header[72:80], "little") * 512
        file.seek(table + (number - 1) * 128)
        return int.from_bytes(file.read(128)[32:40], "little") * 512


def run(argv):
    """Run a host tool and return its output."""
    if shutil.which(argv[0]) is None:
        raise Failure(NOT_BUILT, f"{argv[0]} is not installed: run "
                      "`make deps`")
    done = subprocess.run(argv, capture_output=True, text=True, check=False,
                          env=dict(os.environ, MTOOLS_SKIP_CHECK="1"))
    if done.returncode:
        raise Failure(USAGE, f"{argv[0]} failed: "
                      f"{done.stderr.strip() or done.returncode}")
    return done.stdout
