# SPDX-License-Identifier: GPL-2.0
"""Write board.json: every fact of the board, for programs; and `kernels`: the
few that shell scripts read."""

import json

import emit_qemu
from emit_dts import bootargs, linux_console


UART_TYPES = {"arm,pl011": "pl011", "ns16550a": "ns16550"}


def range_facts(range_):
    return {"base": range_.base, "size": range_.size}


def console_facts(kernel):
    if kernel.console:
        return {"type": UART_TYPES.get(kernel.console.compatible[0], "uart"),
                "linux": linux_console(kernel),
                "base": kernel.console.ranges[0].base,
                "chardev": f"console{kernel.id}"}
    return {"type": "virtio", "linux": linux_console(kernel),
            "slot": kernel.virtio["console"],
            "chardev": f"console{kernel.id}"}


def virtio_facts(kernel):
    buses = {role: emit_qemu.bus_name(slot)
             for role, slot in kernel.virtio.items()}
    return {"slots": [d.slot for d in kernel.slots], **kernel.virtio,
            "spare": kernel.spare_slots, "bus": buses}


def kernel_facts(board, kernel):
    facts = {
        "id": kernel.id, "isa": kernel.isa, "machine": kernel.machine.id,
        "cpus": kernel.cpus, "memory": range_facts(kernel.ram),
        "load": kernel.load, "console": console_facts(kernel),
        "bootargs": bootargs(board, kernel), "virtio": virtio_facts(kernel),
        "spi_ranges": kernel.spi_ranges(),
        "devices": [{"name": d.name, "base": d.ranges[0].base,
                     "size": d.ranges[0].size,
                     "spis": [s for s, _ in d.spis]}
                    for d in kernel.devices if d.ranges],
        "dtb": f"k{kernel.id}.dtb",
    }
    if kernel.boot_block:
        facts["boot_block"] = range_facts(kernel.boot_block)
        facts["initrd_max"] = kernel.ram.end - kernel.load["initrd"]
    if "disk" in kernel.virtio:
        facts["disk"] = "disk.img" if kernel.id == 0 else \
            f"disk{kernel.id}.img"
    return facts


def boots(board, machine):
    """What a machine executes first."""
    return "u-boot" if board.kernels[0].machine is machine else "stub"


def machine_facts(board, machine):
    return {
        "id": machine.id, "isa": machine.isa, "binary": machine.binary,
        "min_version": machine.min_version,
        "args": emit_qemu.args_file(machine),
        "cpus": machine.cpus, "dram": range_facts(machine.dram),
        "kernels": [k.id for k in board.on(machine)],
        "boots": boots(board, machine),
    }


def doorbell_facts(board):
    facts = {"compatible": board.doorbell,
             "targets": [k.cpus[0] for k in board.kernels]}
    if board.sgi_base is not None:
        facts["sgi_base"] = board.sgi_base
    if board.pci_device is not None:
        facts["pci_device"] = board.pci_device
    return facts


def json_of(board):
    """The text of board.json."""
    box = board.mailbox
    facts = {
        "name": board.name, "model": board.model,
        "coherent": board.coherent, "cache_line": board.line,
        "machines": [machine_facts(board, m) for m in board.machines],
        "kernels": [kernel_facts(board, k) for k in board.kernels],
        "memory": [{"kind": r.kind, "owner": r.owner, **range_facts(r.range)}
                   for r in board.regions],
        "mailbox": {"window": range_facts(box.window),
                    "lanes": [{"slots": s, "slot_size": z}
                              for s, z in box.lanes],
                    "pool": {"count": box.pool[0], "size": box.pool[1]},
                    "section_size": box.section_size(),
                    "needed": box.needed(len(board.kernels))},
        "doorbell": doorbell_facts(board),
        "disk": {k.replace("-", "_"): v for k, v in board.disk.items()},
    }
    return json.dumps(facts, indent=1) + "\n"


def kernels_of(board):
    """The text of `kernels`: number, ISA, machine, what that boots with."""
    return "".join(f"{k.id} {k.isa} {k.machine.id} {boots(board, k.machine)}\n"
                   for k in board.kernels)
