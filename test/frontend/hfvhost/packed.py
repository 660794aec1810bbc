# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Driver of a packed virtqueue (virtio 1.2, 2.8)."""

from __future__ import annotations

import struct
from collections import deque
from itertools import takewhile

from .memory import Memory
from .ring import DESC_INDIRECT, DESC_NEXT, DESC_WRITE, Ring, RingError, Segment, Used

_DESC = struct.Struct("<QIHH")      # address, length, id, flags
_BODY = struct.Struct("<QIH")       # all but the flags, which come last
AVAIL = 1 << 7
USED = 1 << 15
EVENT_ENABLE, EVENT_DISABLE, EVENT_DESC = 0, 1, 2
WRAP = 1 << 15


class PackedRing(Ring):
    """Packed virtqueue."""

    def __init__(self, mem: Memory, index: int, size: int, event_idx: bool = False, region=None,
                 in_order: bool = False):
        super().__init__(mem, index, size, event_idx, region, in_order)
        self.desc = mem.alloc(16 * size, 16, region)
        self.driver = mem.alloc(4, 4, region)
        self.device = mem.alloc(4, 4, region)
        mem.write(self.desc, bytes(16 * size))
        mem.write(self.driver, bytes(4))
        mem.write(self.device, bytes(4))
        self.buffers: dict[int, tuple[object, int]] = {}    # id: token, number of slots
        self.free_ids = deque(range(size))      # the first that is freed is the next to be used
        self.slots = size
        self.next, self.wrap = 0, True
        self.used, self.used_wrap = 0, True
        self.heads: list[tuple[int, int]] = []              # slot and flags that publish() writes
        self.posted = 0                                     # slots since the last publish()

    @property
    def outstanding(self) -> int:
        return len(self.buffers)

    @property
    def unread(self) -> int:
        at, wrap, left, count = self.used, self.used_wrap, dict(self.buffers), 0
        while left:
            entry = self._entry(at, wrap)
            if entry is None or entry[0] not in left:
                break
            for older in self._until(entry[0], left):
                at += left.pop(older)[1]
                count += 1
            if at >= self.size:
                at, wrap = at - self.size, not wrap
        return count

    def _entry(self, slot: int, wrap: bool) -> tuple[int, int] | None:
        """Id and length that the device wrote there, if it is a used entry of this round; length 0 if it wrote no data."""
        where = self.desc + 16 * slot
        if self.mem.read16(where + 14) & (AVAIL | USED) != ((AVAIL | USED) if wrap else 0):
            return None
        _, written, ident, flags = _DESC.unpack(self.mem.read(where, 16))    # after the flags, which come last
        return ident, written if flags & DESC_WRITE else 0

    def _until(self, ident: int, buffers) -> list[int]:
        """What a used entry stands for: with IN_ORDER also the buffers before its own."""
        return [*takewhile(lambda older: older != ident, buffers), ident] if self.in_order else [ident]

    @property
    def free(self) -> int:
        return min(self.slots, len(self.free_ids))

    @property
    def base(self) -> int:
        return self.used | (WRAP if self.used_wrap else 0)

    def _advance(self) -> None:
        self.next += 1
        if self.next == self.size:
            self.next, self.wrap = 0, not self.wrap

    def _slot_flags(self) -> int:
        return AVAIL if self.wrap else USED

    def _write_indirect(self, segments: list[Segment]) -> Segment:
        table = self.mem.alloc(16 * len(segments), 16, self.region)
        for i, seg in enumerate(segments):
            self.mem.write(table + 16 * i, _DESC.pack(seg.gpa, seg.length, 0, DESC_WRITE if seg.writable else 0))
        return Segment(table, 16 * len(segments))

    def post(self, segments: list[Segment], token: object, indirect: bool = False) -> None:
        kind = 0
        if indirect:
            segments, kind = [self._write_indirect(segments)], DESC_INDIRECT
        if len(segments) > self.slots:
            raise IndexError("no free descriptors")
        ident = self.free_ids.popleft()
        for i, seg in enumerate(segments):
            flags = kind | self._slot_flags() | (DESC_WRITE if seg.writable else 0)
            flags |= DESC_NEXT if i < len(segments) - 1 else 0
            self.mem.write(self.desc + 16 * self.next, _BODY.pack(seg.gpa, seg.length, ident))
            if i == 0:
                # The device must not see a chain before it is complete, nor the buffers out of order.
                self.heads.append((self.next, flags))
            else:
                self.mem.write16(self.desc + 16 * self.next + 14, flags)
            self._advance()
        self.buffers[ident] = (token, len(segments))
        self.slots -= len(segments)
        self.posted += len(segments)

    def publish(self) -> bool:
        # From the last to the first: the device stops at a head that is not there yet, so it sees all or nothing.
        for slot, flags in reversed(self.heads):
            self.mem.write16(self.desc + 16 * slot + 14, flags)
        self.heads = []
        posted, self.posted = self.posted, 0
        flags = self.mem.read16(self.device + 2) & 3
        if flags != EVENT_DESC:
            return flags == EVENT_ENABLE
        event = self.mem.read16(self.device)
        offset = (event & ~WRAP) - (0 if bool(event & WRAP) == self.wrap else self.size)
        return (self.next - offset - 1) & 0xFFFF < posted

    def _take(self) -> list[Used]:
        entry = self._entry(self.used, self.used_wrap)
        if entry is None:
            return []
        ident, written = entry
        if ident not in self.buffers:
            raise RingError(f"ring {self.index}: the device gave back {ident}, which it did not have")
        done = [Used(self._free(older), 0) for older in self._until(ident, self.buffers)[:-1]]
        return [*done, Used(self._free(ident), written)]

    def _free(self, ident: int) -> object:
        """A buffer that was used; its token."""
        token, count = self.buffers.pop(ident)
        self.free_ids.append(ident)
        self.slots += count
        self.used += count
        if self.used >= self.size:
            self.used, self.used_wrap = self.used - self.size, not self.used_wrap
        return token

    def poll(self) -> list[Used]:
        done: list[Used] = []
        while self.buffers:
            used = self._take()
            if not used:
                break
            done += used
        if done and self.event_idx and self.mem.read16(self.driver + 2) == EVENT_DESC:
            self.mem.write16(self.driver, self.base)
        return done

    def want_calls(self, wanted: bool) -> None:
        if not wanted:
            self.mem.write16(self.driver + 2, EVENT_DISABLE)
        elif self.event_idx:
            self.mem.write16(self.driver, self.base)
            self.mem.write16(self.driver + 2, EVENT_DESC)
        else:
            self.mem.write16(self.driver + 2, EVENT_ENABLE)
