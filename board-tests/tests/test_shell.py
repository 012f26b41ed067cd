#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""board-tests/shell against the fake machine: by hand and in tmux."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import fakeboard
import pexpect
from taptest import collect, contains, equal, run

BUILD = tempfile.TemporaryDirectory(prefix="harness-test.")
SHELL = os.path.join(fakeboard.PROGRAMS, "shell")


def test_by_hand_says_how_to_attach():
    child = subprocess.Popen(
        [SHELL, "--board", "fake", "--no-tmux"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=fakeboard.environment(BUILD.name))
    lines = "".join(child.stdout.readline() for _ in range(3))
    contains(lines, "kernel 0: socat")
    contains(lines, "kernel 1: socat")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=10)
    equal(child.returncode, 130)
    fakeboard.nothing_left(BUILD.name)


def test_tmux_shows_the_consoles_and_ends():
    if not shutil.which("tmux") or not shutil.which("socat"):
        print("# no tmux or socat here: only the other way is tested")
        return
    child = pexpect.spawn(
        SHELL, ["--board", "fake"], dimensions=(50, 160), timeout=10,
        env=dict(fakeboard.environment(BUILD.name), TERM="xterm"),
        encoding="utf-8")
    child.expect("U-Boot 2025.01 .fake.")
    time.sleep(0.5)
    child.send("\x02d")
    child.expect(pexpect.EOF)
    child.close()
    equal((child.exitstatus, child.signalstatus), (0, None))
    fakeboard.nothing_left(BUILD.name)


if __name__ == "__main__":
    fakeboard.make(BUILD.name)
    status_of_all = run(collect(dict(globals())))
    BUILD.cleanup()
    sys.exit(status_of_all)
