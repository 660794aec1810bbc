# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A Linux guest in QEMU pings a host at the far end of the NIC's wire, and goes on after everything it goes through."""

import itertools

import pytest
from bench import CARD, Bench
from hfrig import vdpa
from hfrig.datapaths import ALL, CX5, HW, POLL, RINGS, cases

CSUM, GUEST_CSUM, HOST_TSO4, HOST_TSO6, MRG_RXBUF = 0, 1, 11, 12, 15       # bits of VIRTIO_NET_F_*
INDIRECT_DESC, EVENT_IDX, RING_PACKED = 28, 29, 34                          # VIRTIO_RING_F_*, VIRTIO_F_*
OFFLOAD = {CSUM, GUEST_CSUM, HOST_TSO4, HOST_TSO6}
BY_POLL = {MRG_RXBUF, INDIRECT_DESC, EVENT_IDX}


@pytest.mark.parametrize("path, ring", cases(
    [(HW, "split"), (HW, "packed"), (POLL, "packed"), (CX5, "split")], list(itertools.product(ALL, RINGS))))
def test_guest(stage, path, ring):
    """A guest pings, streams with checksum and segmentation offload, and comes back with the same MRs from whatever
    stops it: reboot -f in the guest, system_reset, stop and cont in the monitor."""
    bench = Bench(stage, path, options=CARD[ring])
    bench.check_ping()
    features = bench.features()
    assert features & OFFLOAD == OFFLOAD
    assert features & BY_POLL == (BY_POLL if path.serves == "poll" else set())
    assert (RING_PACKED in features) == (ring == "packed")
    assert int(bench.vm.order("irq", r"irq (\d+)").group(1)) >= 3, "the guest does not use MSI-X"
    bench.stream(16)
    before, kept = bench.registered(), bench.kept()
    bench.vm.reboot()
    bench.check_ping()
    bench.vm.reset()
    bench.check_ping()
    bench.vm.command("stop")
    bench.vm.command("cont")
    bench.check_ping()
    assert bench.registered() - before == 0
    assert bench.kept() == kept


def test_doorbell_page(stage):
    """page-per-vq: the guest rings the NIC's doorbell page itself."""
    bench = Bench(stage, options="page-per-vq=on")
    bench.app.process.expect(r"kicks go to the NIC directly", 30, rewind=True)
    bench.check_ping()
    bench.vm.reboot()
    bench.check_ping()


@pytest.mark.parametrize("path", cases([(HW,)], [(HW,), (POLL,)]))
def test_multiqueue(stage, path):
    """Two queue pairs on two CPUs."""
    bench = Bench(stage, path, pairs=2)
    bench.check_ping()
    bench.vm.reset()
    bench.check_ping()


def test_peer_driver(stage):
    """DPDK's own mlx5 driver carries the same guest on the same NIC."""
    bench = Bench(stage, driver=vdpa.MLX5)
    bench.check_ping()
    bench.vm.reboot()
    bench.check_ping()
