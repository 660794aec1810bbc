# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A host that hands out addresses and files behind the NIC's wire, and machines of every age that boot from it."""

import re
from pathlib import Path

import pytest
from bench import HOST, Site
from hfrig import nic, paths, qemu
from hfrig.bootserver import NOISE, BootServer

AGES = {"modern": "disable-legacy=on", "transitional": "", "legacy": "disable-modern=on"}
VERSION_1, PROTOCOL_FEATURES = 1 << 32, 1 << 30
MAC = nic.vf_mac(0)


class Office(Site):
    """A site whose host hands out addresses and files, and a machine on the first VF once it is booted."""

    def __init__(self, stage, path, *devargs, boots="", **card):
        why = paths.why_no_boot_server()
        if why:
            pytest.skip(why)
        super().__init__(stage, path, *devargs, vfs=1, **card)
        self.server = BootServer(stage, self.net, HOST, boots)
        self.file = Path(stage.dir) / "memory"
        self.vm: qemu.Machine | None = None

    def boot(self, age: str, boot=(), rom=False, options="", memory=128, power=False) -> qemu.Machine:
        """Start the machine."""
        card = qemu.Card(self.socks[0], MAC, options=f"{AGES[age]},{options}", rom=rom)
        self.vm = qemu.Machine(self.stage, qemu.Config(card, "", list(boot), memory, slots=False, file=str(self.file),
                                                       power=power))
        return self.vm

    def check_age(self, modern: bool, takes: int | None = 0) -> None:
        """The guest's driver, the library and the NIC agree on what was negotiated: VERSION_1 or not, and besides just
        these features of the back end (None: any). The datapath is that asked for."""
        self.check_datapath(0, self.path.serves)
        if self.vm:
            assert ("VIRTIO_F_VERSION_1" in self.vm.negotiated()) == modern
        told = int(re.findall(r"negotiated Virtio features: (0x[0-9a-f]+)", self.app.process.text())[-1], 16)
        assert bool(told & VERSION_1) == modern, hex(told)
        assert takes in (None, told & ~(VERSION_1 | PROTOCOL_FEATURES)), hex(told)
        if self.path.serves == "hw":
            queues = [o for o in self.app.nic.function(nic.vf_bdf(0))["objects"] if o["object"] == "virtq"]
            assert queues and all(o["version_1_0"] == modern for o in queues), queues

    def check_noise(self, address: str) -> None:
        """The noise was sent, and came to the VF."""
        self.server.sent(address, NOISE)
        assert self.passed(0)[0] > len(self.server.noise)

    def check_memory(self) -> None:
        """The noise is in the guest's memory, in one piece."""
        assert self.server.noise in self.file.read_bytes(), "what the guest has of the noise is not the noise"


class UBoot:
    """A machine with U-Boot, at its prompt."""

    def __init__(self, site: Office, age: str, **machine):
        # Slot 5: what is in slot 1 it takes for a chip set's.
        self.vm = site.boot(age, ["-bios", str(paths.FIRMWARE / "u-boot.rom")], options="addr=5", **machine)
        self.wait_prompt()

    def wait_prompt(self) -> None:
        """Wait until it has started."""
        self.vm.serial.expect("Hit any key", 60)
        self.vm.serial.write("")
        self.vm.serial.expect("=> ")
        # Its legacy driver reads the first byte of the card's MAC address six times.
        self.do(f"setenv ethaddr {MAC}")
        self.do("setenv autoload no")

    def do(self, command: str, pattern: str = "", timeout: float = 30.0) -> re.Match:
        """Type a command, wait for a pattern and for the prompt: it loses what is typed earlier."""
        self.vm.serial.write(command)
        said = self.vm.serial.expect(pattern, timeout)
        self.vm.serial.expect("^=> ", timeout)
        return said

    def dhcp(self) -> str:
        """Find the card and get an address."""
        return self.do("virtio scan; dhcp", r"bound to address ([\d.]+) ").group(1)
