# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Poll mode when the NIC refuses: whatever fails, nobody writes into a guest's memory that was stopped."""

import time

import pytest
from hfrig import nic, vdpa
from pair import Pair, both_ways, burst

ARRIVES = 0.3       # seconds in which a frame that is sent has arrived, or never will


@pytest.fixture
def rig(stage):
    """Two VFs in poll mode."""
    return Pair(stage, vdpa.VdpaConfig(devargs="datapath=poll"))


def buffers(dev) -> bytes:
    """What is in the memory of a guest."""
    return b"".join(dev.mem.read(region.gpa, region.size) for region in dev.mem.regions)


@pytest.mark.parametrize("how", ["MODIFY_RQ:1:BAD_RES", "MODIFY_RQ:1:BAD_RES DESTROY_RQ:1:BAD_RES_STATE"],
                         ids=["stop", "stop-and-destroy"])
def test_receive_queue_does_not_stop(rig, how):
    """The NIC refuses to stop a receive queue: it is destroyed, or loses its memory, and the next start makes it."""
    a, b = rig.guest(0), rig.guest(1)
    both_ways(a, b)
    for fault in how.split():
        rig.nic.ask(f"fail 2/{fault}")
    b.stop()
    rig.in_log(f"{nic.vf_bdf(1)}: queue 0: the NIC's queue does not stop: ")
    before = buffers(b)
    a.send(burst(20, 1000))
    time.sleep(ARRIVES)
    assert buffers(b) == before, "a stopped guest's memory was written"
    b.start()
    rig.wait_ready(1, 2)
    both_ways(a, b, 2000)
    rig.alive()
