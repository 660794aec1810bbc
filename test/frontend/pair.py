# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Two scripted guests on the two VFs of one NIC, below one dpdk-vdpa."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from functools import partial

import pytest
from hfrig import api, nic, paths, vdpa
from hfvhost import frames
from hfvhost.memory import Memory
from hfvhost.net import NetDevice, Queue, Shape
from hfvhost.proto import Feature

# Of tests about what only the NIC's own virtqueues have.
virtqueues_only = pytest.mark.skipif(paths.POLLED, reason="about the NIC's virtqueues, which poll mode does not use")
poll_mode_only = pytest.mark.skipif(not paths.POLLED, reason="about what poll mode adds")

FRAME_MAX = 1518    # of a port whose MTU is 1500, with a VLAN's tag
BROADCAST = b"\xff" * 6


def address(vf: int) -> bytes:
    """A VF's MAC address."""
    return frames.mac(nic.vf_mac(vf))


def burst(count: int, first: int = 0, src: int = 0, dst: int = 1, size: int = 0) -> list[bytes]:
    """Frames from one VF to another: of one size, or of many; numbered from 'first'."""
    return [frames.build(flow, address(dst), address(src), first + i, size or 60 + 37 * i % 1400)
            for i, flow in enumerate(frames.flows(count))]


class Pair:
    """The application, and what is connected to it."""

    def __init__(self, stage, config: vdpa.VdpaConfig | None = None, good: int | None = None, name: str = "v"):
        self.stage = stage
        self.app = vdpa.Vdpa(stage, config or vdpa.VdpaConfig())
        self.nic = self.app.nic
        self.good = self.app.cfg.nic.vfs if good is None else good      # how many VFs, the first, can be used
        self.fronts: dict[int, NetDevice] = {}      # who connected last, by VF
        self.mark = 0       # where in the application's log the test begins
        self.socks = [self.app.create(vf, f"{stage.dir}/{name}{vf}") for vf in range(self.good)]

    def connect(self, vf: int, shape: Shape | None = None, mem: Memory | None = None) -> NetDevice:
        """A front end at a VF's socket that has said nothing yet."""
        dev = self.stage.keep(NetDevice(self.socks[vf], mem, replace(shape) if shape else None))
        dev.supplied = partial(wait_supplied, self.nic, nic.vf_bdf(vf), dev)
        self.fronts[vf] = dev
        return dev

    def guest(self, vf: int, shape: Shape | None = None, mem: Memory | None = None, rx: int | None = None) -> NetDevice:
        """A guest that runs, with receive buffers posted."""
        dev = self.connect(vf, shape, mem)
        dev.start()
        self.wait_ready(vf, len(dev.queues))
        if rx != 0:
            for pair in range(dev.shape.pairs):
                dev.post_rx(rx, pair)
            dev.supplied()
        return dev

    def wait_ready(self, vf: int, queues: int) -> None:
        """Wait until so many virtqueues of a VF serve, with all buffers that its guest has posted."""
        self.nic.wait_serving(nic.vf_bdf(vf), queues)
        if vf in self.fronts:
            self.fronts[vf].supplied()

    def running(self, vf: int) -> int:
        """How many virtqueues of a VF the NIC runs."""
        return self.nic.running(nic.vf_bdf(vf))

    def registered(self, vf: int) -> int:
        """How many MRs were ever registered on a VF, but for those of the driver's own that it has now."""
        return self.nic.registered(nic.vf_bdf(vf)) - self.nic.own(nic.vf_bdf(vf))

    def kept(self, vf: int) -> int:
        """How many MRs a VF has."""
        return self.nic.kept(nic.vf_bdf(vf))

    def wait_kept(self, vf: int, count: int, timeout: float = 20.0) -> None:
        """Wait until a VF has so many MRs: a disconnect is seen by the application's own thread, later."""
        end = time.monotonic() + timeout
        while self.kept(vf) != count:
            if time.monotonic() > end:
                raise TimeoutError(f"VF {vf} has {self.kept(vf)} MRs after {timeout} s, not {count}")
            time.sleep(0.02)

    def in_log(self, pattern: str, timeout: float = 20.0) -> None:
        """Wait for a line anywhere in the application's log since the test began."""
        self.app.process.seen = self.mark
        self.app.process.expect(pattern, timeout)

    def alive(self) -> None:
        """The application serves: it answers at its prompt, and has no sanitizer's report."""
        assert len(self.app.devices()) == self.good


