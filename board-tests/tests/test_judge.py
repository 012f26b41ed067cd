#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The KTAP parser and the judge, on whole, broken and hostile logs."""

import json
import os
import subprocess
import sys
import tempfile
import types

import fakeboard
from taptest import collect, contains, equal, run

sys.path.insert(0, os.path.join(fakeboard.PROGRAMS, "lib"))
# pylint: disable=wrong-import-position
from tombolo import judge, ktap, sanitizer

KUNIT = """KTAP version 1
1..1
    KTAP version 1
    # Subtest: imb
    1..3
    ok 1 first
    # second: EXPECTATION FAILED at x.c:3
    not ok 2 second
    ok 3 third # SKIP no pool
# imb: pass:1 fail:1 skip:1 total:3
not ok 1 imb
"""


def outcome(text):
    report = ktap.parse(text)
    return [(name, test.status) for name, test in report.leaves()], \
        report.errors


def test_kunit_results():
    leaves, broken = outcome(KUNIT)
    equal(leaves, [("imb.first", "pass"), ("imb.second", "fail"),
                   ("imb.third", "skip")])
    equal(broken, [])
    second = list(ktap.parse(KUNIT).leaves())[1][1]
    contains(second.diagnostics[-1], "EXPECTATION FAILED")


def test_plain_tap_with_the_plan_last():
    equal(outcome("TAP version 13\nok 1 - a b\nnot ok 2 - c # why\n1..2\n"),
          ([("a b", "pass"), ("c", "fail")], []))


def test_printk_stamps_are_ignored():
    text = "".join(f"[   12.345678] {line}\n" for line in KUNIT.splitlines())
    equal(outcome(text), outcome(KUNIT))


def test_directives():
    leaves, broken = outcome("KTAP version 1\n1..3\nok 1 a # SKIP no b\n"
                             "not ok 2 b # TODO later\nok 3 # SKIP all\n")
    equal([status for _, status in leaves], ["skip", "pass", "skip"])
    equal(broken, [])
    equal(outcome("TAP version 13\n1..0 # SKIP nothing here\n"),
          ([("all", "skip")], []))


def test_malformed_is_reported():
    for text, part in (
            ("", "no test"),
            ("hello\n", "no test"),
            ("KTAP version 1\n1..2\nok 1 a\n", "2 tests planned, 1 seen"),
            ("KTAP version 1\n1..1\nok 1 a\nok 2 b\n", "1 tests planned"),
            ("KTAP version 1\nok 1 a\n", "without a plan"),
            ("1..1\nok 1 a\n", "no KTAP version"),
            ("KTAP version 1\n1..2\nok 1 a\nok 3 b\n", "3 where 2"),
            ("KTAP version 1\n1..1\nok 1 a\n1..1\n", "second plan"),
            ("KTAP version 1\n1..1\nok 1 a\nBail out! x\n", "Bail out!"),
            ("KTAP version 1\n1..1\n    KTAP version 1\n    1..1\n"
             "    ok 1 a\n", "without the line"),
            ("KTAP version 1\n1..1\n    KTAP version 1\n    1..2\n"
             "    ok 1 a\nok 1 p\n", "2 tests planned, 1 seen")):
        contains("; ".join(outcome(text)[1]), part)


def test_garbage_never_raises():
    for length in range(0, len(KUNIT), 7):
        ktap.parse(KUNIT[length:])
        ktap.parse(KUNIT[:length])
        ktap.parse(KUNIT[:length] + "\x00\xff\n ok\n  1..\nok x\n")
    equal(outcome("KTAP version 1\n1..1\nok1 a\nokay 1 b\n")[0], [])


def test_a_parent_fails_for_itself():
    text = KUNIT.replace("not ok 2", "ok 2")
    equal(outcome(text)[0][-1], ("imb", "fail"))


def verdicts(**parts):
    run_facts = {"suites": ["s"], "expected": parts.get("expected", []),
                 "ended": parts.get("ended")}
    found = judge.judge_boot(run_facts, parts.get("out", GOOD),
                             parts.get("logs", {}))
    return [(v.name, v.status) for v in found]


GOOD = "@suite begin s\nKTAP version 1\n1..1\nok 1 a\n@suite end s 0\n"


def test_good_suite():
    equal(verdicts(), [("s.a", "pass")])


def test_suite_that_did_not_end():
    for out, names in ((GOOD.replace("@suite end s 0\n", ""),
                        [("s.a", "pass"), ("s", "fail")]),
                       ("", [("s", "fail")]),
                       (GOOD.replace("end s 0", "end s 124"),
                        [("s.a", "pass"), ("s", "fail")]),
                       (GOOD.replace("end s 0", "end s 3"),
                        [("s.a", "pass"), ("s", "fail")])):
        equal(verdicts(out=out, ended="kernel 0 panicked"), names)


