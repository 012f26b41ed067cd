# SPDX-License-Identifier: GPL-2.0
"""What moving a thread costs, in units of the doorbell round trip of the same
round, beside what the same thing costs at home."""

from statistics import median

from .guest import step

WHAT = ("getppid", "new_page", "read", "upgrade", "futex", "pipe")
TRIPS = ("first_move", "first_return", "later_round_trip")


def steps(board, rounds, quick):
    away = len(board.facts["kernels"][0]["cpus"])
    done = []
    for number in range(rounds):
        done.append(step(["tested", "k1/bell",
                          f"ping count={300 if quick else 2000}"],
                         kind="bell", round=number))
        done.append(step(["/opt/tombolo/bench/moves", 0, away,
                          50 if quick else 300], kind="moves", round=number))
    return done


def evaluate(done):
    bells = [each["p50_ns"] for each in done if each.is_about(kind="bell")]
    moves = [each for each in done if each.is_about(kind="moves")]

    def ratio(key):
        return median(each[f"{key}_ns"] / bell
                      for each, bell in zip(moves, bells))

    return {"bell_ns": median(bells),
            "trips": {what: ratio(what) for what in TRIPS},
            "calls": {what: {"home": ratio(f"home_{what}"),
                             "away": ratio(f"away_{what}")}
                      for what in WHAT}}
