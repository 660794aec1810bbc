# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Frames whose checksums, or segments, are left to the device; and what has to come of them (virtio 1.2, 5.1.6)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .frames import ETH, IPV4, IPV6, TCP, UDP, Flow

NEEDS_CSUM = 1
DATA_VALID = 2
GSO_NONE, GSO_TCPV4, GSO_TCPV6 = 0, 1, 4

_HEADER = "BBHHHHH"     # flags, gso type, header length, gso size, csum start, csum offset, buffers
_CSUM_OFFSET = {6: 16, 17: 6}
PSH, FIN, ACK = 0x08, 0x01, 0x10


def ones_sum(data: bytes) -> int:
    """One's complement sum of 16-bit words, not inverted."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _pseudo(flow: Flow, number: int, length: int) -> bytes:
    src, dst = flow.addresses()
    return src + dst + (struct.pack("!IxxxB", length, number) if flow.ipv6 else struct.pack("!xBH", number, length))


def unfinished(flow: Flow, dst: bytes, src: bytes, payload: bytes, gso_size: int = 0,
               byte_order: str = "little") -> tuple[bytes, bytes]:
    """virtio-net header and frame of a TCP or UDP packet whose checksum field holds the pseudo header's sum."""
    tcp = flow.proto.startswith("tcp")
    number, size = (6, TCP.size) if tcp else (17, UDP.size)
    # The pseudo header's length is that of the packet; segmenting replaces it.
    part = ones_sum(_pseudo(flow, number, size + len(payload)))
    if tcp:
        l4 = TCP.pack(flow.sport, flow.dport, 1000, 1, 5 << 4, ACK | PSH | FIN, 1024, part, 0)
    else:
        l4 = UDP.pack(flow.sport, flow.dport, size + len(payload), part)
    saddr, daddr = flow.addresses()
    if flow.ipv6:
        l3 = IPV6.pack(6 << 28, size + len(payload), number, 64, saddr, daddr)
    else:
        l3 = IPV4.pack(0x45, 0, IPV4.size + size + len(payload), 7, 0, 64, number, 0, saddr, daddr)
        l3 = l3[:10] + struct.pack("!H", ~ones_sum(l3) & 0xFFFF) + l3[12:]
    start = ETH.size + len(l3)
    gso = GSO_NONE if not gso_size else GSO_TCPV6 if flow.ipv6 else GSO_TCPV4
    pack = struct.Struct((">" if byte_order == "big" else "<") + _HEADER).pack
    header = pack(NEEDS_CSUM, gso, start + size if gso_size else 0, gso_size, start, _CSUM_OFFSET[number], 0)
    return header, ETH.pack(dst, src, 0x86DD if flow.ipv6 else 0x0800) + l3 + l4 + payload


@dataclass(frozen=True)
class Finished:
    """What is in a frame whose lengths and checksums are right."""

    payload: bytes
    ident: int = 0      # of IPv4
    seq: int = 0        # of TCP
    flags: int = 0      # of TCP


def check(flow: Flow, frame: bytes) -> Finished:
    """Hold every length and checksum of a frame against its content; raises AssertionError if one is wrong."""
    at = ETH.size
    if flow.ipv6:
        _, length, number, _, _, _ = IPV6.unpack_from(frame, at)
        ident = 0
        at += IPV6.size
        assert at + length == len(frame), f"IPv6 length {length} in a frame of {len(frame)}"
    else:
        _, _, total, ident, _, _, number, _, _, _ = IPV4.unpack_from(frame, at)
        assert ETH.size + total == len(frame), f"IPv4 length {total} in a frame of {len(frame)}"
        assert ones_sum(frame[at:at + IPV4.size]) == 0xFFFF, "IPv4 header checksum"
        at += IPV4.size
    l4 = frame[at:]
    assert ones_sum(_pseudo(flow, number, len(l4)) + l4) == 0xFFFF, "checksum of layer 4"
    if number == 17:
        assert UDP.unpack_from(l4)[2] == len(l4), "UDP length"
        return Finished(l4[UDP.size:], ident)
    _, _, seq, _, _, flags, _, _, _ = TCP.unpack_from(l4)
    return Finished(l4[TCP.size:], ident, seq, flags)


def header_flags(header: bytes) -> int:
    """Flags of a virtio-net header."""
    return header[0]
