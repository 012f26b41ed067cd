# SPDX-License-Identifier: GPL-2.0
"""Judge a board: kernels and CPUs, doorbell and mailbox; then its memory
(check_memory.py) and devices (check_devices.py).

Every error names both sides of what disagrees and the place to look at.
"""

import re

import check_devices
import check_memory
from model import HUB_BELL, IMB_WIRE, PARTS, SGI_BELL

ISAS = ("arm64", "riscv64")
DOORBELLS = {SGI_BELL: "sgi-base", HUB_BELL: "pci-device"}
# What boots before the Image, if anything
FIRMWARE = {"arm64": (), "riscv64": ("firmware",)}
PCI_DEVICES = 32
# Aff3 and Aff2..Aff0; nothing else may be set in an MPIDR of a description.
MPIDR_MASK = 0xff00ffffff
SGIS = 16
LINUX_SGIS = 8
IMAGE_ALIGN = 2 << 20
MAX_DISK_MIB = 1 << 16


def check_board(board, problems):
    check_ids(board, problems)
    if problems.errors:
        return
    for machine in board.machines:
        check_machine_owner(board, machine, problems)
        check_cores(machine, problems)
        check_cpus(board, machine, problems)
    check_memory.check_regions(board, problems)
    for kernel in board.kernels:
        check_load(kernel, problems)
    for machine in board.machines:
        check_devices.check_devices(board, machine, problems)
    for kernel in board.kernels:
        check_devices.check_consoles(kernel, problems)
        check_devices.check_virtio(kernel, problems)
    check_doorbell(board, problems)
    check_mailbox(board, problems)
    check_disk(board, problems)


def check_ids(board, problems):
    for what, things in (("kernel", board.kernels),
                         ("machine", board.machines)):
        found = sorted(t.id for t in things)
        if found != list(range(len(things))):
            problems.error(things[0].where, f"the {what}s are numbered "
                           f"{', '.join(map(str, found))}; they must be "
                           f"0 to {len(things) - 1}, each once")


def check_machine_owner(board, machine, problems):
    owner = None if machine.owner is None else board.kernel(machine.owner)
    where = machine.node.place("owner")
    if machine.owner is not None and not owner:
        problems.error(where, f"{machine.label} is given to kernel "
                       f"{machine.owner}, which does not exist")
    for kernel in board.on(machine):
        if owner and kernel is not owner:
            problems.error(where, f"{machine.label} is given to kernel "
                           f"{owner.id}, but kernel {kernel.id} runs on it")
    if not board.on(machine):
        problems.error(machine.where, f"no kernel runs on {machine.label}")


def check_cores(machine, problems):
    for group in machine.cores:
        if group.isa not in ISAS:
            problems.error(group.where, f"isa '{group.isa}' of {machine.label}"
                           f" is not known; known are: {', '.join(ISAS)}")
        for line in group.lines:
            if line & line - 1 or not 16 <= line <= IMB_WIRE["MAX_LINE"]:
                problems.error(group.where, f"cache line of {line} bytes: it "
                               "must be a power of two of 16 to "
                               f"{IMB_WIRE['MAX_LINE']}")
        for mpidr in group.cpus:
            if group.isa == "arm64" and mpidr & ~MPIDR_MASK:
                problems.error(group.where, f"CPU {mpidr:#x} is not an MPIDR: "
                               f"bits outside {MPIDR_MASK:#x} are set")
    if not re.fullmatch(r"\d+\.\d+", machine.min_version):
        problems.error(machine.where, f"min-version '{machine.min_version}' of "
                       f"{machine.label} is not of the form 9.1")
    if not machine.cores:
        problems.error(machine.where, f"{machine.label} has no cores")
    if len({g.isa for g in machine.cores}) > 1:
        problems.error(machine.where, f"{machine.label} has cores of several "
                       "ISAs: one machine of QEMU has one")
    if any(g.isa == "arm64" for g in machine.cores) and \
            machine.psci_method not in ("hvc", "smc"):
        problems.error(machine.where, f"psci-method of {machine.label} must be"
                       " \"hvc\" or \"smc\"")


def check_cpus(board, machine, problems):
    """Every CPU of the machine belongs to exactly one kernel."""
    owner = {}
    for kernel in board.kernels:
        if kernel.machine is not machine:
            continue
        where = kernel.node.place("cpus")
        for mpidr in kernel.cpus:
            if mpidr not in machine.cpus:
                problems.error(where, f"CPU {mpidr:#x} of kernel {kernel.id} "
                               f"is not one of {machine.label}: its MPIDRs are "
                               + ", ".join(f"{c:#x}" for c in machine.cpus))
            elif mpidr in owner:
                other, place = owner[mpidr]
                problems.error(where, f"CPU {mpidr:#x} is given to kernel "
                               f"{kernel.id} and to kernel {other} ({place})")
            else:
                owner[mpidr] = (kernel.id, where)
        groups = {id(machine.group_of(c)) for c in kernel.cpus}
        if len(groups) > 1:
            problems.error(where, f"the CPUs of kernel {kernel.id} are of "
                           "several core groups; a kernel has one kind")
    for group in machine.cores:
        for mpidr in group.cpus:
            if mpidr not in owner:
                problems.error(group.where, f"CPU {mpidr:#x} of "
                               f"{machine.label} belongs to no kernel")


