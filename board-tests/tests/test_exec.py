#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""board-tests/exec against the fake machine: endings, messages, leftovers."""

import os
import signal
import subprocess
import sys
import tempfile
import time

import fakeboard
from taptest import collect, contains, equal, run

BUILD = tempfile.TemporaryDirectory(prefix="harness-test.")
EXEC = os.path.join(fakeboard.PROGRAMS, "exec")


def execute(*arguments, play="", board="fake", **environment):
    done = subprocess.run(
        [EXEC, "--board", board, *arguments], capture_output=True,
        env=fakeboard.environment(BUILD.name, play, **environment),
        timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def start(*arguments, play="", board="fake", **environment):
    return subprocess.Popen(
        [EXEC, "--board", board, *arguments], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
        env=fakeboard.environment(BUILD.name, play, **environment))


def test_status_is_passed_through():
    equal(execute("--", "echo out; exit 7"), (7, b"out\n", ""))
    equal(execute("--", "true")[0], 0)
    equal(execute("--", "exit 255")[0], 255)


def test_words_are_passed_exactly():
    nasty = "a 'b' \"c\" $HOME `d` \\ *\n;e"
    equal(execute("--", "printf", "%s|", nasty, "")[1],
          nasty.encode() + b"||")


def test_one_word_is_a_shell_line():
    equal(execute("--", "x='a b'; echo \"$x\" | tr a-z A-Z")[1], b"A B\n")


def test_output_is_binary_exact():
    status, out, _ = execute("--", sys.executable, "-c",
                             "import os; os.write(1, bytes(range(256)) * 999)")
    equal((status, out == bytes(range(256)) * 999), (0, True))


def test_no_newline_is_added():
    equal(execute("--", "printf x")[1], b"x")
    equal(execute("--", "true")[1], b"")


def test_a_part_of_the_marker_is_output():
    equal(execute("--", "printf '\\000tombolo-end 1 2\\n'")[1],
          b"\0tombolo-end 1 2\n")


def test_output_streams_while_the_command_runs():
    child = start("--", "echo first; sleep 3; echo second")
    begin = time.monotonic()
    equal(child.stdout.readline(), b"first\n")
    if time.monotonic() - begin > 2.5:
        raise AssertionError("the first line came with the second")
    child.send_signal(signal.SIGTERM)
    child.communicate()


def test_overlay_files_arrive():
    with tempfile.TemporaryDirectory() as directory:
        os.makedirs(directory + "/opt/x")
        fakeboard.write(directory + "/opt/x/data", "hello\n")
        os.chmod(directory + "/opt/x/data", 0o750)
        os.symlink("data", directory + "/opt/x/link")
        equal(execute("--overlay", directory, "--",
                      "cat opt/x/link; stat -c %a opt/x/data")[1],
              b"hello\n750\n")


def test_bad_overlay_is_one_sentence():
    status, _, text = execute("--overlay", "/nonexistent", "--", "true")
    equal((status, text),
          (125, "exec: overlay /nonexistent: no such directory\n"))
    status, _, text = execute("--overlay", "/etc/passwd", "--", "true")
    equal((status, text), (125, "exec: overlay /etc/passwd: not a directory\n"))


def test_bad_arguments():
    for arguments in ((), ("--timeout", "x", "--", "a"),
                      ("--timeout", "0", "--", "a"), ("--wrong", "a")):
        status, _, text = execute(*arguments)
        equal((status, text.count("\n")), (125, 1))


def test_unknown_board_names_the_known():
    status, _, text = execute("--board", "nope", "--", "true")
    equal(status, 125)
    contains(text, "there is no board nope; known: a64-2x2, a64-4x1")


def test_missing_image_says_which_make():
    path = os.path.join(BUILD.name, "fake/disk.img")
    os.rename(path, path + ".away")
    status, _, text = execute("--", "true")
    os.rename(path + ".away", path)
    equal(status, 120)
    contains(text, "disk.img is missing: run `make disk BOARD=fake`")


def test_damaged_description():
    path = os.path.join(BUILD.name, "fake/gen/board.json")
    os.rename(path, path + ".away")
    fakeboard.write(path, "{ half")
    status, _, text = execute("--", "true")
    os.rename(path + ".away", path)
    equal(status, 120)
    contains(text, "is damaged")


def test_qemu_missing_or_too_old():
    status, _, text = execute("--", "true", FAKE_QEMU_VERSION="7.2.0")
    equal(status, 119)
    contains(text, "is version 7.2, too old: install QEMU >= 9.1")
    done = subprocess.run(
        [EXEC, "--board", "fake", "--", "true"], capture_output=True,
        check=False, text=True,
        env=dict(fakeboard.environment(BUILD.name), QEMU="no-such-qemu"))
    equal(done.returncode, 119)
    contains(done.stderr, "no-such-qemu is not installed")


def test_qemu_refuses_its_arguments():
    status, _, text = execute("--", "true", play="refuse")
    equal(status, 119)
    contains(text, "no such device")


def test_board_that_does_not_boot():
    status, _, text = execute("--timeout", "1", "--", "true",
                              play="stuck-uboot")
    equal(status, 124)
    contains(text, "still in U-Boot")


def test_time_limit():
    begin = time.monotonic()
    status, out, text = execute("--timeout", "1.5", "--",
                                "echo partial; sleep 50")
    equal((status, out), (124, b"partial\n"))
    contains(text, "time limit of 1.5 s reached (the command was running")
    if time.monotonic() - begin > 10:
        raise AssertionError("too late")
    fakeboard.nothing_left(BUILD.name)


def test_panic_does_not_wait_for_the_limit():
    begin = time.monotonic()
    status, _, text = execute("--", "sleep 50", play="panic")
    equal(status, 122)
    contains(text, "kernel 0 panicked: Oops: fatal")
    if time.monotonic() - begin > 20:
        raise AssertionError("too late")


def test_an_oops_is_the_reason_of_its_panic():
    begin = time.monotonic()
    status, _, text = execute("--", "sleep 50", play="fault")
    equal(status, 122)
    contains(text, "kernel 0 panicked: Oops: fatal: Unable to handle kernel "
             "NULL pointer dereference at virtual address 0000000000000008 "
             "at broken+0x10/0x20 (see ")
    if time.monotonic() - begin > 20:
        raise AssertionError("too late")


def test_qemu_killed_and_switched_off():
    status, _, text = execute("--", "sleep 50", play="die")
    equal(status, 123)
    contains(text, "QEMU was killed by SIGKILL")
    status, _, text = execute("--", "sleep 50", play="off")
    equal(status, 122)
    contains(text, "the board switched itself off before the command ended")


def test_killed_wrapper_still_gives_a_status():
    status, out, _ = execute("--", "echo x; kill -9 $PPID")
    equal((status, out), (137, b"x\n"))


def test_board_of_several_processes():
    equal(execute("--", "echo out; exit 7", board="fakes"), (7, b"out\n", ""))
    status, _, text = execute("--", "sleep 50", board="fakes", play="die")
    equal(status, 123)
    contains(text, "machine 0 was killed by signal 9")
    status, _, text = execute("--", "sleep 50", board="fakes", play="off")
    equal(status, 122)
    contains(text, "the board switched itself off before the command ended")
    equal(execute("--", "true", board="fakes", MODE="x")[0], 125)
    equal(execute("--", "true", board="fakes", CPU="max")[0], 125)


def test_another_cpu():
    status, _, text = execute("--", "true", CPU="x")
    equal(status, 125)
    contains(text, "CPU=x: it is one of cortex-a72, ")
    equal(execute("--", "exit 7", CPU="max")[0], 7)


def test_signals_leave_nothing():
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
    for board, signum in [(b, s) for b in ("fake", "fakes") for s in signals]:
        child = start("--", "echo go; sleep 50", board=board)
        child.stdout.readline()
        os.killpg(child.pid, signum)
        _, text = child.communicate(timeout=10)
        wanted = -9 if signum == signal.SIGKILL else 128 + signum
        equal((signum, child.returncode), (signum, wanted))
        if signum != signal.SIGKILL:
            equal(text.count(b"\n"), 1)
        fakeboard.nothing_left(BUILD.name)


def test_killed_make_ends_the_board():
    with subprocess.Popen(["sleep", "60"]) as make:
        child = start("--", "echo go; sleep 50",
                      TOMBOLO_MAKES=f"{os.getpid()} {make.pid}")
        child.stdout.readline()
        make.kill()
        child.communicate(timeout=10)
        equal(child.returncode, 128 + signal.SIGTERM)
        fakeboard.nothing_left(BUILD.name)
    # Such as the next part of a test run
    equal(execute("--", "sleep 50", TOMBOLO_MAKES=str(make.pid))[0],
          128 + signal.SIGTERM)


def test_closed_stdout_leaves_nothing():
    child = start("--", "while :; do echo y; done")
    child.stdout.readline()
    child.stdout.close()
    equal(child.wait(10), 141)
    fakeboard.nothing_left(BUILD.name)


def test_unwritable_places_are_one_sentence():
    log = os.path.join(BUILD.name, "fake/log")
    os.rename(log, log + ".away")
    fakeboard.write(log, "a file where a directory should be")
    status, _, text = execute("--", "true")
    os.unlink(log)
    os.rename(log + ".away", log)
    equal((status, text.count("\n")), (125, 1))
    contains(text, "cannot write logs to")


def test_logs_are_kept():
    execute("--", "true")
    last = os.path.join(BUILD.name, "fake/log/last/k0.log")
    with open(last, encoding="utf-8") as file:
        contains(file.read(), "U-Boot")


if __name__ == "__main__":
    fakeboard.make(BUILD.name)
    status_of_all = run(collect(dict(globals())))
    BUILD.cleanup()
    sys.exit(status_of_all)
