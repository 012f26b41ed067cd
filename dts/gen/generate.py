# SPDX-License-Identifier: GPL-2.0
"""Generate everything that follows from one board description."""

import signal

# Who interrupts make need not know what we were importing.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import os
import re
import sys
from pathlib import Path

try:
    import libfdt   # noqa: F401: only to say clearly that it is missing
except ImportError:
    sys.exit(f"dts: {sys.executable} has no libfdt: install python3-libfdt and"
             " run this with /usr/bin/python3")

import check
import emit_dts
import emit_header
import emit_image
import emit_json
import emit_qemu
import model
import source
import words


def read(path, problems):
    """The board of a description, checked; None if it can't be used."""
    tree, warnings = source.load(path)
    for line in warnings.splitlines():
        problems.errors.append(f"{line} (counts as an error)")
    board = model.read_board(Path(path).stem, tree, problems)
    if board and not problems.errors:
        check.check_board(board, problems)
    return board, tree


def outputs(board, tree):
    """Name and contents of every generated file."""
    for kernel in board.kernels:
        text = emit_dts.tree_of(board, kernel, tree)
        name = f"k{kernel.id}"
        yield name + ".dts", text.encode()
        yield name + ".dtb", compile_tree(text, name)
    for machine in board.machines:
        args = emit_qemu.args_of(board, machine)
        yield emit_qemu.args_file(machine), "\n".join(args + [""]).encode()
    yield "board.h", emit_header.header_of(board).encode()
    yield "board.json", emit_json.json_of(board).encode()
    yield "kernels", emit_json.kernels_of(board).encode()
    yield "genimage.cfg", emit_image.genimage_of(board).encode()
    yield "extlinux.conf", emit_image.extlinux_of(board).encode()
    if board.several:
        yield "boot.its", emit_image.its_of(board).encode()


def compile_tree(text, name):
    blob, warnings = source.run_dtc(
        ["-I", "dts", "-O", "dtb", "-"], name, text.encode())
    if warnings:
        raise source.SourceError(f"{warnings}\n{name}.dts: dtc warns of what"
                                 " the generator wrote; this is a bug in"
                                 " dts/gen")
    return blob


def write_if_changed(path, data):
    """Keep the time of a file that stays the same; never leave half of one."""
    if path.is_file() and path.read_bytes() == data:
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    os.replace(part, path)


def write_all(out, files):
    """Write the files, then drop those of kernels that are no more."""
    out.mkdir(parents=True, exist_ok=True)
    names = set()
    for name, data in files:
        write_if_changed(out / name, data)
        names.add(name)
    for path in out.iterdir():
        if re.fullmatch(r"k\d+\.dt[sb]|qemu\d+\.args|boot\.its", path.name) \
                and path.name not in names:
            path.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("description", type=Path, help="soc/BOARD.dts")
    parser.add_argument("out", type=Path, help="directory for what is made")
    args = parser.parse_args()
    problems = words.Problems()
    try:
        board, tree = read(args.description, problems)
        for line in problems.errors:
            print(line, file=sys.stderr)
        if problems.errors:
            return f"dts: {args.description}: {len(problems.errors)} error(s)" \
                ", nothing generated"
        write_all(args.out, outputs(board, tree))
    except source.SourceError as e:
        return f"{e}\ndts: nothing generated"
    except OSError as e:
        return f"dts: {e}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
