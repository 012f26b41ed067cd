#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the plugin does to memory, rule by rule: done right, and done wrong.

usage: test_nc.py FOLDER, where nc.so and the guests have been built
"""

import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from guests import Board, EndedError  # noqa: E402
from taptest import collect, contains, equal, run  # noqa: E402

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
SEED = int(os.environ.get("SEED", int(time.time()) % 1000000))
ISAS = ["arm64", "riscv64"]
# Lines that both machines have, and where nothing else is
FIRST = 0xa0000000
ALIAS = {"arm64": 1 << 39, "riscv64": 1 << 37}
# Where guests with page tables have the 2 MiB at FIRST over and over
REPEAT = {"arm64": 1 << 40, "riscv64": 0xffffffc000000000}
# What each instruction completes of what was asked for before it: that cleaned
# lines are in memory, that forgotten ones are fetched
WRITES, FETCHES = 1, 2
BARRIERS = {
    "arm64": {
        "dsb_sy": WRITES | FETCHES, "dsb_osh": WRITES | FETCHES,
        "dsb_oshld": 0, "dsb_oshst": 0, "dsb_ld": 0, "dsb_st": 0,
        "dsb_ish": 0, "dsb_nsh": 0, "dmb_sy": 0, "dmb_osh": 0, "isb": 0},
    "riscv64": {
        "fence_rw_rw": WRITES | FETCHES, "fence_io_io": WRITES | FETCHES,
        "fence_w_r": FETCHES, "fence_w_w": WRITES, "fence_rw_w": WRITES,
        "fence_w_o": WRITES, "fence_r_rw": 0, "fence_i_o": 0, "fence_i": 0,
        "pause": 0},
}
# What each moves at the next barrier: the line's bytes to memory, memory's to it
MOVES = {
    "arm64": {
        "cvac": WRITES, "cvap": WRITES, "cvadp": WRITES, "cvau": 0,
        "ivac": FETCHES, "civac": WRITES | FETCHES, "zva": 0,
        "isw": WRITES | FETCHES, "csw": WRITES | FETCHES,
        "cisw": WRITES | FETCHES},
    "riscv64": {
        "cbo_clean": WRITES, "cbo_inval": FETCHES,
        "cbo_flush": WRITES | FETCHES, "cbo_zero": 0},
}
COUNTS = ["cleans", "invals", "zeros", "written_back", "refilled",
          "discarded", "evicted", "refetched", "untranslated", "elsewhere"]


def counts(guest):
    """What the plugin has counted and is not 0."""
    guest.end()
    return counts_now(guest)


def counts_now(guest):
    """The same while it runs."""
    return {name: n for name, n in guest.counts().items()
            if name in COUNTS and n}


def both_ways(mode="never", isas=None, **more):
    """Boards on which either ISA plays the first part."""
    isas = isas or ISAS
    for pair in (isas, isas[::-1]):
        with Board(OUT, mode, pair, SEED, **more) as board:
            yield board, *board.guests


def test_right():
    """Clean, barrier; invalidate, barrier: the other sees what was stored."""
    for _, a, b in both_ways():
        for n in range(4):
            at = FIRST + 64 * n
            a.publish(at + 8 * n, 0x1234 + n)
            equal(b.observe(at + 8 * n), 0x1234 + n)
        equal(counts(a), {"cleans": 4, "written_back": 4})
        equal(counts(b), {"invals": 4, "refilled": 4})


def test_no_clean():
    for board, a, b in both_ways():
        a.store(FIRST, 1)
        a.barrier()
        equal(a.load(FIRST), 1)
        equal(b.observe(FIRST), 0)
        equal(board.memory(FIRST), 0)
        equal(counts(a), {})
        equal(counts(b), {"invals": 1})


def test_barriers():
    """Nothing is complete before one, and not everything that orders is one."""
    for _, a, b in both_ways():
        for value, (name, completes) in enumerate(BARRIERS[a.isa].items(), 1):
            a.store(FIRST, value)
            a.clean(FIRST)
            a.do(name)
            equal((name, b.observe(FIRST)),
                  (name, value if completes & WRITES else value - 1))
            a.barrier()
            equal(b.observe(FIRST), value)
            b.publish(FIRST + 64, value)
            a.inval(FIRST + 64)
            a.do(name)
            equal((name, a.load(FIRST + 64)),
                  (name, value if completes & FETCHES else value - 1))
            a.barrier()
            equal(a.load(FIRST + 64), value)
        n = len(BARRIERS[a.isa])
        equal(counts(a), {"cleans": n, "written_back": n,
                          "invals": n, "refilled": n})


def test_half_a_barrier():
    """A flush is written back before later stores, and fetched before loads."""
    for board, a, b in both_ways(isas=["riscv64", "arm64"]):
        for guest, other in ((a, b), (b, a)):
            if guest.isa != "riscv64":
                continue
            other.publish(FIRST + 64, 7)
            guest.store(FIRST, 1)
            for at in (FIRST, FIRST + 64):
                guest.flush(at)
            guest.do("fence_w_w")
            equal(board.memory(FIRST), 1)
            equal(guest.load(FIRST + 64), 0)
            guest.do("fence_w_r")
            equal(guest.load(FIRST + 64), 7)
            equal(counts(guest), {"cleans": 2, "invals": 2,
                                  "written_back": 1, "refilled": 1})


def test_instructions():
    """Each does what it says, and nothing else, at the barrier."""
    for board, a, b in both_ways():
        a.do("mmu")  # with its cache off arm64 has no dirty lines
        for n, (name, moves) in enumerate(MOVES[a.isa].items()):
            mine, theirs = FIRST + 0x100000 * n, FIRST + 0x100000 * n + 64
            b.publish(theirs, 5)
            a.store(mine, 3)
            for at in (mine, theirs):
                a.do(name, at)
            a.barrier()
            equal((name, board.memory(mine)),
                  (name, 3 if moves & WRITES else 0))
            if name in ("zva", "cbo_zero"):
                equal(a.load(mine), 0)
            else:
                equal((name, a.load(theirs)),
                      (name, 5 if moves & FETCHES else 0))


def test_barrier_of_another_cpu():
    """It completes what its own CPU has asked for."""
    for _, a, b in both_ways(cpus=2):
        a.store(FIRST, 1)
        a.clean(FIRST)
        a.barrier(cpu=1)
        equal(b.observe(FIRST), 0)
        b.inval(FIRST)
        a.barrier()
        b.barrier(cpu=1)
        equal(b.load(FIRST), 0)
        b.barrier()
        equal(b.load(FIRST), 1)
        equal(counts(a), {"cleans": 1, "written_back": 1})
        equal(counts(b), {"invals": 2, "refilled": 1})


def test_two_cpus_clean_a_line():
    """Caches are coherent within a group; operations on a line keep their order."""
    for board, a, _ in both_ways(cpus=2):
        a.store(FIRST, 1)
        equal(a.load(FIRST, cpu=1), 1)
        a.clean(FIRST)
        a.store(FIRST, 2, cpu=1)
        a.clean(FIRST, cpu=1)
        equal(board.memory(FIRST), 1)
        a.barrier(cpu=1)
        equal(board.memory(FIRST), 2)
        equal(counts(a), {"cleans": 2, "written_back": 2})


def test_no_invalidate():
    for _, a, b in both_ways():
        a.publish(FIRST, 1)
        equal(b.load(FIRST), 0)
        b.barrier()
        equal(b.load(FIRST), 0)
        equal(b.observe(FIRST), 1)


def test_invalidate_too_early():
    """A prefetcher may fetch at once: the line is as old as the barrier."""
    for _, a, b in both_ways():
        b.inval(FIRST)
        b.barrier()
        a.publish(FIRST, 1)
        equal(b.load(FIRST), 0)


def test_invalidate_dirty():
    """With its cache off arm64 has no dirty lines, so it is on here."""
    for board, a, _ in both_ways():
        a.do("mmu")
        a.store(FIRST, 1)
        a.inval(FIRST)
        a.barrier()
        equal(a.load(FIRST), 0)
        equal(board.memory(FIRST), 0)
        equal(counts(a)["discarded"], 1)


def test_invalidate_with_cache_off():
    for board, a, _ in both_ways(isas=["arm64", "arm64"]):
        a.store(FIRST, 1)
        a.inval(FIRST)
        a.barrier()
        equal(a.load(FIRST), 1)
        equal(board.memory(FIRST), 1)


def test_flush():
    for board, a, b in both_ways():
        a.store(FIRST, 1)
        a.flush(FIRST)
        a.barrier()
        equal(board.memory(FIRST), 1)
        b.flush(FIRST)
        b.barrier()
        equal(b.load(FIRST), 1)
        equal(counts(a), {"cleans": 1, "invals": 1, "written_back": 1})
        equal(counts(b), {"cleans": 1, "invals": 1, "refilled": 1})


def test_clean_of_a_clean_line():
    """It does not write: the other's bytes stay."""
    for board, a, b in both_ways():
        equal(b.load(FIRST), 0)
        a.publish(FIRST, 1)
        b.clean(FIRST)
        b.barrier()
        equal(board.memory(FIRST), 1)
        equal(counts(b), {"cleans": 1})


