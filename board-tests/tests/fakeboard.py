# SPDX-License-Identifier: GPL-2.0
"""A build directory with boards for fake-qemu, for the harness's own tests:
`fake` is one machine, `fakes` two, which the real hub starts."""

import json
import os
import subprocess
import time

HERE = os.path.dirname(os.path.realpath(__file__))
PROGRAMS = os.path.dirname(HERE)

FACTS = {
    "name": "fake",
    "machines": [{"id": 0, "binary": "fake-qemu", "args": "qemu.args",
                  "kernels": [0, 1]}],
    "kernels": [
        {"id": 0, "isa": "arm64", "virtio": {"bus": {
            "overlay": "virtio-mmio-bus.2", "serial": "virtio-mmio-bus.3"}}},
        {"id": 1, "isa": "arm64", "virtio": {"bus": {}}},
    ],
}
ARGS = ["-M", "fake", "-bios", "@UBOOT@",
        "-chardev", "@CONSOLE0@,id=console0",
        "-chardev", "@CONSOLE1@,id=console1",
        "-drive", "file=@DISK0@,snapshot=on"]


DRAM = {"base": 0, "size": 4096}
SEVERAL = {**FACTS, "name": "fakes", "machines": [
    {"id": number, "binary": "fake-qemu", "args": f"qemu{number}.args",
     "kernels": [number], "dram": DRAM} for number in (0, 1)]}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def make(build):
    """Fill the directory build with the complete boards."""
    gen = os.path.join(build, "fake", "gen")
    write(os.path.join(gen, "board.json"), json.dumps(FACTS))
    write(os.path.join(gen, "qemu.args"), "\n".join(ARGS) + "\n")
    gen = os.path.join(build, "fakes", "gen")
    write(os.path.join(gen, "board.json"), json.dumps(SEVERAL))
    for number in (0, 1):
        write(os.path.join(gen, f"qemu{number}.args"),
              f"-chardev\n@CONSOLE{number}@,id=console{number}\n"
              "-chardev\n@BELLS@,id=bells\n")
    for name in ("fake/disk.img", "fake/disk1.img", "u-boot/u-boot.bin",
                 "fakes/disk.img", "fakes/disk1.img", "fakes/stub1.bin"):
        write(os.path.join(build, name), "")
    os.makedirs(temporary(build))
    subprocess.run(["make", "-s", "-C", os.path.join(PROGRAMS, "hub"),
                    "O=" + os.path.join(build, "hub")], check=True)


def temporary(build):
    """Where the programs under test put what they shall not leave."""
    return os.path.join(build, "tmp")


def environment(build, play="", **more):
    return dict(os.environ, O=build, TMPDIR=temporary(build), FAKE_QEMU=play,
                QEMU=os.path.join(HERE, "fake-qemu"),
                QEMU1=os.path.join(HERE, "fake-qemu"), **more)


def processes(text):
    """Command lines of other live processes that mention text."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().decode(errors="replace")
        except OSError:
            continue
        if text in line and int(pid) != os.getpid():
            found.append(line)
    return found


def nothing_left(build):
    """Within three seconds no process and no temporary file remain."""
    end = time.monotonic() + 3
    while left := processes(build) + os.listdir(temporary(build)):
        if time.monotonic() > end:
            raise AssertionError(f"left: {left}")
        time.sleep(0.05)
