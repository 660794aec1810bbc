# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A network namespace with a tap device in it: a host at the far end of the NIC's wire."""

from __future__ import annotations

import itertools
import os
import subprocess

_SHORT = 15     # bytes of an interface's name
_made = itertools.count()


def _ip(*args: str) -> str:
    return subprocess.run(["ip", *args], check=True, capture_output=True, text=True, timeout=20).stdout


class Namespace:
    """Made with a persistent tap device, which a program opens by name before it is moved in here."""

    def __init__(self, tag: str):
        self.name = tag
        self.tap = f"hf{os.getpid() % 10**6}t{next(_made)}"[:_SHORT]
        _ip("netns", "add", self.name)
        self.moved = False

    def adopt(self, address: str = "") -> None:
        """Move the tap device in (its program has it open by now), with an address if there is one, and bring it up."""
        _ip("link", "set", self.tap, "netns", self.name)
        self.moved = True
        if address:
            _ip("-n", self.name, "addr", "add", f"{address}/24", "dev", self.tap)
        _ip("-n", self.name, "link", "set", "lo", "up")
        _ip("-n", self.name, "link", "set", self.tap, "up")

    def run(self, *argv: str, timeout: float = 60.0) -> str:
        """Run a command in here; what it printed."""
        return subprocess.run(["ip", "netns", "exec", self.name, *argv], check=True, capture_output=True, text=True,
                              timeout=timeout).stdout

    def ping(self, address: str, count: int) -> int:
        """Ping from in here; how many answers came."""
        done = subprocess.run(["ip", "netns", "exec", self.name, "ping", "-q", "-c", str(count), "-i", "0.1",
                               "-W", "20", address], capture_output=True, text=True, timeout=60, check=False)
        for line in done.stdout.splitlines():
            if "received" in line:
                return int(line.split(",")[1].split()[0])
        return 0

    def close(self) -> None:
        """Remove it, and what is in it."""
        _ip("netns", "del", self.name)
