# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Memory tables of any shape, and what happens to registrations when they change."""

import os
from pathlib import Path

import pytest
from hfrig import vdpa
from hfvhost import proto
from hfvhost.channel import Refused
from hfvhost.dirty import Log
from hfvhost.memory import PAGE, Backing, Memory
from hfvhost.net import Shape
from hfvhost.ring import Segment
from pair import Pair, both_ways, burst, hang_up, transfer

MIB = 1 << 20
GIB = 1 << 30


@pytest.fixture
def rig(shared_rig):
    """One application for all."""
    return shared_rig


def wide() -> Memory:
    """Three regions with holes between them, one beyond 2 GiB, of which only the far end is used for frames."""
    mem = Memory()
    mem.add(0, 16 * MIB).brk = 4096
    mem.add(256 * MIB, 8 * MIB)
    mem.add(4 * GIB, 3 * GIB).brk = 3 * GIB - 32 * MIB
    return mem


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]], ids=["ascending", "mixed"])
def test_regions(rig, packed, order):
    """Rings in one region, buffers in another, in any order of the table."""
    mem = wide()
    a = rig.guest(0, Shape(packed=packed))
    b = rig.connect(1, Shape(packed=packed), mem)
    b.negotiate()
    b.make_rings(mem.regions[1])
    mem.regions = [mem.regions[i] for i in order]
    b.start()
    rig.wait_ready(1, 2)
    far = mem.find(4 * GIB)
    b.post_rx(100, region=far)
    b.supplied()
    sent = burst(100)
    a.send(sent)
    assert b.receive(100, refill=False) == sent
    back = burst(100, 1000, 1, 0)
    b.send(back, region=far)
    assert a.receive(100) == back


def test_buffer_over_two_regions(rig, packed):
    """A frame in two descriptors, each in a region of its own."""
    mem = Memory()
    low, high = mem.add(0, 8 * MIB), mem.add(GIB, 8 * MIB)
    low.brk = 4096
    a, b = rig.guest(0, Shape(packed=packed), mem), rig.guest(1, Shape(packed=packed))
    ring = a.tx().ring
    frame = burst(1)[0]
    data = bytes(proto.NET_HEADER) + frame
    parts = []
    for region, piece in ((low, data[:33]), (high, data[33:])):
        gpa = mem.alloc(len(piece), 64, region)
        mem.write(gpa, piece)
        parts.append(Segment(gpa, len(piece)))
    ring.post(parts, None)
    ring.flush()
    assert b.receive(1) == [frame]


def test_ring_at_zero(rig, packed):
    """Guest address 0 is an address like any other: the descriptors lie there (D21)."""
    mem = Memory()
    mem.add(0, 64 * MIB)
    b = rig.connect(1, Shape(packed=packed), mem)
    b.negotiate()
    b.make_rings()
    assert b.queues[0].ring.desc == 0
    b.start()
    rig.wait_ready(1, 2)
    b.post_rx()
    both_ways(rig.guest(0, Shape(packed=packed)), b)


def test_plug_and_unplug(rig, packed):
    """Memory is plugged into a running guest and taken away: queues run on, only what is new is registered (D36)."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    both_ways(a, b)
    before, kept = rig.registered(1), rig.kept(1)
    module = b.mem.add(8 * GIB, 32 * MIB)
    b.set_mem_table()
    rig.wait_ready(1, 2)
    assert rig.registered(1) == before + 1
    transfer(a, b, burst(300, 1000))
    back = burst(100, 2000, 1, 0)
    b.tx().buffers.clear()
    b.send(back, region=module)
    assert a.receive(100) == back
    b.tx().buffers.clear()
    b.mem.remove(module)
    b.set_mem_table()
    rig.wait_ready(1, 2)
    rig.wait_kept(1, kept)
    assert rig.registered(1) == before + 1
    both_ways(a, b, 3000)


def test_plug_while_stopped(rig, packed):
    """A table that changes while the device is stopped, which no op tells the driver."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    before = rig.registered(1)
    b.stop()
    b.mem.add(8 * GIB, 32 * MIB)
    b.start()
    rig.wait_ready(1, 2)
    assert rig.registered(1) == before + 1
    both_ways(a, b)


