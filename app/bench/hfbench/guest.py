# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The measuring guest: a process with two virtio-user ports, on one core."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hfrig import paths
from hfrig.process import Process, Stage

PROGRAM = paths.BUILD / "app/bench/holdfast-bench-guest"
FAULTS = ("length", "header", "payload", "order")


@dataclass(frozen=True)
class GuestConfig:
    """Where its two ports lead, and what they look like. MACs: of the frames."""

    name: str
    socks: tuple[str, str]
    macs: tuple[str, str]
    packed: bool
    ring: int
    buffers: int        # of each of two pools
    cpu: int

    def argv(self, stage: Stage) -> list[str]:
        """Its command line. Both back ends get the same virtio features: what mlx5-class NICs have."""
        ports = [f"--vdev=net_virtio_user{i},path={self.socks[i]},queues=1,mac={self.macs[i]},queue_size={self.ring},"
                 f"mrg_rxbuf=0,in_order=0,packed_vq={int(self.packed)}" for i in (0, 1)]
        memory = 64 + 2 * self.buffers * 3 // 1024
        return [str(PROGRAM), "--lcores", f"0@{self.cpu}", "--no-pci", "--no-huge", "-m", str(memory),
                "--no-telemetry", "--no-shconf", f"--file-prefix={stage.prefix()}", *ports, "--",
                "--from", self.macs[0], "--to", self.macs[1], "--ring", str(self.ring), "--buffers", str(self.buffers)]


class Guest:
    """It waits, and uses no CPU, but in a slice."""

    def __init__(self, stage: Stage, cfg: GuestConfig):
        self.cfg = cfg
        self.process: Process = stage.run(f"guest-{cfg.name}", cfg.argv(stage))
        self.shape = json.loads(self.process.expect(r'^\{"ready".*\}$', 60).group(0))

    def slice(self, size: int, milliseconds: int) -> dict:
        """Send frames of that size for that time; what came of it."""
        answer = self.process.command(f"{size} {milliseconds}", r'^\{"size".*\}$', 30 + 2 * milliseconds / 1000)
        result = json.loads(answer.group(0))
        result["mpps"] = result["counted"] / result["seconds"] / 1e6
        result["lost"] = result["sent"] - result["received"]
        result["bad"] = sum(result[fault] for fault in FAULTS)
        return result
