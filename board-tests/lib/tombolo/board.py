# SPDX-License-Identifier: GPL-2.0
"""What the build left for one board: facts, files, and where logs go."""

import contextlib
import datetime
import json
import os
import shutil

from .errors import NOT_BUILT, USAGE, Failure

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__)))))
KEEP_RUNS = 30  # old logs beyond these are removed


class Board:
    """build/<name>/: the generated description and the images."""

    def __init__(self, name):
        build = os.environ.get("O", "build")
        self.name = name
        self.build = os.path.join(TOP, build)
        self.dir = os.path.join(self.build, name)
        self._check_name()
        self.facts = self._load("board.json")
        self.kernels = len(self.facts["kernels"])
        self.machines = self.facts["machines"]
        self.isas = [kernel["isa"] for kernel in self.facts["kernels"]]
        self.uboot = os.path.join(self.build, "u-boot", "u-boot.bin")

    def generated(self, name):
        return os.path.join(self.dir, "gen", name)

    def disk(self, kernel):
        """The image that kernel's virtio disk shows."""
        name = f"disk{kernel}.img" if kernel else "disk.img"
        return os.path.join(self.dir, name)

    def stub(self, machine):
        """What the first core of another machine executes first."""
        return os.path.join(self.dir, f"stub{machine}.bin")

    def bus(self, kernel, role):
        """QEMU's name of the virtio slot that has this role."""
        return self.facts["kernels"][kernel]["virtio"]["bus"][role]

    def qemu_args(self, machine):
        """A machine's arguments, one per line, placeholders in."""
        path = self.generated(machine["args"])
        try:
            with open(path, encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            raise self._not_generated(path) from None

    def new_log(self, what):
        """A fresh log directory; the oldest ones make room for it."""
        parent = os.path.join(self.dir, "log")
        stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        path = os.path.join(parent, f"{stamp}-{what}-{os.getpid()}")
        try:
            os.makedirs(path)
        except OSError as error:
            raise Failure(USAGE, f"cannot write logs to {path}: "
                          f"{error.strerror}") from None
        self._prune(parent)
        with contextlib.suppress(OSError):
            last = os.path.join(parent, "last")
            with contextlib.suppress(FileNotFoundError):
                os.unlink(last)
            os.symlink(os.path.basename(path), last)
        return path

    def _prune(self, parent):
        runs = sorted(name for name in os.listdir(parent)
                      if name[:1].isdigit())
        for name in runs[:-KEEP_RUNS]:
            shutil.rmtree(os.path.join(parent, name), ignore_errors=True)

    def _check_name(self):
        known = [entry[:-4] for entry in
                 sorted(os.listdir(os.path.join(TOP, "dts", "soc")))
                 if entry.endswith(".dts")] \
            if os.path.isdir(os.path.join(TOP, "dts", "soc")) else []
        if not os.path.isdir(self.dir) and self.name not in known:
            raise Failure(USAGE, f"there is no board {self.name}; known: "
                          f"{', '.join(known) or 'none'}")

    def _load(self, name):
        path = self.generated(name)
        try:
            with open(path, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            raise self._not_generated(path) from None
        except ValueError as error:
            raise Failure(NOT_BUILT, f"{path} is damaged ({error}): run "
                          f"`make dtbs BOARD={self.name}`") from None

    def _not_generated(self, path):
        return Failure(NOT_BUILT, f"{path} is missing: run "
                       f"`make disk BOARD={self.name}`")
