# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The log of written pages that a migration reads: a bit for each page of the guest's addresses."""

import ctypes
import mmap
import os
from functools import partial

from . import proto
from .proto import Request

EXCHANGE = ctypes.CDLL("libatomic.so.1")["__atomic_exchange_8"]     # a library of the compiler
EXCHANGE.restype = ctypes.c_uint64
SEQ_CST = 5


class Log:
    """A dirty log of so many bytes, shared with the back end."""

    def __init__(self, size: int):
        self.size = size
        self.fd = os.memfd_create("hf-log", os.MFD_CLOEXEC)
        os.ftruncate(self.fd, size)
        self.map = mmap.mmap(self.fd, size, mmap.MAP_SHARED)

    def hand_over(self, dev, need_reply: bool = False) -> None:
        """SET_LOG_BASE, which is answered without a payload, or with an error if that is asked for."""
        say = partial(dev.channel.tell, need_reply=True) if need_reply else dev.channel.ask
        say(Request.SET_LOG_BASE, proto.U64.pack(self.size) + proto.U64.pack(0), [self.fd])

    def pages(self) -> set[int]:
        """Numbers of the pages that are in the log."""
        return {8 * at + bit for at, byte in enumerate(self.map[:]) if byte for bit in range(8) if byte >> bit & 1}

    def take(self) -> set[int]:
        """Pages that are in the log, which is empty then: a word at a time, as QEMU takes them."""
        taken = set()
        words = (ctypes.c_uint64 * (self.size // 8)).from_buffer(self.map)
        for at in [at for at, word in enumerate(words) if word]:
            address = ctypes.c_void_p(ctypes.addressof(words) + 8 * at)
            word = EXCHANGE(address, ctypes.c_uint64(0), SEQ_CST)
            taken |= {64 * at + bit for bit in range(64) if word >> bit & 1}
        return taken

    def clear(self) -> None:
        """Forget all."""
        self.map[:] = bytes(self.size)

    def close(self) -> None:
        """Give back what is ours."""
        os.close(self.fd)
        self.map.close()
