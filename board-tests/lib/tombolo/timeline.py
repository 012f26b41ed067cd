# SPDX-License-Identifier: GPL-2.0
"""Merges the trace events of all kernels into one file for Perfetto.

Each kernel's part begins with what `tombolo clock` says there, so that all
events are put on the board's one counter. The result is Chrome's trace JSON: a
process per kernel, with a row per core (who ran), a row per core of events, and
slices for each stay of a thread on another kernel and each wait for a page.

Times are whole microseconds, as ftrace prints them: Perfetto cuts what is behind the
point, of a beginning and of a length apart, and drops a slice that then begins
before the end of another in its row. Nor is there a displayTimeUnit: older
versions take "ns" for the unit of the times.
"""

import json
import re

EVENT = re.compile(r"^\s*(?P<comm>.{1,16})-(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]\s+"
                   r"\S+\s+(?P<time>\d+\.\d+): (?P<name>\w+): ?(?P<args>.*)$")
FIELD = re.compile(r"(\w+)=(\S+)")
SWITCH = re.compile(r"prev_comm=.* prev_pid=\d+ .* ==> "
                    r"next_comm=(?P<comm>.*) next_pid=(?P<pid>\d+)")


class Kernel:
    """One kernel's events, on the board's clock."""

    def __init__(self, number):
        self.number = number
        self.clock = {}
        self.running = {}  # core: (name, since)
        self.stays = {}  # number: name
        self.events = []
        self.waits = 0
        self.last = 0

    def line(self, text):
        match = EVENT.match(text)
        if match:
            self._event(match)
        elif text.startswith(("board_ns=", "monotonic_ns=")):
            key, _, value = text.partition("=")
            self.clock[key] = int(value)

    def _event(self, match):
        offset = self.clock["board_ns"] - self.clock["monotonic_ns"]
        at = self.last = round(float(match["time"]) * 1e6 + offset / 1e3)
        core, name, text = int(match["cpu"]), match["name"], match["args"]
        if name == "sched_switch":
            self._switch(core, at, text)
            return
        task = f"{match['comm'].strip()}-{match['pid']}"
        args = dict(FIELD.findall(text))
        self._add("i", name, at, tid=f"core {core}: events", s="t",
                  args={"task": task, "text": text, **args})
        if name == "ssi_leave":
            self.stays[args["stay"]] = f"{task} on kernel {args['kernel']}"
            self._slice("b", args["stay"], at)
        elif name == "ssi_home" and args["stay"] in self.stays:
            self._slice("e", args["stay"], at)
            del self.stays[args["stay"]]
        elif name == "dsm_fault":
            self._wait(at, task, args)

    def _add(self, kind, name, at, **more):
        self.events.append({"ph": kind, "name": name, "ts": at,
                            "pid": self.number + 1, **more})

    def _slice(self, kind, stay, at):
        self._add(kind, self.stays[stay], at, cat="elsewhere",
                  id=f"{self.number}.{stay}")

    def _wait(self, at, task, args):
        """A page has come: since when had it been waited for?"""
        self.waits += 1
        for kind, when in (("b", at - int(args["wait_us"])), ("e", at)):
            self._add(kind, f"{task} waits for a page", when, cat="pages",
                      id=f"{self.number}.page.{self.waits}", args=args)

    def _switch(self, core, at, text):
        self._stop(core, at)
        match = SWITCH.search(text)
        if match and match["pid"] != "0":
            self.running[core] = (f"{match['comm']}-{match['pid']}", at)

    def _stop(self, core, at):
        name, since = self.running.pop(core, (None, at))
        if name:
            self._add("X", name, since, dur=at - since, tid=f"core {core}")

    def close(self):
        """What goes on when the trace ends, ends with it."""
        for core in list(self.running):
            self._stop(core, self.last)
        for stay in self.stays:
            self._slice("e", stay, self.last)


class Timeline:
    """Takes the lines of timeline.sh, from "@trace 0" to "@trace end"."""

    def __init__(self):
        self.kernels = []
        self.open = False

    def line(self, text):
        """Whether the line was the timeline's."""
        if text.startswith("@trace "):
            self.open = text != "@trace end"
            if self.open:
                self.kernels.append(Kernel(int(text[7:])))
        elif self.open:
            self.kernels[-1].line(text)
        else:
            return False
        return True

    def write(self, path):
        """The merged file; the number of events in it."""
        for kernel in self.kernels:
            kernel.close()
        events = sorted((event for kernel in self.kernels
                         for event in kernel.events),
                        key=lambda event: event["ts"])
        begin = events[0]["ts"] if events else 0
        for event in events:
            event["ts"] -= begin
        # From 1 on: viewers have their own idea of process 0.
        names = [{"ph": "M", "name": "process_name", "pid": kernel.number + 1,
                  "args": {"name": f"kernel {kernel.number}"}}
                 for kernel in self.kernels]
        rows = Rows()
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"traceEvents": names + rows.named(events)}, file)
        return len(events)


class Rows:
    """Perfetto wants numbers for threads, and their names once."""

    def __init__(self):
        self.numbers = {}

    def named(self, events):
        names = []
        for event in events:
            if "tid" not in event:  # a slice has a row of its own
                event["tid"] = event["pid"]
                continue
            key = (event["pid"], event["tid"])
            if key not in self.numbers:
                number = event["pid"] * 1000 + len(self.numbers) + 1
                self.numbers[key] = number
                names.append({"ph": "M", "name": "thread_name",
                              "pid": event["pid"], "tid": number,
                              "args": {"name": event["tid"]}})
            event["tid"] = self.numbers[key]
        return names + events
