# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The configuration space of a virtio-net device (virtio 1.2, 5.1.4)."""

from __future__ import annotations

import struct
from dataclasses import astuple, dataclass

from . import proto

_FIELDS = "6sHHHIBBHI"
SIZE = struct.calcsize("<" + _FIELDS)
LINK_UP = 1
SPEED_UNKNOWN = 0xFFFFFFFF
DUPLEX_FULL = 1
DUPLEX_UNKNOWN = 0xFF


@dataclass
class NetConfig:
    """All fields."""

    mac: bytes
    status: int
    max_pairs: int
    mtu: int
    speed: int = SPEED_UNKNOWN          # Mb/s
    duplex: int = DUPLEX_UNKNOWN
    rss_max_key_size: int = 0
    rss_max_table: int = 0
    hash_types: int = 0

    @classmethod
    def parse(cls, data: bytes, order: str = "<") -> NetConfig:
        """From bytes that a device of this byte order gave."""
        return cls(*struct.unpack(order + _FIELDS, data[:SIZE]))

    def pack(self) -> bytes:
        """The bytes that a modern device gives, and the zeros behind them."""
        fields = struct.pack("<" + _FIELDS, *astuple(self))
        return fields + bytes(proto.CONFIG_MAX - len(fields))
