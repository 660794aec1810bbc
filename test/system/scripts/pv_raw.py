#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""pyverbs: raw Ethernet through DevX, sent by one VF and received by another.

Layouts: Linux mlx5_ifc.h (contexts), rdma-core mlx5dv.h (entries of work and completion queues).
"""

import ctypes
import mmap
import struct
import time
import unittest

import pyverbs.enums as e
import pyverbs.providers.mlx5.mlx5_enums as dve
from pyverbs.providers.mlx5.dr_action import DrActionDestTir, DrActionTag
from pyverbs.providers.mlx5.dr_domain import DrDomain
from pyverbs.providers.mlx5.dr_matcher import DrMatcher
from pyverbs.providers.mlx5.dr_rule import DrRule
from pyverbs.providers.mlx5.dr_table import DrTable
from pyverbs.providers.mlx5.mlx5dv import Mlx5UAR, Mlx5UMEM
from pyverbs.providers.mlx5.mlx5dv_flow import Mlx5FlowMatchParameters
from pv import VF, Box, Case, get, number, open_devx

RW = e.IBV_ACCESS_LOCAL_WRITE
MKC, CQC, CTX, WQ = 0x80, 0x80, 0x100, 0x280        # where contexts begin in mailboxes of create, in bits
RING, RING_DBR, CQ, CQ_DBR, BUFS, SIZE = 0, 0x1000, 0x2000, 0x3000, 0x4000, 0x40000
LOG, ENTRIES = 4, 16
RST, RDY, ERR = 0, 1, 3
REQ, RESP_SEND, RESP_ERR, INVALID = 0x0, 0x2, 0xe, 0xf
LOCAL_PROT, WR_FLUSH = 0x04, 0x05
NO_KEY = 0x100                                      # ends a scatter list
TAG = 0x5eed
MACS = [bytes.fromhex(f"0c42a10e000{i + 1}") for i in range(2)]
L3_OK, L4_OK, IPV4, UDP = 0x200, 0x400, 0x8, 0x20   # hdr_type_etc of a completion


def ones_sum(data):
    """The internet checksum's sum, not inverted."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def udp_frame(size, seed, checksum=True):
    """A frame of 'size' bytes; without a checksum of UDP it has that of the pseudo header, as offload wants it."""
    payload = bytes((i * 31 + seed) & 0xff for i in range(size - 42))
    udp_len = 8 + len(payload)
    src, dst = b"\x0a\0\0\1", b"\x0a\0\0\2"
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + udp_len, seed, 0, 64, 17, 0) + src + dst
    pseudo = src + dst + struct.pack(">BBH", 0, 17, udp_len)
    if checksum:
        head = head[:10] + struct.pack(">H", ones_sum(head) ^ 0xffff) + head[12:]
        plain = struct.pack(">HHHH", 1000 + seed, 2000, udp_len, 0)
        value = ones_sum(pseudo + plain + payload) ^ 0xffff or 0xffff
    else:
        value = ones_sum(pseudo)
    return MACS[1] + MACS[0] + b"\x08\0" + head + struct.pack(">HHHH", 1000 + seed, 2000, udp_len, value) + payload


