# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The scripted front end against DPDK's own software vhost: what holds there is not the driver's doing."""

import pytest
from hfrig import testpmd
from hfvhost import frames
from hfvhost.memory import Memory
from hfvhost.net import NetDevice, Shape
from hfvhost.proto import Protocol

SRC = frames.mac("52:54:00:00:00:01")
DST = frames.mac("52:54:00:00:00:02")


def start(dev):
    """The library answers first, and gives the rings to the application after that, one by one."""
    dev.start()
    dev.settle()


def device(stage, packed=False, pairs=1, mem=None, **more):
    """A device at a software back end that sends everything back."""
    sock = f"{stage.dir}/s"
    testpmd.vhost(stage, sock, pairs)
    dev = stage.keep(NetDevice(sock, mem, Shape(pairs=pairs, packed=packed, **more)))
    start(dev)
    for pair in range(pairs):
        dev.post_rx(pair=pair)
    return dev


def echo(dev, first, count, pair=0, **how):
    """Send frames of all sizes, and see each come back whole, once."""
    sent = [frames.build(f, DST, SRC, first + i, 60 + 37 * i % 1400) for i, f in enumerate(frames.flows(count))]
    dev.send(sent, pair, **how)
    got = dev.receive(count, pair)
    assert sorted(got) == sorted(sent)


@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
@pytest.mark.parametrize("event_idx", [False, True], ids=["flags", "event_idx"])
def test_echo(stage, packed, event_idx):
    """Frames come back unchanged, over chains and indirect tables, more often than the ring is long."""
    dev = device(stage, packed, event_idx=event_idx)
    echo(dev, 0, 200)
    echo(dev, 1000, 200, parts=3)
    echo(dev, 2000, 200, parts=2, indirect=True)
    assert dev.features >> 34 & 1 == int(packed)


@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
def test_stop_start(stage, packed):
    """After a stop and a start the rings go on where they were."""
    dev = device(stage, packed, pairs=2)
    for turn in range(3):
        echo(dev, turn * 1000, 100)
        echo(dev, turn * 1000 + 500, 100, pair=1)
        dev.stop()
        start(dev)
        for pair in range(2):
            dev.rx(pair).ring.kick()


def test_regions(stage):
    """Several regions with a hole, told in another order than they lie."""
    mem = Memory()
    low = mem.add(0, 16 << 20)
    high = mem.add(1 << 32, 32 << 20)
    dev = device(stage, mem=mem)
    dev.stop()
    low.brk = low.size
    dev.mem.regions = [high, low]
    start(dev)
    echo(dev, 0, 50)


def test_no_reply_ack(stage):
    """A front end of few words."""
    dev = device(stage, protocol=int(Protocol.MQ))
    echo(dev, 0, 50)
