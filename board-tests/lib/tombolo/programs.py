# SPDX-License-Identifier: GPL-2.0
"""Builds the suites and helpers that are written in C for the board."""

import os
import subprocess

from .board import TOP
from .errors import NOT_BUILT, Failure


def build(board):
    """{path below suites/: built file}, static programs for kernel 0."""
    output = os.path.join(board.build, "board-tests")
    argv = ["make", "-s", "--no-print-directory", "-C",
            os.path.join(TOP, "board-tests"), f"O={output}", "programs"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise Failure(NOT_BUILT, "the programs of board-tests do not build: "
                      f"{words[0] if words else 'make failed'}")
    found = {}
    for directory, _, names in os.walk(output):
        for name in names:
            path = os.path.join(directory, name)
            if os.access(path, os.X_OK):
                found[os.path.relpath(path, output)] = path
    return found
