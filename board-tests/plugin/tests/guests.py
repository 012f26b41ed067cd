# SPDX-License-Identifier: GPL-2.0
"""Boards of bare-metal machines: one QEMU each, told what to do step by step."""

import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from tombolo.maintenance import read_counts  # noqa: E402

END = 0xc0000000
BASE = {"arm64": 0x40000000, "riscv64": 0x80000000}
QEMU = {
    "arm64": ["qemu-system-aarch64", "-M", "virt,memory-backend=dram",
              "-cpu", "neoverse-n2", "-kernel"],
    "riscv64": ["qemu-system-riscv64", "-M", "virt,memory-backend=dram",
                "-cpu", "rv64", "-bios"],
}
UNKNOWN = (1 << 64) - 1


class EndedError(AssertionError):
    """A machine's QEMU is no more."""


class Patience:
    """How long a machine is waited for: until it has had so much of a processor.
    By the clock a busy host would give it next to nothing; that is the limit only
    for one that does nothing."""

    PROCESSOR = 30
    CLOCK = 600

    def __init__(self, pid):
        self.pid = pid
        self.processor = self.used() + self.PROCESSOR
        self.clock = time.monotonic() + self.CLOCK

    def used(self):
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def is_over(self):
        return self.used() > self.processor or time.monotonic() > self.clock


class Guest:
    """One machine, which is one group; its answers are numbers."""

    def __init__(self, board, group, isa):
        self.board = board
        self.group = group
        self.isa = isa
        self.stats = board.dir / f"stats{group}"
        self.log = board.dir / f"log{group}"
        self.child = None

    def start(self):
        base, view = BASE[self.isa], self.board.file(f"view{self.group}")
        size = END - base
        backend = view if self.board.mode != "coherent" else self.board.dram
        plugin = (f"{self.board.out}/nc.so,mode={self.board.mode},"
                  f"group={self.group},base={base:#x},size={size:#x},"
                  f"dram={self.board.dram},view={view},"
                  f"state={self.board.state},stats={self.stats},"
                  f"seed={self.board.seed}{self.board.extra}")
        self.child = subprocess.Popen(
            [*QEMU[self.isa], f"{self.board.out}/guest-{self.isa}",
             "-smp", f"{self.board.cpus},maxcpus=2", "-m", f"{size >> 20}M", "-object",
             f"memory-backend-file,id=dram,size={size},share=on,"
             f"mem-path={backend},offset={base}", "-display", "none",
             "-nodefaults", "-serial", "stdio", "-plugin", plugin],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=open(self.log, "w", encoding="utf-8"))
        os.set_blocking(self.child.stdout.fileno(), False)
        self.answer()

    def ask(self, command, a=0, b=0, cpu=0):
        """Begin a command of guest.c: by its name, or an instruction's."""
        self.child.stdin.write(f"{cpu} {command} {a:x} {b:x}\n".encode())
        self.child.stdin.flush()

    def answer(self):
        text, patience = b"", Patience(self.child.pid)
        while not text.endswith(b"\n"):
            if not select.select([self.child.stdout], [], [], 0.5)[0]:
                if patience.is_over():
                    raise AssertionError(f"{self.isa} does not answer: {text!r}")
                continue
            part = self.child.stdout.read()
            if not part:
                raise EndedError(f"{self.isa} has ended: {text!r} "
                                 f"{self.log.read_text()}")
            text += part
        return int(text.split(b"=")[1], 16)

    def do(self, command, a=0, b=0, cpu=0):
        self.ask(command, a, b, cpu)
        result = self.answer()
        if result == UNKNOWN:
            raise AssertionError(f"{self.isa} does not know {command}")
        return result

    def until(self, condition):
        """Wait for what comes by itself while this machine runs."""
        patience = Patience(self.child.pid)
        while not condition() and not patience.is_over():
            time.sleep(0.01)
        if not condition():
            raise AssertionError(f"{self.isa}: what was waited for does not come")

    def load(self, at, cpu=0):
        return self.do("load", at, cpu=cpu)

    def store(self, at, value, cpu=0):
        return self.do("store", at, value, cpu)

    def publish(self, at, value):
        """Store, clean, wait."""
        self.store(at, value)
        self.clean(at)
        self.barrier()

    def observe(self, at):
        """Forget, wait, load."""
        self.inval(at)
        self.barrier()
        return self.load(at)

    def clean(self, at, lines=1, cpu=0):
        self.do("clean", at, lines, cpu)

    def inval(self, at, lines=1):
        self.do("inval", at, lines)

    def flush(self, at, lines=1):
        self.do("flush", at, lines)

    def barrier(self, cpu=0):
        self.do("barrier", cpu=cpu)

    def kill(self):
        if self.child:
            self.child.kill()
            self.child.wait()

    def counts(self):
        """What the plugin has counted until now."""
        return read_counts(self.stats)

    def end(self):
        """Return: the plugin's counts, all of them."""
        self.child.terminate()
        self.child.wait()
        return self.counts()


class Board:
    """Machines that share memory, in a folder of their own."""

    def __init__(self, out, mode, isas, seed=1, extra="", cpus=1):
        self.out = out
        self.mode = mode
        self.seed = seed
        self.extra = extra
        self.cpus = cpus
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="nc-", dir="/dev/shm"))
        self.dram = self.file("dram")
        self.state = self.file("state", 0)
        self.guests = []
        self.isas = isas

    def file(self, name, size=END):
        path = self.dir / name
        with open(path, "a+b") as file:
            file.truncate(size)
        return path

    def __enter__(self):
        for number, isa in enumerate(self.isas):
            guest = Guest(self, number, isa)
            self.guests.append(guest)
            try:
                guest.start()
            except AssertionError:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_):
        for guest in self.guests:
            guest.kill()
        shutil.rmtree(self.dir)

    def memory(self, at):
        """A word of the shared memory itself."""
        with open(self.dram, "rb") as file:
            file.seek(at)
            return int.from_bytes(file.read(8), "little")
