# SPDX-License-Identifier: GPL-2.0
"""What the tests share: where things are, and generating a board."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import libfdt

DTS = Path(__file__).resolve().parent.parent
NAMES = sorted(p.stem for p in (DTS / "soc").glob("*.dts"))


def generate(description, out):
    """Run the generator as make does; returns the finished process."""
    return subprocess.run([sys.executable, "-B", str(DTS / "gen/generate.py"),
                           str(description), str(out)],
                          capture_output=True, text=True)


class Generated:
    """The generated files of one board, taken in again from their text."""

    def __init__(self, name, folder):
        self.name = name
        self.dir = folder / "boards" / name
        done = generate(DTS / "soc" / f"{name}.dts", self.dir)
        assert done.returncode == 0, done.stderr
        assert done.stderr == "", f"not silent: {done.stderr}"
        self.json = json.loads((self.dir / "board.json").read_text())
        self.trees = [libfdt.Fdt((self.dir / f"k{k['id']}.dtb").read_bytes())
                      for k in self.json["kernels"]]

    def shares(self, kernel):
        """Are other kernels on this one's machine?"""
        machine = self.json["kernels"][kernel]["machine"]
        return len(self.json["machines"][machine]["kernels"]) > 1

    def arguments(self):
        """Each machine's facts and its arguments of QEMU."""
        return [(m, self.text(m["args"]).splitlines())
                for m in self.json["machines"]]

    def text(self, name):
        return (self.dir / name).read_text()


@cache
def generated(name, folder):
    return Generated(name, folder)


def properties(fdt, path):
    """
    All properties of a node. Asking libfdt for one that is not there takes a
    reference off None each time, until Python aborts (seen with 1.6.1).
    """
    out = {}
    prop = fdt.first_property_offset(fdt.path_offset(path),
                                     libfdt.QUIET_NOTFOUND)
    while prop >= 0:
        p = fdt.get_property_by_offset(prop)
        out[p.name] = bytes(p)
        prop = fdt.next_property_offset(prop, libfdt.QUIET_NOTFOUND)
    return out


def numbers(fdt, path, prop, size=8):
    """A property as a list of big-endian numbers of 'size' bytes."""
    raw = properties(fdt, path)[prop]
    return [int.from_bytes(raw[i:i + size], "big")
            for i in range(0, len(raw), size)]


def subnodes(fdt, path="/"):
    out = []
    node = fdt.first_subnode(fdt.path_offset(path), libfdt.QUIET_NOTFOUND)
    while node >= 0:
        out.append(path.rstrip("/") + "/" + fdt.get_name(node))
        node = fdt.next_subnode(node, libfdt.QUIET_NOTFOUND)
    return out


def all_nodes(fdt, path="/"):
    for node in subnodes(fdt, path):
        yield node
        yield from all_nodes(fdt, node)


def compatible(fdt, path):
    raw = properties(fdt, path).get("compatible", b"")
    return raw.decode().split("\0")[:-1]


def with_compatible(fdt, word):
    return [p for p in all_nodes(fdt) if word in compatible(fdt, p)]


def cpu_nodes(fdt, foreign=False):
    """Those of the kernel, or those that it only knows of."""
    return [p for p in subnodes(fdt, "/cpus") if "cpu@" in p and
            (properties(fdt, p).get("status") == b"disabled\0") == foreign]
