# SPDX-License-Identifier: GPL-2.0
"""What the host does for a suite: runs commands on the other kernels.

A suite in kernel 0 writes `console K SECONDS BASE64` on the host channel; the
harness types the command on kernel K's console and answers `out BASE64` lines
and `status N`. That needs neither the network nor the mailbox under test, and
is the same on a real board's serial lines.
"""

import base64
import contextlib
import secrets
import time

START_LIMIT = 4  # seconds until a shell that reads has shown so


class Command:
    """One command on one console: typed, then its marked lines collected."""

    def __init__(self, console, command, limit):
        self.console = console
        self.command = command
        self.end = time.monotonic() + limit
        self.type()

    def type(self):
        """(Re)type it; the echo never contains the two halves joined."""
        one, two = secrets.token_hex(3), secrets.token_hex(3)
        self.token = one + two
        self.collected = ""
        self.started = None
        self.typed = time.monotonic()
        self.seen = len(self.console.lines)
        text = base64.b64encode(self.command.encode()).decode()
        self.console.write(
            f"\x03\nT={one}; echo @${{T}}{two}^; {{ echo {text} | base64 -d |"
            " sh; s=$?; echo; echo =$s; } 2>&1 </dev/null | base64 |"
            f" sed \"s/^/@${{T}}{two}:/\"; echo @${{T}}{two}.\n".encode())

    def poll(self):
        """None while it runs, else (output, status)."""
        mark = "@" + self.token
        for line in self.console.lines[self.seen:]:
            self.seen += 1
            at = line.find(mark)
            if at < 0:
                continue
            rest = line[at + len(mark):]
            if rest.startswith("^"):
                self.started = True
            elif rest.startswith(":"):
                self.collected += rest[1:].strip()
            elif rest.startswith("."):
                return self._result()
        now = time.monotonic()
        if now > self.end:
            return b"no answer on the console\n", 255
        if not self.started and now - self.typed > START_LIMIT:
            self.type()
        return None

    def _result(self):
        with contextlib.suppress(ValueError):
            output = base64.b64decode(self.collected)
            body, _, status = output.rpartition(b"\n=")
            return body, int(status)
        return b"garbled answer: " + self.collected.encode() + b"\n", 255


class Services:
    """Answers the requests of one session, one at a time."""

    def __init__(self):
        self.current = None

    def __call__(self, session):
        channel = session.machine.channel("host")
        for line in channel.take_lines():
            self._request(session.machine, channel, line)
        if self.current is not None:
            done = self.current.poll()
            if done is not None:
                self.current = None
                answer(channel, *done)

    def _request(self, machine, channel, line):
        try:
            verb, kernel, limit, text = line.split(" ")
            console = machine.console(int(kernel))
            command = base64.b64decode(text).decode()
            if verb != "console":
                raise ValueError(verb)
            self.current = Command(console, command, float(limit))
        except (ValueError, KeyError) as error:
            answer(channel, f"bad request {line!r}: {error}\n".encode(), 255)


def answer(channel, output, status):
    for start in range(0, len(output), 1500):
        chunk = base64.b64encode(output[start:start + 1500])
        channel.write(b"out " + chunk + b"\n")
    channel.write(b"status %d\n" % status)