def check_load(kernel, problems):
    """Load addresses: in the kernel's own RAM, aligned, all different."""
    if kernel.id == 0:
        for what in kernel.load:
            problems.error(kernel.node.place(f"load-{what}"), "kernel 0 is "
                           f"loaded by the boot loader: drop load-{what}")
        return
    wanted = PARTS[:3] + FIRMWARE.get(kernel.isa, ())
    for what in wanted:
        if what not in kernel.load:
            problems.error(kernel.where, f"kernel {kernel.id} has no "
                           f"load-{what}: kernel 0 must know where to put it")
    for what in set(kernel.load) - set(wanted):
        problems.error(kernel.node.place(f"load-{what}"), f"load-{what}: a "
                       f"kernel of {kernel.isa} has no such thing")
    seen = {}
    for what, address in kernel.load.items():
        where = kernel.node.place(f"load-{what}")
        if kernel.ram and not kernel.ram.base <= address < kernel.ram.end:
            problems.error(where, f"load-{what} {address:#x} is outside the "
                           f"memory of kernel {kernel.id}, {kernel.ram}")
        align = IMAGE_ALIGN if what == "image" else 4096
        if address % align:
            problems.error(where, f"load-{what} {address:#x} of kernel "
                           f"{kernel.id} is not a multiple of {align:#x}")
        if address in seen:
            problems.error(where, f"load-{what} and load-{seen[address]} of "
                           f"kernel {kernel.id} are both {address:#x}")
        seen[address] = what


def check_doorbell(board, problems):
    where, bell = board.doorbell_where, board.doorbell
    if bell not in DOORBELLS:
        problems.error(where, f"doorbell '{bell}' is not known; "
                       f"known are: {', '.join(DOORBELLS)}")
        return
    given = {"sgi-base": board.sgi_base, "pci-device": board.pci_device}
    for name, value in given.items():
        if (value is None) == (name == DOORBELLS[bell]):
            problems.error(where, f"doorbell '{bell}' needs "
                           f"'{DOORBELLS[bell]}' and nothing else")
            return
    if bell == SGI_BELL:
        check_sgis(board, where, problems)
    else:
        check_hub(board, where, problems)


def check_hub(board, where, problems):
    """Each kernel has a PCI host of its own, and the hub's device on it."""
    if not 1 <= board.pci_device < PCI_DEVICES:
        problems.error(where, f"pci-device {board.pci_device}: a PCI bus has "
                       f"devices 1 to {PCI_DEVICES - 1}, 0 is the bridge")
    for machine in board.machines:
        if not machine.pci_host:
            problems.error(where, f"{machine.label} has no PCI host for the "
                           "doorbell")
        elif len(board.on(machine)) > 1:
            problems.error(where, f"{machine.label} has several kernels, but "
                           "one PCI host: only one of them can have it")


def check_sgis(board, where, problems):
    count = len(board.kernels)
    if board.sgi_base < LINUX_SGIS:
        problems.error(where, f"sgi-base {board.sgi_base}: SGIs 0 to "
                       f"{LINUX_SGIS - 1} are used by Linux itself")
    if board.sgi_base + count > SGIS:
        problems.error(where, f"sgi-base {board.sgi_base} and {count} kernels "
                       f"need SGIs up to {board.sgi_base + count - 1}, but the "
                       f"last one is {SGIS - 1}")
    if len({id(k.machine) for k in board.kernels}) > 1:
        problems.error(where, "an SGI reaches only CPUs of its own interrupt "
                       "controller, but the kernels are on several machines")


def check_disk(board, problems):
    for what, mib in board.disk.items():
        if not 1 <= mib <= MAX_DISK_MIB:
            problems.error(board.disk_where, f"{what} {mib}: a disk or "
                           f"partition has 1 to {MAX_DISK_MIB} MiB")


def check_counts(what, count, size, unit, where, problems):
    if count & count - 1:
        problems.error(where, f"{what}: count {count} is not a power of two")
    if size < 1 or size % unit:
        problems.error(where, f"{what}: size {size} is not a multiple of "
                       f"{unit}")


def check_lanes(board, problems):
    box, limit = board.mailbox, 1 << 16
    where = box.node.place("lanes")
    if len(box.lanes) != IMB_WIRE["LANES"]:
        problems.error(where, f"the mailbox has {len(box.lanes)} lanes; it "
                       f"must have {IMB_WIRE['LANES']}")
    for i, (slots, size) in enumerate(box.lanes):
        what = f"mailbox lane {i}"
        check_counts(f"{what} (size in cache lines of {board.line})", slots,
                     size, board.line, where, problems)
        if not 2 <= slots <= limit or size > limit:
            problems.error(where, f"{what}: {slots} slots of {size} bytes; it "
                           f"can have 2 to {limit} slots of up to {limit}")


def check_pool(board, problems):
    where, (count, size) = board.mailbox.node.place("pool"), board.mailbox.pool
    if count == 0:
        return
    check_counts("mailbox pool (size in pages)", count, size,
                 IMB_WIRE["PAGE"], where, problems)
    if count > IMB_WIRE["MAX_BUFS"] or size > 1 << 24:
        problems.error(where, f"mailbox pool: {count} buffers of {size} bytes;"
                       f" it can have {IMB_WIRE['MAX_BUFS']} of up to 16 MiB")


def check_mailbox(board, problems):
    box, count = board.mailbox, len(board.kernels)
    if not 2 <= count <= IMB_WIRE["KERNELS"]:
        problems.error(box.node.where, f"{count} kernels: a mailbox connects "
                       f"2 to {IMB_WIRE['KERNELS']}")
    check_lanes(board, problems)
    check_pool(board, problems)
    needed = box.needed(count)
    if box.window.size and box.window.size < needed:
        problems.error(box.node.where, f"the mailbox needs {needed:#x} bytes ("
                       f"{count * (count - 1)} sections of "
                       f"{box.section_size():#x}), but the window in the "
                       f"memory map, {box.window}, has {box.window.size:#x}")
