# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Host notifiers: the guest rings the NIC's doorbell page itself."""

import pytest
from hfvhost.net import Shape
from hfvhost.proto import Protocol
from pair import both_ways, burst, virtqueues_only


@pytest.fixture
def rig(shared_rig):
    """One application for all."""
    return shared_rig


@virtqueues_only
def test_doorbell_page(rig, packed):
    """With no kick at all, frames go by doorbell only; again after a stop and a start."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    both_ways(a, b, 100000)     # a doorbell may overtake the relayed kick for the other guest's receive buffers
    for turn in range(3):
        bell = a.back.wait_doorbell(1)
        sent = burst(100, 1000 * turn)
        for frame in sent:
            a.post_tx(frame)
        a.tx().ring.publish()
        bell.ring(1)
        assert b.receive(100) == sent
        a.send([])
        a.stop()
        a.back.doorbells.clear()
        a.start()
        rig.wait_ready(0, 2)


def test_refused_doorbell(rig, packed):
    """A front end that does not take the page: kicks come by descriptor as ever."""
    shape = Shape(packed=packed)
    shape.protocol &= ~int(Protocol.BACKEND_REQ)
    a = rig.connect(0, shape)
    a.negotiate()
    a.open_back_channel(accept=False)
    a.make_rings()
    a.start()
    rig.wait_ready(0, 2)
    a.post_rx()
    assert not a.back.doorbells
    both_ways(a, rig.guest(1, Shape(packed=packed)))


def test_unwanted_doorbell(rig):
    """Without HOST_NOTIFIER no page is offered."""
    shape = Shape(protocol=int(Protocol.MQ | Protocol.REPLY_ACK | Protocol.STATUS | Protocol.BACKEND_REQ))
    a, b = rig.guest(0, shape), rig.guest(1)
    both_ways(a, b)
    assert not a.back.requests


def silent_guest(rig, shape):
    """A guest that never answers on the back end's channel."""
    dev = rig.connect(0, shape)
    dev.negotiate()
    dev.back.silence()
    dev.make_rings()
    dev.start()
    rig.wait_ready(0, 2)
    dev.post_rx()
    return dev


def test_silent_back_channel(rig, packed):
    """A front end that never answers on the back end's channel: the device starts and serves all the same."""
    shape = Shape(packed=packed)
    both_ways(silent_guest(rig, shape), rig.guest(1, shape))


@virtqueues_only
def test_second_back_channel(rig):
    """A second channel in place of one that never answers: the doorbell comes on the new one."""
    dev = silent_guest(rig, Shape())
    old = dev.back
    dev.open_back_channel()
    dev.back.wait_doorbell(1)
    old.close()
    both_ways(dev, rig.guest(1))
