# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Devices that are plugged in and out of an application that runs: probing that fails, removal under a guest."""

import re
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from hfrig import nic, paths
from hfvhost.channel import Closed, Refused
from hfvhost.net import NetDevice, Shape
from pair import both_ways, burst, wait_supplied


class Plug:
    """The application, without a device at first."""

    def __init__(self, stage):
        self.stage = stage
        argv = [sys.executable, str(Path(__file__).with_name("plug_app.py")), "-l", "0", "--no-huge", "-m", "256",
                "--no-shconf", "--no-telemetry", f"--file-prefix={stage.prefix()}", "-a", "0000:ff:1f.7",
                "--log-level=pmd.vdpa.holdfast:info", "-d", str(paths.PLUGIN)]
        self.process, self.nic = nic.run(stage, "plug", nic.NicConfig(), argv)
        self.process.expect(r"^init: [0-9]", 60)

    def do(self, order: str) -> int:
        """Give an order; what DPDK returned."""
        name = order.split()[0]
        return int(self.process.command(order, rf"^{name}: (-?\d+)$", 60).group(1))

    def add(self, vf: int, more: str = "") -> int:
        """Plug a VF in."""
        return self.do(f"add {nic.vf_bdf(vf)} class=vdpa{more}")

    def remove(self, vf: int) -> int:
        """Plug it out."""
        return self.do(f"remove {nic.vf_bdf(vf)}")

    def bind(self, vf: int) -> str:
        """Bind it to a socket; its path."""
        path = f"{self.stage.dir}/p{vf}"
        assert self.do(f"bind {nic.vf_bdf(vf)} {path}") == 0
        return path

    def guest(self, vf: int, path: str, shape: Shape | None = None) -> NetDevice:
        """A guest at a socket that runs."""
        dev = self.stage.keep(NetDevice(path, None, shape))
        dev.supplied = partial(wait_supplied, self.nic, nic.vf_bdf(vf), dev)
        dev.start()
        self.nic.wait_serving(nic.vf_bdf(vf), len(dev.queues))
        dev.post_rx()
        return dev

    def objects(self, vf: int) -> dict[str, int]:
        """What the NIC has of a VF, and how often."""
        func = self.nic.function(nic.vf_bdf(vf))
        return {name: count for name, count in func["counts"].items() if count} | {"mrs": self.nic.kept(nic.vf_bdf(vf))}

    def threads(self) -> set[str]:
        """Names of the driver's threads."""
        tasks = Path(f"/proc/{self.process.program()}/task").glob("*/comm")
        return {name for task in tasks if (name := task.read_text(encoding="ascii").strip()).startswith("hf-")}

    def commands(self, vf: int) -> dict[str, int]:
        """The commands and kernel calls that the NIC had from a VF's driver, as 'nicemu ctl fail' names them."""
        func = self.nic.function(nic.vf_bdf(vf), "commands")
        return ({c["name"]: c["count"] for c in func["commands"]} |
                {f"ioctl:{c['name']}": c["count"] for c in func["ioctls"]})


@pytest.fixture
def plug(stage):
    """The application."""
    return Plug(stage)


def test_probe_fails_at_each_command(plug):
    """D9, D32: probing fails at each command and kernel call: an error, nothing stays, and the next probe works.

    The other device, probed before, is there all the time.
    """
    assert plug.add(1) == 0
    before, idle = plug.commands(0), plug.objects(0)
    assert plug.add(0) == 0
    made = {op: count - before.get(op, 0) for op, count in plug.commands(0).items() if count > before.get(op, 0)}
    assert plug.remove(0) == 0
    assert plug.objects(0) == idle
    assert len(made) > 5, made
    refused = 0
    for what, count in made.items():
        for nth in range(1, count + 1):
            plug.nic.ask(f"fail 1/{what}:{nth}")
            since = len(plug.process.text())
            result = plug.add(0)
            assert "leak" not in plug.process.text()[since:], f"{what} number {nth}"
            plug.nic.ask("fail clear")
            if result == 0:
                assert plug.remove(0) == 0
            refused += result < 0
            left = plug.objects(0)
            assert left == idle, f"{what} number {nth}: {left}"
    assert refused > 5
    text = plug.process.text()
    assert len(re.findall(rf"{nic.vf_bdf(0)}: cannot be used: \S+", text)) == refused
    assert plug.add(0) == 0
    a, b = (plug.guest(vf, plug.bind(vf)) for vf in (0, 1))
    both_ways(a, b)
    for vf in (0, 1):
        assert plug.threads()
        assert plug.remove(vf) == 0
    assert not plug.threads()


