# SPDX-License-Identifier: GPL-2.0
"""Run test functions and print TAP; the last line is the summary."""

import sys
import traceback


class Skip(Exception):
    """The test cannot run here; the text says what is missing."""


class Tap:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def run(self, name, test):
        number = self.passed + self.failed + self.skipped + 1
        try:
            test()
        except Skip as why:
            self.skipped += 1
            print(f"ok {number} - {name} # SKIP {why}")
        except Exception as e:
            self.failed += 1
            print(f"not ok {number} - {name}")
            text = str(e) if isinstance(e, AssertionError) and str(e) else \
                traceback.format_exc()
            for line in text.splitlines():
                print(f"# {line}")
        else:
            self.passed += 1
            print(f"ok {number} - {name}")
        sys.stdout.flush()

    def end(self):
        print(f"1..{self.passed + self.failed + self.skipped}")
        print(f"{self.passed} passed, {self.failed} failed, "
              f"{self.skipped} skipped")
        return 1 if self.failed else 0
