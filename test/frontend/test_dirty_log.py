# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The log of written pages that a migration reads, as DPDK's own mlx5 driver has the NIC keep it."""

import ctypes
import mmap
import os
import threading

import pytest
from hfrig import vdpa
from hfvhost import proto
from hfvhost.memory import PAGE, Memory
from hfvhost.net import BUFFER, Shape
from hfvhost.proto import Feature, Protocol, Request
from pair import Pair, burst

LOW, HIGH, SIZE = 0, 1 << 32, 16 << 20
LOG_BYTES = -(-(HIGH + SIZE) // PAGE // 8 // PAGE) * PAGE
EXCHANGE = ctypes.CDLL("libatomic.so.1")["__atomic_exchange_8"]     # a library of the compiler
EXCHANGE.restype = ctypes.c_uint64
SEQ_CST = 5
ACROSS = 3000   # offset in a page at which receive buffers begin: they lie in two


class Apart(Memory):
    """Memory in which nothing shares a page, and receive buffers lie across two."""

    def alloc(self, size, align=64, region=None):
        shift = ACROSS if size == BUFFER else 0
        return super().alloc(size + shift, PAGE, region) + shift


class Log:
    """A dirty log, shared with the back end."""

    def __init__(self):
        self.fd = os.memfd_create("hf-log", os.MFD_CLOEXEC)
        os.ftruncate(self.fd, LOG_BYTES)
        self.map = mmap.mmap(self.fd, LOG_BYTES, mmap.MAP_SHARED)

    def hand_over(self, dev) -> None:
        """SET_LOG_BASE, which is answered without a payload."""
        dev.channel.ask(Request.SET_LOG_BASE, proto.U64.pack(LOG_BYTES) + proto.U64.pack(0), [self.fd])

    def pages(self) -> set[int]:
        """Numbers of the pages that are in the log."""
        return {8 * at + bit for at, byte in enumerate(self.map[:]) if byte for bit in range(8) if byte >> bit & 1}

    def take(self) -> set[int]:
        """Pages that are in the log, which is empty then: a word at a time, as QEMU takes them."""
        taken = set()
        words = (ctypes.c_uint64 * (LOG_BYTES // 8)).from_buffer(self.map)
        for at in [at for at, word in enumerate(words) if word]:
            address = ctypes.c_void_p(ctypes.addressof(words) + 8 * at)
            word = EXCHANGE(address, ctypes.c_uint64(0), SEQ_CST)
            taken |= {64 * at + bit for bit in range(64) if word >> bit & 1}
        return taken

    def clear(self) -> None:
        """Forget all."""
        self.map[:] = bytes(LOG_BYTES)


def pages_of(gpa: int, length: int) -> set[int]:
    """Numbers of the pages in which a range lies."""
    return set(range(gpa // PAGE, (gpa + length - 1) // PAGE + 1))


@pytest.fixture(params=["", "queues=1,queue_size=256"], ids=["created", "modified"])
def pair(request, stage):
    """Two VFs below DPDK's mlx5 driver, which creates queues when a guest starts, or modifies those it has.

    Split rings only: with packed ones it forgets the type of a queue that it creates, and the addresses of one that
    it modifies (DPDK 22.11, mlx5_devx_cmd_create_virtq() and mlx5_vdpa_virtq_sub_objs_prepare()).
    """
    return Pair(stage, vdpa.VdpaConfig(driver=vdpa.MLX5, devargs=request.param))


def guest(pair, vf: int):
    """A guest with memory in two regions, far apart: receive buffers lie above 4 GiB."""
    mem = Apart()
    mem.add(LOW, SIZE).brk = PAGE
    high = mem.add(HIGH, SIZE)
    # GUEST_CSUM: the driver makes queues with it, and keeps those only that are as the guest wants them
    shape = Shape(protocol=int(Shape().protocol) | Protocol.LOG_SHMFD,
                  features=int(Shape().features) | Feature.GUEST_CSUM)
    dev = pair.guest(vf, shape, mem, rx=0)
    dev.post_rx(100, region=high)
    pair.wait_posted(vf, dev)
    return dev


def log_all(dev, log: Log) -> None:
    """Start logging on a device that runs, as QEMU does at the start of a migration.

    The library tells the driver of features that change, so they do.
    """
    log.hand_over(dev)
    dev.set_features(dev.features & ~Feature.LOG_ALL)
    dev.set_features(dev.features | Feature.LOG_ALL)
    dev.get_status()


def received(dev, count: int) -> set[int]:
    """Wait for so many frames, and say which pages of buffers they were written to."""
    return {page for used in dev.rx().ring.wait(count) for page in pages_of(used.token.gpa, used.written)}


def used_rings(dev) -> set[int]:
    """Pages of the used rings."""
    return {page for queue in dev.queues for page in pages_of(queue.ring.device, 4 + 8 * queue.ring.size)}


def test_every_page_and_no_more(pair):
    """Nothing before the log is switched on; then each page of received frames and of used entries, and no other."""
    a, b = guest(pair, 0), guest(pair, 1)
    logs = Log(), Log()
    a.send(burst(20))
    received(b, 20)
    for dev, log in zip((a, b), logs):
        log.hand_over(dev)
    a.send(burst(10, 100))
    received(b, 10)
    assert not logs[0].pages() and not logs[1].pages(), "logged before it was switched on"

    for dev, log in zip((a, b), logs):
        log_all(dev, log)
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
    a, b = guest(pair, 0), guest(pair, 1)
    first, second = Log(), Log()
    log_all(b, first)
    a.send(burst(20))
    want = received(b, 20)
    assert want <= first.pages()
    log_all(b, second)
    first.clear()
    a.send(burst(20, 100))
    want = received(b, 20)
    b.stop()
    assert want <= second.pages()
    assert not first.pages(), "the old log is written"


def test_migration(pair):
    """Pages are copied when they are in the log, while frames arrive: the copy is the memory, down to the last byte."""
    a, b = guest(pair, 0), guest(pair, 1)
    log = Log()
    log_all(b, log)
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