def entries(dev: NetDevice, queue: Queue) -> int:
    """How many work entries poll mode makes of the buffers that a receive queue has and that are empty, at least."""
    buffers = queue.ring.outstanding - queue.ring.unread
    if not dev.features & Feature.MRG_RXBUF or dev.features & Feature.IN_ORDER:
        return buffers
    # Each takes the largest frame; a smaller buffer, as long as it is there, does with its neighbour.
    return max(buffers - queue.smaller, 0) // -(-(dev.header + FRAME_MAX) // dev.shape.buffer)


def short_of(objects: list[dict], dev: NetDevice) -> str:
    """What buffers the NIC does not have yet that a guest has posted to queues that run; empty: it has all."""
    running = [o for o in objects if o["object"] in nic.QUEUES and o["state"] == "RDY"]
    hw = [o for o in running if o["object"] == "virtq" and o["index"] in range(0, len(dev.queues), 2)]
    for q in (q for q in hw if q["hungry"]):
        ring = dev.queues[q["index"]].ring
        if q["fetched"] < ring.outstanding - ring.unread:
            return f"virtqueue {q['index']} has fetched {q['fetched']} of {ring.outstanding - ring.unread} buffers"
    has = sorted((o["posted"] - o["ci"]) & 0xFFFF for o in running if o["object"] == "rq")
    wants = sorted(entries(dev, queue) for queue in dev.queues[::2])
    if any(there < wanted for there, wanted in zip(has, wants)):
        return f"the NIC's receive queues have {has} entries, the guest posted for {wants}"
    return "" if hw or has or not any(wants) else "no receive queue runs"


def wait_supplied(control: nic.NicControl, bdf: str, dev: NetDevice, timeout: float = 30.0) -> None:
    """Wait until the NIC has the buffers that a guest has posted: a frame that comes before them finds none, and is lost.

    A virtqueue fetches from the ring by itself as long as it finds enough there, and else when a kick has been relayed to
    it. Poll mode posts what is in the ring; for that it may have to make other receive queues, which it then steers to.
    """
    end = time.monotonic() + timeout
    while dev.queues:
        dev.settle()
        why = short_of(control.function(bdf)["objects"], dev)
        if not why:
            break
        if time.monotonic() > end:
            raise TimeoutError(f"{bdf}: {why}, after {timeout} s")
        time.sleep(0.01)


class ApiPair(Pair):
    """The same below the application of the public interface."""

    def __init__(self, stage, program, config: vdpa.VdpaConfig | None = None):
        self.stage = stage
        self.app = api.Api(stage, program, config)
        self.nic = self.app.nic
        self.fronts = {}
        self.socks = [self.app.create(vf) for vf in range(self.app.cfg.nic.vfs)]

    def do(self, command: str, *args) -> dict:
        """Ask about VF 1."""
        return self.app.do(command, 1, *args)


def hang_up(dev: NetDevice) -> None:
    """Go, and see that the back end has noticed: the next connection is looked at after that."""
    try:
        dev.channel.sock.shutdown(socket.SHUT_WR)
        dev.channel.wait_closed()
    except OSError:
        pass        # it was the back end that went
    dev.close()


def transfer(src: NetDevice, dst: NetDevice, sent: list[bytes], **how) -> None:
    """Send frames from one guest, and see all of them arrive whole at the other, once."""
    got: list[bytes] = []
    step = dst.shape.size // 2      # what the receiver has buffers for, whatever queue it hits
    for at in range(0, len(sent), step):
        part = sent[at:at + step]
        dst.supplied()
        src.send(part, **how)
        got += collect(dst, len(part))
    assert sorted(got) == sorted(sent), f"{len(got)} of {len(sent)} frames arrived"


def collect(dst: NetDevice, count: int, timeout: float = 20.0) -> list[bytes]:
    """Frames that arrive on any queue, until there are so many or the time is over."""
    got: list[bytes] = []
    end = time.monotonic() + timeout
    while len(got) < count and time.monotonic() < end:
        before = len(got)
        for pair in range(dst.shape.pairs):
            got += dst.take(pair)
        if len(got) == before:
            time.sleep(0.0005)
    return got


def both_ways(a: NetDevice, b: NetDevice, first: int = 0, count: int = 100, **how) -> None:
    """Frames from VF 0 to VF 1 and back."""
    transfer(a, b, burst(count, first, 0, 1), **how)
    transfer(b, a, burst(count, first + count, 1, 0), **how)
