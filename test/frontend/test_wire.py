# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What is behind the NIC's port: an existing interface, and a loop back. (A tap device: test_qemu.py.)"""

from __future__ import annotations

import os
import socket
import subprocess

import pytest
from hfrig import paths
from hfrig.nic import NicConfig
from hfrig.vdpa import VdpaConfig
from hfvhost import frames
from hfvhost.net import Shape
from pair import BROADCAST, Pair, address, burst, collect

ABROAD = bytes.fromhex("0a0000000001")     # nobody's on the NIC
ETH_P_ALL = 3
COUNT = 50


class Veth:
    """Two interfaces joined to each other; frames of one end as a program sees them."""

    def __init__(self) -> None:
        self.near, self.far = (f"hf{os.getpid() % 100000}{end}" for end in "ab")
        self._ip("link", "add", self.near, "type", "veth", "peer", "name", self.far)
        for name in (self.near, self.far):
            # No neighbour discovery: what crosses is the test's alone.
            self._ip("link", "set", name, "addrgenmode", "none", "up")
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind((self.far, 0))
        self.socket.settimeout(20)

    @staticmethod
    def _ip(*args: str) -> None:
        subprocess.run(["ip", *args], check=True, capture_output=True, timeout=20)

    def take(self, count: int) -> list[bytes]:
        """Frames that came out of the far end."""
        return [self.socket.recv(2048) for _ in range(count)]

    def close(self) -> None:
        """Remove both."""
        self.socket.close()
        self._ip("link", "del", self.near)


@pytest.mark.skipif(bool(paths.why_no_netns()), reason=paths.why_no_netns() or "root")
def test_interface(stage, packed):
    """Frames for nobody on the NIC leave by the interface, those for a VF come in by it; whole, in order, once."""
    veth = stage.keep(Veth())
    rig = Pair(stage, VdpaConfig(nic=NicConfig(wire=f"if:{veth.near}")))
    guest, other = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    out = [frames.build(flow, ABROAD, address(0), i, 60 + 17 * i)
           for i, flow in enumerate(frames.flows(COUNT))]
    guest.send(out)
    assert veth.take(COUNT) == out
    back = [frames.build(flow, address(0), ABROAD, i, 60 + 17 * i)
            for i, flow in enumerate(frames.flows(COUNT))]
    for frame in back:
        veth.socket.send(frame)
    assert sorted(collect(guest, COUNT)) == sorted(back)
    assert collect(other, 1, timeout=0.5) == []


def test_loop_back(stage):
    """What leaves by the port comes back by it: to all, as if from outside, but for what stayed on the NIC."""
    rig = Pair(stage, VdpaConfig(nic=NicConfig(wire="loop")))
    a, b = rig.guest(0), rig.guest(1)
    flow = next(iter(frames.flows(1)))
    frame = frames.build(flow, BROADCAST, address(0), 7, 200)
    a.send([frame])
    assert collect(a, 1) == [frame]
    assert collect(b, 2) == [frame, frame]
    inside = burst(10)
    a.send(inside)
    assert sorted(collect(b, 10)) == sorted(inside)
    assert collect(a, 1, timeout=0.5) == []
