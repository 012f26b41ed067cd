# SPDX-License-Identifier: GPL-2.0
"""The bindings: good schemas, examples and trees that follow them, and
trees that do not are found out.
"""

import re
import shutil
import subprocess

from boards import DTS, NAMES, generated
from tap import Skip

BINDINGS = DTS / "bindings"
FILES = sorted(BINDINGS.glob("*.yaml"))

# Edits of a generated tree, and what dt-validate must say.
BROKEN = [
    ("tombolo,pool", "tombolo,pol", "'tombolo,pool' is a required property"),
    ("tombolo,spi-ranges = <1 2>", "tombolo,spi-ranges = <1 2 3>",
     "tombolo,spi-ranges"),
    ("tombolo,sgi-base = <8>", "tombolo,sgi-base = <7>", "minimum of 8"),
    ("#mbox-cells = <2>", "#mbox-cells = <1>", "2 was expected"),
    ('reg-names = "memory"', 'reg-names = "ram"', "reg-names"),
]


def run(*args):
    if not shutil.which("dt-validate"):
        raise Skip("dt-schema is not installed")
    done = subprocess.run([str(a) for a in args], capture_output=True,
                          text=True)
    return done.stdout, done.stderr


def schema(folder):
    """All bindings in one file, made once."""
    path = folder / "schema.json"
    if not path.exists():
        out, err = run("dt-mk-schema", "-j", BINDINGS)
        assert not err, err
        path.write_text(out)
    return path


def validate(folder, blob):
    out, err = run("dt-validate", "-l", "tombolo", "-s", schema(folder), blob)
    return out + err


def check_schema(file):
    out, err = run("dt-doc-validate", "-u", BINDINGS, file)
    assert not out + err, out + err


def check_example(file, folder):
    out, _ = run("dt-extract-example", file)
    blob = folder / "example.dtb"
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", str(blob), "-"],
                   input=out, text=True, check=True, capture_output=True)
    said = validate(folder, blob)
    assert not said, said


def check_trees(name, folder):
    board = generated(name, folder)
    for k in board.json["kernels"]:
        said = validate(folder, board.dir / k["dtb"])
        assert not said, said
    used = set(re.findall(r'"(tombolo,[\w-]+)"',
                          board.text("k0.dts") + board.text("k1.dts")))
    described = "".join(f.read_text() for f in FILES)
    for word in used - {f"tombolo,{name}"}:
        assert f"const: {word}" in described, f"{word} has no binding"


def check_broken(old, new, want, folder):
    board = generated("a64-2x2", folder)
    text = board.text("k0.dts")
    assert old in text, f"{old} is not in k0.dts"
    blob = folder / "broken.dtb"
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", str(blob), "-"],
                   input=text.replace(old, new), text=True, check=True)
    said = validate(folder, blob)
    assert want in said, f"dt-validate did not find it: {said!r}"


def tests(folder):
    for file in FILES:
        yield (f"binding: {file.stem} is a good schema",
               lambda f=file: check_schema(f))
        yield (f"binding: {file.stem} describes its example",
               lambda f=file: check_example(f, folder))
    for name in NAMES:
        yield (f"binding: the trees of {name} follow",
               lambda n=name: check_trees(n, folder))
    for old, new, want in BROKEN:
        yield (f"binding: {new} is found out",
               lambda o=old, n=new, w=want: check_broken(o, n, w, folder))
