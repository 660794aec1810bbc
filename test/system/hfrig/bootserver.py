# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""dnsmasq in a namespace: hands out addresses by DHCP and files by TFTP, and nothing else."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from .netns import Namespace
from .process import Stage

NOISE = "noise"


class BootServer:
    """A running server; its root holds a file of noise, and what a test puts there before a guest asks for it."""

    def __init__(self, stage: Stage, net: Namespace, address: str, boots: str = "", size: int = 1_000_003):
        self.root = Path(stage.dir) / "tftp"
        self.root.mkdir()
        self.noise = os.urandom(size)
        (self.root / NOISE).write_bytes(self.noise)
        self.subnet = address.rpartition(".")[0]
        self.process = stage.run("dnsmasq", [
            "ip", "netns", "exec", net.name, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
            "--user=root", "--log-facility=-", "--log-dhcp", "--no-ping", f"--interface={net.tap}", "--except-interface=lo",
            "--bind-interfaces", f"--dhcp-range={self.subnet}.50,{self.subnet}.99,2m", "--dhcp-authoritative",
            f"--dhcp-leasefile={stage.dir}/leases", f"--pid-file={stage.dir}/dnsmasq.pid", "--enable-tftp",
            f"--tftp-root={self.root}", *([f"--dhcp-boot={boots}"] if boots else [])])
        self.process.expect("TFTP root is")

    @property
    def digest(self) -> str:
        """SHA-256 of the noise."""
        return hashlib.sha256(self.noise).hexdigest()

    def put(self, name: str, data: bytes | str) -> None:
        """Have a file there."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    def lease(self, mac: str) -> str:
        """The address that was handed out last to a MAC address."""
        return self.process.expect(rf"DHCPACK\(\S+\) (\S+) {mac}", rewind=True).group(1)

    def sent(self, address: str, name: str) -> None:
        """Check that a file was sent to the end."""
        self.process.expect(rf"sent {self.root}/{name} to {address}", rewind=True)
