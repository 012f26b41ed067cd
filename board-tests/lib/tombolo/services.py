# SPDX-License-Identifier: GPL-2.0
"""What the host does for a suite: runs commands on the other kernels.

A suite in kernel 0 writes `console K SECONDS BASE64` on the host channel; the
harness types the command on kernel K's console and answers `out BASE64` lines
and `status N`. That needs neither the network nor the mailbox under test, and
is the same on a real board's serial lines. `begin` instead of `console` has the
answer as soon as a shell has taken the command, which may be the kernel's last.
`hub BASE64` is a command to the board's hub, where there is one; `counts BASE64`
asks what the plugin has counted on a machine.
"""

import base64
import contextlib
import re
import secrets
import time

PROBE = 1  # seconds between two looks for a shell that reads
START_LIMIT = 15  # seconds until a typed command has shown that it runs
PROMPT = re.compile(r"[#$] (\x1b\[6n)?$")


class Command:
    """One command on one console: typed, then its marked lines collected."""

    def __init__(self, console, command, limit, to_its_end=True):
        self.console = console
        self.command = command
        self.to_its_end = to_its_end
        self.end = time.monotonic() + limit
        self.probe()

    def probe(self):
        """Ask for a prompt. What is typed before a shell reads may be lost,
        and fills the terminal's buffer, so no more than this is typed."""
        self.token = None
        self.asked = len(self.console.lines)
        self.time = time.monotonic()
        self.console.write(b"\n")

    def type(self):
        """Type the command; the echo never has the two halves joined."""
        one, two = secrets.token_hex(3), secrets.token_hex(3)
        self.token = one + two
        self.collected = ""
        self.started = False
        self.time = time.monotonic()
        self.seen = len(self.console.lines)
        text = base64.b64encode(self.command.encode()).decode()
        self.console.write(
            f"T={one}; echo @${{T}}{two}^; {{ echo {text} | base64 -d |"
            " sh; s=$?; echo; echo =$s; } 2>&1 </dev/null | base64 |"
            f" sed \"s/^/@${{T}}{two}:/\"; echo @${{T}}{two}.\n".encode())

    def poll(self):
        """None while it runs, else (output, status)."""
        now = time.monotonic()
        if now > self.end:
            return b"no answer on the console\n", 255
        if self.token is not None:
            return self._collect(now)
        if len(self.console.lines) > self.asked and \
                PROMPT.search(self.console.partial):
            self.type()
        elif now - self.time > PROBE:
            self.probe()
        return None

    def _collect(self, now):
        mark = "@" + self.token
        for line in self.console.lines[self.seen:]:
            self.seen += 1
            at = line.find(mark)
            if at < 0:
                continue
            rest = line[at + len(mark):]
            if rest.startswith("^"):
                self.started = True
                if not self.to_its_end:
                    return b"", 0
            elif rest.startswith(":"):
                self.collected += rest[1:].strip()
            elif rest.startswith("."):
                return self._result()
        if not self.started and now - self.time > START_LIMIT:
            self.probe()
        return None

    def _result(self):
        with contextlib.suppress(ValueError):
            output = base64.b64decode(self.collected)
            body, _, status = output.rpartition(b"\n=")
            return body, int(status)
        return b"garbled answer: " + self.collected.encode() + b"\n", 255


def ask_hub(machine, text):
    """The hub's answer, and a status."""
    if "hub" not in machine.caps:
        return b"this board has no hub\n", 255
    reply = machine.control(text)
    return reply.encode() + b"\n", int(reply[:2] != "ok")


def ask_counts(machine, text):
    """A machine's cache operations and lines, and a status."""
    counts = machine.counts(int(text)) if "counts" in machine.caps else None
    if counts is None:
        return b"nobody counts\n", 1
    return "".join(f"{name} {n}\n" for name, n in counts.items()).encode(), 0


class Services:
    """Answers the requests of one session, one at a time."""

    AT_ONCE = {"hub": ask_hub, "counts": ask_counts}

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
            verb, _, text = line.partition(" ")
            if verb in self.AT_ONCE:
                text = base64.b64decode(text).decode()
                answer(channel, *self.AT_ONCE[verb](machine, text))
                return
            verb, kernel, limit, text = line.split(" ")
            console = machine.console(int(kernel))
            command = base64.b64decode(text).decode()
            if verb not in ("console", "begin"):
                raise ValueError(verb)
            self.current = Command(console, command, float(limit),
                                   verb == "console")
        except (ValueError, KeyError) as error:
            answer(channel, f"bad request {line!r}: {error}\n".encode(), 255)


def answer(channel, output, status):
    for start in range(0, len(output), 1500):
        chunk = base64.b64encode(output[start:start + 1500])
        channel.write(b"out " + chunk + b"\n")
    channel.write(b"status %d\n" % status)
