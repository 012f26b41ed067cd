# SPDX-License-Identifier: GPL-2.0
"""Merges the trace events of all kernels into one file for Perfetto.

Each kernel's part begins with what `tombolo clock` says there, so that all
events are put on the board's one counter. The result is Chrome's trace JSON:
a process per kernel with a row per core (who ran) and a row per event system.
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
        self.running = {}  # cpu: (name, since)
        self.events = []
        self.names = set()

    def line(self, text):
        match = EVENT.match(text)
        if match:
            self._event(match)
        elif text.startswith(("board_ns=", "monotonic_ns=")):
            key, _, value = text.partition("=")
            self.clock[key] = int(value)

    def _event(self, match):
        offset = self.clock["board_ns"] - self.clock["monotonic_ns"]
        at = float(match["time"]) * 1e6 + offset / 1e3
        if match["name"] == "sched_switch":
            self._switch(int(match["cpu"]), at, match["args"])
            return
        self.names.add(match["name"])
        self.events.append({
            "ph": "i", "s": "t", "name": match["name"], "ts": at,
            "pid": self.number, "tid": f"core {match['cpu']}: events",
            "args": {"task": f"{match['comm'].strip()}-{match['pid']}",
                     "text": match["args"],
                     **dict(FIELD.findall(match["args"]))}})

    def _switch(self, cpu, at, args):
        name, since = self.running.pop(cpu, (None, at))
        if name:
            self.events.append({
                "ph": "X", "name": name, "ts": since, "dur": at - since,
                "pid": self.number, "tid": f"core {cpu}"})
        match = SWITCH.search(args)
        if match and match["pid"] != "0":
            self.running[cpu] = (f"{match['comm']}-{match['pid']}", at)


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
        events = sorted((event for kernel in self.kernels
                         for event in kernel.events),
                        key=lambda event: event["ts"])
        begin = events[0]["ts"] if events else 0
        for event in events:
            event["ts"] -= begin
        names = [{"ph": "M", "name": "process_name", "pid": kernel.number,
                  "args": {"name": f"kernel {kernel.number}"}}
                 for kernel in self.kernels]
        rows = Rows()
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"displayTimeUnit": "ns",
                       "traceEvents": names + rows.named(events)}, file)
        return len(events)


class Rows:
    """Perfetto wants numbers for threads, and their names once."""

    def __init__(self):
        self.numbers = {}

    def named(self, events):
        names = []
        for event in events:
            key = (event["pid"], event["tid"])
            if key not in self.numbers:
                number = event["pid"] * 1000 + len(self.numbers) + 1
                self.numbers[key] = number
                names.append({"ph": "M", "name": "thread_name",
                              "pid": event["pid"], "tid": number,
                              "args": {"name": event["tid"]}})
            event["tid"] = self.numbers[key]
        return names + events
