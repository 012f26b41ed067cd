# SPDX-License-Identifier: GPL-2.0
"""The facts of one board as plain objects, taken from the description.

The description has been through words.py: all that is needed is there and of
the right shape. Whether the facts agree is check.py's question.
"""

from dataclasses import dataclass, field

import words

BOOT_BLOCK_SIZE = 0x40000
PCI_HOST = "pci-host-ecam-generic"
SGI_BELL = "tombolo,gic-sgi-doorbell"
HUB_BELL = "tombolo,ivshmem-hub"
# What is loaded for a kernel; only some kernels have a firmware of their own.
PARTS = ("image", "dtb", "initrd", "firmware")

# The mailbox's limits, by their names in ipi-mailbox/include/imb_wire.h. That
# component is not included here; a test compares the two.
IMB_WIRE = {"LINE": 64, "MAX_LINE": 128, "PAGE": 4096, "CONTROL_SIZE": 4096,
            "KERNELS": 8, "LANES": 2, "MAX_BUFS": 256}



@dataclass
class Range:
    base: int
    size: int

    @property
    def end(self):
        return self.base + self.size

    def overlaps(self, other):
        return self.base < other.end and other.base < self.end

    def holds(self, other):
        return self.base <= other.base and other.end <= self.end

    def __str__(self):
        return f"{self.base:#x}-{self.end - 1:#x}"


@dataclass
class Region:
    """A piece of the memory map: ram, boot-block, mailbox or spare."""
    kind: str
    range: Range
    owner: int | None
    where: str

    def __str__(self):
        of = "" if self.owner is None else f" of kernel {self.owner}"
        return f"{self.kind}{of} {self.range} ({self.where})"


@dataclass
class Device:
    """A device, or one slot of a bank of them, on one machine."""
    name: str
    node: object
    ranges: list
    spis: list              # (number of SPI or APLIC source, flags)
    owner: int | None
    common: bool
    where: str
    slot: int | None = None

    @property
    def compatible(self):
        return self.node.strings("compatible")

    def __str__(self):
        if self.slot is not None:
            return f"virtio slot {self.slot} ({self.where})"
        return f"{self.name} ({self.where})"


@dataclass
class Cores:
    node: object
    isa: str
    compatible: str
    qemu_cpu: str
    cpus: list
    where: str

    @property
    def l2(self):
        return self.node.child("l2-cache")

    @property
    def lines(self):
        """Bytes of the cache lines of these cores, level by level."""
        return [one(self.node, "d-cache-line-size")] + \
            ([one(self.l2, "cache-line-size")] if self.l2 else [])


@dataclass
class Machine:
    """One address space with its interrupt controller: one QEMU process."""
    id: int
    node: object
    label: str
    psci_method: str | None
    binary: str
    qemu_machine: str
    min_version: str
    dram: Range
    cores: list
    devices: list
    where: str
    owner: int | None       # the kernel that has all of it

    parts: object           # the node with its soc: it may be like another

    @property
    def isa(self):
        return self.cores[0].isa if self.cores else None

    @property
    def soc(self):
        return self.parts.child("soc")

    @property
    def pci_host(self):
        return next((d for d in self.devices
                     if PCI_HOST in d.compatible), None)

    @property
    def cpus(self):
        return [c for group in self.cores for c in group.cpus]

    def group_of(self, mpidr):
        return next((g for g in self.cores if mpidr in g.cpus), None)


@dataclass
class Kernel:
    id: int
    machine: Machine
    cpus: list
    load: dict              # image, dtb, initrd -> address
    console: object | None  # a Device
    bootargs: str
    virtio: dict            # role -> slot
    node: object
    where: str
    devices: list = field(default_factory=list)
    ram: Range = None
    boot_block: Range | None = None

    @property
    def cores(self):
        return self.machine.group_of(self.cpus[0])

    @property
    def isa(self):
        return self.machine.isa

    @property
    def slots(self):
        return [d for d in self.devices if d.slot is not None]

    @property
    def spare_slots(self):
        return [d.slot for d in self.slots
                if d.slot not in self.virtio.values()]

    def spi_ranges(self):
        """[first, count] of the SPIs of this kernel, ascending."""
        out = []
        for spi in sorted(s for d in self.devices for s, _ in d.spis):
            if out and spi == sum(out[-1]):
                out[-1][1] += 1
            else:
                out.append([spi, 1])
        return out


