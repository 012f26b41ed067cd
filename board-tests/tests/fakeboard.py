# SPDX-License-Identifier: GPL-2.0
"""A build directory with a board for fake-qemu, for the harness's own tests."""

import json
import os

HERE = os.path.dirname(os.path.realpath(__file__))
PROGRAMS = os.path.dirname(HERE)

FACTS = {
    "name": "fake",
    "machines": [{"id": 0, "binary": "fake-qemu", "args": "qemu.args",
                  "kernels": [0, 1]}],
    "kernels": [
        {"id": 0, "virtio": {"bus": {"overlay": "virtio-mmio-bus.2",
                                     "serial": "virtio-mmio-bus.3"}}},
        {"id": 1, "virtio": {"bus": {}}},
    ],
}
ARGS = ["-M", "fake", "-bios", "@UBOOT@",
        "-chardev", "@CONSOLE0@,id=console0",
        "-chardev", "@CONSOLE1@,id=console1",
        "-drive", "file=@DISK0@,snapshot=on"]


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def make(build):
    """Fill the directory build with a complete board `fake`."""
    gen = os.path.join(build, "fake", "gen")
    write(os.path.join(gen, "board.json"), json.dumps(FACTS))
    write(os.path.join(gen, "qemu.args"), "\n".join(ARGS) + "\n")
    for name in ("fake/disk.img", "fake/disk1.img", "u-boot/u-boot.bin"):
        write(os.path.join(build, name), "")


def environment(build, play="", **more):
    return dict(os.environ, O=build, FAKE_QEMU=play,
                QEMU=os.path.join(HERE, "fake-qemu"), **more)
