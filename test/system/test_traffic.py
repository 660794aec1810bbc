# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Stock guests exchange frames through the NIC: our driver, and DPDK's own mlx5 driver, by the same tests."""

import pytest
from hfrig import vdpa
from hfrig.toeplitz import KEY, hash_input, toeplitz
from hfvhost import frames
from traffic import KINDS, STRIDE, TwoGuests

CASES = [(vdpa.HOLDFAST, False, 1), (vdpa.HOLDFAST, False, 4), (vdpa.HOLDFAST, True, 1), (vdpa.HOLDFAST, True, 4),
         (vdpa.MLX5, False, 1), (vdpa.MLX5, False, 4)]


def name(case):
    """A case's name in reports."""
    return f"{case[0]}-{'packed' if case[1] else 'split'}-{case[2]}"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_both_ways(stage, case):
    """What one guest sends arrives at the other, whole, once; what is missing is what the NIC says it dropped."""
    driver, packed, queues = case
    pair = TwoGuests(stage, vdpa.VdpaConfig(driver), queues, packed)
    verdicts = pair.run()
    for vf in (0, 1):
        sent = pair.function(1 - vf, "stats")["vport"]["tx_pkts"]
        assert verdicts[vf].received > 0
        assert verdicts[vf].received + pair.dropped(vf) == sent, verdicts[vf]
        counts = [len(q) for q in pair.sides[vf].stored()]
        assert all(counts), f"a queue got nothing: {counts}"
        if driver == vdpa.HOLDFAST:
            check_queues(pair.sides[vf].stored(), queues)


def check_queues(stored, queues):
    """Each frame is on the queue that a Toeplitz hash, computed here, says."""
    flows = [f for kind in KINDS for f in frames.flows(64, kind)]
    wanted = [toeplitz(KEY, hash_input(flow)) % queues for flow in flows]
    for queue, got in enumerate(stored):
        for frame in got:
            seq = frames.sequence(frame)
            assert wanted[seq % STRIDE % len(flows)] == queue, f"frame {seq} arrived on queue {queue}"


@pytest.mark.parametrize("driver", [vdpa.HOLDFAST, vdpa.MLX5])
def test_statistics(stage, driver):
    """The driver's counters of a queue are what went through it."""
    pair = TwoGuests(stage, vdpa.VdpaConfig(driver), count=500)
    pair.run()
    stats = pair.app.stats(0, 1)
    sent = pair.function(0, "stats")["vport"]["tx_pkts"]
    assert stats["completed_descriptors" if "completed_descriptors" in stats else "completed descriptors"] >= sent
