# SPDX-License-Identifier: GPL-2.0
"""What must hold between the kernels' trees of each board."""

from itertools import combinations

from boards import (NAMES, compatible, cpu_nodes, generated, numbers,
                    properties, subnodes, with_compatible)

SAME_IN_ALL = {
    "tombolo,imb": ("reg", "tombolo,kernels", "tombolo,cache-line",
                    "tombolo,lanes", "tombolo,pool"),
    "tombolo,gic-sgi-doorbell": ("tombolo,sgi-base", "tombolo,targets",
                                 "#mbox-cells"),
    "tombolo,ivshmem-hub": ("reg", "tombolo,kernels", "#mbox-cells",
                            "#reset-cells"),
}
DEVICES = {"arm,pl011", "arm,pl031", "virtio,mmio", "ns16550a",
           "google,goldfish-rtc", "pci-host-ecam-generic"}


def raw(fdt, path, prop):
    return properties(fdt, path)[prop]


def has(fdt, path, prop):
    return prop in properties(fdt, path)


def memory_of(fdt):
    node = next(p for p in subnodes(fdt) if p.startswith("/memory@"))
    return tuple(numbers(fdt, node, "reg"))


def spi_set(fdt):
    gic = with_compatible(fdt, "arm,gic-v3")[0]
    if not has(fdt, gic, "tombolo,spi-ranges"):
        return set()
    cells = numbers(fdt, gic, "tombolo,spi-ranges", 4)
    return {s for first, count in zip(cells[::2], cells[1::2])
            for s in range(first, first + count)}


def kernels_agree_on_shared_things(board):
    for word in ("tombolo,imb", board.json["doorbell"]["compatible"]):
        props = SAME_IN_ALL[word]
        nodes = [with_compatible(t, word)[0] for t in board.trees]
        for prop in props:
            values = {raw(t, n, prop) for t, n in zip(board.trees, nodes)}
            assert len(values) == 1, f"{prop} of {word} differs: {values}"
        ids = [numbers(t, n, "tombolo,kernel-id", 4)[0]
               for t, n in zip(board.trees, nodes)]
        assert ids == list(range(len(board.trees))), ids


def memory_is_apart(board):
    pieces = [memory_of(t) for t in board.trees]
    imb = with_compatible(board.trees[0], "tombolo,imb")[0]
    pieces.append(tuple(numbers(board.trees[0], imb, "reg")))
    for t in board.trees[1:]:
        member = with_compatible(t, "tombolo,kernel-member")[0]
        pieces.append(tuple(numbers(t, member, "reg")))
    for (a, alen), (b, blen) in combinations(pieces, 2):
        assert a + alen <= b or b + blen <= a, f"{a:#x} and {b:#x} overlap"


def each_spi_has_one_owner(board):
    """A kernel that has its interrupt controller alone need not be told."""
    shared = [t for k, t in enumerate(board.trees) if board.shares(k)]
    for k, t in enumerate(board.trees):
        told = [p for p in subnodes(t) if has(t, p, "tombolo,spi-ranges")]
        assert bool(told) == board.shares(k), told
    owned = [spi_set(t) for t in shared]
    for a, b in combinations(range(len(owned)), 2):
        both = owned[a] & owned[b]
        assert not both, f"SPIs {both} belong to kernels {a} and {b}"
    for t, mine in zip(shared, owned):
        used = set()
        for path in subnodes(t):
            if has(t, path, "interrupts"):
                cells = numbers(t, path, "interrupts", 4)
                used |= {n for kind, n in zip(cells[::3], cells[1::3])
                         if kind == 0}
        assert used == mine, f"interrupts {used}, but owned {mine}"


def each_device_has_one_owner(board):
    seen = {}
    for k, t in enumerate(board.trees):
        machine = board.json["kernels"][k]["machine"]
        for path in subnodes(t):
            if set(compatible(t, path)) & DEVICES:
                key = (machine, path)
                assert key not in seen, f"{path} is in {seen[key]} and {k}"
                seen[key] = k


def cpus_are_apart(board):
    for m in board.json["machines"]:
        cpus = [int(properties(board.trees[k], p)["reg"].hex(), 16)
                for k in m["kernels"] for p in cpu_nodes(board.trees[k])]
        assert sorted(cpus) == sorted(set(cpus)), f"a CPU twice: {cpus}"
        assert sorted(cpus) == sorted(m["cpus"])


