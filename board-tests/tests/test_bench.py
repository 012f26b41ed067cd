#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The benchmark's arithmetic: what it makes of what a board said."""

import json
import os
import sys
import tempfile
import types

import fakeboard
from taptest import collect, contains, equal, run

sys.path[:0] = [os.path.join(fakeboard.PROGRAMS, "bench"),
                os.path.join(fakeboard.PROGRAMS, "lib")]
# pylint: disable=wrong-import-position
from parts import counts, guest, moves, rival, tables, times
from tombolo.errors import Failure

BOARD = types.SimpleNamespace(
    kernels=2, machines=[{"cpus": [0, 1, 2, 3]}],
    facts={"kernels": [{"cpus": [0, 1]}, {"cpus": [2, 3]}]})


def done(about, values, instructions=None):
    """A step that ran; instructions per CPU."""
    each = guest.step(["x"], **about)
    each.values = {key: str(value) for key, value in values.items()}
    if instructions:
        each.counts = [dict.fromkeys(counts.CLASSES, n) for n in instructions]
    return each


def test_a_count_is_a_difference_without_idle_work():
    steps = [
        done({"kind": "idle"}, {"ns": 1000}, [10, 0, 20, 0]),
        done({"kind": "k", "size": 8, "n": 10}, {"ns": 0}, [500, 0, 50, 0]),
        done({"kind": "k", "size": 8, "n": 110}, {"ns": 5000},
             [500 + 50, 700, 50 + 100 + 300, 0]),
    ]
    e = counts.Evaluation(BOARD, steps)
    equal(e.per_message("k", 8, [0], "dmb"), 7.0)
    equal(e.per_message("k", 8, [1], "dmb"), 3.0)
    equal(e.row("k", 8, [0, 1], share=2)["instructions"], 5.0)


def test_of_several_rounds_the_least_counts():
    idle = done({"kind": "idle"}, {"ns": 1000}, [0, 0, 0, 0])
    rounds = [done({"kind": "k", "size": 8, "n": n}, {"ns": 1}, [c, 0, 0, 0])
              for n, c in ((10, 900), (20, 4000), (10, 100), (20, 300))]
    e = counts.Evaluation(BOARD, [idle, *rounds])
    equal(e.per_message("k", 8, [0], "instructions"), 20.0)


def test_elapsed_takes_the_slowest_of_several_pairs():
    equal(counts.elapsed(done({}, {"0-1.ns": 5, "0-2.ns": 9})), 9.0)
    equal(counts.elapsed(done({}, {"mean_ns": 5, "count": 3})), 15.0)


def test_times_are_in_doorbells_of_their_round():
    steps = []
    for number, bell in enumerate((100, 200, 400)):
        steps.append(done({"kind": "bell", "round": number},
                          {"p50_ns": bell, "min_ns": bell}))
        steps.append(done({"kind": "ping", "size": 64, "round": number},
                          {"p50_ns": 3 * bell, "min_ns": 2 * bell,
                           "p99_ns": 9 * bell}))
    row = times.Evaluation(steps).message(64)
    equal((row["round_trip_bells"], row["least_bells"], row["p99_bells"]),
          (3.0, 2.0, 9.0))
    equal((row["round_trip_ns"], row["copy"]), (600.0, None))


def moved(kind, number, n, ns, **values):
    """A step of `moves`, of which home has nothing to compare with."""
    return done({"kind": f"away: {kind}", "round": number, "n": n},
                {"status": "ok", "ns": ns, **values})


def test_moves_are_counted_by_difference_and_timed_in_bells():
    title = moves.MEASURES[0].title
    steps = []
    for number, bell in enumerate((100, 200, 400)):
        steps += [
            done({"kind": "bell", "round": number},
                 {"p50_ns": bell, "min_ns": 50}),
            moved(title, number, 2, 9, **{"count.mailbox_sent": 7}),
            moved(title, number, 12, 12 * bell * 3, least_ns=75, laps=12,
                  **{"count.mailbox_sent": 17 + number,
                     "count.ssi_sent_call": 10, "count.grants_read": 20})]
    row = moves.Evaluation(steps).one(f"away: {title}")
    equal((row["bells"], row["least_bells"]), (3.0, 1.5))
    equal((row["messages"], row["pages"]), (2.0, 2.0))
    equal(moves.Evaluation(steps).one(f"home: {title}"), None)


