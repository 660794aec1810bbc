# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Stops and starts: no buffer is lost, and what is registered stays registered until the guest is gone."""

import threading
import time

import pytest
from hfrig import nic, vdpa
from hfvhost import frames
from hfvhost.net import Shape
from hfvhost.proto import Protocol, Request
from pair import Pair, both_ways, burst, transfer, virtqueues_only

PREFETCH = 0.3      # seconds in which a NIC that fetches buffers ahead has done so


@pytest.fixture
def rig(shared_rig):
    """One application for all."""
    return shared_rig


@pytest.mark.parametrize("status_first", [False, True], ids=["bases-first", "status-first"])
def test_posted_buffers(rig, wants, status_first):
    """Every buffer that was posted before a stop takes a frame after the start."""
    a, b = rig.guest(0, wants()), rig.guest(1, wants(), rx=128)
    transfer_some(a, b, 40, 0)
    time.sleep(PREFETCH)
    b.stop(status_first)
    b.start()
    rig.wait_ready(1, 2)
    transfer_some(a, b, 88, 100)
    assert b.rx().ring.outstanding == 0
    b.post_rx()
    both_ways(a, b, 1000)


def transfer_some(a, b, count, first):
    """Frames into posted buffers, which are not posted again."""
    sent = burst(count, first)
    a.send(sent)
    assert b.receive(count, refill=False) == sent


def test_all_buffers_many_times(rig, wants):
    """Several stops in a row, with nothing received in between, lose nothing either."""
    a, b = rig.guest(0, wants()), rig.guest(1, wants())
    posted = b.rx().ring.outstanding
    for _ in range(4):
        b.stop()
        b.start()
        rig.wait_ready(1, 2)
    transfer_some(a, b, posted, 0)
    assert b.rx().ring.outstanding == 0


def test_posted_while_stopped(rig, wants):
    """Frames that were posted to a stopped ring go out when it starts."""
    a, b = rig.guest(0, wants()), rig.guest(1, wants())
    a.stop()
    sent = burst(60)
    for frame in sent:
        a.post_tx(frame)
    a.tx().ring.publish()
    a.start()
    a.tx().ring.kick()
    assert b.receive(60) == sent
    a.send([])


def test_stop_in_traffic(rig, wants):
    """Stops in the middle of a burst: every buffer comes back once, no frame comes twice or damaged."""
    a, b = rig.guest(0, wants()), rig.guest(1, wants())
    seen: list[int] = []
    first = 0
    for turn in range(6):
        for frame in burst(200, first):
            a.post_tx(frame)
        a.tx().ring.flush()
        first += 200
        for dev in (b, a) if turn % 2 else (a, b):
            dev.stop()
            dev.start()
        rig.wait_ready(0, 2)
        rig.wait_ready(1, 2)
        a.tx().ring.kick()
        a.send([])
        b.supplied()    # what arrived is in the ring: poll mode holds none of it back
        seen += [frames.sequence(f) for f in b.take()]
    transfer(a, b, burst(50, 100000))
    assert len(seen) == len(set(seen))
    assert set(seen) <= set(range(first))


@virtqueues_only
def test_stop_takes_its_time(stage, packed):
    """P6: what a queue moves while it is being suspended counts: no buffer that came back is used again."""
    # A suspend of 12 ms, and nearly 2 ms for a query.
    options = ["--timing", "cx6dx", "--timing-scale", "10"]
    rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(options=options)))
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    a.send(burst(1))
    got = b.receive(1)
    stop, sent = threading.Thread(target=b.stop), 1
    stop.start()
    while stop.is_alive():
        a.send(burst(1, sent))
        sent += 1
        time.sleep(0.0005)
    stop.join()
    a.send(burst(1, sent))
    got += b.take()
    assert len(got) <= sent      # the last one came to a stopped queue
    assert b.rx().base & 0x7FFF == len(got)
    b.start()
    rig.wait_ready(1, 2)
    transfer(a, b, burst(50, 1000))
    assert got == [burst(1, number)[0] for number in range(len(got))]


@virtqueues_only
def test_queues_that_do_not_resume(stage, packed):
    """D23: where the NIC cannot resume a queue, it goes before another is made in its place."""
    lesser = nic.NicConfig(caps={"vnet_modify_ext": 0, "freeze_to_rdy_supported": 0})
    rig = Pair(stage, vdpa.VdpaConfig(nic=lesser))
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    both_ways(a, b)
    counts = rig.nic.function(nic.vf_bdf(1))["counts"]
    for turn in range(1, 4):
        b.stop(turn % 2 == 0)
        b.start()
        rig.wait_ready(1, 2)
        both_ways(a, b, 1000 * turn)
    assert rig.nic.function(nic.vf_bdf(1))["counts"] == counts


