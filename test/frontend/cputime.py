# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What the threads of a process use."""

from __future__ import annotations

from pathlib import Path

from hfrig import usage
from hfrig.wait import until


def check_idle(pid: int, seconds: float = 1.5) -> None:
    """A process uses less than 2 % of a CPU, once it has ended what was under way."""
    used = until(lambda: usage.used(pid, seconds), lambda used: sum(used.values()) < 0.02 * seconds * 1e9)
    assert sum(used.values()) < 0.02 * seconds * 1e9, {name: ns for name, ns in used.items() if ns > 1e6}


def cpus(pid: int, thread: str) -> str:
    """The CPUs on which a thread of that name may run."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == thread:
            status = (task / "status").read_text()
            return next(line.split()[1] for line in status.splitlines() if line.startswith("Cpus_allowed_list"))
    raise KeyError(thread)
