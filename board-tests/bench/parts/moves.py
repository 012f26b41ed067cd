# SPDX-License-Identifier: GPL-2.0
"""What moving a thread costs, and what it pays for what it does elsewhere: in
doorbell round trips of the same round, beside what the same costs at home, with
the messages, pages and instructions of all kernels.

Like a message's (counts.py), a number of messages is a difference of two runs of
`moves`, many times and a few times, so that the program around it falls out.
So is a time, where several threads begin and end. Otherwise each time is a lap of
its own: there is a least, and of instructions the lower quartile, since a CPU that
the host has stopped makes others wait for it in a loop.
"""

from collections import namedtuple
from statistics import median, quantiles

from tombolo.errors import Failure
from .counts import of_kernel
from .guest import step

# What `moves` does; how often; on which cores: H and I are kernel 0's, A and B
# kernel 1's, T kernel 2's. `at home` may be nothing of its own to compare with.
Measure = namedtuple("Measure", "name title few many away home laps",
                     defaults=["HH", True])
MEASURES = (
    Measure("first_trip", "first move there and back", 2, 12, "HA", "HI"),
    Measure("trip", "later move there and back", 10, 110, "HA", "HI"),
    Measure("third_trip", "from there to a third and back", 10, 60, "HAT",
            None),
    Measure("getppid", "getppid()", 10, 310, "HA"),
    Measure("new_page", "write to a new page", 10, 110, "HA"),
    Measure("read", "read a page of home", 10, 110, "HA", "HI"),
    Measure("write", "write a page of home", 10, 110, "HA", "HI"),
    Measure("upgrade", "write a page that was read", 10, 110, "HA", "HI"),
    Measure("third_read", "read a page of a third", 10, 110, "AT", None),
    Measure("third_write", "write a page of a third", 10, 110, "AT", None),
    Measure("third_read", "at home, read a page of there", 10, 110, "AH",
            None),
    Measure("futex", "wake each other by futex", 10, 110, "HA", "HI"),
    Measure("pipe", "wake each other by pipes", 10, 110, "HA", "HI"),
    Measure("read_in_order", "read pages of home in order", 10, 330, "HA",
            "HI", False),
    Measure("faults", "read faults of 1 thread", 10, 110, "HA", None, False),
    Measure("faults", "read faults of 2 threads", 10, 110, "HAB", None, False),
    Measure("faults", "read faults of 3 threads", 10, 110, "HABA", None,
            False),
    Measure("faults", "read faults of 4 threads", 10, 110, "HABAB", None,
            False),
    Measure("apart", "add 1, two pages", 10000, 2010000, "HA", "HI", False),
    Measure("false_sharing", "add 1, words of one page", 10000, 2010000, "HA",
            "HI", False),
    Measure("alone", "compute, no sharing", 100, 10100, "HA", "HI", False),
    Measure("shared", "a grid and a barrier", 5, 25, "HA", "HI", False),
)
PLACES = ("home", "away")


def cores_of(board):
    """The letters of the measures; where a kernel has one core, it is both."""
    first, found = 0, {}
    for kernel, names in zip(board.facts["kernels"], ("HI", "AB", "T")):
        cores = range(first, first + len(kernel["cpus"]))
        for index, name in enumerate(names):
            found[name] = cores[min(index, len(cores) - 1)]
        first = cores[-1] + 1
    return found


def measures(board):
    """Those that the board has the kernels for: a third is not everywhere."""
    known = cores_of(board)
    return [m for m in MEASURES if set(m.away) <= set(known)]


def run_step(board, number, measure, place, n):
    known = cores_of(board)
    return step(["counted_moves", measure.name, n,
                 *[known[letter] for letter in getattr(measure, place)]],
                kind=f"{place}: {measure.title}", n=n, round=number)


def places(board):
    """(measure, place) that there are."""
    return [(m, place) for m in measures(board) for place in PLACES
            if getattr(m, place)]


def steps(board, rounds, quick):
    done = []
    for number in range(rounds):
        done.append(step(["tested", "k1/bell",
                          f"ping count={300 if quick else 2000}"],
                         kind="bell", round=number))
        for m, place in places(board):
            many = m.few + (m.many - m.few) // (5 if quick else 1)
            done += [run_step(board, number, m, place, n)
                     for n in (m.few, many)]
    return done


