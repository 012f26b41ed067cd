# SPDX-License-Identifier: GPL-2.0
"""A board that is several QEMU processes, which the board hub starts.

The hub (board-tests/hub) has the DRAM, doorbells, power and consoles. Here its
command file is written, from each machine's generated qemu.args.
"""

import os
import socket
import subprocess

from . import sanitizer
from .errors import NOT_BUILT, Failure
from .maintenance import read_counts
from .qemu import Qemu, connect, find_qemu

# Descriptors that a machine inherits: hub.h
DRAM, VIEW, BELLS, STATE, MONITOR, CONSOLE = 10, 11, 12, 13, 14, 20
POLLED_BYTES = 128  # boot_order and boot_report: boot_wire.h
MODES = ("coherent", "never", "random", "sanitize")


def inherited(fd):
    return f"/proc/self/fd/{fd}"


class Hub(Qemu):
    """Machine 0 is as the only one of other boards; the rest is the hub's."""

    caps = Qemu.caps | {"hub", "counts"}

    def __init__(self, board, workspace, logdir, disks=None, overlay=None,
                 extra=(), mode="coherent", seed=1):
        super().__init__(board, workspace, logdir, disks, overlay, extra)
        self.mode = mode
        self.seed = seed
        self._log = os.path.join(logdir, "hub.log")

    def boot(self):
        path = self.workspace.path("board")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(self._commands()) + "\n")
        with open(self._log, "w", encoding="utf-8") as log:
            self.child = self.workspace.spawn(
                [self._program("hub/hub"), path], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)

    def control(self, line):
        """A command to the hub, and its answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(self.workspace.path("control.sock"))
            connection.sendall(line.encode() + b"\n")
            return connection.makefile().readline().strip()

    def counts(self, number):
        """What the plugin of a machine has counted of the mailbox window, if
        there is one."""
        try:
            return read_counts(self._counts(number))
        except FileNotFoundError:
            return None

    def _counts(self, number):
        return os.path.join(self.logdir, f"plugin{number}.counts")

    def _program(self, name):
        path = os.path.join(self.board.build, name)
        if not os.path.exists(path):
            raise Failure(NOT_BUILT, f"{path} is missing: run `make disk "
                          f"BOARD={self.board.name}`")
        return path

    def _commands(self):
        machines = self.board.machines
        ends = [machine["dram"]["base"] + machine["dram"]["size"]
                for machine in machines]
        lines = [f"dir {self.workspace.dir}", f"dram {max(ends)}"]
        if self.mode != "coherent":
            lines.append("views")
        values = self._files(machines)
        values["DRAM"] = inherited(DRAM if self.mode == "coherent" else VIEW)
        values["BELLS"] = f"socket,fd={BELLS}"
        for machine in machines:
            lines += self._machine(machine, values)
        return lines

    def _machine(self, machine, values):
        number, kernel = machine["id"], machine["kernels"][0]
        log = os.path.join(self.logdir, f"qemu{number}.log")
        values[f"CONSOLE{kernel}"] = self._console(kernel)
        program = self.program if number == 0 else \
            find_qemu(machine["binary"], f"QEMU{number}")
        argv = [program, *self._filled(machine, values), "-no-reboot",
                "-chardev", f"socket,fd={MONITOR},id=hub",
                "-mon", "chardev=hub,mode=control", *self._plugin(machine)]
        if number == 0:
            argv += self._run_devices() + self.extra
        return [f"machine {log}", "monitor", f"console {self.console(kernel).log}",
                *(f"arg {word}" for word in argv)]

    def _plugin(self, machine):
        """What makes the caches of this board's machines non-coherent."""
        if self.mode == "coherent":
            return []
        number, dram = machine["id"], machine["dram"]
        window = self.board.facts["mailbox"]["window"]
        end = window["base"] + window["size"]
        words = [
            self._program("plugin/nc.so"), f"mode={self.mode}",
            f"group={number}", f"base={dram['base']:#x}",
            f"size={dram['size']:#x}", f"dram={inherited(DRAM)}",
            f"view={inherited(VIEW)}", f"state={inherited(STATE)}",
            f"seed={self.seed}", f"stats={self._counts(number)}",
            f"counted={window['base']:#x}-{end:#x}"]
        if self.mode == "sanitize":
            words += [f"reports={sanitizer.log_path(self.logdir, number)}",
                      f"exempt={self._polled()}"]
        return ["-plugin", ",".join(words)]

    def _polled(self):
        """The order and the report of each lifecycle block. They are polled:
        one CPU may be between its store and its clean when what another CPU
        of its kernel has cleaned is seen."""
        blocks = [kernel["boot_block"]["base"] for kernel
                  in self.board.facts["kernels"] if "boot_block" in kernel]
        return "+".join(f"{base:#x}-{base + POLLED_BYTES:#x}"
                        for base in blocks)

    def _console(self, kernel):
        path = self.workspace.path(f"console{kernel}.sock")
        self.add_console(kernel, lambda: connect(path))
        return f"socket,fd={CONSOLE + kernel}"