@dataclass
class Mailbox:
    lanes: list
    pool: tuple
    window: Range
    node: object

    def section_size(self):
        """Bytes of one ordered pair of kernels: control, lanes, pool."""
        page = IMB_WIRE["PAGE"]
        lanes = sum(slots * size for slots, size in self.lanes)
        return IMB_WIRE["CONTROL_SIZE"] + (lanes + page - 1) // page * page \
            + self.pool[0] * self.pool[1]

    def needed(self, kernels):
        return kernels * (kernels - 1) * self.section_size()


@dataclass
class Board:
    name: str
    model: str
    coherent: bool
    machines: list
    kernels: list
    regions: list
    mailbox: Mailbox
    doorbell: str
    sgi_base: int | None
    pci_device: int | None
    doorbell_where: str
    disk: dict
    disk_where: str
    tree: object

    @property
    def line(self):
        """The longest cache line, and no less than the mailbox lays out for."""
        return max(IMB_WIRE["LINE"], *(line for m in self.machines
                                       for g in m.cores for line in g.lines))

    @property
    def several(self):
        """Of several machines: a QEMU process each, on one DRAM."""
        return len(self.machines) > 1

    def kernel(self, number):
        return next((k for k in self.kernels if k.id == number), None)

    def on(self, machine):
        return [k for k in self.kernels if k.machine is machine]

    def shares(self, kernel):
        """Are other kernels on this one's machine?"""
        return len(self.on(kernel.machine)) > 1


def pairs64(cells):
    """Cells in twos as 64-bit numbers."""
    return [hi << 32 | lo for hi, lo in zip(cells[::2], cells[1::2])]


def ranges(node, prop="reg"):
    nums = pairs64(node.cells(prop))
    return [Range(b, s) for b, s in zip(nums[::2], nums[1::2])]


def one(node, prop, default=None):
    return node.cells(prop)[0] if prop in node.props else default


def text(node, prop, default=None):
    return node.strings(prop)[0] if prop in node.props else default


def spis_of(node, width):
    """
    The interrupts that a machine has once: a GIC's SPIs, in 'interrupts' of
    the form <type number flags>, or an APLIC's sources, <number flags>.
    """
    cells = node.cells("interrupts")
    if width == 2:
        return list(zip(cells[::2], cells[1::2]))
    return [(n, flags) for kind, n, flags
            in zip(cells[::3], cells[1::3], cells[2::3]) if kind == 0]


def bank_slots(node, width, machine_owner, problems):
    """A bank of equal devices, one Device per slot."""
    first, spi = ranges(node)[0], (spis_of(node, width) or [(0, 0)])[0]
    count = one(node, "tombolo,slots")
    owners = {}
    cells = node.cells("tombolo,slot-owners")
    where = node.place("tombolo,slot-owners")
    for start, number, owner in zip(cells[::3], cells[1::3], cells[2::3]):
        for slot in range(start, start + number):
            if slot >= count:
                problems.error(where, f"virtio slot {slot} is given to kernel "
                               f"{owner}, but {node.path} has {count} slots")
                break
            if slot in owners:
                problems.error(where, f"virtio slot {slot} (SPI {spi[0] + slot}"
                               f") is given to kernel {owners[slot]} and to "
                               f"kernel {owner}")
            owners[slot] = owner
    return [Device(f"{node.base}@{first.base + i * first.size:x}", node,
                   [Range(first.base + i * first.size, first.size)],
                   [(spi[0] + i, spi[1])], owners.get(i, machine_owner),
                   False,
                   where if i in owners else node.where, i)
            for i in range(count)]


def read_devices(soc, width, machine_owner, problems):
    out = []
    for node in soc.children:
        if "tombolo,slots" in node.props:
            out += bank_slots(node, width, machine_owner, problems)
            continue
        common = "tombolo,common" in node.props
        out.append(Device(node.name, node, ranges(node), spis_of(node, width),
                          one(node, "tombolo,owner",
                              None if common else machine_owner), common,
                          node.place("tombolo,owner")))
    return out


