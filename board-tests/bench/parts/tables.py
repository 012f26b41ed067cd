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
    rows = [[what.replace("_", " "), None, value, None]
            for what, value in moves["trips"].items()]
    rows += [[what.replace("_", " "), row["home"], row["away"],
              row["away"] / row["home"]]
             for what, row in moves["calls"].items()]
    return table("Moved threads; 'x bell' is the doorbell round trip of the "
                 f"same round, {moves['bell_ns'] / 1e3:.1f} us",
                 ["what", "at home, x bell", "away, x bell", "away / home"],
                 rows)


def text(result):
    parts = []
    if "times" in result:
        parts += [messages(result["times"]), growth(result["times"])]
    if "network" in result:
        parts.append(network(result["network"]))
    if "moves" in result:
        parts.append(moved(result["moves"]))
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
