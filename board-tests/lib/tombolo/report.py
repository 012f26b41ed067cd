# SPDX-License-Identifier: GPL-2.0
"""Prints verdicts as TAP, with the totals as the last line."""

import sys


class Tap:
    """A TAP stream that is written as the verdicts come."""

    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.counts = {"pass": 0, "fail": 0, "skip": 0}
        self._write("TAP version 13")

    def _write(self, line):
        print(line, file=self.stream, flush=True)

    def comment(self, text):
        for line in text.splitlines():
            self._write(f"# {line}")

    def add(self, verdict):
        self.counts[verdict.status] += 1
        number = sum(self.counts.values())
        word = "not ok" if verdict.status == "fail" else "ok"
        line = f"{word} {number} - {verdict.name}"
        if verdict.status == "skip":
            line += f" # SKIP {verdict.reason}"
        self._write(line)
        if verdict.status == "fail":
            self.comment(verdict.reason)
            for text in verdict.diagnostics:
                self.comment(text)

    def end(self):
        """Plan and totals; the exit status that they mean."""
        self._write(f"1..{sum(self.counts.values())}")
        self._write("{pass} passed, {fail} failed, {skip} skipped"
                    .format_map(self.counts))
        return 1 if self.counts["fail"] or not self.counts["pass"] else 0