def interrupt_cells(soc, tree):
    controller = tree.by_phandle.get(one(soc, "interrupt-parent"))
    return one(controller, "#interrupt-cells", 3) if controller else 3


def read_machine(node, tree, problems):
    parts, owner = node, one(node, "owner")
    if "same-as" in node.props:
        parts = tree.by_phandle.get(one(node, "same-as"))
        if not parts or parts.base != "machine" or "same-as" in parts.props:
            problems.error(node.place("same-as"), f"'same-as' of {node.path} "
                           "does not point to a machine that has parts")
            return None
    qemu, soc = parts.child("qemu"), parts.child("soc")
    cores = [Cores(n, text(n, "isa"), text(n, "compatible"),
                   text(n, "qemu-cpu"), pairs64(n.cells("cpus")),
                   n.place("cpus"))
             for n in parts.children if n.base == "cores"]
    return Machine(one(node, "reg"), node, node.label or node.name,
                   text(parts, "psci-method"), text(qemu, "binary"),
                   text(qemu, "machine"), text(qemu, "min-version"),
                   ranges(node, "dram")[0], cores,
                   read_devices(soc, interrupt_cells(soc, tree), owner,
                                problems), node.where, owner, parts)


def read_kernel(node, tree, machines, problems):
    home = next((m for m in machines if m.node is
                 tree.by_phandle.get(one(node, "machine"))), None)
    if not home:
        problems.error(node.place("machine"), f"'machine' of {node.path} does "
                       "not point to a machine")
        return None
    console = None
    if "console" in node.props:
        target = tree.by_phandle.get(one(node, "console"))
        console = next((d for d in home.devices if d.node is target), None)
        if not console or console.slot is not None:
            problems.error(node.place("console"), f"'console' of {node.path} "
                           f"does not point to a UART of {home.label}")
    load = {what: pairs64(node.cells(f"load-{what}"))[0]
            for what in PARTS if f"load-{what}" in node.props}
    virtio = {r: one(node, f"virtio-{r}") for r in words.VIRTIO_ROLES
              if f"virtio-{r}" in node.props}
    return Kernel(one(node, "reg"), home, pairs64(node.cells("cpus")), load,
                  console, text(node, "bootargs", ""), virtio, node,
                  node.where)


def read_regions(node):
    return [Region(n.base, ranges(n)[0], one(n, "owner"), n.where)
            for n in node.children]


def read_board(name, tree, problems):
    """The board, or None if the description lacks what it needs."""
    root = tree.root
    words.check_words(root, problems)
    if problems.errors:
        return None
    machines = [read_machine(n, tree, problems)
                for n in root.child("machines").children]
    if None in machines:
        return None
    kernels = [read_kernel(n, tree, machines, problems)
               for n in root.child("kernels").children]
    if None in kernels or not machines:
        return None
    regions = read_regions(root.child("memory-map"))
    box, bell, disk = (root.child(n) for n in ("mailbox", "doorbell", "disk"))
    lanes = box.cells("lanes")
    window = next((r.range for r in regions if r.kind == "mailbox"),
                  Range(0, 0))
    for kernel in kernels:
        kernel.devices = [d for d in kernel.machine.devices
                          if d.owner == kernel.id]
        for region in regions:
            if region.owner == kernel.id and region.kind == "ram":
                kernel.ram = kernel.ram or region.range
            elif region.owner == kernel.id:
                kernel.boot_block = kernel.boot_block or region.range
    return Board(name, text(root, "model"), "coherent" in root.props,
                 machines, sorted(kernels, key=lambda k: k.id), regions,
                 Mailbox(list(zip(lanes[::2], lanes[1::2])),
                         tuple(box.cells("pool")), window, box),
                 text(bell, "compatible"), one(bell, "sgi-base"),
                 one(bell, "pci-device"), bell.where,
                 {k: one(disk, k) for k in disk.props}, disk.where, tree)
