# SPDX-License-Identifier: GPL-2.0
"""The tar that becomes kernel 0's overlay disk: the user's files, a command."""

import io
import os
import shlex
import tarfile

from .errors import USAGE, Failure

RUN = "run/tombolo"

# The command's status travels behind its output in the same stream, so that
# all of the output has been read when the status is. A NUL and a random token
# keep it apart from whatever a program prints. Then the wrapper waits to be
# switched off: a board that ends by itself may take unread output with it.
WRAPPER = """#!/bin/sh
sh /run/tombolo/user-command
printf '\\000tombolo-end %s %s\\n' {token} "$?"
cat /dev/virtio-ports/org.tombolo.host >/dev/null 2>&1
"""


def marker(token):
    return b"\0tombolo-end " + token.encode() + b" "


def shell_text(words):
    """CMD as make gives it (one word: a shell line) or an argument vector."""
    if len(words) == 1:
        return words[0] + "\n"
    return "exec " + " ".join(map(shlex.quote, words)) + "\n"


def build(path, token, command, directory=None, files=None):
    """Write the tar: directory's files, then files {name: (bytes, mode)}."""
    try:
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
            if directory is not None:
                add_directory(tar, directory)
            for name, (data, mode) in (files or {}).items():
                add_file(tar, name, data, mode)
            wrapper = WRAPPER.format(token=token).encode()
            add_file(tar, RUN + "/command", wrapper, 0o755)
            text = command.encode("utf-8", "surrogateescape")
            add_file(tar, RUN + "/user-command", text, 0o644)
    except OSError as error:
        name = error.filename or path
        raise Failure(USAGE, f"cannot put {name} on the overlay disk: "
                      f"{error.strerror}") from None


def add_directory(tar, directory):
    if not os.path.isdir(directory):
        what = "not a directory" if os.path.exists(directory) \
            else "no such directory"
        raise Failure(USAGE, f"overlay {directory}: {what}")

    def as_root(info):
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        return info

    for name in sorted(os.listdir(directory)):
        tar.add(os.path.join(directory, name), arcname=name, filter=as_root)


def add_file(tar, name, data, mode):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = mode
    tar.addfile(info, io.BytesIO(data))
