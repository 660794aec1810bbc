# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Split virtqueues of a guest that two processes share: one moves frames, the other tells the back end where they are.

Descriptors are written once, buffer i belongs to descriptor i, and all that moves is indices: a ring costs a few
operations per frame even in this language.
"""

from __future__ import annotations

import mmap
import struct

from hfvhost.ring import DESC_WRITE, EventFd

BUFFER = 512
RESERVED = 64 << 10         # what the guest's memory begins with stays free
_DESC = struct.Struct("<QIHH")
_HEADER = 12                # struct virtio_net_hdr_v1
_NO_INTERRUPT = 1


class Window:
    """The beginning of the guest's memory, as this process has it mapped, and an allocator that never frees."""

    def __init__(self, fd: int, size: int):
        self.map = mmap.mmap(fd, size, mmap.MAP_SHARED)
        self.view = memoryview(self.map)
        self.brk = RESERVED

    def alloc(self, size: int, align: int) -> int:
        """A guest address."""
        start = -(-self.brk // align) * align
        self.brk = start + size
        if self.brk > len(self.map):
            raise MemoryError(f"{size} bytes do not fit into the guest's first {len(self.map)}")
        return start


class GuestRing:
    """One virtqueue. What hfvhost.net wants to know of a ring: desc, driver, device, size, base, and descriptors."""

    def __init__(self, window: Window, size: int, receives: bool):
        self.size = size
        self.mask = size - 1
        self.receives = receives
        self.desc = window.alloc(16 * size, 16)
        self.driver = window.alloc(6 + 2 * size, 16)
        self.device = window.alloc(6 + 8 * size, 16)
        self.buffers = window.alloc(BUFFER * size, 64)
        self.view = window.view
        self.avail = self._words(self.driver, 6 + 2 * size, "H")
        self.used = self._words(self.device, 6 + 8 * size, "H")
        self.kick_fd, self.call_fd, self.err_fd = EventFd(), EventFd(), EventFd()
        self.next = self.seen = self.kicked = 0

    def _words(self, start: int, length: int, code: str) -> memoryview:
        return self.view[start:start + length].cast(code)

    @property
    def base(self) -> int:
        """What the device has used: where it goes on after a connection was lost (QEMU does the same)."""
        return self.used[1]

    def fresh(self) -> None:
        """As a guest's driver makes it: empty, or with all buffers to receive."""
        self.view[self.desc:self.desc + 16 * self.size] = b"".join(
            _DESC.pack(self.buffers + i * BUFFER, BUFFER, DESC_WRITE if self.receives else 0, 0) for i in range(self.size))
        for start, words in ((self.driver, self.avail), (self.device, self.used)):
            self.view[start:start + 2 * len(words)] = bytes(2 * len(words))
        self.avail[0] = _NO_INTERRUPT
        self.next = self.seen = self.kicked = 0
        if self.receives:
            self.view[self.driver + 4:self.driver + 4 + 2 * self.size] = struct.pack(f"<{self.size}H", *range(self.size))
            self._publish(self.size)

    def resume(self) -> None:
        """Go on where another process has left off; it took all that had arrived, and posted the buffers again."""
        self.next = self.avail[1]
        self.seen = (self.next - self.size) & 0xFFFF if self.receives else 0

    def _publish(self, count: int) -> None:
        self.next = (self.next + count) & 0xFFFF
        self.avail[1] = self.next

    def kick(self) -> None:
        """Ring the doorbell."""
        self.kicked = self.next
        self.kick_fd.signal()

    def send(self, frame: bytes) -> bool:
        """Post one frame; False if the ring is full."""
        if (self.next - self.used[1]) & 0xFFFF >= self.size:
            return False
        ident = self.next & self.mask
        at = self.buffers + ident * BUFFER
        end = at + _HEADER + len(frame)
        self.view[at:at + _HEADER] = bytes(_HEADER)
        self.view[at + _HEADER:end] = frame
        # The length is in the descriptor; all frames of a bench have the same.
        struct.pack_into("<I", self.view, self.desc + 16 * ident + 8, _HEADER + len(frame))
        self.avail[2 + ident] = ident
        self._publish(1)
        return True

    def receive(self) -> list[bytes]:
        """Frames that arrived; their buffers are posted again."""
        frames = []
        while self.seen != self.used[1]:
            at = 2 + 4 * (self.seen & self.mask)
            ident, written = self.used[at], self.used[at + 2]
            start = self.buffers + ident * BUFFER
            frames.append(bytes(self.view[start + _HEADER:start + written]))
            self.avail[2 + (self.next & self.mask)] = ident
            self.seen = (self.seen + 1) & 0xFFFF
            self._publish(1)
        if (self.next - self.kicked) & 0xFFFF >= self.size // 4:
            self.kick()
        return frames

    def close(self) -> None:
        """Close the descriptors; the memory is its window's."""
        for event in (self.kick_fd, self.call_fd, self.err_fd):
            event.close()
