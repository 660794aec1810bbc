# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What others do wrong: front ends that break the rules in well-formed ways, and a NIC that refuses commands."""

import fcntl
import os
import threading
import time

import pytest
from hfrig import nic, paths, usage
from hfvhost import proto
from hfvhost.backchan import BackChannel
from hfvhost.channel import Closed, Refused
from hfvhost.net import Shape
from hfvhost.proto import Feature, Request, Status
from pair import both_ways, burst, transfer, virtqueues_only


@pytest.fixture
def rig(shared_rig):
    """One application for all."""
    return shared_rig


def fail(rig, command: str, nth: int = 1) -> None:
    """The nth command of this kind from now on, of VF 0, fails."""
    rig.nic.ask(f"fail 1/{command}:{nth}")


def app_fds(rig) -> int:
    """How many descriptors the application has open."""
    return usage.open_descriptors(rig.app.process.program())


def test_refused_owner_reset(rig):
    """RESET_OWNER with a descriptor is refused by the library; the next disconnect is a disconnect all the same."""
    dev = rig.guest(0)
    with pytest.raises((Refused, Closed)):
        dev.channel.tell(Request.RESET_OWNER, b"", [dev.queues[0].ring.err_fd.fd])
    dev.close()
    rig.wait_kept(0, 0)
    both_ways(rig.guest(0), rig.guest(1))


def test_refused_base(rig):
    """GET_VRING_BASE with a descriptor is refused by the library, and stops nothing."""
    a, b = rig.guest(0), rig.guest(1)
    with pytest.raises((Refused, Closed)):
        a.channel.tell(Request.GET_VRING_BASE, proto.VRING_STATE.pack(0, 0), [a.queues[0].ring.err_fd.fd])
    assert rig.running(0) == 2
    both_ways(a, b)


def test_refused_features_keep_nothing(rig):
    """Descriptors that come with features which are refused are closed."""
    dev = rig.connect(0)
    dev.negotiate()
    before = app_fds(rig)
    tso_alone = Feature.VERSION_1 | Feature.PROTOCOL_FEATURES | 1 << 11     # HOST_TSO4, without CSUM
    with open("/dev/null", "rb") as null:
        for _ in range(4):
            with pytest.raises(Refused):
                dev.channel.tell(Request.SET_FEATURES, proto.U64.pack(tso_alone), [null.fileno()] * 8, True)
    assert app_fds(rig) == before


class Deaf(BackChannel):
    """A back end's channel whose requests nobody reads."""

    def _serve(self) -> None:
        self.stop.wait()


@virtqueues_only
def test_request_channel_replaced(rig):
    """A new channel for requests, while the back end waits for an answer in the old one."""
    dev = rig.connect(0, Shape(protocol=int(Shape().protocol) & ~proto.Protocol.BACKEND_REQ))
    dev.shape.protocol |= proto.Protocol.BACKEND_REQ
    dev.open_back_channel, opened = lambda: None, dev.open_back_channel
    dev.negotiate()
    dev.back = deaf = Deaf()
    dev.channel.tell(Request.SET_BACKEND_REQ_FD, b"", [deaf.theirs.fileno()])
    run(dev)
    rig.wait_ready(0, 2)
    time.sleep(0.3)     # the first request is on its way
    opened()
    dev.get_status()    # would have no answer if the back end were stuck behind its own request
    dev.back.wait_doorbell(0)
    deaf.close()
    dev.close()
    rig.wait_kept(0, 0)
    both_ways(rig.guest(0), rig.guest(1))


def run(dev) -> None:
    """The rest of NetDevice.start() for a device that has negotiated."""
    dev.make_rings()
    dev.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK)
    dev.set_mem_table()
    for index in range(len(dev.queues)):
        dev.setup_ring(index)
    for index in range(len(dev.queues)):
        dev.enable(index)
    dev.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK | Status.DRIVER_OK)
    dev.running = True


def test_kicks_stolen(rig):
    """A guest that takes its kicks back before they are read, from a descriptor that it makes block, stalls nobody."""
    a, b = rig.guest(0), rig.guest(1)
    fd = a.tx().ring.kick_fd.fd
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    stop = threading.Event()

    def steal():
        while not stop.is_set():
            os.eventfd_write(fd, 1)
            fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
            try:
                os.eventfd_read(fd)
            except BlockingIOError:
                pass
            fcntl.fcntl(fd, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)

    thief = threading.Thread(target=steal)
    thief.start()
    try:
        for i in range(10):
            transfer(b, a, burst(50, 50 * i, 1, 0))
            time.sleep(0.05)
    finally:
        stop.set()
        thief.join(20)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags)
    both_ways(a, b, 1000)


def test_mtu(rig):
    """A guest's MTU that is larger than the port's is refused when it is said; the front end may say another."""
    shape = Shape(features=int(Shape().features) | 1 << 3, protocol=int(Shape().protocol) | proto.Protocol.NET_MTU)
    for mtu, served in ((9000, False), (1500, True), (1280, True)):
        dev = rig.connect(0, shape)
        dev.negotiate()
        try:
            dev.channel.tell(Request.NET_SET_MTU, proto.U64.pack(mtu))
            assert served
        except Refused:
            assert not served
            rig.app.wait_log(r"the guest's MTU 9000 is larger than the port's, 1500")
        run(dev)
        rig.wait_ready(0, 2)
        dev.close()
        rig.wait_kept(0, 0)


# --- a NIC that refuses ---

def test_steering_comes_back(rig):
    """One queue of two is disabled, and the NIC refuses to change the table of queues: the other one receives on."""
    a, b = rig.guest(0, Shape(pairs=2)), rig.guest(1)
    fail(rig, "MODIFY_RQT")
    a.enable(2, False)
    a.settle()
    rig.nic.ask("fail clear")
    transfer(b, a, burst(40, 0, 1, 0))


def test_queue_that_cannot_be_stopped(rig, packed):
    """The NIC refuses to suspend a queue and to destroy it: the guest's memory is taken from it."""
    dev = rig.guest(0, Shape(packed=packed))
    for command in ("MODIFY_SQ", "DESTROY_SQ") if paths.POLLED else ("MODIFY_GENERAL_OBJECT", "DESTROY_GENERAL_OBJECT"):
        fail(rig, command)
    dev.stop()
    rig.wait_kept(0, 0)
    rig.nic.ask("fail clear")
    dev.start()
    rig.wait_ready(0, 2)
    dev.close()
    both_ways(rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed)))


def test_event_lost_silence(rig):
    """A front end that never answers the host notifier request and then dies holds nobody up."""
    dev = rig.connect(0)
    dev.open_back_channel = lambda accept=True: None
    dev.negotiate()
    dev.back = Deaf()
    dev.channel.tell(Request.SET_BACKEND_REQ_FD, b"", [dev.back.theirs.fileno()])
    run(dev)
    rig.wait_ready(0, 2)
    dev.close()
    rig.wait_kept(0, 0)
    assert rig.nic.function(nic.vf_bdf(0))["mr_bytes"] < nic.GUEST_MR
