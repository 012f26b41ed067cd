#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Copy a list of files, and the libraries they load, between two trees.

usage: pick.py FROM TO LIST
       pick.py --applets TO

LIST has one path on a line. At the end, and by the second form alone, each
applet of busybox gets a link in TO, where it has no program of that name.
Running the programs of the board to ask them is not needed. A file of usr/lib
is looked for in the folders of the instruction sets, too.
"""

import os
import re
import shutil
import subprocess
import sys

LIBRARIES = ("usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu",
             "usr/lib/riscv64-linux-gnu", "lib/riscv64-linux-gnu",
             "usr/lib", "lib")


def find(source, path):
    """A file of the packages: with and without /usr, as suites differ."""
    folder, name = os.path.split(path)
    libraries = [os.path.join(each, name) for each in LIBRARIES]
    for name in (path, "usr/" + path, path.removeprefix("usr/"),
                 *(libraries if folder == "usr/lib" else ())):
        if os.path.lexists(os.path.join(source, name)):
            return name
    sys.exit(f"pick.py: no package has /{path}")


def needed(path):
    """The libraries and the loader that an ELF file asks for."""
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return []
    text = subprocess.run(["readelf", "-ld", path], capture_output=True,
                          text=True, check=True).stdout
    loader = [os.path.basename(p) for p in
              re.findall(r"program interpreter: (\S+)]", text)]
    return loader + re.findall(r"\(NEEDED\).*\[(.+)\]", text)


def target(path):
    """Where a file goes: all programs in usr/bin, all libraries in usr/lib."""
    folder, name = os.path.split(path)
    if os.path.basename(folder) in ("bin", "sbin"):
        return os.path.join("usr/bin", name)
    return os.path.join("usr/lib", name) if path.startswith(LIBRARIES) \
        else path


def pick(source, dest, path):
    """Copy one file with all it needs, unless it is there already."""
    found = find(source, path)
    place = os.path.join(dest, target(found))
    if os.path.lexists(place):
        return
    os.makedirs(os.path.dirname(place), exist_ok=True)
    real = os.path.join(source, found)
    if os.path.islink(real):
        to = os.readlink(real)
        whole = os.path.normpath(os.path.join("/", os.path.dirname(found), to))
        if os.path.basename(to) != os.path.basename(found):
            os.symlink(os.path.basename(to), place)
        pick(source, dest, whole.lstrip("/"))
        return
    shutil.copy2(real, place)
    for library in needed(real):
        pick_library(source, dest, library)


def pick_library(source, dest, name):
    for folder in LIBRARIES:
        if os.path.lexists(os.path.join(source, folder, name)):
            return pick(source, dest, os.path.join(folder, name))
    sys.exit(f"pick.py: no package has the library {name}")


def applets(program):
    """busybox's own table of names: NUL separated, it begins with [ and [[."""
    with open(program, "rb") as file:
        data = file.read()
    start = re.search(rb"\[\0\[\[\0(?=[a-z])", data).start()
    end = data.index(b"\0\0", start)
    return data[start:end].decode().split("\0")


def link_applets(dest):
    folder = os.path.join(dest, "usr/bin")
    for name in applets(os.path.join(folder, "busybox")):
        place = os.path.join(folder, name)
        if not os.path.lexists(place):
            os.symlink("busybox", place)


def main():
    source, dest, *listing = sys.argv[1:]
    if listing:
        with open(listing[0], encoding="utf-8") as file:
            words = [line.split("#")[0].split() for line in file]
        for path in sum(words, []):
            pick(source, dest, path)
    link_applets(dest)


main()
