# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Frames between two guests, through the virtqueues of the NIC."""

import pytest
from hfrig.toeplitz import KEY, hash_input, toeplitz
from hfvhost import frames
from hfvhost.net import Shape
from hfvhost.proto import Feature
from pair import BROADCAST, address, both_ways, burst, poll_mode_only, transfer


CHOSEN = Feature.RING_PACKED | Feature.MRG_RXBUF | Feature.EVENT_IDX | Feature.IN_ORDER


@pytest.fixture
def rig(shared_rig):
    """One application for all."""
    return shared_rig


def test_exchange(rig, wants):
    """More frames than the ring is long, of all sizes, both ways, whole and once."""
    a, b = rig.guest(0, wants()), rig.guest(1, wants())
    assert a.features & CHOSEN == wants().wanted() & CHOSEN
    both_ways(a, b, 0, 600)


def test_mixed(rig):
    """A guest with split rings and one with packed rings."""
    both_ways(rig.guest(0, Shape(packed=False)), rig.guest(1, Shape(packed=True)))


def test_chains(rig, wants):
    """Frames in several descriptors, to buffers of several descriptors."""
    shape = wants()
    a, b = rig.guest(0, shape, rx=0), rig.guest(1, shape, rx=0)
    b.post_rx(60, parts=4)
    b.supplied()
    sent = burst(60)
    a.send(sent, parts=5)
    assert sorted(b.receive(60, refill=False)) == sorted(sent)


@poll_mode_only
@pytest.mark.parametrize("buffer", [300, 1000])
@pytest.mark.parametrize("indirect", [False, True], ids=["direct", "indirect"])
def test_mergeable(rig, packed, indirect, buffer):
    """Frames that fill several buffers, and frames that leave some of theirs empty: what is empty is used again."""
    a = rig.guest(0, Shape(packed=packed))
    b = rig.guest(1, Shape(packed=packed, size=128, mrg_rxbuf=True, indirect=indirect, buffer=buffer))
    posted = b.rx().ring.outstanding
    for first in range(0, 800, 20):
        transfer(a, b, burst(20, first))
    b.stop()
    returned = b.rx().ring.poll()       # those before the last that was used
    assert not any(used.written for used in returned)
    b.rx().buffers += [used.token for used in returned]
    b.start()
    rig.wait_ready(1, 2)
    b.post_rx()
    assert b.rx().ring.outstanding == posted
    for frame in burst(posted, size=60):
        a.send([frame])
        assert b.receive(1, refill=False) == [frame]
    assert not b.rx().ring.outstanding


@poll_mode_only
def test_small_in_order(rig, packed):
    """With IN_ORDER a frame has one buffer, whatever else was negotiated: one that is too small comes back empty, in its
    turn, and is counted."""
    a = rig.guest(0)
    b = rig.guest(1, Shape(packed=packed, mrg_rxbuf=True, in_order=True, buffer=300), rx=0)
    b.post_rx(60)
    b.supplied()
    dropped = rig.app.stats(1, 0)["poll_dropped_small_buffer"]
    small, large = burst(30, size=200), burst(30, 100, size=1000)
    for both in zip(small, large):
        a.send(both)
    used = b.rx().ring.wait(60)
    assert [u.token.gpa for u in used] == sorted(u.token.gpa for u in used)
    assert [b.mem.read(u.token.gpa, u.written)[12:] for u in used] == [f for frame in small for f in (frame, b"")]
    assert rig.app.stats(1, 0)["poll_dropped_small_buffer"] - dropped == 30


@pytest.mark.parametrize("size", [4, 64, 1024])
def test_ring_sizes(rig, wants, size):
    """Small rings and large ones go round."""
    shape = wants(size=size)
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    step = max(1, size // 2)
    for first in range(0, 4 * size, step):
        transfer(a, b, burst(step, first))


def test_interrupts(rig, wants):
    """The call descriptor fires when frames arrive, unless the guest asked for silence."""
    a, b = rig.guest(0, wants()), rig.guest(1, wants())
    ring = b.rx().ring
    ring.want_calls(True)
    ring.call_fd.wait(0)    # that of the start
    transfer(a, b, burst(1))
    assert ring.call_fd.wait(20), "no call for a received frame"
    ring.want_calls(False)      # of one frame there is one call, which came: none is under way
    transfer(a, b, burst(10, 100))
    assert not ring.call_fd.wait(0.5), "called although the guest asked for silence"
    ring.want_calls(True)
    a.send(burst(10, 200))
    assert ring.call_fd.wait(20), "no call after the guest asked for calls again"
    b.receive(10)


def test_short_of_buffers(rig, wants):
    """What finds no buffer is dropped and counted, the rest arrives; nothing gets stuck."""
    a, b = rig.guest(0, wants()), rig.guest(1, wants(), rx=20)
    sent = burst(50, size=200)
    a.send(sent)
    got = b.receive(20, refill=False)
    assert got == sent[:20]
    b.post_rx()
    transfer(a, b, burst(50, 100))


def test_queues(rig, wants):
    """Four queue pairs: every one is hit, and each frame is on the queue that its hash says."""
    shape = wants(pairs=4)
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    kinds = [f for kind in ("udp4", "tcp4", "udp6", "tcp6", "ip4", "ip6") for f in frames.flows(16, kind)]
    want: dict[int, list[bytes]] = {0: [], 1: [], 2: [], 3: []}
    for seq, flow in enumerate(kinds):
        frame = frames.build(flow, address(1), address(0), seq)
        want[toeplitz(KEY, hash_input(flow)) % 4].append(frame)
        a.send([frame], pair=seq % 4)
    for queue, sent in want.items():
        assert sent, f"the flows of the test leave queue {queue} out"
        assert sorted(b.receive(len(sent), queue)) == sorted(sent)


def test_queue_disabled(rig, wants):
    """Receive traffic follows queues that are disabled and enabled again."""
    shape = wants(pairs=2)
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    transfer(a, b, burst(64))
    b.enable(2, False)
    a.send(burst(64, 100))
    assert len(b.receive(64, 0)) == 64
    b.enable(2)
    rig.wait_ready(1, 4)
    transfer(a, b, burst(64, 200))


def test_broadcast(rig):
    """A broadcast reaches the other VF, and does not come back to its sender."""
    a, b = rig.guest(0), rig.guest(1)
    frame = frames.build(frames.Flow(), BROADCAST, address(0), 1)
    a.send([frame])
    assert b.receive(1) == [frame]
    assert not a.take()


def test_stranger(rig):
    """A frame for an address that nobody has reaches nobody."""
    a, b = rig.guest(0), rig.guest(1)
    a.send([frames.build(frames.Flow(), frames.mac("52:54:00:ff:ff:ff"), address(0), 1)])
    transfer(a, b, burst(5, 10))
