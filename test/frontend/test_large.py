# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Guests of a TiB, and address spaces of hundreds of regions: sparse files, of which only what is used exists."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hfrig import api, nic, paths, vdpa
from hfvhost.memory import Backing, Memory
from pair import ApiPair, Pair, both_ways

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40
PIECES = 8             # about as many MRs are made at once, of a power of two each
PIECE_MIN = GIB // 4   # bytes of one MR at least
# That driver and NIC may take for such a guest; sanitizers take several times as much.
OWN_MEMORY = (8 if paths.SANITIZED else 1) * 64 * MIB


def anonymous(pid: int) -> int:
    """Bytes of a process's own memory, guests' not among them."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.M).group(1)) << 10


def tebibyte(regions: int) -> Memory:
    """A guest of a TiB, with holes between its regions."""
    mem = Memory()
    size = -(-TIB // regions // GIB) * GIB
    for i in range(regions):
        mem.add(i * (size + GIB), size).brk = 4096
    return mem


def keys(rig) -> int:
    """How many keys over MRs VF 1 was ever given; the kernel makes a key for each MR, too."""
    for func in rig.nic.ask("commands")["functions"]:
        if func["bdf"] == nic.vf_bdf(1):
            made = sum(c["count"] for c in func["commands"] if c["name"] == "CREATE_MKEY")
            return made - rig.registered(1)
    raise KeyError(nic.vf_bdf(1))


@pytest.mark.parametrize("regions", [1, 7])
def test_tebibyte(stage, regions):
    """Mapped, stopped, started and grown: registered once, and the rest costs what the change does."""
    rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(options=["--no-memlock"])))
    a = rig.guest(0)
    before = anonymous(rig.app.process.program())
    b = rig.guest(1, None, tebibyte(regions))
    piece = 1 << (sum(r.size for r in b.mem.regions) // PIECES - 1).bit_length()
    # Fewer where the NIC takes no time, and nobody waited for a CPU.
    pieces = rig.registered(1)
    assert regions <= pieces <= sum(-(-r.size // piece) for r in b.mem.regions)
    both_ways(a, b)
    b.stop()
    b.start()
    rig.wait_ready(1, 2)
    assert rig.registered(1) == pieces
    both_ways(a, b, 1000)
    before_plug = keys(rig)
    b.mem.add(4 * TIB, GIB)
    b.set_mem_table()
    rig.wait_ready(1, 2)
    assert 1 <= rig.registered(1) - pieces <= GIB // PIECE_MIN
    assert keys(rig) == before_plug + 1, "more than the new key over all of it"
    both_ways(a, b, 2000)
    used = anonymous(rig.app.process.program()) - before
    assert used < OWN_MEMORY, f"{used >> 20} MiB"
    b.close()
    rig.wait_kept(1, 0)


def test_hundreds_of_regions(stage, program):
    """511 ranges by request beside the front end's table: the next one is refused, and each costs one MR and one key."""
    rig = ApiPair(stage, program, vdpa.VdpaConfig(nic=nic.NicConfig(options=["--no-memlock"])))
    a, b = rig.guest(0), rig.guest(1)
    before, before_maps = anonymous(rig.nic.process.program()), keys(rig)
    backing = Backing(512 * MIB)
    path = f"/proc/{os.getpid()}/fd/{backing.fd}"
    for i in range(511):
        assert rig.do("map", api.ASID_GUEST, TIB + 3 * i * MIB, MIB, path, i * MIB)["ret"] == 0, i
    assert rig.do("map", api.ASID_GUEST, 2 * TIB, MIB, path, 0)["ret"] < 0
    assert rig.kept(1) == 512
    assert keys(rig) == before_maps + 511
    both_ways(a, b)
    used = anonymous(rig.nic.process.program()) - before
    assert used < OWN_MEMORY, f"{used >> 20} MiB"
    assert rig.do("unmap", api.ASID_GUEST, 0, api.EVERYTHING)["ret"] == 0
    rig.wait_kept(1, 1, 200)    # libibverbs reads all of /proc/self/smaps for each
    both_ways(a, b, 1000)
