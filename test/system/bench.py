# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The application on a NIC, a host in a namespace at the far end of the NIC's wire, and a machine on the first VF."""

import json
import re
import sys
import time

import pytest
from hfrig import nic, paths, qemu, stream, telemetry, vdpa
from hfrig.datapaths import HW, RINGS
from hfrig.netns import Namespace
from hfrig.vdpa import VdpaConfig

HOST = "10.9.0.1"
GUEST = "10.9.0.2"
CARD = dict(zip(RINGS, ("", ",packed=on")))     # options of the card for each kind of ring
STREAM = r"stream (\w+) (\w+) (\d+) (\d+)"


def wait_until(what, why: str, timeout: float = 30.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.05)


class Site:
    """A namespace behind the wire, and the application with its VFs."""

    def __init__(self, stage, path=HW, *devargs, driver=vdpa.HOLDFAST, **card):
        why = paths.why_no_guest() or paths.why_no_netns()
        if why:
            pytest.skip(why)
        self.net = stage.keep(Namespace(stage.tag))
        self.stage = stage
        self.path = path
        config = path.config(*devargs, wire=f"tap:{self.net.tap}", **card)
        if driver != vdpa.HOLDFAST:
            config = VdpaConfig(driver, config.nic)
        config.eal.append("--telemetry")
        with telemetry.runtime() as run:
            self.app = vdpa.Vdpa(stage, config)
            self.telemetry = stage.keep(telemetry.connect(run))
        self.socks = [self.app.create(vf) for vf in range(config.nic.vfs)]
        self.net.adopt(HOST)

    def check_datapath(self, vf: int, what: str) -> None:
        """A VF is served by that, as the driver says: it may still be about to."""
        wait_until(lambda: re.findall(rf"{nic.vf_bdf(vf)}: datapath (\w+): ", self.app.process.text())[-1:] == [what],
                   f"VF {vf} is not served by datapath {what}")

    def passed(self, vf: int) -> tuple[int, int]:
        """Bytes that came to a VF, and that it sent."""
        stats = self.app.nic.function(nic.vf_bdf(vf), "stats")["vport"]
        return stats["rx_bytes"], stats["tx_bytes"]


class Bench(Site):
    """A site, and a machine with Linux on the first VF."""

    def __init__(self, stage, path=HW, driver=vdpa.HOLDFAST, devargs="", file="", vfs=1, **card):
        super().__init__(stage, path, devargs, driver=driver, vfs=vfs, learn=vfs > 1)
        self.config = qemu.Config(qemu.Card(self.socks[0], **{"mac": nic.vf_mac(0), **card}), GUEST, file=file)
        self.boot()
        if driver == vdpa.HOLDFAST:
            self.check_datapath(0, path.serves)

    def boot(self) -> None:
        """Start the machine."""
        self.vm = qemu.Machine(self.stage, self.config)
        self.vm.wait_up()

    def check_ping(self) -> None:
        """Each end reaches the other. The first packets of a new link may be lost to address resolution."""
        self.vm.ping(HOST, 2)
        assert self.vm.ping(HOST, 5) == 5
        assert self.net.ping(GUEST, 5) == 5

    def listen(self, mib: int, seconds: float = 0):
        """Start the far end of a stream, which takes so long at least."""
        host = self.stage.run("stream", ["ip", "netns", "exec", self.net.name, sys.executable, stream.__file__, str(mib),
                                         str(seconds)])
        host.expect("^ready$")
        return host

    def check_stream(self, mib: int, host, answer) -> None:
        """What a guest said of a stream agrees with what its far end says."""
        far = json.loads(host.expect(r"^\{.*\}$", 30).group(0))
        assert far["length"] == mib << 20 == int(answer.group(3))
        assert far["came"] == answer.group(1), "what the guest sent came otherwise"
        assert far["sent"] == answer.group(2), "what was sent to the guest came otherwise"

    def stream(self, mib: int) -> None:
        """Noise both ways at once arrives as it was sent, in segments that the NIC made: it sends more than it gets."""
        host, before = self.listen(mib), self.frames()
        answer = self.vm.order(f"stream {HOST} {mib}", STREAM, 120)
        self.check_stream(mib, host, answer)
        made = self.frames() - before - int(answer.group(4))
        assert made > mib << 20 >> 15, "the guest does not leave segmentation to the NIC"

    def frames(self) -> int:
        """Frames that the NIC sent of the first VF, segments one by one."""
        return self.app.nic.function(nic.vf_bdf(0), "stats")["vport"]["tx_pkts"]

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
