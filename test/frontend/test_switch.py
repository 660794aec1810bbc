# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""From one datapath to the other and back, under a guest that runs (rte_pmd_holdfast_datapath_set)."""

from __future__ import annotations

import errno
import threading
import time

import pytest
from hfrig import nic, vdpa
from hfvhost import frames
from hfvhost.net import Shape
from pair import ApiPair, address, both_ways

HW, POLL, AUTO = 0, 1, 2
SWITCHES, SWITCHES_LONG = 20, 1000
FLOWS = frames.flows(8)
BURST = 32
PAIRS = 2


@pytest.fixture(scope="session")
def switches(request):
    """How often."""
    return SWITCHES_LONG if request.config.getoption("--long") else SWITCHES


@pytest.fixture
def rig(stage, program):
    """The application on a NIC that has both datapaths."""
    return ApiPair(stage, program, vdpa.VdpaConfig(devargs="datapath=auto"))


def switch(rig, vf: int, wanted: int) -> None:
    """Have a VF served so."""
    answer = rig.app.do("datapath", vf, wanted)
    assert answer["ret"] == 0, answer
    assert answer["wanted"] == answer["present"] == wanted, answer


class Switcher(threading.Thread):
    """Switches VFs to and fro, in turns, until each was switched so often; frames of all streams come in between."""

    def __init__(self, rig, vfs: list[int], count: int, streams: list[Stream]):
        super().__init__()
        self.rig, self.vfs, self.count, self.streams = rig, vfs, count, streams
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            for turn in range(self.count):
                for vf in self.vfs:
                    self.wait_traffic()
                    switch(self.rig, vf, POLL if turn % 2 == 0 else HW)
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error      # the test's thread raises it

    def wait_traffic(self) -> None:
        """Wait until frames arrive, whatever the datapaths are now."""
        before = [len(stream.got) for stream in self.streams]
        end = time.monotonic() + 20
        while any(len(stream.got) == was for stream, was in zip(self.streams, before)):
            assert time.monotonic() < end, "no frame arrives"
            time.sleep(0.0005)

    def end(self) -> None:
        """It has done all."""
        self.join(60)
        assert not self.is_alive()
        if self.error:
            raise self.error


class Stream:
    """Numbered frames of several flows from one guest to another."""

    def __init__(self, src, dst, vfs: tuple[int, int]):
        self.src, self.dst, self.vfs = src, dst, vfs
        self.sent: list[bytes] = []
        self.got: list[bytes] = []

    def post(self, count: int) -> None:
        """Send so many more, on the queue pair of each one's flow, as far as there is room."""
        for pair in range(self.src.shape.pairs):
            self.src.reap(pair)
        for _ in range(count):
            seq = len(self.sent)
            pair = seq % len(FLOWS) % self.src.shape.pairs
            if not self.src.tx(pair).ring.free:
                break
            frame = frames.build(FLOWS[seq % len(FLOWS)], address(self.vfs[1]), address(self.vfs[0]), seq,
                                 60 + 67 * seq % 1400)
            self.src.post_tx(frame, pair)
            self.sent.append(frame)
        for pair in range(self.src.shape.pairs):
            self.src.tx(pair).ring.flush()

    def take(self) -> int:
        """What has arrived; its buffers are posted again. Where that is nothing, the switcher's thread gets its turn."""
        before = len(self.got)
        for pair in range(self.dst.shape.pairs):
            self.got += self.dst.take(pair)
        if len(self.got) == before:
            time.sleep(0.0005)
        return len(self.got) - before

    def settle(self) -> None:
        """Wait until all that was posted is sent, and take all that arrived."""
        end = time.monotonic() + 20
        while any(q.ring.outstanding for q in self.src.queues[1::2]):
            for pair in range(self.src.shape.pairs):
                self.src.reap(pair)
            self.take()
            assert time.monotonic() < end, "buffers of the sender do not come back"
        self.dst.supplied()     # no datapath holds a frame back
        self.take()

    def check(self) -> int:
        """What arrived was sent, whole, once, and in the order of its flow. How many are missing."""
        last = [-1] * len(FLOWS)
        for frame in self.got:
            seq = frames.sequence(frame)
            assert seq is not None and seq < len(self.sent) and frame == self.sent[seq], "invented, or damaged"
            flow = seq % len(FLOWS)
            assert seq > last[flow], f"frame {seq} of flow {flow} comes after {last[flow]}"
            last[flow] = seq
        return len(self.sent) - len(self.got)


