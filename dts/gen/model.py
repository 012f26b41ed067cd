# SPDX-License-Identifier: GPL-2.0
"""The facts of one board as plain objects, taken from the description.

Nothing is judged here beyond what is needed to take the facts in: unknown
or missing properties. Whether the facts agree is check.py's question.
"""

import difflib
from dataclasses import dataclass, field

BOOT_BLOCK_SIZE = 0x40000

# The mailbox's limits, by their names in ipi-mailbox/include/imb_wire.h. That
# component is not included here; a test compares the two.
IMB_WIRE = {"LINE": 64, "MAX_LINE": 128, "PAGE": 4096, "CONTROL_SIZE": 4096,
            "KERNELS": 8, "LANES": 2, "MAX_BUFS": 256}

VIRTIO_ROLES = ("console", "disk", "rng", "overlay", "serial")


class Problems:
    """The errors and warnings found so far, each with its place."""

    def __init__(self):
        self.errors = []
        self.warnings = []

    def error(self, where, text):
        self.errors.append(f"{where}: error: {text}")

    def warning(self, where, text):
        self.warnings.append(f"{where}: warning: {text}")


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
    spis: list              # (SPI number, flags)
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
    isa: str
    compatible: str
    qemu_cpu: str
    line: int
    cpus: list
    where: str


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
    shared_words: list
    where: str

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
        return self.cores.isa

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
    sgi_base: int
    doorbell_where: str
    disk: dict

    @property
    def line(self):
        """The longest cache line, and no less than the mailbox lays out for."""
        return max(IMB_WIRE["LINE"], *(g.line for m in self.machines
                                       for g in m.cores))

    def kernel(self, number):
        return next((k for k in self.kernels if k.id == number), None)


# What may be in each kind of our nodes. A word is name[!][=shape]: ! means it
# must be there; the shape is s for text, N for exactly N cells, N+ for groups
# of N cells; without a shape, the property is a flag or is not looked at.
KNOWN = {
    "": "model!=s compatible!=s coherent",
    "machines": "",
    "machine": "reg!=1 psci-method=s dram!=4",
    "qemu": "binary!=s machine!=s min-version!=s",
    "cores": "reg!=1 isa!=s compatible!=s qemu-cpu!=s d-cache-line-size!=1"
             " cpus!=2+",
    "soc": "interrupt-parent=1",
    "memory-map": "",
    "ram": "reg!=4 owner!=1",
    "boot-block": "reg!=4 owner!=1",
    "mailbox@": "reg!=4",
    "spare": "reg!=4",
    "kernels": "",
    "kernel": "reg!=1 machine!=1 cpus!=2+ load-image=2 load-dtb=2"
              " load-initrd=2 console=1 bootargs=s "
              + " ".join(f"virtio-{r}=1" for r in VIRTIO_ROLES),
    "doorbell": "compatible!=s sgi-base!=1",
    "mailbox": "lanes!=2+ pool!=2",
    "disk": "boot-mib!=1 root-mib!=1 scratch-mib!=1",
    "device": "compatible!=s reg=4+ interrupts=3+ interrupt-parent=1"
              " interrupt-controller #interrupt-cells=1"
              " #redistributor-regions=1 always-on clocks clock-names=s"
              " clock-frequency=1 clock-output-names=s #clock-cells=1"
              " dma-coherent tombolo,owner=1 tombolo,common tombolo,slots=1"
              " tombolo,slot-owners=3+ tombolo,shared-irq-words=1+",
}
ANYWHERE = ("#address-cells", "#size-cells", "phandle")

# Which kinds of nodes may be in which: node base name -> kind.
CHILDREN = {
    "": ("machines", "memory-map", "kernels", "doorbell", "mailbox", "disk"),
    "machines": ("machine",),
    "machine": ("qemu", "cores", "soc"),
    "memory-map": ("ram", "boot-block", "mailbox@", "spare"),
    "kernels": ("kernel",),
    "soc": ("device",),
}


def guess(word, known):
    if not known:
        return "; nothing may be there"
    near = difflib.get_close_matches(word, known, 1)
    return f": did you mean '{near[0]}'?" if near else \
        f"; known are {', '.join(sorted(known))}"


def check_shape(node, prop, shape, problems):
    raw = node.props[prop]
    if shape == "s":
        good = raw and raw[-1] == 0
        want = "text in quotes"
    else:
        size = 4 * int(shape.rstrip("+"))
        good = raw and (len(raw) % size == 0 if shape.endswith("+")
                        else len(raw) == size)
        want = f"{size // 4} cells" + ("" if shape[-1] != "+" else " or a"
                                       " multiple of that")
    if not good:
        problems.error(node.place(prop), f"'{prop}' of {node.path} must be "
                       f"{want}; it has {len(raw)} bytes")


