# SPDX-License-Identifier: GPL-2.0
"""What the caches' sanitizer reported in a boot, with names for the places.

The plugin knows addresses only. Where each kernel has its text and its modules
the guest says, in lines "@place KERNEL MODULE SECTION ADDRESS" of its output;
functions and lines come from the build.
"""

import bisect
import glob
import os
import re
import subprocess

REPORT = re.compile(r"nc: kernel (\d+) (cpu \d+: .*) at 0x([0-9a-f]+)(.*)")
PLACE = re.compile(r"@place (\d+) (\S+) (\S+) 0x([0-9a-f]+)$", re.M)
MODULE_BYTES = 1 << 20


def log_path(logdir, machine):
    return os.path.join(logdir, f"sanitizer{machine}.log")


def explain(board, logdir, output):
    """Write sanitizer.txt: each report of this boot, with its place."""
    places = Places(board, output)
    lines = []
    for machine in board.machines:
        path = log_path(logdir, machine["id"])
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            lines += [places.name(line) for line in file]
    with open(os.path.join(logdir, "sanitizer.txt"), "w",
              encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


class Places:
    """Addresses of code in each kernel of a boot, by their names."""

    def __init__(self, board, output):
        self.board = board
        self.found = {}
        for kernel, module, section, address in PLACE.findall(output):
            self.found.setdefault(int(kernel), {})[int(address, 16)] = \
                (module, section)

    def name(self, line):
        """A line of the plugin with the place's name instead of its address."""
        match = REPORT.match(line.strip())
        if not match:
            return line.strip()
        kernel, what, pc, more = match.groups()
        place = self._place(int(kernel), int(pc, 16)) or f"0x{pc}"
        return f"kernel {kernel} {what} at {place}{more}"

    def _place(self, kernel, pc):
        starts = sorted(self.found.get(kernel, {}))
        at = bisect.bisect_right(starts, pc) - 1
        if at < 0:
            return None
        module, section = self.found[kernel][starts[at]]
        isa = self.board.facts["kernels"][kernel]["isa"]
        offset = pc - starts[at]
        if module == "vmlinux":
            return self._in_kernel(isa, offset)
        return self._in_module(isa, module, section, offset) \
            if offset < MODULE_BYTES else None

    def _path(self, isa, name):
        suffix = "" if isa == "arm64" else f"-{isa}"
        return os.path.join(self.board.build, name + suffix)

    def _in_kernel(self, isa, offset):
        base, best = None, None
        path = os.path.join(self._path(isa, "linux"), "System.map")
        with open(path, encoding="utf-8") as file:
            for line in file:
                address, kind, name = line.split()
                if name == "_text":
                    base = int(address, 16)
                if base is None or kind not in "tTwW":
                    continue
                if int(address, 16) > base + offset:
                    break
                best = f"{name}+{base + offset - int(address, 16):#x}"
        return best

    def _in_module(self, isa, module, section, offset):
        tool = {"arm64": "aarch64"}.get(isa, isa) + "-linux-gnu-addr2line"
        wanted = re.sub("[-_]", "[-_]", module) + ".ko"
        files = glob.glob(os.path.join(self._path(isa, "kmod"), "*", "kmod",
                                       wanted))
        if not files:
            return f"{module} {section}+{offset:#x}"
        said = subprocess.run([tool, "-f", "-s", "-j", section, "-e", files[0],
                               f"{offset:#x}"], capture_output=True, text=True,
                              check=False).stdout.split()
        return f"{said[0]} {said[1]}" if len(said) >= 2 else None