@pytest.mark.parametrize("traffic", [False, True], ids=["idle", "traffic"])
def test_removed_under_a_guest(plug, packed, traffic):
    """P24, D31: a device is removed while its guest runs: the guest is hung up on, the others do not notice.

    Plugged in again, it serves.
    """
    assert plug.add(0) == 0 and plug.add(1) == 0
    shape = Shape(packed=packed)
    a, b = (plug.guest(vf, plug.bind(vf), shape) for vf in (0, 1))
    both_ways(a, b)
    if traffic:
        for frame in burst(200, 1000):
            a.post_tx(frame)
        a.tx().ring.flush()
    assert plug.remove(0) == 0
    a.channel.wait_closed()
    assert plug.objects(0)["mrs"] == 0
    b.supplied()
    b.take()        # what came before the removal
    b.stop()
    b.start()
    plug.nic.wait_serving(nic.vf_bdf(1), 2)
    assert plug.add(0) == 0
    both_ways(plug.guest(0, plug.bind(0), shape), b, 2000)
    assert plug.do("quit") == 0
    assert "leak" not in plug.process.text()


def test_removed_before_its_front_end_speaks(plug):
    """P24: a front end that has connected and said little goes the same way."""
    assert plug.add(0) == 0
    dev = plug.stage.keep(NetDevice(plug.bind(0)))
    dev.negotiate()
    assert plug.remove(0) == 0
    with pytest.raises((Closed, Refused)):
        dev.get_status()
    assert plug.add(0) == 0
    plug.guest(0, plug.bind(0))


def test_removed_and_added(plug):
    """A device that nobody uses comes and goes; the process's threads with the last one."""
    for _ in range(3):
        assert plug.add(0) == 0
        assert plug.add(1) == 0
        assert plug.remove(0) == 0
        assert plug.remove(1) == 0
    assert plug.remove(0) < 0
    assert not plug.threads()


@pytest.mark.parametrize("how", ["kill", "unload"])
def test_probe_of_a_dead_device(plug, how):
    """The function is on the bus, and its firmware or its kernel driver is gone: an error; it is back, and works."""
    assert plug.add(1) == 0
    plug.nic.ask(f"{how} 1")
    since = len(plug.process.text())
    assert plug.add(0) < 0
    said = plug.process.text()[since:]
    assert re.search(rf"{nic.vf_bdf(0)}: opening mlx5_1 with DevX \(mlx5_ib loaded\?.*\) failed: \S+", said), said
    plug.nic.ask("revive 1")
    assert plug.add(0) == 0
    a, b = (plug.guest(vf, plug.bind(vf)) for vf in (0, 1))
    both_ways(a, b)


@pytest.mark.parametrize("policy", ["reset", "connection", "memory"])
def test_removal_ends_all_memory(plug, policy):
    """A device that is removed leaves no MR, not even what mr_policy=memory holds for a front end's return."""
    assert plug.add(1) == 0
    idle = plug.objects(0)
    assert plug.add(0, f",mr_policy={policy},mr_grace_ms=600000") == 0
    path = plug.bind(0)
    plug.guest(0, path).close()
    end = time.monotonic() + 20
    while plug.nic.running(nic.vf_bdf(0)) or plug.nic.kept(nic.vf_bdf(0)) != (1 if policy == "memory" else 0):
        assert time.monotonic() < end, f"{plug.nic.kept(nic.vf_bdf(0))} MRs"
        time.sleep(0.02)
    assert plug.remove(0) == 0
    assert plug.objects(0) == idle