def test_false_sharing():
    """Two writers of one line: the later one writes back the earlier's past."""
    for board, a, b in both_ways():
        a.publish(FIRST, 1)
        b.publish(FIRST + 8, 2)
        equal((board.memory(FIRST), board.memory(FIRST + 8)), (0, 2))
        equal(a.observe(FIRST), 0)


def test_one_writer_per_line():
    for board, a, b in both_ways():
        a.publish(FIRST, 1)
        b.publish(FIRST + 64, 2)
        equal((board.memory(FIRST), board.memory(FIRST + 64)), (1, 2))


def same_bytes_again(mode):
    """b stores what its stale copy has already, and cleans; what is left."""
    for board, a, b in both_ways(mode):
        a.publish(FIRST, 1)
        b.store(FIRST, 0)
        b.clean(FIRST)
        b.barrier()
        yield board.memory(FIRST), b


def test_same_bytes_again():
    """The plugin sees what a line holds, not who stores."""
    for left, b in same_bytes_again("never"):
        equal(left, 1)
        equal(counts(b), {"cleans": 1})


def test_sanitizer_same_bytes_again():
    for left, b in same_bytes_again("sanitize"):
        equal(left, 0)
        equal(reports(b), {"lost_writes": 1})


def test_clean_takes_what_was_stored_before():
    for board, a, _ in both_ways():
        a.store(FIRST, 1)
        a.clean(FIRST)
        a.store(FIRST, 2)
        a.barrier()
        equal(board.memory(FIRST), 1)
        a.clean(FIRST)
        a.barrier()
        equal(board.memory(FIRST), 2)
        equal(counts(a), {"cleans": 2, "written_back": 2})


