# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What was sent and what arrived, compared frame by frame."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hfvhost import frames


@dataclass(frozen=True)
class Verdict:
    """Outcome of a comparison. Frames of strangers (a guest's own chatter) are left out."""

    sent: int
    received: int
    lost: int


def compare(sent: list[bytes], got: list[bytes]) -> Verdict:
    """Every frame that arrived was sent, is whole, and came once; raises AssertionError if not."""
    by_seq = {frames.sequence(f): f for f in sent}
    seen: Counter = Counter()
    for frame in got:
        seq = frames.sequence(frame)
        if seq is None:
            continue
        assert seq in by_seq, f"frame {seq} arrived, but was not sent"
        assert frame == by_seq[seq], f"frame {seq} arrived changed:\n{by_seq[seq].hex()}\n{frame.hex()}"
        seen[seq] += 1
    twice = [seq for seq, n in seen.items() if n > 1]
    assert not twice, f"{len(twice)} frames arrived more than once: {twice[:10]}"
    return Verdict(len(by_seq), len(seen), len(by_seq) - len(seen))
