# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Where the engine's instructions go: the application under callgrind, which counts them exactly on any machine.

Counted is what happens while a transmit queue is served, from the fetch of its descriptors to the receiver's used ring:
all that the engine does for a frame. What it does once in a round (doorbells, clock) is left out.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hfrig import nic
from hfrig.process import Stage

from . import forward

SERVE = "txq_serve"
MILLISECONDS = 500
SHARE = 0.01        # functions with less are summed up


@dataclass
class Profile:
    """Instructions per frame, by function."""

    ring: str
    size: int
    frames: int
    functions: dict[str, float]

    def total(self) -> float:
        """Of all functions."""
        return sum(self.functions.values())


def read(text: str) -> Counter:
    """Instructions by function, from what callgrind_annotate prints: a line for each file that a function has code of."""
    found: Counter = Counter()
    for count, name in re.findall(r"^ *([\d,]+)[ (].*?:([\w.@]+)(?: \[.*\])?$", text, re.M):
        found[re.sub(r"@.*|\.\w+\.\d+$", "", name)] += int(count.replace(",", ""))
    return found


def count(cfg: forward.ForwardConfig, ring: str, size: int) -> Profile:
    """Send frames of one size, and count."""
    with tempfile.TemporaryDirectory(prefix="hfb") as directory:
        stage = Stage(Path(directory))
        try:
            out = f"{directory}/callgrind.out"
            side = forward.Nic(stage, cfg, ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                                            "--collect-atstart=no", f"--toggle-collect={SERVE}"])
            forward.make_guest(stage, cfg, side, ring).slice(size, MILLISECONDS)
            frames = side.app.nic.function(nic.vf_bdf(0), "stats")["vport"]["tx_pkts"]
            if side.app.quit() != 0:
                raise side.app.process.fail("did not end well under valgrind")
            text = subprocess.run(["callgrind_annotate", "--show-percs=no", "--threshold=100", out], check=True,
                                  capture_output=True, text=True, timeout=60).stdout
        finally:
            stage.close()
    return Profile(ring, size, frames, {name: n / frames for name, n in read(text).items()})


def run(cfg: forward.ForwardConfig, progress=lambda text: print(text, file=sys.stderr)) -> list[Profile]:
    """All kinds of ring and sizes."""
    profiles = []
    for ring in cfg.rings:
        for size in cfg.sizes:
            progress(f"{ring} {size} bytes: under callgrind")
            profiles.append(count(cfg, ring, size))
    return profiles


def report(profiles: list[Profile]) -> dict:
    """As JSON has it."""
    return {"bench": "forward --profile",
            "rows": [{"ring": p.ring, "size": p.size, "frames": p.frames, "instructions": p.total(),
                      "functions": dict(sorted(p.functions.items(), key=lambda item: -item[1]))} for p in profiles]}


def table(profiles: list[Profile]) -> str:
    """For people: a line for each function, a column for each profile."""
    worth = {name for p in profiles for name, n in p.functions.items() if n >= SHARE * p.total()}
    names = sorted(worth, key=lambda name: -max(p.functions.get(name, 0) for p in profiles))
    rows = [["instructions per frame", *(f"{p.ring} {p.size}" for p in profiles)]]
    rows += [[name, *(f"{p.functions.get(name, 0):.1f}" for p in profiles)] for name in names]
    rows.append(["all others", *(f"{sum(n for f, n in p.functions.items() if f not in worth):.1f}" for p in profiles)])
    rows.append(["sum", *(f"{p.total():.1f}" for p in profiles)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:]))])
                     for row in rows)
