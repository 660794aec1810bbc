# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Sequences that other drivers of such NICs got wrong, by the number that each has in test/defects.ini."""

import pytest
from hfrig.nic import QUEUES, vf_bdf
from hfvhost import proto
from hfvhost.memory import Memory
from hfvhost.net import Shape
from hfvhost.proto import Request
from pair import Pair, both_ways, burst, transfer

MIB = 1 << 20
GIB = 1 << 30


@pytest.fixture
def rig(shared_rig):
    """One application for all."""
    return shared_rig


def queues(rig, vf: int) -> set[tuple[str, int]]:
    """What the NIC serves a VF's rings by: virtqueues, or in poll mode raw queues."""
    return {(o["object"], o["id"]) for o in rig.nic.function(vf_bdf(vf))["objects"] if o["object"] in QUEUES}


def test_same_regions_in_another_order(rig, packed):
    """D2: a stopped guest sends its regions in another order; rings are where they were, and nothing is registered."""
    mem = Memory()
    low, high = mem.add(0, 16 * MIB), mem.add(4 * GIB, 16 * MIB)
    low.brk = MIB
    a, b = rig.guest(0, Shape(packed=packed)), rig.connect(1, Shape(packed=packed), mem)
    b.negotiate()
    b.make_rings(high)
    b.start()
    rig.wait_ready(1, 2)
    b.post_rx(region=low)
    both_ways(a, b)
    registered = rig.registered(1)
    for turn in range(2):
        b.stop()
        mem.regions.reverse()
        b.start()
        rig.wait_ready(1, 2)
        both_ways(a, b, 1000 * (turn + 1))
    assert rig.registered(1) == registered


def test_tables_there_and_back(rig, packed):
    """D2: memory comes and goes between two starts, and the first table is back; what was there all the time stays."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    both_ways(a, b)
    registered = rig.registered(1)
    b.stop()
    plugged = b.mem.add(8 * GIB, 16 * MIB)
    b.set_mem_table()
    b.mem.remove(plugged)
    b.start()
    rig.wait_ready(1, 2)
    both_ways(a, b, 1000)
    assert rig.registered(1) == registered + 1, "not the plugged region alone"
    rig.wait_kept(1, 1)


def test_first_table_empty(rig):
    """D3: a first table without regions is nothing to start on; the next one is."""
    dev = rig.connect(1)
    dev.negotiate()
    dev.make_rings()
    dev.channel.tell(Request.SET_MEM_TABLE, proto.MEM_HEAD.pack(0, 0))
    for index in range(2):
        dev.setup_ring(index)
        dev.enable(index)
    dev.set_status(15)
    dev.settle()
    assert rig.running(1) == 0
    dev.stop()
    dev.start()
    rig.wait_ready(1, 2)
    dev.post_rx()
    both_ways(rig.guest(0), dev)


def test_one_ring_of_another_size(rig, packed):
    """D24: at a restart one ring has another size; that queue is made anew, and no other."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(pairs=2, packed=packed))
    transfer(a, b, burst(64))
    before = queues(rig, 1)
    b.stop()
    for queue in b.queues:
        queue.ring.close()
    b.make_rings()
    b.queues[2].ring.close()
    b.queues[2].ring = type(b.queues[2].ring)(b.mem, 2, 64)
    b.start()
    rig.wait_ready(1, 4)
    assert (len(before), len(before & queues(rig, 1))) == (4, 3)
    for pair in (0, 1):
        b.post_rx(pair=pair)
    transfer(a, b, burst(64, 1000), pair=0)
    transfer(b, a, burst(64, 2000, 1, 0), pair=1)


def test_no_receive_queue(rig, packed):
    """D28: all receive queues are disabled, nothing is steered; one is enabled, and everything comes to it."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(pairs=2, packed=packed))
    for turn in range(3):
        for index in (0, 2):
            b.enable(index, False)
        b.settle()
        counts = rig.nic.function(vf_bdf(1))["counts"]
        assert counts["flow"] == 0 and counts["rqt"] == 0, counts
        transfer(b, a, burst(20, 1000 * turn, 1, 0), pair=1)
        b.enable(2 * (turn & 1))
        rig.wait_ready(1, 3)
        transfer(a, b, burst(40, 1000 * turn + 100))
        b.enable(2 - 2 * (turn & 1))
        rig.wait_ready(1, 4)
        transfer(a, b, burst(40, 1000 * turn + 200))


def test_stale_addresses(rig, packed):
    """P26: firmware sets up one pair after a reboot, and the front end enables all: the others have old addresses."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(pairs=2, packed=packed))
    transfer(a, b, burst(20))
    b.stop()
    b.set_features(b.features)
    b.set_mem_table()
    for index in range(2):
        b.setup_ring(index)
    for index in (2, 3):
        b.set_ring_num(index)
        b.set_ring_fds(index)
    for index in range(4):
        b.enable(index)
    b.set_status(15)
    rig.wait_ready(1, 2)
    b.settle()
    assert rig.running(1) == 2
    for index in (2, 3):
        b.set_ring_base(index)
        b.set_ring_addr(index)
        b.set_ring_fds(index)
    rig.wait_ready(1, 4)
    transfer(a, b, burst(40, 100))


def silent(rig, shape):
    """A guest that never answers on the back end's channel."""
    dev = rig.connect(1, shape)
    dev.negotiate()
    dev.back.silence()
    dev.make_rings()
    dev.start()
    rig.wait_ready(1, 2)
    dev.post_rx()
    return dev


def test_stop_with_silent_back_channel(rig, packed):
    """P5, D25: a stop, a start and the end of a front end that owes an answer wait for nobody."""
    a = rig.guest(0, Shape(packed=packed))
    b = silent(rig, Shape(packed=packed))
    both_ways(a, b)
    for turn in range(2):
        b.stop()
        b.start()
        rig.wait_ready(1, 2)
        both_ways(a, b, 1000 * (turn + 1))
    b.close()
    rig.nic.wait_idle(vf_bdf(1))
    both_ways(a, rig.guest(1, Shape(packed=packed)), 5000)


def test_quit_with_silent_back_channel(stage):
    """P5: so does the end of the application."""
    rig = Pair(stage)
    both_ways(rig.guest(0), silent(rig, Shape()))
    assert rig.app.quit() == 0
    assert "leak" not in rig.app.process.text()
