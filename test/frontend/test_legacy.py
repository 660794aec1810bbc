# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Guests of virtio before 1.0: their rings, headers of 10 or 12 bytes, and framings, in both datapaths."""

import random

import pytest
from conftest import Application
from hfrig import nic, vdpa
from hfvhost import offload
from hfvhost.channel import Refused
from hfvhost.frames import flows
from hfvhost.net import DEFAULT_FEATURES, Shape
from hfvhost.proto import NET_HEADER, NET_HEADER_LEGACY, U64, Feature, Protocol, Request
from pair import Pair, address, both_ways, burst, transfer
from test_offload import OFFLOADS, arrivals

PLAIN = Shape(legacy=True)
APART = Shape(legacy=True, header_apart=True)


@pytest.fixture(scope="module", params=["hw", "poll"])
def application(request, tmp_path_factory):
    """One in each datapath."""
    act = Application(lambda: tmp_path_factory.mktemp("app"), vdpa.VdpaConfig(devargs=f"datapath={request.param}"))
    act.datapath = request.param
    yield act
    act.end()


@pytest.fixture
def datapath(application):
    """Its name."""
    return application.datapath


@pytest.fixture
def rig(shared_rig):
    """One application for all tests of a datapath."""
    return shared_rig


def is_legacy(rig, dev, vf: int, datapath: str) -> None:
    """No VERSION_1, for the guest and for the NIC."""
    assert not dev.features & Feature.VERSION_1
    if datapath == "hw":
        virtqs = rig.nic.function(nic.vf_bdf(vf), "queues")["virtqs"]
        assert {q["version_1_0"] for q in virtqs if q["state"] == "RDY"} == {0}


@pytest.mark.parametrize("shape", [PLAIN, APART], ids=["any-layout", "header-apart"])
def test_exchange(rig, datapath, shape):
    """K8: more frames than the ring is long, both ways, between legacy guests, and with a modern one."""
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    is_legacy(rig, a, 0, datapath)
    assert a.header == NET_HEADER_LEGACY
    both_ways(a, b, 0, 300)
    b.close()
    rig.nic.wait_idle(nic.vf_bdf(1))
    both_ways(a, rig.guest(1), 1000, 300)


def test_header_anywhere(rig):
    """Frames and their headers in any pieces, a header across two of them included."""
    a, b = rig.guest(0, PLAIN), rig.guest(1, PLAIN, rx=0)
    b.post_rx(60, parts=4)
    b.supplied()
    transfer(a, b, burst(60), parts=5)
    frames = burst(20, 100, size=60)
    transfer(a, b, frames, parts=9)     # of 70 bytes 8 each


def test_merged_buffers(rig, datapath):
    """With MRG_RXBUF the header has 12 bytes, which NICs do not know."""
    shape = Shape(legacy=True, mrg_rxbuf=True, buffer=300)
    a, b = rig.guest(0, PLAIN), rig.guest(1, shape)
    assert b.header == (NET_HEADER if datapath == "poll" else NET_HEADER_LEGACY)
    assert bool(b.features & Feature.MRG_RXBUF) == (datapath == "poll")
    for first in range(0, 100, 20):     # each keeps buffers for the largest frame busy
        transfer(a, b, burst(20, first, size=1400 if datapath == "poll" and first % 40 else 280))


@pytest.mark.parametrize("shape", [PLAIN, APART], ids=["any-layout", "header-apart"])
def test_stops(rig, datapath, shape):
    """Posted buffers take their frames after stops and starts."""
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    posted = b.rx().ring.outstanding
    for turn in range(3):
        b.stop(status_first=turn == 1)
        b.start()
        rig.wait_ready(1, 2)
        is_legacy(rig, b, 1, datapath)
    sent = burst(posted)
    a.send(sent)
    assert b.receive(posted, refill=False) == sent


