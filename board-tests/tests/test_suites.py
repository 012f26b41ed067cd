#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Suite declarations, boot groups, the trailer, and commands on consoles."""

import os
import pty
import subprocess
import sys
import tempfile
import threading
import time

import fakeboard
from taptest import collect, contains, equal, run

sys.path.insert(0, os.path.join(fakeboard.PROGRAMS, "lib"))
# pylint: disable=wrong-import-position
from tombolo import suites
from tombolo.errors import Failure
from tombolo.machine import Console
from tombolo.services import Command
from tombolo.session import Trailer

TEXT = """#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What it shows.
#: boards a64-4x1
#: level all
#: boot own
#: timeout 90
#: log k1 sysrq triggered
#: log any x
"""


def test_declarations():
    suite = suites.parse("lifecycle", "panic", TEXT)
    equal((suite.id, suite.boards, suite.level, suite.boot, suite.timeout),
          ("lifecycle/panic", ["a64-4x1"], "all", "own", 90.0))
    equal(suite.expected, [{"kernel": 1, "pattern": "sysrq triggered"},
                           {"kernel": None, "pattern": "x"}])
    equal(suite.summary, "What it shows.")


def test_unknown_declaration_is_refused():
    try:
        suites.parse("a", "b", "#!/bin/sh\n#: tiemout 3\n")
    except Failure as failure:
        contains(str(failure), "unknown declaration tiemout")
    else:
        raise AssertionError("accepted")


def test_selection_and_boots():
    def make(area, name, **more):
        suite = suites.Suite(area, name)
        vars(suite).update(more)
        return suite
    found = [make("boot", "a"), make("boot", "b", boards=["x"]),
             make("net", "c", level="all"), make("net", "d", boot="own"),
             make("leaks", "e", append="kmemleak=on"),
             make("leaks", "f", level="soak"),
             make("leaks", "g", cpu="max", level="all")]

    def ids(level, *names):
        return "".join(s.name for s in
                       suites.select(found, "y", level, names))
    equal((ids("quick"), ids("all"), ids("soak")), ("ade", "acdeg", "f"))
    equal((ids("quick", "net"), ids("all", "net"), ids("quick", "net/c"),
           ids("quick", "leaks/f")), ("d", "cd", "c", "f"))
    groups = suites.boots(suites.select(found, "y", "all", ()))
    equal([[s.name for s in g] for g in groups], [["a", "c"], ["d"], ["e"], ["g"]])


def test_suites_of_one_isa():
    both, one = suites.Suite("a", "both"), suites.Suite("a", "one", isas="1")
    equal(suites.split([both, one], ["arm64"] * 2), ([both, one], []))
    equal(suites.split([both, one], ["arm64", "riscv64"]), ([both], [one]))


def test_real_suites_declare_correctly():
    for suite in suites.find():
        if not suite.summary:
            raise AssertionError(f"{suite.id} does not say what it shows")
        if suite.boot == "shared" and suite.append:
            raise AssertionError(f"{suite.id} appends to a shared boot")


def test_trailer_in_every_cut():
    data = b"ab\0tombolo-\0tombolo-end T 7\n"
    for size in range(1, len(data)):
        trailer = Trailer("T")
        out = b"".join(trailer.feed(data[at:at + size])
                       for at in range(0, len(data), size))
        equal((out, trailer.status), (b"ab\0tombolo-", 7))


def test_trailer_of_another_token_is_output():
    trailer = Trailer("T")
    data = b"\0tombolo-end U 0\n"
    equal((trailer.feed(data) + trailer.held, trailer.status), (data, None))


class Shell:
    """A console with a shell behind it: echo, prompts, kernel messages."""

    def __init__(self, directory, noise=b""):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["/bin/sh", "-i"], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, env={"PS1": "~ # ", "PATH": "/bin:/usr/bin"})
        os.close(slave)
        self.log = os.path.join(directory, "k1.log")
        self.noise = noise
        self.file = open(self.log, "wb", buffering=0)
        threading.Thread(target=self.copy, daemon=True).start()

    def copy(self):
        try:
            while data := os.read(self.master, 77):
                self.file.write(data.replace(b"\n", b"\n" + self.noise))
        except OSError:
            pass

    def connect(self):
        return self

    def setblocking(self, _):
        pass

    def recv(self, _):
        raise BlockingIOError

    def sendall(self, data):
        os.write(self.master, data)

    def close(self):
        self.process.kill()
        self.process.wait()


def on_console(command, limit=10, noise=b"", to_its_end=True):
    with tempfile.TemporaryDirectory() as directory:
        shell = Shell(directory, noise)
        console = Console(1, shell.log, shell.connect)
        request = Command(console, command, limit, to_its_end)
        while (done := request.poll()) is None:
            console.poll()
            time.sleep(0.01)
        shell.close()
        return done


def test_command_on_a_console():
    equal(on_console("echo hello; exit 3"), (b"hello\n", 3))
    equal(on_console("true"), (b"", 0))
    equal(on_console("printf x"), (b"x", 0))


def test_quotes_and_long_output():
    equal(on_console("printf '%s|' \"a'b\" '$HOME' '`'"),
          (b"a'b|$HOME|`|", 0))
    out, status = on_console("seq 1 5000")
    equal((status, out),
          (0, b"".join(b"%d\n" % i for i in range(1, 5001))))


def test_kernel_messages_in_between():
    noise = b"[   12.345678] some driver: speaks\r\n"
    equal(on_console("seq 1 100", noise=noise),
          (b"".join(b"%d\n" % i for i in range(1, 101)), 0))


def test_no_answer_is_a_status():
    equal(on_console("sleep 9", limit=1), (b"no answer on the console\n", 255))


def test_of_the_last_command_only_the_beginning_is_awaited():
    equal(on_console("kill -9 $PPID; sleep 9", to_its_end=False), (b"", 0))


if __name__ == "__main__":
    sys.exit(run(collect(dict(globals()))))
