# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Frames from one VF to another through the emulated NIC, and the same through DPDK's software datapath.

A guest process sends from one virtio-user port to another on one core. Behind its ports is, in two cases, the emulated
NIC: dpdk-vdpa with our driver, and an engine of the NIC on the other core, where in one of them the driver's poller
is, too (datapath=poll). In the third case it is testpmd, which forwards between two net_vhost ports on that other core.
Each case has a guest of its own, of the same program and with the same options. They take turns in short slices, and
only the one whose turn it is uses the CPUs.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hfrig import nic, testpmd, vdpa
from hfrig.process import Stage

from . import machine
from .guest import FAULTS, Guest, GuestConfig

SIZES = (64, 512, 1500)
RINGS = ("split", "packed")
WANTED = {64: 1.0, 512: 1.0, 1500: 1.5}     # NIC / net_vhost, by size
ROOM = 2048                                 # bytes of a buffer, where frames go


@dataclass
class ForwardConfig:
    """What to measure. CPUs: of the guests, and of what forwards."""

    sizes: tuple[int, ...] = SIZES
    rings: tuple[str, ...] = RINGS
    rounds: int = 9
    slice_ms: int = 300
    ring: int = 1024
    buffers: int = 4095         # of each of the two pools of a guest; of those to receive a ring's number is in use
    guest_cpu: int = 0
    engine_cpu: int = 1


class Nic:
    """dpdk-vdpa on the NIC of the packet tests, which serves the guest's rings itself."""

    name = "nic"
    devargs = "datapath=hw"

    def __init__(self, stage: Stage, cfg: ForwardConfig, under: Sequence[str] = ()):
        # The engine says where it runs; the application's own threads only sleep.
        config = nic.NicConfig(options=["--cpus", str(cfg.engine_cpu)])
        self.app = vdpa.Vdpa(stage, vdpa.VdpaConfig(nic=config, devargs=self.devargs.format(cfg.engine_cpu),
                                                     under=list(under)))
        self.socks = tuple(self.app.create(vf) for vf in (0, 1))
        self.macs = (nic.vf_mac(0), nic.vf_mac(1))

    def begin(self) -> None:
        """Nothing to do: an engine without work sleeps."""

    def end(self) -> None:
        """Likewise."""

    def wait(self) -> None:
        """Wait until all queues of both VFs serve."""
        for vf in (0, 1):
            self.app.nic.wait_serving(nic.vf_bdf(vf), 2)

    def drops(self) -> int:
        """Frames that the NIC dropped, as it counted itself."""
        sent, received = (self.app.nic.function(nic.vf_bdf(vf), "stats")["vport"] for vf in (0, 1))
        return (sum(sent[name] for name in ("tx_no_dest", "tx_dropped")) +
                sum(received[name] for name in ("rx_no_buffer", "rx_no_flow", "rx_oversize")))


class Poll(Nic):
    """The same, with the rings served by the driver, whose poller has the engine's CPU."""

    name = "poll"
    devargs = "datapath=poll,poll_core={}"


class Vhost:
    """testpmd, which forwards between two net_vhost ports."""

    name = "vhost"

    def __init__(self, stage: Stage, cfg: ForwardConfig):
        self.socks = (f"{stage.dir}/s0", f"{stage.dir}/s1")
        self.macs = (nic.vf_mac(0), nic.vf_mac(1))
        self.pmd = testpmd.bridge(stage, self.socks, cfg.guest_cpu, cfg.engine_cpu)

    def begin(self) -> None:
        """Forward: one core is busy from now on."""
        self.pmd.start()

    def end(self) -> None:
        """Stop, so that the core is free."""
        self.pmd.stop()

    def wait(self) -> None:
        """The ports serve when the guest has started its own."""

    def drops(self) -> int:
        """Frames that testpmd could not pass on, as it counted itself in all slices."""
        return sum(self.pmd.dropped)


SIDES = {side.name: side for side in (Nic, Poll, Vhost)}
RATIOS = ((Nic.name, Vhost.name), (Poll.name, Vhost.name), (Poll.name, Nic.name))


def make_guest(stage: Stage, cfg: ForwardConfig, side, ring: str) -> Guest:
    """A guest of one side; it is ready to send."""
    guest = Guest(stage, GuestConfig(f"{side.name}-{ring}", side.socks, side.macs, ring == "packed", cfg.ring,
                                     cfg.buffers, cfg.guest_cpu))
    side.wait()
    return guest


