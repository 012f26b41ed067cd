# SPDX-License-Identifier: GPL-2.0
"""Write board.h: the board's numbers for C and for the assembler."""


def define(name, value, note=""):
    shown = f"{value:#x}" if isinstance(value, int) and value > 255 else value
    line = f"#define TOMBOLO_{name}"
    line += " " * max(1, 40 - len(line)) + str(shown)
    return line + (f"\t/* {note} */" if note else "")


def range_defines(name, range_):
    return [define(f"{name}_BASE", range_.base),
            define(f"{name}_SIZE", range_.size)]


def kernel_defines(kernel):
    k = f"K{kernel.id}"
    out = [f"\n/* kernel {kernel.id} */"]
    out += range_defines(f"{k}_RAM", kernel.ram)
    out.append(define(f"{k}_CPUS", len(kernel.cpus)))
    out.append(define(f"{k}_BOOT_MPIDR", kernel.cpus[0]))
    for what, address in kernel.load.items():
        out.append(define(f"{k}_{what.upper()}", address))
    if kernel.load:
        # A firmware is entered first, and enters the Image.
        first = "firmware" if "firmware" in kernel.load else "image"
        out.append(define(f"{k}_ENTRY", kernel.load[first]))
        out.append(define(f"{k}_NEXT", kernel.load["image"]
                          if first == "firmware" else 0))
    if kernel.boot_block:
        out += range_defines(f"{k}_BOOT_BLOCK", kernel.boot_block)
    if kernel.console:
        out.append(define(f"{k}_UART", kernel.console.ranges[0].base))
    return out


def mailbox_defines(board):
    box = board.mailbox
    out = ["\n/* the mailbox */", *range_defines("MAILBOX", box.window),
           define("MAILBOX_SECTION_SIZE", box.section_size(),
                  "of one ordered pair of kernels"),
           define("LANES", len(box.lanes))]
    for i, (slots, size) in enumerate(box.lanes):
        out += [define(f"LANE{i}_SLOTS", slots),
                define(f"LANE{i}_SLOT_SIZE", size)]
    return out + [define("POOL_BUFFERS", box.pool[0]),
                  define("POOL_BUFFER_SIZE", box.pool[1])]


def header_of(board):
    """The text of board.h."""
    out = ["/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */",
           f"/* Board {board.name}: generated from dts/soc/{board.name}.dts,"
           " do not edit. */",
           "#ifndef TOMBOLO_BOARD_H", "#define TOMBOLO_BOARD_H", "",
           define("BOARD", f'"{board.name}"'),
           define("KERNELS", len(board.kernels)),
           define("CACHE_LINE", board.line),
           define("COHERENT", int(board.coherent))]
    if board.sgi_base is not None:
        out.append(define("SGI_BASE", board.sgi_base,
                          "kernel k rings SGI base + k"))
    if board.pci_device is not None:
        out.append(define("HUB_DEVICE", board.pci_device,
                          "on every kernel's PCI bus 0"))
    out += mailbox_defines(board)
    for kernel in board.kernels:
        out += kernel_defines(kernel)
    return "\n".join(out + ["", "#endif"]) + "\n"