def test_failed_suite_counts_once():
    out = GOOD.replace("ok 1 a", "not ok 1 a").replace("end s 0", "end s 1")
    equal(verdicts(out=out), [("s.a", "fail")])


TROUBLES = (
    "WARNING: CPU: 1 PID: 7 at kernel/workqueue.c:1 x+0x0/0x1",
    "WARNING: possible circular locking dependency detected",
    "WARNING: suspicious RCU usage",
    "BUG: sleeping function called from invalid context at mm/slab.c:1",
    "BUG: workqueue lockup - pool cpus=0",
    "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [sh:1]",
    "kernel BUG at mm/slub.c:3!",
    "Internal error: Oops: 0000000096000004 [#1] SMP",
    "Unable to handle kernel NULL pointer dereference at 0000",
    "Kernel panic - not syncing: sysrq triggered crash",
    "INFO: task sh:33 blocked for more than 120 seconds.",
    "rcu: INFO: rcu_sched self-detected stall on CPU",
    "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
    "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "UBSAN: array-index-out-of-bounds in x.c:1:2",
    "refcount_t: underflow; use-after-free.",
    "irq 12: nobody cared (try booting with the \"irqpoll\" option)",
    "I/O error, dev vda, sector 8 op 0x0:(READ)",
)
QUIET = (
    "[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd083]",
    "*** Warning - bad CRC, using default environment",
    "WARNING: this line is from a program, not from the kernel",
    "[    1.000000] remoteproc remoteproc0: crash detected in kernel1",
    "[    1.000000] rcu: Hierarchical RCU implementation.",
    "[    1.000000] kmemleak: Kernel memory leak detector initialized",
)


def test_every_trouble_is_seen():
    for text in TROUBLES:
        for stamp in ("[    1.234567] ", "[    1.234567][   T12] ",
                      "login: [   99.000001] "):
            equal(verdicts(logs={1: stamp + text + "\n"})[1],
                  ("log.k1", "fail"))


def test_quiet_lines_are_quiet():
    equal(verdicts(logs={0: "\n".join(QUIET)})[1], ("log.k0", "pass"))


def test_expected_trouble_is_for_one_kernel():
    expected = [{"kernel": 1, "pattern": "not syncing: sysrq triggered"}]
    line = "[   1.234567] " + TROUBLES[9]
    equal(verdicts(logs={0: line, 1: line}, expected=expected)[1:],
          [("log.k0", "fail"), ("log.k1", "pass")])


def test_reports_of_the_sanitizer():
    stale = "kernel 1 cpu 0: stale read of 0x10 at f x.c:7"
    for reports, wanted, status in ((None, [], None), ("", [], "pass"),
                                    (stale, [], "fail"),
                                    (stale, ["stale .* x.c:"], "pass"),
                                    ("", ["stale"], "fail"),
                                    (stale + "\nother", ["stale"], "fail")):
        run_facts = {"suites": ["s"], "reports": wanted}
        found = judge.judge_boot(run_facts, GOOD, {}, reports)
        equal([(v.name, v.status) for v in found[1:]],
              [("log.sanitizer", status)] if status else [])


def test_places_get_their_names():
    board = types.SimpleNamespace(build="/nowhere", facts={
        "kernels": [{"isa": "arm64"}, {"isa": "riscv64"}]})
    places = sanitizer.Places(board, "@place 0 imb .text 0xff0000\n"
                              "@place 1 imb .text 0xee0000\nother\n")
    for pc, where in (("ff0010", "imb .text+0x10"), ("fe0000", "0xfe0000"),
                      ("2ff0000", "0x2ff0000")):
        equal(places.name(f"nc: kernel 0 cpu 1: stale read of 0x40 at 0x{pc}"
                          ", stored by kernel 1\n"),
              f"kernel 0 cpu 1: stale read of 0x40 at {where}"
              ", stored by kernel 1")


def test_judge_program_and_its_totals():
    with tempfile.TemporaryDirectory() as directory:
        boot = os.path.join(directory, "boot1")
        fakeboard.write(boot + "/run.json", json.dumps({"suites": ["s"]}))
        fakeboard.write(boot + "/out.ktap", GOOD)
        fakeboard.write(boot + "/k0.log", "[    1.000000] BUG: x\n")
        program = os.path.join(fakeboard.PROGRAMS, "judge")
        done = subprocess.run([program, directory], capture_output=True,
                              text=True, check=False)
        equal(done.returncode, 1)
        equal(done.stdout.splitlines()[-1], "1 passed, 1 failed, 0 skipped")
        contains(done.stdout, "not ok 2 - boot1.log.k0\n# line 1: BUG: x")
        done = subprocess.run([program, directory + "/nothing"],
                              capture_output=True, text=True, check=False)
        equal((done.returncode, done.stderr.count("\n")), (125, 1))


if __name__ == "__main__":
    sys.exit(run(collect(dict(globals()))))
