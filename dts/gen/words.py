# SPDX-License-Identifier: GPL-2.0
"""The words of a board description: which nodes and properties there can be.

Anything else is an error, so that a misspelt word is never silently ignored.
"""

import difflib

MAX_SLOTS = 256
VIRTIO_ROLES = ("console", "disk", "rng", "overlay", "serial")


class Problems:
    """The errors found so far, each with its place."""

    def __init__(self):
        self.errors = []

    def error(self, where, text):
        self.errors.append(f"{where}: error: {text}")


# What may be in each kind of our nodes. A word is name[!][=shape]: ! means it
# must be there; the shape is s for text, N for exactly N cells, N+ for groups
# of N cells; without a shape, the property is a flag or is not looked at.
KNOWN = {
    "": "model!=s compatible!=s coherent",
    "machines": "",
    "machine": "reg!=1 psci-method=s dram!=4 same-as=1 owner=1",
    "qemu": "binary!=s machine!=s min-version!=s",
    "cores": "reg!=1 isa!=s compatible!=s qemu-cpu!=s cpus!=2+"
             " i-cache-size=1 i-cache-line-size=1 i-cache-sets=1"
             " d-cache-size=1 d-cache-line-size!=1 d-cache-sets=1"
             " timebase-frequency=1 mmu-type=s riscv,isa=s riscv,isa-base=s"
             " riscv,isa-extensions=s riscv,cbom-block-size=1"
             " riscv,cboz-block-size=1",
    "l2-cache": "compatible!=s cache-level!=1 cache-unified cache-size!=1"
                " cache-line-size!=1 cache-sets!=1",
    "soc": "interrupt-parent=1",
    "memory-map": "",
    "ram": "reg!=4 owner!=1",
    "boot-block": "reg!=4 owner!=1",
    "mailbox@": "reg!=4",
    "spare": "reg!=4",
    "kernels": "",
    "kernel": "reg!=1 machine!=1 cpus!=2+ load-image=2 load-dtb=2"
              " load-initrd=2 load-firmware=2 console=1 bootargs=s "
              + " ".join(f"virtio-{r}=1" for r in VIRTIO_ROLES),
    "doorbell": "compatible!=s sgi-base=1 pci-device=1",
    "mailbox": "lanes!=2+ pool!=2",
    "disk": "boot-mib!=1 root-mib!=1 scratch-mib!=1",
    "device": "compatible!=s reg=4+ interrupts=1+ interrupt-parent=1"
              " interrupt-controller #interrupt-cells=1"
              " #redistributor-regions=1 always-on clocks clock-names=s"
              " clock-frequency=1 clock-output-names=s #clock-cells=1"
              " dma-coherent tombolo,owner=1 tombolo,common tombolo,slots=1"
              " tombolo,slot-owners=3+ tombolo,cpu-interrupts=1+"
              " device_type=s bus-range=2 ranges=7+ linux,pci-domain=1"
              " msi-controller #msi-cells=1 msi-parent=1+"
              " riscv,num-ids=1 riscv,num-sources=1 riscv,children=1"
              " riscv,delegation=3 regmap=1 offset=1 value=1",
}
# Cells of addresses and sizes below each kind.
WIDTHS = {"": (2, 2), "machines": (1, 0), "machine": (1, 0), "soc": (2, 2),
          "memory-map": (2, 2), "kernels": (1, 0)}
ANYWHERE = ("#address-cells", "#size-cells", "phandle")

# Which kinds of nodes may be in which: node base name -> kind.
CHILDREN = {
    "": ("machines", "memory-map", "kernels", "doorbell", "mailbox", "disk"),
    "machines": ("machine",),
    "machine": ("qemu", "cores", "soc"),
    "cores": ("l2-cache",),
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


def check_widths(node, kind, problems):
    """Addresses and sizes below must be as wide as they are read."""
    for name, width in zip(("#address-cells", "#size-cells"), WIDTHS[kind]):
        if node.props.get(name) != bytes([0, 0, 0, width]):
            problems.error(node.place(name), f"{node.path} must have "
                           f"{name} = <{width}>")


def check_unit(node, width, problems):
    """dtc lets a unit address differ from the first address in reg."""
    raw = node.props.get("reg", b"")[:4 * width]
    if "@" in node.name and raw:
        address = int.from_bytes(raw, "big")
        if node.name.split("@")[1] != f"{address:x}":
            problems.error(node.where, f"{node.path} begins at {address:#x}: "
                           f"its name must be {node.base}@{address:x}")


def check_nodes(node, kind, problems):
    """The same for the nodes below, and for what is in them."""
    check_props(node, kind, problems)
    allowed = CHILDREN.get(kind, ())
    if kind in WIDTHS:
        check_widths(node, kind, problems)
    for child in node.children:
        if kind in WIDTHS:
            check_unit(child, WIDTHS[kind][0], problems)
        sub = child.base + "@" * (child.base + "@" in allowed)
        sub = "device" if "device" in allowed else sub
        if sub in allowed:
            check_nodes(child, sub, problems)
        else:
            problems.error(child.where, f"unknown node {child.path}"
                           + guess(child.base,
                                   [a.rstrip("@") for a in allowed]))


def check_words(root, problems):
    """Whether the description has all it must have, and nothing else."""
    check_nodes(root, "", problems)
    if root.props.get("compatible") != b"tombolo,board\0":
        problems.error(root.place("compatible"), "a board description is "
                       "compatible to \"tombolo,board\"")
    for part in CHILDREN[""]:
        if not root.child(part):
            problems.error(root.where, f"the board has no node '{part}'")
    for node in root.walk():
        if node.base == "machine":
            check_machine(node, problems)


def check_machine(node, problems):
    for part in ("qemu", "soc"):
        if not node.child(part) and "same-as" not in node.props:
            problems.error(node.where, f"{node.path} has no node '{part}'")
    for bank in node.walk():
        if "tombolo,slots" not in bank.props:
            continue
        if "reg" not in bank.props:
            problems.error(bank.where, f"{bank.path} has slots but no 'reg' of"
                           " the first one")
        if bank.cells("interrupts")[:-2] not in ([], [0]):
            problems.error(bank.place("interrupts"), f"{bank.path} has slots "
                           "but no SPI <0 n f> or source <n f> of the first")
        if len(bank.cells("interrupts")) < 2:
            problems.error(bank.where, f"{bank.path} has slots but no "
                           "interrupt of the first one")
        if not 1 <= sum(bank.cells("tombolo,slots")) <= MAX_SLOTS:
            problems.error(bank.place("tombolo,slots"), f"{bank.path} can "
                           f"have 1 to {MAX_SLOTS} slots")
