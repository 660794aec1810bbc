# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What the NIC was asked to do: the lines that it adds to its trace."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

MEMORY = ("CREATE_MKEY", "DESTROY_MKEY")       # an MR is one of the kernel's
QUIET_BOUND = 120.0


def union(spans: list[tuple[int, int]]) -> int:
    """How long at least one of the spans lasted."""
    total, reached = 0, 0
    for begin, end in sorted(spans):
        begin = max(begin, reached)
        if end > begin:
            total += end - begin
            reached = end
    return total


@dataclass
class Work:
    """The commands of a stretch of time."""

    commands: int = 0
    memory_commands: int = 0
    created_queues: int = 0
    registered: int = 0             # bytes
    busy_ns: int = 0                # time in which at least one command was executed
    sum_ns: int = 0                 # of all commands, one after the other
    by_name: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: list[dict]) -> Work:
        """Add up."""
        commands = [line for line in lines if line["kind"] == "cmd"]
        spans = [(line["t_ns"], line["t_ns"] + line["dur_ns"]) for line in commands]
        memory = [line for line in commands if line["name"] in MEMORY]
        names = Counter(line["name"] + (f"({line['obj_type']})" if "obj_type" in line else "") for line in commands)
        return cls(len(commands), len(memory),
                   sum(line["name"] == "CREATE_GENERAL_OBJECT" and line.get("object") == "virtq" for line in commands),
                   sum(line["pinned"] for line in memory if line["pinned"] > 0), union(spans),
                   sum(end - begin for begin, end in spans), dict(names))


    def report(self) -> dict:
        """As a result has it; times in milliseconds."""
        return {"commands": self.commands, "memory_commands": self.memory_commands, "created_queues": self.created_queues,
                "registered": self.registered, "busy_ms": self.busy_ns / 1e6, "sum_ms": self.sum_ns / 1e6,
                "by_name": self.by_name}


class TraceFile:
    """The trace of one run, read as it grows."""

    def __init__(self, path: Path, func: str):
        self.path, self.func = path, func
        self.at = 0

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def skip(self) -> None:
        """What there is by now is of no interest."""
        self.at = self._size()

    def wait_quiet(self, seconds: float) -> None:
        """Wait until nothing was added for so long: what was put off is done by then."""
        end = time.monotonic() + QUIET_BOUND
        size, since = self._size(), time.monotonic()
        while time.monotonic() < min(end, since + seconds):
            time.sleep(0.02)
            if self._size() != size:
                size, since = self._size(), time.monotonic()

    def take(self) -> list[dict]:
        """The lines of our function since the last call; what is only half there waits."""
        if not self.path.exists():
            return []
        with open(self.path, "rb") as file:
            file.seek(self.at)
            data = file.read()
        whole = data.rfind(b"\n") + 1
        self.at += whole
        lines = [json.loads(line) for line in data[:whole].splitlines()]
        return [line for line in lines if line["func"] == self.func]
