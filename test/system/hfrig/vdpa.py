# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""DPDK's dpdk-vdpa example on an emulated NIC, with our plugin or with the mlx5 driver that DPDK itself has."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from . import nic, paths
from .process import Process, Stage, prompt

HOLDFAST = "holdfast"
MLX5 = "mlx5"
PROMPT = prompt("vdpa")


@dataclass
class VdpaConfig:
    """How to start the application."""

    driver: str = HOLDFAST
    nic: nic.NicConfig = field(default_factory=nic.NicConfig)
    devargs: str = ""           # more of each VF
    only: dict[int, str] = field(default_factory=dict)      # more of one VF
    client: bool = False        # connect to the front ends instead of listening
    memory: int = 256
    lcores: str = "0@(0-1)"     # of EAL
    eal: list[str] = field(default_factory=list)
    under: list[str] = field(default_factory=list)      # a command that runs it, as valgrind
    patience: float = 60.0      # seconds until its prompt has to be there


def vf_argument(cfg: VdpaConfig, index: int) -> str:
    """A VF's argument: what the test says, and the datapath of the environment where it leaves that open."""
    said = list(filter(None, [cfg.devargs, cfg.only.get(index)]))
    if cfg.driver == HOLDFAST and paths.DATAPATH and not any("datapath=" in args for args in said):
        said.append(f"datapath={paths.DATAPATH}")
    return ",".join([nic.vf_bdf(index), "class=vdpa", *said])


def argv(stage: Stage, cfg: VdpaConfig) -> list[str]:
    """The application's command line."""
    line = [*cfg.under, str(paths.VDPA_APP), "--lcores", cfg.lcores, "--no-huge", "-m", str(cfg.memory), "--no-shconf",
            f"--file-prefix={stage.prefix()}", "--log-level=pmd.vdpa.holdfast:info", *cfg.eal]
    if "--telemetry" not in cfg.eal:
        line.append("--no-telemetry")
    if cfg.driver == HOLDFAST:
        line += ["-d", str(paths.PLUGIN)]
    for index in range(cfg.nic.vfs):
        line += ["-a", vf_argument(cfg, index)]
    return line + ["--", "-i"] + (["--client"] if cfg.client else [])


class Vdpa:
    """The running application, at its prompt."""

    def __init__(self, stage: Stage, cfg: VdpaConfig | None = None):
        self.cfg = cfg or VdpaConfig()
        self.stage = stage
        self.process: Process
        self.process, self.nic = nic.run(stage, f"vdpa-{self.cfg.driver}", self.cfg.nic, argv(stage, self.cfg))
        self.process.expect(PROMPT, self.cfg.patience)
        # It cleans up in its signal handler, which waits for ever where it interrupts librte_vhost's thread.
        self.process.farewell = "quit"

    def do(self, command: str, timeout: float = 60.0) -> str:
        """Type a command; what was printed until the prompt came back."""
        at = len(self.process.text())
        self.process.command(command, PROMPT, timeout)
        return self.process.text()[at:self.process.seen]

    def devices(self) -> dict[str, tuple[int, int]]:
        """What 'list' says: number of queue pairs, and features, by device name."""
        found = re.findall(r"^(\S+:\S+)\s+(\d+)\s+0x([0-9a-f]+)", self.do("list"), re.M)
        return {name: (int(queues), int(features, 16)) for name, queues, features in found}

    def create(self, vf: int, sock: str | None = None) -> str:
        """Bind a VF to a socket; the socket's path."""
        sock = sock or f"{self.stage.dir}/v{vf}"
        if not self.cfg.client and os.path.exists(sock):
            os.unlink(sock)
        said = self.do(f"create {sock} {nic.vf_bdf(vf)}")
        if re.search(r"Unable to find|please remove|driver failed", said):
            raise self.process.fail(f"cannot bind {nic.vf_bdf(vf)} to {sock}")
        return sock

    def stats(self, vf: int, queue: int) -> dict[str, int]:
        """What the driver counts for a queue."""
        said = self.do(f"stats {nic.vf_bdf(vf)} {queue}")
        return {k: int(v) for k, v in re.findall(r"^\s+([a-z_]\S*(?: \S+)*?)\s+(\d+)\s*$", said, re.M)}

    def wait_log(self, pattern: str, timeout: float = 30.0) -> re.Match:
        """Wait for a line in the application's log."""
        return self.process.expect(pattern, timeout)

    def quit(self) -> int:
        """Leave by the prompt; exit status."""
        self.process.write("quit")
        return self.process.wait(60)
