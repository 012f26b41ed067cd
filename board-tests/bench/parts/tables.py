# SPDX-License-Identifier: GPL-2.0
"""The results as text. Every number here is in the JSON too."""

from .counts import CLASSES, MODES

TITLES = {"instructions": "instr.", "cache_ops": "cache ops", "dsb": "dsb",
          "dmb": "dmb", "bells": "bells", "ipis": "own IPIs"}


def table(title, heads, rows):
    """Right-aligned columns under a title."""
    text = [heads] + [[cell if isinstance(cell, str) else number(cell)
                       for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*text)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths))
             for row in text]
    return "\n".join([title, "", lines[0], "-" * len(lines[0]), *lines[1:],
                      ""])


def number(value):
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    if abs(value) < 0.005:
        return "0"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def messages(times):
    rows = []
    for row in times["messages"]:
        rows.append([row["size"], row["round_trip_ns"] / 1e3,
                     row["round_trip_bells"], row["least_bells"],
                     *stream(row["copy"]), *stream(row["buffer"])])
    bell = times["bell_ns"]
    return table(
        f"Messages. A doorbell round trip: {bell['p50'] / 1e3:.1f} us "
        f"(least {bell['min'] / 1e3:.1f}); 'x bell' is that of the same round."
        "\nOne way: messages per doorbell round trip, copied or built in "
        "buffers",
        ["bytes", "rtt us", "x bell", "least x", "copied/bell", "MiB/s",
         "built/bell", "MiB/s"], rows)


def stream(one):
    """Messages per doorbell round trip, and throughput."""
    return [1 / one["bells"], one["mib_s"]] if one else [None, None]


def growth(times):
    quiet = next(row for row in times["messages"] if row["size"] == 64)
    rows = [["quiet", None, None, quiet["round_trip_bells"],
             quiet["p99_bells"]]]
    for lane, text in (("data2", "stream in the same lane"),
                       ("control", "stream in the other lane")):
        load = times["under_load"][lane]
        rows.append([text, None, None, load["round_trip_bells"],
                     load["p99_bells"]])
    base = times["pairs"][0]["messages_per_s"]
    for pairs in times["pairs"]:
        rows.append([f"{pairs['pairs']} pairs at once",
                     pairs["messages_per_s"], pairs["messages_per_s"] / base,
                     pairs["round_trip_bells"], None])
    return table("64 byte messages as the load grows",
                 ["situation", "messages/s", "x one pair", "rtt x bell",
                  "rtt p99 x bell"], rows)


def per_message(counts, title):
    rows = []
    for mode in MODES:
        for row in counts[mode]:
            for side in ("sender", "receiver"):
                rows.append([mode, row["size"] or "-", side,
                             *[float(row[side][name]) for name in CLASSES]])
    return table(title, ["how", "bytes", "kernel"] +
                 [TITLES[name] for name in CLASSES], rows)


def both_sides(counts):
    rows = [[mode, pairs, *[float(row[name]) for name in CLASSES]]
            for mode, by_pairs in counts["both_sides"].items()
            for pairs, row in by_pairs.items()]
    return table("Both kernels together, per 64 byte message (single: per "
                 "round trip)", ["how", "pairs"] +
                 [TITLES[name] for name in CLASSES], rows)


def network(net):
    rows = [[f"ping {size} bytes, {what}, us", row["imb"], row["virtio"],
             row["ratio"]] for what, key in (("median", "ping_us"),
                                             ("least", "least_us"))
            for size, row in net[key].items()]
    rows += [[f"iperf3, MTU {mtu}, Mbit/s", row["imb"] / 1e6,
              row["virtio"] / 1e6, row["ratio"]]
             for mtu, row in net["stream_bits_per_s"].items()]
    return table("Network between kernels 0 and 1",
                 ["what", "imb-net", "virtio-net", "imb / virtio"], rows)


