# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Recorded sessions of front ends, changed by dice, message by message, over the real socket.

After each session the application is there, the guest beside it is served, the socket takes a good front end, and what
the NIC has of the device is what it had; all the while, two guests pass verified packets. The sessions of some
seeds are played; with --long those of thousands, from a base that is printed. HF_SEED=N,COUNT plays those. Sessions that once
ended the process or left something behind are in found/.
"""

import collections
import os
import random
import threading
import time
from pathlib import Path

import pytest
from hfrig import nic, paths, vdpa
from hfrig.wait import until
from hfvhost.channel import Closed, Refused
from hfvhost.mutate import Mutator
from hfvhost.net import NetDevice, Shape
from hfvhost.proto import Request
from hfvhost.session import Player, Step, Thing, load
from pair import Pair, burst, collect

HERE = Path(__file__).resolve().parent
RECORDED = {path.stem: load(path) for path in sorted((HERE / "recordings").glob("*.json"))}
FOUND = {path.stem: load(path) for path in sorted((HERE / "found").glob("*.json"))}
LANES = 2       # hostile front ends at a time, each at a VF of its own, with a good guest beside it
QUEUES = 4
COUNT, LONG_COUNT = 40, 4000


def frames(rig, src, src_vf: int, dst, dst_vf: int, first: int, count: int = 20) -> None:
    """Frames from one guest to another: all arrive, whole, once."""
    sent = burst(count, first, src_vf, dst_vf)
    src.send(sent)
    got = collect(dst, count)
    assert sorted(got) == sorted(sent), f"{len(got)} of {len(sent)} frames arrived"


class Witness(threading.Thread):
    """Two guests that pass packets for as long as the test goes on."""

    def __init__(self, rig: Pair):
        super().__init__(daemon=True)
        self.rig = rig
        self.guests = rig.guest(0), rig.guest(1, Shape(packed=True))
        self.rounds = 0
        self.error: Exception | None = None
        self.stop = threading.Event()
        self.start()

    def run(self) -> None:
        """Until it is stopped, or packets are missing."""
        a, b = self.guests
        try:
            while not self.stop.is_set():
                frames(self.rig, a, 0, b, 1, self.rounds)
                frames(self.rig, b, 1, a, 0, self.rounds)
                self.rounds += 1
        except Exception as error:      # pylint: disable=broad-exception-caught
            self.error = error

    def check(self) -> None:
        """Have packets passed, all of them, also since the last check?"""
        before, end = self.rounds, time.monotonic() + 20
        while self.error is None and self.rounds < before + 2 and time.monotonic() < end:
            time.sleep(0.01)
        if self.error:
            raise self.error
        assert self.rounds > before, "no packets pass between two other guests"


class Lane:
    """A VF for hostile front ends, and the guest on the next one."""

    def __init__(self, rig: Pair, number: int):
        self.rig = rig
        self.vf = 2 + 2 * number
        self.bdf = nic.vf_bdf(self.vf)
        self.beside = rig.guest(self.vf + 1)
        self.count = 0
        self.closed = self.unanswered = 0
        # What a device keeps it has made once, of both kinds.
        for packed in (False, True):
            self.good(Shape(pairs=2, packed=packed))
        self.objects = self.owned()
        self.objects["umem"] += QUEUES      # queues that were made at different times do not share one

    def owned(self) -> collections.Counter:
        """What the NIC has of the VF, by kind."""
        return collections.Counter(o["object"] for o in self.rig.nic.function(self.bdf)["objects"])

    def connect(self, shape: Shape) -> NetDevice:
        """A good front end, that starts: once the one before it has gone, whose messages may still be read."""
        end = time.monotonic() + 20
        while True:
            dev = self.rig.connect(self.vf, shape)
            try:
                dev.start()
                return dev
            except (Closed, Refused):
                dev.close()
                if time.monotonic() > end:
                    raise

    def good(self, shape: Shape) -> None:
        """A good front end at the same socket."""
        dev = self.connect(shape)
        try:
            self.rig.wait_ready(self.vf, len(dev.queues))
            for pair in range(shape.pairs):
                dev.post_rx(32, pair)
            dev.supplied()
            self.count += 1
            frames(self.rig, dev, self.vf, self.beside, self.vf + 1, self.count)
            frames(self.rig, self.beside, self.vf + 1, dev, self.vf, self.count)
        finally:
            dev.close()
        self.rig.nic.wait_idle(self.bdf)
        self.rig.wait_kept(self.vf, 0)

    def play(self, steps, seed: int, patience: float = 5.0) -> None:
        """A session, each of whose answers is waited for so long, and what has to hold after it."""
        player = Player(self.rig.socks[self.vf], patience, deaf=seed % 3 == 0)
        try:
            self.closed += not player.play(steps)
            self.unanswered += len(player.unanswered)
        finally:
            player.close()
        assert self.rig.app.process.alive, "the application is gone"
        self.good(Shape(pairs=1 + seed % 2, packed=bool(seed & 4)))
        left = until(lambda: self.owned() - self.objects, lambda more: not more)
        assert not left, f"left on the NIC: {left}"


class Scene:
    """The application, two guests that must not notice, and lanes of front ends and guests beside them."""

    def __init__(self, stage, lanes: int):
        options = [f"--queues={QUEUES}"] if not paths.NIC else []
        self.rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(vfs=2 + 2 * lanes, options=options + ["--no-memlock"]),
                                               devargs=f"queue_pairs={QUEUES // 2}"))
        self.lanes = [Lane(self.rig, i) for i in range(lanes)]
        self.witness = Witness(self.rig)
        self.descriptors = self.open_descriptors()

    def open_descriptors(self) -> collections.Counter:
        """What the application has open."""
        here = f"/proc/{self.rig.app.process.program()}/fd"
        return collections.Counter(os.readlink(f"{here}/{fd}").split(":")[0] for fd in os.listdir(here))

    def check(self) -> None:
        """Packets pass, the application answers, and has nothing open that it had not."""
        self.witness.check()
        self.rig.alive()
        more = until(lambda: self.open_descriptors() - self.descriptors, lambda found: not found)
        assert not more, f"left open: {more}"

    def end(self) -> None:
        """And at the close nothing is left on the NIC."""
        self.check()
        self.witness.stop.set()
        self.witness.join(30)
        assert self.rig.app.quit() == 0
        assert " leak" not in self.rig.app.process.text()


def in_lanes(scene: Scene, first: int, count: int) -> None:
    """Sessions of so many seeds, spread over the lanes; the first that fails is told."""
    sessions = list(RECORDED.values())
    failed: list[tuple[int, Exception]] = []

    def drive(lane: Lane, seeds: range) -> None:
        for seed in seeds:
            if failed or scene.witness.error:
                return
            try:
                lane.play(Mutator(sessions, seed).session(), seed)
            except Exception as error:      # pylint: disable=broad-exception-caught
                failed.append((seed, error))

    threads = [threading.Thread(target=drive, args=(lane, range(first + i, first + count, len(scene.lanes))))
               for i, lane in enumerate(scene.lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for lane in scene.lanes:
        print(f"lane {lane.vf}: {lane.count} good front ends; {lane.closed} sessions closed, {lane.unanswered} unanswered")
    if failed:
        seed, error = failed[0]
        print(f"HF_SEED={seed},1 repeats it, if it is not for the other lanes; the session:")
        for step in Mutator(sessions, seed).session():
            print(f"  {step}")
        raise error


@pytest.fixture(scope="module")
def scene(module_stage):
    """One for all: it is to last."""
    it = Scene(module_stage, LANES)
    yield it
    it.end()


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(scene, name):
    """A session as it was: it is taken to its end."""
    lane = scene.lanes[0]
    closed = lane.closed, lane.unanswered
    lane.play(RECORDED[name], 1, 30)
    assert (lane.closed, lane.unanswered) == closed


@pytest.mark.parametrize("name", FOUND)
def test_found(scene, name):
    """What once failed."""
    scene.lanes[0].play(FOUND[name], len(name))


def test_changed(scene, request):
    """Sessions changed by dice."""
    first, count = 0, COUNT
    if request.config.getoption("--long"):
        first, count = random.SystemRandom().randrange(1 << 32), LONG_COUNT
    if "HF_SEED" in os.environ:
        first, count = (int(n) for n in os.environ["HF_SEED"].split(","))
    print(f"HF_SEED={first},{count}")
    in_lanes(scene, first, count)
    scene.check()


def test_library_leaves_descriptors(scene):
    """librte_vhost 22.11 hangs up for a ring number above 255, and forgets the descriptors: the guide says so."""
    before = scene.open_descriptors()
    player = Player(scene.rig.socks[scene.lanes[0].vf])
    assert not player.play([Step(Request.SET_VRING_ENABLE, bytes([0, 1, 0, 0, 0, 0, 0, 0]), (Thing("null"),) * 8),
                            Step(Request.GET_FEATURES)])
    player.close()
    left = until(lambda: scene.open_descriptors() - before, lambda more: more == {"/dev/null": 8})
    assert left == {"/dev/null": 8}
    scene.descriptors += left
