# SPDX-License-Identifier: GPL-2.0
"""Write each kernel's own device tree.

Hardware nodes are copied from the description; what says who is who
(memory, CPUs, doorbell, mailbox, lifecycle) is made here.
"""

from check_devices import REFERENCES, following
from model import HUB_BELL, PARTS, PCI_HOST, Range

NOT_COPIED = ("phandle",)
UARTS = {"arm,pl011": "ttyAMA0", "ns16550a": "ttyS0"}
CPU_INTC = "riscv,cpu-intc"


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
    if name == "interrupts" and len(numbers) % 3 == 0:
        return [decimal(*numbers[i:i + 3]) for i in range(0, len(numbers), 3)]
    if name == "ranges":
        return [cells(*numbers[i:i + 7]) for i in range(0, len(numbers), 7)]
    if name not in REFERENCES:
        return [decimal(*numbers)]
    out = []
    while numbers:
        target = tree.by_phandle[numbers.pop(0)]
        count = following(target, name)
        out.append(cells(f"&{target.label}", *numbers[:count]))
        numbers = numbers[count:]
    return out


def cpu_interrupts(device, kernel):
    """Lines of a device to every CPU of the kernel, for interrupts-extended"""
    return [decimal(f"&cpu{cpu:x}_intc", line) for cpu in kernel.cpus
            for line in device.node.cells("tombolo,cpu-interrupts")]


def root_parent(kernel):
    """
    Said once at the root, the interrupt controller would also be that of the
    lines into riscv64's CPUs, at which its own interrupts end.
    """
    return "interrupt-parent" in kernel.machine.soc.props and \
        kernel.isa == "arm64"


def write_device(out, board, device, kernel, tree):
    node = device.node
    out.open(device.name, None if device.slot is not None else node.label)
    for name in node.props:
        if name in NOT_COPIED or name.startswith("tombolo,"):
            continue
        if device.slot is not None and name == "reg":
            out.prop("reg", reg(device.ranges[0]))
        elif device.slot is not None and name == "interrupts":
            kind = [0] if kernel.isa == "arm64" else []
            out.prop("interrupts", decimal(*kind, *device.spis[0]))
        elif name == "reg":
            out.prop("reg", *[reg(r) for r in device.ranges])
        else:
            out.prop(name, *copied_prop(node, name, tree))
    if "interrupts" in node.props and not root_parent(kernel):
        out.prop("interrupt-parent", *copied_prop(kernel.machine.soc,
                                                  "interrupt-parent", tree))
    if "tombolo,cpu-interrupts" in node.props:
        out.prop("interrupts-extended", *cpu_interrupts(device, kernel))
    if "interrupt-controller" in node.props and board.shares(kernel):
        out.prop("tombolo,spi-ranges",
                 *[decimal(*r) for r in kernel.spi_ranges()])
    if board.doorbell == HUB_BELL and PCI_HOST in device.compatible:
        write_hub(out, board, kernel)
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
        args += ["panic=-1", "oops=panic"]
        if board.shares(kernel):
            args.append("irqchip.gicv3_nolpi=1")
    return " ".join(args + [kernel.bootargs]).strip()


def linux_console(kernel):
    if not kernel.console:
        return "hvc0"
    return next((UARTS[c] for c in kernel.console.compatible if c in UARTS),
                "ttyS0")


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


def write_cpu_props(out, node, tree):
    """What a group of cores, or its second level of caches, is like."""
    for name in node.props:
        if "cache" in name or name.startswith("riscv,") or \
                name == "mmu-type" or \
                name == "compatible" and node.base == "l2-cache":
            out.prop(name, *copied_prop(node, name, tree))


def write_cpu_intc(out, cpu):
    """What the lines of interrupts-extended are to go to."""
    out.open("interrupt-controller", f"cpu{cpu:x}_intc")
    out.prop("compatible", *quoted(CPU_INTC))
    out.prop("interrupt-controller")
    out.prop("#interrupt-cells", cells(1))
    out.prop("#address-cells", cells(0))
    out.close()


def write_foreign_cpus(out, board, kernel):
    """
    The cores of the others follow in the order of their kernels, as threads
    are bound to them: possible, so that sysconf(), libnuma and cpusets count
    them, and never present. Linux is told so by a spin table without an
    address; what it must not start has no PSCI method. Those of another
    machine have ids that only tell them apart.
    """
    for other in board.kernels:
        near = other.machine is kernel.machine
        for cpu in other.cpus if other is not kernel else []:
            reg_ = cpu if near else \
                board.machines.index(other.machine) + 1 << 32 | cpu
            out.open(f"cpu@{reg_:x}")
            out.prop("device_type", *quoted("cpu"))
            out.prop("compatible", *quoted(other.cores.compatible))
            out.prop("reg", wide(reg_))
            out.prop("enable-method", *quoted("spin-table"))
            out.prop("cpu-release-addr", wide(0))
            out.prop("status", *quoted("disabled"))
            out.close()