class Arena:
    """All cases with their guests, for one kind of ring."""

    def __init__(self, stage: Stage, cfg: ForwardConfig, ring: str):
        self.sides = {}
        for name, kind in SIDES.items():
            side = kind(stage, cfg)
            self.sides[name] = (side, make_guest(stage, cfg, side, ring))

    def turn(self, name: str, size: int, milliseconds: int) -> dict:
        """A slice of one case; the drops that its own counters tell are among the results."""
        side, guest = self.sides[name]
        before = side.drops()
        side.begin()
        result = guest.slice(size, milliseconds)
        side.end()
        result["drops"] = side.drops() - before
        return result


def _spread(values: list[float]) -> dict:
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "min": ordered[0], "max": ordered[-1], "all": values}


def _total(slices: list[dict]) -> dict:
    total = {name: sum(s[name] for s in slices) for name in ("sent", "received", "lost", "late", "drops", "bad", *FAULTS)}
    total["idle"] = statistics.median(s["idle"] for s in slices)
    return total


def summarize(ring: str, size: int, slices: dict[str, list[dict]]) -> dict:
    """One row of the table: all rates, and ratios of those in the same round."""
    rates = {name: [s["mpps"] for s in side] for name, side in slices.items()}
    row = {"ring": ring, "size": size, "wanted": WANTED.get(size, 1.0)}
    for name, side in slices.items():
        row[name] = {"mpps": _spread(rates[name]), **_total(side)}
    # One that somebody kept off the CPU all the time moved nothing.
    row["ratio"] = {f"{a}/{b}": _spread([x / y for x, y in zip(rates[a], rates[b]) if y > 0] or [0]) for a, b in RATIOS}
    row["reached"] = row["ratio"]["nic/vhost"]["median"] >= row["wanted"]
    row["verified"] = all(row[name]["bad"] == 0 and row[name]["received"] > 0 for name in SIDES)
    return row


def measure(arena: Arena, cfg: ForwardConfig, ring: str, size: int, progress) -> dict:
    """Slices of all cases in turn, A B C, C B A, A B C ...: what drifts meets all alike."""
    slices: dict[str, list[dict]] = {name: [] for name in SIDES}
    for turn in range(cfg.rounds):
        for name in list(SIDES)[::-1 if turn % 2 else 1]:
            slices[name].append(arena.turn(name, size, cfg.slice_ms))
        progress(f"{ring} {size} bytes, round {turn + 1} of {cfg.rounds}: " +
                 ", ".join(f"{name} {side[-1]['mpps']:.2f}" for name, side in slices.items()) + " Mpps")
    return summarize(ring, size, slices)


def threads(cfg: ForwardConfig) -> dict[str, str]:
    """Which thread runs where."""
    return {f"CPU {cfg.guest_cpu}": "the guest, alone: its main thread sends, receives and verifies",
            f"CPU {cfg.engine_cpu}": "the NIC's engine (thread nicemu-0 of dpdk-vdpa), and with poll the driver's poller, "
                                     "each of which gives way when it has nothing to do; or testpmd's forwarding lcore",
            "any": "threads that sleep meanwhile: dpdk-vdpa's and testpmd's main and event threads, this program"}


def run(cfg: ForwardConfig, progress=lambda text: print(text, file=sys.stderr)) -> dict:
    """Measure; the report."""
    here = machine.describe()
    rows = []
    for ring in cfg.rings:
        with tempfile.TemporaryDirectory(prefix="hfb") as directory:
            stage = Stage(Path(directory))
            try:
                progress(f"{ring} rings: starting dpdk-vdpa on the NIC (twice), testpmd with net_vhost, and a guest of each")
                arena = Arena(stage, cfg, ring)
                rows += [measure(arena, cfg, ring, size, progress) for size in cfg.sizes]
            finally:
                stage.close()
    return {"bench": "forward", "machine": here, "rows": rows, "threads": threads(cfg),
            "rounds": cfg.rounds, "slice_ms": cfg.slice_ms, "ring": cfg.ring,
            "buffers": cfg.buffers + cfg.ring, "buffer_bytes": (cfg.buffers + cfg.ring) * ROOM, "l2_bytes": here["caches"].get("L2", 0),
            "load": os.getloadavg()[0]}
