# SPDX-License-Identifier: GPL-2.0
"""One boot of a board that runs one command in kernel 0, followed to its end.

Kernel 0's init reports on the status channel: `up`, `members N of M`, `run`,
`exit STATUS`. The command's output comes on the out channel and ends with the
marker of overlay.py. Everything that can go wrong on the way is told apart:
the board does not boot, kernel 0 dies, QEMU dies, the time is over.
"""

import os
import re
import time

from . import errors, overlay, states
from .errors import Failure

PANIC = re.compile(r"Kernel panic - not syncing(?:: (.*))?")
# What led to a panic, and where: the first of each. The texts are arm64's.
OOPS = re.compile(r"(?:Unable to handle kernel|kernel BUG at|Internal error:).*")
PLACE = re.compile(r"\bpc : (\S+)")
GRACE = 1.5  # seconds that a panic gets to finish its report

STAGES = [  # (what kernel 0's console shows, name of the stage)
    (re.compile(r"^U-Boot \d"), "U-Boot"),
    (re.compile(r"Starting kernel|Booting Linux on physical"), "the kernel"),
    (re.compile(r"Run /\S+ as init process"), "kernel 0's init"),
]


class Trailer:
    """Splits the out channel into the command's output and its status."""

    def __init__(self, token):
        self.marker = overlay.marker(token)
        self.held = b""
        self.status = None

    def feed(self, data):
        """Return the output in data, keeping back what may be the marker."""
        if self.status is not None:
            return b""
        data = self.held + data
        start = data.find(self.marker)
        if start >= 0:
            rest = data[start + len(self.marker):]
            if b"\n" in rest:
                self.status = int(rest.split(b"\n")[0] or 255)
                self.held = b""
            else:
                self.held = data[start:]
            return data[:start]
        keep = self._partial(data)
        self.held = data[len(data) - keep:]
        return data[:len(data) - keep]

    def _partial(self, data):
        for length in range(min(len(self.marker) - 1, len(data)), 0, -1):
            if data.endswith(self.marker[:length]):
                return length
        return 0


class Session:
    """Drives a machine until the command ends or something breaks."""

    def __init__(self, machine, token, sink, limit, boot_limit=90,
                 progress=None):
        self.machine = machine
        self.sink = sink
        self.limit = limit
        self.boot_limit = boot_limit
        self.progress = progress or (lambda event: None)
        self.trailer = Trailer(token)
        self.stage = None
        self.up = False
        self.exit_status = None
        self.services = None
        self._exit_seen = None
        self._oops = None
        self._place = None
        self._panic = None
        self._panic_seen = None

    def run(self):
        """Boot, run, and return the command's exit status."""
        self.start = time.monotonic()
        self.machine.boot()
        while (status := self._step()) is None:
            pass
        return status

    def elapsed(self):
        return time.monotonic() - self.start

    def _step(self):
        ended = self.machine.gone()
        self._console(self.machine.poll())
        self._status()
        self._output()
        if self.services is not None:
            self.services(self)
        if self.trailer.status is not None:
            return self.trailer.status
        self._check(ended)
        # The command may have killed its wrapper: then init's word counts.
        if self._exit_seen and time.monotonic() - self._exit_seen > 1:
            self.sink(self.trailer.held)
            return self.exit_status
        return None

    def _console(self, new):
        for line in new.get(0, []):
            for pattern, stage in STAGES:
                if pattern.search(line):
                    self._enter(stage)
            self._trouble(line)

    def _trouble(self, line):
        if self._panic is None and (found := PANIC.search(line)):
            self._panic = found.group(1) or "no reason given"
            self._panic_seen = time.monotonic()
        elif self._oops is None and (found := OOPS.search(line)):
            self._oops = found.group()
        elif self._oops and not self._place and (found := PLACE.search(line)):
            self._place = found.group(1)

    def _why(self):
        """Of a panic: the oops that led to it, if one did, and its place."""
        if self._oops is None:
            return self._panic
        place = f" at {self._place}" if self._place else ""
        return f"{self._panic}: {self._oops}{place}"

    def _enter(self, stage):
        if stage != self.stage:
            self.stage = stage
            self.progress(stage)

    def _status(self):
        for line in self.machine.channel("status").take_lines():
            word, _, rest = line.partition(" ")
            if word == "exit" and rest.strip().isdigit():
                self.exit_status = int(rest)
                self._exit_seen = time.monotonic()
            elif word:
                self.up = True
                self._enter(line)

    def _output(self):
        if data := self.machine.channel("out").take():
            self.up = True
            if output := self.trailer.feed(data):
                self.sink(output)

    def _check(self, ended):
        log = self.machine.console(0).log
        if self._panic is not None and \
                (ended or time.monotonic() - self._panic_seen > GRACE):
            raise Failure(errors.KERNEL_DIED, f"kernel 0 panicked: "
                          f"{self._why()} (see {log})")
        if ended:
            self._fail_ended(ended, log)
        if self.elapsed() > self.limit:
            where = "the command was running" if self.up \
                else f"still in {self.stage or 'the first instructions'}"
            self._time_is_over(where, log)
        if not self.up and self.elapsed() > self.boot_limit:
            raise Failure(errors.NO_BOOT, self._no_boot(
                f"within {self.boot_limit:g} s", log))

    def _time_is_over(self, where, log):
        """Tell it, and what everybody was doing, if somebody can be asked."""
        texts = states.collect(self.machine) if self.up else {}
        if texts:
            log = os.path.join(self.machine.logdir, "tasks.txt")
            with open(log, "w", encoding="utf-8") as file:
                file.write(states.whole(texts))
        raise Failure(errors.TIMEOUT, f"time limit of {self.limit:g} s "
                      f"reached ({where}; see {log})", states.rows(texts))

    def _fail_ended(self, ended, log):
        if ended.startswith("QEMU"):
            began = self.stage or "was killed" in ended
            status = errors.QEMU_DIED if began else errors.QEMU_UNUSABLE
            raise Failure(status, f"{ended} (see {self.machine.logdir})")
        if not self.up:
            raise Failure(errors.NO_BOOT, self._no_boot(f"({ended})", log))
        raise Failure(errors.KERNEL_DIED,
                      f"{ended} before the command ended (see {log})")

    def _no_boot(self, how, log):
        stage = f"got as far as {self.stage}" if self.stage \
            else "said nothing"
        last = self.machine.console(0).last_line()
        last = f", last line `{last}`" if last else ""
        return f"board {self.machine.board.name} did not boot {how}: " \
               f"kernel 0's console {stage}{last} (see {log})"
