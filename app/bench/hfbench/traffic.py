# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Frames that flow all the time, and when each arrived: a process of its own, so that nothing else delays it.

It plays both guests' network stacks: of the one that is measured, with many queues, and of the one at the other end of
the wire, with one pair. In each tick a frame goes out for every fourth flow, each way. A flow of frames to the measured
guest is one that RSS can tell apart; a flow from it is one of its transmit queues. Every frame carries its flow, its
number and the time of its sending; what arrives is compared with what was sent, byte by byte.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import struct
import time
from dataclasses import dataclass, field

from hfvhost import frames
from hfvhost.channel import NoAnswer

from .rings import GuestRing

MARK = struct.Struct("<8sIIQ")      # magic, flow, number, nanoseconds
MAGIC = b"hfbench\0"
FRAME = 128
TO_GUEST, FROM_GUEST = 0, 1
WAYS = ("to the guest", "from the guest")
TURNS = 4                           # ticks until a flow has its turn again, if there are so many
RECENT = 4096                       # numbers of a flow that could still arrive a second time
POLL = 0.0002                       # seconds between two looks at the rings
FORK = multiprocessing.get_context("fork")


@dataclass
class Flow:
    """One flow of one way: its frame but for the mark, the last number sent, what arrived of it, and when."""

    head: bytes
    number: int = 0
    seen: set[int] = field(default_factory=set)
    times: list[int] = field(default_factory=list)


def largest_gap(times: list[int], begin: int) -> int | None:
    """Nanoseconds of the longest time without an arrival after 'begin' that an arrival ended; None without one."""
    after = [begin, *(t for t in times if t > begin)]
    return max((b - a for a, b in zip(after, after[1:])), default=None)


class Ends:
    """Both guests' rings, and the flows between them."""

    def __init__(self, guest: list[list[GuestRing]], far: list[GuestRing], macs: tuple[bytes, bytes]):
        self.sets = guest           # two sets of rings: receive and transmit of pair 0, of pair 1, ...
        self.now = 0                # which of them is in use
        self.far_rx, self.far_tx = far
        for ring in far:
            ring.resume()
        pairs = len(guest[0]) // 2
        near, away = macs
        self.flows = [[self._flow(i, away, near) for i in range(pairs)],
                      [self._flow(i, near, away) for i in range(pairs)]]
        self.active = [range(pairs), range(pairs)]
        self.wrong = self.twice = 0
        self.turns, self.turn, self.anew = min(TURNS, pairs), 0, False

    @staticmethod
    def _flow(index: int, src: bytes, dst: bytes) -> Flow:
        kind = frames.Flow("udp4", f"10.2.{index}.1", f"10.3.{index}.2", 1024 + 31 * index, 2000 + index)
        return Flow(frames.build(kind, dst, src, index, FRAME)[:FRAME - MARK.size])

    @property
    def rings(self) -> list[GuestRing]:
        """The measured guest's rings."""
        return self.sets[self.now]

    def prepare(self) -> None:
        """Make the rings anew that are not in use."""
        for ring in self.sets[self.now ^ 1]:
            ring.fresh()

    def flip(self) -> None:
        """The guest's driver starts anew, on those rings."""
        self.now ^= 1
        self.anew = True

    def _frame(self, way: int, index: int) -> bytes:
        flow = self.flows[way][index]
        flow.number += 1
        return flow.head + MARK.pack(MAGIC, index, flow.number, time.monotonic_ns())

    def send(self) -> None:
        """A tick: a frame for each flow whose turn it is; after a flip for all. A ring that is full gets none."""
        self.turn = (self.turn + 1) % self.turns
        for index in self.active[TO_GUEST][self.turn::self.turns]:
            self.far_tx.send(self._frame(TO_GUEST, index))
        self.far_tx.kick()
        first, self.anew = self.anew, False
        for index in self.active[FROM_GUEST] if first else self.active[FROM_GUEST][self.turn::self.turns]:
            ring = self.rings[2 * index + 1]
            if ring.send(self._frame(FROM_GUEST, index)):
                ring.kick()

    def _arrived(self, way: int, frame: bytes) -> None:
        magic, index, number, _ = MARK.unpack_from(frame, len(frame) - MARK.size)
        if magic != MAGIC or index >= len(self.flows[way]):
            self.wrong += 1
            return
        flow = self.flows[way][index]
        if frame[:-MARK.size] != flow.head or number > flow.number:
            self.wrong += 1
            return
        self.twice += number in flow.seen
        flow.seen.add(number)
        flow.times.append(time.monotonic_ns())

    def receive(self) -> None:
        """Take what arrived at both ends."""
        for ring in self.rings[::2]:
            for frame in ring.receive():
                self._arrived(TO_GUEST, frame)
        for frame in self.far_rx.receive():
            self._arrived(FROM_GUEST, frame)


