# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Stock guests exchange frames through the NIC: our driver, and DPDK's own mlx5 driver, by the same tests."""

import itertools

import pytest
from hfrig import vdpa
from hfrig.datapaths import ALL, HW, POLL, RINGS, cases
from hfrig.toeplitz import KEY, hash_input, toeplitz
from hfvhost import frames
from traffic import KINDS, STRIDE, TwoGuests

QUICK = [(HW, "split", 4), (HW, "packed", 1), (POLL, "split", 1), (POLL, "packed", 4)]


def check_both_ways(pair):
    """What one guest sends arrives at the other, whole, once; what is missing is what the NIC says it dropped."""
    verdicts = pair.run()
    for vf in (0, 1):
        sent = pair.function(1 - vf, "stats")["vport"]["tx_pkts"]
        assert verdicts[vf].received > 0
        assert verdicts[vf].received + pair.dropped(vf) == sent, verdicts[vf]
        counts = [len(q) for q in pair.sides[vf].stored()]
        assert all(counts), f"a queue got nothing: {counts}"


@pytest.mark.parametrize("path, ring, queues", cases(QUICK, list(itertools.product(ALL, RINGS, (1, 4)))))
def test_both_ways(stage, path, ring, queues):
    """Frames arrive, and each on the queue of its hash."""
    pair = TwoGuests(stage, path.config(), queues, ring == "packed")
    check_both_ways(pair)
    for side in pair.sides:
        check_queues(side.stored(), queues)


@pytest.mark.parametrize("queues", [1, 4])
def test_peer_both_ways(stage, queues):
    """Frames arrive."""
    check_both_ways(TwoGuests(stage, vdpa.VdpaConfig(vdpa.MLX5), queues))


def check_queues(stored, queues):
    """Each frame is on the queue that a Toeplitz hash, computed here, says."""
    flows = [f for kind in KINDS for f in frames.flows(64, kind)]
    wanted = [toeplitz(KEY, hash_input(flow)) % queues for flow in flows]
    for queue, got in enumerate(stored):
        for frame in got:
            seq = frames.sequence(frame)
            assert wanted[seq % STRIDE % len(flows)] == queue, f"frame {seq} arrived on queue {queue}"


@pytest.mark.parametrize("config, counter", [
    (HW.config(), "completed_descriptors"), (POLL.config(), "poll_packets"),
    (vdpa.VdpaConfig(vdpa.MLX5), "completed_descriptors")], ids=["hw", "poll", "mlx5"])
def test_statistics(stage, config, counter):
    """The driver's counters of a queue are what went through it."""
    pair = TwoGuests(stage, config, count=500)
    pair.run()
    assert pair.app.stats(0, 1)[counter] >= pair.function(0, "stats")["vport"]["tx_pkts"]
