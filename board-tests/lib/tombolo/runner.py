# SPDX-License-Identifier: GPL-2.0
"""Boots a board as often as needed to run the chosen suites, and judges."""

import json
import os
import secrets
import shlex

from . import judge, launch, overlay, programs, sanitizer
from .errors import Failure
from .process import Workspace
from .services import Services
from .session import Session
from .suites import ROOT, boots

GUEST = "opt/tombolo/suites"
# The boot loader started them with the trees of the image, not of the overlay.
RESTART = "tombolo stop --all --wait=60 && tombolo start --all --wait=60; "


def facts_sh(board, seed, soak):
    """The board's facts as shell variables for the suites."""
    lines = [f"BOARD={board.name}", f"KERNELS={board.kernels}", f"SEED={seed}",
             f"ISAS={len(set(board.isas))}",
             f"SOAK={int(soak)}", f"CACHES={launch.caches()[0]}"]
    for kernel in board.facts["kernels"]:
        name = f"K{kernel['id']}"
        memory = kernel.get("memory", {})
        lines += [f"{name}_CPUS={len(kernel.get('cpus', []))}",
                  f"{name}_MEMORY={memory.get('size', 0)}",
                  f"{name}_BASE={memory.get('base', 0)}",
                  f"{name}_DISK={int('disk' in kernel)}"]
        if load := kernel.get("load"):
            lines.append(f"{name}_LOADS='{' '.join(map(str, load.values()))}'")
        if block := kernel.get("boot_block"):
            lines.append(f"{name}_BLOCK={block['base']}")
    if window := board.facts.get("mailbox", {}).get("window"):
        section = board.facts["mailbox"].get("section_size", 0)
        lines += [f"WINDOW={window['base']}", f"WINDOW_SIZE={window['size']}",
                  f"WINDOW_USED={board.facts['mailbox'].get('needed', 0)}",
                  f"SECTION_SIZE={section}"]
    return "\n".join(lines) + "\n"


def suite_files(board, seed, soak, compiled):
    """The overlay's files: all of suites/, programs and the facts."""
    files = {}
    for directory, _, names in os.walk(ROOT):
        for name in names:
            path = os.path.join(directory, name)
            inside = os.path.relpath(path, ROOT)
            with open(path, "rb") as file:
                mode = 0o755 if os.access(path, os.X_OK) else 0o644
                files[f"{GUEST}/{inside}"] = (file.read(), mode)
    for name, path in compiled.items():
        with open(path, "rb") as file:
            files[f"{GUEST}/{name}"] = (file.read(), 0o755)
    text = facts_sh(board, seed, soak).encode()
    files[f"{GUEST}/lib/facts.sh"] = (text, 0o644)
    return files


class Runner:
    """Runs suites on one board; results go to the tap as boots end."""

    def __init__(self, board, tap, *, seed, soak=False, scale=1.0,
                 progress=None, append=""):
        self.board = board
        self.tap = tap
        self.scale = scale * launch.slowness()
        self.append = append
        self.progress = progress or (lambda event: None)
        self.logdir = board.new_log("test")
        self.boots = 0
        compiled = programs.build(board)
        self.files = suite_files(board, seed, soak, compiled)

    def run(self, suites):
        for group in boots(suites):
            while group:
                group = self._boot(group)

    def _boot(self, group):
        """One boot; returns the suites that it could not come to."""
        self.boots += 1
        logdir = os.path.join(self.logdir, f"boot{self.boots}")
        os.makedirs(logdir)
        output = os.path.join(logdir, "out.ktap")
        ended = self._attempt(group, logdir, output)
        begun = judge.sections(judge.read(output))
        done = [suite for suite in group if suite.id in begun]
        if not done:  # the boot itself failed: no use to try again
            done = group
        self._save(logdir, done, ended)
        sanitizer.explain(self.board, logdir, judge.read(output))
        for verdict in judge.judge_directory(logdir):
            if verdict.name.startswith("log."):
                verdict.name = f"boot{self.boots}.{verdict.name}"
            self.tap.add(verdict)
        return [suite for suite in group if suite not in done]

    def _attempt(self, group, logdir, output):
        """Run the group; returns why the boot ended early, or None."""
        pairs = [word for suite in group for word in
                 (suite.id, str(int(suite.timeout * self.scale)))]
        command = shlex.join([f"/{GUEST}/lib/run-suites", *pairs])
        if group[0].member_append and len(self.board.machines) > 1:
            command = RESTART + command
        limit = 120 + sum(suite.timeout * self.scale + 5 for suite in group)
        token = secrets.token_hex(8)
        names = " ".join(suite.id for suite in group)
        self.tap.comment(f"boot {self.boots} of {self.board.name}: {names}")
        with Workspace() as workspace, open(output, "wb") as file:
            tar = workspace.path("overlay.tar")
            overlay.build(tar, token, command + "\n",
                          files=self._files(group[0], workspace))
            append = f"{group[0].append} {self.append}"
            machine = launch.machine(self.board, workspace, logdir,
                                     overlay=tar, append=append,
                                     cpu=group[0].cpu)
            session = Session(machine, token, self._sink(file), limit,
                              progress=self.progress)
            session.services = Services()
            try:
                session.run()
            except Failure as failure:
                return str(failure)
        return None

    def _files(self, suite, workspace):
        if not suite.member_append:
            return self.files
        return {**self.files, **launch.member_trees(
            self.board, workspace, suite.member_append)}

    def _sink(self, file):
        def sink(data):
            file.write(data)
            file.flush()
            for line in data.decode("utf-8", "replace").splitlines():
                if line.startswith("@suite begin"):
                    self.progress(line[13:])
        return sink

    @staticmethod
    def _save(logdir, suites, ended):
        run = {"suites": [suite.id for suite in suites], "ended": ended,
               "expected": [e for suite in suites for e in suite.expected],
               "reports": [r for suite in suites for r in suite.reports]}
        with open(os.path.join(logdir, "run.json"), "w",
                  encoding="utf-8") as file:
            json.dump(run, file, indent=1)
