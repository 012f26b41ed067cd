# SPDX-License-Identifier: GPL-2.0
"""Runs a module's functions named test_* and prints TAP and a summary."""

import signal
import sys
import time
import traceback


def heed_signals():
    """Who started us in the background of a script had SIGINT ignored, and
    programs inherit that: what the tests interrupt would go on. And what ends
    us is an exception, so that temporary directories are removed."""

    def end(number, _frame):
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP,
                   signal.SIGTERM):
        signal.signal(number, end)


def run(functions):
    """Run each; an exception is a failure. Returns the exit status."""
    heed_signals()
    print(f"TAP version 13\n1..{len(functions)}")
    failed = 0
    for number, function in enumerate(functions, 1):
        name = function.__name__.removeprefix("test_")
        start = time.monotonic()
        try:
            function()
            print(f"ok {number} - {name} # {time.monotonic() - start:.2f} s",
                  flush=True)
        except Exception:  # pylint: disable=broad-exception-caught
            failed += 1
            print(f"not ok {number} - {name}")
            print("# " + traceback.format_exc().replace("\n", "\n# "),
                  flush=True)
    print(f"{len(functions) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def collect(namespace):
    return [value for name, value in namespace.items()
            if name.startswith("test_")]


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text!r}")
