# SPDX-License-Identifier: GPL-2.0
"""The mailbox's network device against two virtio-net devices that QEMU joins
by a hub, between the same kernels in the same run."""

import json
from statistics import median

from .guest import step

ADDRESS = {"imb": "10.77.0.2", "virtio": "10.78.0.2"}
LARGE = 65506  # the largest MTU of imb-net, here for both
PINGS = (56, 1400)


def devices(board):
    """QEMU arguments: a virtio-net in a spare slot of kernels 0 and 1."""
    words = []
    for kernel in (0, 1):
        slot = board.facts["kernels"][kernel]["virtio"]["spare"][0]
        words += ["-netdev", f"hubport,id=bench{kernel},hubid=0", "-device",
                  f"virtio-net-device,netdev=bench{kernel},host_mtu={LARGE},"
                  f"bus=virtio-mmio-bus.{slot}"]
    return words


def steps(rounds, quick):
    pings, seconds = (100, 1) if quick else (1000, 3)
    done = [step(["join_virtio_net"], kind="join")]
    for number in range(rounds):
        for net, address in ADDRESS.items():
            for size in PINGS:
                done.append(step(["net_ping", address, size, pings],
                                 kind="ping", net=net, size=size,
                                 round=number))
        for bytes_ in (1500, LARGE):
            for net, address in ADDRESS.items():
                done.append(step(["stream_at", net, bytes_, address, seconds],
                                 kind="stream", net=net, mtu=bytes_,
                                 round=number))
    return done


def times_us(each):
    return [float(word) * 1e3 for word in each.values["ms"].split()]


def ping_us(each):
    return median(times_us(each))


def least_us(each):
    return min(times_us(each))


def bits_per_s(each):
    return json.loads(each.values["json"])["end"]["sum_received"][
        "bits_per_second"]


def compare(done, value, **about):
    """{net: median} and the median over the rounds of imb / virtio."""
    of = {net: [value(e) for e in done if e.is_about(net=net, **about)]
          for net in ADDRESS}
    ratio = median(a / b for a, b in zip(of["imb"], of["virtio"]))
    return {"imb": median(of["imb"]), "virtio": median(of["virtio"]),
            "ratio": ratio}


def evaluate(done):
    return {
        "ping_us": {str(size): compare(done, ping_us, kind="ping", size=size)
                    for size in PINGS},
        "least_us": {str(size): compare(done, least_us, kind="ping", size=size)
                     for size in PINGS},
        "stream_bits_per_s": {
            str(mtu): compare(done, bits_per_s, kind="stream", mtu=mtu)
            for mtu in (1500, LARGE)},
    }
