# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Host notifiers: the guest rings the NIC's doorbell page itself."""

from hfvhost.net import Shape
from hfvhost.proto import Feature, Protocol, Request
from pair import both_ways, burst


def test_doorbell_page(rig, packed):
    """With no kick at all, frames go by doorbell only; again after a stop and a start."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
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


def test_silent_back_channel(rig):
    """A front end that never answers on the back end's channel: the device starts and serves all the same."""
    a = rig.connect(0)
    a.channel.tell(Request.SET_OWNER)
    offered = a.channel.ask(Request.GET_FEATURES).u64()
    a.protocol = a.channel.ask(Request.GET_PROTOCOL_FEATURES).u64() & a.shape.protocol
    a.channel.tell(Request.SET_PROTOCOL_FEATURES, a.protocol.to_bytes(8, "little"))
    a.channel.need_reply = True
    a.open_back_channel()
    a.back.stop.set()
    a.back.thread.join(10)
    a.set_features(offered & a.shape.wanted() & ~int(Feature.RING_PACKED))
    a.make_rings()
    a.start()
    rig.wait_ready(0, 2)
    a.post_rx()
    both_ways(a, rig.guest(1))
