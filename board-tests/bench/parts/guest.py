# SPDX-License-Identifier: GPL-2.0
"""Boots a board, has kernel 0 do steps (guest.sh), returns what they said."""

import json
import os
import secrets
import shlex
import subprocess
from dataclasses import dataclass, field

from tombolo import launch, overlay, runner
from tombolo.errors import NOT_BUILT, Failure
from tombolo.board import TOP
from tombolo.process import Workspace
from tombolo.services import Services
from tombolo.session import Session

HERE = os.path.join(TOP, "board-tests", "bench")
INSIDE = "opt/tombolo/bench"
SCRIPTS = ("guest.sh", "moves.sh", "rival.sh")
PROGRAMS = ("mark", "moves", "resident")


@dataclass
class Step:
    """A line of shell in kernel 0, what it stands for, and what it said."""
    about: dict
    words: list
    values: dict = field(default_factory=dict)
    counts: list = None  # per CPU, of the whole step
    laps: list = None  # the same, until the end of each of its parts
    remarks: list = field(default_factory=list)  # what else it said

    def __getitem__(self, key):
        return float(self.values[key])

    @property
    def ok(self):
        states = [value for key, value in self.values.items()
                  if key.split(".")[-1] in ("status", "failed")]
        return bool(states) and all(state == "ok" for state in states)

    def is_about(self, **wanted):
        return all(self.about.get(key) == value
                   for key, value in wanted.items())


def step(words, **about):
    return Step(about, [str(word) for word in words])


def busy(**about):
    """A step that only computes; busy_seconds() of it tells how fast."""
    return step(["busy", 50000], kind="busy", **about)


def busy_seconds(steps):
    return min(each["ended"] - each["began"] for each in steps
               if each.is_about(kind="busy"))


@dataclass
class Options:
    """How a boot differs from the usual one."""
    what: str
    devices: list = field(default_factory=list)
    plugin: bool = False
    append: str = ""  # to the command line of every kernel


def build_programs(board):
    """Where the plugin and the guest's markers are."""
    output = os.path.join(board.build, "bench")
    done = subprocess.run(
        ["make", "-s", "--no-print-directory", "-C", HERE, f"O={output}"],
        capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise Failure(NOT_BUILT, "the plugin of the benchmark does not build: "
                      f"{words[0] if words else 'make failed'}")
    return output


def script(steps):
    lines = [f". /{INSIDE}/guest.sh", "agents"]
    lines += [shlex.join(["step", str(number), *each.words])
              for number, each in enumerate(steps)]
    return "\n".join(lines) + "\n"


def overlay_files(board, programs):
    files = runner.suite_files(board, 0, False, {})
    wanted = [(HERE, name, 0o644) for name in SCRIPTS] + \
        [(programs, name, 0o755) for name in PROGRAMS]
    for directory, name, mode in wanted:
        with open(os.path.join(directory, name), "rb") as file:
            files[f"{INSIDE}/{name}"] = (file.read(), mode)
    return files


class Output:
    """Sorts what the board prints into the steps."""

    def __init__(self, steps, progress):
        self.steps = steps
        self.progress = progress
        self.rest = b""
        self.current = None
        self.before = []

    def __call__(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode("utf-8", "replace"))

    def _line(self, line):
        if line.startswith("@step "):
            self.current = self.steps[int(line[6:])]
            self.progress(shlex.join(self.current.words))
        elif self.current is None:
            self.before.append(line)
        elif not line.startswith("#") and "=" in line:
            key, _, value = line.partition("=")
            self.current.values[key] = value
        else:
            self.current.remarks.append(line)


def attach_counts(steps, path):
    """Each counted step has a line in the plugin's file, or as many as it says,
    each with what was counted until then."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    wanted = [each for each in steps if each.words[0].startswith("counted")]
    laps = [int(each.values.get("laps", 1)) for each in wanted]
    if len(lines) != sum(laps):
        raise Failure(1, f"{path} has {len(lines)} counts for "
                      f"{sum(laps)} of {len(wanted)} steps")
    left = map(json.loads, lines)
    for each, number in zip(wanted, laps):
        each.laps = [next(left) for _ in range(number)]
        each.counts = each.laps[-1]


def boot(board, steps, options, progress, limit):
    """Run the steps in one boot; their results are left in them."""
    programs = build_programs(board)
    files = overlay_files(board, programs)
    logdir = board.new_log(options.what)
    counts = os.path.join(logdir, "counts")
    extra = list(options.devices)
    if options.plugin:
        bells = board.facts["doorbell"]["sgi_base"]
        extra += ["-plugin", f"{programs}/counts.so,out={counts},bells={bells}"]
    output = Output(steps, progress)
    with Workspace() as workspace:
        if options.append:
            files.update(launch.member_trees(board, workspace,
                                             options.append))
        token = secrets.token_hex(8)
        tar = workspace.path("overlay.tar")
        overlay.build(tar, token, script(steps), files=files)
        machine = launch.machine(board, workspace, logdir, overlay=tar,
                                 append=options.append, extra=extra)
        session = Session(machine, token, output, limit, boot_limit=limit,
                          progress=progress)
        session.services = Services()
        status = session.run()
    check(steps, status, output, logdir)
    if options.plugin:
        attach_counts(steps, counts)


def check(steps, status, output, logdir):
    bad = next((each for each in steps if not each.ok), None)
    if bad is not None:
        said = [f"{k}={v}" for k, v in bad.values.items()] + bad.remarks[-3:]
        said = " ".join(said or output.before[-3:]) or "nothing"
        raise Failure(1, f"`{shlex.join(bad.words)}` failed: {said[:300]} "
                      f"(status {status}, logs: {logdir})")
