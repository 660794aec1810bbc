# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""NICs of several processes, joined by a link: guests of one reach those of another, and either may die."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hfrig import capture, nic, paths, pcap, testpmd
from hfrig.nic import NicConfig, sanitizer_env
from hfrig.vdpa import VdpaConfig
from hfvhost import frames
from hfvhost.net import NetDevice, Shape
from pair import BROADCAST, Pair, address, collect

COUNT = 100


def mac(host: int, vf: int) -> str:
    """The address of a VF of a host: they all differ."""
    return f"0c:42:a1:0e:{host:02x}:{vf + 1:02x}"


def application(stage, host: int) -> Pair:
    """An application on a NIC of its own, whose port is at the link."""
    options = [f"--mac={vf + 1}={mac(host, vf)}" for vf in range(2)]
    return Pair(stage, VdpaConfig(nic=NicConfig(wire=f"link:{stage.dir}/link", options=options)), name=f"h{host}-")


class Host:
    """An application at the link, and a guest of it."""

    def __init__(self, stage, number: int, packed: bool = False):
        self.stage, self.number, self.shape = stage, number, Shape(packed=packed)
        self.rig: Pair
        self.dev: NetDevice
        self.start()

    def start(self) -> None:
        """Start the application, and a guest on the first VF."""
        self.rig = application(self.stage, self.number)
        self.dev = self.rig.guest(0, self.shape)

    def kill(self) -> None:
        """The application crashes."""
        self.rig.app.process.kill()
        self.dev.close()


def between(src: int, dst: int, first: int, count: int = COUNT) -> list[bytes]:
    """Frames from the guest of one host to that of another, of all sizes."""
    return [frames.build(flow, frames.mac(mac(dst, 0)), frames.mac(mac(src, 0)), first + i, 60 + 37 * i % 1400)
            for i, flow in enumerate(frames.flows(count))]


def exchange(a: Host, b: Host, first: int = 0) -> None:
    """Frames both ways at the same time: all arrive, whole, once."""
    there, back = between(a.number, b.number, first), between(b.number, a.number, first + COUNT)
    a.dev.send(there)
    b.dev.send(back)
    assert sorted(collect(b.dev, COUNT)) == sorted(there)
    assert sorted(collect(a.dev, COUNT)) == sorted(back)
    assert collect(a.dev, 1, timeout=0.1) == collect(b.dev, 1, timeout=0.1) == []


def wait_port(rig: Pair, state: str, timeout: float = 20.0) -> None:
    """Wait until the port of a NIC is up or down."""
    end = time.monotonic() + timeout
    while rig.nic.ask("link")["port_link"]["link"] != state:
        assert time.monotonic() < end, f"the port is not {state} after {timeout} s"
        time.sleep(0.02)


def up(*hosts: Host) -> None:
    """Wait until all ports are."""
    for host in hosts:
        wait_port(host.rig, "up")


def meet(a: Host, b: Host, timeout: float = 20.0) -> None:
    """Knock until the other host hears it."""
    end = time.monotonic() + timeout
    knock = between(a.number, b.number, 8000, 1)
    while not collect(b.dev, 1, timeout=0.1):
        assert time.monotonic() < end, f"host {b.number} does not hear host {a.number} after {timeout} s"
        a.dev.send(knock)
    while collect(b.dev, 1, timeout=0.1):
        pass


def test_two(stage, packed):
    """Two hosts: frames both ways, broadcast to all but who sent it."""
    a, b = Host(stage, 1, packed), Host(stage, 2, packed)
    other = b.rig.guest(1, b.shape)
    up(a, b)
    for step in range(5):
        exchange(a, b, step * 2 * COUNT)
    hello = frames.build(next(iter(frames.flows(1))), BROADCAST, frames.mac(mac(1, 0)), 7, 200)
    a.dev.send([hello])
    assert collect(b.dev, 1) == collect(other, 1) == [hello]
    assert collect(a.dev, 1, timeout=0.2) == []


