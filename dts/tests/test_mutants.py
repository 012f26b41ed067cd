# SPDX-License-Identifier: GPL-2.0
"""Descriptions with one line spoilt in every way we can think of: each is
either refused with a message or gives trees that dtc takes, never a traceback.
SEED=n chooses other mutants.
"""

import os
import random
import re
import shutil

import generate
import source
import words
from boards import DTS

BOARDS = {"a64-2x2.dts": ("a64-2x2.dts", "a64-common.dtsi",
                          "qemu-virt-a64.dtsi"),
          "nc-a64-a64.dts": ("nc-a64-a64.dts", "qemu-virt-a64-pci.dtsi"),
          "nc-a64-rv64.dts": ("nc-a64-rv64.dts", "nc-common.dtsi",
                              "qemu-virt-rv64.dtsi")}
NUMBERS = ("0", "3", "7", "64", "0x80000000", "0xffffffff")


def mutants(line, rng):
    """The line gone, a number changed, a value lost or of another type."""
    yield ""
    numbers = list(re.finditer(r"0x[0-9a-f]+|\d+", line))
    if numbers:
        at = rng.choice(numbers)
        yield line[:at.start()] + rng.choice(NUMBERS) + line[at.end():]
    if "=" in line and ";" in line:
        yield line.split("=")[0] + ";"
        yield line.split("=")[0] + '= "x";'


def attempt(path):
    problems = words.Problems()
    try:
        board, tree = generate.read(path, problems)
        if not problems.errors:
            list(generate.outputs(board, tree))
    except source.SourceError as e:
        assert "bug in" not in str(e), str(e)


def spoil(folder, board, file, seed):
    rng = random.Random(seed)
    soc = folder / "mutants" / file
    shutil.copytree(DTS / "soc", soc)
    lines = (soc / file).read_text().splitlines()
    for i, line in enumerate(lines):
        if re.match(r"\s*(/?\*|//|$)", line):
            continue
        for mutant in mutants(line, rng):
            spoilt = lines[:i] + [mutant] + lines[i + 1:]
            (soc / file).write_text("\n".join(spoilt) + "\n")
            try:
                attempt(soc / board)
            except Exception as e:
                raise AssertionError(f"seed {seed}, {file}:{i + 1}: {line!r} "
                                     f"-> {mutant!r}: {e!r}") from e


def tests(folder):
    seed = int(os.environ.get("SEED") or 1)
    for board, files in BOARDS.items():
        for file in files:
            yield (f"mutants of {file}, SEED={seed}",
                   lambda b=board, f=file: spoil(folder, b, f, seed))
