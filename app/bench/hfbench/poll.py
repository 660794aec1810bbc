# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""CPU cycles per packet of the shadow virtqueues, and of librte_vhost on rings of the same guest.

One process on one core is guest and back end at once; cycles are counted around the calls of the back end alone. The
NIC runs on the other core. The back ends take turns in short slices; librte_vhost is two of them: with mbufs that a NIC
on the other core writes and reads, as the shadow virtqueues' buffers, and with mbufs that nobody else touches.

What a line of the cache costs that the other core wrote says how far it is, and that the host of a virtual machine
changes as it likes. So each slice is measured for it, before and after, and rounds are reported apart: near and far.

What grows with the size of packets is told from the smallest and the largest in buffers alike, which have room for the
largest: rows of their own for the smallest, which are in no other table.
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
from hfvhost.memory import PAGE, Backing, Memory
from hfvhost.net import DEFAULT_FEATURES, NetDevice, Shape
from hfvhost.proto import Feature

from . import machine

PROGRAM = paths.BUILD / "app/bench/holdfast-bench-poll"
SIDES = ("vhost", "svq", "local")    # as the program numbers them; local: librte_vhost without a NIC
WAYS = ("tx", "rx")
SIZES = (64, 512, 1500, 9000)
BURSTS = (1, 8, 32)
RINGS = ("split", "packed")
WANTED = {64: 0.5, 1500: 0.25}      # cycles of the shadow virtqueue / librte_vhost's, at most
FLAT = 1.25                         # cycles at the largest size / at the smallest, at most
DPDK_MIB = 256                      # of mbufs, mostly
CPUS = ("near", "far")
MOVED = "moved"                     # were near and far in one round, of which nothing can be said
FAR = 14.0                          # cycles of a line, in bursts of 32: below it the CPUs share a cache
FEW = 3                             # rounds at least from which to conclude
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
    memory: int = 200       # MiB of the guest
    huge: bool = True       # its memory and that of the mbufs is on pages of 2 MiB, if there are enough
    csum: bool = False      # the guest negotiates checksum offload, and each header is looked at
    cpu: int = 0
    nic_cpu: int = 1


def has_huge_pages(cfg: PollConfig) -> bool:
    """Are there enough that are free for the guest, and for DPDK?"""
    free = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
    return free.exists() and int(free.read_text(encoding="ascii")) >= huge_pages(cfg)


