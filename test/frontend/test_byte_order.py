# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Legacy guests on big-endian machines, in poll mode; test_legacy and test_switch have what becomes of them in hardware."""

import random

import pytest
from conftest import Application
from hfrig import nic, vdpa
from hfvhost import offload
from hfvhost.channel import Refused
from hfvhost.dirty import Log
from hfvhost.frames import flows
from hfvhost.net import DEFAULT_FEATURES, Shape
from hfvhost.proto import Feature, Protocol, Request, Status
from pair import address, both_ways, burst, hang_up, transfer
from test_dirty_log import LOG_BYTES, Migrating, received, used_ring
from test_offload import OFFLOADS, arrivals

NO_TABLES = int(DEFAULT_FEATURES & ~Feature.INDIRECT_DESC)


def big(*options: str, features: int = 0, **fields) -> Shape:
    """A big-endian guest with these options."""
    return Shape(legacy=True, big_endian=True, features=NO_TABLES | features, **dict.fromkeys(options, True), **fields)


# Each two options with none, one, the other, and both.
KINDS = {
    "plain": (),
    "merged-tables-events": ("mrg_rxbuf", "indirect", "event_idx"),
    "merged-apart-events": ("mrg_rxbuf", "header_apart", "event_idx"),
    "tables-apart-events": ("indirect", "header_apart", "event_idx"),
    "merged-apart": ("mrg_rxbuf", "header_apart"),
    "tables": ("indirect",),
    "events": ("event_idx",),
}


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    """In poll mode."""
    act = Application(lambda: tmp_path_factory.mktemp("app"), vdpa.VdpaConfig(devargs="datapath=poll"))
    yield act
    act.end()


@pytest.fixture
def rig(shared_rig):
    """One application for all."""
    return shared_rig


@pytest.fixture(params=KINDS.values(), ids=[*KINDS])
def shape(request):
    """A big-endian guest of each kind."""
    return big(*request.param)


def test_exchange(rig, shape):
    """More frames than the ring is long, both ways, between two of them, and with a modern guest."""
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    assert a.protocol & Protocol.CROSS_ENDIAN
    assert not a.features & Feature.VERSION_1
    both_ways(a, b, 0, 300)
    b.close()
    rig.nic.wait_idle(nic.vf_bdf(1))
    both_ways(a, rig.guest(1), 1000, 300)


def test_merged_buffers(rig):
    """Frames that fill several buffers: their number in the header is big-endian, too."""
    a, b = rig.guest(0, big()), rig.guest(1, big("mrg_rxbuf", buffer=300))
    for first in range(0, 400, 20):
        transfer(a, b, burst(20, first, size=1400))


@pytest.mark.parametrize("shape", [big(), big("event_idx")], ids=["flags", "events"])
def test_interrupts(rig, shape):
    """The call descriptor fires when frames arrive, unless the guest asked for silence."""
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    ring = b.rx().ring
    ring.want_calls(True)
    ring.call_fd.wait(0)    # that of the start
    transfer(a, b, burst(1))
    assert ring.call_fd.wait(20), "no call for a received frame"
    ring.want_calls(False)      # of one frame there is one call, which came: none is under way
    transfer(a, b, burst(10, 100))
    assert not ring.call_fd.wait(0.2), "called although the guest asked for silence"


def test_stops(rig, shape):
    """Positions are those of the ring after each stop, whatever the library reads there; no buffer is lost."""
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    transfer(a, b, burst(300))
    posted = b.rx().ring.outstanding
    for turn in range(3):
        b.stop(status_first=turn == 1)
        assert [q.base for q in b.queues] == [q.ring.base for q in b.queues]
        b.start()
        rig.wait_ready(1, 2)
    sent = burst(posted, 1000)
    a.send(sent)
    assert b.receive(posted, refill=False) == sent
    b.post_rx()
    both_ways(a, b, 2000)


def test_memory_added(rig):
    """A table of memory that grows under rings that run: the library looks at them, and they go on where they were."""
    a, b = rig.guest(0, big()), rig.guest(1, big())
    both_ways(a, b, 0, 150)
    for turn in range(2):
        b.mem.add((8 + turn) << 30, 2 << 20)
        b.set_mem_table()
        rig.wait_ready(1, 2)
        both_ways(a, b, 1000 * (turn + 1))


