# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Instructions per packet of what serves a guest's rings, counted one by one (app/bench/poll/steps.h).

They are the same on any machine of this kind, however busy, so that what grows with the size of a packet shows at once: a
byte that is copied, summed up or looked at.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from hfrig.process import Stage

from . import poll
from .report import columns

SIDES = ("svq", "vhost")
# Instructions at the largest size / at the smallest, at most. How the NIC puts completions together is up to 10 %; to look at
# one byte of each line of 9000 bytes would be 23 % at least.
FLAT = 1.2
WITHIN_MS = 20000       # the NIC may wait for its CPU
MEMORY = 96             # MiB of the guest; caches do not matter


def measure(rig: poll.Rig, cfg: poll.PollConfig, ring: str) -> list[dict]:
    """Rows of both ways for each burst, in buffers with room for the largest size."""
    rows = []
    for burst in cfg.bursts:
        ways: dict = {way: {"ring": ring, "burst": burst, "way": way, "svq": [], "vhost": []} for way in poll.WAYS}
        for size in cfg.sizes:
            for side in SIDES:
                result = rig.slice(poll.SIDES.index(side), size, max(cfg.sizes), burst, WITHIN_MS, "steps ")
                if result["bad"] or not all(result[way]["stepped"] for way in poll.WAYS):
                    raise rig.process.fail(f"{side}, {size} bytes, bursts of {burst}: no whole burst came, or frames were wrong")
                for way in poll.WAYS:
                    ways[way][side].append(result[way]["steps"] / burst)
        rows += ways.values()
    for row in rows:
        row["grown"] = {side: max(row[side]) / min(row[side]) for side in SIDES}
        row["flat"] = row["grown"]["svq"] <= FLAT
    return rows


def run(cfg: poll.PollConfig, progress=lambda text: print(text, file=sys.stderr)) -> dict:
    """Count; the report."""
    cfg.huge, cfg.memory = False, MEMORY
    report: dict = {"bench": "poll-instructions", "sizes": list(cfg.sizes), "csum": cfg.csum, "rows": []}
    for ring in cfg.rings:
        with tempfile.TemporaryDirectory(prefix="hfb") as directory:
            stage = Stage(Path(directory))
            try:
                report["rows"] += measure(poll.Rig(stage, cfg, ring), cfg, ring)
            finally:
                stage.close()
        progress(f"{ring}: counted")
    return report


def table(report: dict) -> str:
    """For people."""
    lines = [("ring", "burst", "guest", *(f"{side} {size}" for side in SIDES for size in report["sizes"]), "svq", "vhost", "to reach")]
    for row in report["rows"]:
        lines.append((row["ring"], str(row["burst"]), "sends" if row["way"] == "tx" else "receives",
                      *(f"{count:.0f}" for side in SIDES for count in row[side]), *(f"x {row['grown'][side]:.2f}" for side in SIDES),
                      f"{'reached' if row['flat'] else 'NOT reached'} ({FLAT:.2f})"))
    return (f"{columns(lines)}\n\n"
            f"Instructions per packet of the calls of the back end alone, by size in bytes, in buffers alike; the largest by the "
            f"smallest. Counted one by one; the least of five calls that moved a whole burst (of one, if it has 10000). A call of svq's "
            f"both posts and completes.\n"
            f"The guest has negotiated {'checksum offload' if report['csum'] else 'no offload'}.")
