# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A VF that is failed on demand, and what a guest's whole life makes the driver ask of the NIC."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass

from hfrig import nic, paths, vdpa
from hfvhost.channel import Closed, Refused
from hfvhost.net import NetDevice, Shape
from pair import Pair, address, collect
from hfvhost import frames

PATIENCE = 20.0
WORKERS = 8
# Lives alternate between two shapes, so that each of them makes all parts of its queues anew.
TRIED = Shape(pairs=2, size=64)
OTHER = Shape(pairs=2, size=128, packed=True)


def positions(count: int, every: bool) -> list[int]:
    """Which of so many calls fail: all; or the first two, one in the middle and the last; with sanitizers two."""
    if every:
        return list(range(1, count + 1))
    return sorted({1, count} if paths.SANITIZED else {1, min(2, count), (count + 1) // 2, count})


@dataclass(frozen=True)
class Target:
    """One call of the driver: a firmware command or an ioctl by name, and the how many-th of a life it is."""

    kind: str       # "command" or "ioctl"
    name: str
    nth: int

    def spec(self, how: str = "") -> str:
        """As nicemu ctl fail takes it, without the function."""
        # Not EIO for what destroys: libibverbs takes that for the end of the device, at which a kernel has destroyed
        # everything, and says that it is done (verbs_is_destroy_err()).
        if self.kind == "command":
            return f"{self.name}:{self.nth}:{how or ('BAD_RES_STATE' if self.destroys() else 'INT_ERR')}"
        return f"ioctl:{self.name}:{self.nth}:{how or 'ENOMEM'}"

    def destroys(self) -> bool:
        """Whether something ends by it."""
        return self.name.startswith(("DESTROY_", "DELETE_", "DEALLOC_"))

    def reported(self) -> str:
        """What the driver's line about it has: the call or the kind of object, and the errno."""
        if self.kind == "ioctl":
            return "failed: .*Cannot allocate memory"
        return "failed: .*Invalid argument" if self.destroys() else "failed: .*Input/output error"

    def __str__(self):
        return f"{self.kind} {self.name}:{self.nth}"


def targets(calls: dict[tuple[str, str], int], every: bool) -> list[Target]:
    """What is to fail out of a recorded life."""
    return [Target(kind, name, nth) for (kind, name), count in sorted(calls.items())
            for nth in positions(count, every)]


class Victim:
    """A VF that is tried, and another one (-1: none) whose guest runs all the time and exchanges packets with it."""

    def __init__(self, rig: Pair, vf: int, peer: int = -1):
        self.rig = rig
        self.vf = vf
        self.peer_vf = peer
        self.bdf = nic.vf_bdf(vf)
        self.func = vf + 1
        self.peer = rig.guest(peer) if peer >= 0 else None
        self.sent = 0
        self.stuck = 0      # MRs that the NIC did not let go

    def __str__(self):
        return self.bdf

    # --- what the NIC says ---

    def counts(self) -> dict[tuple[str, str], int]:
        """How often each command and each ioctl was executed so far."""
        func = self.rig.nic.function(self.bdf, "commands")
        return {(kind, entry["name"]): entry["count"]
                for kind in ("command", "ioctl") for entry in func[kind + "s"]}

    def since(self, start: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
        """The same since then; what was not executed is not there."""
        return {what: count - start.get(what, 0) for what, count in self.counts().items() if count > start.get(what, 0)}

    def failed_calls(self) -> int:
        """How many ioctls failed so far: what the kernel keeps to itself is not among them."""
        return sum(entry["failed"] for entry in self.rig.nic.function(self.bdf, "commands")["ioctls"])

    def objects(self) -> dict[str, int]:
        """How many objects of each kind there are."""
        return self.rig.nic.function(self.bdf)["counts"]

    def log(self, mark: int) -> list[str]:
        """What the driver said of this VF since a place of the log."""
        with open(self.rig.app.process.log, "rb") as log:
            log.seek(mark)
            text = log.read().decode(errors="replace")
        return [line for line in text.splitlines() if f"{self.bdf}:" in line]

    def mark(self) -> int:
        """The present end of the log."""
        return self.rig.app.process.log.stat().st_size

    # --- lives ---

    def _change(self, dev: NetDevice) -> None:
        """One of two pairs off and on."""
        for enabled in (False, True):
            for index in (2, 3):
                dev.enable(index, enabled)
        dev.settle()

    def _live(self, dev: NetDevice) -> None:
        """Connect, change a queue, reset, connect again."""
        dev.start()
        dev.settle()
        self._change(dev)
        dev.stop()
        dev.start()
        dev.settle()

    def suffer(self, shape: Shape) -> None:
        """A life in which something fails: no more is asked of the driver than an end."""
        dev = self.rig.connect(self.vf, shape)
        try:
            self._live(dev)
        except (Refused, Closed):
            pass
        finally:
            self._hang_up(dev)
        self.settle(False)

    def fail(self, spec: str, shape: Shape) -> None:
        """A life in which this failure strikes."""
        self.rig.nic.ask(f"fail {self.func}/{spec}")
        self.suffer(shape)
        waiting = [f for f in self.rig.nic.ask("fail list")["faults"] if f.startswith(f"{self.func}/")]
        self.rig.nic.ask(f"fail clear {self.func}")
        assert not waiting, f"there were fewer such calls: {waiting}"

    def thrive(self, shape: Shape) -> None:
        """A life in which all works, packets to and from the peer included."""
        dev = self.rig.connect(self.vf, shape)
        try:
            self._live(dev)
            self.rig.wait_ready(self.vf, 2 * shape.pairs)
            if self.peer:
                for pair in range(shape.pairs):
                    dev.post_rx(None, pair)
                self._packets(dev)
        finally:
            self._hang_up(dev)
        self.settle(True)

    def _hang_up(self, dev: NetDevice) -> None:
        """There are hundreds of lives in a test: each gives back its descriptors, memory included."""
        dev.close()
        dev.mem.close()
        self.rig.stage.acts.remove(dev)

    def _packets(self, dev: NetDevice, count: int = 24) -> None:
        there = [frames.build(flow, address(self.peer_vf), address(self.vf), self.sent + i, 200)
                 for i, flow in enumerate(frames.flows(count))]
        back = [frames.build(flow, address(self.vf), address(self.peer_vf), self.sent + i, 300)
                for i, flow in enumerate(frames.flows(count))]
        self.sent += count
        dev.send(there)
        assert sorted(collect(self.peer, count)) == sorted(there), f"{self.bdf}: packets to the peer"
        self.peer.send(back)
        assert sorted(collect(dev, count)) == sorted(back), f"{self.bdf}: packets from the peer"

    def settle(self, clean: bool) -> None:
        """Wait until the driver has seen the disconnect. clean: nothing more of the guest is left then than before."""
        end = time.monotonic() + PATIENCE
        while self.rig.running(self.vf):
            assert time.monotonic() < end, f"{self.bdf}: queues run on without a front end"
            time.sleep(0.01)
        end = time.monotonic() + (PATIENCE if clean else 1)
        while self.rig.kept(self.vf) > self.stuck and time.monotonic() < end:
            time.sleep(0.01)
        assert not clean or self.rig.kept(self.vf) <= self.stuck, f"{self.bdf}: memory is pinned without a front end"
        self.stuck = self.rig.kept(self.vf)

    def said(self, mark: int, pattern: str) -> str:
        """The first line of this VF that matches, since a place of the log; waited for."""
        end = time.monotonic() + PATIENCE
        while True:
            for line in self.log(mark):
                if re.search(pattern, line):
                    return line
            assert time.monotonic() < end, f"{self.bdf}: nothing in the log is like '{pattern}'"
            time.sleep(0.02)

    def record(self, before: Shape, shape: Shape) -> dict[tuple[str, str], int]:
        """What a life asks of the NIC, by command and ioctl, after one of another shape; not the first one, which finds what
        was made at probe."""
        self.thrive(shape)
        self.thrive(before)
        start = self.counts()
        self.thrive(shape)
        return self.since(start)


def spread(rig: Pair, workers: list, targets: list, attempt) -> list[str]:
    """attempt(worker, target) for each target, by all workers side by side; what went wrong."""
    todo, wrong, lock = list(reversed(targets)), [], threading.Lock()

    def work(worker) -> None:
        while True:
            with lock:
                if not todo:
                    return
                target = todo.pop()
            try:
                attempt(worker, target)
            except Exception as err:    # pylint: disable=broad-except  (the next target is tried all the same)
                with lock:
                    wrong.append(f"{worker} {target}: {type(err).__name__}: {err}")
                if not rig.app.process.alive:
                    return

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def left_behind(text: str) -> set[tuple[str, int]]:
    """What the NIC says was left in a device that was closed: kinds and numbers. A protection domain follows from the
    rest, and the driver says that it cannot free it."""
    found = set()
    for line in re.findall(r"left behind when the device was closed: (.*) \(\d+\)$", text, re.M):
        found |= {(kind, int(num, 16)) for kind, num in re.findall(r"(\w+) (0x[0-9a-f]+)", line)}
    if "ibv_dealloc_pd failed" in text:
        found = {(kind, num) for kind, num in found if kind != "pd"}
    return found


def named_leaks(text: str) -> set[tuple[str, int]]:
    """What the driver says it leaves: kinds and numbers, as the NIC has them."""
    found = re.findall(r"leak: (.*) (0x[0-9a-f]+) is still alive", text)
    return {(kind.lower().replace(" ", "_"), int(num, 16)) for kind, num in found}


def objects_at_exit(text: str) -> set[str]:
    """What was left of any object in each function of the NIC when the program ended: counts by kind."""
    return set(re.findall(r"^  counts:(.*)$", text, re.M))


def start(stage, vfs: int, options: tuple[str, ...] = (), queues: int = 8) -> Pair:
    """The application on a NIC with so many VFs, which tells what is left in it."""
    return Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(vfs=vfs, queues=queues,
                                                         options=["--leaks", "--objects-at-exit", *options])))


def finish(rig: Pair, leaks: bool = False) -> None:
    """The application ends: what is left in a device when it is closed was named by the driver, and nothing after."""
    status = rig.app.quit()
    text = rig.app.process.text()
    left, named = left_behind(text), named_leaks(text)
    assert left <= named, f"the driver does not name {left - named}"
    assert leaks or not named, f"the driver leaves {named}"
    assert status == (3 if left else 0)
    assert objects_at_exit(text) == {" mkey=1"}, "more than each function's null key is left"
