# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Waiting for what another thread or program does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], accept: Callable[[T], bool] = bool, timeout: float = 20.0) -> T:
    """Look until what is seen is accepted, or the time is over; what was seen last, for the caller to judge."""
    end = time.monotonic() + timeout
    while not accept(seen := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return seen


def steady(look: Callable[[], T], times: int = 5) -> T:
    """What is seen when it is the same so often: something that was under way has ended."""
    seen = [look()]
    while seen[-times:] != [seen[-1]] * times:
        time.sleep(0.05)
        seen.append(look())
    return seen[-1]
