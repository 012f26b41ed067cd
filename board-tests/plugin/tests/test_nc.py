#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the plugin does to memory, rule by rule: done right, and done wrong.

usage: test_nc.py FOLDER, where nc.so and the guests have been built
"""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from guests import Board  # noqa: E402
from taptest import collect, contains, equal, run  # noqa: E402

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
SEED = int(os.environ.get("SEED", int(time.time()) % 1000000))
ISAS = ["arm64", "riscv64"]
# Lines that both machines have, and where nothing else is
FIRST = 0xa0000000
ALIAS = {"arm64": 1 << 39, "riscv64": 1 << 37}
COUNTS = ["cleans", "invals", "zeros", "written_back", "refilled",
          "discarded", "evicted", "refetched", "untranslated", "elsewhere"]


def counts(guest):
    """What the plugin has counted and is not 0."""
    return {name: n for name, n in guest.end().items()
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


def test_no_barrier_after_clean():
    for _, a, b in both_ways():
        a.store(FIRST, 1)
        a.clean(FIRST)
        a.do("order")
        equal(b.observe(FIRST), 0)
        a.barrier()
        equal(b.observe(FIRST), 1)
        equal(counts(a), {"cleans": 1, "written_back": 1})


def test_no_invalidate():
    for _, a, b in both_ways():
        a.publish(FIRST, 1)
        equal(b.load(FIRST), 0)
        b.barrier()
        equal(b.load(FIRST), 0)
        equal(b.observe(FIRST), 1)


def test_no_barrier_after_invalidate():
    for _, a, b in both_ways():
        a.publish(FIRST, 1)
        b.inval(FIRST)
        b.do("order")
        equal(b.load(FIRST), 0)
        b.barrier()
        equal(b.load(FIRST), 1)
        equal(counts(b), {"invals": 1, "refilled": 1})


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


def test_point_of_unification():
    """dc cvau need not reach other groups."""
    for board, a, _ in both_ways(isas=["arm64", "arm64"]):
        a.store(FIRST, 1)
        a.do("unify", FIRST, 1)
        a.barrier()
        equal(board.memory(FIRST), 0)


def test_sets_and_ways():
    """A loop over them reaches every line of the cache."""
    for board, a, b in both_ways(isas=["arm64", "arm64"]):
        lines = [FIRST + n * 0x123440 for n in range(8)]
        for at in lines:
            a.store(at, at)
        a.do("all")
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
        end = time.monotonic() + 20
        while board.memory(FIRST) != 1 and time.monotonic() < end:
            time.sleep(0.01)
        equal(board.memory(FIRST), 1)
        equal(counts(a), {"evicted": 1})


def test_refetch_of_clean_lines():
    for board, a, b in both_ways("random", extra=",evict=100"):
        a.publish(FIRST, 1)
        end = time.monotonic() + 20
        while b.load(FIRST) != 1 and time.monotonic() < end:
            time.sleep(0.01)
        equal(b.load(FIRST), 1)
        equal(counts(b), {"refetched": 1})
        equal(board.memory(FIRST), 1)


def test_half_built_lines():
    """Word 0 last is right whatever is evicted when; word 0 first is not."""
    for _, a, b in both_ways("random", extra=",evict=20"):
        b.ask("watch", FIRST, 20000)
        a.do("build", FIRST, 20000)
        equal(b.answer(), 0)
        for _ in range(50):
            a.do("store", FIRST, 0)
            b.ask("watch", FIRST, 20000)
            a.do("botch", FIRST, 20000)
            if b.answer():
                break
        else:
            raise AssertionError("no half-built line was ever seen")


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


def test_sanitizer_false_sharing():
    for _, a, b in both_ways("sanitize"):
        a.store(FIRST, 1)
        b.store(FIRST + 8, 2)
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
    for board, a, b in both_ways("sanitize", extra=",symbols=" + str(
            OUT / "symbols")):
        a.store(FIRST + 64, 1)
        a.publish(FIRST, 1)
        equal(b.observe(FIRST), 1)
        equal(b.observe(FIRST + 64), 0)
        b.end()
        contains(b.log.read_text(),
                 f"stale read of {FIRST + 64:#x} at 0x")
        contains(b.log.read_text(), "(do_load+0x")


def test_only_what_is_touched_costs():
    """Of files of 2 GiB hardly anything exists."""
    for board, a, b in both_ways():
        a.publish(FIRST, 1)
        equal(b.observe(FIRST), 1)
        kib = sum(os.stat(f).st_blocks for f in board.dir.iterdir()) // 2
        assert kib < 8192, f"{kib} KiB"


if __name__ == "__main__":
    print(f"# SEED={SEED}", flush=True)
    sys.exit(run(collect(globals())))
