#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The timeline: events of several kernels, on one clock, as a viewer wants them."""

import json
import os
import sys
import tempfile

import fakeboard
from taptest import collect, equal, run

sys.path.insert(0, os.path.join(fakeboard.PROGRAMS, "lib"))
# pylint: disable=wrong-import-position
from tombolo.timeline import Timeline

TEXT = """@trace 0
board_ns=5000000
monotonic_ns=3000000
          <idle>-0       [001] d....     1.000000: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=a b next_pid=7 next_prio=120
             a b-7       [001] .....     1.000010: ssi_leave: pid=7 kernel=1 stay=3
             a b-7       [001] .....     1.000100: sched_switch: prev_comm=a b prev_pid=7 prev_prio=120 prev_state=S ==> next_comm=swapper/1 next_pid=0 next_prio=120
             a b-7       [001] .....     1.000200: ssi_home: pid=7 kernel=1 stay=3
             a b-7       [000] .....     1.000300: ssi_leave: pid=7 kernel=1 stay=4
@trace 1
board_ns=9000000
monotonic_ns=1000000
               x-9       [000] .....     0.994150: dsm_fault: home=0 space=1 addr=1000 access=1 wait_us=40
@trace end
"""


def switch(number):
    """Two tasks take turns at a core, at odd times."""
    names = [f"{name} prev_pid={pid}" for name, pid in (("a", 7), ("b", 8))]
    before, after = names[number % 2], names[1 - number % 2]
    return (f"               a-7       [001] d....     "
            f"{61.000001 + number * 0.000037:.6f}: sched_switch: "
            f"prev_comm={before} prev_prio=120 prev_state=R ==> "
            f"next_comm={after.replace('prev', 'next')} next_prio=120")


BUSY = "\n".join(["@trace 0", "board_ns=5000000123", "monotonic_ns=3000000000",
                  switch(0), "@trace 1", "board_ns=5000001333",
                  "monotonic_ns=3000000777", *map(switch, range(300)),
                  "@trace end"])


def written(text=TEXT):
    timeline = Timeline()
    for line in text.splitlines():
        if not timeline.line(line):
            raise AssertionError(f"not taken: {line}")
    with tempfile.NamedTemporaryFile("r") as file:
        number = timeline.write(file.name)
        events = json.load(file)["traceEvents"]
    equal(number, len([e for e in events if e["ph"] != "M"]))
    return events


def test_clocks_are_one():
    at = {e["name"]: round(e["ts"]) for e in written() if e["ph"] == "i"}
    equal((at["ssi_home"], at["dsm_fault"]), (200, 150))


def test_who_ran_is_a_slice_of_its_core():
    events = written()
    found = [e for e in events if e["ph"] == "X"]
    equal([(e["name"], round(e["ts"]), round(e["dur"])) for e in found],
          [("a b-7", 0, 100)])
    rows = {e["tid"]: e["args"]["name"] for e in events
            if e["name"] == "thread_name"}
    equal(rows[found[0]["tid"]], "core 1")
    equal(sorted(rows.values()),
          ["core 0: events", "core 0: events", "core 1", "core 1: events"])


def test_stays_and_waits_are_slices():
    found = [(e["cat"], e["ph"], e["name"], round(e["ts"]), e["pid"])
             for e in written() if "cat" in e]
    equal(found, [
        ("elsewhere", "b", "a b-7 on kernel 1", 10, 1),
        ("pages", "b", "x-9 waits for a page", 110, 2),
        ("pages", "e", "x-9 waits for a page", 150, 2),
        ("elsewhere", "e", "a b-7 on kernel 1", 200, 1),
        ("elsewhere", "b", "a b-7 on kernel 1", 300, 1),
        ("elsewhere", "e", "a b-7 on kernel 1", 300, 1)])


def test_kernels_are_processes_and_none_is_0():
    equal([(e["pid"], e["args"]["name"]) for e in written()
           if e["name"] == "process_name"],
          [(1, "kernel 0"), (2, "kernel 1")])


# What Perfetto's importer counts as an error or drops without a word.

def test_every_event_has_what_its_kind_needs():
    for event in written():
        needs = {"M": {"args"}, "i": {"s"}, "X": {"dur"}, "b": {"cat", "id"},
                 "e": {"cat", "id"}}[event["ph"]] | {"name", "pid"}
        if event["ph"] != "M":
            needs |= {"ts", "tid"}
        equal(needs - set(event), set())
        for name in {"ts", "dur", "pid", "tid"} & set(event):
            equal((name, type(event[name]), event[name] >= 0),
                  (name, int, True))
        if event["ph"] in "be":
            equal(type(event["id"]), str)


def test_slices_of_a_row_do_not_overlap():
    ends = {}
    for event in written(BUSY):
        if event["ph"] == "X":
            row = (event["pid"], event["tid"])
            begin, length = (int(event[n] * 1000) for n in ("ts", "dur"))
            if begin < ends.get(row, 0):
                raise AssertionError(f"{event} begins before {ends[row]}")
            ends[row] = begin + length
    equal(len(ends), 2)


def test_what_begins_ends_later_in_the_file():
    for text in (TEXT, BUSY):
        begun = {}
        for event in written(text):
            key = tuple(event.get(k) for k in ("pid", "cat", "id", "name"))
            if event["ph"] == "b":
                equal(key in begun, False)
                begun[key] = event["ts"]
            elif event["ph"] == "e" and begun.pop(key) > event["ts"]:
                raise AssertionError(f"{event} ends before it begins")
        equal(begun, {})


def test_times_have_the_unit_that_all_versions_know():
    timeline = Timeline()
    with tempfile.NamedTemporaryFile("r") as file:
        timeline.write(file.name)
        equal(list(json.load(file)), ["traceEvents"])


def test_other_lines_are_not_taken():
    equal(Timeline().line("something else"), False)


if __name__ == "__main__":
    sys.exit(run(collect(dict(globals()))))
