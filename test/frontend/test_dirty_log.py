# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""
The log of written pages that a migration reads: our driver keeps it in poll mode, and datapath=auto goes there for it;
DPDK's own mlx5 driver has the NIC keep it.
"""

import struct
import threading
import time
from pathlib import Path

import pytest
from hfrig import nic, vdpa
from hfrig.wait import until
from hfvhost.channel import Refused
from hfvhost.dirty import Log
from hfvhost.memory import PAGE, Memory
from hfvhost.net import BUFFER, Shape
from hfvhost.packed import PackedRing
from hfvhost.proto import Feature, Protocol, Request
from pair import Pair, both_ways, burst

LOW, HIGH, SIZE = 0, 1 << 32, 16 << 20
LOG_BYTES = -(-(HIGH + SIZE) // PAGE // 8 // PAGE) * PAGE
ACROSS = 3000   # offset in a page at which receive buffers begin: they lie in two


class Apart(Memory):
    """Memory in which nothing shares a page, and receive buffers lie across two."""

    def alloc(self, size, align=64, region=None):
        shift = ACROSS if size == BUFFER else 0
        return super().alloc(size + shift, PAGE, region) + shift


def pages_of(gpa: int, length: int) -> set[int]:
    """Numbers of the pages in which a range lies."""
    return set(range(gpa // PAGE, (gpa + length - 1) // PAGE + 1))


class Migrating(Pair):
    """Two VFs whose guests can be migrated."""

    def __init__(self, stage, driver: str, devargs: str, packed: bool = False):
        super().__init__(stage, vdpa.VdpaConfig(driver=driver, devargs=devargs))
        self.packed = packed

    def guest(self, vf: int, shape: Shape | None = None, mem: Memory | None = None, rx: int | None = None):
        """A guest with memory in two regions, far apart: receive buffers lie above 4 GiB."""
        mem = Apart()
        mem.add(LOW, SIZE).brk = PAGE
        high = mem.add(HIGH, SIZE)
        shape = shape or Shape(packed=self.packed)
        shape.protocol |= Protocol.LOG_SHMFD
        # DPDK's driver makes queues with it, and keeps those only that are as the guest wants them
        shape.features |= Feature.GUEST_CSUM
        dev = super().guest(vf, shape, mem, rx=0)
        for pair in range(shape.pairs):
            dev.post_rx(100, pair, region=high)
        dev.supplied()
        return dev

    def log_all(self, vf: int, dev, log: Log) -> None:
        """Start logging on a device that runs, as QEMU does at the start of a migration.

        The library tells the driver of features that change, so they do.
        """
        log.hand_over(dev)
        dev.set_features(dev.features & ~Feature.LOG_ALL)
        dev.set_features(dev.features | Feature.LOG_ALL)
        for index in range(len(dev.queues)):
            dev.set_ring_addr(index, True)
        self.settled(vf, dev)

    def log_nothing(self, vf: int, dev) -> None:
        """The migration was cancelled."""
        for index in range(len(dev.queues)):
            dev.set_ring_addr(index)
        dev.set_features(dev.features & ~Feature.LOG_ALL)
        self.settled(vf, dev)

    def settled(self, vf: int, dev) -> None:
        """What was said is done, and the queues serve: another datapath is another start."""
        dev.settle()
        self.wait_ready(vf, len(dev.queues))


# DPDK's driver creates queues when a guest starts, or modifies those it has. Split rings only: with packed ones it
# forgets the type of a queue that it creates, and the addresses of one that it modifies (DPDK 22.11,
# mlx5_devx_cmd_create_virtq() and mlx5_vdpa_virtq_sub_objs_prepare()).
THEIRS = {
    "mlx5-created": (vdpa.MLX5, ""),
    "mlx5-modified": (vdpa.MLX5, "queues=1,queue_size=256"),
}
OURS = {
    "poll-split": (vdpa.HOLDFAST, "datapath=poll"),
    "poll-packed": (vdpa.HOLDFAST, "datapath=poll", True),
    "auto-split": (vdpa.HOLDFAST, "datapath=auto"),
    "auto-packed": (vdpa.HOLDFAST, "datapath=auto", True),
}


@pytest.fixture(params={**THEIRS, **OURS}.values(), ids=[*THEIRS, *OURS])
def pair(request, stage):
    """Two VFs below either driver."""
    return Migrating(stage, *request.param)


@pytest.fixture(params=OURS.values(), ids=[*OURS])
def ours(request, stage):
    """Two VFs below ours."""
    return Migrating(stage, *request.param)


def received(dev, count: int) -> set[int]:
    """Wait for so many frames, and say which pages of buffers they were written to."""
    return {page for used in dev.rx().ring.wait(count) for page in pages_of(used.token.gpa, used.written)}


def used_ring(ring) -> set[int]:
    """Pages to which a device writes what it has used, and whether it wants kicks."""
    if isinstance(ring, PackedRing):
        return pages_of(ring.desc, 16 * ring.size) | pages_of(ring.device, 4)
    return pages_of(ring.device, 6 + 8 * ring.size)


def used_rings(dev) -> set[int]:
    """Those of all rings."""
    return {page for queue in dev.queues for page in used_ring(queue.ring)}


def test_every_page_and_no_more(pair):
    """Nothing before the log is switched on; then each page of received frames and of used entries, and no other."""
    a, b = pair.guest(0), pair.guest(1)
    logs = Log(LOG_BYTES), Log(LOG_BYTES)
    a.send(burst(20))
    received(b, 20)
    for dev, log in zip((a, b), logs):
        log.hand_over(dev)
    a.send(burst(10, 100))
    received(b, 10)
    assert not logs[0].pages() and not logs[1].pages(), "logged before it was switched on"

    for vf, (dev, log) in enumerate(zip((a, b), logs)):
        pair.log_all(vf, dev, log)
    frames = burst(30, 200)
    a.send(frames)
    want = received(b, len(frames))
    assert len(want) > len(frames), "no frame lies across two pages"
    a.stop()
    b.stop()

    used = used_rings(b)
    got = logs[1].pages()
    assert want <= got, f"written and not logged: {sorted(want - got)[:8]}"
    assert got & used, "used entries are not logged"
    assert got <= want | used, f"logged and not written: {sorted(got - want - used)[:8]}"
    assert logs[0].pages(), "used entries of the sender are not logged"
    assert logs[0].pages() <= used_rings(a), "a sender's buffers are not written"


def test_log_replaced(pair):
    """A second log takes the place of the first while the device runs: whatever is written is in one of them."""
    a, b = pair.guest(0), pair.guest(1)
    first, second = Log(LOG_BYTES), Log(LOG_BYTES)
    pair.log_all(1, b, first)
    a.send(burst(20))
    want = received(b, 20)
    assert want <= first.pages()
    pair.log_all(1, b, second)
    first.clear()
    a.send(burst(20, 100))
    want = received(b, 20)
    b.stop()
    assert want <= second.pages()
    assert not first.pages(), "the old log is written"


def test_migration(pair):
    """Pages are copied when they are in the log, while frames arrive: the copy is the memory, down to the last byte."""
    a, b = pair.guest(0), pair.guest(1)
    log = Log(LOG_BYTES)
    pair.log_all(1, b, log)
    copy: dict[int, bytes] = {}
    sent = threading.Event()

    def send():
        for first in range(0, 90, 3):
            a.send(burst(3, first))
        sent.set()

    def copy_dirty():
        for page in log.take():
            copy[page] = b.mem.read(page * PAGE, PAGE)

    sender = threading.Thread(target=send)
    sender.start()
    while not sent.is_set():
        copy_dirty()
    sender.join(20)
    want = received(b, 90)
    b.stop()
    copy_dirty()
    assert want <= set(copy)
    wrong = [page for page, data in copy.items() if data != b.mem.read(page * PAGE, PAGE)]
    assert not wrong, f"copied too early: {sorted(wrong)[:8]}"


def entries(ring) -> set[int]:
    """Pages in which used entries are."""
    return pages_of(ring.desc if isinstance(ring, PackedRing) else ring.device, 1)


def mapped(rig) -> int:
    """How many mappings of logs the application has."""
    maps = Path(f"/proc/{rig.app.process.program()}/maps").read_text(encoding="ascii")
    return sum("memfd:hf-log" in line for line in maps.splitlines())


def test_each_ring_its_own(ours):
    """D17, L3: the used entries of a ring are in the log at that ring's place, of rings of which no other has traffic."""
    a, b = ours.guest(0, Shape(pairs=3, packed=ours.packed)), ours.guest(1)
    log = Log(LOG_BYTES)
    ours.log_all(0, a, log)
    log.clear()
    a.send(burst(20), pair=1)
    received(b, 20)
    a.stop()
    got = log.pages()
    assert entries(a.tx(1).ring) <= got
    idle = set().union(*(entries(q.ring) for q in a.queues if q is not a.tx(1)))
    assert not a.shape.packed or not idle & got     # of a split ring the page has the flags as well


