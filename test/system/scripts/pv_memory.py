#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""pyverbs: protection domains, memory regions, completion queues."""

import errno
import unittest

import pyverbs.enums as e
from pyverbs.cq import CQ, CompChannel
from pyverbs.mr import MR, MW
from pyverbs.pd import PD
from pyverbs.qp import QP, QPCap, QPInitAttr
from pv import Case

RW = e.IBV_ACCESS_LOCAL_WRITE


class Domains(Case):
    """Protection domains."""

    def test_pd(self):
        """Many of them, and each goes once what needs it is gone."""
        for pd in [PD(self.ctx) for _ in range(64)]:
            pd.close()

    def test_in_use(self):
        """pyverbs closes the regions of a domain with it."""
        pd = PD(self.ctx)
        mr = MR(pd, 4096, RW)
        pd.close()
        mr.close()


class Regions(Case):
    """Memory regions."""

    def setUp(self):
        super().setUp()
        self.pd = PD(self.ctx)
        self.addCleanup(self.pd.close)

    def test_access(self):
        """All rights that are known, alone and together."""
        flags = [0, RW, e.IBV_ACCESS_REMOTE_READ, RW | e.IBV_ACCESS_REMOTE_WRITE, RW | e.IBV_ACCESS_REMOTE_ATOMIC,
                 RW | e.IBV_ACCESS_MW_BIND, RW | e.IBV_ACCESS_RELAXED_ORDERING,
                 RW | e.IBV_ACCESS_REMOTE_READ | e.IBV_ACCESS_REMOTE_WRITE]
        keys = set()
        for flag in flags:
            mr = MR(self.pd, 4096, flag)
            keys.add(mr.lkey)
            self.assertEqual(mr.lkey, mr.rkey)
            mr.close()
        self.assertEqual(len(keys), len(flags))

    def test_refused(self):
        """Write from afar without write, memory on demand, unknown rights, nothing."""
        self.refused(errno.EINVAL, MR, self.pd, 4096, e.IBV_ACCESS_REMOTE_WRITE)
        self.refused(errno.EINVAL, MR, self.pd, 4096, e.IBV_ACCESS_REMOTE_ATOMIC)
        self.refused(errno.EOPNOTSUPP, MR, self.pd, 4096, RW | e.IBV_ACCESS_ON_DEMAND)
        self.refused(errno.EOPNOTSUPP, MR, self.pd, 4096, RW | 1 << 8)
        self.refused(errno.EINVAL, MR, self.pd, 4096, 1 << 12)
        self.refused(errno.EFAULT, MR, self.pd, 4096, RW, address=0x1000)

    def test_contents(self):
        """What is written through the region is in its memory."""
        mr = MR(self.pd, 8192, RW)
        mr.write("kelp", 4, 100)
        self.assertEqual(mr.read(4, 100), b"kelp")
        mr.close()

    def test_implicit(self):
        """A region of everything needs paging on demand."""
        self.refused(errno.EOPNOTSUPP, MR, self.pd, 0, RW | e.IBV_ACCESS_ON_DEMAND, implicit=True)

    def test_rereg(self):
        """A region takes other rights and another domain, and keeps its key."""
        other = PD(self.ctx)
        mr = MR(self.pd, 4096, RW)
        key = mr.lkey
        mr.rereg(flags=e.IBV_REREG_MR_CHANGE_ACCESS, access=RW | e.IBV_ACCESS_REMOTE_READ)
        mr.rereg(flags=e.IBV_REREG_MR_CHANGE_PD, pd=other)
        self.assertEqual(mr.lkey, key)
        mr.close()
        other.close()

    def test_windows(self):
        """Memory windows are not offered."""
        self.refused(errno.EOPNOTSUPP, MW, self.pd, e.IBV_MW_TYPE_1)


class Queues(Case):
    """Completion queues; queue pairs of verbs are refused."""

    def test_cq(self):
        """Sizes are rounded, and an empty queue is empty."""
        for asked, given in ((1, 1), (100, 127), (4095, 4095)):
            cq = CQ(self.ctx, asked)
            self.assertEqual(cq.cqe, given)
            self.assertEqual(cq.poll()[0], 0)
            cq.close()

    def test_channel(self):
        """Queues of a channel, armed."""
        channel = CompChannel(self.ctx)
        queues = [CQ(self.ctx, 10, None, channel, vector) for vector in range(self.ctx.num_comp_vectors)]
        for cq in queues:
            cq.req_notify()
            cq.close()
        channel.close()

    def test_resize(self):
        """Larger, smaller, and back."""
        cq = CQ(self.ctx, 10)
        for asked, given in ((1000, 1023), (5, 7), (15, 15)):
            cq.resize(asked)
            self.assertEqual(cq.cqe, given)
            self.assertEqual(cq.poll()[0], 0)
        cq.close()

    def test_refused(self):
        """No such vector, too many entries."""
        self.refused(errno.EINVAL, CQ, self.ctx, 10, None, None, self.ctx.num_comp_vectors)
        self.refused(errno.EINVAL, CQ, self.ctx, 1 << 23)

    def test_qp(self):
        """A queue pair of verbs is refused, and leaves nothing."""
        pd, cq = PD(self.ctx), CQ(self.ctx, 10)
        for kind in (e.IBV_QPT_RC, e.IBV_QPT_UC, e.IBV_QPT_UD, e.IBV_QPT_RAW_PACKET):
            with self.assertRaises(Exception):
                QP(pd, QPInitAttr(qp_type=kind, scq=cq, rcq=cq, cap=QPCap()))
        cq.close()
        pd.close()


if __name__ == "__main__":
    unittest.main()