def test_cleans_of_a_line_keep_their_order():
    for board, a, _ in both_ways():
        for value in (1, 2):
            a.store(FIRST, value)
            a.clean(FIRST)
        equal(board.memory(FIRST), 1)
        a.barrier()
        equal(board.memory(FIRST), 2)


def test_store_after_invalidate():
    """It stays, and the rest of the line comes from memory."""
    for board, a, b in both_ways():
        a.publish(FIRST + 8, 1)
        b.inval(FIRST)
        b.store(FIRST, 2)
        b.barrier()
        equal((b.load(FIRST), b.load(FIRST + 8)), (2, 1))
        b.clean(FIRST)
        b.barrier()
        equal((board.memory(FIRST), board.memory(FIRST + 8)), (2, 1))


def test_zero():
    """It is a store: nothing moves before the clean."""
    for board, a, b in both_ways():
        a.publish(FIRST, 1)
        a.do("zero", FIRST, 1)
        a.barrier()
        equal(b.observe(FIRST), 1)
        a.clean(FIRST)
        a.barrier()
        equal(b.observe(FIRST), 0)
        equal(counts(a), {"cleans": 2, "zeros": 1, "written_back": 2})
        equal(board.memory(FIRST), 0)


def test_sets_and_ways():
    """A loop over them reaches every line of the cache."""
    for board, a, b in both_ways(isas=["arm64", "arm64"]):
        lines = [FIRST + n * 0x123440 for n in range(8)]
        for at in lines:
            a.store(at, at)
        a.do("csw")
        equal(board.memory(FIRST), 0)
        a.barrier()
        equal([board.memory(at) for at in lines], lines)
        equal([b.observe(at) for at in lines], lines)


def test_many_lines():
    """More than the plugin keeps until a barrier."""
    for board, a, b in both_ways():
        lines = [FIRST + n * 64 for n in range(0, 3000, 41)]
        for at in lines:
            a.store(at, at)
        a.clean(FIRST, 3000)
        a.barrier()
        equal([board.memory(at) for at in lines], lines)
        b.inval(FIRST, 3000)
        b.barrier()
        equal([b.load(at) for at in lines], lines)
        equal(counts(a), {"cleans": 3000, "written_back": len(lines)})
        equal(counts(b), {"invals": 3000, "refilled": len(lines)})


