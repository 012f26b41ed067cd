# SPDX-License-Identifier: GPL-2.0
"""Write each kernel's own device tree.

Hardware nodes are copied from the description; what says who is who
(memory, CPUs, doorbell, mailbox, lifecycle) is made here.
"""

from check_devices import REFERENCES
from model import Range

NOT_COPIED = ("phandle",)


class Text:
    """Device tree source, line by line."""

    def __init__(self):
        self.lines = []
        self.depth = 0

    def line(self, text=""):
        self.lines.append("\t" * self.depth + text if text else "")

    def prop(self, name, *values):
        self.line(f"{name} = {', '.join(values)};" if values else f"{name};")

    def open(self, name, label=None):
        if self.lines and not self.lines[-1].endswith("{"):
            self.line()
        self.line(f"{label}: {name} {{" if label else f"{name} {{")
        self.depth += 1

    def close(self):
        self.depth -= 1
        self.line("};")

    def __str__(self):
        return "\n".join(self.lines) + "\n"


def cells(*numbers):
    return "<" + " ".join(str(n) if isinstance(n, str) or n < 10 else f"{n:#x}"
                          for n in numbers) + ">"


def decimal(*numbers):
    """Counts and interrupt numbers read better so."""
    return "<" + " ".join(str(n) for n in numbers) + ">"


def wide(number):
    """A 64-bit number as two cells."""
    return cells(number >> 32, number & 0xffffffff)


def reg(range_):
    return cells(range_.base >> 32, range_.base & 0xffffffff,
                 range_.size >> 32, range_.size & 0xffffffff)


def quoted(*words):
    return [f'"{w}"' for w in words]


def looks_like_text(raw):
    return raw and raw[-1] == 0 and raw[0] != 0 and b"\0\0" not in raw and \
        all(32 <= c < 127 or c == 0 for c in raw)


def copied_prop(node, name, tree):
    """The value of a hardware node's property, as source."""
    raw = node.props[name]
    if not raw:
        return []
    if looks_like_text(raw):
        return quoted(*node.strings(name))
    numbers = node.cells(name)
    if name == "interrupts":
        return [decimal(*numbers[i:i + 3]) for i in range(0, len(numbers), 3)]
    if name not in REFERENCES:
        return [decimal(*numbers)]
    out = []
    while numbers:
        target = tree.by_phandle[numbers.pop(0)]
        count = target.cells(REFERENCES[name])[0] if REFERENCES[name] else 0
        out.append(cells(f"&{target.label}", *numbers[:count]))
        numbers = numbers[count:]
    return out


def write_device(out, device, kernel, tree):
    node = device.node
    out.open(device.name, None if device.slot is not None else node.label)
    for name in node.props:
        if name in NOT_COPIED or name.startswith("tombolo,"):
            continue
        if device.slot is not None and name == "reg":
            out.prop("reg", reg(device.ranges[0]))
        elif device.slot is not None and name == "interrupts":
            spi, flags = device.spis[0]
            out.prop("interrupts", decimal(0, spi, flags))
        elif name == "reg":
            out.prop("reg", *[reg(r) for r in device.ranges])
        else:
            out.prop(name, *copied_prop(node, name, tree))
    if "interrupt-controller" in node.props:
        out.prop("tombolo,spi-ranges",
                 *[decimal(*r) for r in kernel.spi_ranges()])
    out.close()


def bootargs(board, kernel):
    """What follows from the description, then the kernel's own additions."""
    args = []
    if kernel.console:
        args += [f"console={linux_console(kernel)}", "earlycon"]
    else:
        args += [f"console={linux_console(kernel)}"]
    if kernel.id == 0:
        # Whatever the boot loader does to the memory node.
        args += [f"mem={kernel.ram.size >> 20}M", "root=/dev/vda2", "rw",
                 "rootwait"]
    else:
        # A panic ends in the restart path, which gives the CPUs back.
        args += ["panic=-1", "oops=panic", "irqchip.gicv3_nolpi=1"]
    return " ".join(args + [kernel.bootargs]).strip()


def linux_console(kernel):
    return "ttyAMA0" if kernel.console else "hvc0"


def write_chosen(out, board, kernel):
    if kernel.console:
        out.open("aliases")
        out.prop("serial0", f"&{kernel.console.node.label}")
        out.close()
    out.open("chosen")
    if kernel.console:
        out.prop("stdout-path", *quoted("serial0"))
    out.prop("bootargs", *quoted(bootargs(board, kernel)))
    if "initrd" in kernel.load:
        start = wide(kernel.load["initrd"])
        out.prop("linux,initrd-start", start)
        out.line("/* set by the image build, which knows the size */")
        out.prop("linux,initrd-end", start)
    out.close()


def write_caches(out, node, tree):
    """The cache properties of a group of cores, or of their second level."""
    for name in node.props:
        if "cache" in name or name == "compatible" and node.base == "l2-cache":
            out.prop(name, *copied_prop(node, name, tree))


def write_cpus(out, kernel, tree):
    group = kernel.cores
    out.open("cpus")
    out.prop("#address-cells", cells(2))
    out.prop("#size-cells", cells(0))
    for mpidr in kernel.cpus:
        out.open(f"cpu@{mpidr:x}")
        out.prop("device_type", *quoted("cpu"))
        out.prop("compatible", *quoted(group.compatible))
        out.prop("reg", wide(mpidr))
        out.prop("enable-method", *quoted("psci"))
        write_caches(out, group.node, tree)
        if group.l2:
            out.prop("next-level-cache", "<&l2>")
        out.close()
    if group.l2:
        out.open("l2-cache", "l2")
        write_caches(out, group.l2, tree)
        out.close()
    out.close()


