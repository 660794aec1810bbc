# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Checksums and segments that a guest leaves to the NIC."""

import random
import time

import pytest
from hfvhost import frames, offload
from hfvhost.net import DEFAULT_FEATURES, Shape
from hfvhost.proto import Feature
from pair import address

OFFLOADS = Feature.CSUM | Feature.GUEST_CSUM | Feature.HOST_TSO4 | Feature.HOST_TSO6


@pytest.fixture
def rig(shared_rig):
    """One application for all."""
    return shared_rig


def guests(rig, packed):
    """Two guests with all offloads."""
    shape = Shape(packed=packed, features=int(DEFAULT_FEATURES | OFFLOADS))
    pair = rig.guest(0, shape), rig.guest(1, shape)
    for dev in pair:
        assert dev.features & OFFLOADS == OFFLOADS, f"offered are {dev.features:#x}"
    return pair


def arrivals(dev, count, timeout=20.0):
    """Headers and frames that arrive."""
    got = []
    end = time.monotonic() + timeout
    while len(got) < count and time.monotonic() < end:
        got += dev.take_packets()
        time.sleep(0.001)
    assert len(got) == count
    return got


@pytest.mark.parametrize("kind", ["udp4", "tcp4", "udp6", "tcp6"])
def test_checksum(rig, packed, kind):
    """A checksum that the guest left open is right at the far end, for odd and even lengths and split headers."""
    a, b = guests(rig, packed)
    dice = random.Random(1)
    flow = frames.flows(1, kind)[0]
    payloads = [dice.randbytes(n) for n in (1, 2, 17, 100, 1001, 1400)]
    for parts, payload in enumerate(payloads, 1):
        header, frame = offload.unfinished(flow, address(1), address(0), payload)
        a.post_tx(frame, parts=parts, header=header)
    a.tx().ring.flush()
    for payload, (header, frame) in zip(payloads, arrivals(b, len(payloads))):
        assert offload.check(flow, frame).payload == payload
        assert offload.header_flags(header) & offload.DATA_VALID, "the NIC made the checksum, and does not say so"


@pytest.mark.parametrize("kind", ["tcp4", "tcp6"])
@pytest.mark.parametrize("mss,length", [(1400, 14000), (536, 5361), (1000, 999), (1, 40)])
def test_segments(rig, packed, kind, mss, length):
    """A large send arrives in segments: the same bytes, each with headers and checksums of its own."""
    a, b = guests(rig, packed)
    flow = frames.flows(1, kind)[0]
    payload = random.Random(length).randbytes(length)
    header, frame = offload.unfinished(flow, address(1), address(0), payload, mss)
    a.post_tx(frame, parts=7, header=header)
    a.tx().ring.flush()
    count = -(-length // mss)
    parts = [offload.check(flow, frame) for _, frame in arrivals(b, count)]
    assert b"".join(p.payload for p in parts) == payload
    assert [p.seq for p in parts] == [1000 + i * mss for i in range(count)]
    assert all(len(p.payload) == mss for p in parts[:-1])
    last = offload.PSH | offload.FIN
    assert not any(p.flags & last for p in parts[:-1]) and parts[-1].flags & last == last
    if kind == "tcp4":
        assert [p.ident for p in parts] == list(range(7, 7 + count))


def test_bad_checksum_is_not_vouched_for(rig, packed):
    """A frame that arrives with a wrong checksum is delivered, but not called valid."""
    a, b = guests(rig, packed)
    flow = frames.flows(1, "tcp4")[0]
    frame = frames.build(flow, address(1), address(0), 1)       # TCP checksum 0
    a.send([frame])
    header, got = arrivals(b, 1)[0]
    assert got == frame
    assert not offload.header_flags(header) & offload.DATA_VALID


@pytest.mark.parametrize("change", [(6, 0xFFFF), (8, 0xFFFF), (2, 0xFFFF), (4, 0)],
                         ids=["csum-start", "csum-offset", "header-length", "no-segment-size"])
def test_bad_header(rig, packed, change):
    """Offsets beyond the frame and sizes of nothing harm nobody else."""
    a, b = guests(rig, packed)
    flow = frames.flows(1, "tcp4")[0]
    header, frame = offload.unfinished(flow, address(1), address(0), bytes(3000), 1000)
    at, value = change
    header = header[:at] + value.to_bytes(2, "little") + header[at + 2:]
    a.post_tx(frame, header=header)
    a.tx().ring.flush()
    back = frames.build(flow, address(0), address(1), 5)
    b.send([back])
    assert a.receive(1) == [back]
    rig.alive()
