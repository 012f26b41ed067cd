# SPDX-License-Identifier: GPL-2.0
"""Write the arguments that make QEMU into one machine of the board.

One argument per line. The words between @ are filled in by whoever starts
QEMU; dts/README.md lists them.
"""


def console_args(kernel):
    k = kernel.id
    out = ["-chardev", f"@CONSOLE{k}@,id=console{k}"]
    if kernel.console:
        return out + ["-serial", f"chardev:console{k}"]
    bus = bus_name(kernel.virtio["console"])
    return out + [
        "-device", f"virtio-serial-device,id=vcon{k},max_ports=1,bus={bus}",
        "-device", f"virtconsole,chardev=console{k},bus=vcon{k}.0"]


def bus_name(slot):
    return f"virtio-mmio-bus.{slot}"


def disk_args(kernel):
    k = kernel.id
    return ["-drive", f"if=none,id=disk{k},file=@DISK{k}@,format=raw,"
            "snapshot=on",
            "-device", f"virtio-blk-device,drive=disk{k},"
            f"serial=tombolo-disk{k},bus={bus_name(kernel.virtio['disk'])}"]


def rng_args(kernel):
    k = kernel.id
    return ["-object", f"rng-builtin,id=rng{k}",
            "-device", f"virtio-rng-device,rng=rng{k},"
            f"bus={bus_name(kernel.virtio['rng'])}"]


def serial_order(kernel):
    """QEMU gives out its UARTs in the order of the -serial options."""
    return kernel.console.ranges[0].base if kernel.console else 1 << 64


def memory_args(board, machine):
    """
    Machines that share a DRAM have it in one file, at the offset of its
    physical address; each has the part that it sees.
    """
    size = f"{machine.dram.size >> 20}M"
    if not board.several:
        return ["-M", machine.qemu_machine, "-m", size]
    return ["-M", f"{machine.qemu_machine},memory-backend=dram", "-m", size,
            "-object", f"memory-backend-file,id=dram,size={size},share=on,"
            f"offset={machine.dram.base:#x},mem-path=@DRAM@"]


def smp_args(board, machine):
    """
    With maxcpus=1, QEMU makes no atomic operations of the guest's: they would
    not be for what another process sees either.
    """
    count = len(machine.cpus)
    return ["-smp", f"{count},maxcpus={max(count, 2)}" if board.several
            else str(count)]


def boot_args(board, machine):
    if board.kernels[0].machine is machine:
        return ["-bios", "@UBOOT@"]
    stub = f"@STUB{machine.id}@"
    if machine.isa == "arm64":
        return ["-bios", stub]
    # -bios would put it into DRAM; a flash is beside it and entered at once.
    return ["-bios", "none", "-drive",
            f"if=pflash,unit=0,format=raw,readonly=on,file={stub}"]


def bell_args(board):
    if board.pci_device is None:
        return []
    return ["-chardev", "@BELLS@,id=bells",
            "-device", "ivshmem-doorbell,chardev=bells,"
            f"vectors={len(board.kernels) + 1},bus=pcie.0,"
            f"addr={board.pci_device:#x}"]


def args_of(board, machine):
    """The argument list of one machine, without the program's name."""
    kernels = board.on(machine)
    out = [*memory_args(board, machine),
           "-cpu", machine.cores[0].qemu_cpu,
           *smp_args(board, machine),
           "-accel", "tcg,thread=multi",
           "-nodefaults", "-display", "none", "-monitor", "none",
           "-global", "virtio-mmio.force-legacy=false"]
    out += boot_args(board, machine)
    for kernel in sorted(kernels, key=serial_order):
        out += console_args(kernel)
    for kernel in kernels:
        out += disk_args(kernel) if "disk" in kernel.virtio else []
        out += rng_args(kernel) if "rng" in kernel.virtio else []
    return out + bell_args(board)


def args_file(machine):
    return "qemu.args" if machine.id == 0 else f"qemu{machine.id}.args"
