# SPDX-License-Identifier: GPL-2.0
"""Judge a machine's devices: registers, interrupts, owners, consoles."""

SPI_LIMIT = 988         # INTIDs 32 to 1019
SOURCE_LIMIT = 1024     # of an APLIC
PPI_LIMIT = 16
SPIS_PER_WORD = 16      # in the interrupt controller's configuration words
EDGE, LEVEL = 1, 4
# Properties that point to other nodes, and how many cells follow: a number, or
# the property of the other node that says it.
REFERENCES = {"clocks": "#clock-cells", "interrupt-parent": 0,
              "msi-parent": "#msi-cells", "riscv,children": 0,
              "riscv,delegation": 2, "regmap": 0}


def check_devices(board, machine, problems):
    for device in machine.devices:
        check_owner(board, machine, device, problems)
        check_numbers(machine, device, problems)
        check_references(board, machine, device, problems)
    check_overlaps(machine, problems)
    check_interrupts(machine, problems)
    if len(board.on(machine)) > 1:
        check_shared_words(machine, problems)


def check_numbers(machine, device, problems):
    cells = device.node.cells("interrupts")
    if machine.isa == "riscv64":
        check_sources(device, problems)
        return
    if device.slot is not None:
        cells = [0, *device.spis[0]]
    for kind, number, flags in zip(cells[::3], cells[1::3], cells[2::3]):
        limit = {0: SPI_LIMIT, 1: PPI_LIMIT}.get(kind, 0)
        if number >= limit or flags not in (EDGE, LEVEL):
            problems.error(device.where, f"{device}: <{kind} {number} {flags}>"
                           f" is not an SPI <0 n f> with n below {SPI_LIMIT} "
                           f"or a PPI <1 n f> with n below {PPI_LIMIT}, with f"
                           f" {EDGE} (edge) or {LEVEL} (level)")


def check_sources(device, problems):
    for number, flags in device.spis:
        if not 0 < number < SOURCE_LIMIT or flags not in (EDGE, LEVEL):
            problems.error(device.where, f"{device}: <{number} {flags}> is not"
                           f" a source <n f> with n of 1 to {SOURCE_LIMIT - 1}"
                           f" and f {EDGE} (edge) or {LEVEL} (level)")


def check_references(board, machine, device, problems):
    """What a device needs (a clock) must be in the same trees."""
    if device.owner is None and not device.common:
        return
    there = {d.node for d in machine.devices if d.common or
             d.owner is not None and d.owner == device.owner}
    for prop in REFERENCES:
        for target in targets(board.tree, device.node, prop):
            if target not in there:
                name = target.path if target else "nothing"
                problems.error(device.node.place(prop), f"'{prop}' of {device}"
                               f" points to {name}, which is not "
                               "tombolo,common nor the same kernel's")


def targets(tree, node, prop):
    """The nodes that a property points to; None for a wild pointer."""
    cells = node.cells(prop)
    while cells:
        target = tree.by_phandle.get(cells.pop(0))
        yield target
        cells = cells[following(target, prop):]


def following(target, prop):
    """How many cells follow a pointer to this node."""
    count = REFERENCES[prop]
    if isinstance(count, int) or not target:
        return count if isinstance(count, int) else 0
    return sum(target.cells(count)[:1])


def check_owner(board, machine, device, problems):
    if device.common and device.owner is not None:
        problems.error(device.where, f"{device} is tombolo,common and also "
                       f"given to kernel {device.owner}")
    if device.owner is None:
        return
    kernel = board.kernel(device.owner)
    if not kernel:
        problems.error(device.where, f"{device} is given to kernel "
                       f"{device.owner}, but the kernels of {board.name} are "
                       f"0 to {len(board.kernels) - 1}")
    elif kernel.machine is not machine:
        problems.error(device.where, f"{device} of {machine.label} is given to"
                       f" kernel {kernel.id}, which runs on "
                       f"{kernel.machine.label}")


def check_overlaps(machine, problems):
    """Registers of two devices, or of a device and DRAM, never meet."""
    seen = []
    for device in machine.devices:
        for range_ in device.ranges:
            if range_.overlaps(machine.dram):
                problems.error(device.where, f"{device} at {range_} overlaps "
                               f"the DRAM {machine.dram} of {machine.label}")
            for region, other in seen:
                if other is not device and range_.overlaps(region):
                    problems.error(device.where, f"{device} at {range_} "
                                   f"overlaps {other} at {region}")
            seen.append((range_, device))


