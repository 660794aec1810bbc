# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Many devices in one process: its threads, what it takes to connect all of them, and what they cost when idle."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from hfrig import nic, usage, vdpa
from hfrig.process import Stage
from hfvhost.net import NetDevice, Shape

from . import machine
from .commands import wait_quiet
from .control import LISTEN, QUIET, Side
from .report import columns

SIDES = (
    Side("ours, hw", vdpa.HOLDFAST, "datapath=hw"),
    Side("ours, poll", vdpa.HOLDFAST, "datapath=poll"),
    Side("mlx5", vdpa.MLX5),
)
PAIRS = 2
RING = 64
SETTLE = 0.5        # seconds without a command after which a start is over
START = 120.0       # seconds that the application, and a connection, may take


@dataclass
class DevicesConfig:
    """What to measure."""

    devices: tuple[int, ...] = (1, 64)
    timing: str = "cx6dx"
    scale: float = 4.0      # so that it counts what waits, and not how busy the machine is
    idle: float = 3.0       # seconds


class Spans:
    """What the NIC did, by its trace: the commands and the pinning."""

    def __init__(self, path: Path):
        self.path = path

    def lasted(self, since: float, until: float = float("inf")) -> float:
        """Seconds from the begin of the first that began in some time to the end of the last."""
        lines = [json.loads(line) for line in self.path.read_text(encoding="ascii").splitlines() if line.endswith("}")]
        times = [(line["t_ns"] / 1e9, (line["t_ns"] + line["dur_ns"]) / 1e9) for line in lines if line["kind"] != "ioctl"]
        times = [(begin, end) for begin, end in times if since <= begin < until]
        return max(end for _, end in times) - min(begin for begin, _ in times)


def _wait(app: vdpa.Vdpa, trace: Path, vfs: range) -> None:
    """Wait until these devices serve; the NIC is asked when it has nothing to do any more."""
    wait_quiet(trace, SETTLE)
    for vf in vfs:
        app.nic.wait_serving(nic.vf_bdf(vf), 2 * PAIRS, START)


def _connect(guests: list[NetDevice]) -> None:
    """All at once, from the table of memory on, with which the first command may come: nobody waits for an answer."""
    for guest in guests:
        guest.channel.need_reply = False
        guest.prepare()
        guest.go()


def measure(stage: Stage, side: Side, count: int, cfg: DevicesConfig) -> dict:
    """One driver with so many devices."""
    spans = Spans(stage.dir / "trace")
    options = ["--trace", str(spans.path), "--no-memlock"]
    if cfg.timing != "none":
        options += ["--timing", cfg.timing, "--timing-scale", str(cfg.scale)]
    app = vdpa.Vdpa(stage, vdpa.VdpaConfig(side.driver, nic.NicConfig(vfs=count, queues=2 * PAIRS, options=options),
                                           side.devargs, memory=512, eal=QUIET, patience=START))
    pid = app.process.program()
    socks = [app.create(vf) for vf in range(count)]
    time.sleep(LISTEN)
    guests = [stage.keep(NetDevice(sock, shape=Shape(PAIRS, RING))) for sock in socks]
    for guest in guests:
        guest.channel.timeout = START
        guest.negotiate()
        guest.make_rings()
    alone = time.monotonic()
    _connect(guests[:1])
    _wait(app, spans.path, range(1))
    others = time.monotonic()
    _connect(guests[1:])
    _wait(app, spans.path, range(1, count))
    row = {"side": side.name, "devices": count, "alone_ms": spans.lasted(alone, others) * 1000, "others_ms": None}
    if count > 1:
        row["others_ms"] = spans.lasted(others) * 1000
        row["ratio"] = row["others_ms"] / (count - 1) / row["alone_ms"]
    time.sleep(1)
    row["threads"] = usage.threads(pid)
    row["idle_cpu"] = sum(usage.used(pid, cfg.idle).values()) / cfg.idle / 1e9
    return row


def run(cfg: DevicesConfig) -> dict:
    """All of them, one after the other."""
    rows = []
    for count in cfg.devices:
        for side in SIDES:
            print(f"{side.name}: {count} devices", file=sys.stderr)
            with tempfile.TemporaryDirectory(prefix="hfbench-") as directory:
                stage = Stage(Path(directory))
                try:
                    rows.append(measure(stage, side, count, cfg))
                finally:
                    stage.close()
    return {"rows": rows, "timing": cfg.timing, "scale": cfg.scale, "idle_s": cfg.idle, "machine": machine.describe()}


def table(report: dict) -> str:
    """For people."""
    lines = [("driver", "devices", "threads", "one connects, ms", "the others, ms", "of one by one", "idle, % of a CPU")]
    for row in report["rows"]:
        many = row["others_ms"] is not None
        lines.append((row["side"], str(row["devices"]), str(row["threads"]), f"{row['alone_ms']:.0f}",
                      f"{row['others_ms']:.0f}" if many else "", f"{100 * row['ratio']:.0f} %" if many else "",
                      f"{100 * row['idle_cpu']:.1f}"))
    return (f"{columns(lines)}\n\nDevices with {PAIRS} queue pairs each in one process, at their driver's defaults. One connects "
            f"alone, then all others at once; from the NIC's first command to the end of the last, its time modelled "
            f"({report['timing']}, x {report['scale']:g}).\nThreads, and the CPU time of {report['idle_s']:g} s in which nothing "
            f"happens: of the process without the NIC's own.\nOn a {machine.sentence(report['machine'])}.")
