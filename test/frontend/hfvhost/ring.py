# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What the drivers of split and packed virtqueues share."""

from __future__ import annotations

import abc
import os
import struct
import time
from dataclasses import dataclass

from .memory import Memory
from .wait import readable

DESC_NEXT = 1
DESC_WRITE = 2
DESC_INDIRECT = 4

_U64 = struct.Struct("=Q")


@dataclass(frozen=True)
class Segment:
    """One descriptor's worth of guest memory."""

    gpa: int
    length: int
    writable: bool = False


@dataclass(frozen=True)
class Used:
    """A buffer that the device gave back."""

    token: object       # what was given to post()
    written: int        # bytes that the device says it wrote


class RingError(Exception):
    """The device did what no device may: gave back what it never had, or twice."""


class EventFd:
    """An eventfd of the ring: kick, call or error."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def signal(self) -> None:
        """Ring it."""
        os.write(self.fd, _U64.pack(1))

    def wait(self, timeout: float) -> int:
        """Wait until it was rung; the number of rings, 0 if none in time."""
        if not readable(self.fd, timeout):
            return 0
        return _U64.unpack(os.read(self.fd, 8))[0]

    def close(self) -> None:
        """Close it."""
        os.close(self.fd)


class Ring(abc.ABC):
    """A virtqueue from the guest's side. Buffers are posted, published, kicked, and come back as Used."""

    def __init__(self, mem: Memory, index: int, size: int, event_idx: bool = False, region=None,
                 in_order: bool = False):
        self.mem = mem
        self.index = index
        self.size = size
        self.event_idx = event_idx
        self.in_order = in_order        # a used entry may stand for those before it, too
        self.kick_fd = EventFd()
        self.call_fd = EventFd()
        self.err_fd = EventFd()
        self.region = region
        self.desc = self.driver = self.device = 0   # guest addresses of the three areas
        self.kicks = 0                              # how often the device wanted to be kicked, and was

    @property
    @abc.abstractmethod
    def outstanding(self) -> int:
        """Buffers that the device has."""

    @property
    @abc.abstractmethod
    def unread(self) -> int:
        """Buffers that the device has given back, and poll() has not seen."""

    @property
    @abc.abstractmethod
    def free(self) -> int:
        """Descriptors that are free."""

    @property
    @abc.abstractmethod
    def base(self) -> int:
        """Where the device is to begin, in SET_VRING_BASE's form: nothing that was posted has been used."""

    @abc.abstractmethod
    def post(self, segments: list[Segment], token: object, indirect: bool = False) -> None:
        """Write descriptors for one buffer. The device sees them after publish()."""

    @abc.abstractmethod
    def publish(self) -> bool:
        """Show the device what was posted. True if it wants a kick for it."""

    @abc.abstractmethod
    def poll(self) -> list[Used]:
        """What the device gave back since the last call."""

    @abc.abstractmethod
    def want_calls(self, wanted: bool) -> None:
        """Ask for interrupts, or for none."""

    def kick(self, wanted: bool = True) -> None:
        """Ring the doorbell if the device wants it."""
        if wanted:
            self.kicks += 1
            self.kick_fd.signal()

    def flush(self) -> None:
        """Publish what was posted, and kick if the device wants that."""
        self.kick(self.publish())

    def wait(self, count: int, timeout: float = 20.0) -> list[Used]:
        """Poll until so many buffers came back; raises TimeoutError with how many did."""
        done: list[Used] = []
        end = time.monotonic() + timeout
        while len(done) < count:
            got = self.poll()
            done += got
            if not got:
                if time.monotonic() > end:
                    raise TimeoutError(f"ring {self.index}: {len(done)} of {count} buffers came back "
                                       f"within {timeout} s")
                time.sleep(0.0005)
        return done

    def close(self) -> None:
        """Close the event descriptors."""
        for event in (self.kick_fd, self.call_fd, self.err_fd):
            event.close()


def need_event(event: int, new: int, old: int) -> bool:
    """virtio 1.2, 2.7.10: did the index that asks for an event lie between the old and the new one?"""
    return (new - event - 1) & 0xFFFF < (new - old) & 0xFFFF