def moved(moves):
    rows = []
    for row in moves["measures"]:
        home, away = row["home"], row["away"]
        rows.append([row["title"], home and home["bells"], away["bells"],
                     home and home["least_bells"], away["least_bells"],
                     away["messages"], away["pages"], away["bytes_copied"],
                     away.get("counted_bells"),
                     home and home.get("counted_instructions"),
                     away.get("counted_instructions")])
    bell = moves["bell_ns"]
    return table("What moved threads pay, each time; 'x bell' is the doorbell "
                 f"round trip of the same round, {bell['p50'] / 1e3:.1f} us, "
                 "'least'\nthe least of all in the least doorbell round trip,"
                 f" {bell['min'] / 1e3:.1f} us. Counts: all kernels together",
                 ["what", "home x bell", "away x bell", "home least",
                  "away least", "messages", "pages", "bytes copied", "bells",
                  "instr. home", "instr. away"], rows)


def one_way(moves):
    rows = []
    for row in moves["measures"]:
        away = row["away"]
        if "out_bells" in away:
            rows.append([row["title"], away["out_bells"], away.get(
                "back_bells", away["bells"] - away["out_bells"])])
    return table("One way, x bell", ["what", "there", "back"], rows)


def scaled(value, scale):
    return None if value is None else value * scale


def ratio(value, unit):
    return value / unit if value and unit else None


def several(moves):
    """How much more two kernels do than one, or than one thread does."""
    rows = [row for row in moves["measures"] if row["name"] == "faults"]
    faults = [[row["title"], row["away"]["bells"],
               ratio(rows[0]["away"]["ns"], row["away"]["ns"])]
              for row in rows]
    apps = [[row["title"], scaled(row["home"]["ns"], 1e-3),
             scaled(row["away"]["ns"], 1e-3),
             ratio(row["away"]["ns"], row["home"]["ns"])]
            for row in moves["measures"]
            if row["name"] in ("apart", "false_sharing", "alone", "shared")]
    return table("Faults of several threads at once", [
        "what", "x bell per fault", "throughput x one thread"], faults) + \
        "\n" + table(
            "Two threads on two cores of kernel 0, and on a core of each of "
            "two kernels", ["what", "one kernel, us", "two kernels, us",
                            "two / one"], apps)


def rivals(rival):
    rows = []
    for row in rival:
        for name, text_ in (("command", "the commands take"),
                            ("pause", "the process stands still"),
                            ("round", "slowest round over its memory")):
            one = row[name]
            rows.append([row["mib"], text_, one["tombolo_ns"] / 1e6,
                         one["tombolo_ns"] / row["bell_ns"],
                         one["criu_ns"] / 1e6,
                         one["criu_ns"] / row["bell_ns"], one["ratio"]])
        rows += [[row["mib"], f"of criu's: {stage}", None, None, ns / 1e6,
                  ns / row["bell_ns"], None]
                 for stage, ns in row["stages_ns"].items()]
    return table("A running process to kernel 1: by tombolo migrate, and by "
                 "criu dump, copy and restore",
                 ["MiB", "what", "tombolo ms", "x bell", "criu ms", "x bell",
                  "criu / tombolo"], rows)


def text(result):
    parts = []
    if "times" in result:
        parts += [messages(result["times"]), growth(result["times"])]
    if "network" in result:
        parts.append(network(result["network"]))
    if "moves" in result:
        parts += [moved(result["moves"]), one_way(result["moves"]),
                  several(result["moves"])]
    if "rival" in result:
        parts.append(rivals(result["rival"]))
    if "counts" in result:
        parts += [per_message(result["counts"], "Per message, as the board "
                              "is (coherent: no cache operations)"),
                  both_sides(result["counts"])]
    if "counts_cleaned" in result:
        parts.append(per_message(result["counts_cleaned"], "Per message, "
                                 "caches kept by hand (imb.clean=1)"))
    if "plugin_slowdown" in result:
        parts.append("With the counting plugin a CPU needs "
                     f"{result['plugin_slowdown']:.2f} times as long.\n")
    return "\n".join(parts)
