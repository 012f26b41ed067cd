# SPDX-License-Identifier: GPL-2.0
"""The parts of the board's benchmark; each has steps() and evaluate()."""
