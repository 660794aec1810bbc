# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Two scripted guests on the two VFs of one NIC, below one dpdk-vdpa."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest
from hfrig import api, nic, paths, vdpa
from hfvhost import frames
from hfvhost.memory import Memory
from hfvhost.net import NetDevice, Shape

# Of tests about what only the NIC's own virtqueues have.
virtqueues_only = pytest.mark.skipif(paths.POLLED, reason="about the NIC's virtqueues, which poll mode does not use")
poll_mode_only = pytest.mark.skipif(not paths.POLLED, reason="about what poll mode adds")

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
        self.mark = 0       # where in the application's log the test begins
        self.socks = [self.app.create(vf, f"{stage.dir}/{name}{vf}") for vf in range(self.good)]

    def connect(self, vf: int, shape: Shape | None = None, mem: Memory | None = None) -> NetDevice:
        """A front end at a VF's socket that has said nothing yet."""
        return self.stage.keep(NetDevice(self.socks[vf], mem, replace(shape) if shape else None))

    def guest(self, vf: int, shape: Shape | None = None, mem: Memory | None = None, rx: int | None = None) -> NetDevice:
        """A guest that runs, with receive buffers posted."""
        dev = self.connect(vf, shape, mem)
        dev.start()
        self.wait_ready(vf, len(dev.queues))
        if rx != 0:
            for pair in range(dev.shape.pairs):
                dev.post_rx(rx, pair)
            self.wait_posted(vf, dev)
        return dev

    def wait_ready(self, vf: int, queues: int) -> None:
        """Wait until so many virtqueues of a VF serve."""
        self.nic.wait_serving(nic.vf_bdf(vf), queues)

    def wait_posted(self, vf: int, dev: NetDevice, timeout: float = 20.0) -> None:
        """Wait until the NIC has fetched buffers of a fresh device: the driver passes its first kicks on.

        In poll mode it may have had to make other receive queues for them, which it has then steered to.
        """
        end = time.monotonic() + timeout
        while self.empty_queues(vf, dev):
            if time.monotonic() > end:
                raise TimeoutError(f"VF {vf} has receive queues without buffers after {timeout} s")
            time.sleep(0.01)
        dev.settle()

    def empty_queues(self, vf: int, dev: NetDevice) -> int:
        """How many receive queues that run have fetched no buffer."""
        func = self.nic.function(nic.vf_bdf(vf), "queues")
        raw = [o for o in self.nic.function(nic.vf_bdf(vf))["objects"] if o["object"] == "rq"]
        return (sum(q["index"] % 2 == 0 and q["state"] == "RDY" and q["avail_idx"] == dev.rx().base
                    for q in func["virtqs"]) + sum(q["state"] == "RDY" and q["posted"] == 0 for q in raw))

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


class ApiPair(Pair):
    """The same below the application of the public interface."""

    def __init__(self, stage, program, config: vdpa.VdpaConfig | None = None):
        self.stage = stage
        self.app = api.Api(stage, program, config)
        self.nic = self.app.nic
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