def drops(rig, vf: int) -> int:
    """What the NIC received for a VF and nobody got."""
    stats = rig.nic.function(nic.vf_bdf(vf), "stats")["vport"]
    return sum(stats[name] for name in ("rx_no_buffer", "rx_no_flow", "rx_oversize"))


def use_all_buffers(rig, src: Stream) -> None:
    """Every receive buffer that the guest posted takes a frame: none was lost by a datapath."""
    dst = src.dst
    posted = [dst.rx(pair).ring.outstanding for pair in range(dst.shape.pairs)]
    assert posted == [dst.shape.size] * dst.shape.pairs
    wanted = {frames.build(FLOWS[i % len(FLOWS)], address(src.vfs[1]), address(src.vfs[0]), 10 ** 6 + i)
              for i in range(40 * sum(posted))}
    before = drops(rig, src.vfs[1])
    todo = sorted(wanted)
    end = time.monotonic() + 20
    while any(dst.rx(pair).ring.outstanding for pair in range(dst.shape.pairs)):
        assert todo and time.monotonic() < end, f"{drops(rig, src.vfs[1]) - before} dropped, buffers are left"
        src.src.send(todo[-BURST:])
        del todo[-BURST:]
        for pair in range(dst.shape.pairs):
            assert set(dst.take(pair, refill=False)) <= wanted
    for pair in range(dst.shape.pairs):
        dst.post_rx(pair=pair)


def guests(rig, packed: bool):
    """A stream each way between two guests of several queues."""
    shape = Shape(pairs=PAIRS, packed=packed)
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    return Stream(a, b, (0, 1)), Stream(b, a, (1, 0))


def run(switcher: Switcher) -> None:
    """Traffic while the switcher works, so little at a time that receive buffers last."""
    streams = switcher.streams
    while switcher.is_alive():
        for stream in streams:
            stream.post(BURST)
        for stream in streams:
            stream.take()
    switcher.end()
    for stream in streams:
        stream.settle()


def test_sender(rig, packed, switches):
    """A sender is switched: each of its frames arrives."""
    there, _ = guests(rig, packed)
    switcher = Switcher(rig, [0], switches, [there])
    while switcher.is_alive():
        there.post(BURST)
        end = time.monotonic() + 20
        while len(there.got) < len(there.sent):
            assert there.take() or time.monotonic() < end, f"{len(there.got)} of {len(there.sent)} frames arrived"
    switcher.end()
    there.settle()
    assert there.check() == 0


def test_receiver(rig, packed, switches):
    """A receiver is switched: what it misses the NIC has dropped and counted, and no buffer is lost."""
    there, _ = guests(rig, packed)
    before = drops(rig, 1)
    run(Switcher(rig, [1], switches, [there]))
    missing = there.check()
    assert missing == drops(rig, 1) - before
    assert missing < len(there.sent)
    for mode in (HW, POLL):
        switch(rig, 1, mode)
        rig.wait_ready(1, 2 * PAIRS)
        use_all_buffers(rig, there)


def test_both(rig, packed, switches):
    """Both guests send, and both are switched."""
    streams = guests(rig, packed)
    before = [drops(rig, stream.vfs[1]) for stream in streams]
    run(Switcher(rig, [0, 1], switches, list(streams)))
    for stream, dropped in zip(streams, before):
        assert stream.check() == drops(rig, stream.vfs[1]) - dropped
        use_all_buffers(rig, stream)


