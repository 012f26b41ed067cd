# SPDX-License-Identifier: GPL-2.0
"""Round trips and throughput, in units of the doorbell round trip of the same
round: a number that survives a change of host better than nanoseconds do."""

from itertools import combinations
from statistics import median

from .guest import busy, busy_seconds, step

SIZES = (8, 64, 256, 1024, 4096, 16384)
BATCH = 64


def pair_sets(board):
    """Which pairs are at work at once: one, two apart, all."""
    everyone = list(combinations(range(board.kernels), 2))
    sets = [[(0, 1)]]
    if board.kernels >= 4:
        sets.append([(0, 1), (2, 3)])
    if len(everyone) > 1:
        sets.append(everyone)
    return sets


def stress(size, ms, extra=""):
    return f"stress size={size} ms={ms} batch={BATCH} check=0 {extra}".strip()


def round_of(board, number, quick):
    pings = 300 if quick else 2000
    ms = 300 if quick else 1000
    at = {"round": number}
    steps = [step(["tested", "k1/bell", f"ping count={pings}"],
                  kind="bell", **at), busy(**at)]
    for size in SIZES:
        steps.append(step(["tested", "k1/data",
                           f"ping count={pings} size={size}"],
                          kind="ping", size=size, **at))
    for size in SIZES:
        for by in ("copy", "buffer") if size > 256 else ("copy",):
            steps.append(step(["tested", "k1/data",
                               stress(size, ms, f"by={by}")],
                              kind="stress", size=size, by=by, **at))
    for target in ("data2", "control"):
        steps.append(step(
            ["under_load", f"k1/{target}", f"ping count={pings // 6} size=64",
             "k1/data", stress(64, ms * 4)], kind="loaded", lane=target, **at))
    for pairs in pair_sets(board):
        names = [f"{a}-{b}" for a, b in pairs]
        steps.append(step(["together", "data", f"ping count={pings} size=64",
                           *names], kind="pings", pairs=len(pairs), **at))
        steps.append(step(["together", "data", stress(64, ms * 2), *names],
                          kind="streams", pairs=len(pairs), **at))
    return steps


def steps(board, rounds, quick):
    return [each for number in range(rounds)
            for each in round_of(board, number, quick)]


def per_pair(each, key):
    """The values of a key, one for each pair."""
    return [float(value) for name, value in each.values.items()
            if name.endswith("." + key)]


def middle(done, kind, value, **about):
    """Median over the rounds, or None if nothing was asked."""
    found = [value(each) for each in done if each.is_about(kind=kind, **about)]
    return median(found) if found else None


def each_ns(each):
    """Nanoseconds per message, as the receiver saw a stream."""
    return each["rx_ns"] / each["received"]


class Evaluation:
    """The numbers of the times, from steps that are done."""

    def __init__(self, done):
        self.done = done
        self.bells = {each.about["round"]: each for each in done
                      if each.is_about(kind="bell")}

    def in_bells(self, each, ns, key="p50_ns"):
        return ns / self.bells[each.about["round"]][key]

    def ratio(self, kind, key, **about):
        """Nanoseconds of a key, in doorbell round trips."""
        unit = "min_ns" if key == "min_ns" else "p50_ns"
        return middle(self.done, kind,
                      lambda e: self.in_bells(e, e[key], unit), **about)

    def message(self, size):
        row = {"size": size,
               "round_trip_ns": middle(self.done, "ping",
                                       lambda e: e["p50_ns"], size=size)}
        for name, key in (("round_trip_bells", "p50_ns"),
                          ("p99_bells", "p99_ns"), ("least_bells", "min_ns")):
            row[name] = self.ratio("ping", key, size=size)
        for by in ("copy", "buffer"):
            row[by] = self.stream(size, by)
        return row

    def stream(self, size, by):
        ns = middle(self.done, "stress", each_ns, size=size, by=by)
        if ns is None:
            return None
        bells = middle(self.done, "stress",
                       lambda e: self.in_bells(e, each_ns(e)), size=size,
                       by=by)
        least = min(each_ns(e) for e in self.done
                    if e.is_about(kind="stress", size=size, by=by))
        return {"ns": ns, "least_ns": least, "bells": bells,
                "mib_s": size / ns * 1e9 / 2**20}

    def loaded(self, lane):
        return {"round_trip_bells": self.ratio("loaded", "p50_ns", lane=lane),
                "p99_bells": self.ratio("loaded", "p99_ns", lane=lane)}

    def pairs(self, count):
        def rate(each):
            return sum(n / ns for n, ns in zip(per_pair(each, "received"),
                                               per_pair(each, "rx_ns")))

        return {"pairs": count,
                "round_trip_bells": middle(
                    self.done, "pings", lambda e: self.in_bells(
                        e, median(per_pair(e, "p50_ns"))), pairs=count),
                "messages_per_s": middle(
                    self.done, "streams", lambda e: rate(e) * 1e9,
                    pairs=count)}


def evaluate(board, done):
    e = Evaluation(done)
    return {
        "rounds": len(e.bells),
        "busy_s": busy_seconds(done),
        "bell_ns": {"p50": median(b["p50_ns"] for b in e.bells.values()),
                    "min": min(b["min_ns"] for b in e.bells.values())},
        "messages": [e.message(size) for size in SIZES],
        "under_load": {lane: e.loaded(lane) for lane in ("data2", "control")},
        "pairs": [e.pairs(len(pairs)) for pairs in pair_sets(board)],
    }