def test_cancelled(ours):
    """D18: after a migration that was cancelled nothing is logged, and what datapath=auto left for it comes back."""
    a, b = ours.guest(0), ours.guest(1)
    virtqs = ours.nic.function(nic.vf_bdf(1))["counts"]["virtq"]
    for turn in range(3):
        log = Log(LOG_BYTES)
        ours.log_all(1, b, log)
        assert mapped(ours) == 2, "the library's mapping and the driver's"
        a.send(burst(10, 100 * turn))
        assert received(b, 10) <= log.pages()
        ours.log_nothing(1, b)
        log.clear()
        a.send(burst(10, 100 * turn + 50))
        received(b, 10)
        assert not log.pages(), "logged after it was switched off"
    func = ours.nic.function(nic.vf_bdf(1))
    assert func["counts"]["virtq"] == virtqs
    b.close()
    assert until(lambda: mapped(ours), lambda logs: logs == 0) == 0


def test_started_with_a_log(ours):
    """A guest that reboots while it migrates: its rings start with the log, and write nothing that is not in it."""
    a, b = ours.guest(0), ours.guest(1)
    log = Log(LOG_BYTES)
    ours.log_all(1, b, log)
    b.stop()
    log.clear()
    b.start()
    ours.settled(1, b)
    b.supplied()
    a.send(burst(20))
    want = received(b, 20)
    assert want <= log.pages() <= want | used_rings(b)


