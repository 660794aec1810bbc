# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Notifications that are lost, late, or held back: what a guest that waits for interrupts sees of it."""

import time

import pytest
from hfrig import nic, paths, vdpa, wait
from hfvhost.net import Shape
from pair import Pair, burst, virtqueues_only

RECEIVER = 2    # the function that is VF 1


def waiting(dev):
    """The receive ring of a guest that waits for interrupts, with none under way."""
    ring = dev.rx().ring
    ring.want_calls(True)
    ring.call_fd.wait(0)    # that of the start, which was over before the first buffer was posted
    return ring


def struck(rig) -> int:
    """How many failures on demand have struck."""
    return rig.nic.ask("fail list")["struck"]


def test_told_of_the_start(rig, packed):
    """P8: a guest that waits for an interrupt is called when its rings start, whatever came back before."""
    for vf in range(2):
        for queue in rig.guest(vf, Shape(packed=packed), rx=0).queues:
            assert queue.ring.call_fd.wait(20), f"no call of VF {vf} at its start"


def test_no_error(rig, packed):
    """D26: what completes well is no error, and nothing is repaired."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    ring = waiting(b)
    for first in range(20):
        a.send(burst(1, first))
        assert ring.call_fd.wait(20), f"no interrupt for frame {first}"
        assert b.receive(1) == burst(1, first)
    for vf, queue in ((0, 1), (1, 0)):
        bad = {name: count for name, count in rig.app.stats(vf, queue).items() if "error" in name or "repair" in name}
        assert bad and not any(bad.values()), bad


@virtqueues_only
def test_late_kick(rig, packed):
    """D25: a kick of a ring that was stopped is nobody's any more."""
    rig.guest(0, Shape(packed=packed))
    a = rig.guest(1, Shape(packed=packed))
    a.stop()
    before = rig.app.stats(1, 1)["relayed_kicks"]
    for _ in range(3):
        a.tx().ring.kick()
        a.settle()
    time.sleep(0.1)
    assert rig.app.stats(1, 1)["relayed_kicks"] == before
    a.start()
    rig.wait_ready(1, 2)
    a.tx().ring.kick()
    wait.until(lambda: rig.app.stats(1, 1)["relayed_kicks"], lambda kicks: kicks > before)
    assert rig.app.stats(1, 1)["relayed_kicks"] > before


@virtqueues_only
def test_lost(rig, packed):
    """The interrupt of one frame never comes, though the frame is there; that of the next one tells of both."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    ring = waiting(b)
    rig.nic.ask(f"fail {RECEIVER}/event:1:lost")
    a.send(burst(1))
    assert wait.until(lambda: struck(rig)) == 1
    assert not ring.call_fd.wait(0.5), "an interrupt that was lost"
    a.send(burst(1, 1))
    assert ring.call_fd.wait(20), "no interrupt after the one that was lost"
    assert sorted(b.receive(2)) == sorted(burst(1) + burst(1, 1))


@virtqueues_only
def test_lost_often(rig):
    """Half of the interrupts are lost: a guest that looks at its ring at each of the others misses nothing."""
    a, b = rig.guest(0), rig.guest(1)
    ring = waiting(b)
    got = []
    for first in range(0, 40, 2):
        rig.nic.ask(f"fail {RECEIVER}/event:1:lost")
        a.send(burst(1, first))
        a.send(burst(1, first + 1))
        assert ring.call_fd.wait(20), f"no interrupt for frame {first + 1}"
        got += b.take()
    assert len(got) == 40
    assert struck(rig) == 20


@virtqueues_only
def test_late(rig, packed):
    """An interrupt that is late comes, and takes those behind it along."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    ring = waiting(b)
    rig.nic.ask(f"fail {RECEIVER}/event:1:delay=700")
    before = time.monotonic()
    a.send(burst(1))
    a.send(burst(1, 1))
    assert ring.call_fd.wait(20), "the late interrupt never came"
    assert time.monotonic() >= before + 0.7, "an interrupt before its time"
    assert len(b.receive(2)) == 2


def test_late_and_stopped(rig):
    """A device that stops while an interrupt is late, and is gone when it comes."""
    a, b = rig.guest(0), rig.guest(1)
    rig.nic.ask(f"fail {RECEIVER}/event:1:delay=300")
    a.send(burst(1))
    b.stop()
    b.close()
    rig.wait_kept(1, 0)
    ring = waiting(again := rig.guest(1))
    a.send(burst(1, 1))
    assert ring.call_fd.wait(20), "no interrupt in the next life"
    assert len(again.receive(1)) == 1


@pytest.mark.skipif(paths.NIC == "cx5", reason="DPDK's mlx5 driver wants virtqueues")
@pytest.mark.parametrize("mode", [1, 2])
def test_moderated(stage, mode):
    """DPDK's mlx5 driver sets moderation: an interrupt for many frames, and one for the last of few."""
    pair = Pair(stage, vdpa.VdpaConfig(driver=vdpa.MLX5, devargs=(
        f"event_mode=2,hw_latency_mode={mode},hw_max_latency_us=4000,hw_max_pending_comp=16")))
    a, b = pair.guest(0), pair.guest(1)
    for queue in pair.nic.function(nic.vf_bdf(1), "queues")["virtqs"]:
        assert (queue["period_mode"], queue["period_us"], queue["max_pending"]) == (mode, 4000, 16)
    ring = waiting(b)
    for first, count in ((0, 1), (1, 100), (101, 3)):
        a.send(burst(count, first))
        left = count
        while left:
            assert ring.call_fd.wait(20), f"{left} of {count} frames are there without an interrupt"
            left -= len(b.take())