class Port:
    """One VF: memory, a completion queue, and a work queue."""

    def __init__(self, case, index):
        self.ctx = open_devx(VF + index)
        case.addCleanup(self.ctx.close)
        self.case = case
        self.memory = mmap.mmap(-1, SIZE)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.umem = self.keep(Mlx5UMEM(self.ctx, SIZE, addr=self.address, access=RW))
        self.uar = self.keep(Mlx5UAR(self.ctx, dve._MLX5DV_UAR_ALLOC_TYPE_BF))
        self.pd = number(self.create(Box(0x800, 16)))
        self.domain = number(self.create(Box(0x816, 16)))
        self.key = number(self.create(self.key_box())) << 8
        self.cq = number(self.create(self.cq_box()))
        for slot in range(ENTRIES):
            self.memory[CQ + slot * 64 + 63] = INVALID << 4
        self.taken = self.posted = 0

    def keep(self, thing):
        """Closed after the test, in reverse order."""
        self.case.addCleanup(thing.close)
        return thing

    def create(self, box, outlen=16):
        """An object of this VF's."""
        ctx, self.case.ctx = self.case.ctx, self.ctx
        try:
            return self.case.create(box, outlen)
        finally:
            self.case.ctx = ctx

    def key_box(self):
        """A key over all of the umem, by its addresses in this process."""
        box = Box(0x200, 0x110)
        box.set(MKC + 0x14, 1, 1).set(MKC + 0x15, 1, 1).set(MKC + 0x16, 2, 1).set(MKC + 0x20, 24, 0xffffff)
        box.set(MKC + 0x68, 24, self.pd).set(MKC + 0x80, 64, self.address).set(MKC + 0xc0, 64, SIZE)
        box.set(MKC + 0x1db, 5, 12).set(MKC + 0x1a0, 32, SIZE // 8192).set(0x300, 32, SIZE // 8192)
        return box.set(0x320, 32, self.umem.umem_id)

    def cq_box(self):
        """A completion queue of 16 entries."""
        box = Box(0x400, 0x110)
        box.set(CQC + 0x63, 5, LOG).set(CQC + 0x68, 24, self.uar.page_id)
        box.set(CQC + 0xb8, 8, self.ctx.devx_query_eqn(0)).set(CQC + 0x20, 32, self.umem.umem_id)
        box.set(CQC + 0x1c0, 64, CQ_DBR).set(0x280, 64, CQ).set(0x2c0, 32, self.umem.umem_id)
        return box

    def wq_box(self, opcode, log_stride):
        """What send and receive queues have in common."""
        box = Box(opcode, 0x110)
        box.set(CTX + 0x48, 24, self.cq).set(CTX + 0x28, 24, 0xabcde)
        box.set(WQ, 4, 1).set(WQ + 0x48, 24, self.pd).set(WQ + 0x80, 64, RING_DBR)
        box.set(WQ + 0x10c, 4, log_stride).set(WQ + 0x11b, 5, LOG)
        return box.set(WQ + 0x140, 32, self.umem.umem_id).set(WQ + 0x160, 32, self.umem.umem_id)

    def go(self, opcode, queue, old, new):
        """MODIFY of a work queue's state."""
        box = Box(opcode, 0x110).set(0x40, 4, old).set(0x48, 24, number(queue)).set(CTX + 8, 4, new)
        queue.modify(bytes(box), 16)

    def put(self, offset, data):
        """Bytes of the memory."""
        self.memory[offset:offset + len(data)] = data

    def take(self, wait=5.0):
        """The next completion, 64 bytes; None: there is none."""
        at, end = CQ + self.taken % ENTRIES * 64, time.monotonic() + wait
        while True:
            own = self.memory[at + 63]
            if own >> 4 != INVALID and own & 1 == self.taken // ENTRIES & 1:
                break
            if time.monotonic() > end:
                return None
            time.sleep(0.0002)
        entry = self.memory[at:at + 64]
        self.taken += 1
        self.put(CQ_DBR, struct.pack(">I", self.taken & 0xffffff))
        return entry


class Sender(Port):
    """A send queue."""

    def __init__(self, case, index):
        super().__init__(case, index)
        tis = self.create(Box(0x912, 0xc0).set(CTX + 0x128, 24, self.domain))
        box = self.wq_box(0x904, 6).set(CTX + 3, 1, 1).set(CTX + 0x100, 16, 1).set(CTX + 0x168, 24, number(tis))
        self.sq = self.create(box.set(WQ + 0x68, 24, self.uar.page_id))
        self.go(0x905, self.sq, RST, RDY)

    def send(self, frame, checksums=0, key=None):
        """One entry: control, Ethernet and data segment; and the doorbell."""
        slot = self.posted % ENTRIES
        buf = BUFS + slot * 0x800
        self.put(buf, frame)
        control = struct.pack(">IIB2xBI", self.posted << 8 & 0xffff00 | 0xa, number(self.sq) << 8 | 3, 0, 8, 0)
        ether = struct.pack(">4xB11x", checksums)
        data = struct.pack(">IIQ", len(frame), self.key if key is None else key, self.address + buf)
        self.put(RING + slot * 64, control + ether + data)
        self.posted += 1
        self.put(RING_DBR + 4, struct.pack(">I", self.posted & 0xffff))
        ctypes.memmove(self.uar.reg_addr, control, 8)


class Receiver(Port):
    """A receive queue with all that leads to it."""

    def __init__(self, case, index):
        super().__init__(case, index)
        self.counter = self.create(Box(0x771, 16))
        box = self.wq_box(0x908, 5).set(CTX + 3, 1, 1).set(CTX + 0xd, 1, 1)
        self.rq = self.create(box.set(CTX + 0x60, 8, number(self.counter)))
        self.go(0x909, self.rq, RST, RDY)
        tir = self.create(Box(0x900, 0x110).set(CTX + 0xe8, 24, number(self.rq)).set(CTX + 0x128, 24, self.domain))
        domain = self.keep(DrDomain(self.ctx, dve.MLX5DV_DR_DOMAIN_TYPE_NIC_RX))
        table = self.keep(DrTable(domain, 0))
        mask = bytearray(64)
        mask[8:14] = b"\xff" * 6
        value = bytearray(64)
        value[8:14] = MACS[1]
        matcher = self.keep(DrMatcher(table, 0, 1, Mlx5FlowMatchParameters(len(mask), bytes(mask))))
        actions = [self.keep(DrActionTag(TAG)), self.keep(DrActionDestTir(tir))]
        self.keep(DrRule(matcher, Mlx5FlowMatchParameters(len(value), bytes(value)), actions))

    def post(self, first=2048, key=None):
        """One entry of a buffer of 'first' bytes, and a second one behind it."""
        slot = self.posted % ENTRIES
        address = self.address + BUFS + slot * 0x1000
        self.put(BUFS + slot * 0x1000, b"\xee" * 0x1000)
        entry = struct.pack(">IIQ", first, self.key if key is None else key, address)
        entry += struct.pack(">IIQ", 0x700, self.key, address + 0x800) if first < 2048 else struct.pack(">IIQ", 0, NO_KEY, 0)
        self.put(RING + slot * 32, entry)
        self.posted += 1
        self.put(RING_DBR, struct.pack(">I", self.posted & 0xffff))

    def data(self, index, first, size):
        """What an entry received."""
        at = BUFS + index % ENTRIES * 0x1000
        return self.memory[at:at + min(first, size)] + self.memory[at + 0x800:at + 0x800 + max(0, size - first)]

    def dropped(self):
        """Frames without an entry."""
        box = Box(0x773, 32).set(0xf8, 8, number(self.counter))
        return get(self.counter.query(bytes(box), 0x100), 0x180, 32)


class Raw(Case):
    """From a send queue to a receive queue."""

    def setUp(self):
        super().setUp()
        self.tx, self.rx = Sender(self, 0), Receiver(self, 1)

    def test_frames(self):
        """Frames of all sizes arrive as they were sent, and completions say so, over several rounds of all queues."""
        for i in range(100):
            size, first = 60 + i * 37 % 1455, 2048 if i % 2 else 64 + i
            frame = udp_frame(size, i)
            self.rx.post(first)
            self.tx.send(frame)
            sent, got = self.tx.take(), self.rx.take()
            self.assertEqual(sent[63] >> 4, REQ)
            self.assertEqual(got[63] >> 4, RESP_SEND)
            self.assertEqual(struct.unpack(">H", got[60:62])[0], i)
            self.assertEqual(struct.unpack(">I", got[44:48])[0], size)
            self.assertEqual(struct.unpack(">I", got[56:60])[0], TAG)
            self.assertEqual(int.from_bytes(got[33:36], "big"), 0xabcde)
            self.assertEqual(struct.unpack(">H", got[28:30])[0] & ~0x100, L3_OK | L4_OK | IPV4 | UDP)
            self.assertEqual(struct.unpack(">H", got[20:22])[0], ones_sum(frame[14:]))
            self.assertEqual(self.rx.data(i, first, size), frame)

    def test_checksums(self):
        """Checksums that the NIC makes are those that we would have made."""
        self.rx.post()
        self.tx.send(udp_frame(777, 5, checksum=False), checksums=0xc0)
        got = self.rx.take()
        self.assertEqual(struct.unpack(">H", got[28:30])[0] & (L3_OK | L4_OK), L3_OK | L4_OK)
        self.assertEqual(self.rx.data(0, 2048, 777), udp_frame(777, 5))

    def test_no_entry(self):
        """A frame that finds no entry is dropped and counted; the next one that does is received."""
        self.tx.send(udp_frame(100, 1))
        self.assertIsNotNone(self.tx.take())
        end = time.monotonic() + 5
        while self.rx.dropped() == 0 and time.monotonic() < end:
            time.sleep(0.001)
        self.assertEqual(self.rx.dropped(), 1)
        self.rx.post()
        self.tx.send(udp_frame(100, 2))
        self.assertEqual(self.rx.take()[63] >> 4, RESP_SEND)
        self.assertEqual(self.rx.data(0, 2048, 100), udp_frame(100, 2))

    def test_errors(self):
        """A key that is none stops the queue: an error, the rest is flushed; RST and RDY bring it back."""
        self.rx.post(key=0x77700)
        self.rx.post()
        self.tx.send(udp_frame(100, 1))
        got = [self.rx.take(), self.rx.take()]
        self.assertEqual([g[63] >> 4 for g in got], [RESP_ERR] * 2)
        self.assertEqual([g[55] for g in got], [LOCAL_PROT, WR_FLUSH])
        self.rx.go(0x909, self.rx.rq, ERR, RST)
        self.rx.put(RING_DBR, b"\0\0\0\0")
        self.rx.posted = 0
        self.rx.go(0x909, self.rx.rq, RST, RDY)
        self.rx.post()
        self.tx.send(udp_frame(200, 3))
        self.assertEqual(self.rx.take()[63] >> 4, RESP_SEND)
        self.assertEqual(self.rx.data(0, 2048, 200), udp_frame(200, 3))

    def test_send_error(self):
        """A send queue with an entry of no key's: nothing is sent."""
        self.rx.post()
        self.tx.send(udp_frame(100, 1), key=0x77700)
        got = self.tx.take()
        self.assertEqual((got[63] >> 4, got[55]), (0xd, LOCAL_PROT))
        self.assertIsNone(self.rx.take(0.05))


if __name__ == "__main__":
    unittest.main()
