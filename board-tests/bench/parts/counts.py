# SPDX-License-Identifier: GPL-2.0
"""What a message costs each kernel in instructions, cache operations, barriers
and doorbells, counted by QEMU (counts.c).

A stretch with n messages and one with few are compared, so that what the
programs around them cost falls out; what the kernels do anyhow in that time is
taken off before, by the counts of an idle stretch. Of several rounds the least
counts: a host that stops one guest CPU for a while makes another one wait for
it in a loop, so disturbances only ever add.
"""

from itertools import combinations

from .guest import busy, step

SIZES = (8, 64, 256, 4096)
CLASSES = ("instructions", "cache_ops", "dsb", "dmb", "bells", "ipis")
MODES = {  # how the messages go: one by one and back, or many under way
    "bell": lambda n, size: f"ping count={n}",
    "single": lambda n, size: f"ping count={n} size={size}",
    "kicked": lambda n, size: f"stress count={n} size={size} check=0",
    "batched": lambda n, size:
        f"stress count={n} size={size} check=0 batch=64",
}
FEW = 10


def sizes(mode):
    """A bare doorbell, for comparison, carries nothing."""
    return (0,) if mode == "bell" else SIZES


def target(mode):
    return "k1/bell" if mode == "bell" else "k1/data"


def amounts(quick):
    return {"bell": 1000 if quick else 5000,
            "single": 1000 if quick else 5000,
            "kicked": 3000 if quick else 20000,
            "batched": 3000 if quick else 20000}


def steps_of_round(board, quick):
    done = [busy(), step(["counted_idle", "2"], kind="idle")]
    for mode, command in MODES.items():
        for size in sizes(mode):
            for n in (FEW, amounts(quick)[mode]):
                done.append(step(["counted", target(mode), command(n, size)],
                                 kind=mode, size=size, n=n))
    if board.kernels > 2:
        pairs = list(combinations(range(board.kernels), 2))
        names = [f"{a}-{b}" for a, b in pairs]
        for mode in ("single", "batched"):
            for n in (FEW, amounts(quick)[mode]):
                done.append(step(
                    ["counted_together", "data", MODES[mode](n, 64), *names],
                    kind="all-" + mode, size=64, n=n))
    return done


def steps(board, rounds, quick):
    return [each for _ in range(rounds)
            for each in steps_of_round(board, quick)]


def elapsed(each):
    """How long the messages of a step took; ns."""
    total = []
    for prefix in {key.rpartition(".")[0] for key in each.values}:
        dot = prefix + "." if prefix else ""
        if dot + "ns" in each.values:
            total.append(each[dot + "ns"])
        elif dot + "mean_ns" in each.values:
            total.append(each[dot + "mean_ns"] * each[dot + "count"])
    return max(total, default=0.0)


def of_kernel(board, counted, kernel, name):
    """A kernel's part of what the plugin counted on all CPUs."""
    cpus = board.facts["kernels"][kernel]["cpus"]
    machine = board.machines[0]["cpus"]
    return sum(counted[machine.index(cpu)][name] for cpu in cpus)


class Evaluation:
    """Per message: (many - few) / messages, each without idle work."""

    def __init__(self, board, done):
        self.board = board
        self.done = done
        self.idle = {(k, name): min(
            of_kernel(board, each.counts, k, name) / elapsed(each)
            for each in done if each.is_about(kind="idle"))
            for k in range(board.kernels) for name in CLASSES}

    def net(self, each, kernels, name):
        """A step's counts without what an idle board does in that time."""
        return sum(of_kernel(self.board, each.counts, k, name) -
                   self.idle[k, name] * elapsed(each) for k in kernels)

    def per_message(self, kind, size, kernels, name):
        least = {}
        for each in self.done:
            if each.is_about(kind=kind, size=size):
                n = each.about["n"]
                least[n] = min(self.net(each, kernels, name),
                               least.get(n, float("inf")))
        few, many = min(least), max(least)
        return (least[many] - least[few]) / (many - few)

    def row(self, kind, size, kernels, share=1):
        return {name: self.per_message(kind, size, kernels, name) / share
                for name in CLASSES}


def evaluate(board, done):
    e = Evaluation(board, done)
    result = {"idle_per_s": {
        str(k): {name: e.idle[k, name] * 1e9 for name in CLASSES}
        for k in range(board.kernels)}}
    for mode in MODES:
        result[mode] = [{"size": size, "sender": e.row(mode, size, [0]),
                         "receiver": e.row(mode, size, [1])}
                        for size in sizes(mode)]
    everyone = list(range(board.kernels))
    pairs = len(list(combinations(everyone, 2)))
    result["both_sides"] = {
        mode: {"1": e.row(mode, 64, [0, 1])} for mode in ("single", "batched")}
    if board.kernels > 2:
        for mode, rows in result["both_sides"].items():
            rows[str(pairs)] = e.row("all-" + mode, 64, everyone, pairs)
    return result
