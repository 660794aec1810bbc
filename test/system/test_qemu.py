# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A Linux guest in QEMU pings a host at the far end of the NIC's wire, and goes on after everything it goes through."""

import json
import sys
import time

import pytest
from hfrig import nic, paths, qemu, stream, vdpa
from hfrig.netns import Namespace
from hfrig.nic import NicConfig
from hfrig.vdpa import VdpaConfig

HOST = "10.9.0.1"
GUEST = "10.9.0.2"
MTU = 1500
CSUM, GUEST_CSUM, HOST_TSO4, HOST_TSO6 = 0, 1, 11, 12       # bits of VIRTIO_NET_F_*


class Bench:
    """A namespace behind the wire, the application, and a machine on the first VF."""

    def __init__(self, stage, driver=vdpa.HOLDFAST, devargs="", file="", **card):
        why = paths.why_no_guest() or paths.why_no_netns()
        if why:
            pytest.skip(why)
        self.net = stage.keep(Namespace(stage.tag))
        self.stage = stage
        self.app = vdpa.Vdpa(stage, VdpaConfig(driver, NicConfig(vfs=1, wire=f"tap:{self.net.tap}"), devargs))
        sock = self.app.create(0)
        self.net.adopt(HOST)
        self.config = qemu.Config(qemu.Card(sock, nic.vf_mac(0), **card), GUEST, file=file)
        self.boot()

    def boot(self) -> None:
        """Start the machine."""
        self.vm = qemu.Machine(self.stage, self.config)
        self.vm.wait_up()

    def check_ping(self) -> None:
        """Each end reaches the other. The first packets of a new link may be lost to address resolution."""
        self.vm.ping(HOST, 2)
        assert self.vm.ping(HOST, 5) == 5
        assert self.net.ping(GUEST, 5) == 5

    def stream(self, mib: int) -> int:
        """Noise both ways at once arrives as it was sent; mean length of the packets that the guest sent."""
        host = self.stage.run("stream", ["ip", "netns", "exec", self.net.name, sys.executable, stream.__file__, str(mib)])
        host.expect("^ready$")
        answer = self.vm.order(f"stream {HOST} {mib}", r"stream (\w+) (\w+) (\d+) (\d+)", 120)
        far = json.loads(host.expect(r"^\{.*\}$", 30).group(0))
        assert far["length"] == mib << 20 == int(answer.group(3))
        assert far["came"] == answer.group(1), "what the guest sent came otherwise"
        assert far["sent"] == answer.group(2), "what was sent to the guest came otherwise"
        return (mib << 20) // int(answer.group(4))

    def features(self) -> set[int]:
        """Bits of the virtio features that the guest took."""
        bits = self.vm.order("features", r"features ([01]+)").group(1)
        return {i for i, bit in enumerate(bits) if bit == "1"}

    def registered(self) -> int:
        """MRs that the NIC ever had of the guest."""
        return self.app.nic.registered(nic.vf_bdf(0))

    def kept(self) -> int:
        """MRs that the NIC has of the guest."""
        return self.app.nic.kept(nic.vf_bdf(0))


@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
def test_reboots(stage, packed):
    """reboot -f in the guest, system_reset, stop and cont in the monitor: it pings again, with the same MRs."""
    bench = Bench(stage, options="packed=on" if packed else "")
    bench.check_ping()
    assert int(bench.vm.order("irq", r"irq (\d+)").group(1)) >= 3, "the guest does not use MSI-X"
    before, kept = bench.registered(), bench.kept()
    bench.vm.reboot()
    bench.check_ping()
    bench.vm.reset()
    bench.check_ping()
    bench.vm.command("stop")
    bench.vm.command("cont")
    bench.check_ping()
    assert bench.registered() == before
    assert bench.kept() == kept


@pytest.mark.parametrize("policy", ["reset", "connection", "memory"])
def test_policies(stage, policy):
    """A guest is reset, and QEMU is killed and started again on the same file: what is registered anew is the policy's."""
    file = stage.dir / "memory"
    bench = Bench(stage, devargs=f"mr_policy={policy},mr_grace_ms=60000", file=str(file))
    bench.check_ping()
    before, kept = bench.registered(), bench.kept()
    bench.vm.reset()
    bench.check_ping()
    assert bench.registered() - before == (kept if policy == "reset" else 0)
    before = bench.registered()
    bench.vm.process.kill()
    bench.boot()
    bench.check_ping()
    assert bench.registered() - before == (0 if policy == "memory" else kept)
    assert bench.kept() == kept


def test_memory_plugged(stage):
    """A module of memory is plugged in, filled and used: one MR more, and it pings on."""
    bench = Bench(stage)
    bench.check_ping()
    before = bench.registered()
    small = int(bench.vm.order("mem", r"mem (\d+)").group(1))
    bench.vm.plug_memory(128)
    end = time.monotonic() + 30
    while int(bench.vm.order("mem", r"mem (\d+)").group(1)) < small + 120 * 1024:
        assert time.monotonic() < end, "the guest did not take the memory"
        time.sleep(0.2)
    bench.vm.order("fill 160", r"fill (\d+)", 60)
    bench.check_ping()
    assert bench.registered() == before + 1


@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
def test_stream(stage, packed):
    """TCP both ways at once with checksum and segmentation offload: the streams are identical."""
    bench = Bench(stage, options="packed=on" if packed else "")
    bench.check_ping()
    offload = {CSUM, GUEST_CSUM, HOST_TSO4, HOST_TSO6}
    assert bench.features() & offload == offload
    assert bench.stream(16) > MTU, "the guest does not leave segmentation to the NIC"


def test_doorbell_page(stage):
    """page-per-vq: the guest rings the NIC's doorbell page itself."""
    bench = Bench(stage, options="page-per-vq=on")
    bench.app.process.expect(r"kicks go to the NIC directly", 30, rewind=True)
    bench.check_ping()
    bench.vm.reboot()
    bench.check_ping()


def test_multiqueue(stage):
    """Two queue pairs on two CPUs."""
    bench = Bench(stage, pairs=2)
    bench.check_ping()
    bench.vm.reset()
    bench.check_ping()


def test_peer_driver(stage):
    """DPDK's own mlx5 driver carries the same guest on the same NIC."""
    bench = Bench(stage, vdpa.MLX5)
    bench.check_ping()
    bench.vm.reboot()
    bench.check_ping()
