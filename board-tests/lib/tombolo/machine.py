# SPDX-License-Identifier: GPL-2.0
"""What the harness asks of a board, whether QEMU or a real one.

A machine gives: boot(), power(False), one Console per kernel that has one,
named byte channels to kernel 0's userspace where it has them, caps (what the
suites may rely on) and poll(), which moves all bytes and must be called in a
loop. A board on a serial line would have the caps {"console"} and maybe
{"power"}; an emulated board made of several QEMU processes is one Machine.
"""

import contextlib
import os
import selectors
import socket


class Console:
    """One kernel's console: a growing log file and a way to type."""

    def __init__(self, kernel, log, connect):
        self.kernel = kernel
        self.log = log
        self.lines = []
        self._connect = connect
        self._socket = None
        self._offset = 0
        self._partial = b""

    def poll(self):
        """Read what the log gained; return the new complete lines."""
        try:
            with open(self.log, "rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        self._offset += len(data)
        *full, self._partial = (self._partial + data).split(b"\n")
        new = [line.rstrip(b"\r").decode("utf-8", "replace") for line in full]
        self.lines += new
        return new

    @property
    def partial(self):
        """What came after the last complete line: a prompt, for example."""
        return self._partial.decode("utf-8", "replace")

    def last_line(self):
        """The last thing seen, for messages; without printk's time."""
        tail = self._partial.decode("utf-8", "replace").strip()
        for line in [tail] + self.lines[::-1]:
            if line.strip():
                return line.strip()
        return ""

    def write(self, data):
        """Type on this console."""
        if self._socket is None:
            self._socket = self._connect()
        self._socket.setblocking(True)
        self._socket.sendall(data)
        self.drain()

    def drain(self):
        """Drop the echo: the log has it, and a full socket stops the UART."""
        if self._socket is None:
            return
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while self._socket.recv(65536):
                pass

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Channel:
    """A named byte stream to the board, served on a unix socket."""

    def __init__(self, path):
        self.path = path
        self.received = b""
        self.connection = None
        self.closed = False
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(1)
        self._selector = None

    def register(self, selector):
        self._selector = selector
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self):
        self.connection, _ = self._listener.accept()
        self._selector.unregister(self._listener)
        self._selector.register(self.connection, selectors.EVENT_READ,
                                self._read)

    def _read(self):
        try:
            data = self.connection.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self._selector.unregister(self.connection)
            self.closed = True
        self.received += data

    def take(self):
        """What arrived since the last call."""
        data, self.received = self.received, b""
        return data

    def take_lines(self):
        """The complete lines that arrived since the last call."""
        *lines, self.received = self.received.split(b"\n")
        return [line.decode("utf-8", "replace").strip() for line in lines]

    def write(self, data):
        if self.connection is not None and not self.closed:
            with contextlib.suppress(ConnectionError):
                self.connection.sendall(data)

    def close(self):
        self._listener.close()
        if self.connection is not None:
            self.connection.close()


class Machine:
    """The part that all machines share: consoles, channels and their pump."""

    caps = frozenset()

    def __init__(self, board, workspace, logdir):
        self.board = board
        self.workspace = workspace
        self.logdir = logdir
        self.selector = selectors.DefaultSelector()
        self.consoles = {}
        self.channels = {}

    def boot(self):
        raise NotImplementedError

    def power(self, on):
        raise NotImplementedError

    def gone(self):
        """None while the board runs, else a phrase that says how it ended."""
        raise NotImplementedError

    def console(self, kernel):
        return self.consoles[kernel]

    def channel(self, name):
        return self.channels[name]

    def add_console(self, kernel, connect):
        log = os.path.join(self.logdir, f"k{kernel}.log")
        self.consoles[kernel] = Console(kernel, log, connect)

    def add_channel(self, name):
        channel = Channel(self.workspace.path(name + ".sock"))
        channel.register(self.selector)
        self.channels[name] = channel

    def poll(self, timeout=0.05):
        """Move bytes for at most timeout; return {kernel: new lines}."""
        for key, _ in self.selector.select(timeout):
            key.data()
        new = {}
        for kernel, console in self.consoles.items():
            console.drain()
            if lines := console.poll():
                new[kernel] = lines
        return new

    def close(self):
        for each in [*self.consoles.values(), *self.channels.values()]:
            each.close()
        self.selector.close()
