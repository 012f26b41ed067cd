# SPDX-License-Identifier: GPL-2.0
"""Compile a board description and read it into a tree of plain nodes.

dtc compiles twice: to a blob, which libfdt reads, and to annotated source,
from which every node and property gets the place where it was written.
"""

import re
import struct
import subprocess
from pathlib import Path

import libfdt

# It takes milliseconds, but never ends with #clock-cells = <0xffffffff>.
DTC_SECONDS = 10


class SourceError(Exception):
    """The description cannot be read at all; the text says why."""


class Node:
    """One node: name, properties as raw bytes, children, and its place."""

    def __init__(self, path, parent=None):
        self.path = path
        self.name = path.rsplit("/", 1)[1]
        self.parent = parent
        self.props = {}
        self.children = []
        self.label = None
        self.where = ""
        self.prop_where = {}

    @property
    def base(self):
        return self.name.split("@")[0]

    def child(self, name):
        for node in self.children:
            if node.name == name:
                return node
        return None

    def walk(self):
        yield self
        for node in self.children:
            yield from node.walk()

    def place(self, prop=None):
        """file:line of a property, or of the node."""
        return self.prop_where.get(prop, self.where)

    def cells(self, prop):
        raw = self.props.get(prop, b"")
        if len(raw) % 4:
            raise SourceError(f"{self.place(prop)}: '{prop}' of {self.path}"
                              " is not made of 32-bit cells")
        return list(struct.unpack(f">{len(raw) // 4}I", raw))

    def strings(self, prop):
        raw = self.props.get(prop, b"")
        if raw and raw[-1]:
            raise SourceError(f"{self.place(prop)}: '{prop}' of {self.path}"
                              " is not a string")
        return raw.decode(errors="replace").split("\0")[:-1]


class Tree:
    """The compiled description: its nodes by path, label and phandle."""

    def __init__(self, root, labels):
        self.root = root
        self.by_path = {n.path: n for n in root.walk()}
        self.by_phandle = {}
        for node in root.walk():
            if "phandle" in node.props:
                self.by_phandle[node.cells("phandle")[0]] = node
        for label, path in labels.items():
            if path in self.by_path and not self.by_path[path].label:
                self.by_path[path].label = label


def run_dtc(args, what, text=None):
    """Run dtc; returns what it wrote and its warnings."""
    try:
        done = subprocess.run(["dtc", *args], input=text, capture_output=True,
                              timeout=DTC_SECONDS)
    except subprocess.TimeoutExpired:
        raise SourceError(f"dtc does not come to an end with {what}: look for "
                          "a huge number in a #...-cells property")
    except FileNotFoundError:
        raise SourceError("dtc is missing: install device-tree-compiler")
    err = done.stderr.decode(errors="replace").strip()
    if done.returncode:
        raise SourceError(f"{err}\n{what} is not a valid device tree source:"
                          " correct the place that dtc names above")
    return done.stdout, err


def load(path):
    """Read a description; returns (Tree, dtc's warnings)."""
    path = Path(path)
    blob, warnings = run_dtc(["-@", "-I", "dts", "-O", "dtb", str(path)], path)
    fdt = libfdt.Fdt(blob)
    labels = {}
    root = read_node(fdt, 0, "/", None, labels)
    tree = Tree(root, labels)
    text, _ = run_dtc(["-q", "-T", "-I", "dts", "-O", "dts", str(path)], path)
    locate(tree, text.decode(), path)
    return tree, warnings


def read_node(fdt, offset, path, parent, labels):
    node = Node(path, parent)
    prop = fdt.first_property_offset(offset, libfdt.QUIET_NOTFOUND)
    while prop >= 0:
        p = fdt.get_property_by_offset(prop)
        node.props[p.name] = bytes(p)
        prop = fdt.next_property_offset(prop, libfdt.QUIET_NOTFOUND)
    sub = fdt.first_subnode(offset, libfdt.QUIET_NOTFOUND)
    while sub >= 0:
        name = fdt.get_name(sub)
        child = read_node(fdt, sub, path.rstrip("/") + "/" + name, node,
                          labels)
        if parent is None and name == "__symbols__":
            labels.update((k, child.strings(k)[0]) for k in child.props)
        else:
            node.children.append(child)
        sub = fdt.next_subnode(sub, libfdt.QUIET_NOTFOUND)
    return node


NODE_LINE = re.compile(r"^\s*(?:\w+:\s+)*(\S+) \{(?:\s*/\*(.*)\*/)?$")
PROP_LINE = re.compile(r"^\s*(?:\w+:\s+)*([\w,.+?#-]+)(?: = .*)?;"
                       r"(?:\s*/\*(.*)\*/)?$")


def last_place(note, folder):
    """dtc lists every place that wrote the thing; the last one counts."""
    if not note:
        return None
    name = note.strip().split(", ")[-1].split(" ")[0]
    if not re.match(r"^\S+:\d+", name):
        return None
    file, line = name.split(":")[:2]
    return f"{folder / Path(file).name}:{line}"


def locate(tree, text, path):
    """Give nodes and properties their places, from dtc -T output."""
    for node in tree.root.walk():
        node.where = str(path)
    stack = []
    for line in text.splitlines():
        opened = NODE_LINE.match(line)
        if opened:
            base = "" if not stack else stack[-1].rstrip("/") + "/"
            stack.append(base + opened[1] if stack else "/")
            node = tree.by_path.get(stack[-1])
            # The first place is where the node was made.
            first = opened[2] and opened[2].split(",")[0]
            if node and stack[-1] != "/":
                node.where = last_place(first, path.parent) or str(path)
        elif line.strip().startswith("};"):
            stack.pop()
        elif stack and stack[-1] in tree.by_path:
            prop = PROP_LINE.match(line)
            where = prop and last_place(prop[2], path.parent)
            if where:
                tree.by_path[stack[-1]].prop_where[prop[1]] = where