def write_cpus(out, board, kernel, tree):
    group, arm64 = kernel.cores, kernel.isa == "arm64"
    out.open("cpus")
    out.prop("#address-cells", cells(2 if arm64 else 1))
    out.prop("#size-cells", cells(0))
    if "timebase-frequency" in group.node.props:
        out.prop("timebase-frequency",
                 *copied_prop(group.node, "timebase-frequency", tree))
    for cpu in kernel.cpus:
        out.open(f"cpu@{cpu:x}")
        out.prop("device_type", *quoted("cpu"))
        out.prop("compatible", *quoted(group.compatible))
        if arm64:
            out.prop("reg", wide(cpu))
            out.prop("enable-method", *quoted("psci"))
        else:
            out.prop("reg", cells(cpu))
        write_cpu_props(out, group.node, tree)
        if group.l2:
            out.prop("next-level-cache", "<&l2>")
        if not arm64:
            write_cpu_intc(out, cpu)
        out.close()
    if arm64:
        write_foreign_cpus(out, board, kernel)
    if group.l2:
        out.open("l2-cache", "l2")
        write_cpu_props(out, group.l2, tree)
        out.close()
    out.close()


def write_psci(out, board, kernel):
    """
    Version 0.1 has no SYSTEM_RESET and no SYSTEM_OFF: a kernel that must not
    reset the board is not told how, so that not even an early panic can. One
    with a machine of its own resets nothing but itself.
    """
    borrowed = kernel.id and board.shares(kernel)
    out.open("psci")
    if not borrowed:
        out.prop("compatible", *quoted("arm,psci-1.0", "arm,psci-0.2"))
    else:
        out.prop("compatible", *quoted("arm,psci"))
    out.prop("method", *quoted(kernel.machine.psci_method))
    if borrowed:
        out.prop("cpu_on", cells(0xc4000003))
        out.prop("cpu_off", cells(0x84000002))
    out.close()


def write_hub(out, board, kernel):
    """What connects the machines, as this kernel's PCI device."""
    out.open(f"hub@{board.pci_device:x},0", "doorbell")
    out.prop("compatible", *quoted(board.doorbell, "pci1af4,1110"))
    out.prop("reg", cells(board.pci_device << 11, 0, 0, 0, 0))
    out.line("/* the peer's kernel id; 0 messages, 1 lifecycle */")
    out.prop("#mbox-cells", cells(2))
    out.line("/* the kernel id whose machine is turned on or off */")
    out.prop("#reset-cells", cells(1))
    out.prop("tombolo,kernel-id", cells(kernel.id))
    out.prop("tombolo,kernels", cells(len(board.kernels)))
    out.close()


def write_doorbell(out, board, kernel):
    if board.doorbell == HUB_BELL:
        return
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


def file_of(kernel, part):
    """The file with a part of a kernel, on kernel 0's disk."""
    return {"image": f"k{kernel.id}-Image",
            "dtb": f"k{kernel.id}.dtb"}.get(part, f"k{kernel.id}-{part}")


def write_remoteproc(out, board, other):
    """In kernel 0: all that is needed to start, stop and bury another."""
    k = other.id
    parts = [p for p in PARTS if p in other.load]
    # Only devices on our own machine can be reset by us.
    near = other.machine is board.kernels[0].machine
    slots = other.slots if near else []
    names = [f"virtio{i}" for i in range(len(slots))]
    out.open(f"remoteproc@{other.ram.base:x}")
    out.prop("compatible", *quoted("tombolo,kernel-rproc"))
    out.prop("tombolo,kernel-id", cells(k))
    out.prop("reg", *[reg(r) for r in (other.ram, other.boot_block)],
             *[reg(d.ranges[0]) for d in slots])
    out.prop("reg-names", *quoted("memory", "boot", *names))
    out.prop("tombolo,cpus", *[wide(c) for c in other.cpus])
    out.prop("tombolo,load-addresses",
             *[wide(other.load[part]) for part in parts])
    out.prop("firmware-name",
             *quoted(*[f"tombolo/{file_of(other, p)}" for p in parts]))
    out.prop("mboxes", cells("&doorbell", k, 1))
    if not near:
        out.prop("resets", cells("&doorbell", k))
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
    if root_parent(kernel):
        out.prop("interrupt-parent", *copied_prop(kernel.machine.soc,
                                                  "interrupt-parent", tree))
    write_chosen(out, board, kernel)
    out.open(f"memory@{kernel.ram.base:x}")
    out.prop("device_type", *quoted("memory"))
    out.prop("reg", reg(kernel.ram))
    out.close()
    write_cpus(out, board, kernel, tree)
    if kernel.machine.psci_method:
        write_psci(out, board, kernel)
    for device in kernel.machine.devices:
        if device.common or device.owner == kernel.id:
            write_device(out, board, device, kernel, tree)
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
