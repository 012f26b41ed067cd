# SPDX-License-Identifier: GPL-2.0
"""Finds the suites, reads what they declare, and groups them into boots.

A suite is an executable suites/<area>/<name>; lines `#: key value` (or
`//: key value` in C) at its top declare how it wants to be run:

  boards    names of the boards it makes sense on (default: all)
  isas      how many ISAs the kernels may have: 1, or any (the default)
  level     quick (default), all, or soak: which run includes it
  boot      shared (default), own, or a name: which boot it shares
  append    words added to kernel 0's command line for that boot
  member-append  the same for the other kernels
  cpu       which of launch.CPUS the board has for that boot
  timeout   seconds it may take (default 60)
  log       `k<N> REGEX` or `any REGEX`: trouble in a log that it provokes
  report    REGEX: what the caches' sanitizer, if there is one, has to report
"""

import os
import re
from dataclasses import dataclass, field

from .errors import USAGE, Failure

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..",
                    "suites")
# What disturbs the least comes first; they may share a boot.
AREAS = ("boot", "kunit", "messages", "net", "dsm", "migrate", "lifecycle",
         "faults", "leaks")
LEVELS = ("quick", "all", "soak")
KEYS = {"boards", "isas", "level", "boot", "append", "member_append", "cpu",
        "timeout", "log", "report"}


@dataclass
class Suite:
    area: str
    name: str
    boards: list = field(default_factory=list)
    isas: str = "any"
    level: str = "quick"
    boot: str = "shared"
    append: str = ""
    member_append: str = ""
    cpu: str = ""
    timeout: float = 60
    expected: list = field(default_factory=list)
    reports: list = field(default_factory=list)
    summary: str = ""

    @property
    def id(self):
        return f"{self.area}/{self.name}"


def parse(area, name, text):
    """A Suite from its file's first lines."""
    suite = Suite(area, name)
    for line in text.splitlines()[1:40]:
        declared = re.match(r"^(?:#|//|\s\*): ([\w-]+)\s+(.*)$", line)
        if declared:
            declare(suite, declared.group(1).replace("-", "_"),
                    declared.group(2).strip())
        elif not suite.summary and "SPDX" not in line:
            suite.summary = re.sub(r"^(#|//| ?/?\*+/?) ?", "", line)
    return suite


def declare(suite, key, value):
    if key not in KEYS:
        raise Failure(USAGE, f"suite {suite.id}: unknown declaration {key}")
    if key == "log":
        kernel, _, pattern = value.partition(" ")
        number = int(kernel[1:]) if kernel != "any" else None
        suite.expected.append({"kernel": number, "pattern": pattern})
    elif key == "report":
        suite.reports.append(value)
    elif key == "boards":
        suite.boards = value.split()
    elif key == "timeout":
        suite.timeout = float(value)
    else:
        setattr(suite, key, value)


def find(root=ROOT):
    """All suites, in the order in which they run."""
    suites = []
    for area in AREAS:
        directory = os.path.join(root, area)
        for name in sorted(os.listdir(directory)
                           if os.path.isdir(directory) else []):
            path = os.path.join(directory, name)
            if os.access(path, os.X_OK) or name.endswith(".c"):
                with open(path, encoding="utf-8") as file:
                    suites.append(parse(area, name.removesuffix(".c"),
                                        file.read(4096)))
    return suites


def select(suites, board, level, names):
    """The suites for a board: of a level, of the areas in names if any, and
    those that names ask for by their full name, whatever their level."""
    known = {suite.id for suite in suites} | {s.area for s in suites}
    for name in names:
        if name not in known:
            raise Failure(USAGE, f"there is no suite {name}; "
                          "see board-tests/test --list")
    chosen = [s for s in suites if not s.boards or board in s.boards]
    wanted = LEVELS[:2] if level == "all" else (level,)
    return [s for s in chosen if s.id in names or
            (s.level in wanted and (not names or s.area in names))]


def split(suites, isas):
    """The suites that a board with these ISAs runs, and those that it skips."""
    skipped = [s for s in suites if s.isas == "1" and len(set(isas)) > 1]
    return [s for s in suites if s not in skipped], skipped


def boots(suites):
    """Groups of suites that share a boot, in order of first appearance."""
    groups = {}
    for suite in suites:
        key = suite.id if suite.boot == "own" else suite.boot
        groups.setdefault((key, suite.append, suite.member_append, suite.cpu),
                          []).append(suite)
    return [group for _, group in groups.items()]