def write_psci(out, kernel):
    """
    Version 0.1 has no SYSTEM_RESET and no SYSTEM_OFF: a kernel that must not
    reset the board is not told how, so that not even an early panic can.
    """
    out.open("psci")
    if kernel.id == 0:
        out.prop("compatible", *quoted("arm,psci-1.0", "arm,psci-0.2"))
    else:
        out.prop("compatible", *quoted("arm,psci"))
    out.prop("method", *quoted(kernel.machine.psci_method))
    if kernel.id:
        out.prop("cpu_on", cells(0xc4000003))
        out.prop("cpu_off", cells(0x84000002))
    out.close()


def write_doorbell(out, board, kernel):
    out.open("doorbell", "doorbell")
    out.prop("compatible", *quoted(board.doorbell))
    out.line("/* the peer's kernel id; 0 messages, 1 lifecycle */")
    out.prop("#mbox-cells", cells(2))
    out.prop("tombolo,kernel-id", cells(kernel.id))
    out.prop("tombolo,sgi-base", cells(board.sgi_base))
    out.prop("tombolo,targets", *[wide(k.cpus[0]) for k in board.kernels])
    out.close()


def write_mailbox(out, board, kernel):
    box = board.mailbox
    peers = [k.id for k in board.kernels if k is not kernel]
    out.open(f"imb@{box.window.base:x}")
    out.prop("compatible", *quoted("tombolo,imb"))
    out.prop("reg", reg(box.window))
    out.prop("tombolo,kernel-id", cells(kernel.id))
    out.prop("tombolo,kernels", cells(len(board.kernels)))
    out.prop("tombolo,cache-line", decimal(board.line))
    out.prop("tombolo,lanes", *[decimal(*lane) for lane in box.lanes])
    out.prop("tombolo,pool", decimal(*box.pool))
    out.prop("tombolo,memory", *[reg(k.ram) for k in board.kernels])
    out.prop("mboxes", *[cells("&doorbell", p, 0) for p in peers])
    out.prop("mbox-names", *quoted(*[f"kernel{p}" for p in peers]))
    if board.coherent:
        out.prop("dma-coherent")
    out.close()


def write_remoteproc(out, board, other):
    """In kernel 0: all that is needed to start, stop and bury another."""
    k = other.id
    slots = other.slots
    names = [f"virtio{i}" for i in range(len(slots))]
    out.open(f"remoteproc@{other.ram.base:x}")
    out.prop("compatible", *quoted("tombolo,kernel-rproc"))
    out.prop("tombolo,kernel-id", cells(k))
    out.prop("reg", *[reg(r) for r in (other.ram, other.boot_block)],
             *[reg(d.ranges[0]) for d in slots])
    out.prop("reg-names", *quoted("memory", "boot", *names))
    out.prop("tombolo,cpus", *[wide(c) for c in other.cpus])
    out.prop("tombolo,load-addresses",
             *[wide(other.load[w]) for w in ("image", "dtb", "initrd")])
    out.prop("firmware-name", *quoted(f"tombolo/k{k}-Image",
                                      f"tombolo/k{k}.dtb",
                                      f"tombolo/k{k}-initrd"))
    out.prop("mboxes", cells("&doorbell", k, 1))
    if board.coherent:
        out.prop("dma-coherent")
    out.close()


def write_member(out, board, kernel):
    out.open(f"member@{kernel.boot_block.base:x}")
    out.prop("compatible", *quoted("tombolo,kernel-member"))
    out.prop("tombolo,kernel-id", cells(kernel.id))
    out.prop("reg", reg(kernel.boot_block))
    out.prop("mboxes", cells("&doorbell", 0, 1))
    if board.coherent:
        out.prop("dma-coherent")
    out.close()


def write_log(out, kernel):
    """
    The kernel log, where kernel 0 finds it: mainline's ramoops in the upper
    half of the boot block, set up long before any module (boot_wire.h).
    """
    half = kernel.boot_block.size // 2
    zone = Range(kernel.boot_block.base + half, half)
    out.open(f"ramoops@{zone.base:x}")
    out.prop("compatible", *quoted("ramoops"))
    out.prop("reg", reg(zone))
    out.prop("console-size", cells(zone.size))
    out.close()


def tree_of(board, kernel, tree):
    """The device tree source of one kernel."""
    out = Text()
    out.line("// SPDX-License-Identifier: GPL-2.0")
    out.line(f"/* Kernel {kernel.id} of board {board.name}: generated from"
             f" dts/soc/{board.name}.dts, do not edit. */")
    out.line("/dts-v1/;")
    out.open("/")
    out.prop("#address-cells", cells(2))
    out.prop("#size-cells", cells(2))
    out.prop("compatible", *quoted(f"tombolo,{board.name}",
                                   "linux,dummy-virt"))
    out.prop("model", *quoted(f"{board.model}, kernel {kernel.id}"))
    soc = kernel.machine.node.child("soc")
    if "interrupt-parent" in soc.props:
        out.prop("interrupt-parent", *copied_prop(soc, "interrupt-parent",
                                                  tree))
    write_chosen(out, board, kernel)
    out.open(f"memory@{kernel.ram.base:x}")
    out.prop("device_type", *quoted("memory"))
    out.prop("reg", reg(kernel.ram))
    out.close()
    write_cpus(out, kernel, tree)
    if kernel.machine.psci_method:
        write_psci(out, kernel)
    for device in kernel.machine.devices:
        if device.common or device.owner == kernel.id:
            write_device(out, device, kernel, tree)
    write_doorbell(out, board, kernel)
    write_mailbox(out, board, kernel)
    if kernel.id == 0:
        for other in board.kernels[1:]:
            write_remoteproc(out, board, other)
    else:
        write_member(out, board, kernel)
        write_log(out, kernel)
    out.close()
    return str(out)
