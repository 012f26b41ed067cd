# SPDX-License-Identifier: GPL-2.0
"""The verdict on saved logs: a pure function, so old runs can be re-judged.

A boot's directory holds k<N>.log (consoles), out.ktap (what the suites
printed, with a line before and after each) and run.json (what was planned,
what was expected, how the boot ended), and sanitizer.txt if the caches were
watched by one. Nothing else is looked at.
"""

import json
import os
import re
from dataclasses import dataclass, field

from . import ktap

BEGIN = re.compile(r"^@suite begin (\S+)$")
END = re.compile(r"^@suite end (\S+) (\d+)$")

# A line of a kernel's log, after printk's time stamp, that nobody wants. The
# texts are those of Linux 6.12: kernel/panic.c, lib/bug.c, lockdep.c,
# hung_task.c, rcu/tree_stall.h, watchdog.c, kmemleak.c, ubsan.c, spurious.c.
TROUBLE = re.compile("|".join((
    r"\bWARNING: ", r"\bBUG: ", r"\bkernel BUG at ", r"\bOops\b",
    r"Internal error: ", r"Kernel panic - not syncing",
    r"Unable to handle kernel ", r"UBSAN: ", r"KASAN: ", r"KCSAN: ",
    r"possible circular locking", r"possible recursive locking",
    r"inconsistent lock state", r"suspicious RCU usage",
    r"bad unlock balance", r"held lock freed", r"lock held when returning",
    r"INFO: task .* blocked for more than", r"INFO: rcu_\S+ .*stall",
    r"rcu_\S+ detected (expedited )?stalls",
    r"rcu_\S+ self-detected stall", r"soft lockup", r"[Hh]ard LOCKUP",
    r"kmemleak: \d+ new suspected", r"refcount_t: ", r"list_(add|del) corr",
    r"sleeping function called from invalid", r"scheduling while atomic",
    r"irq \d+: nobody cared", r"Bad page (state|map)", r"bad swap",
    r"page allocation failure", r"Out of memory: Killed", r"oom-kill:",
    r"slab .*: (Object|Redzone|Poison)", r"SError", r"I/O error",
    r"EXT4-fs (error|\(\S+\): error)", r"DMA-API: ", r"sysfs: cannot create",
    r"unexpected IRQ trap", r"bad: scheduling from the idle",
    r"hung_task: ", r"virtio\S*: .*timed? ?out",
)))
PRINTK = re.compile(r"\[ *\d+\.\d{6}\](?:\[ *[TC]\d+\])? (.*)")


@dataclass
class Verdict:
    """One line of the final report."""

    name: str
    status: str  # pass, fail or skip
    reason: str = ""
    diagnostics: list = field(default_factory=list)


@dataclass
class Section:
    """What one suite printed."""

    text: str = ""
    status: int = None


def sections(text):
    """{suite: Section} of a saved out.ktap."""
    found, current = {}, None
    for line in text.splitlines():
        if match := BEGIN.match(line):
            current = found[match.group(1)] = Section()
        elif match := END.match(line):
            if match.group(1) in found:
                found[match.group(1)].status = int(match.group(2))
            current = None
        elif current is not None:
            current.text += line + "\n"
    return found


def judge_suite(name, section, ended):
    """The verdicts on one suite; ended says why the boot ended early."""
    if section is None:
        return [Verdict(name, "fail", ended or "it did not start")]
    report = ktap.parse(section.text)
    verdicts = [Verdict(f"{name}.{leaf}", test.status, test.reason,
                        test.diagnostics)
                for leaf, test in report.leaves()]
    problems = list(report.errors)
    failed = any(v.status == "fail" for v in verdicts)
    if section.status is None:
        problems.insert(0, ended or "it did not end")
    elif section.status in (124, 137, 143):
        problems.insert(0, "it ran into its time limit")
    elif section.status and not failed:
        problems.insert(0, f"it ended with status {section.status}")
    if problems:
        verdicts.append(Verdict(name, "fail", problems[0], problems[1:]))
    return verdicts


def trouble(text):
    """(line number, line) of everything alarming in a kernel's log."""
    for number, line in enumerate(text.splitlines(), 1):
        message = PRINTK.search(line)
        if message and TROUBLE.search(message.group(1)):
            yield number, message.group(1).strip()


def judge_log(kernel, text, expected):
    """One verdict on a console log; expected: [{"kernel", "pattern"}]."""
    patterns = [re.compile(e["pattern"]) for e in expected
                if e["kernel"] in (kernel, None)]
    bad = [f"line {number}: {line}" for number, line in trouble(text)
           if not any(p.search(line) for p in patterns)]
    name = f"log.k{kernel}"
    if not bad:
        return Verdict(name, "pass")
    return Verdict(name, "fail", bad[0], bad[1:20])


def judge_reports(text, expected):
    """One verdict on what the sanitizer said: all that is expected, no more."""
    patterns = {pattern: re.compile(pattern) for pattern in expected}
    lines = text.splitlines()
    bad = [line for line in lines
           if not any(p.search(line) for p in patterns.values())]
    bad += [f"nothing like '{pattern}' was reported"
            for pattern, compiled in patterns.items()
            if not any(map(compiled.search, lines))]
    if not bad:
        return Verdict("log.sanitizer", "pass")
    return Verdict("log.sanitizer", "fail", bad[0], bad[1:])


def judge_boot(run, output, logs, reports=None):
    """All verdicts on one boot: run.json, out.ktap, {kernel: log}, and the
    sanitizer's reports where there is one."""
    ended = run.get("ended")
    found = sections(output)
    verdicts = []
    for name in run["suites"]:
        verdicts += judge_suite(name, found.get(name), ended)
    if ended and not run["suites"]:
        verdicts.append(Verdict("boot", "fail", ended))
    for kernel, text in sorted(logs.items()):
        verdicts.append(judge_log(kernel, text, run.get("expected", [])))
    if reports is not None:
        verdicts.append(judge_reports(reports, run.get("reports", [])))
    return verdicts


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def judge_directory(path):
    """The verdicts on a run's directory, of one boot or of several."""
    boots = sorted((name for name in os.listdir(path)
                    if re.fullmatch(r"boot\d+", name)),
                   key=lambda name: int(name[4:]))
    if boots:
        return [Verdict(f"{boot}.{v.name}" if v.name.startswith("log.")
                        else v.name, v.status, v.reason, v.diagnostics)
                for boot in boots
                for v in judge_directory(os.path.join(path, boot))]
    run = json.loads(read(os.path.join(path, "run.json")))
    output_path = os.path.join(path, "out.ktap")
    output = read(output_path) if os.path.exists(output_path) else ""
    logs = {int(match.group(1)): read(os.path.join(path, name))
            for name in os.listdir(path)
            if (match := re.fullmatch(r"k(\d+)\.log", name))}
    reports_path = os.path.join(path, "sanitizer.txt")
    reports = read(reports_path) if os.path.exists(reports_path) else None
    return judge_boot(run, output, logs, reports)
