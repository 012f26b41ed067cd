# SPDX-License-Identifier: GPL-2.0
"""The description against the truth: the tree that QEMU itself makes for
the generated arguments has all the devices that we describe.
"""

import re
import shutil
import subprocess

import libfdt
from boards import (NAMES, all_nodes, compatible, cpu_nodes, generated,
                    numbers, properties, subnodes, with_compatible)
from tap import Skip

PCI = "pci-host-ecam-generic"
DEVICES = {"arm,pl011", "arm,pl031", "virtio,mmio", "ns16550a",
           "google,goldfish-rtc"}
CONTROLLERS = ("arm,gic-v3", "arm,gic-v3-its", "riscv,aplic", "riscv,imsics",
               "riscv,clint0", PCI)


def qemu_version(binary):
    if not shutil.which(binary):
        raise Skip(f"{binary} is not installed")
    out = subprocess.run([binary, "--version"], capture_output=True,
                         text=True).stdout
    return [int(n) for n in re.search(r"version (\d+)\.(\d+)", out).groups()]


def blank(folder, size):
    """An empty file; the kernel of this machine keeps only its size."""
    path = folder / f"blank{size >> 20}"
    with open(path, "wb") as f:
        f.truncate(size)
    return str(path)


def arguments(board, machine, folder):
    """A machine's arguments, the placeholders filled in by harmless things."""
    text = re.sub(r"@(CONSOLE\d+|BELLS)@", "null",
                  board.text(machine["args"]))
    dram = machine["dram"]
    for word, size in (("DRAM", dram["base"] + dram["size"]),
                       (r"STUB\d+", 32 << 20), ("[A-Z0-9]+", 1 << 20)):
        text = re.sub(f"@{word}@", blank(folder, size), text)
    # A server for the doorbell is what only a running board has.
    return re.sub(r"-device\nivshmem.*\n", "", text).splitlines()


def qemu_tree(board, machine, folder):
    wanted = [int(n) for n in machine["min_version"].split(".")]
    if qemu_version(machine["binary"]) < wanted:
        raise Skip(f"{machine['binary']} is older than "
                   f"{machine['min_version']}")
    blob = folder / f"{board.name}-qemu{machine['id']}.dtb"
    done = subprocess.run([machine["binary"],
                           *arguments(board, machine, folder),
                           "-machine", f"dumpdtb={blob}"],
                          capture_output=True, text=True, timeout=60)
    assert blob.exists(), done.stdout + done.stderr
    return libfdt.Fdt(blob.read_bytes())


def key(fdt, path):
    """Address and interrupt; its trigger may differ, see soc/*.dtsi."""
    cells = numbers(fdt, path, "interrupts", 4)
    return numbers(fdt, path, "reg")[0], cells[-2]


def devices_of(fdt):
    return {key(fdt, p) for p in all_nodes(fdt)
            if set(compatible(fdt, p)) & DEVICES}


def devices_are_real(board, folder):
    for machine in board.json["machines"]:
        theirs = devices_of(qemu_tree(board, machine, folder))
        ours = set().union(*(devices_of(board.trees[k])
                             for k in machine["kernels"]))
        assert ours, "no device was compared"
        assert ours <= theirs, f"QEMU does not have {ours - theirs}"


def controllers_of(fdt):
    """Registers of what interrupts and PCI go through."""
    return {(w, tuple(numbers(fdt, p, "reg"))) for w in CONTROLLERS
            for p in with_compatible(fdt, w)}


def interrupt_controller_is_real(board, folder):
    for machine in board.json["machines"]:
        theirs = controllers_of(qemu_tree(board, machine, folder))
        for k in machine["kernels"]:
            ours = controllers_of(board.trees[k])
            assert ours, "no controller was compared"
            assert ours <= theirs, f"QEMU does not have {ours - theirs}"


def timer_is_real(board, folder):
    for machine in board.json["machines"]:
        real = qemu_tree(board, machine, folder)
        for k in machine["kernels"]:
            t = board.trees[k]
            assert timer(t) == timer(real), (timer(t), timer(real))


def timer(fdt):
    """PPIs of an arm64 timer, or the frequency of a riscv64 one."""
    found = with_compatible(fdt, "arm,armv8-timer")
    if found:
        return numbers(fdt, found[0], "interrupts", 4)[1::3]
    return numbers(fdt, "/cpus", "timebase-frequency", 4)


def windows_are_real(board, folder):
    """The memory window of PCI: QEMU has more of them, we need one."""
    for machine in board.json["machines"]:
        real = qemu_tree(board, machine, folder)
        for k in machine["kernels"]:
            for ours in with_compatible(board.trees[k], PCI):
                cells = numbers(board.trees[k], ours, "ranges", 4)
                theirs = numbers(real, with_compatible(real, PCI)[0],
                                 "ranges", 4)
                assert cells in [theirs[i:i + 7]
                                 for i in range(0, len(theirs), 7)]


def memory_and_cpus_are_real(board, folder):
    for machine in board.json["machines"]:
        real = qemu_tree(board, machine, folder)
        memory = next(p for p in subnodes(real) if p.startswith("/memory@"))
        dram = machine["dram"]
        assert numbers(real, memory, "reg") == [dram["base"], dram["size"]]
        cpus = cpu_nodes(real)
        ids = sorted(int(properties(real, p)["reg"].hex(), 16) for p in cpus)
        assert ids == machine["cpus"]
        trees = [board.trees[k] for k in machine["kernels"]]
        assert {compatible(real, p)[0] for p in cpus} == \
            {compatible(t, p)[0] for t in trees for p in cpu_nodes(t)}
        if "/psci" in subnodes(real):
            assert properties(real, "/psci")["method"] == \
                properties(trees[0], "/psci")["method"]


FACTS = (devices_are_real, interrupt_controller_is_real, timer_is_real,
         windows_are_real, memory_and_cpus_are_real)


def tests(folder):
    for name in NAMES:
        for fact in FACTS:
            yield (f"{name}: {fact.__name__} in QEMU",
                   lambda n=name, f=fact: f(generated(n, folder), folder))