def huge_pages(cfg: PollConfig) -> int:
    """How many it takes, of 2 MiB: the memory of one guest is mapped until that of the next one is."""
    return -(-(cfg.memory * len(cfg.rings) + DPDK_MIB) // 2)


def guest_memory(cfg: PollConfig) -> Memory:
    """One region at guest address 0, whose first page is left alone."""
    memory, size = Memory(), cfg.memory << 20
    memory.add(0, size, Backing(size, hugetlb=cfg.huge)).brk = PAGE
    return memory


class Rig:
    """The measuring program on a NIC of its own, and its front end, for one kind of ring."""

    def __init__(self, stage: Stage, cfg: PollConfig, ring: str):
        path = f"{stage.dir}/s"
        config = nic.NicConfig(options=["--cpus", str(cfg.nic_cpu), "--mtu", "1=9000", "--mtu", "2=9000"])
        self.process, _ = nic.run(stage, f"poll-{ring}", config, [
            str(PROGRAM), "--lcores", f"0@{cfg.cpu}", "--no-pci", "--in-memory" if cfg.huge else "--no-huge", "-m",
            str(DPDK_MIB), "--no-telemetry", "--no-shconf", f"--file-prefix={stage.prefix()}", "--", "--socket", path, "--from", FUNCTIONS[0],
            "--to", FUNCTIONS[1], "--nic-cpu", str(cfg.nic_cpu)])
        self.process.expect(r'^\{"listening"', 60)
        features = DEFAULT_FEATURES | (Feature.CSUM | Feature.GUEST_CSUM if cfg.csum else 0)
        shape = Shape(pairs=2, size=cfg.ring, packed=ring == "packed", features=int(features))
        self.front = stage.keep(NetDevice(path, guest_memory(cfg), shape))
        self.front.start()
        self.shape = json.loads(self.process.expect(r'^\{"ready".*\}$', 60).group(0))

    def lines(self) -> dict[str, float]:
        """Cycles of a line of the cache, by who had it last (app/bench/poll/lines.h)."""
        result = json.loads(self.process.command("lines", r'^\{"lines".*\}$', 60).group(0))
        if result["error"]:
            raise self.process.fail(f"lines: failed with {result['error']}")
        return result["lines"]

    def slice(self, side: int, size: int, room: int, burst: int, milliseconds: int, what: str = "") -> dict:
        """Measure one of the two for that time, in buffers with room for packets of that size; what: 'steps ' of it."""
        answer = self.process.command(f"{what}{side} {size} {room} {burst} {milliseconds}", r'^\{"side".*\}$',
                                      30 + 2 * milliseconds / 1000)
        result = json.loads(answer.group(0))
        if result["error"]:
            raise self.process.fail(f"{SIDES[side]}: a slice failed with {result['error']}")
        return result


def per_packet(result: dict, way: str, what: str = "cycles") -> float:
    """Cycles of a packet. Calls that found nothing to do, or were interrupted, are not in it."""
    count = result[way]
    share = (count["calls"] - count["cut"]) / max(count["calls"], 1)
    return count[what] / max(count["packets"] * share, 1)


def _spread(values: list[float]) -> dict:
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "all": values}


def _ratio(way: str, over: list[dict], under: list[dict], what: str = "cycles") -> dict:
    """Of neighbours in time. One that somebody kept off the CPU all the time moved nothing."""
    return _spread([per_packet(a, way, what) / per_packet(b, way, what) for a, b in zip(over, under) if b[way][what] > 0] or [0])


def distance(sides: tuple[dict, ...]) -> str:
    """How far the CPUs were from each other throughout a round."""
    far = {cycles > FAR for result in sides for cycles in result["distance"]}
    return CPUS[far.pop()] if len(far) == 1 else MOVED


def summarize(cpus: str, ring: str, key: tuple[int, int, int], rounds: list[tuple[dict, ...]]) -> dict:
    """One row of the table: rounds in which the CPUs were so far from each other."""
    size, room, burst = key
    row = {"cpus": cpus, "ring": ring, "size": size, "room": room, "burst": burst, "wanted": WANTED.get(size), "rounds": len(rounds),
           "buffers": rounds[0][0]["buffers"] * rounds[0][0]["step"]}
    for what in ("distance", "alone"):
        row[what] = statistics.median(cycles for sides in rounds for side in sides for cycles in side[what])
    slices = vhost, svq, local = tuple(zip(*rounds))
    for name, side in zip(SIDES, slices):
        row[name] = {way: {**{what: _spread([per_packet(s, way, what) for s in side]) for what in ("cycles", "retired")},
                           **{what: sum(s[way][what] for s in side) for what in ("packets", "calls", "cut")}}
                     for way in WAYS}
        row[name].update({what: sum(s[what] for s in side) for what in ("lost", "bad")})
    row["ratio"] = {way: _ratio(way, svq, vhost) for way in WAYS}
    row["ratio_retired"] = {way: _ratio(way, svq, vhost, "retired") for way in WAYS}
    row["ratio_local"] = {way: _ratio(way, svq, local) for way in WAYS}
    row["verified"] = all(row[name]["bad"] == 0 and row[name][way]["packets"] > 0 for name in SIDES for way in WAYS)
    return row


