# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Waiting for a descriptor, whatever its number: select() takes none from 1024 on, and 64 guests have more."""

from __future__ import annotations

import select


def readable(file, timeout: float) -> bool:
    """Wait for something to read, for at most that many seconds; False: there is nothing."""
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(max(0.0, timeout) * 1000))
