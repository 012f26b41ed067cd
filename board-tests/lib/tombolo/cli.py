# SPDX-License-Identifier: GPL-2.0
"""What the programs exec, run, shell and test have in common."""

import argparse
import os
import sys
import time

from .errors import USAGE, Failure, Interrupted
from .process import raise_on_signals


def program():
    return os.path.basename(sys.argv[0])


def say(text):
    """A message for the person, apart from what the board prints."""
    print(f"{program()}: {text}", file=sys.stderr, flush=True)


class Parser(argparse.ArgumentParser):
    """Arguments; a wrong one is a Failure like any other."""

    def error(self, message):
        raise Failure(USAGE, f"{message} (see {self.prog} --help)")


def seconds(text):
    """The type of an argument that is a time limit."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds")
    return value


def main(function):
    """Run function(); turn every way of ending into one line and a status."""
    raise_on_signals()
    try:
        status = function()
    except Failure as failure:
        say(failure)
        if failure.details:
            print(failure.details, file=sys.stderr, flush=True)
        status = failure.status
    except Interrupted as interrupted:
        say("interrupted, the board is switched off")
        status = 128 + interrupted.signum
    except BrokenPipeError:  # an OSError, so it comes first
        # Nobody reads our output any more; do not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 141
    except OSError as error:
        say(f"{error.strerror}: {error.filename or 'while running the board'}")
        status = USAGE
    sys.exit(status)


class Progress:
    """Short lines with the seconds since the start."""

    def __init__(self, stream=sys.stderr, enabled=True):
        self.start = time.monotonic()
        self.stream = stream
        self.enabled = enabled

    def __call__(self, event):
        if self.enabled:
            seconds = time.monotonic() - self.start
            print(f"[{seconds:5.1f}s] {event}", file=self.stream, flush=True)


def write_all(data, fd=1):
    """Write bytes unchanged and at once, whatever the stream is."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]