def cores_are_numbered_through(board):
    """In an arm64 kernel all cores are possible, its own come first."""
    kernels = board.json["kernels"]
    for t, kernel in zip(board.trees, kernels):
        foreign = cpu_nodes(t, foreign=True)
        if kernel["isa"] != "arm64":
            assert not foreign
            continue
        nodes = [p for p in subnodes(t, "/cpus") if "cpu@" in p]
        assert nodes[:len(kernel["cpus"])] == cpu_nodes(t)
        assert len(nodes) == sum(len(k["cpus"]) for k in kernels)
        ids = [numbers(t, p, "reg")[0] for p in nodes]
        assert len(set(ids)) == len(ids), f"a CPU twice: {ids}"
        near = [c for k in kernels if k is not kernel and
                k["machine"] == kernel["machine"] for c in k["cpus"]]
        assert [i for i in ids[len(kernel["cpus"]):] if i < 1 << 32] == near
        for p in foreign:
            assert raw(t, p, "status") == b"disabled\0"
            assert raw(t, p, "enable-method") == b"spin-table\0"
            assert numbers(t, p, "cpu-release-addr") == [0], \
                "Linux would take it for present"


def psci_cannot_reset_the_board(board):
    for k, t in enumerate(board.trees):
        if board.json["kernels"][k]["isa"] != "arm64":
            assert "/psci" not in subnodes(t)
            continue
        if not k or not board.shares(k):
            assert compatible(t, "/psci")[0] == "arm,psci-1.0"
            continue
        assert compatible(t, "/psci") == ["arm,psci"]
        assert numbers(t, "/psci", "cpu_on", 4) == [0xc4000003]
        assert numbers(t, "/psci", "cpu_off", 4) == [0x84000002]


def kernel0_knows_the_others(board):
    first = board.trees[0]
    nodes = with_compatible(first, "tombolo,kernel-rproc")
    assert len(nodes) == len(board.trees) - 1
    for node in nodes:
        k = numbers(first, node, "tombolo,kernel-id", 4)[0]
        t = board.trees[k]
        regs = numbers(first, node, "reg")
        pairs = list(zip(regs[::2], regs[1::2]))
        member = with_compatible(t, "tombolo,kernel-member")[0]
        near = board.json["kernels"][k]["machine"] == \
            board.json["kernels"][0]["machine"]
        slots = [tuple(numbers(t, p, "reg"))
                 for p in with_compatible(t, "virtio,mmio")] if near else []
        assert has(first, node, "resets") == (not near)
        assert pairs[0] == memory_of(t)
        assert pairs[1] == tuple(numbers(t, member, "reg"))
        log = numbers(t, with_compatible(t, "ramoops")[0], "reg")
        assert log == [pairs[1][0] + 0x20000, 0x20000], "boot_wire.h"
        assert pairs[2:] == slots
        names = raw(first, node, "reg-names").count(b"\0")
        assert names == len(pairs), "reg and reg-names differ in length"
        cpus = board.json["kernels"][k]["cpus"]
        assert numbers(first, node, "tombolo,cpus") == cpus
        load = numbers(first, node, "tombolo,load-addresses")
        assert load[2:3] == numbers(t, "/chosen", "linux,initrd-start")
        assert len(load) == raw(first, node, "firmware-name").count(b"\0")
        assert load == list(board.json["kernels"][k]["load"].values())


def bells_go_to_boot_cpus(board):
    if board.json["doorbell"]["compatible"] != "tombolo,gic-sgi-doorbell":
        return
    bell = with_compatible(board.trees[0], "tombolo,gic-sgi-doorbell")[0]
    targets = numbers(board.trees[0], bell, "tombolo,targets")
    assert targets == [numbers(t, cpu_nodes(t)[0], "reg")[0]
                       for t in board.trees]


def every_peer_has_a_bell(board):
    for k, t in enumerate(board.trees):
        imb = with_compatible(t, "tombolo,imb")[0]
        cells = numbers(t, imb, "mboxes", 4)
        peers = [p for p in range(len(board.trees)) if p != k]
        assert list(zip(cells[1::3], cells[2::3])) == [(p, 0) for p in peers]
        assert raw(t, imb, "mbox-names").decode().split("\0")[:-1] == \
            [f"kernel{p}" for p in peers]