@pytest.mark.parametrize("victim", [0, 1], ids=["owner", "other"])
def test_death(stage, victim):
    """One host is killed in the middle of a transfer: the other's port goes down, and up again with its return."""
    hosts = [Host(stage, 1), Host(stage, 2)]
    up(*hosts)
    dying, left = hosts[victim], hosts[1 - victim]
    exchange(*hosts)
    dying.dev.send(between(dying.number, left.number, 1000))
    left.dev.send(between(left.number, dying.number, 2000))
    dying.kill()
    wait_port(left.rig, "down")
    left.dev.send(between(left.number, dying.number, 3000, 10))      # lost, and nothing else happens
    whole = between(dying.number, left.number, 1000)
    assert all(frame in whole for frame in collect(left.dev, COUNT, timeout=1))
    dying.start()
    up(*hosts)
    exchange(*hosts, 4000)


def test_three(stage):
    """A third host at the same link: a switch. When its owner dies, the two others meet again."""
    hosts = []
    for number in (1, 2, 3):
        hosts.append(Host(stage, number))
    up(*hosts)
    for first, (a, b) in enumerate([(0, 1), (1, 2), (2, 0)]):
        exchange(hosts[a], hosts[b], first * 2 * COUNT)
    hosts[0].kill()
    meet(hosts[1], hosts[2])
    exchange(hosts[1], hosts[2], 9000)


class Stock:
    """A stock guest, dpdk-testpmd, that sends what is in a file and stores what it gets."""

    def __init__(self, stage, host: int, sent: list[bytes]):
        self.rig, self.sent, self.file = application(stage, host), sent, f"{stage.dir}/g{host}"
        pcap.write(f"{self.file}.in", sent)
        self.guest = testpmd.guest(stage, testpmd.GuestConfig(
            self.rig.socks[0], mac(host, 0), rx_pcap=f"{self.file}.in", tx_pcap=f"{self.file}.out"))
        self.guest.do("set fwd io retry")
        self.guest.do("set burst tx delay 20 retry 5000")
        self.rig.wait_ready(0, 2)

    def count(self, *names: str) -> int:
        """The sum of what the NIC counted of the guest's VF."""
        stats = self.rig.nic.function(nic.vf_bdf(0), "stats")["vport"]
        return sum(stats[name] for name in names)


def test_stock_guests(stage):
    """Two testpmd guests on two hosts: what one sends arrives at the other, or was counted as dropped."""
    count = 2000
    ends = [Stock(stage, 1, between(1, 2, 0, count)), Stock(stage, 2, between(2, 1, count, count))]
    for end in ends:
        end.guest.start()
    limit = time.monotonic() + 40
    while any(here.count("tx_pkts") != count or
              there.guest.stats(0)["RX-packets"] + here.count("tx_dropped", "tx_no_dest", "tx_link_down") +
              there.count("rx_no_buffer", "rx_no_flow") != count for here, there in (ends, ends[::-1])):
        assert time.monotonic() < limit, [(end.guest.stats(0), end.count("tx_pkts")) for end in ends]
        time.sleep(0.1)
    for here, there in (ends, ends[::-1]):
        there.guest.stop()
        verdict = capture.compare(here.sent, pcap.read(f"{there.file}.out"))
        assert verdict.received == there.guest.stats(0)["RX-packets"] > 0


def test_port_state(stage):
    """A program sees the port down as long as there is no other end."""
    argv = [str(paths.NICEMU), "run", "--wire", f"link:{stage.dir}/link", "--", "ibv_devinfo", "-d", "mlx5_1"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)
    assert "PORT_DOWN" in done.stdout


FORKER = """
import os, sys, time
from pyverbs.device import Context
context = Context(name="mlx5_1")
while context.query_port(1).state != 4:     # IBV_PORT_ACTIVE: it has met the other end
    time.sleep(0.05)
if os.fork() == 0:
    time.sleep(60)
    os._exit(0)
sys.stdin.readline()
os._exit(0)
"""


def test_forked_child(stage):
    """A child that outlives its parent does not keep the link: it has no NIC."""
    rig = application(stage, 1)
    parent = stage.run("forker", [str(paths.NICEMU), "run", "--wire", f"link:{stage.dir}/link", "--", sys.executable, "-c",
                                  FORKER], sanitizer_env())
    wait_port(rig, "up")
    parent.write("go")
    wait_port(rig, "down")