def check_props(node, kind, problems):
    """Typo protection: known properties only, each of its shape."""
    known = {}
    for word in KNOWN[kind].split():
        name, _, shape = word.partition("=")
        known[name.rstrip("!")] = shape
        if name.endswith("!") and name[:-1] not in node.props:
            problems.error(node.where, f"{node.path} has no '{name[:-1]}'")
    for prop in node.props:
        if prop in known:
            if known[prop]:
                check_shape(node, prop, known[prop], problems)
        elif prop not in ANYWHERE:
            problems.error(node.place(prop), f"unknown property '{prop}' in "
                           f"{node.path}" + guess(prop, known))


def check_unit(node, problems):
    """dtc lets a unit address differ from the first address in reg."""
    if "@" in node.name and node.parent and len(node.props.get("reg", "")) > 3:
        width = one(node.parent, "#address-cells", 2)
        address = 0
        for cell in node.cells("reg")[:width]:
            address = address << 32 | cell
        if node.name.split("@")[1] != f"{address:x}":
            problems.error(node.where, f"{node.path} begins at {address:#x}: "
                           f"its name must be {node.base}@{address:x}")


def check_nodes(node, kind, problems):
    """The same for the nodes below, and for what is in them."""
    check_props(node, kind, problems)
    check_unit(node, problems)
    allowed = CHILDREN.get(kind, ())
    for child in node.children:
        sub = child.base + "@" * (child.base + "@" in allowed)
        sub = "device" if "device" in allowed else sub
        if sub in allowed:
            check_nodes(child, sub, problems)
        else:
            problems.error(child.where, f"unknown node {child.path}"
                           + guess(child.base,
                                   [a.rstrip("@") for a in allowed]))


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


def spis_of(node):
    """The SPIs in an 'interrupts' property of GIC form <type number flags>."""
    cells = node.cells("interrupts")
    return [(n, flags) for kind, n, flags
            in zip(cells[::3], cells[1::3], cells[2::3]) if kind == 0]


def bank_slots(node, problems):
    """A bank of equal devices, one Device per slot."""
    first, spi = ranges(node)[0], spis_of(node)[0]
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
                   [(spi[0] + i, spi[1])], owners.get(i), False,
                   where if i in owners else node.where, i)
            for i in range(count)]


def read_devices(soc, problems):
    out = []
    for node in soc.children:
        if "tombolo,slots" in node.props:
            out += bank_slots(node, problems)
            continue
        out.append(Device(node.name, node, ranges(node), spis_of(node),
                          one(node, "tombolo,owner"),
                          "tombolo,common" in node.props,
                          node.place("tombolo,owner")))
    return out


def read_machine(node, problems):
    qemu, soc = node.child("qemu"), node.child("soc")
    cores = [Cores(text(n, "isa"), text(n, "compatible"), text(n, "qemu-cpu"),
                   one(n, "d-cache-line-size"), pairs64(n.cells("cpus")),
                   n.place("cpus"))
             for n in node.children if n.base == "cores"]
    words = [w for n in soc.children for w in n.cells("tombolo,shared-irq-words")]
    return Machine(one(node, "reg"), node, node.label or node.name,
                   text(node, "psci-method"), text(qemu, "binary"),
                   text(qemu, "machine"), text(qemu, "min-version"),
                   ranges(node, "dram")[0], cores,
                   read_devices(soc, problems), words, node.where)


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
            for what in ("image", "dtb", "initrd")
            if f"load-{what}" in node.props}
    virtio = {r: one(node, f"virtio-{r}") for r in VIRTIO_ROLES
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
    check_nodes(root, "", problems)
    for part in CHILDREN[""]:
        if not root.child(part):
            problems.error(root.where, f"the board has no node '{part}'")
    for node in tree.root.walk():
        if node.base == "machine" and not all(map(node.child, ("qemu", "soc"))):
            problems.error(node.where, f"{node.path} needs a node 'qemu' and a"
                           " node 'soc'")
    if problems.errors:
        return None
    machines = [read_machine(n, problems)
                for n in root.child("machines").children]
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
                 text(bell, "compatible"), one(bell, "sgi-base"), bell.where,
                 {k: one(disk, k) for k in disk.props})
