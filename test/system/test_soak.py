# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Long runs: many lives of a guest in a row, and nothing that grows with them."""

import random
import re
from functools import partial
from pathlib import Path

import pytest
from hfrig import nic, vdpa
from hfrig.datapaths import HW, POLL, RINGS
from hfvhost import frames
from hfvhost.channel import Closed, NoAnswer, ProtocolError, Refused
from hfvhost.memory import Memory
from hfvhost.net import NetDevice, Shape
from pair import transfer, wait_supplied
from traffic import Match

LIVES = 60
DATAPATH = pytest.mark.parametrize("path", (HW, POLL), ids=lambda path: path.name)
RING = pytest.mark.parametrize("ring", RINGS)


def guest(app, sock, vf, packed, pairs):
    """A scripted guest that runs."""
    dev = NetDevice(sock, Memory.simple(), Shape(pairs=pairs, packed=packed))
    dev.supplied = partial(wait_supplied, app.nic, nic.vf_bdf(vf), dev)
    dev.start()
    app.nic.wait_serving(nic.vf_bdf(vf), 2 * pairs)
    for pair in range(pairs):
        dev.post_rx(pair=pair)
    return dev


def resident(app):
    """KiB that the application has in memory."""
    status = Path(f"/proc/{app.process.program()}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


@DATAPATH
@RING
def test_lives(stage, path, ring):
    """Guests with 1 to 4 queue pairs come, exchange frames, stop, start, plug memory and go; nothing is left."""
    app = vdpa.Vdpa(stage, path.config())
    socks = [app.create(vf) for vf in (0, 1)]
    dice, packed = random.Random(7), ring == "packed"
    counts, memory = None, 0
    for life in range(LIVES):
        pairs = 4 if life == 0 else dice.randrange(1, 5)    # the first has all, so that all objects are made
        a, b = guest(app, socks[0], 0, packed, pairs), guest(app, socks[1], 1, packed, pairs)
        for turn in range(dice.randrange(1, 4)):
            flow = frames.flows(life + turn + 1)[-1]
            sent = [frames.build(flow, frames.mac(nic.vf_mac(1)), frames.mac(nic.vf_mac(0)), i) for i in range(50)]
            transfer(a, b, sent)
            if dice.random() < 0.5:
                b.mem.add((8 + turn) << 30, 16 << 20)
                b.set_mem_table()
            else:
                b.stop(dice.random() < 0.5)
                b.start()
            app.nic.wait_serving(nic.vf_bdf(1), 2 * pairs)
        a.close()
        b.close()
        for vf in (0, 1):
            app.nic.wait_idle(nic.vf_bdf(vf))
        now = app.nic.function(nic.vf_bdf(1))["counts"]
        counts = counts or now
        assert now == counts, f"life {life}"
        if life == LIVES // 2:
            memory = resident(app)
    assert resident(app) < memory + 8192


@DATAPATH
@RING
def test_crashes(stage, path, ring):
    """Stock guests die in full traffic again and again."""
    app = vdpa.Vdpa(stage, path.config())
    match = Match(stage, app, ring == "packed", 2)
    match.kick_off()
    for turn in range(20):
        vf = turn % 2
        match.guests[vf].process.kill()
        app.nic.wait_idle(nic.vf_bdf(vf))
        match.guests[vf] = match.player(vf)
        match.kick_off()


@DATAPATH
@pytest.mark.parametrize("seed", range(3))
def test_nonsense(stage, path, seed):
    """Thousands of messages in random order with random numbers."""
    app = vdpa.Vdpa(stage, path.config())
    socks = [app.create(vf) for vf in (0, 1)]
    dice = random.Random(seed)
    for _ in range(60):
        dev = NetDevice(socks[0], Memory.simple(), Shape(packed=dice.random() < 0.5))
        dev.channel.timeout = 5
        try:
            dev.start()
            for _ in range(40):
                words = [dice.choice([0, 1, 2, 7, 255, 4096, 1 << 20, 0xFFFFFFFF]) for _ in range(dice.randrange(12))]
                dev.channel.send(dice.randrange(45), b"".join(w.to_bytes(4, "little") for w in words),
                                 flags=dice.choice([1, 9]))
        except (Closed, NoAnswer, ProtocolError, Refused):
            pass
        dev.close()
    assert len(app.devices()) == 2
    guest(app, socks[0], 0, False, 1).close()
