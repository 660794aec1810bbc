#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""pyverbs: objects of DevX, user memory, and doorbell pages (UAR, VAR)."""

import errno
import mmap
import unittest

import pyverbs.enums as e
import pyverbs.providers.mlx5.mlx5_enums as dve
from pyverbs.mr import MR
from pyverbs.pd import PD
from pyverbs.providers.mlx5.mlx5dv import Mlx5DevxObj, Mlx5UAR, Mlx5UMEM, Mlx5VAR
from pyverbs.providers.mlx5.mlx5dv_objects import Mlx5DvObj
from pv import Box, Case, get, number

RW = e.IBV_ACCESS_LOCAL_WRITE
MKC, CQC, TISC, RQTC = 0x80, 0x80, 0x100, 0x100     # where the contexts of create mailboxes begin, in bits
VIRTQ, VIRTQ_CTX = 0x80, 0x280
QUEUE = 64


class Pages(Case):
    """Doorbell pages."""

    def test_uar(self):
        """Blue flame pages are many, the other one is shared; each can be written."""
        bf = [Mlx5UAR(self.ctx, dve._MLX5DV_UAR_ALLOC_TYPE_BF) for _ in range(8)]
        nc = [Mlx5UAR(self.ctx, dve._MLX5DV_UAR_ALLOC_TYPE_NC) for _ in range(2)]
        self.assertEqual(len({u.reg_addr for u in bf}), 8)
        self.assertEqual(nc[0].page_id, nc[1].page_id)
        for uar in bf + nc:
            uar.close()

    def test_var(self):
        """Pages of virtqueues can be mapped and written, one page each; there is an end of them."""
        var = [Mlx5VAR(self.ctx) for _ in range(4)]
        self.assertEqual(len({v.page_id for v in var}), 4)
        for v in var:
            with mmap.mmap(self.ctx.cmd_fd, v.length, offset=v.mmap_off) as page:
                page[0:4] = b"\0\0\0\0"
            with self.assertRaises(OSError):
                mmap.mmap(self.ctx.cmd_fd, 2 * v.length, offset=v.mmap_off)
            v.close()
        with self.assertRaises(OSError):
            mmap.mmap(self.ctx.cmd_fd, 4096, offset=0)


class Memory(Case):
    """User memory, and keys over it."""

    def test_umem(self):
        """Rights, sizes of pages, and who refers to it."""
        umem = [Mlx5UMEM(self.ctx, 0x10000, alignment=4096, access=a) for a in (0, RW, e.IBV_ACCESS_REMOTE_READ)]
        self.assertEqual(len({u.umem_id for u in umem}), 3)
        for u in umem:
            u.close()
        self.refused(errno.EINVAL, Mlx5UMEM, self.ctx, 0x1000, access=e.IBV_ACCESS_MW_BIND)
        self.refused(errno.EFAULT, Mlx5UMEM, self.ctx, 0x1000, addr=0x1000, access=RW)
        self.refused(errno.EINVAL, Mlx5UMEM, self.ctx, 0x1000, alignment=4096, access=RW, pgsz_bitmap=1 << 13)
        Mlx5UMEM(self.ctx, 0x1000, alignment=4096, access=RW, pgsz_bitmap=1 << 12).close()

    def key(self, pd, klms, mode=2):
        """A mailbox of CREATE_MKEY for a list of (bytes, key, address)."""
        room = (len(klms) + 3) // 4 * 4
        box = Box(0x200, 0x110 + 16 * room)
        box.set(MKC + 0x14, 1, 1).set(MKC + 0x15, 1, 1).set(MKC + 0x16, 2, mode)
        box.set(MKC + 0x20, 24, 0xffffff).set(MKC + 0x68, 24, pd)
        box.set(MKC + 0xc0, 64, sum(k[0] for k in klms)).set(MKC + 0x1a0, 32, room).set(0x300, 32, len(klms))
        for i, (size, key, address) in enumerate(klms):
            at = 0x880 + 128 * i
            box.set(at, 32, size).set(at + 32, 32, key).set(at + 64, 64, address)
        return box

    def test_indirect_key(self):
        """A key over two regions answers a query as it was made."""
        with PD(self.ctx) as pd:
            regions = [MR(pd, 0x2000, RW) for _ in range(2)]
            domain = self.alloc_pd()
            box = self.key(domain, [(0x2000, mr.lkey, mr.buf) for mr in regions])
            key = Mlx5DevxObj(self.ctx, bytes(box), 16)
            answer = key.query(bytes(Box(0x201, 16).set(0x48, 24, number(key))), 0x130)
            self.assertEqual(get(answer, MKC + 0x68, 24), domain)
            self.assertEqual(get(answer, MKC + 0xc0, 64), 0x4000)
            self.refused(errno.EINVAL, key.query, bytes(Box(0x201, 16).set(0x48, 24, number(key) + 1)), 0x130)
            key.close()

    def test_key_refused(self):
        """A domain of no one, a list that does not cover, a reserved bit."""
        pd = self.alloc_pd()
        good = self.key(pd, [(0x1000, 0, 0)])
        Mlx5DevxObj(self.ctx, bytes(good), 16).close()
        for change in ((MKC + 0x68, 24, pd + 1), (MKC + 0xc0, 64, 0x1001), (MKC + 0x40, 1, 1), (MKC + 1, 1, 1)):
            box = self.key(pd, [(0x1000, 0, 0)]).set(*change)
            self.refused(errno.EREMOTEIO, Mlx5DevxObj, self.ctx, bytes(box), 16)


