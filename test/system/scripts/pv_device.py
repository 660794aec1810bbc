#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""pyverbs: devices, and everything that they can be asked."""

import errno
import unittest

import pyverbs.enums as e
from pyverbs.device import Context, get_device_list
from pv import Box, Case, get


class Devices(unittest.TestCase):
    """The list."""

    def test_list(self):
        """One PF and two VFs, each a channel adapter."""
        devices = get_device_list()
        self.assertEqual([d.name for d in devices], [b"mlx5_0", b"mlx5_1", b"mlx5_2"])
        self.assertEqual({d.node_type for d in devices}, {e.IBV_NODE_CA})
        self.assertEqual(len({d.guid for d in devices}), 3)

    def test_unknown(self):
        """A device of another name is not there."""
        with self.assertRaises(Exception):
            Context(name="mlx5_9")

    def test_many(self):
        """A device can be open many times."""
        contexts = [Context(name="mlx5_1") for _ in range(32)]
        for ctx in contexts:
            self.assertEqual(ctx.query_port(1).state, e.IBV_PORT_ACTIVE)
            ctx.close()


class Queries(Case):
    """Of an open device."""

    def test_device(self):
        """Limits are those of the capabilities."""
        attr = self.ctx.query_device()
        self.assertEqual((attr.vendor_id, attr.vendor_part_id), (0x2c9, 0x101e))
        self.assertEqual(attr.max_cqe, (1 << 22) - 1)
        self.assertEqual(attr.phys_port_cnt, 1)
        self.assertEqual(attr.max_pkeys, 1)

    def test_device_ex(self):
        """The extended query: nothing that needs RDMA is offered."""
        attr = self.ctx.query_device_ex()
        self.assertEqual(attr.orig_attr.max_pd, 1 << 23)
        self.assertEqual(attr.odp_caps.general_caps, 0)
        self.assertEqual(attr.tso_caps.max_tso, 0)
        self.assertEqual(attr.rss_caps.max_rwq_indirection_table_size, 1 << 11)
        self.assertEqual(attr.max_dm_size, 0)
        self.assertEqual(attr.packet_pacing_caps.supported_qpts, 0)
        self.assertEqual(attr.tm_caps.flags, 0)
        self.assertEqual(attr.phys_port_cnt_ex, 1)

    def test_port(self):
        """An active port of Ethernet, and no other."""
        port = self.ctx.query_port(1)
        self.assertEqual(port.state, e.IBV_PORT_ACTIVE)
        self.assertEqual(port.link_layer, e.IBV_LINK_LAYER_ETHERNET)
        self.assertEqual((port.gid_tbl_len, port.pkey_tbl_len), (2, 1))
        self.refused(errno.EINVAL, self.ctx.query_port, 2)

    def test_gids(self):
        """Both GIDs are of the port's address, by each of the ways to ask."""
        table = self.ctx.query_gid_table(8)
        self.assertEqual([g.gid_type for g in table], [e.IBV_GID_TYPE_ROCE_V1, e.IBV_GID_TYPE_ROCE_V2])
        for index, entry in enumerate(table):
            self.assertEqual(entry.gid_index, index)
            self.assertEqual(self.ctx.query_gid_ex(1, index).gid_str(), entry.gid_str())
            self.assertEqual(str(self.ctx.query_gid(1, index)), entry.gid_str())
        with self.assertRaises(Exception):
            self.ctx.query_gid(1, 2)
        with self.assertRaises(Exception):
            self.ctx.query_gid_table(1)

    def test_pkey(self):
        """The default partition key only."""
        self.assertEqual(self.ctx.query_pkey(1, 0), 0xffff)
        with self.assertRaises(Exception):
            self.ctx.query_pkey(1, 1)

    def test_mlx5(self):
        """What mlx5 adds: completions of version 1, and no software steering."""
        attr = self.ctx.query_mlx5_device()
        self.assertEqual(attr.version, 0)
        self.assertTrue(attr.comp_mask is not None)

    def test_general_commands(self):
        """NOP, ISSI, adapter and capabilities, by mailbox; what is not offered is BAD_OP."""
        self.assertEqual(get(self.ctx.devx_general_cmd(bytes(Box(0x80d, 16)), 16), 0, 8), 0)
        self.assertEqual(get(self.ctx.devx_general_cmd(bytes(Box(0x10a, 16)), 0x70), 0x50, 16), 1)
        self.assertEqual(get(self.ctx.devx_general_cmd(bytes(Box(0x101, 16)), 0x110), 0x148, 24), 0x2c9)
        caps = self.ctx.devx_general_cmd(bytes(Box(0x100, 16, op_mod=1)), 0x1010)
        self.assertEqual(get(caps, 0, 8), 0)
        self.refused(errno.EREMOTEIO, self.ctx.devx_general_cmd, bytes(Box(0x842, 16)), 16)
        self.refused(errno.EREMOTEIO, self.ctx.devx_general_cmd, bytes(Box(0x80d, 16).set(0x60, 1, 1)), 16)
        self.refused(errno.EINVAL, self.ctx.devx_general_cmd, bytes(Box(0x800, 16)), 16)

    def test_event_queues(self):
        """An event queue for each completion vector."""
        eqs = {self.ctx.devx_query_eqn(v) for v in range(self.ctx.num_comp_vectors)}
        self.assertEqual(len(eqs), self.ctx.num_comp_vectors)
        self.refused(errno.EINVAL, self.ctx.devx_query_eqn, self.ctx.num_comp_vectors)


if __name__ == "__main__":
    unittest.main()