@pytest.mark.parametrize("kind", ["tcp4", "udp6"])
def test_checksum(rig, kind):
    """What the header says of a checksum is read in the guest's byte order, and said in the receiver's."""
    wants = big(features=OFFLOADS)
    a, b = rig.guest(0, wants), rig.guest(1, wants)
    assert a.features & OFFLOADS == OFFLOADS
    flow = flows(1, kind)[0]
    payload = random.Random(7).randbytes(1001)
    header, frame = offload.unfinished(flow, address(1), address(0), payload, 0, "big")
    a.post_tx(frame, parts=2, header=header)
    a.tx().ring.flush()
    (got, frame), = arrivals(b, 1)
    assert offload.check(flow, frame).payload == payload
    assert offload.header_flags(got) & offload.DATA_VALID


@pytest.mark.parametrize("kind", ["tcp4", "tcp6"])
def test_segments(rig, kind):
    """So is the size of the segments."""
    a, b = rig.guest(0, big("mrg_rxbuf", features=OFFLOADS)), rig.guest(1)
    flow = flows(1, kind)[0]
    payload = random.Random(8).randbytes(9000)
    header, frame = offload.unfinished(flow, address(1), address(0), payload, 1000, "big")
    a.post_tx(frame, parts=5, header=header)
    a.tx().ring.flush()
    parts = [offload.check(flow, frame).payload for _, frame in arrivals(b, 9)]
    assert [len(part) for part in parts] == [1000] * 9
    assert b"".join(parts) == payload


def test_log(stage):
    """Pages are logged as those of any ring."""
    rig = Migrating(stage, vdpa.HOLDFAST, "datapath=poll")
    a, b = rig.guest(0, big()), rig.guest(1, big("event_idx"))
    log = Log(LOG_BYTES)
    a.send(burst(20))
    received(b, 20)
    rig.log_all(1, b, log)
    log.clear()
    a.send(burst(20, 100))
    want = received(b, 20) | used_ring(b.rx().ring)
    b.stop()
    assert want == log.pages() - used_ring(b.tx().ring)
    log.close()


def test_little_again(rig):
    """A device that is reset, and a connection that is made, is little-endian until something else is said."""
    a, b = rig.guest(0), rig.guest(1, big())
    both_ways(a, b)
    for turn, shape in enumerate((Shape(legacy=True), big()), 1):
        for index in range(2):
            b.get_base(index)
        b.set_status(Status.RESET)
        b.reshape(shape)
        b.start()
        rig.wait_ready(1, 2)
        b.post_rx()
        both_ways(a, b, 1000 * turn)
    b.close()
    rig.nic.wait_idle(nic.vf_bdf(1))
    both_ways(a, rig.guest(1, Shape(legacy=True)), 3000)


def test_of_a_modern_guest(rig):
    """Rings of a guest with VERSION_1 are little-endian: that they are not is refused, and changes nothing."""
    a, b = rig.guest(0), rig.connect(1)
    b.negotiate()
    b.make_rings()
    with pytest.raises(Refused):
        b.set_ring_endian(0, True)
    b.start()
    rig.wait_ready(1, 2)
    b.post_rx()
    both_ways(a, b)


@pytest.mark.parametrize("payload", [(0, 2), (99, 1), (0xFFFFFFFF, 1)], ids=["order", "ring", "far-ring"])
def test_refused_numbers(rig, payload):
    """Neither a third byte order nor a ring that is not there; the device can be used after that."""
    a, b = rig.guest(0), rig.connect(1, big())
    b.negotiate()
    with pytest.raises(Refused):
        b.set_ring_endian(*payload)
    b.make_rings()
    b.start()
    rig.wait_ready(1, 2)
    b.post_rx()
    both_ways(a, b)


def test_hostile(rig):
    """An available index in the wrong byte order is one that jumped: this ring stops, and nobody else."""
    a, b = rig.guest(0, big()), rig.guest(1, big())
    both_ways(a, b)
    ring = a.tx().ring
    a.mem.write16(ring.driver + 2, ring.avail_idx + 1)
    ring.kick()
    rig.in_log("the available index jumped")
    transfer(b, a, burst(20, 1000, 1, 0))
    rig.alive()


@pytest.mark.parametrize("end", ["disconnect", "owner"])
def test_never_set_up(rig, end):
    """What was said of a ring that was never set up ends with the connection, and with RESET_OWNER."""
    shape = Shape(legacy=True, pairs=2)
    a, b = rig.guest(0, shape), rig.connect(1, shape)
    b.negotiate()
    b.set_ring_endian(3, True)
    if end == "owner":
        b.channel.tell(Request.RESET_OWNER)
    else:
        hang_up(b)
        b = rig.connect(1, shape)
    b.start()
    rig.wait_ready(1, 4)
    for pair in range(2):
        b.post_rx(pair=pair)
    transfer(b, a, burst(20, 0, 1, 0), pair=1)
