# SPDX-License-Identifier: GPL-2.0
"""Boots boards, runs programs on them and judges what their kernels said."""

import signal

# The programs import this before anything that takes time: who presses ctrl-c
# then need not know what. Later, cli.main() does better.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
