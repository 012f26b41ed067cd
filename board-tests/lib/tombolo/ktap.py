# SPDX-License-Identifier: GPL-2.0
"""A parser of KTAP (and TAP 12..14) that reports every malformation.

Documentation/dev-tools/ktap.rst is the format. The parser never raises: what
it cannot understand it lists in Report.errors, and a judge counts those as
failures, so that a truncated or garbled log is never a pass.
"""

import re
from dataclasses import dataclass, field

STAMP = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")
TEST = re.compile(r"^(not ok|ok)\b(?: +(\d+))?(?: +- | +|$)(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)\b(.*)$")
VERSION = re.compile(r"^K?TAP version \d+$")
DIRECTIVE = re.compile(r"^(.*?)(?:^|\s+)#\s*(SKIP|TODO|XFAIL)\b:?\s*(.*)$",
                       re.IGNORECASE)


@dataclass
class Result:
    """One test line and what was nested above it."""

    name: str
    ok: bool
    skip: bool = False
    reason: str = ""
    diagnostics: list = field(default_factory=list)
    children: list = field(default_factory=list)

    @property
    def status(self):
        if self.skip:
            return "skip"
        return "pass" if self.ok else "fail"


@dataclass
class Report:
    tests: list
    errors: list

    def leaves(self):
        """The tests that count: (dotted name, Result)."""
        for test in self.tests:
            yield from _leaves(test, "")


def _leaves(test, prefix):
    name = prefix + test.name
    below = [leaf for child in test.children
             for leaf in _leaves(child, name + ".")]
    yield from below
    own_failure = test.status == "fail" and \
        all(leaf.status != "fail" for _, leaf in below)
    if not below or own_failure:
        yield name, test


class _Level:
    def __init__(self, indent):
        self.indent = indent
        self.plan = None
        self.tests = []
        self.diagnostics = []
        self.numbers = 0


class _Parser:
    def __init__(self):
        self.levels = [_Level(0)]
        self.errors = []
        self.orphans = []
        self.version = False

    def line(self, number, text):
        text = STAMP.sub("", text.rstrip())
        body = text.lstrip(" ")
        indent = len(text) - len(body)
        if VERSION.match(body):
            self.open(number, indent)
        elif match := PLAN.match(body):
            self.plan(number, indent, match)
        elif match := TEST.match(body):
            self.test(number, indent, match)
        elif body.startswith("Bail out!"):
            self.errors.append(f"line {number}: {body}")
        elif body:
            self.levels[-1].diagnostics.append(body)

    def open(self, number, indent):
        self.version = True
        self.close_above(number, indent)
        top = self.levels[-1]
        if top.indent == indent and (top.tests or top.plan is not None):
            self.finish(number, top)
            top.plan, top.numbers = None, 0
        elif top.indent < indent:
            self.levels.append(_Level(indent))

    def plan(self, number, indent, match):
        self.close_above(number, indent)
        if self.levels[-1].indent < indent:
            self.levels.append(_Level(indent))
        level = self.levels[-1]
        if level.plan is not None:
            self.errors.append(f"line {number}: a second plan")
        level.plan = int(match.group(1))
        directive = DIRECTIVE.match(match.group(2))
        if level.plan == 0 and directive:
            level.tests.append(Result("all", True, True, directive.group(3)))

    def test(self, number, indent, match):
        children = self.close_above(number, indent)
        if self.levels[-1].indent < indent:
            self.levels.append(_Level(indent))
        level = self.levels[-1]
        result = make_result(match)
        result.children = children
        result.diagnostics = level.diagnostics
        level.diagnostics = []
        level.numbers += 1
        if match.group(2) and int(match.group(2)) != level.numbers:
            self.errors.append(f"line {number}: test number {match.group(2)} "
                               f"where {level.numbers} was expected")
            level.numbers = int(match.group(2))
        level.tests.append(result)

    def close_above(self, number, indent):
        """Close levels deeper than indent; return their tests."""
        tests = []
        while self.levels[-1].indent > indent:
            level = self.levels.pop()
            self.finish(number, level)
            tests = level.tests + tests
            self.levels[-1].diagnostics += level.diagnostics
        return tests

    def finish(self, number, level):
        seen = level.numbers
        # KUnit prints no plan for the cases of a parametrised test.
        if level.plan is None and level.tests and not level.indent:
            self.errors.append(f"line {number}: {seen} tests without a plan")
        elif level.plan is not None and level.plan != seen:
            self.errors.append(f"line {number}: {level.plan} tests planned, "
                               f"{seen} seen")

    def end(self, number):
        orphans = self.close_above(number, 0)
        if orphans:
            self.errors.append(f"line {number}: subtests without the line "
                               "of their parent")
        self.finish(number, self.levels[0])
        tests = self.levels[0].tests + orphans
        if not tests and not self.errors:
            self.errors.append("no test in the output")
        if tests and not self.version:
            self.errors.append("no KTAP version line")
        return Report(tests, self.errors)


def make_result(match):
    name, ok = match.group(3).strip(), match.group(1) == "ok"
    skip, reason = False, ""
    if directive := DIRECTIVE.match(name):
        name, reason = directive.group(1), directive.group(3)
        skip = directive.group(2).upper() == "SKIP"
        ok = ok or directive.group(2).upper() in ("TODO", "XFAIL")
    elif " # " in name:
        name, reason = name.split(" # ", 1)
    return Result(name or "unnamed", ok, skip and ok, reason.strip())


def parse(text):
    """Parse the whole output of one suite."""
    parser = _Parser()
    number = 0
    for number, line in enumerate(text.splitlines(), 1):
        parser.line(number, line)
    return parser.end(number)
