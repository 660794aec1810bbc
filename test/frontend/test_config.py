# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The configuration space: what is read of it and when, who may write, and who is told of changes."""

import re
import socket
import time
from itertools import groupby

import pytest
from hfrig import nic, vdpa
from hfrig.wait import until
from hfvhost import config, proto
from hfvhost.channel import Channel, Closed, Refused
from hfvhost.config import NetConfig
from hfvhost.net import DEFAULT_PROTOCOL, Shape
from hfvhost.proto import BackendRequest, Feature, Protocol, Request
from pair import Pair, address, both_ways, burst, collect, transfer

PAIRS = 16
LISTENS = Shape(protocol=int(DEFAULT_PROTOCOL | Protocol.CONFIG))
# What librte_vhost does not know, and the driver offers from the second question on.
OWN = Feature.MAC | Feature.STATUS | Feature.SPEED_DUPLEX | Feature.ORDER_PLATFORM
FULL = 100000   # Mb/s of the NIC's port


@pytest.fixture
def rig(shared_rig):
    """One application for all."""
    return shared_rig


def up(vf: int) -> NetConfig:
    """What is to be read of a VF whose link is up."""
    return NetConfig(address(vf), config.LINK_UP, PAIRS, 1500, FULL, config.DUPLEX_FULL)


def test_fields(rig):
    """All fields, those that this device has not, and any part of them."""
    dev = rig.connect(0)
    assert NetConfig.parse(dev.read_config()) == up(0)      # before any other message
    dev.start()
    whole = dev.read_config(0, proto.CONFIG_MAX)
    assert NetConfig.parse(whole) == up(0)
    assert not any(whole[config.SIZE:])
    for offset in (0, 1, 6, 10, 23, 200, 255, 256):
        for size in {0, 1, 2, 7, proto.CONFIG_MAX - offset}:
            if offset + size <= proto.CONFIG_MAX:
                assert dev.read_config(offset, size) == whole[offset:offset + size], (offset, size)


READS = [(0, 6), (6, 2), (8, 2), (10, 2), (12, 4), (16, 1), (0, config.SIZE), (0, 256), (20, 4), (255, 1), (300, 4),
         (0, 257)]


class Reader(Channel):
    """Reads the configuration space before each message."""

    def __init__(self, sock, reads):
        super().__init__(sock)
        self.reads = reads
        self.said: list[tuple[int, int, bytes]] = []    # messages of the front end, with what was answered
        self.image = up(0).pack()
        self.hooked = False

    def send(self, request, payload=b"", fds=(), flags=proto.VERSION):
        """A message, and what is read before it."""
        if self.reads:
            self.read()
        super().send(request, payload, fds, flags)
        self.said.append((request, flags, b""))

    def receive(self, timeout=None):
        """An answer."""
        msg = super().receive(timeout)
        if msg.request != Request.GET_CONFIG:
            self.said[-1] = (*self.said[-1][:2], msg.payload)
            self.hooked |= msg.request == Request.GET_FEATURES
        return msg

    def read(self):
        """Every part, in another order each time; before the driver sees messages, the beginning only."""
        at = len(self.said) * 5 % len(READS)
        for offset, size in READS[at:] + READS[:at] if self.hooked else READS[:1]:
            super().send(Request.GET_CONFIG, proto.CONFIG_HEAD.pack(offset, size, 0) + bytes(size))
            answer = super().receive()
            assert answer.payload[12:] == (self.image[offset:offset + size] if offset + size <= proto.CONFIG_MAX else b"")


def life(rig, shape, reads: bool):
    """A guest's start, traffic, stop, start with other features, and end; what was answered, made on the NIC, and logged."""
    mark = len(rig.app.process.text())
    other = rig.guest(1, shape)
    dev = rig.connect(0, shape)
    dev.channel = Reader(dev.channel.sock, reads)
    dev.start()
    rig.wait_ready(0, len(dev.queues))
    dev.post_rx()
    both_ways(dev, other)
    dev.stop()
    dev.set_features(dev.features & ~Feature.INDIRECT_DESC)
    dev.start()
    rig.wait_ready(0, len(dev.queues))
    both_ways(dev, other, 500)
    dev.get_status()
    objects = sorted(o["object"] for o in rig.nic.function(nic.vf_bdf(0))["objects"])
    said = dev.channel.said
    dev.close()
    other.close()
    log = until(lambda: re.findall(rf"holdfast: ({nic.vf_bdf(0)}.*)", rig.app.process.text()[mark:]),
                lambda lines: any("disconnect: " in line for line in lines))
    rig.nic.wait_idle(nic.vf_bdf(1))
    # How often a test that waits asks for the features, and what the driver says on threads of its own, is as time has it.
    return ([message for message, _ in groupby(said)], objects,
            sorted(re.sub("queue 0x.*", "", line) for line in log if not re.search("asks for|kicks go to the NIC", line)))


