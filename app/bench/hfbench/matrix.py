# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The control path of ours and of DPDK's vdpa/mlx5, for guests of some sizes, in rounds: who is measured takes turns."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hfrig import vdpa
from hfrig.process import Stage

from . import machine
from .control import SCENARIOS, Bench, Far, Scenario, Setting, Side

QUEUES = "queues={pairs},queue_size={ring}"
SIDES = (
    Side("default", vdpa.HOLDFAST),
    Side("connection", vdpa.HOLDFAST, f"mr_policy=connection,{QUEUES}"),
    Side("memory", vdpa.HOLDFAST, f"mr_policy=memory,mr_grace_ms=60000,{QUEUES}"),
    Side("reset", vdpa.HOLDFAST, f"mr_policy=reset,{QUEUES}"),
    Side("mlx5", vdpa.MLX5),
    Side("mlx5 tuned", vdpa.MLX5, f"{QUEUES},max_conf_threads=8,event_mode=2"),
)
PEERS = tuple(side.name for side in SIDES if not side.ours())
NUMBERS = ("any_ms", "all_ms", "cpu_ms", "commands", "memory_commands", "created_queues", "registered", "nic_ms", "sum_ms")
RECOVER = 2.0       # seconds between that stop and start: the peer may still be busy with the stop (D16)
NOISE_MS = 2.0      # two ticks of the traffic: what is closer than that is level


@dataclass
class ControlConfig:
    """What to measure; memory in GiB."""

    memory: tuple[int, ...] = (256,)
    pairs: tuple[int, ...] = (16,)
    sides: tuple[str, ...] = tuple(side.name for side in SIDES)
    scenarios: tuple[str, ...] = tuple(s.name for s in SCENARIOS)
    rounds: int = 3
    timings: tuple[tuple[str, float], ...] = (("none", 1.0),)      # profile, scale
    pause: float = 5.0
    never: float = 6.0
    traces: Path | None = None


def _round(stage: Stage, far: Far, setting: Setting, cfg: ControlConfig, progress: Callable[[str], None]) -> dict:
    """One driver once through all scenarios; results by the names of the scenarios."""
    bench = Bench(stage, far, setting)
    results: dict = {}
    for scenario in SCENARIOS:
        # What comes later needs the guest connected, whether that is asked for or not.
        if scenario.name not in (*cfg.scenarios, "connect") or setting.pairs < scenario.pairs:
            continue
        result = scenario.run(bench)
        if scenario.name in cfg.scenarios:
            results[scenario.name] = result
            said = "traffic never came back" if result["any_ms"] is None else f"{result['any_ms']:.1f} ms without traffic"
            progress(f"  {scenario.label}: {said}, {result['commands']} commands, {result['registered'] >> 20} MiB registered")
        if cfg.traces:
            bench.keep_trace(cfg.traces / f"{setting.side.name.replace(' ', '-')}-{scenario.name}-{setting.gib}-{setting.pairs}")
        if result["any_ms"] is None:
            bench.measure(lambda: bench.reset(RECOVER), RECOVER)    # a guest that is dead is reset by its owner
    for result in results.values():
        result["hung"] = bench.hung
    return results


def spread(values: list) -> dict:
    """Median, smallest and largest; without those that never came."""
    there = sorted(v for v in values if v is not None)
    return {"median": statistics.median(there) if there else None, "min": there[0] if there else None,
            "max": there[-1] if there else None, "all": values}


def _row(scenario: Scenario, side: str, rounds: list[dict]) -> dict:
    row: dict = {"scenario": scenario.name, "side": side, **{name: spread([r[name] for r in rounds]) for name in NUMBERS}}
    row["never"] = sum(r["any_ms"] is None for r in rounds)
    row["wrong"] = max(r["wrong"] for r in rounds)
    row["twice"] = max(r["twice"] for r in rounds)
    row["hung"] = sum(r["hung"] for r in rounds)
    row["by_name"] = rounds[0]["by_name"]
    return row


def _judged(scenario: Scenario, side: str, timed: bool) -> tuple[float | None, tuple[str, ...]]:
    """What is to be reached by one of ours, if anything, and against whom."""
    if not timed:
        return 1.0, ("mlx5",) if side == "default" else PEERS
    mine = (scenario.policy, "default") if scenario.policy == "connection" else (scenario.policy,)
    return scenario.ratio if side in mine else None, PEERS


def judge(rows: list[dict], timed: bool) -> None:
    """How many times less time ours takes than each peer, and whether that is what is to be reached."""
    for scenario in SCENARIOS:
        by_side = {row["side"]: row for row in rows if row["scenario"] == scenario.name}
        # Of the times that it came back; None: it never did.
        peers = {name: by_side[name]["any_ms"]["median"] for name in PEERS if name in by_side}
        for name, row in by_side.items():
            if name in PEERS:
                continue
            wanted, against = _judged(scenario, name, timed)
            rivals = [theirs for peer, theirs in peers.items() if peer in against]
            if rivals and wanted is not None:
                row["wanted"], row["reached"] = wanted, False
            if row["never"]:
                continue
            mine = row["any_ms"]["median"]
            row["ratio"] = {peer: None if theirs is None else theirs / mine for peer, theirs in peers.items()}
            if "wanted" in row:
                slack = 0 if timed else NOISE_MS
                row["reached"] = all(theirs is None or theirs >= wanted * mine - slack for theirs in rivals)


def _block(stage: Stage, far: Far, cfg: ControlConfig, timing: tuple[str, float], size: tuple[int, int],
           progress: Callable[[str], None]) -> dict:
    """All that are measured, in turn, for one size of guest."""
    sides = [side for side in SIDES if side.name in cfg.sides]
    got: dict[str, list[dict]] = {side.name: [] for side in sides}
    gib, pairs = size
    for turn in range(cfg.rounds):
        for side in sides if turn % 2 == 0 else sides[::-1]:
            progress(f"timing {timing[0]} x {timing[1]:g}, {gib} GiB, {pairs} queue pairs, round {turn + 1} of {cfg.rounds}: "
                     f"{side.name}")
            setting = Setting(side, gib, pairs, *timing, pause=cfg.pause, never=cfg.never)
            with tempfile.TemporaryDirectory(prefix="hfb") as directory:
                inner = Stage(Path(directory))
                try:
                    got[side.name].append(_round(inner, far, setting, cfg, progress))
                finally:
                    inner.close()
    rows = [_row(scenario, name, [r[scenario.name] for r in rounds])
            for scenario in SCENARIOS for name, rounds in got.items() if rounds and scenario.name in rounds[0]]
    judge(rows, timing[0] != "none")
    return {"timing": timing[0], "scale": timing[1], "gib": gib, "pairs": pairs, "rows": rows}


def run(cfg: ControlConfig, progress=lambda text: print(text, file=sys.stderr, flush=True)) -> dict:
    """Measure; the report."""
    here = machine.describe()
    blocks = []
    with tempfile.TemporaryDirectory(prefix="hfb") as directory:
        stage = Stage(Path(directory))
        try:
            far = Far(stage)
            for timing in cfg.timings:
                for gib in cfg.memory:
                    for pairs in cfg.pairs:
                        blocks.append(_block(stage, far, cfg, timing, (gib, pairs), progress))
        finally:
            stage.close()
    return {"bench": "control", "machine": here, "blocks": blocks, "rounds": cfg.rounds, "pause_s": cfg.pause,
            "sides": {side.name: {"driver": side.driver, "devargs": side.devargs} for side in SIDES if side.name in cfg.sides}}
