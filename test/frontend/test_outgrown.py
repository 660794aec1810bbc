# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Poll mode makes a receive queue anew for a buffer that its entries have no room for, under traffic.

What arrives meanwhile the NIC drops and counts: no frame is lost in silence, or comes twice, and no buffer is lost.
"""

import time
from dataclasses import replace

import pytest
from hfrig import nic, vdpa
from hfvhost.net import BUFFER, Buffer, Shape
from hfvhost.ring import Segment
from pair import Pair
from test_switch import BURST, PAIRS, Stream, drops, use_all_buffers

SHAPES = {
    "pieces": Shape(pairs=PAIRS, packed=True, indirect=True),
    "merged": Shape(pairs=PAIRS, mrg_rxbuf=True),
}
SLOW, FAST = 200, 0.001     # a command takes 34 ms, or next to nothing


@pytest.fixture(params=SHAPES.values(), ids=[*SHAPES])
def shape(request):
    """Of the receiver."""
    return replace(request.param)


def outgrow(dst, pair: int) -> None:
    """Post a buffer of two pieces, or with MRG_RXBUF one that is smaller than a frame may be."""
    gpa, queue = dst.mem.alloc(BUFFER, 64), dst.rx(pair)
    pieces = [Segment(gpa, 512, True)]
    if not dst.shape.mrg_rxbuf:
        pieces.append(Segment(gpa + 512, BUFFER - 512, True))
    queue.smaller += dst.shape.mrg_rxbuf
    queue.ring.post(pieces, Buffer(gpa, BUFFER), dst.shape.indirect)
    queue.ring.flush()


def missing(stream: Stream) -> int:
    """How many have not arrived; the others are whole, and came once, in any order: flows go to another queue and back."""
    assert len(set(stream.got)) == len(stream.got) and set(stream.got) <= set(stream.sent)
    return len(stream.sent) - len(stream.got)


def test_outgrown(stage, shape):
    """All queues at once, while frames come in."""
    timed = nic.NicConfig(options=["--timing", "cx6dx", "--timing-scale", str(FAST)])
    rig = Pair(stage, vdpa.VdpaConfig(devargs="datapath=poll", nic=timed))
    there = Stream(rig.guest(0, Shape(pairs=PAIRS)), rig.guest(1, shape, rx=48), (0, 1))
    dst, before = there.dst, drops(rig, 1)

    def traffic() -> None:
        there.post(BURST)
        there.take()

    for _ in range(50):
        traffic()
    there.settle()
    first = missing(there)
    assert first == drops(rig, 1) - before
    mark = len(rig.app.process.text())
    rig.nic.ask(f"timing scale {SLOW}")
    for pair in range(PAIRS):
        outgrow(dst, pair)
    end = time.monotonic() + 60
    while (said := rig.app.process.text()[mark:]).count(" runs: size") < PAIRS:
        traffic()
        assert time.monotonic() < end, said
    assert said.count("buffers of more than one piece: receive entries for those from now on") == PAIRS
    rig.nic.ask(f"timing scale {FAST}")
    for _ in range(50):
        traffic()
    there.settle()
    assert first < missing(there) == drops(rig, 1) - before
    for pair in range(PAIRS):
        dst.post_rx(pair=pair)
    use_all_buffers(rig, there)
    rig.alive()