class Objects(Case):
    """Objects of other kinds, made, changed, asked, and destroyed."""

    def make_tis(self, domain):
        """A TIS of a transport domain."""
        return self.create(Box(0x912, 0x20 + 0xa0).set(TISC + 0x128, 24, domain))

    def test_tis(self):
        """MODIFY_TIS changes what QUERY_TIS then says."""
        domain = number(self.create(Box(0x816, 16)))
        tis = self.make_tis(domain)
        change = Box(0x913, 0x20 + 0xa0).set(0x48, 24, number(tis)).set(0xbf, 1, 1).set(TISC + 0xc, 4, 6)
        tis.modify(bytes(change), 16)
        answer = tis.query(bytes(Box(0x915, 16).set(0x48, 24, number(tis))), 0x10 + 0xa0)
        self.assertEqual((get(answer, 0x80 + 0xc, 4), get(answer, 0x80 + 0x128, 24)), (6, domain))
        self.refused(errno.EREMOTEIO, tis.modify, bytes(change.set(TISC + 0xc, 4, 5)), 16)

    def test_referenced(self):
        """What another object needs does not go before it."""
        domain = Mlx5DevxObj(self.ctx, bytes(Box(0x816, 16)), 16)
        tis = Mlx5DevxObj(self.ctx, bytes(Box(0x912, 0xc0).set(TISC + 0x128, 24, number(domain))), 16)
        self.refused(errno.EINVAL, domain.close)
        tis.close()
        domain.close()

    def make_cq(self, umem, uar):
        """A completion queue of 64 entries, whose doorbell record lies behind them."""
        box = Box(0x400, 0x110)
        box.set(CQC + 0x63, 5, 6).set(CQC + 0x68, 24, uar.page_id).set(CQC + 0xb8, 8, self.ctx.devx_query_eqn(0))
        box.set(CQC + 0x20, 32, umem.umem_id).set(CQC + 0x1c0, 64, 64 * 64).set(0x2c0, 32, umem.umem_id)
        return box

    def test_cq(self):
        """A completion queue over a umem, which then cannot be given back."""
        umem = Mlx5UMEM(self.ctx, 0x2000, alignment=4096, access=RW)
        uar = Mlx5UAR(self.ctx, dve._MLX5DV_UAR_ALLOC_TYPE_BF)
        cq = Mlx5DevxObj(self.ctx, bytes(self.make_cq(umem, uar)), 16)
        answer = cq.query(bytes(Box(0x402, 16).set(0x48, 24, number(cq))), 0x110)
        self.assertEqual(get(answer, CQC + 0x63, 5), 6)
        cq.modify(bytes(Box(0x403, 0x110).set(0x48, 24, number(cq)).set(0x60, 32, 4).set(CQC + 0xe, 1, 1)), 16)
        answer = cq.query(bytes(Box(0x402, 16).set(0x48, 24, number(cq))), 0x110)
        self.assertEqual(get(answer, CQC + 0xe, 1), 1)
        self.refused(errno.EREMOTEIO, Mlx5DevxObj, self.ctx,
                     bytes(self.make_cq(umem, uar).set(CQC + 0x63, 5, 8)), 16)
        cq.close()
        umem.close()
        uar.close()

    def test_not_there(self):
        """Objects that the NIC does not offer, and commands that are not for users."""
        for opcode in (0x90c, 0x710, 0x717, 0x930, 0x939):
            self.refused(errno.EREMOTEIO, Mlx5DevxObj, self.ctx, bytes(Box(opcode, 0x200)), 16)
        for opcode in (0x100, 0x801, 0x802, 0xa04, 0xa08, 0x203):
            self.refused(errno.EINVAL, Mlx5DevxObj, self.ctx, bytes(Box(opcode, 0x200)), 16)


