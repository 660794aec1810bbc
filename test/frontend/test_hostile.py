# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Front ends and guests that lie, talk nonsense, or die in the middle: the application and the other guest go on."""

import itertools
import random
import time

import pytest
from hfrig import nic, paths, usage
from hfvhost import proto
from hfvhost.channel import Closed, NoAnswer, ProtocolError, Refused
from hfvhost.net import Shape
from hfvhost.proto import Feature, Protocol, Request, Status
from hfvhost.ring import Segment
from pair import both_ways, burst, transfer

RUDE = (Closed, NoAnswer, ProtocolError, Refused)


@pytest.fixture
def rig(shared_rig):
    """One application for all."""
    return shared_rig


def survivors(rig, packed=False):
    """Both VFs serve new guests."""
    rig.alive()
    both_ways(rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed)))


@pytest.mark.parametrize("seed", range(4))
def test_noise(rig, seed):
    """Bytes that are no messages."""
    dice = random.Random(seed)
    for _ in range(10):
        dev = rig.connect(0)
        try:
            dev.channel.send_raw(dice.randbytes(dice.randrange(1, 2000)))
        except Closed:
            pass
        dev.close()
    survivors(rig)


@pytest.mark.parametrize("seed", range(4))
def test_random_messages(rig, seed):
    """Well-formed messages with random numbers in random order, to a device that runs."""
    dice = random.Random(1000 + seed)
    other = rig.guest(1)
    for _ in range(5):
        dev = rig.guest(0)
        dev.channel.timeout = 5
        try:
            for _ in range(20):
                request = dice.choice([*Request, 0, 26, 41, 1000, 0xFFFFFFFF])
                words = [dice.choice([0, 1, 2, 7, 255, 1 << 20, 0xFFFFFFFF]) for _ in range(dice.randrange(12))]
                payload = b"".join(w.to_bytes(4, "little") for w in words)
                dev.channel.send(request, payload, flags=proto.VERSION | dice.choice([0, proto.FLAG_NEED_REPLY]))
        except RUDE:
            pass
        dev.close()
    rig.alive()
    both_ways(rig.guest(0), other)


@pytest.mark.parametrize("index", [2, 32, 255, 0xFFFFFFFF])
def test_ring_index(rig, index):
    """Each message about a ring, for rings that are not there."""
    state = proto.VRING_STATE.pack(index, 1)
    for request, payload in ((Request.SET_VRING_NUM, proto.VRING_STATE.pack(index, 256)),
                             (Request.SET_VRING_BASE, state), (Request.SET_VRING_ENABLE, state),
                             (Request.SET_VRING_ADDR, proto.VRING_ADDR.pack(index, 0, 0, 0, 0, 0)),
                             (Request.GET_VRING_BASE, state),
                             (Request.SET_VRING_KICK, proto.U64.pack(index & 0xFF)),
                             (Request.SET_VRING_CALL, proto.U64.pack(index & 0xFF))):
        dev = rig.guest(0)
        dev.channel.timeout = 5
        try:
            if request == Request.GET_VRING_BASE:
                dev.channel.ask(request, payload)
            else:
                dev.channel.tell(request, payload)
        except RUDE:
            pass
        dev.close()
    survivors(rig)


STEPS = ["connect", "negotiate", "table", "ring", "rings", "enable", "ok", "traffic", "half"]


@pytest.mark.parametrize("last", range(len(STEPS)), ids=STEPS)
def test_disconnect_after(rig, packed, last):
    """The front end goes at each step of its start."""
    dev = rig.connect(0, Shape(packed=packed))
    steps = [lambda: None, lambda: (dev.negotiate(), dev.make_rings()), dev.set_mem_table,
             lambda: dev.setup_ring(0), lambda: dev.setup_ring(1), lambda: (dev.enable(0), dev.enable(1)),
             lambda: dev.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK | Status.DRIVER_OK),
             lambda: (dev.post_rx(), [dev.post_tx(f) for f in burst(100)], dev.tx().ring.flush()),
             lambda: dev.channel.send_raw(proto.HEADER.pack(Request.SET_MEM_TABLE, proto.VERSION, 72) + b"12")]
    for step in steps[:last + 1]:
        step()
    dev.close()
    survivors(rig, packed)


