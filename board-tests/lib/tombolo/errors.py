# SPDX-License-Identifier: GPL-2.0
"""The ways in which the harness itself fails, each with its own exit status.

A command's own status is passed through, so these are only unambiguous
together with the message, which always starts with the name of the program.
"""

QEMU_UNUSABLE = 119  # QEMU missing, too old, or refused its arguments
NOT_BUILT = 120	  # an image or a generated file is missing
NO_BOOT = 121	  # kernel 0 did not reach its userspace
KERNEL_DIED = 122  # kernel 0 panicked, reset or switched the board off
QEMU_DIED = 123	  # the emulator went away by itself
TIMEOUT = 124	  # as timeout(1)
USAGE = 125	  # wrong arguments, or a file or port that is in use


class Failure(Exception):
    """One clear sentence for the user and the exit status that goes with it."""

    def __init__(self, status, message, details=""):
        super().__init__(message)
        self.status = status
        self.details = details  # more lines, for who is there to read them


class Interrupted(BaseException):
    """A signal asks the program to end; cleaning up happens on the way out."""

    def __init__(self, signum):
        super().__init__(signum)
        self.signum = signum