def measure(rig: Rig, cfg: PollConfig, ring: str, progress) -> list[dict]:
    """Rows of all sizes and bursts, for each distance of the CPUs.

    A slice of each in a round, and of all sides in turn, A B C, then C B A: what drifts meets all of them alike.
    """
    kinds = dict.fromkeys([(size, size) for size in cfg.sizes] + [(min(cfg.sizes), max(cfg.sizes))])
    rounds: dict = {(*kind, burst): [] for kind in kinds for burst in cfg.bursts}
    for turn in range(cfg.rounds):
        for key, of in rounds.items():
            order = range(len(SIDES)) if turn % 2 == 0 else reversed(range(len(SIDES)))
            sides = {side: rig.slice(side, *key, cfg.slice_ms) for side in order}
            of.append(tuple(sides[side] for side in range(len(SIDES))))
    rows = []
    for cpus in (*CPUS, MOVED):
        for key, of in rounds.items():
            same = [sides for sides in of if distance(sides) == cpus]
            rows += [summarize(cpus, ring, key, same)] if same else []
    for row in rows:
        progress(f"{row['cpus']}, {ring} {row['size']} bytes in buffers for {row['room']}, bursts of {row['burst']}: " + ", ".join(
            f"{way} {row['svq'][way]['cycles']['median']:.0f} of {row['vhost'][way]['cycles']['median']:.0f} cycles"
            for way in WAYS))
    if any(row[side]["bad"] for row in rows for side in SIDES):
        raise rig.process.fail("frames were wrong")
    return rows


def flatness(rows: list[dict]) -> list[dict]:
    """For each distance, ring, burst and way: how much more the largest size costs than the smallest, in its buffers."""
    found = []
    if len({row["size"] for row in rows}) < 2:
        return found
    room = max(row["size"] for row in rows)
    ends = {(row["cpus"], row["ring"], row["burst"], row["size"] == room): row
            for row in rows if row["room"] == room and row["cpus"] != MOVED}
    for (cpus, ring, burst, is_largest), small in ends.items():
        large = ends.get((cpus, ring, burst, True))
        if is_largest or large is None:
            continue
        for way in WAYS:
            grown = {name: large[name][way]["cycles"]["median"] / max(small[name][way]["cycles"]["median"], 1e-9)
                     for name in SIDES}
            found.append({"cpus": cpus, "rounds": min(small["rounds"], large["rounds"]), "ring": ring, "burst": burst,
                          "way": way, "from": small["size"], "to": room, **grown, "reached": grown["svq"] <= FLAT})
    return found


def run_ring(cfg: PollConfig, ring: str, report: dict, progress) -> None:
    """Add the rows of one kind of ring, and what lines cost before and after."""
    with tempfile.TemporaryDirectory(prefix="hfb") as directory:
        stage = Stage(Path(directory))
        try:
            rig = Rig(stage, cfg, ring)
            report.update({what: rig.shape[what] for what in ("overhead", "tsc_hz")})
            report["lines"].append(rig.lines())
            report["rows"] += measure(rig, cfg, ring, progress)
            report["lines"].append(rig.lines())
        finally:
            stage.close()


def run(cfg: PollConfig, progress=lambda text: print(text, file=sys.stderr)) -> dict:
    """Measure; the report."""
    here = machine.describe()
    report = {"bench": "poll", "machine": here, "rows": [], "lines": [], "rounds": cfg.rounds, "slice_ms": cfg.slice_ms,
              "ring": cfg.ring, "csum": cfg.csum, "huge_wanted": huge_pages(cfg) if cfg.huge else 0,
              "l2_bytes": here["caches"].get("L2", 0)}
    cfg.huge = report["huge"] = cfg.huge and has_huge_pages(cfg)
    if report["huge_wanted"] and not cfg.huge:
        progress(f"pages of 4 KiB: {report['huge_wanted']} free ones of 2 MiB are needed (sysctl vm.nr_hugepages)")
    for ring in cfg.rings:
        run_ring(cfg, ring, report, progress)
    return {**report, "flat": flatness(report["rows"]), "load": os.getloadavg()[0]}