def bootargs_fit_the_tree(board):
    for k, t in enumerate(board.trees):
        args = raw(t, "/chosen", "bootargs").rstrip(b"\0").decode().split()
        assert args == board.json["kernels"][k]["bootargs"].split()
        limit = f"mem={memory_of(t)[1] >> 20}M"
        assert (limit in args) == (k == 0), args
        if k:
            assert {"panic=-1", "oops=panic"} <= set(args), args
            assert ("irqchip.gicv3_nolpi=1" in args) == board.shares(k)
        assert has(t, "/chosen", "stdout-path") == ("earlycon" in args)


def window_holds_all_sections(board):
    box = board.json["mailbox"]
    n = len(board.trees)
    section = 4096 + sum(x["slots"] * x["slot_size"] for x in box["lanes"]) \
        + box["pool"]["count"] * box["pool"]["size"]
    assert section == box["section_size"] and section % 4096 == 0
    assert n * (n - 1) * section <= box["window"]["size"]


FACTS = (kernels_agree_on_shared_things, memory_is_apart,
         each_spi_has_one_owner, each_device_has_one_owner, cpus_are_apart,
         cores_are_numbered_through,
         psci_cannot_reset_the_board, kernel0_knows_the_others,
         bells_go_to_boot_cpus, every_peer_has_a_bell, bootargs_fit_the_tree,
         window_holds_all_sections)


def golden_2x2(folder):
    board = generated("a64-2x2", folder)
    k0, k1 = board.json["kernels"]
    assert k0["memory"] == {"base": 0x40000000, "size": 0x40000000}
    assert (k0["cpus"], k1["cpus"]) == ([0, 1], [2, 3])
    assert k1["memory"]["base"] == k1["load"]["image"] == 0x80000000
    assert k0["spi_ranges"] == [[1, 2], [16, 16]]
    assert k1["spi_ranges"] == [[8, 1], [32, 16]]
    assert board.json["mailbox"]["window"]["base"] == 0xbf000000
    assert board.json["cache_line"] == 64


def golden_4x1(folder):
    board = generated("a64-4x1", folder)
    kernels = board.json["kernels"]
    assert [k["cpus"] for k in kernels] == [[0], [1], [2], [3]]
    assert [k["console"]["linux"] for k in kernels] == \
        ["ttyAMA0", "ttyAMA0", "hvc0", "hvc0"]
    assert all(k["memory"]["size"] >= 448 << 20 for k in kernels)


def golden_nc(folder):
    """The two boards differ in what the second machine is."""
    boards = [generated(n, folder) for n in ("nc-a64-a64", "nc-a64-rv64")]
    for board in boards:
        assert not board.json["coherent"]
        assert [m["kernels"] for m in board.json["machines"]] == [[0], [1]]
        assert [m["boots"] for m in board.json["machines"]] == \
            ["u-boot", "stub"]
        for t in board.trees:
            for word in ("imb", "kernel-rproc", "kernel-member"):
                for path in with_compatible(t, f"tombolo,{word}"):
                    assert not has(t, path, "dma-coherent"), path
            for path in with_compatible(t, "virtio,mmio"):
                assert has(t, path, "dma-coherent"), path
    assert boards[0].json["memory"] == boards[1].json["memory"]
    assert [b.json["kernels"][1]["isa"] for b in boards] == \
        ["arm64", "riscv64"]
    assert boards[1].json["kernels"][1]["console"]["linux"] == "ttyS0"


def golden_three(folder):
    """A third machine fits the format as it is, and so do two ISAs."""
    board = generated("nc-a64-rv64-a64", folder)
    assert [m["isa"] for m in board.json["machines"]] == \
        ["arm64", "riscv64", "arm64"]
    for machine, args in board.arguments():
        assert "vectors=4" in " ".join(args), "a vector for each, and the hub"
        assert (f"@STUB{machine['id']}@" in " ".join(args)) == \
            bool(machine["id"])
    blocks = [part for part in board.text("boot.its").split("\t\t};")
              if '"copro"' in part]
    assert len(blocks) == 2, "a boot block for each other group"


def tests(folder):
    for name in NAMES:
        for fact in FACTS:
            yield (f"{name}: {fact.__name__}",
                   lambda n=name, f=fact: f(generated(n, folder)))
    yield "a64-2x2: golden facts", lambda: golden_2x2(folder)
    yield "nc-a64-rv64-a64: golden facts", lambda: golden_three(folder)
    yield "nc-*: golden facts", lambda: golden_nc(folder)
    yield "a64-4x1: golden facts", lambda: golden_4x1(folder)
