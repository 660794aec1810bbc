#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The table of negotiation's states and messages, as the driver has it (drivers/vdpa/holdfast/vhost/hf_nego.c).

The guide's table is made of it, and a test walks it.

usage: test/negotiation.py      print it
"""

import re
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "drivers/vdpa/holdfast/vhost/hf_nego.c"
ACTS = {"P": "pass", "T": "take", "R": "refuse", "W": "withhold", "C": "close"}

_ROW = re.compile(r"^\t\[NEGO_(\w+)\]\s*= \{(.*)\},$", re.M)
_CELL = re.compile(r"([PTRWC])\((\w+)\)|(NEVER)")
_NAME = re.compile(r'^\t\[HF_NEGO_(\w+)\] = "(\w+)",$', re.M)
_EVENT = re.compile(r"^\tNEGO_(\w+), /\* (.*) \*/$", re.M)


def read(path: Path = SOURCE) -> dict[str, dict[str, tuple[str, str] | None]]:
    """Of each event, what is done with it in each state, and the state after it; None: it does not occur."""
    text = path.read_text(encoding="utf-8")
    names = dict(_NAME.findall(text))
    table = {}
    for event, row in _ROW.findall(text):
        cells = _CELL.findall(row)
        if len(cells) != len(names):
            raise ValueError(f"{path.name}: NEGO_{event}: {len(cells)} cells for {len(names)} states")
        table[event] = {state: None if never else (ACTS[act], names[after])
                        for state, (act, after, never) in zip(names.values(), cells)}
    return table


def meanings(path: Path = SOURCE) -> dict[str, str]:
    """What each event is."""
    return dict(_EVENT.findall(path.read_text(encoding="utf-8")))


def guide(path: Path = SOURCE) -> list[str]:
    """The table as lines of reStructuredText."""
    table, means = read(path), meanings(path)
    states = list(next(iter(table.values())))
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 28 " + " ".join(["12"] * len(states)), ""]
    lines += ["   * - message, or what else happens"] + [f"     - {state}" for state in states]
    for event, row in table.items():
        lines.append(f"   * - {means[event]}")
        for state, cell in row.items():
            text = "–" if cell is None else cell[0] if cell[1] == state else f"{cell[0]}, {cell[1]}"
            lines.append(f"     - {text}")
    return lines


if __name__ == "__main__":
    sys.stdout.write("\n".join(guide()) + "\n")
