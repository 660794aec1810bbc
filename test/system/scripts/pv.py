# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What the pyverbs scripts share: the device, and mailboxes of the firmware as bytes (layouts: Linux mlx5_ifc.h)."""

import errno
import struct
import unittest

import pyverbs.providers.mlx5.mlx5_enums as dve
from pyverbs.device import get_device_list
from pyverbs.providers.mlx5.mlx5dv import Mlx5Context, Mlx5DVContextAttr, Mlx5DevxObj
from pyverbs.pyverbs_error import PyverbsRDMAError

VF = 1                  # index in the list of devices: the PF comes first
BAD_PARAM, BAD_RES = 3, 5


def open_devx(index=VF):
    """A device, with a user context of the firmware."""
    name = get_device_list()[index].name.decode()
    return Mlx5Context(Mlx5DVContextAttr(flags=dve.MLX5DV_CONTEXT_FLAGS_DEVX), name)


class Box:
    """A mailbox, of which bits are set by position, most significant bit first."""

    def __init__(self, opcode, size, op_mod=0):
        self.data = bytearray(size)
        self.set(0x00, 16, opcode)
        self.set(0x30, 16, op_mod)

    def set(self, bit, width, value):
        """One field; it does not cross more than the bytes that it needs."""
        first, last = bit // 8, (bit + width - 1) // 8
        shift = (last + 1) * 8 - (bit + width)
        old = int.from_bytes(self.data[first:last + 1], "big")
        mask = (1 << width) - 1
        self.data[first:last + 1] = ((old & ~(mask << shift)) | (value & mask) << shift).to_bytes(last + 1 - first, "big")
        return self

    def __bytes__(self):
        return bytes(self.data)


def get(out, bit, width):
    """One field of an answer."""
    first, last = bit // 8, (bit + width - 1) // 8
    return int.from_bytes(bytes(out)[first:last + 1], "big") >> ((last + 1) * 8 - (bit + width)) & ((1 << width) - 1)


def number(obj):
    """The number that the firmware gave an object: dword 2 of the answer."""
    return struct.unpack(">I", bytes(obj.out_view)[8:12])[0]


class Case(unittest.TestCase):
    """With a device."""

    def setUp(self):
        self.ctx = open_devx()
        self.addCleanup(self.ctx.close)

    def create(self, box, outlen=16):
        """An object that goes after the test."""
        obj = Mlx5DevxObj(self.ctx, bytes(box), outlen)
        self.addCleanup(obj.close)
        return obj

    def alloc_pd(self):
        """The number of a protection domain."""
        return number(self.create(Box(0x800, 16)))

    def refused(self, err, call, *args, **kwargs):
        """A call fails with this errno."""
        with self.assertRaises(PyverbsRDMAError) as caught:
            call(*args, **kwargs)
        self.assertEqual(errno.errorcode.get(caught.exception.error_code), errno.errorcode[err])
