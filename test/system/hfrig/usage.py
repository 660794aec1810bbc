# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What a process takes of the machine: its threads, the time that they run, and descriptors."""

from __future__ import annotations

import time
from pathlib import Path

from . import wait


def threads(pid: int) -> int:
    """Of a process, but for those that are the NIC."""
    return len(run_time(pid))


def descriptors(pid: int) -> tuple[int, int]:
    """How many a process has, and for how many the kernel's table of them has room."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    room = next(line.split()[1] for line in status.splitlines() if line.startswith("FDSize:"))
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), int(room)


def open_descriptors(pid: int) -> int:
    """How many a process has when that does not change any more: the NIC's connection with who asked it goes later."""
    return wait.steady(lambda: descriptors(pid)[0])


def run_time(pid: int) -> dict[str, int]:
    """Nanoseconds that each thread of a process has run, but for those that are the NIC."""
    tasks = {t: (t / "comm").read_text().strip() for t in Path(f"/proc/{pid}/task").iterdir()}
    return {f"{t.name} {name}": int((t / "schedstat").read_text().split()[0])
            for t, name in tasks.items() if not name.startswith("nicemu")}


def used(pid: int, seconds: float) -> dict[str, int]:
    """Nanoseconds that each thread runs in the next seconds."""
    before = run_time(pid)
    time.sleep(seconds)
    return {name: ns - before.get(name, 0) for name, ns in run_time(pid).items()}