def test_second_front_end(rig):
    """A second connection to the socket of a device that is in use: the first one is not disturbed."""
    a, b = rig.guest(0), rig.guest(1)
    both_ways(a, b)
    second = rig.connect(1)
    with pytest.raises((Closed, Refused)):
        second.start()
    rig.in_log(r"connection \d+ refused: the device serves connection")
    transfer(b, a, burst(50, 1000, 1, 0))
    second.close()
    transfer(b, a, burst(50, 2000, 1, 0))
    rig.alive()


def test_second_front_end_stays_refused(rig):
    """What it said was not seen: it is refused too when the first one has gone; one that connects then is served."""
    first, other = rig.guest(1), rig.guest(0)
    second = rig.connect(1)
    second.channel.tell(Request.SET_OWNER)
    second.protocol = second.channel.ask(Request.GET_PROTOCOL_FEATURES).u64() & Protocol.REPLY_ACK
    second.channel.tell(Request.SET_PROTOCOL_FEATURES, proto.U64.pack(second.protocol))
    second.channel.need_reply = True
    for _ in range(2):
        with pytest.raises(Refused):
            second.set_features(0)
        first.close()
        rig.wait_kept(1, 0)
    second.close()
    both_ways(other, rig.guest(1))


def test_features_that_were_not_seen(rig):
    """A front end that asks for nothing: its first message of features is not seen, and is what the device runs with."""
    other, dev = rig.guest(0), rig.connect(1, Shape(protocol=0))
    dev.channel.tell(Request.SET_OWNER)
    dev.set_features(int(Feature.VERSION_1))
    dev.make_rings()
    dev.set_mem_table()
    for index in range(2):
        dev.setup_ring(index)
    rig.wait_ready(1, 2)
    dev.post_rx()
    dev.set_features(int(Feature.VERSION_1))
    both_ways(other, dev)


def descriptors(rig):
    """How many descriptors the application has open."""
    return usage.open_descriptors(rig.app.process.program())


def test_descriptors_of_a_refused_message(rig):
    """A message that the driver refuses, with descriptors that nobody asked for: none of them stays open."""
    dev = rig.connect(0)
    dev.negotiate()
    open_now = descriptors(rig)
    for _ in range(5):
        with pytest.raises(Refused):
            # TSO needs CSUM.
            dev.channel.tell(Request.SET_FEATURES, proto.U64.pack(dev.features & ~3 | Feature.HOST_TSO4),
                             [dev.channel.sock.fileno()] * 8)
    assert descriptors(rig) <= open_now
    dev.close()
    survivors(rig)


def test_reset_owner_with_descriptor(rig, packed):
    """RESET_OWNER with a descriptor that it must not have; the next connection is like any other."""
    dev = rig.guest(0, Shape(packed=packed))
    open_now = descriptors(rig)
    for _ in range(3):
        try:
            dev.channel.tell(Request.RESET_OWNER, b"", [dev.channel.sock.fileno()])
        except RUDE:
            break
    dev.close()
    rig.wait_kept(0, 0)
    assert descriptors(rig) <= open_now
    survivors(rig, packed)


OUTSIDE = "address outside the memory key"
EMPTY = "the length of a descriptor is 0, or that of a chain beyond 4 GiB"
NOWHERE = r"packet \d+ is outside of the guest's memory"
DROPPED = ""
BAD = {     # what is posted, what the NIC calls it, and poll mode
    "outside": (Segment(1 << 40, 128), OUTSIDE, NOWHERE),
    "over-the-end": (Segment((64 << 20) - 64, 1000), OUTSIDE, NOWHERE),
    "wraps": (Segment((1 << 64) - 64, 128), OUTSIDE, NOWHERE),
    "empty": (Segment(4096, 0), EMPTY, "a descriptor is empty, or a chain too long: 0"),
    "huge": (Segment(4096, 0xFFFFFFFF), OUTSIDE, DROPPED),
    "short": (Segment(4096, 5), "a chain is shorter than the virtio-net header", "a packet of 5 bytes, header included"),
    "writable": (Segment(4096, 128, True), "a descriptor has the wrong direction",
                 "a descriptor is of the wrong direction, flags 0x.*"),
}