def test_counts_of_a_range():
    """The rest is done all the same."""
    extra = f",counted={FIRST:#x}-{FIRST + 64:#x}"
    for _, a, b in both_ways(extra=extra):
        for at in (FIRST, FIRST + 64):
            a.publish(at, 1)
            equal(b.observe(at), 1)
        equal(counts(a), {"cleans": 1, "written_back": 1})
        equal(b.end()["barriers"], 1)


def test_translation():
    """Through page tables, where virtual is not physical."""
    for _, a, b in both_ways():
        for guest in (a, b):
            guest.do("mmu")
        a.publish(FIRST + ALIAS[a.isa], 1)
        equal(b.observe(FIRST + ALIAS[b.isa]), 1)
        equal(b.load(FIRST), 1)
        equal(counts(a), {"cleans": 1, "written_back": 1})


def test_not_the_boards_memory():
    for _, a, _ in both_ways():
        a.clean(0x9000000)
        a.barrier()
        equal(counts(a), {"cleans": 1, "elsewhere": 1})


def test_not_mapped():
    """The instruction faults, and moves nothing."""
    for _, a, _ in both_ways():
        a.do("mmu")
        a.ask("clean", 0xffffffffc0000000, 1)
        a.until(lambda a=a: counts_now(a) == {"untranslated": 1})


def test_restart():
    """Dirty lines die with a machine; its successor starts with all of memory."""
    for board, a, b in both_ways():
        a.publish(FIRST, 1)
        a.store(FIRST + 64, 2)
        a.kill()
        b.publish(FIRST + 128, 3)
        a.start()
        equal([a.load(FIRST + n) for n in (0, 64, 128)], [1, 0, 3])
        equal(board.memory(FIRST + 64), 0)


def test_lines_travel_whole():
    """Nobody sees a half-built line before its clean, however it is built."""
    for command in ("build", "botch"):
        for _, a, b in both_ways():
            b.ask("watch", FIRST, 20000)
            a.do(command, FIRST, 20000)
            equal(b.answer(), 0)
            equal(counts(a), {"cleans": 20000, "written_back": 20000})


def test_lines_travel_whole_whoever_dies():
    """A writer is killed again and again, anywhere."""
    for _, a, b in both_ways():
        b.ask("watch", FIRST, 1000000000)
        for n in range(8):
            a.ask("build", FIRST, 900000000)
            time.sleep(0.05 + 0.01 * n)
            a.kill()
            a.start()
        a.store(FIRST, 1000000000)
        for word in range(1, 8):
            a.store(FIRST + 8 * word, 1000000000)
        a.clean(FIRST)
        a.barrier()
        equal(b.answer(), 0)


def test_eviction_of_dirty_lines():
    """Once a line is known to anybody, its dirty bytes land by themselves."""
    for board, a, b in both_ways("random", extra=",evict=100"):
        a.store(FIRST, 1)
        b.inval(FIRST)
        b.barrier()
        a.until(lambda board=board: board.memory(FIRST) == 1)
        equal(counts(a), {"evicted": 1})


def test_refetch_of_clean_lines():
    for board, a, b in both_ways("random", extra=",evict=100"):
        a.publish(FIRST, 1)
        b.until(lambda b=b: b.load(FIRST) == 1)
        equal(counts(b), {"refetched": 1})
        equal(board.memory(FIRST), 1)


def test_half_built_lines():
    """Word 0 last is right whatever is evicted when."""
    for _, a, b in both_ways("random", extra=",evict=20"):
        b.ask("watch", FIRST, 20000)
        a.do("build", FIRST, 20000)
        equal(b.answer(), 0)


def test_half_built_lines_wrong_way_round():
    """Word 0 first: when it lands, and nobody knows when, the rest is missing."""
    for board, a, b in both_ways("random", extra=",evict=20"):
        b.inval(FIRST)
        b.barrier()
        a.store(FIRST, 1)
        a.until(lambda board=board: board.memory(FIRST) == 1)
        equal((b.observe(FIRST), b.load(FIRST + 8)), (1, 0))
        a.store(FIRST + 8, 1)
        a.clean(FIRST)
        a.barrier()
        equal((b.observe(FIRST), b.load(FIRST + 8)), (1, 1))


