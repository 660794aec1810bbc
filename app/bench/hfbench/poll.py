# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""CPU cycles per packet of the shadow virtqueues, and of librte_vhost on rings of the same guest.

One process on one core is guest and back end at once; cycles are counted around the calls of the back end alone. The
NIC runs on the other core. Both back ends take turns in short slices.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hfrig import nic, paths
from hfrig.process import Stage
from hfvhost.memory import Memory
from hfvhost.net import DEFAULT_FEATURES, NetDevice, Shape
from hfvhost.proto import Feature

from . import machine

PROGRAM = paths.BUILD / "app/bench/holdfast-bench-poll"
SIDES = ("vhost", "svq")
WAYS = ("tx", "rx")
SIZES = (64, 512, 1500, 9000)
BURSTS = (1, 8, 32)
RINGS = ("split", "packed")
WANTED = {64: 0.5, 1500: 0.25}      # cycles of the shadow virtqueue / librte_vhost's, at most
FLAT = 1.25                         # cycles at the largest size / at the smallest, at most
FUNCTIONS = ("mlx5_1", "mlx5_2")    # the first two VFs


@dataclass
class PollConfig:
    """What to measure. CPUs: of guest and back end, and of the NIC."""

    sizes: tuple[int, ...] = SIZES
    bursts: tuple[int, ...] = BURSTS
    rings: tuple[str, ...] = RINGS
    rounds: int = 7
    slice_ms: int = 100
    ring: int = 256
    memory: int = 96        # MiB of the guest
    csum: bool = False      # the guest negotiates checksum offload, and each header is looked at
    cpu: int = 0
    nic_cpu: int = 1


class Rig:
    """The measuring program on a NIC of its own, and its front end, for one kind of ring."""

    def __init__(self, stage: Stage, cfg: PollConfig, ring: str):
        path = f"{stage.dir}/s"
        config = nic.NicConfig(options=["--cpus", str(cfg.nic_cpu), "--mtu", "1=9000", "--mtu", "2=9000"])
        self.process, _ = nic.run(stage, f"poll-{ring}", config, [
            str(PROGRAM), "--lcores", f"0@{cfg.cpu}", "--no-pci", "--no-huge", "-m", "256", "--no-telemetry",
            "--no-shconf", f"--file-prefix={stage.prefix()}", "--", "--socket", path, "--from", FUNCTIONS[0],
            "--to", FUNCTIONS[1], "--nic-cpu", str(cfg.nic_cpu)])
        self.process.expect(r'^\{"listening"', 60)
        features = DEFAULT_FEATURES | (Feature.CSUM | Feature.GUEST_CSUM if cfg.csum else 0)
        shape = Shape(pairs=2, size=cfg.ring, packed=ring == "packed", features=int(features))
        self.front = stage.keep(NetDevice(path, Memory.simple(cfg.memory << 20), shape))
        self.front.start()
        self.shape = json.loads(self.process.expect(r'^\{"ready".*\}$', 60).group(0))

    def lines(self) -> dict[str, float]:
        """Cycles of a line of the cache, by who had it last (app/bench/poll/lines.h)."""
        result = json.loads(self.process.command("lines", r'^\{"lines".*\}$', 60).group(0))
        if result["error"]:
            raise self.process.fail(f"lines: failed with {result['error']}")
        return result["lines"]

    def slice(self, side: int, size: int, burst: int, milliseconds: int) -> dict:
        """Measure one of the two for that time."""
        answer = self.process.command(f"{side} {size} {burst} {milliseconds}", r'^\{"side".*\}$',
                                      30 + 2 * milliseconds / 1000)
        result = json.loads(answer.group(0))
        if result["error"]:
            raise self.process.fail(f"{SIDES[side]}: a slice failed with {result['error']}")
        return result


def per_packet(result: dict, way: str) -> float:
    """Cycles of a packet. Calls that found nothing to do, or were interrupted, are not in it."""
    count = result[way]
    share = (count["calls"] - count["cut"]) / max(count["calls"], 1)
    return count["cycles"] / max(count["packets"] * share, 1)


