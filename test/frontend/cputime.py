# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What the threads of a process use."""

from __future__ import annotations

import time
from pathlib import Path


def run_time(pid: int) -> dict[str, int]:
    """Nanoseconds that each thread of a process has run, but for those that are the NIC."""
    tasks = {t: (t / "comm").read_text().strip() for t in Path(f"/proc/{pid}/task").iterdir()}
    return {f"{t.name} {name}": int((t / "schedstat").read_text().split()[0])
            for t, name in tasks.items() if not name.startswith("nicemu")}


def check_idle(pid: int, seconds: float = 1.5) -> None:
    """A process uses less than 2 % of a CPU."""
    before = run_time(pid)
    time.sleep(seconds)
    used = {name: ns - before.get(name, 0) for name, ns in run_time(pid).items()}
    assert sum(used.values()) < 0.02 * seconds * 1e9, {name: ns for name, ns in used.items() if ns > 1e6}


def cpus(pid: int, thread: str) -> str:
    """The CPUs on which a thread of that name may run."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == thread:
            status = (task / "status").read_text()
            return next(line.split()[1] for line in status.splitlines() if line.startswith("Cpus_allowed_list"))
    raise KeyError(thread)