@pytest.mark.parametrize("shape", [Shape(), Shape(packed=True), Shape(features=int(Feature.PROTOCOL_FEATURES)),
                                   Shape(protocol=0), LISTENS], ids=["split", "packed", "legacy", "no-status", "listens"])
def test_reads_change_nothing(rig, shape):
    """Reads between any two messages of a life: each answer, the NIC's objects and the driver's log are what they are without."""
    life(rig, shape, False)     # what stays with the device is made once
    without, with_reads = life(rig, shape, False), life(rig, shape, True)
    assert with_reads == without


@pytest.mark.parametrize("offset, size, room", [(250, 7, 7), (256, 1, 1), (0xFFFFFFFF, 1, 1), (1, 0xFFFFFFFF, 8),
                                                (0, 257, 257), (0, 256, 24), (0, 24, 256)])
def test_bad_read(rig, offset, size, room):
    """A read beyond the end, or whose message has another size: answered with nothing, and nothing else changes."""
    dev = rig.guest(0)
    answer = dev.channel.ask(Request.GET_CONFIG, proto.CONFIG_HEAD.pack(offset, size, 0) + bytes(room))
    assert answer.payload == b""
    assert NetConfig.parse(dev.read_config()) == up(0)
    both_ways(dev, rig.guest(1))


def test_short_read(rig):
    """A message without all of its head is none."""
    dev = rig.guest(0)
    with pytest.raises(Refused):
        dev.channel.tell(Request.GET_CONFIG, bytes(11))
    rig.in_log("message GET_CONFIG refused: its payload has 11 bytes, what it says needs 12")
    both_ways(dev, rig.guest(1))


def test_write(rig):
    """What changes nothing is taken; another MAC is refused, and a guest that does not listen goes on without it."""
    dev = rig.guest(0)
    dev.write_config(0, address(0))
    dev.write_config(3, address(0)[3:] + b"\1")
    with pytest.raises(Refused):
        dev.write_config(0, address(1))
    for byte in range(6):
        dev.write_config(byte, b"\2", need_reply=False)
    assert NetConfig.parse(dev.read_config()) == up(0)
    rig.in_log(r"the guest writes 6 bytes of its configuration space from 0 on: .* by the host alone")
    assert rig.app.process.text()[rig.mark:].count("of its configuration space") == 1
    both_ways(dev, rig.guest(1))


@pytest.mark.parametrize("payload", [proto.CONFIG_HEAD.pack(0, 5, 0) + bytes(6), proto.CONFIG_HEAD.pack(255, 2, 0) + bytes(2),
                                     proto.CONFIG_HEAD.pack(0, 0xFFFFFFFF, 0), proto.CONFIG_HEAD.pack(0, 0, 2), bytes(8)])
def test_bad_write(rig, payload):
    """A message that contradicts itself, or writes beyond the end."""
    dev = rig.guest(0)
    with pytest.raises(Refused):
        dev.channel.tell(Request.SET_CONFIG, payload)
    assert NetConfig.parse(dev.read_config()) == up(0)
    both_ways(dev, rig.guest(1))
    with pytest.raises(Closed):
        dev.channel.tell(Request.SET_CONFIG, payload, need_reply=False)
        dev.get_status()


def test_own_features(rig):
    """What librte_vhost masks is offered from the second question on, and a guest that takes it works."""
    dev = rig.connect(0, Shape(features=int(Shape().features | OWN)))
    assert not dev.channel.ask(Request.GET_FEATURES).u64() & OWN
    dev.start()
    assert dev.features & OWN == OWN
    dev.post_rx()
    dev.supplied()
    both_ways(dev, rig.guest(1))
    with pytest.raises(Refused):
        dev.set_features(dev.features | 1 << 62)


def wait_told(dev, times: int) -> None:
    """Wait until the front end was told so often."""
    end = time.monotonic() + 20
    while dev.back.requests.count(BackendRequest.CONFIG_CHANGE) < times:
        assert time.monotonic() < end, dev.back.requests
        time.sleep(0.01)


