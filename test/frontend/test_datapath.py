# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Which datapath serves a guest, and which CPU serves poll mode."""

from __future__ import annotations

import time
from functools import partial

import pytest
from cputime import check_idle, cpus
from hfrig import nic, paths, telemetry, vdpa
from hfrig.wait import until
from hfvhost.net import Shape
from hfvhost.proto import Feature, Protocol
from pair import ApiPair, Pair, both_ways, burst

DO_ALL = "the NIC's virtqueues do all that was negotiated"
LACKS = "of what was negotiated, datapath hw does not .*"
LOGGED = Shape(features=int(Shape().features) | Feature.LOG_ALL, protocol=int(Shape().protocol) | Protocol.LOG_SHMFD)
ADDED = Feature.MRG_RXBUF | Feature.INDIRECT_DESC | Feature.EVENT_IDX | Feature.IN_ORDER
WANTED = Feature.RING_PACKED | Feature.LOG_ALL

# Arguments of a VF, what a guest asks of it, and what it gets by that.
CHOICES = [
    ("datapath=hw", Shape(), "hw: as asked for"),
    ("datapath=poll", Shape(), "poll: as asked for"),
    ("datapath=auto", Shape(), f"hw: {DO_ALL}"),
    ("datapath=auto", Shape(packed=True), f"hw: {DO_ALL}"),
    ("datapath=auto", LOGGED, f"poll: {LACKS}VHOST_F_LOG_ALL"),
    ("datapath=auto,poll_features=1", Shape(), f"poll: {LACKS}VIRTIO_RING_F_INDIRECT_DESC"),
    ("datapath=auto,poll_features=1", Shape(mrg_rxbuf=True, in_order=True),
     f"poll: {LACKS}VIRTIO_NET_F_MRG_RXBUF .*VIRTIO_F_IN_ORDER"),
]


def test_choice(stage):
    """Each device has its own argument; the log says what was chosen, and why; each two pass packets."""
    only = {vf: args for vf, (args, _, _) in enumerate(CHOICES)}
    rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(vfs=len(CHOICES), options=["--nic", "cx6dx"]), only=only))
    offered = {name: features for name, (_, features) in rig.app.devices().items()}
    assert not offered[nic.vf_bdf(0)] & (ADDED | Feature.LOG_ALL)
    assert offered[nic.vf_bdf(1)] & (ADDED | WANTED) == ADDED | WANTED
    assert offered[nic.vf_bdf(2)] & (ADDED | WANTED) == WANTED
    assert offered[nic.vf_bdf(5)] & (ADDED | WANTED) == ADDED | WANTED
    guests = []
    for vf, (_, shape, said) in enumerate(CHOICES):
        guests.append(rig.guest(vf, shape))
        rig.in_log(f"{nic.vf_bdf(vf)}: datapath {said}\n")
    first = guests[0]
    for vf, guest in enumerate(guests[1:], 1):
        sent = burst(20, 100 * vf, vf, 0)
        guest.send(sent)
        assert first.receive(len(sent)) == sent


def test_without_virtqueues(stage):
    """A ConnectX-5 is served in poll mode unless that was excluded; then the device is not there."""
    config = vdpa.VdpaConfig(nic=nic.NicConfig(vfs=3, options=["--nic", "cx5"]),
                             only={0: "datapath=auto", 1: "datapath=auto", 2: "datapath=hw"})
    rig = Pair(stage, config, good=2)
    a, b = rig.guest(0), rig.guest(1)
    rig.in_log(f"{nic.vf_bdf(1)}: datapath poll: the NIC has no virtio-net queues")
    rig.in_log(f"{nic.vf_bdf(2)}: .*datapath=hw: the NIC has no virtio-net queues")
    rig.alive()
    both_ways(a, b)


def polled(stage, devargs: str, make=Pair, **config) -> tuple[Pair, telemetry.Telemetry | None]:
    """Two guests in poll mode, and telemetry where sanitizers let it be."""
    if paths.SANITIZED:
        return make(stage, config=vdpa.VdpaConfig(devargs=devargs, **config)), None
    with telemetry.runtime() as run:
        rig = make(stage, config=vdpa.VdpaConfig(devargs=devargs, eal=["--telemetry", *config.pop("eal", [])], **config))
        tel = stage.keep(telemetry.connect(run))
    return rig, tel


