# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Ports, guests and the application stop, crash and come back."""

import time

import pytest
from hfrig import nic, testpmd, vdpa
from hfrig.vdpa import VdpaConfig
from traffic import TwoGuests

KINDS = [False, True]
IDS = ["split", "packed"]


@pytest.mark.parametrize("packed", KINDS, ids=IDS)
def test_ports_restarted(stage, packed):
    """A guest's port is stopped and started, its offloads changed (which makes virtio-user start anew)."""
    pair = TwoGuests(stage, VdpaConfig(), packed=packed, count=1000)
    guest = pair.sides[1].guest
    registered = pair.function(1)["mr_registered"]
    for _ in range(2):
        guest.do("port stop 0", r"Done")
        guest.do("port start 0", r"Done", 60)
    guest.do("port stop 0", r"Done")
    guest.do("port config 0 rx_offload vlan_strip on", r"testpmd> ")
    guest.do("port start 0", r"Done", 60)
    pair.wait_ready(1, 2)
    assert pair.function(1)["mr_registered"] == registered
    verdicts = pair.run()
    assert all(v.received for v in verdicts)


@pytest.mark.parametrize("packed", KINDS, ids=IDS)
def test_queue_count_changed(stage, packed):
    """Four queue pairs, then two, then four again."""
    pair = TwoGuests(stage, VdpaConfig(), 4, packed, count=2000)
    side = pair.sides[1]
    for queues in (2, 4):
        side.guest.do("port stop all", r"Done")
        side.guest.do(f"port config all rxq {queues}")
        side.guest.do(f"port config all txq {queues}")
        side.guest.do("port start all", r"Done", 60)
        pair.wait_ready(1, 2 * queues)
    verdicts = pair.run()
    assert all(v.received for v in verdicts)


def flood(stage, sock, packed, mac, peer, memory=128):
    """A guest that sends to its peer as fast as it can, and drops what it gets."""
    cfg = testpmd.GuestConfig(sock, mac, packed=packed, forward="flowgen", memory=memory,
                              extra=[f"--eth-peer=0,{peer}", "--port-topology=loop"])
    guest = testpmd.guest(stage, cfg)
    guest.start()
    return guest


@pytest.mark.parametrize("packed", KINDS, ids=IDS)
def test_guest_killed(stage, packed):
    """A guest dies in full traffic, several times; a new one takes its place, and nothing is left behind."""
    app = vdpa.Vdpa(stage)
    socks = [app.create(vf) for vf in (0, 1)]
    macs = [nic.vf_mac(vf) for vf in (0, 1)]
    other = flood(stage, socks[1], packed, macs[1], macs[0])
    bdf = nic.vf_bdf(0)
    idle = app.nic.function(bdf)
    for _ in range(3):
        guest = flood(stage, socks[0], packed, macs[0], macs[1])
        wait_moving(guest)
        wait_moving(other)
        guest.process.kill()
        app.process.expect(r"vhost peer closed|peer closed", 30)
    wait_same(app, bdf, idle)
    guest = flood(stage, socks[0], packed, macs[0], macs[1])
    wait_moving(guest)
    assert app.devices()


def wait_moving(guest, timeout=30.0):
    """Wait until a guest receives and sends."""
    end = time.monotonic() + timeout
    first = guest.stats(0)
    while time.monotonic() < end:
        now = guest.stats(0)
        if now["RX-packets"] > first["RX-packets"] + 1000 and now["TX-packets"] > first["TX-packets"] + 1000:
            return
        time.sleep(0.1)
    raise guest.process.fail(f"no traffic within {timeout} s: {guest.stats(0)}")


def wait_same(app, bdf, idle, timeout=20.0):
    """Wait until the NIC's objects of a function are those of before."""
    end = time.monotonic() + timeout
    while app.nic.function(bdf)["counts"] != idle["counts"]:
        if time.monotonic() > end:
            raise app.process.fail(f"objects left: {app.nic.function(bdf)['counts']}, were {idle['counts']}")
        time.sleep(0.1)


@pytest.mark.parametrize("packed", KINDS, ids=IDS)
def test_application_killed(stage, packed):
    """The application dies and starts again under guests that wait for it (they listen, it connects)."""
    socks = [f"{stage.dir}/k{vf}" for vf in (0, 1)]
    cfg = VdpaConfig(client=True)
    macs = [nic.vf_mac(vf) for vf in (0, 1)]
    app = vdpa.Vdpa(stage, cfg)
    for vf in (0, 1):
        app.create(vf, socks[vf])
    guests = []
    for vf in (0, 1):
        conf = testpmd.GuestConfig(socks[vf], macs[vf], packed=packed, server=True, forward="flowgen",
                                   extra=[f"--eth-peer=0,{macs[1 - vf]}", "--port-topology=loop"])
        guests.append(testpmd.guest(stage, conf))
    for guest in guests:
        guest.start()
    for guest in guests:
        wait_moving(guest)
    for _ in range(2):
        app.process.kill()
        app = vdpa.Vdpa(stage, cfg)
        for vf in (0, 1):
            app.create(vf, socks[vf])
        for guest in guests:
            wait_moving(guest, 60)


def test_sockets_removed(stage):
    """An application that quits in traffic says goodbye, and leaks nothing."""
    app = vdpa.Vdpa(stage)
    socks = [app.create(vf) for vf in (0, 1)]
    macs = [nic.vf_mac(vf) for vf in (0, 1)]
    guests = [flood(stage, socks[vf], False, macs[vf], macs[1 - vf]) for vf in (0, 1)]
    for guest in guests:
        wait_moving(guest)
    assert app.quit() == 0
    text = app.process.text()
    assert "leak" not in text and "AddressSanitizer" not in text