def virtq_errors(rig) -> dict[str, int]:
    """What failed queues of VF 0, and how often."""
    return rig.nic.function(nic.vf_bdf(0), "stats")["virtq_errors"]


def wait_virtq_error(rig, before: dict[str, int], error: str) -> None:
    """Wait until the NIC stopped queues of VF 0 for this, and nothing else."""
    end = time.monotonic() + 20
    while (errors := virtq_errors(rig)) == before:
        assert time.monotonic() < end, "no error"
    assert {name for name, count in errors.items() if count > before.get(name, 0)} == {error}


def wait_poll_error(rig, error: str, queue: int = 1) -> None:
    """Wait until poll mode stopped a queue of VF 0 for this, or has dropped the packet."""
    if error != DROPPED:
        rig.in_log(rf"{nic.vf_bdf(0)}: queue {queue}: stopped serving: {error}\n")
        return
    end = time.monotonic() + 20
    while rig.app.stats(0, 1)["poll_dropped_bad_header"] == 0:
        assert time.monotonic() < end, "it was not dropped"


@pytest.mark.parametrize("kind", BAD)
def test_bad_descriptor(rig, packed, kind):
    """A guest posts what it must not: its own queue may stop; the other guest, and its own next life, are well."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    ring = a.tx().ring
    before = virtq_errors(rig)
    segment, error, poll_error = BAD[kind]
    ring.post([segment], None)
    ring.flush()
    transfer(b, a, burst(20, 0, 1, 0))
    if paths.POLLED:
        wait_poll_error(rig, poll_error)
    else:
        wait_virtq_error(rig, before, error)
    a.close()
    rig.alive()
    both_ways(rig.guest(0, Shape(packed=packed)), b, 1000)


BAD_BUFFERS = {
    "outside": (Segment(1 << 40, 2048, True), OUTSIDE,
                r"the virtio header of buffer \d+ is outside of the guest's memory"),
    "over-the-end": (Segment((64 << 20) - 64, 2048, True), OUTSIDE, "the NIC could not receive, syndrome 0x4"),
    "short": (Segment(4096, 5, True), DROPPED, "a buffer of 5 bytes, header included"),
    "read-only": (Segment(4096, 2048), BAD["writable"][1], "a descriptor is of the wrong direction, flags .*"),
}


@pytest.mark.parametrize("kind, packed", zip(BAD_BUFFERS, itertools.cycle((False, True))))
def test_bad_buffer(rig, kind, packed):
    """The same of what a guest posts to receive into (the kinds of rings take turns): it can still send."""
    a, b = rig.guest(0, Shape(packed=packed), rx=0), rig.guest(1, Shape(packed=packed))
    before = virtq_errors(rig)
    segment, error, poll_error = BAD_BUFFERS[kind]
    a.rx().ring.post([segment], None)
    a.rx().ring.flush()
    b.send(burst(20, 0, 1, 0))
    if paths.POLLED:
        wait_poll_error(rig, poll_error, 0)
    elif error != DROPPED:
        wait_virtq_error(rig, before, error)
    transfer(a, b, burst(20))
    a.close()
    rig.alive()
    both_ways(rig.guest(0, Shape(packed=packed)), b, 1000)


def test_descriptor_loop(rig):
    """A split chain that bites its own tail."""
    a, b = rig.guest(0), rig.guest(1)
    ring = a.tx().ring
    ring.post([Segment(4096, 64), Segment(4096, 64)], None)
    head = ring.chains.popitem()[1][1]
    a.mem.write16(ring.desc + 16 * head[1] + 12, 1)          # NEXT
    a.mem.write16(ring.desc + 16 * head[1] + 14, head[0])    # back to the head
    ring.flush()
    transfer(b, a, burst(20, 0, 1, 0))
    a.close()
    both_ways(rig.guest(0), b, 1000)


@pytest.mark.parametrize("jump", [1000, 0x8000, 0xFFFF])
def test_available_index_jumps(rig, jump):
    """A split ring whose available index runs ahead of what a ring can hold."""
    a, b = rig.guest(0), rig.guest(1)
    ring = a.tx().ring
    a.mem.write16(ring.driver + 2, jump)
    ring.kick()
    transfer(b, a, burst(20, 0, 1, 0))
    a.close()
    both_ways(rig.guest(0), b, 1000)