class Virtqueues(Case):
    """A virtqueue without notification, by hand."""

    def setUp(self):
        super().setUp()
        self.umem = Mlx5UMEM(self.ctx, 0x40000, alignment=4096, access=RW)
        self.addCleanup(self.umem.close)
        self.pd = PD(self.ctx)
        self.addCleanup(self.pd.close)

    def mailbox(self, opcode, key, ident=0):
        """Of a receive queue."""
        box = Box(opcode, 0x10 + 0x40 + 0x80)
        box.set(0x30, 16, 0xd).set(0x40, 32, ident)
        ctx = VIRTQ_CTX
        box.set(ctx + 0x10, 16, 0).set(ctx + 0x21, 1, 1).set(ctx + 0x50, 16, QUEUE)
        box.set(ctx + 0x140, 32, key).set(ctx + 0x328, 24, self.domain)
        for i in range(3):
            box.set(ctx + 0x180 + 0x80 * i, 32, self.umem.umem_id)
            box.set(ctx + 0x1a0 + 0x80 * i, 32, 0x10000).set(ctx + 0x1c0 + 0x80 * i, 64, 0x10000 * i)
        return box

    def state(self, vq):
        """As a query says."""
        box = Box(0xa02, 16).set(0x30, 16, 0xd).set(0x40, 32, number(vq))
        return get(vq.query(bytes(box), 0x10 + 0x40 + 0x80), VIRTQ + 0x9c, 4)

    def go(self, vq, key, state):
        """A modify of the state."""
        box = self.mailbox(0xa01, key, number(vq)).set(VIRTQ, 64, 1).set(VIRTQ + 0x9c, 4, state)
        vq.modify(bytes(box), 16)

    def test_life(self):
        """INIT to RDY to SUSPEND and back; what is no step is refused and changes nothing."""
        # One domain for queue, key and region: a queue that cannot read its ring goes to error by itself.
        self.domain = Mlx5DvObj(dve.MLX5DV_OBJ_PD, pd=self.pd).dvpd.pdn
        rings = MR(self.pd, 0x1000, RW)
        self.addCleanup(rings.close)
        rings.write(bytes(0x1000), 0x1000)
        key = number(self.create(Memory.key(self, self.domain, [(0x1000, rings.lkey, rings.buf)]))) << 8
        vq = self.create(self.mailbox(0xa00, key))
        self.assertEqual(self.state(vq), 0)
        self.refused(errno.EREMOTEIO, self.go, vq, key, 2)
        self.assertEqual(self.state(vq), 0)
        for state in (1, 2, 1, 2):
            self.go(vq, key, state)
            self.assertEqual(self.state(vq), state)
        self.refused(errno.EREMOTEIO, self.go, vq, key, 0)
        self.assertEqual(self.state(vq), 2)

    def test_refused(self):
        """A size that is no power of two, an index beyond the last, a key of another domain."""
        self.domain = self.alloc_pd()
        mr = MR(self.pd, 4096, RW)
        for change in ((VIRTQ_CTX + 0x50, 16, 48), (VIRTQ_CTX + 0x10, 16, 999), (VIRTQ_CTX + 0x140, 32, mr.lkey)):
            box = self.mailbox(0xa00, 0).set(*change)
            self.refused(errno.EREMOTEIO, Mlx5DevxObj, self.ctx, bytes(box), 16)
        mr.close()


if __name__ == "__main__":
    unittest.main()