def test_memory_kept(rig, wants):
    """A device stop costs no registration, in either order of its messages; a disconnect gives all back."""
    a, b = rig.guest(0, wants()), rig.guest(1, wants())
    both_ways(a, b)
    idle = rig.registered(1)
    kept = rig.kept(1)
    for turn in range(3):
        b.stop(status_first=turn % 2 == 0)
        assert rig.kept(1) == kept
        b.start()
        rig.wait_ready(1, 2)
    assert rig.registered(1) == idle
    both_ways(a, b, 1000)
    b.close()
    again = rig.guest(1, wants())
    both_ways(a, again, 2000)


def test_disconnect_drops(rig):
    """After a disconnect the NIC has none of the guest's memory any more."""
    probe = rig.kept(0)
    a = rig.guest(0)
    assert rig.kept(0) > probe
    a.close()
    rig.wait_kept(0, probe)


def test_reset_owner(rig, wants):
    """RESET_OWNER ends a device on a connection that lives on; set up again, it works."""
    a, b = rig.guest(0, wants()), rig.guest(1, wants())
    both_ways(a, b)
    b.channel.tell(Request.RESET_OWNER, need_reply=False)
    for queue in b.queues:
        queue.ring.close()
    b.back.close()
    b.queues, b.back, b.channel.need_reply = [], None, False
    b.start()
    rig.wait_ready(1, 2)
    b.post_rx()
    both_ways(a, b, 1000)
    rig.alive()


def test_no_status(rig, wants):
    """A front end that does not know STATUS: the device starts with its first pair, later queues join."""
    shape = wants(pairs=2, protocol=int(Protocol.MQ | Protocol.REPLY_ACK))
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    both_ways(a, b)
    b.stop()
    b.start()
    rig.wait_ready(1, 4)
    both_ways(a, b, 1000)


def test_late_queues(rig, wants):
    """Queues that are enabled after the device started (no STATUS) are closed with the rest (D34)."""
    a = rig.guest(0, wants())
    b = rig.connect(1, wants(pairs=2, protocol=int(Protocol.MQ | Protocol.REPLY_ACK)))
    b.negotiate()
    b.make_rings()
    b.set_mem_table()
    for index in (0, 1):
        b.setup_ring(index)
        b.enable(index)
    rig.wait_ready(1, 2)
    for index in (2, 3):
        b.setup_ring(index)
        b.enable(index)
    rig.wait_ready(1, 4)
    for pair in (0, 1):
        b.post_rx(pair=pair)
    transfer(a, b, burst(64))
    b.stop()
    assert rig.running(1) == 0
    b.start()
    rig.wait_ready(1, 4)
    transfer(a, b, burst(64, 100))
    b.close()
    rig.alive()


def test_event_descriptors_swapped(rig, wants):
    """Kick and call descriptors may be replaced while the device runs."""
    a, b = rig.guest(0, wants()), rig.guest(1, wants())
    for turn in range(3):
        for dev, index in ((a, 1), (b, 0)):
            ring = dev.queues[index].ring
            ring.kick_fd.close()
            ring.call_fd.close()
            ring.kick_fd, ring.call_fd = type(ring.kick_fd)(), type(ring.call_fd)()
            dev.set_kick(index)
            dev.set_call(index)
        rig.wait_ready(0, 2)
        rig.wait_ready(1, 2)
        b.rx().ring.want_calls(True)
        transfer(a, b, burst(20, 100 * turn))
        assert b.rx().ring.call_fd.wait(20)


def test_call_comes_last(rig, packed):
    """Rings wait for a call descriptor, as the log says, and run once it is there."""
    a, b = rig.guest(0), rig.connect(1, Shape(packed=packed))
    b.negotiate()
    b.make_rings()
    b.set_mem_table()
    for index in range(2):
        b.set_ring_num(index)
        b.set_ring_base(index)
        b.set_ring_addr(index)
        b.set_kick(index)
        b.enable(index)
        rig.in_log(f"ring {index} is enabled, and waits for SET_VRING_CALL ")
    b.go()
    for index in range(2):
        b.set_call(index)
    rig.wait_ready(1, 2)
    b.post_rx()
    both_ways(a, b)
