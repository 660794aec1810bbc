# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Guest memory: objects that back it, regions that show them to the guest, and tables of regions."""

from __future__ import annotations

import fcntl
import mmap
import os
from dataclasses import dataclass

from . import proto

PAGE = 4096
UVA_BASE = 0x7E00_0000_0000     # the front end's user addresses are made up: guest address plus this

_MFD_CLOEXEC = 1
_MFD_ALLOW_SEALING = 2
_MFD_HUGETLB = 4


class Backing:
    """A memory object with a descriptor: a memfd, of huge pages if wanted. Sparse until written. Sealed: it cannot shrink."""

    def __init__(self, size: int, hugetlb: bool = False, name: str = "hf-guest", sealed: bool = False):
        self.size = size
        self.fd = os.memfd_create(name, _MFD_CLOEXEC | _MFD_ALLOW_SEALING | (_MFD_HUGETLB if hugetlb else 0))
        os.ftruncate(self.fd, size)
        if sealed:
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)

    def close(self) -> None:
        """Close the descriptor; mappings stay."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


@dataclass
class Region:
    """A part of the guest's address space and what backs it."""

    gpa: int
    size: int
    backing: Backing
    offset: int = 0             # in the backing object
    uva: int = 0

    def __post_init__(self) -> None:
        self.uva = self.uva or UVA_BASE + self.gpa
        self.map = mmap.mmap(self.backing.fd, self.size, mmap.MAP_SHARED, offset=self.offset)
        self.words = memoryview(self.map).cast("H")     # struct.pack_into() would write a 0 first
        self.brk = 0            # allocator: first free byte

    def entry(self) -> bytes:
        """The region as SET_MEM_TABLE has it."""
        return proto.MEM_REGION.pack(self.gpa, self.size, self.uva, self.offset)


class Memory:
    """The guest's memory: regions, access by guest address, and an allocator that never frees."""

    def __init__(self) -> None:
        self.regions: list[Region] = []

    @classmethod
    def simple(cls, size: int = 64 << 20) -> Memory:
        """One region at guest address 0, whose first page is left alone."""
        mem = cls()
        mem.add(0, size).brk = PAGE
        return mem

    def add(self, gpa: int, size: int, backing: Backing | None = None, offset: int = 0) -> Region:
        """Add a region; without a backing object it gets one of its own."""
        region = Region(gpa, size, backing or Backing(size), offset)
        self.regions.append(region)
        return region

    def remove(self, region: Region) -> None:
        """Take a region out of the table. Its memory lives on until nobody maps it."""
        self.regions.remove(region)

    def table(self, order: list[int] | None = None) -> tuple[bytes, list[int]]:
        """Payload and descriptors of SET_MEM_TABLE, in the order of the regions' indices that is given."""
        regions = [self.regions[i] for i in order] if order else self.regions
        payload = proto.MEM_HEAD.pack(len(regions), 0) + b"".join(r.entry() for r in regions)
        return payload, [r.backing.fd for r in regions]

    def find(self, gpa: int, length: int = 1) -> Region:
        """The region that holds a range of guest addresses."""
        for region in self.regions:
            if region.gpa <= gpa and gpa + length <= region.gpa + region.size:
                return region
        raise ValueError(f"guest range {gpa:#x}+{length:#x} is in no region")

    def uva(self, gpa: int) -> int:
        """The front end's user address of a guest address, as SET_VRING_ADDR wants it."""
        region = self.find(gpa)
        return gpa - region.gpa + region.uva

    def alloc(self, size: int, align: int = 64, region: Region | None = None) -> int:
        """Guest address of fresh memory, from the given region or the first that has room."""
        for candidate in [region] if region else self.regions:
            start = -(-(candidate.gpa + candidate.brk) // align) * align
            if start + size <= candidate.gpa + candidate.size:
                candidate.brk = start + size - candidate.gpa
                return start
        raise MemoryError(f"no room for {size} bytes of guest memory")

    def read(self, gpa: int, length: int) -> bytes:
        """Bytes at a guest address."""
        region = self.find(gpa, length)
        return region.map[gpa - region.gpa:gpa - region.gpa + length]

    def write(self, gpa: int, data: bytes) -> None:
        """Put bytes at a guest address."""
        region = self.find(gpa, len(data))
        region.map[gpa - region.gpa:gpa - region.gpa + len(data)] = data

    def read16(self, gpa: int) -> int:
        """A 16-bit number that the device may be writing; read at once."""
        region = self.find(gpa, 2)
        return region.words[(gpa - region.gpa) // 2]

    def write16(self, gpa: int, value: int) -> None:
        """A 16-bit number that the device may be reading; written at once."""
        region = self.find(gpa, 2)
        region.words[(gpa - region.gpa) // 2] = value & 0xFFFF

    def close(self) -> None:
        """Give all of it back."""
        for region in self.regions:
            region.backing.close()
        self.regions = []
