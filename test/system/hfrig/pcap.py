# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Capture files in the classic pcap format (microseconds, Ethernet)."""

from __future__ import annotations

import struct
from pathlib import Path

_FILE = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
_MAGIC = 0xA1B2C3D4
_MAGIC_NS = 0xA1B23C4D
_ETHERNET = 1


def write(path: Path | str, frames: list[bytes]) -> None:
    """Write frames to a file."""
    with open(path, "wb") as out:
        out.write(_FILE.pack(_MAGIC, 2, 4, 0, 0, 65535, _ETHERNET))
        for i, frame in enumerate(frames):
            out.write(_RECORD.pack(i // 1000000, i % 1000000, len(frame), len(frame)) + frame)


def read(path: Path | str) -> list[bytes]:
    """All whole frames of a file; a writer that was killed may have left half of one."""
    data = Path(path).read_bytes()
    if len(data) < _FILE.size:
        return []
    if _FILE.unpack_from(data)[0] not in (_MAGIC, _MAGIC_NS):
        raise ValueError(f"{path} is no capture file")
    frames, at = [], _FILE.size
    while at + _RECORD.size <= len(data):
        length = _RECORD.unpack_from(data, at)[2]
        at += _RECORD.size
        if at + length > len(data):
            break
        frames.append(data[at:at + length])
        at += length
    return frames