def _spread(values: list[float]) -> dict:
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "all": values}


def summarize(ring: str, size: int, burst: int, slices: tuple[list[dict], list[dict]]) -> dict:
    """One row of the table."""
    row = {"ring": ring, "size": size, "burst": burst, "wanted": WANTED.get(size)}
    for name, side in zip(SIDES, slices):
        row[name] = {way: {"cycles": _spread([per_packet(s, way) for s in side]),
                           **{what: sum(s[way][what] for s in side) for what in ("packets", "calls", "cut")}}
                     for way in WAYS}
        row[name].update({what: sum(s[what] for s in side) for what in ("lost", "bad")})
    row["ratio"] = {way: _spread([per_packet(b, way) / max(per_packet(a, way), 1e-9) for a, b in zip(*slices)])
                    for way in WAYS}
    row["verified"] = all(row[name]["bad"] == 0 and row[name][way]["packets"] > 0 for name in SIDES for way in WAYS)
    row["buffers"] = slices[0][0]["buffers"] * slices[0][0]["step"]
    return row


def measure(rig: Rig, cfg: PollConfig, ring: str, progress) -> list[dict]:
    """Rows of all sizes and bursts: a slice of each in a round, and of both sides in turn, A B, then B A.

    What drifts, as the host of a virtual machine moves the CPUs, meets all of them alike.
    """
    slices: dict = {(size, burst): ([], []) for size in cfg.sizes for burst in cfg.bursts}
    for turn in range(cfg.rounds):
        for (size, burst), of in slices.items():
            for side in ((0, 1), (1, 0))[turn % 2]:
                of[side].append(rig.slice(side, size, burst, cfg.slice_ms))
    rows = [summarize(ring, size, burst, of) for (size, burst), of in slices.items()]
    for row in rows:
        progress(f"{ring} {row['size']} bytes, bursts of {row['burst']}: " + ", ".join(
            f"{way} {row['svq'][way]['cycles']['median']:.0f} of {row['vhost'][way]['cycles']['median']:.0f} cycles"
            for way in WAYS))
    return rows


def flatness(rows: list[dict]) -> list[dict]:
    """For each ring, burst and way: how much more the largest size costs than the smallest."""
    found = []
    for ring, burst in dict.fromkeys((row["ring"], row["burst"]) for row in rows):
        same = sorted((row for row in rows if (row["ring"], row["burst"]) == (ring, burst)), key=lambda row: row["size"])
        for way in WAYS:
            grown = {name: same[-1][name][way]["cycles"]["median"] / max(same[0][name][way]["cycles"]["median"], 1e-9)
                     for name in SIDES}
            found.append({"ring": ring, "burst": burst, "way": way, "from": same[0]["size"], "to": same[-1]["size"],
                          **grown, "reached": grown["svq"] <= FLAT})
    return found


def run(cfg: PollConfig, progress=lambda text: print(text, file=sys.stderr)) -> dict:
    """Measure; the report."""
    here = machine.describe()
    rows, lines, shape = [], [], {}
    for ring in cfg.rings:
        with tempfile.TemporaryDirectory(prefix="hfb") as directory:
            stage = Stage(Path(directory))
            try:
                rig = Rig(stage, cfg, ring)
                shape = rig.shape
                lines.append(rig.lines())
                rows += measure(rig, cfg, ring, progress)
                lines.append(rig.lines())
            finally:
                stage.close()
    return {"bench": "poll", "machine": here, "rows": rows, "flat": flatness(rows), "lines": lines, "rounds": cfg.rounds,
            "slice_ms": cfg.slice_ms, "ring": cfg.ring, "csum": cfg.csum, "overhead": shape["overhead"], "tsc_hz": shape["tsc_hz"],
            "l2_bytes": here["caches"].get("L2", 0), "load": os.getloadavg()[0]}
