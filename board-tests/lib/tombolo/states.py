# SPDX-License-Identifier: GPL-2.0
"""What all kernels' tasks are doing, asked on their consoles when the time is
over: which task is where, in what state, and where in the kernel it waits."""

import re
import time

from .services import Command

COMMAND = "tombolo ps --stack"
LIMIT = 15  # seconds for all kernels together
NO_SHELL = 4  # seconds after which there will not be one
STACK = re.compile(r"^ {8} ")


def collect(machine):
    """{kernel: text}; a kernel that does not answer is told so."""
    begin = time.monotonic()
    asked = {kernel: Command(console, COMMAND, LIMIT)
             for kernel, console in machine.consoles.items()}
    texts = {}
    while asked:
        machine.poll()
        for kernel, command in list(asked.items()):
            answer = command.poll()
            if answer is None and command.token is None and \
                    time.monotonic() - begin > NO_SHELL:
                answer = (b"no shell answers on its console\n", 255)
            if answer is not None:
                texts[kernel] = answer[0].decode("utf-8", "replace")
                del asked[kernel]
    return texts


def whole(texts):
    return "".join(f"kernel {kernel}:\n{text.rstrip()}\n\n"
                   for kernel, text in sorted(texts.items()))


def rows(texts):
    """Without the stacks, for a person who waits for the answer."""
    return "\n".join(line for line in whole(texts).splitlines()
                     if not STACK.match(line))
