# SPDX-License-Identifier: GPL-2.0
"""Judge the memory map: every byte of DRAM in exactly one region."""

from model import BOOT_BLOCK_SIZE, Range

RAM_ALIGN = 2 << 20
PAGE = 4096


def check_regions(board, problems):
    check_owners(board, problems)
    for region in board.regions:
        align = RAM_ALIGN if region.kind == "ram" else PAGE
        if region.range.size == 0:
            problems.error(region.where, f"{region.kind} at "
                           f"{region.range.base:#x} is empty")
        elif region.range.base % align or region.range.size % align:
            problems.error(region.where, f"{region} is not aligned to "
                           f"{align:#x}")
    check_cover(board, problems)


def check_owners(board, problems):
    """Each kernel has its RAM, all but the first their boot block."""
    held = {}
    for region in board.regions:
        if region.owner is not None and not board.kernel(region.owner):
            problems.error(region.where, f"{region} is given to kernel "
                           f"{region.owner}, but the kernels are "
                           f"0 to {len(board.kernels) - 1}")
        key = (region.kind, region.owner)
        if region.kind != "spare" and key in held:
            problems.error(region.where, f"{region} is a second one beside "
                           f"{held[key]}: there can be one")
        held.setdefault(key, region)
    for kernel in board.kernels:
        if ("ram", kernel.id) not in held:
            problems.error(kernel.where, f"kernel {kernel.id} has no ram in "
                           "the memory map")
        if kernel.id and ("boot-block", kernel.id) not in held:
            problems.error(kernel.where, f"kernel {kernel.id} has no "
                           "boot-block in the memory map")
    check_boot_blocks(board, held, problems)
    if ("mailbox", None) not in held:
        problems.error(board.mailbox.node.where, "the memory map has no "
                       "mailbox@ region for the mailbox")


def check_boot_blocks(board, held, problems):
    for (kind, owner), region in held.items():
        if kind != "boot-block":
            continue
        if owner == 0:
            problems.error(region.where, f"{region}: kernel 0 is started by "
                           "the boot loader and has no boot block")
        if region.range.size != BOOT_BLOCK_SIZE:
            problems.error(region.where, f"{region} has {region.range.size:#x}"
                           f" bytes; a boot block has {BOOT_BLOCK_SIZE:#x}")


def dram_of(board):
    """The machines' views of DRAM, those that meet joined."""
    out = []
    for dram in sorted((m.dram for m in board.machines),
                       key=lambda r: r.base):
        if out and dram.base <= out[-1].end:
            end = max(out[-1].end, dram.end)
            out[-1] = Range(out[-1].base, end - out[-1].base)
        else:
            out.append(dram)
    return out


def check_cover(board, problems):
    regions = sorted(board.regions, key=lambda r: r.range.base)
    for i, region in enumerate(regions):
        for other in regions[i + 1:]:
            if region.range.overlaps(other.range):
                problems.error(other.where, f"{other} overlaps {region}")
    for dram in dram_of(board):
        check_gaps(dram, [r for r in regions if dram.overlaps(r.range)],
                   board, problems)
    for region in regions:
        if not any(d.holds(region.range) for d in dram_of(board)):
            problems.error(region.where, f"{region} is not inside the DRAM "
                           + ", ".join(map(str, dram_of(board))))


def check_gaps(dram, regions, board, problems):
    at, before = dram.base, f"the start of DRAM ({board.machines[0].where})"
    for region in regions + [None]:
        start = region.range.base if region else dram.end
        if start > at:
            after = region or f"the end of DRAM ({board.machines[0].where})"
            where = region.where if region else regions[-1].where \
                if regions else board.machines[0].where
            problems.error(where, f"DRAM {Range(at, start - at)} between "
                           f"{before} and {after} belongs to nobody: give it "
                           "to a kernel or declare it spare@")
        if region:
            at, before = max(at, region.range.end), region
