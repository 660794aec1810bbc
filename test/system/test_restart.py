# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Ports, guests and the application stop, crash and come back."""

import itertools

import pytest
from hfrig import nic, vdpa
from hfrig.datapaths import HW, POLL, RINGS, cases
from traffic import Match, TwoGuests

ALL = list(itertools.product((HW, POLL), RINGS))
# Each datapath and each kind of ring; the two take turns, so that each two of the three meet.
ONE = cases([(HW, "split"), (POLL, "packed")], ALL)
OTHER = cases([(HW, "packed"), (POLL, "split")], ALL)


@pytest.mark.parametrize("path, ring", ONE)
def test_ports_restarted(stage, path, ring):
    """A guest's port is stopped and started, its offloads changed (which makes virtio-user start anew)."""
    pair = TwoGuests(stage, path.config(), packed=ring == "packed", count=1000)
    guest = pair.sides[1].guest
    registered = pair.function(1)["mr_registered"]
    for _ in range(2):
        guest.do("port stop 0", r"Done")
        guest.do("port start 0", r"Done", 60)
    guest.do("port stop 0", r"Done")
    guest.do("port config 0 rx_offload vlan_strip on")
    guest.do("port start 0", r"Done", 60)
    pair.wait_ready(1, 2)
    assert pair.function(1)["mr_registered"] == registered
    verdicts = pair.run()
    assert all(v.received for v in verdicts)


@pytest.mark.parametrize("path, ring", OTHER)
def test_queue_count_changed(stage, path, ring):
    """Four queue pairs, then two, then four again: traffic goes on over those that there are."""
    app = vdpa.Vdpa(stage, path.config())
    match = Match(stage, app, ring == "packed", 4)
    match.kick_off()
    for queues in (2, 4):
        match.queues = queues
        for guest in match.guests:
            guest.do("stop", r"Done")
            guest.do("port stop all", r"Done")
            guest.do(f"port config all rxq {queues}")
            guest.do(f"port config all txq {queues}")
            guest.do("port start all", r"Done", 60)
        match.kick_off()
        assert app.nic.serving(nic.vf_bdf(1)) == 2 * queues


@pytest.mark.parametrize("path, ring", ONE)
def test_guest_killed(stage, path, ring):
    """A guest dies in full traffic, several times; a new one takes its place, and nothing is left behind."""
    app = vdpa.Vdpa(stage, path.config())
    bdf = nic.vf_bdf(0)
    match = Match(stage, app, ring == "packed")
    match.kick_off()
    left = {}
    for _ in range(3):
        match.guests[0].process.kill()
        app.nic.wait_idle(bdf)
        left = left or app.nic.function(bdf)["counts"]      # what the driver keeps for the next guest
        assert app.nic.function(bdf)["counts"] == left
        match.guests[0] = match.player(0)
        match.kick_off()
    assert app.devices()


@pytest.mark.parametrize("path, ring", OTHER)
def test_application_killed(stage, path, ring):
    """The application dies and starts again under guests that wait for it (they listen, it connects)."""
    socks = [f"{stage.dir}/k{vf}" for vf in (0, 1)]
    match = Match(stage, start_client(stage, path, socks), ring == "packed", socks=socks, server=True)
    match.kick_off()
    for _ in range(2):
        match.app.process.kill()
        match.app = start_client(stage, path, socks)
        match.kick_off()


def start_client(stage, path, socks):
    """An application that connects to the guests, and tries again until they are there."""
    app = vdpa.Vdpa(stage, path.config(client=True))
    for vf in (0, 1):
        app.create(vf, socks[vf])
    return app


@pytest.mark.parametrize("path, ring", ONE)
def test_quit_in_traffic(stage, path, ring):
    """An application that quits in full traffic ends in order, and leaves no object behind."""
    app = vdpa.Vdpa(stage, path.config())
    Match(stage, app, ring == "packed").kick_off()
    assert app.quit() == 0
    assert "leak" not in app.process.text()