def test_ages(rig, datapath):
    """K8: a connection whose guest is legacy, modern, packed, and legacy again, whatever its firmware asked first."""
    a, b = rig.guest(0, PLAIN), rig.guest(1, PLAIN)
    both_ways(a, b)
    for turn, shape in enumerate([Shape(), PLAIN, Shape(packed=True), APART], 1):
        b.stop(status_first=turn % 2 == 0)
        b.reshape(shape)
        b.start()
        rig.wait_ready(1, 2)
        b.post_rx()
        b.supplied()
        assert b.features & (Feature.VERSION_1 | Feature.RING_PACKED) == (
            shape.wanted() & (Feature.VERSION_1 | Feature.RING_PACKED))
        both_ways(a, b, 1000 * turn)
    is_legacy(rig, b, 1, datapath)


@pytest.mark.parametrize("kind", ["udp4", "tcp6"])
def test_checksum(rig, kind):
    """A checksum that a legacy guest left open, behind a header of 10 bytes, is right at the far end."""
    shape = Shape(legacy=True, header_apart=kind == "tcp6", features=int(DEFAULT_FEATURES | OFFLOADS))
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    assert a.features & OFFLOADS == OFFLOADS
    flow = flows(1, kind)[0]
    payload = random.Random(3).randbytes(999)
    header, frame = offload.unfinished(flow, address(1), address(0), payload)
    a.post_tx(frame, header=header)
    a.tx().ring.flush()
    (header, frame), = arrivals(b, 1)
    assert len(header) == NET_HEADER_LEGACY
    assert offload.check(flow, frame).payload == payload
    assert offload.header_flags(header) & offload.DATA_VALID


def test_segments(rig):
    """So are the segments of a large send."""
    shape = Shape(legacy=True, features=int(DEFAULT_FEATURES | OFFLOADS))
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    flow = flows(1, "tcp4")[0]
    payload = random.Random(4).randbytes(10000)
    header, frame = offload.unfinished(flow, address(1), address(0), payload, 1250)
    a.post_tx(frame, parts=3, header=header)
    a.tx().ring.flush()
    assert b"".join(offload.check(flow, frame).payload for _, frame in arrivals(b, 8)) == payload


def test_big_endian(rig, datapath):
    """The NIC's virtqueues do not serve such a guest: it is not offered, and refused at the message that says so."""
    a, b = rig.guest(0), rig.connect(1, Shape(legacy=True, big_endian=True))
    b.negotiate()
    assert bool(b.protocol & Protocol.CROSS_ENDIAN) == (datapath == "poll")
    if datapath == "hw":
        with pytest.raises(Refused):
            b.set_ring_endian(0, True)
        with pytest.raises(Refused):
            b.channel.tell(Request.SET_PROTOCOL_FEATURES, U64.pack(b.protocol | Protocol.CROSS_ENDIAN))
        rig.in_log("SET_VRING_ENDIAN .* refused, .* big-endian; datapath=poll or auto would serve it")
        b.close()
        rig.nic.wait_idle(nic.vf_bdf(1))
        b = rig.connect(1, PLAIN)
    b.start()
    rig.wait_ready(1, 2)
    b.post_rx()
    both_ways(a, b)


@pytest.mark.parametrize("cap", ["virtio_version_1_0", "vnet_modify_ext"])
def test_old_nic(stage, cap):
    """A NIC whose virtqueues know legacy guests only, and one that does not change their age: guests of each, in turns."""
    rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(caps={cap: 0}), devargs="datapath=hw"))
    a, b = rig.guest(0), rig.guest(1, PLAIN)
    modern = cap != "virtio_version_1_0"
    assert bool(a.features & Feature.VERSION_1) == modern
    assert a.header == (NET_HEADER if modern else NET_HEADER_LEGACY)
    both_ways(a, b)
    for turn, shape in enumerate((Shape(), PLAIN), 1):
        b.stop()
        b.reshape(shape)
        b.start()
        rig.wait_ready(1, 2)
        b.post_rx()
        b.supplied()
        both_ways(a, b, 1000 * turn)
    is_legacy(rig, b, 1, "hw")
