# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What the NIC was asked to do: the lines that it adds to its trace."""

from __future__ import annotations

import heapq
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

MEMORY = ("CREATE_MKEY", "DESTROY_MKEY")       # an MR is one of the kernel's
SLOTS = 16              # commands that a NIC carries out at once
QUIET_BOUND = 120.0


def replay(lines: list[dict]) -> int:
    """Nanoseconds that the NIC needs for these commands, if nothing else takes time.

    They are one after the other where they were of one thread or of one object, 16 at once otherwise. What the kernel
    does with pages (pinning) needs no slot of the NIC's.
    """
    slots = [0] * SLOTS
    free: Counter = Counter()       # when a thread, or an object, is
    for line in sorted(lines, key=lambda one: one["t_ns"]):
        users = [("thread", line["pid"], line["tid"])]
        if "id" in line:
            users.append((line["object"], line["pid"], line["id"]))
        begin = max(free[user] for user in users)
        if line["kind"] == "cmd":
            begin = max(begin, heapq.heappop(slots))
        end = begin + line["dur_ns"]
        if line["kind"] == "cmd":
            heapq.heappush(slots, end)
        free.update({user: end - free[user] for user in users})
    return max(free.values(), default=0)


@dataclass
class Work:
    """The commands of a stretch of time, and what the kernel did with pages for them."""

    commands: int = 0
    memory_commands: int = 0
    created_queues: int = 0
    registered: int = 0             # bytes
    nic_ns: int = 0                 # see replay()
    sum_ns: int = 0                 # of all, one after the other
    by_name: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: list[dict]) -> Work:
        """Add up."""
        commands = [line for line in lines if line["kind"] == "cmd"]
        memory = [line for line in commands if line["name"] in MEMORY]
        timed = [line for line in lines if line["kind"] in ("cmd", "pages")]
        names = Counter(line["name"] + (f"({line['obj_type']})" if "obj_type" in line else "") for line in commands)
        return cls(len(commands), len(memory),
                   sum(line["name"] == "CREATE_GENERAL_OBJECT" and line.get("object") == "virtq" for line in commands),
                   sum(line["pinned"] for line in memory if line["pinned"] > 0),
                   replay(timed), sum(line["dur_ns"] for line in timed), dict(names))

    def report(self) -> dict:
        """As a result has it; times in milliseconds."""
        return {"commands": self.commands, "memory_commands": self.memory_commands, "created_queues": self.created_queues,
                "registered": self.registered, "nic_ms": self.nic_ns / 1e6, "sum_ms": self.sum_ns / 1e6,
                "by_name": self.by_name}


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def wait_quiet(path: Path, seconds: float) -> None:
    """Wait until nothing was added to a trace for so long; the NIC is not asked, which takes time of its process."""
    end = time.monotonic() + QUIET_BOUND
    size, since = _size(path), time.monotonic()
    while time.monotonic() < min(end, since + seconds):
        time.sleep(0.02)
        if _size(path) != size:
            size, since = _size(path), time.monotonic()


class TraceFile:
    """The trace of one run, read as it grows."""

    def __init__(self, path: Path, func: str):
        self.path, self.func = path, func
        self.at = 0

    def skip(self) -> None:
        """What there is by now is of no interest."""
        self.at = _size(self.path)

    def wait_quiet(self, seconds: float) -> None:
        """Wait until nothing was added for so long: what was put off is done by then."""
        wait_quiet(self.path, seconds)

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
