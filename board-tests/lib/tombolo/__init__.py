# SPDX-License-Identifier: GPL-2.0
"""Boots boards, runs programs on them and judges what their kernels said."""