def counted_steps(board, quick):
    """For a boot with the plugin: what is made of parts that are alike."""
    return [run_step(board, 0, m, place, min(m.many, 20 if quick else 100))
            for m, place in places(board) if m.laps]


def messages(each):
    """That went through the mailbox, of all kernels together."""
    return sum(float(value) for key, value in each.values.items()
               if key == "count.mailbox_sent" or
               key.startswith("count.ssi_sent_"))


def pages(each):
    return sum(float(each.values.get(f"count.grants_{kind}", 0))
               for kind in ("read", "write"))


def copied(each):
    return float(each.values.get("count.bytes_copied", 0))


COUNTS = {"messages": messages, "pages": pages, "bytes_copied": copied}


def per_operation(done, count):
    """Of steps that differ in how often and in the round: the least counts."""
    least = {}
    for each in done:
        n = each.about["n"]
        least[n] = min(count(each), least.get(n, float("inf")))
    few, many = min(least), max(least)
    return (least[many] - least[few]) / (many - few)


class Evaluation:
    """The numbers of one measure at one place."""

    def __init__(self, done):
        self.done = done
        self.bells = {each.about["round"]: each for each in done
                      if each.is_about(kind="bell")}

    def bell(self, each, key):
        return self.bells[each.about["round"]][key]

    def one(self, kind):
        done = [each for each in self.done if each.is_about(kind=kind)]
        if not done:
            return None
        most = max(each.about["n"] for each in done)
        many = [each for each in done if each.about["n"] == most]
        row = self.times(done, many, most)
        for name, count in COUNTS.items():
            row[name] = per_operation(done, count)
        row["sums"] = {each.values["sum"] for each in many
                       if "sum" in each.values}
        return row

    def times(self, done, many, most):
        least_bell = min(bell["min_ns"] for bell in self.bells.values())
        if "laps" not in many[0].values:
            ns = per_operation(done, lambda each: each["ns"])
            bell = median(b["p50_ns"] for b in self.bells.values())
            if ns <= 0:  # the host was too busy for a difference to say much
                return {"ns": None, "bells": None, "least_bells": None}
            return {"ns": ns, "bells": ns / bell, "least_bells": None}

        def bells(key):
            return median(each[key] / most / self.bell(each, "p50_ns")
                          for each in many)

        row = {"ns": median(each["ns"] / most for each in many),
               "bells": bells("ns"),
               "least_bells": min(e["least_ns"] for e in many) / least_bell}
        for key in ("out_ns", "back_ns"):
            if key in many[0].values:
                row[key[:-3] + "_bells"] = bells(key)
        return row


def evaluate(board, done):
    e = Evaluation(done)
    result = {"bell_ns": {key: median(each[f"{key}_ns"]
                                      for each in e.bells.values())
                          for key in ("p50", "min")}, "measures": []}
    for m in measures(board):
        row = {"name": m.name, "title": m.title,
               **{place: e.one(f"{place}: {m.title}") for place in PLACES}}
        compare_sums(m, row)
        result["measures"].append(row)
    return result


def compare_sums(measure, row):
    """What an application computes is the same wherever it does."""
    sums = set().union(*[row[place].pop("sums") for place in PLACES
                         if row[place]])
    if len(sums) > 1:
        raise Failure(1, f"{measure.title}: results differ: {sums}")


def parts_of(board, each, name):
    """What was counted in each part of a step, of all kernels together."""
    kernels = range(board.kernels)
    until = [sum(of_kernel(board, lap, k, name) for k in kernels)
             for lap in each.laps]
    return [now - before for before, now in zip([0] + until, until)]


def add_instructions(board, done, result):
    """And doorbells, of the steps of a boot with the plugin."""
    for row in result["measures"]:
        for place in PLACES:
            found = [each for each in done
                     if each.is_about(kind=f"{place}: {row['title']}")]
            if row[place] and found:
                for name in ("instructions", "bells"):
                    row[place][f"counted_{name}"] = quantiles(
                        parts_of(board, found[0], name))[0]
