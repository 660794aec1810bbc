# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The RSS hash, written from its definition: for each set bit of the input, 32 bits of the key from that position."""

from __future__ import annotations

import struct

from hfvhost.frames import Flow

# The key of Microsoft's verification suite for RSS.
KEY = bytes.fromhex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa")


def toeplitz(key: bytes, data: bytes) -> int:
    """32-bit Toeplitz hash of data."""
    number = int.from_bytes(key, "big")
    bits = len(key) * 8
    result = 0
    for i, byte in enumerate(data):
        for j in range(8):
            if byte & (0x80 >> j):
                result ^= (number >> (bits - 32 - (8 * i + j))) & 0xFFFFFFFF
    return result


def _symmetric(a: bytes, b: bytes) -> bytes:
    """What a symmetric hash puts in place of a pair: a|b and a^b (ethtool's symmetric-or-xor)."""
    return bytes(x | y for x, y in zip(a, b)) + bytes(x ^ y for x, y in zip(a, b))


def hash_input(flow: Flow, symmetric: bool = True) -> bytes:
    """What is hashed of a flow: addresses, and ports if the protocol has them."""
    src, dst = flow.addresses()
    join = _symmetric if symmetric else bytes.__add__
    if flow.proto.startswith("ip"):
        return join(src, dst)
    return join(src, dst) + join(struct.pack("!H", flow.sport), struct.pack("!H", flow.dport))
