# SPDX-License-Identifier: GPL-2.0
"""A board that is one QEMU process, described by its generated qemu.args."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess

from .errors import NOT_BUILT, QEMU_DIED, QEMU_UNUSABLE, Failure
from .machine import Machine

# The second non-secure UART of the virt machine came with this version.
MINIMUM = (9, 1)

ENDINGS = {
    "guest-shutdown": "switched itself off",
    "guest-reset": "reset itself",
    "guest-panic": "panicked",
    "host-signal": "was ended by a signal from this host",
}


def find_qemu(name="qemu-system-aarch64", variable="QEMU"):
    """The emulator's path, after checking that it is new enough."""
    program = os.environ.get(variable) or name
    path = shutil.which(program)
    advice = "install QEMU >= 9.1 (Debian 12: from bookworm-backports; " \
             f"`make deps` does it) or set {variable}=path"
    if path is None:
        raise Failure(QEMU_UNUSABLE, f"{program} is not installed: {advice}")
    try:
        text = subprocess.run([path, "--version"], capture_output=True,
                              text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Failure(QEMU_UNUSABLE,
                      f"{path} does not run ({error}): {advice}") from None
    found = re.search(r"version (\d+)\.(\d+)", text)
    if not found or tuple(map(int, found.groups())) < MINIMUM:
        version = found.group(0) if found else "of unknown version"
        raise Failure(QEMU_UNUSABLE, f"{path} is {version}, too old: {advice}")
    return path


class Qemu(Machine):
    """One QEMU process; its disks are snapshots, so a run changes nothing."""

    caps = frozenset({"power", "console", "snapshot", "channels"})

    def __init__(self, board, workspace, logdir, disks=None, overlay=None,
                 extra=()):
        super().__init__(board, workspace, logdir)
        self.facts = board.machines[0]
        self.program = find_qemu(self.facts["binary"])
        self.disks = disks or {}
        self.overlay = overlay
        self.extra = list(extra)
        self.child = None
        self.ending = None
        self._log = os.path.join(logdir, "qemu.log")

    def boot(self):
        argv = [self.program, *self._arguments()]
        with open(self._log, "w", encoding="utf-8") as log:
            self.child = self.workspace.spawn(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def power(self, on):
        if on:
            self.boot()
        elif self.child is not None:
            self.workspace.stop(self.child)

    def gone(self):
        if self.child is None or self.child.poll() is None:
            return None
        self._read_monitor()
        if self.ending in ("guest-shutdown", "guest-reset", "guest-panic"):
            return "the board " + ENDINGS[self.ending]
        return "QEMU " + self._describe_exit()

    def poll(self, timeout=0.05):
        new = super().poll(timeout)
        self._read_monitor()
        return new

    def _describe_exit(self):
        status = self.child.returncode
        if status < 0:
            return f"was killed by {signal.Signals(-status).name}"
        with open(self._log, encoding="utf-8", errors="replace") as log:
            words = log.read().strip().splitlines()
        reason = ": " + words[-1] if words else ""
        return f"ended with status {status}{reason}"

    def _read_monitor(self):
        monitor = self.channels.get("qmp")
        if monitor is None:
            return
        for line in monitor.take_lines():
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if "QMP" in message:
                monitor.write(b'{"execute": "qmp_capabilities"}\n')
            if message.get("event") == "SHUTDOWN":
                self.ending = message["data"].get("reason")

    def _arguments(self):
        """The board's arguments with the run's files filled in."""
        values = self._files([self.facts])
        for kernel in self.facts["kernels"]:
            values[f"CONSOLE{kernel}"] = self._console(kernel)
        return self._filled(self.facts, values) + self._run_devices() + \
            ["-no-reboot"] + self.extra

    def _filled(self, machine, values):
        where = machine["args"]
        return [substitute(word, values, where)
                for word in self.board.qemu_args(machine)]

    def _console(self, kernel):
        path = self.workspace.path(f"console{kernel}.sock")
        self.add_console(kernel, lambda: connect(path))
        return f"socket,path={path},server=on,wait=off," \
               f"logfile={self.console(kernel).log}"

    def _run_devices(self):
        """The monitor, the overlay disk and the channels to kernel 0."""
        argv = []
        for name in ("qmp", "out", "status", "host"):
            self.add_channel(name)
            path = self.channel(name).path
            argv += ["-chardev", f"socket,id={name},path={path}"]
        argv += ["-mon", "chardev=qmp,mode=control"]
        bus = self.board.bus(0, "serial")
        argv += ["-device", f"virtio-serial-device,id=tombolo,bus={bus}"]
        for name in ("out", "status", "host"):
            argv += ["-device", f"virtserialport,bus=tombolo.0,chardev={name},"
                     f"name=org.tombolo.{name}"]
        if self.overlay:
            bus = self.board.bus(0, "overlay")
            argv += ["-drive", "if=none,id=overlay,format=raw,readonly=on,"
                     f"file={self.overlay}",
                     "-device", "virtio-blk-device,drive=overlay,"
                     f"serial=tombolo-overlay,bus={bus}"]
        return argv

    def _files(self, machines):
        files = {f"DISK{n}": self.disks.get(n, self.board.disk(n))
                 for machine in machines for n in machine["kernels"]}
        files["UBOOT"] = self.board.uboot
        for machine in machines[1:]:
            files[f"STUB{machine['id']}"] = self.board.stub(machine["id"])
        for path in files.values():
            if not os.path.exists(path):
                raise Failure(NOT_BUILT, f"{path} is missing: run "
                              f"`make disk BOARD={self.board.name}`")
        return files


def substitute(word, values, where):
    """Replace @NAME@ in one argument; an unknown name is an error."""

    def value(match):
        if match.group(1) not in values:
            raise Failure(NOT_BUILT, f"{where} asks for @{match.group(1)}@, "
                          "which is not known here: run `make dtbs`")
        return str(values[match.group(1)])

    return re.sub(r"@([A-Z0-9_]+)@", value, word)


def connect(path):
    try:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(path)
    except OSError as error:
        raise Failure(QEMU_DIED,
                      f"no console at {path}: {error.strerror}") from None
    return connection