def test_coherent():
    """Nothing is needed, and all is counted."""
    for _, a, b in both_ways("coherent"):
        a.store(FIRST, 1)
        equal(b.load(FIRST), 1)
        a.clean(FIRST, 5)
        b.flush(FIRST, 2)
        equal(counts(a), {"cleans": 5})
        equal(counts(b), {"cleans": 2, "invals": 2})


REPORTS = ["stale_reads", "lost_writes", "false_sharing", "discards_reported"]


def reports(guest):
    return {name: n for name, n in guest.end().items()
            if name in REPORTS and n}


def test_sanitizer_is_content():
    """Done right, polling included: a flag in another line than the bytes."""
    for _, a, b in both_ways("sanitize"):
        for n in range(1, 4):
            equal(b.observe(FIRST), n - 1)
            a.publish(FIRST + 64, n)
            equal(b.observe(FIRST), n - 1)
            a.store(FIRST, n)
            equal(b.observe(FIRST), n - 1)
            a.clean(FIRST)
            a.barrier()
            equal(b.load(FIRST), n - 1)
            equal(b.observe(FIRST), n)
            equal(b.observe(FIRST + 64), n)
        equal(reports(a), {})
        equal(reports(b), {})


def test_sanitizer_reader_forgets():
    for _, a, b in both_ways("sanitize"):
        a.publish(FIRST + 64, 1)
        a.publish(FIRST, 1)
        equal(b.load(FIRST + 64), 0)
        equal(b.observe(FIRST), 1)
        equal(b.load(FIRST + 64), 0)
        equal(reports(b), {"stale_reads": 1})
        equal(reports(a), {})


def test_sanitizer_writer_forgets():
    for _, a, b in both_ways("sanitize"):
        a.store(FIRST + 64, 1)
        a.publish(FIRST, 1)
        equal(b.observe(FIRST), 1)
        equal(b.observe(FIRST + 64), 0)
        equal(reports(b), {"stale_reads": 1})


def test_sanitizer_once_for_each_place():
    """All are counted, and each place is told once."""
    for _, a, b in both_ways("sanitize"):
        a.store(FIRST + 64, 1)
        a.publish(FIRST, 1)
        equal(b.observe(FIRST), 1)
        for _ in range(3):
            equal(b.load(FIRST + 64), 0)
        equal(reports(b), {"stale_reads": 3})
        equal(b.log.read_text().count("stale read"), 1)


def test_sanitizer_other_cpu():
    """What one CPU has seen the other may know from its next barrier on."""
    for _, a, b in both_ways("sanitize", cpus=2):
        a.store(FIRST + 64, 1)
        a.publish(FIRST, 1)
        equal(b.observe(FIRST), 1)
        equal(b.load(FIRST + 64, cpu=1), 0)
        equal(b.counts()["stale_reads"], 0)
        b.barrier(cpu=1)
        equal(b.load(FIRST + 64, cpu=1), 0)
        equal(reports(b), {"stale_reads": 1})
        contains(b.log.read_text(), "cpu 1: stale read")


def test_sanitizer_restart():
    """Who is dead has no dirty lines, and its successor knows all of memory."""
    for _, a, b in both_ways("sanitize"):
        a.store(FIRST, 1)
        b.publish(FIRST + 64, 2)
        a.kill()
        a.start()
        b.store(FIRST + 8, 2)
        equal(a.load(FIRST + 64), 2)
        equal(reports(b), {})
        equal(reports(a), {})


def test_sanitizer_the_dead():
    """What a machine had not written back is lost: nobody can read it, nobody's
    store is beside it."""
    for _, a, b in both_ways("sanitize"):
        a.store(FIRST, 1)
        a.publish(FIRST + 64, 1)
        equal(b.observe(FIRST + 64), 1)
        a.kill()
        equal(b.observe(FIRST), 0)
        b.store(FIRST + 8, 2)
        equal(reports(b), {})


def test_sanitizer_false_sharing():
    for _, a, b in both_ways("sanitize"):
        a.store(FIRST, 1)
        b.store(FIRST + 8, 2)
        equal(reports(b), {"false_sharing": 1})