def test_link_change_is_told(rig):
    """The link of the vport goes and comes back: who listens is told each time, and reads the new state."""
    dev, deaf = rig.guest(0, LISTENS), rig.guest(1, Shape(protocol=int(DEFAULT_PROTOCOL | Protocol.CROSS_ENDIAN)))
    rig.nic.ask("link 1 down")
    wait_told(dev, 1)
    assert NetConfig.parse(dev.read_config()) == NetConfig(address(0), 0, PAIRS, 1500)
    assert NetConfig.parse(deaf.read_config()) == up(1)
    rig.nic.ask("link 1 auto")
    wait_told(dev, 2)
    assert NetConfig.parse(dev.read_config()) == up(0)
    rig.nic.ask("link port down")
    wait_told(dev, 3)
    assert until(lambda: NetConfig.parse(deaf.read_config()).status, lambda status: status == 0) == 0   # another device
    rig.nic.ask("link port up")
    wait_told(dev, 4)
    both_ways(dev, deaf)
    assert BackendRequest.CONFIG_CHANGE not in deaf.back.requests


def test_channel_that_nobody_reads(rig):
    """A front end that lets its channel fill up, and one that hands over something else: the driver waits for neither."""
    dev, other = rig.guest(0, LISTENS), rig.guest(1)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    with open("/dev/null", "rb") as null:
        for fd in (theirs.fileno(), null.fileno()):
            dev.channel.tell(Request.SET_BACKEND_REQ_FD, b"", [fd])
            for _ in range(20):
                rig.nic.ask("link 1 down")
                rig.nic.ask("link 1 auto")
            rig.app.wait_log("link up")
            end = time.monotonic() + 20
            while NetConfig.parse(dev.read_config()) != up(0):
                assert time.monotonic() < end
            both_ways(dev, other)
    ours.close()
    theirs.close()


def test_channel_ends_with_connection(rig):
    """The front end sees the end of its channel when it hangs up: the driver keeps no end of it open."""
    dev = rig.guest(0, Shape(protocol=LISTENS.protocol & ~Protocol.HOST_NOTIFIER))   # whose answer it would cut off
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    dev.channel.tell(Request.SET_BACKEND_REQ_FD, b"", [theirs.fileno()])
    theirs.close()
    dev.close()
    ours.settimeout(20)
    while ours.recv(4096):
        pass
    ours.close()


def test_dead_nic_has_no_link(stage):
    """The NIC has a fatal error: who listens is told, and what is known is still read."""
    rig = Pair(stage)
    dev = rig.guest(0, LISTENS)
    rig.nic.ask("kill 1")
    wait_told(dev, 1)
    assert NetConfig.parse(dev.read_config()) == NetConfig(address(0), 0, PAIRS, 1500)


def test_byte_order(stage):
    """A legacy guest on a big-endian machine reads its own order once its rings are known to be so, a modern one never."""
    rig = Pair(stage, vdpa.VdpaConfig(devargs="datapath=poll"))
    dev = rig.connect(0, Shape(legacy=True, big_endian=True, features=int(Shape().features & ~Feature.INDIRECT_DESC)))
    pairs = NetConfig.parse(dev.read_config()).max_pairs
    dev.negotiate()
    assert NetConfig.parse(dev.read_config()).mtu == 1500
    dev.make_rings()
    dev.start()
    want = up(0)
    want.max_pairs = pairs
    assert NetConfig.parse(dev.read_config(), ">") == want
    assert dev.read_config(10, 2) == b"\x05\xdc"
    dev.stop()
    assert NetConfig.parse(dev.read_config()) == want


MAC, MTU = "0c:42:a1:0e:77:01", 1400


def test_arguments(stage):
    """MAC and MTU by argument: the guest is told them, and held to them."""
    cfg = vdpa.VdpaConfig(nic=nic.NicConfig(learn=True), only={0: f"mac={MAC},mtu={MTU}"})
    rig = Pair(stage, cfg)
    rig.in_log(f"{nic.vf_bdf(0)}: argument mac: the vport's address is (?i:{nic.vf_mac(0)}): ")
    mac = bytes.fromhex(MAC.replace(":", ""))
    dev, other = rig.connect(0, Shape(features=int(Shape().features | Feature.MTU),
                                      protocol=int(LISTENS.protocol | Protocol.NET_MTU))), rig.guest(1)
    want = up(0)
    want.mac, want.mtu = mac, MTU
    dev.prepare()
    assert NetConfig.parse(dev.read_config()) == want
    with pytest.raises(Refused):
        dev.channel.tell(Request.NET_SET_MTU, proto.U64.pack(MTU + 1))
    rig.in_log(f"the guest's MTU {MTU + 1} is larger than the argument mtu, {MTU}")
    dev.channel.tell(Request.NET_SET_MTU, proto.U64.pack(MTU))
    dev.go()
    rig.wait_ready(0, 2)
    dev.post_rx()
    # The e-switch learns where the address is.
    there = [address(1) + mac + frame[12:] for frame in burst(20)]
    back = [mac + address(1) + frame[12:] for frame in burst(20, 100)]
    transfer(dev, other, there)
    other.send(back)
    assert sorted(collect(dev, len(back))) == sorted(back)
