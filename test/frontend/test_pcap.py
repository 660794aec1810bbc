# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Capture files: what passes a port is written, what is in a file is played into the port. tcpdump reads them."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest
from hfrig import nic, paths, pcap
from hfrig.nic import NicConfig
from hfrig.vdpa import VdpaConfig
from hfvhost import frames
from hfvhost.net import Shape
from pair import Pair, address, burst, collect, transfer

ABROAD = bytes.fromhex("0a0000000001")     # nobody's on the NIC
COUNT = 100
# As in the file, as fast as the engine looks, Mbit/s.
RATES = [("time", False), ("max", True), ("1000", False)]


def read(path) -> list[bytes]:
    """What tcpdump finds in a file; it complains of one that ends within a record."""
    tcpdump = shutil.which("tcpdump", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not tcpdump:
        pytest.skip("no tcpdump")
    copy = f"{path}.copy"
    done = subprocess.run([tcpdump, "-Z", "root", "-r", str(path), "-w", copy], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "truncated" not in done.stderr, done.stderr
    return pcap.read(copy)


def start(stage, wire: str = "none", **how) -> Pair:
    """An application on a NIC with that wire."""
    return Pair(stage, VdpaConfig(nic=NicConfig(wire=wire, **how)))


def abroad(count: int, first: int = 0) -> list[bytes]:
    """Frames from the first VF that leave the NIC."""
    return [frames.build(flow, ABROAD, address(0), first + i, 60 + 13 * i) for i, flow in enumerate(frames.flows(count))]


def home(count: int, first: int = 0) -> list[bytes]:
    """Frames from outside for the first VF."""
    return [frames.build(flow, address(0), ABROAD, first + i, 60 + 13 * i) for i, flow in enumerate(frames.flows(count))]


def test_ports(stage, packed):
    """A VF's file has what it sends and what it gets; the port's has what crosses the wire, and nothing else."""
    vf, port = stage.dir / "vf.pcap", stage.dir / "port.pcap"
    rig = start(stage, "loop", engines=2, options=["--pcap", f"1={vf}", "--pcap", str(port)])
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    there, back, out = burst(COUNT, 0, 0, 1), burst(COUNT, COUNT, 1, 0), abroad(10, 5000)
    transfer(a, b, there)
    transfer(b, a, back)
    a.send(out)
    seen = rig.nic.ask("pcap")["captures"]
    assert sorted(read(vf)) == sorted(there + back + out)
    end = time.monotonic() + 20
    while len(read(port)) < 20 and time.monotonic() < end:      # the loop gives them back
        time.sleep(0.05)
    assert sorted(read(port)) == sorted(out + out)
    assert [(row["port"], row["state"]) for row in seen] == [("port", "good"), (nic.vf_bdf(0), "good")]
    assert seen[1]["frames"] == 2 * COUNT + 10


def test_order(stage):
    """Frames of one queue are in the file in their order; flows that the NIC has seen before, too."""
    vf = stage.dir / "vf.pcap"
    rig = start(stage, options=["--pcap", f"{nic.vf_bdf(1)}={vf}"])
    a, b = rig.guest(0), rig.guest(1)
    sent = [burst(COUNT, first) for first in (0, COUNT)]
    for part in sent:
        transfer(a, b, part)
    assert read(vf) == sent[0] + sent[1]


def test_start_stop(stage):
    """At run time: a capture has what passed between its start and its stop; what is wrong is refused, and says why."""
    rig = start(stage, engines=2)
    a, b = rig.guest(0), rig.guest(1)
    first, second = stage.dir / "1.pcap", stage.dir / "2.pcap"
    transfer(a, b, burst(20, 0))
    rig.nic.ask(f"pcap start 2 {first}")
    transfer(a, b, burst(20, 100))
    for wrong, why in ((f"pcap start 2 {second}", "captured already"), (f"pcap start 1 {first}", "another port"),
                       ("pcap start 1 file", "whole path"), (f"pcap start 9 {second}", "no port '9'"),
                       ("pcap start 1 /", "directory"), ("pcap stop port", "not captured"),
                       ("pcap play", "nothing to play"), ("pcap now", "want pcap")):
        with pytest.raises(ValueError, match=why):
            rig.nic.ask(wrong)
    rig.nic.ask("pcap stop 2")
    transfer(a, b, burst(20, 200))
    rig.nic.ask(f"pcap start mlx5_2 {second}")
    transfer(a, b, burst(20, 300))
    assert read(first) == burst(20, 100)
    assert read(second) == burst(20, 300)


def test_killed(stage):
    """The file of a process that is killed has whole frames."""
    vf = stage.dir / "vf.pcap"
    rig = start(stage, options=["--pcap", f"1={vf}"])
    a, b = rig.guest(0), rig.guest(1)
    sent = burst(COUNT)
    transfer(a, b, sent)
    rig.app.process.kill()
    assert read(vf) == sent


def wait_played(rig: Pair, timeout: float = 20.0) -> dict:
    """Wait until the wire has played its file."""
    end = time.monotonic() + timeout
    while True:
        play = rig.nic.ask("pcap")["play"]
        if play["state"] == "done":
            return play
        assert time.monotonic() < end, play
        time.sleep(0.02)


@pytest.mark.parametrize(("rate", "packed"), RATES)
def test_play(stage, rate, packed):
    """What is in a file comes to the guest, in order, once; what the guest sends away is in another."""
    there, back = stage.dir / "in.pcap", stage.dir / "out.pcap"
    pcap.write(there, home(COUNT))
    rig = start(stage, f"pcap:in={there},out={back},rate={rate},hold")
    guest, other = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    assert collect(guest, 1, timeout=0.3) == []
    assert rig.nic.ask("pcap")["play"]["state"] == "waiting"
    table = subprocess.run([str(paths.NICEMU), "ctl", "--socket", rig.nic.path, "pcap"], capture_output=True, text=True,
                           timeout=30, check=True).stdout
    assert table.split() == ["waiting", "0", "frames", "from", f"{there},", "0", "left", "out"]
    rig.nic.ask("pcap play")
    assert collect(guest, COUNT) == home(COUNT)
    assert wait_played(rig)["played"] == COUNT
    guest.send(abroad(COUNT))
    assert read(back) == abroad(COUNT)
    assert collect(guest, 1, timeout=0.1) == collect(other, 1, timeout=0.1) == []


def test_play_by_itself(stage):
    """Without a word, the play begins when a function can receive. A frame that the file has not all of is left out."""
    there = stage.dir / "in.pcap"
    pcap.write(there, home(COUNT))
    data = bytearray(there.read_bytes())
    data[24 + 8] -= 1           # the first record: one byte less is there than was on the wire
    del data[24 + 16 + 59]
    there.write_bytes(data)
    rig = start(stage, f"pcap:in={there},rate=max")
    rig.guest(0)
    play = wait_played(rig)
    assert (play["played"], play["skipped"]) == (COUNT - 1, 1)
    rig.alive()


def test_bad_files(stage):
    """A file that can't be played is refused with its name and the reason."""
    bad = stage.dir / "bad"
    bad.write_text("this is no capture")
    for wire, why in ((f"pcap:in={bad}", "unknown file format"), (f"pcap:in={stage.dir}/none", "No such file"),
                      (f"pcap:out={stage.dir}", "directory"), ("pcap:in=", "want in=FILE"), ("pcap:", "needs in=FILE")):
        done = subprocess.run([str(paths.NICEMU), "run", "--wire", wire, "--", "ibv_devinfo", "-d", "mlx5_0"],
                              capture_output=True, text=True, timeout=30)
        assert done.returncode != 0 and why in done.stderr, (wire, done.stderr)
