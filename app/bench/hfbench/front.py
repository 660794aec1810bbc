# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The front end of the measured guest: a process of its own, so that it can be killed."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from hfvhost import proto
from hfvhost.channel import NoAnswer
from hfvhost.memory import Backing, Memory
from hfvhost.net import NetDevice, Queue, Shape
from hfvhost.proto import Feature, Request, Status

from .rings import GuestRing
from .traffic import FORK, prefer

GIB = 1 << 30
LOW = 2 * GIB           # of a larger guest's memory so much is below 4 GiB, as QEMU's q35 has it
HIGH = 4 * GIB
PLUGGED = GIB
OFFLOADS = Feature.CSUM | Feature.GUEST_CSUM | Feature.HOST_TSO4 | Feature.HOST_TSO6
BASIC = Feature.VERSION_1 | Feature.PROTOCOL_FEATURES | Feature.MQ
ANSWER = 900.0          # seconds that a back end may need for a message: a TiB takes two minutes


class GuestFile:
    """A guest's memory: a sparse file with a name on a tmpfs, which a front end that is started again opens again."""

    def __init__(self, gib: int):
        self.size = gib * GIB
        self.path = Path(f"/dev/shm/hfbench-{os.getpid()}-{time.monotonic_ns()}")
        with open(self.path, "xb") as file:
            os.truncate(file.fileno(), self.size)
        self.backing = self.open()

    def open(self) -> Backing:
        """The file, opened anew."""
        backing = Backing.__new__(Backing)
        backing.size, backing.fd = self.size, os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        return backing

    def table(self, backing: Backing) -> Memory:
        """The regions that the guest sees."""
        mem = Memory()
        low = self.size if self.size < LOW else LOW
        mem.add(0, low, backing)
        if self.size > low:
            mem.add(HIGH, self.size - low, backing, low)
        return mem

    def close(self) -> None:
        """Remove it."""
        self.backing.close()
        self.path.unlink()


def _message(request: int, payload: bytes) -> bytes:
    return proto.HEADER.pack(request, proto.VERSION, len(payload)) + payload


class Device(NetDevice):
    """A virtio-net device as QEMU drives it: it waits for an answer where QEMU does, after the memory table."""

    def __init__(self, path: str, mem: Memory, rings: list[GuestRing], offloads: bool):
        shape = Shape(len(rings) // 2, rings[0].size, features=int(BASIC | (OFFLOADS if offloads else 0)))
        super().__init__(path, mem, shape)
        self.channel.timeout = ANSWER
        self.negotiate()
        self.channel.need_reply = False
        self.take_rings(rings)

    def take_rings(self, rings: list[GuestRing]) -> None:
        """Use these rings from the next start on."""
        self.queues = [Queue(ring, base=ring.base) for ring in rings]

    def set_features(self, features: int) -> None:
        self.features = features
        self.channel.tell(Request.SET_FEATURES, proto.U64.pack(features), need_reply=False)     # unless pages are logged

    def set_mem_table(self, order: list[int] | None = None) -> None:
        payload, fds = self.mem.table(order)
        self.channel.tell(Request.SET_MEM_TABLE, payload, fds, need_reply=True)

    def _say(self, index: int) -> None:
        """All that a ring needs before the device starts; what carries no descriptor goes together."""
        ring = self.queues[index].ring
        state = proto.VRING_STATE.pack
        addr = proto.VRING_ADDR.pack(index, 0, self.mem.uva(ring.desc), self.mem.uva(ring.device), self.mem.uva(ring.driver), 0)
        self.channel.send_raw(_message(Request.SET_VRING_NUM, state(index, ring.size)) +
                              _message(Request.SET_VRING_BASE, state(index, self.queues[index].base)) +
                              _message(Request.SET_VRING_ADDR, addr))
        for request, event in ((Request.SET_VRING_CALL, ring.call_fd), (Request.SET_VRING_ERR, ring.err_fd),
                               (Request.SET_VRING_KICK, ring.kick_fd)):
            self.channel.send_raw(_message(request, proto.U64.pack(index)), [event.fd])

    def start(self) -> None:
        """As QEMU: rings are enabled first, and the last status starts the device."""
        self.channel.send_raw(b"".join(_message(Request.SET_VRING_ENABLE, proto.VRING_STATE.pack(index, 1))
                                       for index in range(len(self.queues))))
        self.set_features(self.features)
        self.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK)
        self.set_mem_table()
        for index in range(len(self.queues)):
            self._say(index)
        self.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK | Status.DRIVER_OK)
        self.get_status()       # answered when the device has started

    def stop(self, status_first: bool = True) -> None:
        super().stop(status_first)


class _Server:
    """What the process does."""

    def __init__(self, path: str, guest: GuestFile, sets: list[list[GuestRing]]):
        self.path, self.guest, self.sets = path, guest, sets
        self.device: Device | None = None
        self.lost: list = []
        self.mem: Memory | None = None

    def connect(self, which: int, offloads: bool = True) -> None:
        """Connect, and start the device on a set of rings."""
        self.mem = self.mem or self.guest.table(self.guest.open())
        self.device = Device(self.path, self.mem, self.sets[which], offloads)
        self.device.start()

    def hang_up(self) -> None:
        """The connection is lost."""
        self.device.channel.close()
        self.lost.append(self.device.back)      # its thread ends when the back end hangs up, too

    def stop(self) -> None:
        """The guest stops its device."""
        self.device.stop()

    def start(self, which: int, offloads: bool = True) -> None:
        """The guest starts it again, on a set of rings."""
        wanted = BASIC | (OFFLOADS if offloads else 0)
        self.device.features = self.device.features & ~int(OFFLOADS) | int(wanted & OFFLOADS)
        self.device.take_rings(self.sets[which])
        self.device.start()

    def enable(self, pairs: range, enabled: bool) -> None:
        """What 'ethtool -L' in a guest comes to."""
        for pair in pairs:
            for index in (2 * pair, 2 * pair + 1):
                self.device.enable(index, enabled)
        self.device.get_status()

    def plug(self) -> None:
        """Memory is plugged in while the guest runs."""
        last = max(r.gpa + r.size for r in self.mem.regions)
        self.mem.add(max(last, HIGH), PLUGGED, Backing(PLUGGED))
        self.device.set_mem_table()
        self.device.get_status()        # that was answered before the device had started again, this is not

    def run(self, conn) -> None:
        """Until killed."""
        prefer()
        sys.setswitchinterval(0.0002)       # the back end's own channel is served beside
        while True:
            name, *args = conn.recv()
            try:
                getattr(self, name)(*args)
                conn.send(None)
            except Exception as error:      # whatever it is, the one who asked has to know
                conn.send(f"{name}: {type(error).__name__}: {error}")


class FrontEnd:
    """The process, seen from outside."""

    def __init__(self, path: str, guest: GuestFile, sets: list[list[GuestRing]]):
        self.conn, theirs = FORK.Pipe()
        self.process = FORK.Process(target=_Server(path, guest, sets).run, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def do(self, name: str, *args) -> None:
        """Have it do something; returns when that is done."""
        self.conn.send((name, *args))
        if not self.conn.poll(ANSWER):
            raise NoAnswer(f"the front end did not answer '{name}'")
        failed = self.conn.recv()
        if failed:
            raise NoAnswer(f"the front end failed: {failed}")

    def kill(self) -> None:
        """It dies."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join(10)

    def close(self) -> None:
        """Likewise: it has nothing that wants an end."""
        if self.process.is_alive():
            self.kill()