def test_own_thread(stage):
    """Without service cores one thread, on the CPU that was asked for, serves all; idle it sleeps, and wakes for a frame."""
    rig, tel = polled(stage, "datapath=poll,poll_core=1")
    a, b = rig.guest(0), rig.guest(1)
    both_ways(a, b)
    pid = rig.app.process.program()
    assert cpus(pid, "hf-poll-0") == "1"
    time.sleep(0.2)
    check_idle(pid)
    both_ways(a, b, 1000)
    if tel:
        pollers = tel.ask("/holdfast/pollers")
        assert len(pollers) == 1
        poller = pollers["holdfast_poll_0"]
        assert (poller["core"], poller["queues"], poller["service_runs"]) == (1, 4, 0)
        assert poller["service_rounds"] == 0 and poller["thread_sleeps"] > 0
        about = tel.ask("/holdfast/devices", nic.vf_bdf(1))
        assert (about["datapath"], about["datapath_wanted"], about["datapath_reason"]) == ("poll", "poll", "as asked for")
    a.stop()
    b.stop()
    check_idle(pid)


def test_no_kick_descriptor(stage):
    """A ring whose guest cannot wake the thread is looked at all the same."""
    rig, _ = polled(stage, "datapath=poll")
    a, b = rig.connect(0), rig.guest(1)
    a.prepare()
    a.set_kick(1, None)
    a.go()
    rig.wait_ready(0, 2)
    for turn in range(3):
        time.sleep(0.1)     # so that it sleeps
        sent = burst(20, 100 * turn)
        for frame in sent:
            a.post_tx(frame)
        a.tx().ring.publish()
        assert b.receive(20) == sent
        a.tx().ring.wait(20)


def thread_rounds(tel: telemetry.Telemetry, a, b) -> int:
    """How often the own thread polls under traffic."""
    before = tel.ask("/holdfast/pollers")["holdfast_poll_0"]["thread_rounds"]
    both_ways(a, b, 1000, 300)
    return tel.ask("/holdfast/pollers")["holdfast_poll_0"]["thread_rounds"] - before


def test_service_core(stage):
    """With a service core (-S) the stock application has it poll, and the driver's own thread only watches."""
    rig, tel = polled(stage, "datapath=poll", lcores="0@0,1@1", eal=["-S", "1"])
    a, b = rig.guest(0), rig.guest(1)
    both_ways(a, b, 0, 300)
    if tel:
        poller = tel.ask("/holdfast/pollers")["holdfast_poll_0"]
        assert (poller["service_runs"], poller["queues"]) == (1, 4)
        # Where the service core gets no CPU for a while, the thread takes over for as long.
        assert until(lambda: thread_rounds(tel, a, b), lambda found: found == 0) == 0


def rounds(tel: telemetry.Telemetry, kind: str) -> int:
    """How often all pollers went round, by their threads or by service cores."""
    return sum(poller[f"{kind}_rounds"] for poller in tel.ask("/holdfast/pollers").values())


def test_services_stop(stage, program):
    """EAL's own mapping gives each service core a poller, with half of the queues, though they start at the same time.
    When the services stop, threads take over; when they run again, these leave it to them."""
    rig, tel = polled(stage, "datapath=poll", partial(ApiPair, program=program), lcores="0@0,1@1,2@1", eal=["-S", "1,2"])
    a, b = rig.guest(0), rig.guest(1)
    both_ways(a, b)
    if tel:
        pollers = tel.ask("/holdfast/pollers")
        assert {name: (p["queues"], p["service_runs"]) for name, p in pollers.items()} == {
            "holdfast_poll_0": (2, 1), "holdfast_poll_1": (2, 1)}
    assert rig.do("services", 0)["ret"] == 0
    served = tel and rounds(tel, "service")
    both_ways(a, b, 1000)
    assert not tel or rounds(tel, "service") - served <= 2     # what each core was about to do
    assert rig.do("services", 1)["ret"] == 0
    both_ways(a, b, 2000)
    assert not tel or rounds(tel, "service") - served > 2