def test_replaced_memory_refused(rig, packed):
    """Another object behind the same addresses: refused with a reason, and the old memory serves on."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    both_ways(a, b)
    b.stop()
    old = b.mem.regions[0].backing
    b.mem.regions[0].backing = Backing(old.size)
    with pytest.raises(Refused):
        b.set_mem_table()
    rig.in_log(r"memory table refused: another memory object")
    b.mem.regions[0].backing.close()
    b.mem.regions[0].backing = old
    b.start()
    rig.wait_ready(1, 2)
    both_ways(a, b, 1000)


def test_replaced_memory_closes(rig):
    """The same without REPLY_ACK: the connection is closed, as there is no other way to say no."""
    b = rig.guest(1)
    b.stop()
    b.mem.regions[0].backing = Backing(b.mem.regions[0].size)
    b.channel.need_reply = False
    b.set_mem_table()
    b.channel.wait_closed()
    rig.alive()


@pytest.fixture
def huge_pages():
    """Memory of huge pages; root has some reserved for the time of the test."""
    knob = Path("/proc/sys/vm/nr_hugepages")
    before = knob.read_text(encoding="ascii")
    try:
        knob.write_text(str(int(before) + 16), encoding="ascii")
    except OSError:
        pass    # not root: perhaps there are enough
    try:
        backing = Backing(32 * MIB, hugetlb=True)
        os.posix_fallocate(backing.fd, 0, backing.size)
        yield backing
        backing.close()
    except OSError as err:
        pytest.skip(f"no huge pages are free here: {err}")
    finally:
        if knob.read_text(encoding="ascii") != before:
            knob.write_text(before, encoding="ascii")


def test_huge_pages(rig, packed, huge_pages):
    """Guest memory of huge pages."""
    mem = Memory()
    mem.add(0, huge_pages.size, huge_pages).brk = 4096
    both_ways(rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed), mem))


def test_huge_pages_truncated(rig, packed, huge_pages):
    """A file that lost its pages while the guest was stopped is other memory: the same file, as long and as full."""
    mem = Memory()
    mem.add(0, huge_pages.size, huge_pages).brk = 4096
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed), mem)
    both_ways(a, b)
    before = rig.registered(1)
    b.stop()
    b.start()
    rig.wait_ready(1, 2)
    assert rig.registered(1) == before
    b.stop()
    os.ftruncate(huge_pages.fd, 0)
    os.ftruncate(huge_pages.fd, huge_pages.size)
    os.posix_fallocate(huge_pages.fd, 0, huge_pages.size)
    mem.regions[0].brk = 4096
    b.make_rings()
    b.start()
    rig.wait_ready(1, 2)
    assert rig.registered(1) == before + 1
    b.post_rx()
    both_ways(a, b, 1000)


def test_sealed(stage):
    """With sealed=1 nothing of a front end is mapped that it could cut short under a running guest."""
    rig = Pair(stage, vdpa.VdpaConfig(only={1: "sealed=1"}))
    a, b = rig.guest(0), rig.connect(1)
    b.set_mem_table()       # the driver does not see it, and librte_vhost keeps it for the same addresses
    sealed = Memory()
    sealed.add(0, 64 * MIB, Backing(64 * MIB, sealed=True)).brk = PAGE
    b.mem = sealed
    b.start()
    rig.in_log("cannot serve connection .*: Operation not permitted")
    hang_up(b)
    b = rig.connect(1)
    b.negotiate()
    with pytest.raises(Refused):
        b.set_mem_table()
    rig.in_log(r"memory table refused: its file can be cut short \(no F_SEAL_SHRINK\), and sealed=1")
    b.mem = sealed
    with pytest.raises(PermissionError):
        os.ftruncate(b.mem.regions[0].backing.fd, 0)
    b.make_rings()
    b.start()
    rig.wait_ready(1, 2)
    b.post_rx()
    both_ways(a, b)
    log, region = Log(PAGE), b.mem.add(4 * GIB, 2 * MIB)
    for plug in (lambda: log.hand_over(b, True), b.set_mem_table):
        with pytest.raises(Refused):
            plug()
    rig.in_log(r"log of written pages refused: its file can be cut short")
    both_ways(a, b, 1000)
    b.mem.remove(region)
    b.mem.add(4 * GIB, 2 * MIB, Backing(2 * MIB, sealed=True))
    b.set_mem_table()
    rig.wait_ready(1, 2)
    both_ways(a, b, 2000)
    log.close()
