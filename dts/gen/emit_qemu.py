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


def args_of(board, machine):
    """The argument list of one machine, without the program's name."""
    kernels = [k for k in board.kernels if k.machine is machine]
    out = ["-M", machine.qemu_machine,
           "-cpu", machine.cores[0].qemu_cpu,
           "-smp", str(len(machine.cpus)),
           "-m", f"{machine.dram.size >> 20}M",
           "-accel", "tcg,thread=multi",
           "-nodefaults", "-display", "none", "-monitor", "none",
           "-global", "virtio-mmio.force-legacy=false"]
    if kernels[0].id == 0:
        out += ["-bios", "@UBOOT@"]
    for kernel in sorted(kernels, key=serial_order):
        out += console_args(kernel)
    for kernel in kernels:
        out += disk_args(kernel) if "disk" in kernel.virtio else []
        out += rng_args(kernel) if "rng" in kernel.virtio else []
    return out


def args_file(machine):
    return "qemu.args" if machine.id == 0 else f"qemu{machine.id}.args"
