# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A port or a vport that goes down and comes back: frames are dropped and counted meanwhile, and the driver tells."""

import pytest
from hfrig import nic
from pair import both_ways, burst, transfer


def drops(rig, vf: int) -> tuple[int, int]:
    """Frames that a VF was to receive and to send without a link."""
    stats = rig.nic.function(nic.vf_bdf(vf), "stats")["vport"]
    return stats["rx_link_down"], stats["tx_link_down"]


@pytest.mark.parametrize("down, up, received, sent", [
    ("link 1 down", "link 1 auto", 40, 0),      # that of the receiver
    ("link 2 down", "link 2 auto", 0, 40),      # that of the sender
    ("link port down", "link port up", 0, 40),  # both follow the port
])
def test_down_and_up(rig, down, up, received, sent):
    """40 frames from VF 1 to VF 0."""
    a, b = rig.guest(0), rig.guest(1)
    both_ways(a, b)
    rig.nic.ask(down)
    rig.app.wait_log(r"link down")
    b.send(burst(40, 500, 1, 0))
    assert not a.take()
    assert (drops(rig, 0)[0], drops(rig, 1)[1]) == (received, sent)
    rig.nic.ask(up)
    rig.app.wait_log(r"link up")
    both_ways(a, b, 1000)


def test_always_up(rig):
    """A vport that does not follow the port: two of them reach each other without it."""
    a, b = rig.guest(0), rig.guest(1)
    for func in (1, 2):
        rig.nic.ask(f"link {func} up")
    rig.nic.ask("link port down")
    transfer(b, a, burst(40, 0, 1, 0))