def test_report(rig):
    """What is wanted and what is there, before a guest, with one, and after it."""
    asked = {"ret": 0, "wanted": AUTO, "present": HW, "switches": 0,
             "reason": "the NIC's virtqueues do all that was negotiated"}
    assert rig.app.do("datapath", 1) == asked
    a, b = rig.guest(0), rig.guest(1)
    assert rig.app.do("datapath", 1) == asked
    switch(rig, 1, POLL)
    answer = rig.app.do("datapath", 1)
    assert answer["switches"] == 1 and answer["reason"] == "as asked for"
    assert rig.app.do("datapath", 1, POLL)["switches"] == 1, "it was there already"
    both_ways(a, b)
    answer = rig.app.do("datapath", 1, AUTO)
    assert (answer["ret"], answer["present"], answer["switches"]) == (0, HW, 2)
    both_ways(a, b, 1000)
    assert rig.app.do("datapath", 1, 3)["ret"] == -errno.EINVAL
    switch(rig, 1, POLL)
    b.close()
    rig.wait_kept(1, 0)
    assert rig.app.do("datapath", 1)["wanted"] == POLL
    both_ways(a, rig.guest(1), 2000)
    assert rig.app.do("datapath", 1)["present"] == POLL


def test_refused(stage, program):
    """What the NIC lacks, or cannot do for this guest, is refused, and the guest goes on."""
    poll = ApiPair(stage, program, vdpa.VdpaConfig(devargs="datapath=poll", nic=nic.NicConfig(vfs=2)))
    a, b = poll.guest(0), poll.guest(1)
    answer = poll.app.do("datapath", 1, HW)
    assert answer["ret"] == -errno.EOPNOTSUPP
    poll.nic.process.expect(r"datapath hw refused: .*VIRTIO_RING_F_INDIRECT_DESC", 20, rewind=True)
    assert poll.app.do("datapath", 1)["present"] == POLL
    both_ways(a, b)


@pytest.mark.parametrize("wanted", [POLL, HW])
def test_fails(rig, wanted):
    """The NIC refuses a command of a switch: the device is served as before, where it was; the next switch works."""
    commands = ("CREATE_SQ", "CREATE_RQ", "MODIFY_RQ") if wanted == POLL else ("CREATE_GENERAL_OBJECT", "CREATE_QP")
    a, b = rig.guest(0), rig.guest(1)
    first = 0
    for command in (*commands, "CREATE_RQT", "CREATE_CQ"):
        switch(rig, 1, HW + POLL - wanted)
        rig.nic.ask(f"fail 2/{command}:1")
        answer = rig.app.do("datapath", 1, wanted)
        assert answer["ret"] < 0, command
        assert not rig.nic.ask("fail list")["faults"]
        assert rig.app.do("datapath", 1)["present"] == HW + POLL - wanted
        rig.wait_ready(1, 2)
        both_ways(a, b, first)
        switch(rig, 1, wanted)
        both_ways(a, b, first + 500)
        first += 1000


def test_ages(rig):
    """A big-endian legacy guest is for poll mode, and a wish for hardware is refused under it; its next one may switch."""
    a, b = rig.guest(0), rig.guest(1, Shape(legacy=True, big_endian=True))
    both_ways(a, b)
    assert rig.app.do("datapath", 1, HW)["ret"] == -errno.EOPNOTSUPP
    rig.app.process.expect("datapath hw refused: .* big-endian; datapath=poll or auto would serve it", rewind=True)
    both_ways(a, b, 1000)
    b.stop()
    b.reshape(Shape(legacy=True))
    b.start()
    rig.wait_ready(1, 2)
    b.post_rx()
    for turn, wanted in enumerate((POLL, HW), 2):
        switch(rig, 1, wanted)
        rig.wait_ready(1, 2)
        both_ways(a, b, 1000 * turn)