def test_without_laps_a_time_is_a_difference():
    steps = [done({"kind": "bell", "round": 0}, {"p50_ns": 2, "min_ns": 1}),
             moved("x", 0, 10, 100), moved("x", 0, 20, 160)]
    row = moves.Evaluation(steps).one("away: x")
    equal((row["ns"], row["bells"], row["least_bells"]), (6.0, 3.0, None))
    steps[2] = moved("x", 0, 20, 90)
    equal(moves.Evaluation(steps).one("away: x")["ns"], None)
    equal(tables.ratio(None, 3), None)


def test_measures_need_the_kernels_that_they_name():
    three = types.SimpleNamespace(facts={"kernels": [
        {"cpus": [0]}, {"cpus": [1]}, {"cpus": [2]}]})
    equal(moves.cores_of(BOARD), {"H": 0, "I": 1, "A": 2, "B": 3})
    equal(moves.cores_of(three), {"H": 0, "I": 0, "A": 1, "B": 1, "T": 2})
    equal([m for m in moves.measures(BOARD) if "T" in m.away], [])
    equal(moves.measures(three), list(moves.MEASURES))


def test_results_that_differ_are_an_error():
    rows = {"home": {"sums": {"1"}}, "away": {"sums": {"2"}}}
    try:
        moves.compare_sums(moves.MEASURES[0], rows)
        raise AssertionError("no error")
    except Failure as failure:
        contains(str(failure), "differ")


def test_a_step_has_as_many_counts_as_it_has_laps():
    steps = [guest.step(["counted"]), guest.step(["other"]),
             guest.step(["counted_moves"])]
    steps[2].values["laps"] = "2"
    with tempfile.NamedTemporaryFile("w") as file:
        for n in (5, 10, 30):
            print(json.dumps([{"bells": n}] * 4), file=file)
        file.flush()
        guest.attach_counts(steps, file.name)
        equal(moves.parts_of(BOARD, steps[2], "bells"), [40, 80])
        steps[2].values["laps"] = "3"
        try:
            guest.attach_counts(steps, file.name)
            raise AssertionError("no failure")
        except Failure as failure:
            contains(str(failure), "3 counts for 4")


def test_the_rival_takes_all_its_stages():
    def one(kind, **values):
        return done({"kind": kind, "size": 1, "round": 0}, values)

    row = rival.evaluate([
        one("bell", p50_ns=10),
        one("criu", dump_ns=100, copy_ns=200, restore_ns=300, bytes=5,
            gap_ns=500, round_ns=550),
        one("tombolo", there_ns=60, gap_ns=50, round_ns=100)])[0]
    equal((row["command"]["criu_ns"], row["command"]["ratio"]), (600, 10.0))
    equal((row["pause"]["ratio"], row["round"]["ratio"]), (10.0, 5.5))
    contains(tables.rivals([row]), "of criu's: dump")


def test_output_goes_to_its_step():
    steps = [guest.step(["a"]), guest.step(["b"])]
    output = guest.Output(steps, lambda event: None)
    for data in (b"noise\n@step 0\n# k1/data: x=1\nsta", b"tus=ok\n@step 1\n",
                 b"status=timeout\n"):
        output(data)
    equal([each.values for each in steps],
          [{"status": "ok"}, {"status": "timeout"}])
    equal([each.ok for each in steps], [True, False])
    try:
        guest.check(steps, 0, output, "LOGS")
        raise AssertionError("no failure")
    except Failure as failure:
        contains(str(failure), "`b` failed: status=timeout")


def test_tables_are_aligned():
    text = tables.table("T", ["a", "bb"], [[1, 0.001], ["x", 1234.5]])
    equal(text, "T\n\na    bb\n-------\n1     0\nx  1234\n")


if __name__ == "__main__":
    sys.exit(run(collect(dict(globals()))))