def check_interrupts(machine, problems):
    seen, what = {}, "source" if machine.isa == "riscv64" else "SPI"
    for device in machine.devices:
        for spi, _ in device.spis:
            if spi in seen:
                problems.error(device.where, f"{what} {spi} is given to {device} "
                               f"and to {seen[spi]}")
            seen.setdefault(spi, device)


def check_shared_words(machine, problems):
    """
    A kernel sets an SPI to edge by rewriting a word of 16 under its own lock
    only, so two kernels in a word could undo each other's change; the kernel
    refuses. Level needs no change: it is what every SPI is after reset.
    """
    owners = {s: d for d in machine.devices for s, _ in d.spis
              if d.owner is not None}
    for spi, device in owners.items():
        first = spi // SPIS_PER_WORD * SPIS_PER_WORD
        word = range(first, first + SPIS_PER_WORD)
        if dict(device.spis)[spi] != EDGE:
            continue
        for s in word:
            other = owners.get(s)
            if other is None or other.owner != device.owner:
                by = f"kernel {other.owner} by {other}" if other else "nobody"
                problems.error(device.where, f"{device} of kernel "
                               f"{device.owner} has SPI {spi} as edge, but its "
                               f"configuration word, SPIs {first} to "
                               f"{word[-1]}, is not all that kernel's: SPI "
                               f"{s} belongs to {by}; use level ({LEVEL})")
                break


def check_consoles(kernel, problems):
    where = kernel.node.place("console")
    virtual = "console" in kernel.virtio
    if bool(kernel.console) == virtual:
        problems.error(where, f"kernel {kernel.id} needs either 'console' or "
                       "'virtio-console', " + ("not both" if virtual
                                               else "it has none"))
    if not kernel.console:
        return
    if kernel.console.owner != kernel.id:
        problems.error(where, f"the console of kernel {kernel.id} is "
                       f"{kernel.console}, which belongs to "
                       + (f"kernel {kernel.console.owner}"
                          if kernel.console.owner is not None else "nobody"))
    check_uart_order(kernel, problems)


def check_uart_order(kernel, problems):
    """QEMU hands out its UARTs in order: none may be skipped."""
    uarts = [d for d in kernel.machine.devices
             if d.compatible[:1] == kernel.console.compatible[:1]]
    for uart in sorted(uarts, key=lambda d: d.ranges[0].base):
        if uart is kernel.console:
            return
        if uart.owner is None:
            problems.error(kernel.node.place("console"), f"the console of "
                           f"kernel {kernel.id} is {kernel.console}, but "
                           f"{uart} before it belongs to nobody: use that one")


def check_virtio(kernel, problems):
    mine = {d.slot: d for d in kernel.slots}
    used = {}
    for role, slot in kernel.virtio.items():
        where = kernel.node.place(f"virtio-{role}")
        if slot not in mine:
            owner = next((d.owner for d in kernel.machine.devices
                          if d.slot == slot), None)
            problems.error(where, f"virtio-{role} of kernel {kernel.id} is in "
                           f"slot {slot}, which belongs to "
                           + ("nobody" if owner is None
                              else f"kernel {owner}"))
        if slot in used:
            problems.error(where, f"virtio-{role} and virtio-{used[slot]} of "
                           f"kernel {kernel.id} are both in slot {slot}")
        used[slot] = role
        if role in ("overlay", "serial") and kernel.id:
            problems.error(where, f"virtio-{role} is for kernel 0, not for "
                           f"kernel {kernel.id}")
    if kernel.id == 0:
        check_root_disk(kernel, problems)


def check_root_disk(kernel, problems):
    """root=/dev/vda2: the disk must be the first that kernel 0 finds."""
    disk, overlay = (kernel.virtio.get(r) for r in ("disk", "overlay"))
    if disk is None:
        problems.error(kernel.where, "kernel 0 has no virtio-disk to boot "
                       "from")
    elif overlay is not None and overlay < disk:
        problems.error(kernel.node.place("virtio-overlay"), f"virtio-overlay "
                       f"in slot {overlay} comes before virtio-disk in slot "
                       f"{disk}: kernel 0's root would not be /dev/vda2")