def test_sanitizer_across_pages():
    """An access has each of its parts where that page is."""
    size = 2 << 20
    for _, a, b in both_ways("sanitize"):
        a.do("mmu")
        b.store(FIRST + size, 1)
        across = REPEAT[a.isa] + size - 4
        a.store(across, 5 << 32)
        equal(a.load(FIRST), 5)
        equal(a.counts()["false_sharing"], 0)
        b.store(FIRST + 8, 1)
        a.store(across, 6 << 32)
        equal(reports(a), {"false_sharing": 1})
        equal(reports(b), {"false_sharing": 1})


def test_sanitizer_lost_write():
    for board, a, b in both_ways("sanitize"):
        a.publish(FIRST, 1)
        b.publish(FIRST + 8, 2)
        equal(board.memory(FIRST), 0)
        equal(reports(b), {"lost_writes": 1})
        equal(reports(a), {})


def test_sanitizer_overwriting_all_is_allowed():
    for board, a, b in both_ways("sanitize"):
        a.publish(FIRST, 1)
        b.do("zero", FIRST, 1)
        b.clean(FIRST)
        b.barrier()
        equal(board.memory(FIRST), 0)
        equal(reports(b), {})


def test_sanitizer_discarded_line():
    for _, a, _ in both_ways("sanitize"):
        a.do("mmu")
        a.store(FIRST, 1)
        a.inval(FIRST)
        a.barrier()
        equal(reports(a), {"discards_reported": 1})


def test_sanitizer_exempt_range():
    extra = f",exempt={FIRST + 64:#x}-{FIRST + 128:#x}"
    for _, a, b in both_ways("sanitize", extra=extra):
        a.store(FIRST + 64, 1)
        a.publish(FIRST, 1)
        equal(b.observe(FIRST), 1)
        equal(b.observe(FIRST + 64), 0)
        equal(reports(b), {})


def test_sanitizer_names_the_place():
    """Kernel, CPU, line, code, and who has stored what was missed."""
    with_symbols = ",symbols=" + str(OUT / "symbols")
    for _, a, b in both_ways("sanitize", extra=with_symbols):
        for guest in (a, b):
            guest.do("mmu")
        a.store(FIRST + 64, 1)
        a.publish(FIRST, 1)
        equal(b.observe(FIRST), 1)
        equal(b.load(FIRST + 64), 0)
        b.store(FIRST + 72, 2)
        b.publish(FIRST + 8, 3)
        a.publish(FIRST, 4)
        b.inval(FIRST + 64)
        b.barrier()
        told(b, "stale read", FIRST + 64, "do_load", a)
        told(b, "false sharing", FIRST + 72, "do_store", a)
        told(a, "lost write", FIRST, "do_clean", b)
        told(b, "discarded dirty line", FIRST + 64, "do_inval", b)


def told(guest, what, at, function, by):
    """There is a report of this."""
    place = r"0x[0-9a-f]+ \(" + function + r"\+0x[0-9a-f]+\)"
    stored = f", stored by kernel {by.group}" if by != guest else ""
    line = f"nc: kernel {guest.group} cpu 0: {what} of {at:#x} at "
    found = re.search("^" + re.escape(line) + place + stored + "$",
                      guest.log.read_text(), re.M)
    if not found:
        raise AssertionError(f"{what}: not in {guest.log.read_text()!r}")


def test_only_what_is_touched_costs():
    """Of files of 2 GiB hardly anything exists."""
    for board, a, b in both_ways():
        a.publish(FIRST, 1)
        equal(b.observe(FIRST), 1)
        kib = sum(os.stat(f).st_blocks for f in board.dir.iterdir()) // 2
        assert kib < 8192, f"{kib} KiB"


def test_arguments():
    """What makes no sense is refused, and said."""
    for extra, words in ((",mode=nothing", "no such mode: nothing"),
                         (",no=1", "no such argument: no=1"),
                         (",state=/nowhere", "cannot use /nowhere"),
                         (",mode=sanitize,exempt=1-2+3",
                          "not START-END[+START-END...]: 1-2+3")):
        try:
            with Board(OUT, "never", ["arm64"], extra=extra):
                raise AssertionError(f"{extra} is accepted")
        except EndedError as ended:
            contains(str(ended), words)


if __name__ == "__main__":
    print(f"# SEED={SEED}", flush=True)
    sys.exit(run(collect(globals())))