@pytest.mark.parametrize("words", [1, 3])
def test_wrong_length(ours, words):
    """A message of another length is refused, and what it names is not used: the log from before is."""
    a, b = ours.guest(0), ours.guest(1)
    log, other = Log(LOG_BYTES), Log(LOG_BYTES)
    ours.log_all(1, b, log)
    with pytest.raises(Refused):
        b.channel.tell(Request.SET_LOG_BASE, struct.pack(f"<{words}Q", LOG_BYTES, *[0] * (words - 1)), [other.fd], True)
    a.send(burst(10))
    assert received(b, 10) <= log.pages()
    assert not other.pages()


def test_short_log(ours):
    """A log that ends before the memory does is not written beyond its end."""
    a, b = ours.guest(0), ours.guest(1)
    log = Log(PAGE)
    ours.log_all(1, b, log)
    frames = burst(20)
    a.send(frames)
    assert sorted(b.receive(20, refill=False)) == sorted(frames)
    ours.alive()
    b.stop()
    assert entries(b.rx().ring) <= log.pages() <= used_rings(b)


@pytest.mark.parametrize("command", ["CREATE_SQ", "CREATE_RQ", "MODIFY_RQ"])
def test_refused(stage, command):
    """D19: if the NIC refuses what logging needs, no ring is served without the log; the next message tries again."""
    rig = Migrating(stage, vdpa.HOLDFAST, "datapath=auto")
    a, b = rig.guest(0), rig.guest(1, Shape(pairs=2))
    both_ways(a, b)
    log = Log(LOG_BYTES)
    log.hand_over(b)
    rig.nic.ask(f"fail {nic.vf_bdf(1)}/{command}:2")
    b.set_features(b.features | Feature.LOG_ALL)
    b.settle()
    assert rig.running(1) == 0
    for index in range(len(b.queues)):
        b.set_ring_addr(index, True)
    rig.settled(1, b)
    frames = burst(40, 1000)
    a.send(frames)
    want: set[int] = set()
    got = []
    end = time.monotonic() + 20
    while len(got) < len(frames):
        assert time.monotonic() < end, f"{len(got)} of {len(frames)} frames arrived"
        for pair in range(2):
            free = list(b.rx(pair).buffers)
            got += b.take(pair, refill=False)
            want |= {page for buf in b.rx(pair).buffers if buf not in free for page in pages_of(buf.gpa, 60)}
    assert sorted(got) == sorted(frames)
    assert want <= log.pages()
    both_ways(a, b, 2000)