def prefer() -> None:
    """What measures goes before what is measured, where we may say so: both are less late then.

    Where all of us were given a priority (chrt), that is kept.
    """
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        pass


class _Loop:
    """What the process does."""

    def __init__(self, ends: Ends, last, tick: float, conn):
        self.ends, self.last, self.tick, self.conn = ends, last, tick, conn
        self.stall = 0

    def mark(self) -> None:
        """Forget what arrived, but for numbers that may come twice; have fresh rings at hand."""
        for way in self.ends.flows:
            for flow in way:
                flow.times.clear()
                flow.seen = {number for number in flow.seen if number > flow.number - RECENT}
        self.ends.prepare()
        self.stall = 0

    def gaps(self, begin: int) -> dict:
        """What came of the time since 'begin': by way, the longest time without any frame, and that of the worst flow."""
        result: dict = {"wrong": self.ends.wrong, "twice": self.ends.twice, "stall_ms": self.stall / 1e6}
        for way, name in enumerate(WAYS):
            flows = [self.ends.flows[way][i] for i in self.ends.active[way]]
            merged = sorted(t for flow in self.ends.flows[way] for t in flow.times)
            each = [largest_gap(flow.times, begin) for flow in flows]
            result[name] = {"any": largest_gap(merged, begin), "all": None if None in each else max(each)}
        return result

    def active(self, way: int, flows: range) -> None:
        """Which flows of a way are sent."""
        self.ends.active[way] = flows

    def flip(self) -> None:
        """The guest's driver starts anew."""
        self.ends.flip()

    def run(self) -> None:
        """Until told to end."""
        prefer()
        due = before = time.monotonic()
        while True:
            now = time.monotonic()
            self.stall, before = max(self.stall, int((now - before) * 1e9)), now
            self.ends.receive()
            if now >= due:
                due = max(due + self.tick, now)
                self.ends.send()
                for way, flows in enumerate(self.ends.flows):
                    for i, flow in enumerate(flows):
                        self.last[way * len(flows) + i] = flow.times[-1] if flow.times else 0
                if self.conn.poll(0):
                    name, *args = self.conn.recv()
                    if name == "end":
                        return
                    self.conn.send(getattr(self, name)(*args))
            time.sleep(max(0.0, min(POLL, due - time.monotonic())))


class Traffic:
    """The process, seen from outside."""

    def __init__(self, ends: Ends, tick: float):
        self.pairs = len(ends.sets[0]) // 2
        self.last = FORK.RawArray(ctypes.c_uint64, 2 * self.pairs)
        self.conn, theirs = FORK.Pipe()
        self.process = FORK.Process(target=_Loop(ends, self.last, tick, theirs).run, daemon=True)
        self.process.start()

    def ask(self, name: str, *args):
        """Have it do something; its answer."""
        self.conn.send((name, *args))
        if not self.conn.poll(20):
            raise NoAnswer(f"the traffic process did not answer '{name}'")
        return self.conn.recv()

    def flows(self, way: int, active: range) -> list[int]:
        """When the last frame of each of these flows arrived."""
        return [self.last[way * self.pairs + i] for i in active]

    def back(self, since: int, active: tuple[range, range]) -> bool:
        """Whether a frame of each of these flows arrived after a moment."""
        return all(t > since for way in (TO_GUEST, FROM_GUEST) for t in self.flows(way, active[way]))

    def close(self) -> None:
        """End it."""
        if self.process.is_alive():
            self.conn.send(("end",))
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
