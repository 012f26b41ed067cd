# SPDX-License-Identifier: GPL-2.0
"""What the plugin without coherence has counted: cache operations and lines."""

import struct

NAMES = 1024  # where they begin in the file: plugin/counts.c


def read_counts(path):
    """{name: number} of one machine, at any moment of its life."""
    with open(path, "rb") as file:
        data = file.read()
    names = data[NAMES:].decode().split()
    return dict(zip(names, struct.unpack_from(f"={len(names)}Q", data)))
