# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Ethernet frames that can be told apart: each has a sequence number, belongs to a flow, and proves its payload."""

from __future__ import annotations

import functools
import ipaddress
import struct
import zlib
from dataclasses import dataclass

ETH = struct.Struct("!6s6sH")
IPV4 = struct.Struct("!BBHHHBBH4s4s")
IPV6 = struct.Struct("!IHBB16s16s")
UDP = struct.Struct("!HHHH")
TCP = struct.Struct("!HHIIBBHHH")
MARK = struct.Struct("!4sIII")      # magic, sequence number, length of the filling, its CRC
MAGIC = b"HFst"
MIN_FRAME = 60


def mac(text: str) -> bytes:
    """Six bytes of 'aa:bb:...'."""
    return bytes.fromhex(text.replace(":", ""))


@dataclass(frozen=True)
class Flow:
    """What RSS sees of a packet."""

    proto: str = "udp4"     # udp4, tcp4, udp6, tcp6, ip4, ip6, raw
    src: str = "10.0.0.1"
    dst: str = "10.0.0.2"
    sport: int = 1000
    dport: int = 2000

    @property
    def ipv6(self) -> bool:
        """Whether addresses have 16 bytes."""
        return self.proto.endswith("6")

    @functools.lru_cache(4096)
    def addresses(self) -> tuple[bytes, bytes]:
        """Source and destination in network order."""
        return ipaddress.ip_address(self.src).packed, ipaddress.ip_address(self.dst).packed


def flows(count: int, proto: str = "udp4") -> list[Flow]:
    """Many flows of a kind."""
    net = "fd00::%x" if proto.endswith("6") else "10.1.0.%d"
    return [Flow(proto, net % (i % 200 + 1), net % (i % 7 + 201), 1024 + 7 * i, 53 + i % 11) for i in range(count)]


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _l4(flow: Flow, payload: bytes) -> tuple[int, bytes]:
    if flow.proto.startswith("udp"):
        # A checksum of 0 says that there is none; nothing on the way may touch it.
        return 17, UDP.pack(flow.sport, flow.dport, UDP.size + len(payload), 0) + payload
    if flow.proto.startswith("tcp"):
        return 6, TCP.pack(flow.sport, flow.dport, 1, 1, 5 << 4, 0x10, 1024, 0, 0) + payload
    return 253, payload


@functools.lru_cache(256)
def _filling(start: int) -> bytes:
    return bytes((start + i * 13) & 0xFF for i in range(251)) * 40


def build(flow: Flow, dst: bytes, src: bytes, seq: int, size: int = 128) -> bytes:
    """A frame of 'size' bytes (or as few as its headers need) with a sequence number and a filling made from it."""
    headers = ETH.size
    if flow.proto != "raw":
        headers += IPV6.size if flow.ipv6 else IPV4.size
        headers += {"udp": UDP.size, "tcp": TCP.size}.get(flow.proto[:3], 0)
    fill = max(max(size, MIN_FRAME) - headers - MARK.size, 0)
    filling = _filling(seq * 7 & 0xFF)[:fill]
    payload = MARK.pack(MAGIC, seq, fill, zlib.crc32(filling)) + filling
    if flow.proto == "raw":
        return ETH.pack(dst, src, 0x88B5) + payload
    number, body = _l4(flow, payload)
    saddr, daddr = flow.addresses()
    if flow.ipv6:
        return ETH.pack(dst, src, 0x86DD) + IPV6.pack(6 << 28, len(body), number, 64, saddr, daddr) + body
    head = IPV4.pack(0x45, 0, IPV4.size + len(body), seq & 0xFFFF, 0, 64, number, 0, saddr, daddr)
    head = head[:10] + struct.pack("!H", _checksum(head)) + head[12:]
    return ETH.pack(dst, src, 0x0800) + head + body


def sequence(frame: bytes) -> int | None:
    """The sequence number of a frame of ours whose filling is intact; None for a stranger, ValueError if damaged."""
    at = frame.find(MAGIC, ETH.size)
    if at < 0:
        return None
    _, seq, fill, crc = MARK.unpack_from(frame, at)
    filling = frame[at + MARK.size:at + MARK.size + fill]
    if len(filling) != fill or zlib.crc32(filling) != crc:
        raise ValueError(f"frame {seq} is damaged: {frame.hex()}")
    return seq
