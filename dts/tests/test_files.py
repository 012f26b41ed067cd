# SPDX-License-Identifier: GPL-2.0
"""The other generated files: header, QEMU arguments, disk, boot entry."""

import re
import shutil
import subprocess

from boards import DTS, NAMES, generate, generated
from model import BOOT_BLOCK_SIZE, IMB_WIRE
from tap import Skip

PLACEHOLDER = re.compile(r"@[A-Z0-9]+@")


def compile_text(text, language, folder):
    if not shutil.which("gcc"):
        raise Skip("gcc is not installed")
    done = subprocess.run(["gcc", "-x", language, "-c", "-Wall", "-Werror",
                           "-o", str(folder / "x.o"), "-"], input=text,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def header_is_right_in_c(board):
    facts = board.json
    window = facts["mailbox"]["window"]
    lines = [f'#include "{board.dir}/board.h"',
             f'#include "{board.dir}/board.h"']
    claims = {"TOMBOLO_KERNELS": len(facts["kernels"]),
              "TOMBOLO_CACHE_LINE": facts["cache_line"],
              "TOMBOLO_MAILBOX_BASE": window["base"],
              "TOMBOLO_MAILBOX_SIZE": window["size"]}
    bell = facts["doorbell"]
    for word, fact in (("SGI_BASE", "sgi_base"),
                       ("HUB_DEVICE", "pci_device")):
        if fact in bell:
            claims[f"TOMBOLO_{word}"] = bell[fact]
    for k in facts["kernels"]:
        claims[f"TOMBOLO_K{k['id']}_RAM_BASE"] = k["memory"]["base"]
        claims[f"TOMBOLO_K{k['id']}_RAM_SIZE"] = k["memory"]["size"]
    lines += [f'_Static_assert({n} == {v:#x}ULL, "{n}");'
              for n, v in claims.items()]
    lines.append(f"_Static_assert(sizeof(TOMBOLO_BOARD) == "
                 f"{len(board.name) + 1}, \"name\");")
    compile_text("\n".join(lines), "c", board.dir)


def header_is_right_in_assembler(board):
    compile_text(f'#include "{board.dir}/board.h"\n'
                 ".quad TOMBOLO_MAILBOX_BASE, TOMBOLO_K0_RAM_SIZE\n"
                 ".ascii TOMBOLO_BOARD\n", "assembler-with-cpp", board.dir)


def kernels_is_short_json(board):
    machines = board.json["machines"]
    facts = [[k["id"], k["isa"], k["machine"],
              machines[k["machine"]]["boots"]] for k in board.json["kernels"]]
    lines = (board.dir / "kernels").read_text().splitlines()
    assert [line.split() for line in lines] == \
        [[str(word) for word in fact] for fact in facts], lines


def qemu_slots_are_their_kernels(board):
    for machine, args in board.arguments():
        slots_of_one_machine(board, machine, args)


def slots_of_one_machine(board, machine, args):
    assert all(args), "an empty argument"
    buses = [int(b) for a in args
             for b in re.findall(r"bus=virtio-mmio-bus\.(\d+)", a)]
    assert len(buses) == len(set(buses)), f"a slot used twice: {buses}"
    wanted = []
    for k in board.json["kernels"]:
        if k["machine"] != machine["id"]:
            continue
        virtio = k["virtio"]
        wanted += [virtio[r] for r in ("disk", "rng", "console")
                   if r in virtio]
        assert set(virtio["spare"]) <= set(virtio["slots"])
        assert not set(virtio["spare"]) & set(buses)
    assert sorted(buses) == sorted(wanted)
    if 0 not in machine["kernels"]:
        return
    first = board.json["kernels"][0]["virtio"]
    assert first["bus"]["overlay"] not in args and first["overlay"] not in \
        buses and first["serial"] not in buses


def placeholders_are_documented(board):
    found = {re.sub(r"\d+", "<N>", p) for _, args in board.arguments()
             for a in args for p in PLACEHOLDER.findall(a)}
    readme = (DTS / "README.md").read_text()
    for word in found | {"@UBOOT@"}:
        assert word in readme, f"README.md does not explain {word}"


def boot_entry_and_tree_agree(board):
    append = re.search(r"^\tappend (.*)$", board.text("extlinux.conf"),
                       re.M)[1]
    assert append == board.json["kernels"][0]["bootargs"]


def disks_are_those_of_the_facts(board):
    images = set(re.findall(r"^image (disk\d*\.img)",
                            board.text("genimage.cfg"), re.M))
    assert images == {k["disk"] for k in board.json["kernels"]}


def second_run_changes_nothing(board):
    before = {p: p.stat().st_mtime_ns for p in board.dir.glob("[bqgek]*.*")}
    done = generate(DTS / "soc" / f"{board.name}.dts", board.dir)
    assert done.returncode == 0, done.stderr
    stale = board.dir / "k7.dtb"
    stale.write_bytes(b"")
    done = generate(DTS / "soc" / f"{board.name}.dts", board.dir)
    assert not stale.exists(), "the tree of a kernel that is no more stayed"
    after = {p: p.stat().st_mtime_ns for p in before}
    assert before == after, "a file was written again"


def genimage_takes_the_layout(board):
    if not shutil.which("genimage"):
        raise Skip("genimage is not installed")
    inputs, out = board.dir / "in", board.dir / "img"
    for folder in (inputs, board.dir / "empty"):
        folder.mkdir(exist_ok=True)
    for name in ("Image", "k0.dtb", "boot.itb", "extlinux.conf"):
        (inputs / name).write_bytes(b"x" * 1000)
    with open(inputs / "root.ext4", "wb") as f:
        f.truncate(1 << 20)
    done = subprocess.run(
        ["genimage", "--config", str(board.dir / "genimage.cfg"),
         "--rootpath", str(board.dir / "empty"), "--tmppath",
         str(board.dir / "tmp"), "--inputpath", str(inputs), "--outputpath",
         str(out)], capture_output=True, text=True)
    if done.returncode and re.search("(mkdosfs|mcopy|mmd).*not found",
                                     done.stderr + done.stdout):
        raise Skip("mtools or dosfstools is not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    disk = board.json["disk"]
    size = (out / "disk.img").stat().st_size >> 20
    assert disk["boot_mib"] + disk["root_mib"] <= size <= \
        disk["boot_mib"] + disk["root_mib"] + 4, f"disk.img has {size} MiB"
    for k in board.json["kernels"][1:]:
        assert (out / k["disk"]).stat().st_size == disk["scratch_mib"] << 20


FACTS = (header_is_right_in_c, header_is_right_in_assembler,
         kernels_is_short_json,
         qemu_slots_are_their_kernels, placeholders_are_documented,
         boot_entry_and_tree_agree, disks_are_those_of_the_facts,
         genimage_takes_the_layout, second_run_changes_nothing)


def limit_is_that_of(file, name, value):
    """Numbers that we repeat because dts/ includes no other component."""
    header = DTS.parent / file
    if not header.exists():
        raise Skip(f"{file} is not there")
    found = re.search(rf"^#define\s+{name}\s+(\w+)", header.read_text(), re.M)
    assert found, f"{file} does not define {name}"
    assert int(found[1], 0) == value, f"{found[0]} there, {value} here"


def tests(folder):
    limits = [("ipi-mailbox/include/imb_wire.h", f"IMB_WIRE_{n}", v)
              for n, v in IMB_WIRE.items()]
    limits.append(("boot/include/boot_wire.h", "BOOT_BLOCK_SIZE",
                   BOOT_BLOCK_SIZE))
    for limit in limits:
        yield (f"limits: {limit[1]} is that of {limit[0]}",
               lambda a=limit: limit_is_that_of(*a))
    for name in NAMES:
        for fact in FACTS:
            yield (f"{name}: {fact.__name__}",
                   lambda n=name, f=fact: f(generated(n, folder)))
