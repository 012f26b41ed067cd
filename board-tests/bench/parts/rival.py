# SPDX-License-Identifier: GPL-2.0
"""A process goes to another kernel by us, and by criu's dump, a copy over the
network device, and criu's restore there: rival.sh says what is counted."""

from statistics import median

from .guest import step

SIZES = (1, 16)  # MiB that the process has, and looks at all the time
STAGES = ("dump", "copy", "restore")


def steps(rounds, quick):
    done = [step(["rival_prepare"], kind="prepare")]
    for number in range(rounds):
        for size in SIZES[:1] if quick else SIZES:
            done.append(step(["tested", "k1/bell", "ping count=300"],
                             kind="bell", size=size, round=number))
            for way in ("criu", "tombolo"):
                done.append(step([f"rival_{way}", size], kind=way, size=size,
                                 round=number))
    return done


def middle(done, value):
    return median(value(each) for each in done)


def of_size(done, size):
    def some(kind):
        return [each for each in done if each.is_about(kind=kind, size=size)]

    def both(ours, theirs):
        row = {"tombolo_ns": middle(some("tombolo"), ours),
               "criu_ns": middle(some("criu"), theirs)}
        row["ratio"] = row["criu_ns"] / row["tombolo_ns"]
        return row

    return {
        "mib": size,
        "bell_ns": middle(some("bell"), lambda e: e["p50_ns"]),
        "stages_ns": {stage: middle(some("criu"), lambda e, s=stage:
                                    e[f"{s}_ns"]) for stage in STAGES},
        "image_bytes": middle(some("criu"), lambda e: e["bytes"]),
        "command": both(lambda e: e["there_ns"],
                        lambda e: sum(e[f"{s}_ns"] for s in STAGES)),
        "pause": both(lambda e: e["gap_ns"], lambda e: e["gap_ns"]),
        "round": both(lambda e: e["round_ns"], lambda e: e["round_ns"]),
    }


def evaluate(done):
    sizes = sorted({each.about["size"] for each in done
                    if each.is_about(kind="criu")})
    return [of_size(done, size) for size in sizes]
