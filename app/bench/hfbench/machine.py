# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What something was measured on, in general terms: a reader has to know, and no name of a machine says it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path


def _first(pattern: str, path: str, default: str = "unknown") -> str:
    match = re.search(pattern, Path(path).read_text(encoding="utf-8"), re.M)
    return match.group(1).strip() if match else default


def _bytes(text: str) -> int:
    number = re.fullmatch(r"(\d+)([KMG]?)", text.strip())
    return int(number.group(1)) << {"": 0, "K": 10, "M": 20, "G": 30}[number.group(2)] if number else 0


def caches() -> dict[str, int]:
    """Bytes of each cache of the first CPU, by level: L1 is that of data. Empty where the kernel does not tell."""
    found = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if (index / "type").read_text(encoding="ascii").strip() != "Instruction":
            found["L" + (index / "level").read_text(encoding="ascii").strip()] = \
                _bytes((index / "size").read_text(encoding="ascii"))
    return found


def _version(package: str) -> str:
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, timeout=20,
                          check=False)
    return done.stdout or "unknown"


def describe() -> dict:
    """CPU, caches, memory, kernel, and the versions of what takes part."""
    memory = int(_first(r"^MemTotal:\s+(\d+)", "/proc/meminfo", "0"))
    return {"cpu": _first(r"^model name\s*:\s*(.*)$", "/proc/cpuinfo"),
            "cpus": len(os.sched_getaffinity(0)),
            "virtual": "hypervisor" in _first(r"^flags\s*:\s*(.*)$", "/proc/cpuinfo").split(),
            "caches": caches(),
            "memory_gib": round(memory / (1 << 20), 1),
            "kernel": platform.release(),
            "dpdk": _version("dpdk"),
            "rdma_core": _version("libmlx5-1") if _version("libmlx5-1") != "unknown" else _version("ibverbs-providers")}


def sentence(what: dict) -> str:
    """The same for people."""
    sizes = ", ".join(f"{level} {size >> 10} KiB" for level, size in what["caches"].items())
    kind = "virtual machine" if what["virtual"] else "machine"
    return (f"{kind} with {what['cpus']} CPUs ({what['cpu']}; {sizes}), {what['memory_gib']} GiB, "
            f"Linux {what['kernel']}, DPDK {what['dpdk']}, rdma-core {what['rdma_core']}")
