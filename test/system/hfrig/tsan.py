# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""
What ThreadSanitizer says of a program, without what is no race of ours.

DPDK is not built with it: that its heap passes memory from one thread to another under a lock is not seen, and the
memset()s of rte_free() and of whoever gets the memory next look like a race.
"""

from __future__ import annotations

import re

DRIVER = "librte_vdpa_holdfast"
STATUS = 66     # of a program of which it said something
ACCESS = re.compile(r"^  (?:Previous )?(?:atomic )?(?:read|write) of size .*?(?=^\s*$)", re.M | re.S | re.I)
FRAME = re.compile(r"^    #\d+ .*$", re.M)
INTERCEPTOR = "libsanitizer"


def is_ours(report: str) -> bool:
    """Whether an access of a race is made by the driver itself, or it is no race but something else."""
    accesses = ACCESS.findall(report)
    innermost = [next((f for f in FRAME.findall(a) if INTERCEPTOR not in f), "") for a in accesses]
    return not accesses or any(DRIVER in frame for frame in innermost)


def reports(text: str) -> list[str]:
    """Those of ours."""
    found = re.findall(r"^WARNING: ThreadSanitizer.*?^={18}$", text, re.M | re.S)
    return [report for report in found if is_ours(report)]
