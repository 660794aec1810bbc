# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Driver of a split virtqueue (virtio 1.2, 2.7), of a modern guest or a legacy one of either byte order (2.7.2, 2.4.3)."""

from __future__ import annotations

import struct
from collections import deque
from itertools import takewhile

from .memory import Memory
from .ring import DESC_INDIRECT, DESC_NEXT, DESC_WRITE, Ring, RingError, Segment, Used, need_event

_DESC = "QIHH"      # address, length, flags, next
_USED = "II"        # id, length
AVAIL_NO_INTERRUPT = 1
USED_NO_NOTIFY = 1
LEGACY_ALIGN = 4096     # of the used ring behind the other two areas


def swap16(value: int) -> int:
    """The other byte order."""
    return value >> 8 | (value & 0xFF) << 8


class SplitRing(Ring):
    """Split virtqueue; the areas are apart, or one behind the other as legacy guests have them."""

    def __init__(self, mem: Memory, index: int, size: int, event_idx: bool = False, region=None,
                 in_order: bool = False, legacy: bool = False, big_endian: bool = False):
        super().__init__(mem, index, size, event_idx, region, in_order)
        order = ">" if big_endian else "<"
        self._desc, self._used = struct.Struct(order + _DESC), struct.Struct(order + _USED)
        self._swap = big_endian
        if legacy:
            used = -(-(16 * size + 6 + 2 * size) // LEGACY_ALIGN) * LEGACY_ALIGN
            self.desc = mem.alloc(used + 6 + 8 * size, LEGACY_ALIGN, region)
            self.driver = self.desc + 16 * size
            self.device = self.desc + used
        else:
            self.desc = mem.alloc(16 * size, 16, region)
            self.driver = mem.alloc(6 + 2 * size, 2, region)
            self.device = mem.alloc(6 + 8 * size, 4, region)
        self.free_ids = deque(range(size))      # the first that is freed is the next to be used, as IN_ORDER wants it
        self.chains: dict[int, tuple[object, list[int]]] = {}
        self.avail_idx = 0      # what is written, not necessarily published
        self.shown_idx = 0
        self.used_idx = 0
        for area, length in ((self.desc, 16 * size), (self.driver, 6 + 2 * size), (self.device, 6 + 8 * size)):
            mem.write(area, bytes(length))

    def read16(self, gpa: int) -> int:
        """A number of the ring that the device may be writing."""
        value = self.mem.read16(gpa)
        return swap16(value) if self._swap else value

    def write16(self, gpa: int, value: int) -> None:
        """A number of the ring that the device may be reading."""
        self.mem.write16(gpa, swap16(value & 0xFFFF) if self._swap else value)

    @property
    def outstanding(self) -> int:
        return len(self.chains)

    @property
    def unread(self) -> int:
        return (self.read16(self.device + 2) - self.used_idx) & 0xFFFF

    @property
    def free(self) -> int:
        return len(self.free_ids)

    @property
    def base(self) -> int:
        return self.used_idx

    def _write(self, ids: list[int], segments: list[Segment]) -> None:
        for i, (ident, seg) in enumerate(zip(ids, segments)):
            last = i == len(ids) - 1
            flags = (DESC_WRITE if seg.writable else 0) | (0 if last else DESC_NEXT)
            self.mem.write(self.desc + 16 * ident,
                           self._desc.pack(seg.gpa, seg.length, flags, 0 if last else ids[i + 1]))

    def _write_indirect(self, ident: int, segments: list[Segment]) -> None:
        table = self.mem.alloc(16 * len(segments), 16, self.region)
        for i, seg in enumerate(segments):
            last = i == len(segments) - 1
            flags = (DESC_WRITE if seg.writable else 0) | (0 if last else DESC_NEXT)
            self.mem.write(table + 16 * i, self._desc.pack(seg.gpa, seg.length, flags, 0 if last else i + 1))
        self.mem.write(self.desc + 16 * ident, self._desc.pack(table, 16 * len(segments), DESC_INDIRECT, 0))

    def post(self, segments: list[Segment], token: object, indirect: bool = False) -> None:
        ids = [self.free_ids.popleft() for _ in range(1 if indirect else len(segments))]
        if indirect:
            self._write_indirect(ids[0], segments)
        else:
            self._write(ids, segments)
        self.chains[ids[0]] = (token, ids)
        self.write16(self.driver + 4 + 2 * (self.avail_idx % self.size), ids[0])
        self.avail_idx = (self.avail_idx + 1) & 0xFFFF

    def publish(self) -> bool:
        old, self.shown_idx = self.shown_idx, self.avail_idx
        self.write16(self.driver + 2, self.avail_idx)
        if self.event_idx:
            return need_event(self.read16(self.device + 4 + 8 * self.size), self.avail_idx, old)
        return not self.read16(self.device) & USED_NO_NOTIFY

    def poll(self) -> list[Used]:
        done = []
        idx = self.read16(self.device + 2)
        if (idx - self.used_idx) & 0xFFFF > self.size:
            raise RingError(f"ring {self.index}: used index {idx}, ours {self.used_idx}, size {self.size}")
        while self.used_idx != idx:
            ident, written = self._used.unpack(self.mem.read(self.device + 4 + 8 * (self.used_idx % self.size), 8))
            if ident not in self.chains:
                raise RingError(f"ring {self.index}: the device gave back {ident}, which it did not have")
            for skipped in self._before(ident):
                done.append(Used(self._free(skipped), 0))
            done.append(Used(self._free(ident), written))
        if self.event_idx and done and not self._calls_off:
            self.write16(self.driver + 4 + 2 * self.size, self.used_idx)
        return done

    def _before(self, ident: int) -> list[int]:
        """Chains that a used entry stands for, too: those that were posted before, in order."""
        return list(takewhile(lambda head: head != ident, self.chains)) if self.in_order else []

    def _free(self, head: int) -> object:
        """A chain that was used; its token."""
        token, ids = self.chains.pop(head)
        self.free_ids += ids
        self.used_idx = (self.used_idx + 1) & 0xFFFF
        return token

    _calls_off = False

    def want_calls(self, wanted: bool) -> None:
        self._calls_off = not wanted
        if self.event_idx:
            # An index just behind us is the furthest one away: no call for a whole round.
            event = self.used_idx if wanted else self.used_idx - 1
            self.write16(self.driver + 4 + 2 * self.size, event)
        else:
            self.write16(self.driver, 0 if wanted else AVAIL_NO_INTERRUPT)
