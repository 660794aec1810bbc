# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The back end's own channel to the front end, and the doorbell pages that it hands over there."""

from __future__ import annotations

import mmap
import os
import socket
import struct
import threading
import time

from . import proto
from .channel import Channel, Closed, NoAnswer
from .memory import PAGE
from .wait import readable

_DOORBELL = struct.Struct("H")


class Doorbell:
    """A page of the NIC, as a guest has it mapped: one write of a queue's index is a kick."""

    def __init__(self, fd: int, size: int, offset: int):
        self.size = size
        self.map = mmap.mmap(fd, max(size, PAGE), mmap.MAP_SHARED, offset=offset)

    def ring(self, index: int) -> None:
        """Kick a queue, as virtio 1.2, 4.1.5.2 says."""
        _DOORBELL.pack_into(self.map, 0, index)


class BackChannel:
    """Serves the back end's requests on a thread of its own: it may ask while we wait for it."""

    def __init__(self, accept: bool = True):
        ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.channel = Channel(ours)
        self.accept = accept                        # whether requests are granted
        self.doorbells: dict[int, Doorbell] = {}    # by queue index
        self.requests: list[int] = []               # what was asked, in order
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _notifier(self, payload: bytes, fds: list[int]) -> int:
        index, size, offset = proto.VRING_AREA.unpack(payload)
        queue = index & 0xFF
        with self.lock:
            if index & proto.NOFD:
                self.doorbells.pop(queue, None)
            elif len(fds) == 1 and self.accept:
                self.doorbells[queue] = Doorbell(fds[0], size, offset)
            else:
                return 1
        return 0

    def _serve(self) -> None:
        while not self.stop.is_set():
            if not readable(self.channel.sock, 0.1):
                continue
            try:
                msg = self.channel.receive(5)
            except (Closed, NoAnswer, OSError):
                return
            self.requests.append(msg.request)
            result = 1
            if msg.request == proto.BackendRequest.VRING_HOST_NOTIFIER:
                result = self._notifier(msg.payload, msg.fds)
            for fd in msg.fds:
                os.close(fd)
            if msg.flags & proto.FLAG_NEED_REPLY:
                self.channel.send(msg.request, proto.U64.pack(result), flags=proto.VERSION | proto.FLAG_REPLY)

    def silence(self) -> None:
        """Stop answering; the channel stays open."""
        self.stop.set()
        self.thread.join(10)

    def wait_doorbell(self, queue: int, timeout: float = 20.0) -> Doorbell:
        """The doorbell of a queue, once the back end has handed it over."""
        end = time.monotonic() + timeout
        while True:
            with self.lock:
                if queue in self.doorbells:
                    return self.doorbells[queue]
            if time.monotonic() > end:
                raise NoAnswer(f"no host notifier for queue {queue} within {timeout} s")
            time.sleep(0.01)

    def close(self) -> None:
        """Stop serving, give back the doorbell pages (they keep the device open), and hang up."""
        self.silence()
        self.doorbells.clear()
        self.channel.close()
        self.theirs.close()
