# SPDX-License-Identifier: GPL-2.0
"""The description against the truth: the tree that QEMU itself makes for
the generated arguments has all the devices that we describe.
"""

import re
import shutil
import subprocess

import libfdt
from boards import (NAMES, compatible, cpu_nodes, generated, numbers,
                    properties, subnodes, with_compatible)
from tap import Skip


def qemu_version(binary):
    if not shutil.which(binary):
        raise Skip(f"{binary} is not installed")
    out = subprocess.run([binary, "--version"], capture_output=True,
                         text=True).stdout
    return [int(n) for n in re.search(r"version (\d+)\.(\d+)", out).groups()]


def arguments(board, folder):
    """qemu.args with the placeholders filled in by harmless things."""
    blank = folder / "blank.img"
    with open(blank, "wb") as f:
        f.truncate(1 << 20)
    text = re.sub(r"@CONSOLE\d+@", "null", board.text("qemu.args"))
    return re.sub(r"@[A-Z0-9]+@", str(blank), text).splitlines()


def qemu_tree(board, folder):
    machine = board.json["machines"][0]
    wanted = [int(n) for n in machine["min_version"].split(".")]
    if qemu_version(machine["binary"]) < wanted:
        raise Skip(f"{machine['binary']} is older than "
                   f"{machine['min_version']}")
    blob = folder / f"{board.name}-qemu.dtb"
    done = subprocess.run([machine["binary"], *arguments(board, folder),
                           "-machine", f"dumpdtb={blob}"],
                          capture_output=True, text=True, timeout=60)
    assert blob.exists(), done.stdout + done.stderr
    return libfdt.Fdt(blob.read_bytes())


def key(fdt, path):
    """Address and SPI; the trigger may differ, see soc/qemu-virt-a64.dtsi."""
    return (numbers(fdt, path, "reg")[0],
            numbers(fdt, path, "interrupts", 4)[1])


def devices_are_real(board, folder):
    real = qemu_tree(board, folder)
    theirs = {key(real, p) for p in subnodes(real)
              if set(compatible(real, p)) & {"arm,pl011", "arm,pl031",
                                             "virtio,mmio"}}
    ours = {key(t, p) for t in board.trees for p in subnodes(t)
            if set(compatible(t, p)) & {"arm,pl011", "arm,pl031",
                                        "virtio,mmio"}}
    assert ours <= theirs, f"QEMU does not have {ours - theirs}"


def interrupt_controller_is_real(board, folder):
    real = qemu_tree(board, folder)
    gic = with_compatible(real, "arm,gic-v3")[0]
    timer = with_compatible(real, "arm,armv8-timer")[0]
    for t in board.trees:
        ours = with_compatible(t, "arm,gic-v3")[0]
        assert numbers(t, ours, "reg") == numbers(real, gic, "reg")
        mine = with_compatible(t, "arm,armv8-timer")[0]
        assert numbers(t, mine, "interrupts", 4)[1::3] == \
            numbers(real, timer, "interrupts", 4)[1::3]


def memory_and_cpus_are_real(board, folder):
    real = qemu_tree(board, folder)
    memory = next(p for p in subnodes(real) if p.startswith("/memory@"))
    dram = board.json["machines"][0]["dram"]
    assert numbers(real, memory, "reg") == [dram["base"], dram["size"]]
    cpus = cpu_nodes(real)
    mpidrs = sorted(int(properties(real, p)["reg"].hex(), 16) for p in cpus)
    assert mpidrs == board.json["machines"][0]["cpus"]
    assert {compatible(real, p)[0] for p in cpus} == \
        {compatible(t, p)[0] for t in board.trees
         for p in cpu_nodes(t)}
    assert properties(real, "/psci")["method"] == \
        properties(board.trees[0], "/psci")["method"]


FACTS = (devices_are_real, interrupt_controller_is_real,
         memory_and_cpus_are_real)


def tests(folder):
    for name in NAMES:
        for fact in FACTS:
            yield (f"{name}: {fact.__name__} in QEMU",
                   lambda n=name, f=fact: f(generated(n, folder), folder))
