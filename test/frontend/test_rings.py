# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Rings that no driver can serve: a clear error, nothing runs, and the next guest finds a whole device."""

import pytest
from hfrig.nic import NicConfig
from hfrig.vdpa import VdpaConfig
from hfvhost import proto
from hfvhost.channel import Closed, Refused
from hfvhost.net import Shape
from hfvhost.proto import Request, Status
from pair import Pair, both_ways

OK = Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK | Status.DRIVER_OK


def half_started(rig, packed):
    """A front end on VF 1 with memory and rings, of which none is set up yet."""
    dev = rig.connect(1, Shape(packed=packed))
    dev.negotiate()
    dev.make_rings()
    dev.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK)
    dev.set_mem_table()
    return dev


def finish(dev):
    """Enable what there is and say DRIVER_OK; whether that is refused or ignored is the library's affair."""
    for step in [lambda i=i: dev.enable(i) for i in range(len(dev.queues))] + [lambda: dev.set_status(OK)]:
        try:
            step()
        except Refused:
            pass


def recover(rig, dev, packed):
    """The bad guest goes; a good one finds a device that works."""
    dev.close()
    rig.alive()
    both_ways(rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed)))


@pytest.mark.parametrize("size", [0, 3, 40000])
def test_size(rig, packed, size):
    """No entries, no power of two (which packed rings may have), more than there can be."""
    dev = half_started(rig, packed)
    for index in range(2):
        try:
            dev.set_ring_num(index, size)
        except Refused:
            pass
        dev.set_ring_base(index)
        try:
            dev.set_ring_addr(index)
        except Refused:
            pass
        dev.set_ring_fds(index)
    finish(dev)
    if not (packed and size == 3):
        assert rig.running(1) == 0
    recover(rig, dev, packed)


@pytest.mark.parametrize("area", ["desc", "driver", "device"])
def test_outside_memory(rig, packed, area):
    """A ring, or a part of one, that hangs over the end of guest memory."""
    dev = half_started(rig, packed)
    ring = dev.queues[0].ring
    region = dev.mem.regions[0]
    setattr(ring, area, region.gpa + region.size - (16 if area == "desc" else 4))
    for index in range(2):
        try:
            dev.setup_ring(index)
        except Refused:
            pass
    finish(dev)
    if area == "desc" or not packed:    # the other areas of a packed ring have 4 bytes and fit
        assert rig.running(1) == 0
    recover(rig, dev, packed)


def test_far_outside_memory(rig, packed):
    """A ring at an address that is in no region."""
    dev = half_started(rig, packed)
    for index in range(2):
        dev.set_ring_num(index)
        dev.set_ring_base(index)
        bad = 0x1234_5678_0000
        try:
            dev.channel.tell(Request.SET_VRING_ADDR, proto.VRING_ADDR.pack(index, 0, bad, bad, bad, 0))
        except Refused:
            pass
        dev.set_ring_fds(index)
    finish(dev)
    assert rig.running(1) == 0
    recover(rig, dev, packed)


def test_misaligned(rig):
    """A split ring's used ring at an odd address."""
    dev = half_started(rig, False)
    dev.queues[0].ring.device += 1
    for index in range(2):
        try:
            dev.setup_ring(index)
        except Refused:
            pass
    finish(dev)
    recover(rig, dev, False)


def test_base_beyond_ring(rig):
    """A packed ring's index beyond its size."""
    dev = half_started(rig, True)
    dev.setup_ring(1)
    dev.queues[0].base = 0x8000 | 300
    dev.setup_ring(0)
    finish(dev)
    assert rig.running(1) == 0
    recover(rig, dev, True)


def test_more_queues_than_the_nic_has(stage, packed):
    """Eight pairs on a NIC with queues for two."""
    rig = Pair(stage, VdpaConfig(nic=NicConfig(queues=4)))
    dev = rig.connect(1, Shape(pairs=8, packed=packed))
    dev.negotiate()
    dev.make_rings()
    dev.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK)
    dev.set_mem_table()
    try:
        for index in range(16):
            dev.setup_ring(index)
        finish(dev)
    except (Closed, Refused):
        pass
    rig.in_log(r"there are rings 0 to 3|queues? for 2 pairs|rings? .*at most|at most .*rings?")
    recover(rig, dev, packed)
