# SPDX-License-Identifier: GPL-2.0
"""Child processes and temporary files that never outlive the harness.

Three nets under each other: close() on the way out; PR_SET_PDEATHSIG on each
child; and a janitor process that sees our end of a pipe close, whatever
killed us, ends the process groups it was told of and removes the run
directory. The janitor is what makes SIGKILL of the harness leave nothing. It
also ends the harness when a make that started it is gone: who gives up on
`make exec` may kill no more than make.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

from .errors import Interrupted

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def raise_on_signals():
    """Turn the signals that end a program into an exception, once."""

    def handler(signum, _frame):
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        raise Interrupted(signum)

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, handler)


def _killpg(pgid, signum):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pgid, signum)


def short_directory():
    """Where temporary files belong, unless the sockets' paths, which have at
    most 107 characters, would be too long there."""
    usual = tempfile.gettempdir()
    return usual if len(usual) < 70 else "/tmp"


class Workspace:
    """A run directory and the process groups that belong to one run."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="tombolo.", dir=short_directory())
        self.children = []
        self._pipe = self._start_janitor()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def path(self, name):
        return os.path.join(self.dir, name)

    def spawn(self, argv, **kwargs):
        """Start argv in a session of its own; it dies with the harness."""
        parent = os.getpid()

        def bind_to_parent():
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(127)

        child = subprocess.Popen(argv, start_new_session=True,
                                 preexec_fn=bind_to_parent, **kwargs)
        self.children.append(child)
        os.write(self._pipe, b"%d\n" % child.pid)
        return child

    def stop(self, child, grace=3.0):
        """End a child and its process group: politely, then surely."""
        if child.poll() is None:
            _killpg(child.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(grace)
        _killpg(child.pid, signal.SIGKILL)
        child.wait()

    def close(self):
        for child in self.children:
            self.stop(child)
        shutil.rmtree(self.dir, ignore_errors=True)
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
            os.waitpid(self._janitor, 0)

    def _start_janitor(self):
        reader, writer = os.pipe()
        harness = os.pidfd_open(os.getpid())
        self._janitor = os.fork()
        if self._janitor:
            os.close(reader)
            os.close(harness)
            return writer
        try:
            os.close(writer)
            _janitor(reader, harness, self.dir)
        finally:
            os._exit(0)


def _janitor(reader, harness, directory):
    """Wait until the harness is gone, then remove what it left."""
    os.setsid()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    groups = [int(word) for word in _told(reader, harness).split()]
    if not os.path.isdir(directory):
        return
    for signum in (signal.SIGTERM, signal.SIGKILL):
        for pgid in groups:
            _killpg(pgid, signum)
        time.sleep(0.2)
    shutil.rmtree(directory, ignore_errors=True)


def _told(reader, harness):
    """All that the harness writes until its end, which is that of its makes."""
    told = b""
    events = select.poll()
    events.register(reader, select.POLLIN)
    for word in os.environ.get("TOMBOLO_MAKES", "").split():
        try:
            events.register(os.pidfd_open(int(word)), select.POLLIN)
        except ProcessLookupError:
            _end(harness)
    while True:
        for fd, _ in events.poll():
            if fd != reader:
                events.unregister(fd)
                _end(harness)
            elif data := os.read(reader, 4096):
                told += data
            else:
                return told


def _end(harness):
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(harness, signal.SIGTERM)
