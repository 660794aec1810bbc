# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A virtio-net device of the scripted front end: rings, receive buffers, frames.

Every step of the life of a device is a method of its own, so that a test can leave one out, repeat it, or do it in
another order. start() and stop() are what a well-behaved front end does.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from . import config, proto
from .backchan import BackChannel
from .channel import Channel, NoAnswer, ProtocolError
from .memory import Memory
from .packed import PackedRing
from .proto import Feature, Protocol, Request, Status
from .ring import Ring, Segment, Used
from .split import SplitRing

BUFFER = 2048
DEFAULT_FEATURES = Feature.VERSION_1 | Feature.INDIRECT_DESC | Feature.PROTOCOL_FEATURES | Feature.MQ
DEFAULT_PROTOCOL = (Protocol.MQ | Protocol.REPLY_ACK | Protocol.STATUS | Protocol.BACKEND_REQ |
                    Protocol.BACKEND_SEND_FD | Protocol.HOST_NOTIFIER)


@dataclass
class Shape:
    """What a device asks for."""

    pairs: int = 1
    size: int = 256
    packed: bool = False
    features: int = int(DEFAULT_FEATURES)
    protocol: int = int(DEFAULT_PROTOCOL)
    event_idx: bool = False
    mrg_rxbuf: bool = False
    in_order: bool = False
    indirect: bool = False      # each buffer's descriptors are in a table
    legacy: bool = False        # without VERSION_1, and with the rings of such a guest
    big_endian: bool = False    # legacy, on a big-endian machine
    header_apart: bool = False  # in a descriptor of its own, as without ANY_LAYOUT (virtio 1.2, 5.1.6.6)
    buffer: int = BUFFER        # bytes of a receive buffer

    def wanted(self) -> int:
        """Features with those that the other fields stand for."""
        wanted = self.features
        if self.legacy:
            wanted &= ~Feature.VERSION_1
            wanted |= 0 if self.header_apart else Feature.ANY_LAYOUT
        wanted |= Feature.RING_PACKED if self.packed else 0
        wanted |= Feature.EVENT_IDX if self.event_idx else 0
        wanted |= Feature.MRG_RXBUF if self.mrg_rxbuf else 0
        wanted |= Feature.IN_ORDER if self.in_order else 0
        wanted |= Feature.INDIRECT_DESC if self.indirect else 0
        return int(wanted)

    def wanted_protocol(self) -> int:
        """Protocol features with those that the other fields stand for."""
        return self.protocol | (Protocol.CROSS_ENDIAN if self.big_endian else 0)

    @property
    def byte_order(self) -> str:
        """Of the guest: 'little' or 'big'."""
        return "big" if self.big_endian else "little"


@dataclass(frozen=True)
class Buffer:
    """A receive buffer: where it lies."""

    gpa: int
    length: int


@dataclass
class Queue:
    """A ring and what the device does with it."""

    ring: Ring
    buffers: list[Buffer] = field(default_factory=list)     # of a receive queue: free ones
    base: int = 0                                           # what GET_VRING_BASE answered last
    smaller: int = 0                                        # how many were posted that are smaller than all others


class NetDevice:
    """One virtio-net device at a vhost-user back end."""

    def __init__(self, path: str, mem: Memory | None = None, shape: Shape | None = None,
                 listener: socket.socket | None = None):
        self.path = path
        self.shape = shape or Shape()
        self.mem = mem or Memory.simple()
        self.channel = Channel.accept(listener) if listener else Channel.connect(path)
        self.features = 0
        self.protocol = 0
        self.back: BackChannel | None = None
        self.queues: list[Queue] = []
        self.running = False
        self.supplied: Callable[[], None] = lambda: None    # waits until the NIC has the receive buffers, if it can be asked

    # --- negotiation ---

    def negotiate(self) -> None:
        """Owner, features and protocol features, and the back end's channel if it may have one."""
        self.channel.tell(Request.SET_OWNER)
        offered = self.channel.ask(Request.GET_FEATURES).u64()
        if offered & Feature.PROTOCOL_FEATURES:
            self.protocol = self.channel.ask(Request.GET_PROTOCOL_FEATURES).u64() & self.shape.wanted_protocol()
            self.channel.tell(Request.SET_PROTOCOL_FEATURES, proto.U64.pack(self.protocol))
            self.channel.need_reply = bool(self.protocol & Protocol.REPLY_ACK)
            if self.protocol & Protocol.BACKEND_REQ:
                self.open_back_channel()
        self.set_features(offered & self.shape.wanted())

    def open_back_channel(self, accept: bool = True) -> None:
        """Give the back end a channel of its own."""
        self.back = BackChannel(accept)
        self.channel.tell(Request.SET_BACKEND_REQ_FD, b"", [self.back.theirs.fileno()])

    @property
    def header(self) -> int:
        """Bytes before each frame in a buffer (virtio 1.2, 5.1.6.1)."""
        new = self.features & (Feature.VERSION_1 | Feature.MRG_RXBUF)
        return proto.NET_HEADER if new else proto.NET_HEADER_LEGACY

    def set_features(self, features: int) -> None:
        """Accept features; rings are made after this."""
        self.features = features
        self.channel.tell(Request.SET_FEATURES, proto.U64.pack(features))

    def set_status(self, status: int) -> None:
        """Set the device's status, if that was negotiated."""
        if self.protocol & Protocol.STATUS:
            self.channel.tell(Request.SET_STATUS, proto.U64.pack(status))

    def get_status(self) -> int:
        """The device's status."""
        return self.channel.ask(Request.GET_STATUS).u64()

    def settle(self) -> None:
        """Wait until what was said is done: a status is answered while the device starts, its features after that."""
        self.channel.ask(Request.GET_FEATURES)

    # --- configuration space ---

    def read_config(self, offset: int = 0, size: int = config.SIZE) -> bytes:
        """So many bytes of the configuration space; none if the back end says that there are not that many."""
        answer = self.channel.ask(Request.GET_CONFIG, proto.CONFIG_HEAD.pack(offset, size, 0) + bytes(size))
        if answer.payload and answer.payload[:12] != proto.CONFIG_HEAD.pack(offset, size, 0):
            raise ProtocolError(f"asked for {size} bytes at {offset}, answered {answer.payload[:12].hex()}")
        return answer.payload[12:]

    def write_config(self, offset: int, data: bytes, need_reply: bool | None = None) -> None:
        """SET_CONFIG, as of the guest."""
        self.channel.tell(Request.SET_CONFIG, proto.CONFIG_HEAD.pack(offset, len(data), 0) + data, need_reply=need_reply)

    # --- memory ---

    def set_mem_table(self, order: list[int] | None = None) -> None:
        """Tell the back end what memory there is."""
        payload, fds = self.mem.table(order)
        self.channel.tell(Request.SET_MEM_TABLE, payload, fds)

    # --- rings ---

    def make_rings(self, region=None) -> None:
        """Fresh rings in guest memory, receive and transmit of each pair."""
        event_idx = bool(self.features & Feature.EVENT_IDX)
        in_order = bool(self.features & Feature.IN_ORDER)
        kind = (PackedRing if self.features & Feature.RING_PACKED else
                partial(SplitRing, legacy=self.shape.legacy, big_endian=self.shape.big_endian))
        self.queues = [Queue(kind(self.mem, i, self.shape.size, event_idx, region, in_order))
                       for i in range(2 * self.shape.pairs)]
        for queue in self.queues:
            queue.base = queue.ring.base

    def set_ring_num(self, index: int, size: int | None = None) -> None:
        """SET_VRING_NUM."""
        size = self.queues[index].ring.size if size is None else size
        self.channel.tell(Request.SET_VRING_NUM, proto.VRING_STATE.pack(index, size))

    def set_ring_base(self, index: int, base: int | None = None) -> None:
        """SET_VRING_BASE."""
        base = self.queues[index].base if base is None else base
        self.channel.tell(Request.SET_VRING_BASE, proto.VRING_STATE.pack(index, base))

    def set_ring_endian(self, index: int, big_endian: bool) -> None:
        """SET_VRING_ENDIAN."""
        self.channel.tell(Request.SET_VRING_ENDIAN, proto.VRING_STATE.pack(index, int(big_endian)))

    def set_ring_addr(self, index: int, log: bool = False) -> None:
        """SET_VRING_ADDR; a packed ring's driver and device area go where split rings have avail and used.

        With a log of written pages the used ring is to be in that, too, at its guest address.
        """
        ring = self.queues[index].ring
        self.channel.tell(Request.SET_VRING_ADDR, proto.VRING_ADDR.pack(
            index, int(log), self.mem.uva(ring.desc), self.mem.uva(ring.device), self.mem.uva(ring.driver),
            ring.device if log else 0))

    def _set_fd(self, request: Request, index: int, fd: int | None) -> None:
        if fd is None:
            self.channel.tell(request, proto.U64.pack(index | proto.NOFD))
        else:
            self.channel.tell(request, proto.U64.pack(index), [fd])

    def set_ring_fds(self, index: int) -> None:
        """Kick, call and error descriptors. The kick starts the ring."""
        ring = self.queues[index].ring
        self.set_call(index)
        self._set_fd(Request.SET_VRING_ERR, index, ring.err_fd.fd)
        self.set_kick(index)

    def set_kick(self, index: int, fd: int | None = -1) -> None:
        """SET_VRING_KICK with the ring's descriptor, another, or none."""
        self._set_fd(Request.SET_VRING_KICK, index, self.queues[index].ring.kick_fd.fd if fd == -1 else fd)

    def set_call(self, index: int, fd: int | None = -1) -> None:
        """SET_VRING_CALL with the ring's descriptor, another, or none."""
        self._set_fd(Request.SET_VRING_CALL, index, self.queues[index].ring.call_fd.fd if fd == -1 else fd)

    def setup_ring(self, index: int) -> None:
        """All that a ring needs before it is enabled."""
        self.set_ring_num(index)
        self.set_ring_base(index)
        if self.shape.big_endian:
            self.set_ring_endian(index, True)
        self.set_ring_addr(index)
        self.set_ring_fds(index)

    def enable(self, index: int, enabled: bool = True) -> None:
        """SET_VRING_ENABLE."""
        self.channel.tell(Request.SET_VRING_ENABLE, proto.VRING_STATE.pack(index, int(enabled)))

    def get_base(self, index: int) -> int:
        """GET_VRING_BASE: stops a ring and says where it stands."""
        answer = self.channel.ask(Request.GET_VRING_BASE, proto.VRING_STATE.pack(index, 0))
        self.queues[index].base = proto.VRING_STATE.unpack(answer.payload)[1]
        return self.queues[index].base

    # --- life ---

    def reshape(self, shape: Shape) -> None:
        """After a stop: the guest's next driver is another one, with rings of its own."""
        offered = self.channel.ask(Request.GET_FEATURES).u64()
        for queue in self.queues:
            queue.ring.close()
        self.shape = shape
        self.set_features(offered & shape.wanted())
        self.make_rings()


    def start(self) -> None:
        """Negotiate unless that is done, hand over memory and rings, and go."""
        self.prepare()
        self.go()

    def prepare(self) -> None:
        """All but the last message, which has the device start."""
        if not self.queues:
            self.negotiate()
            self.make_rings()
        else:
            self.set_features(self.features)
        self.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK)
        self.set_mem_table()
        for index in range(len(self.queues)):
            self.setup_ring(index)
        for index in range(len(self.queues)):
            self.enable(index)

    def go(self) -> None:
        """The guest's driver is ready."""
        self.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK | Status.DRIVER_OK)
        self.running = True

    def stop(self, status_first: bool = False) -> None:
        """Stop all rings, as QEMU 10 does, or as QEMU 7 (the status first); their byte order is the host's again."""
        if status_first:
            self.set_status(Status.RESET)
        for index in range(len(self.queues)):
            self.get_base(index)
            if self.shape.big_endian:
                self.set_ring_endian(index, False)
        if not status_first:
            self.set_status(Status.RESET)
        self.running = False

    def close(self) -> None:
        """Hang up and give back what is ours."""
        self.channel.close()
        if self.back:
            self.back.close()
        for queue in self.queues:
            queue.ring.close()
        self.queues = []

    # --- frames ---

    def rx(self, pair: int = 0) -> Queue:
        """The receive queue of a pair."""
        return self.queues[2 * pair]

    def tx(self, pair: int = 0) -> Queue:
        """The transmit queue of a pair."""
        return self.queues[2 * pair + 1]

    def post_rx(self, count: int | None = None, pair: int = 0, parts: int = 1, indirect: bool = False,
                region=None) -> int:
        """Post receive buffers, as many as fit if no number is given; each of so many descriptors."""
        queue, size = self.rx(pair), self.shape.buffer
        indirect |= self.shape.indirect
        slots = 1 if indirect else self._slots(parts)
        count = queue.ring.free // slots if count is None else count
        for _ in range(count):
            buffer = queue.buffers.pop() if queue.buffers else Buffer(self.mem.alloc(size, 64, region), size)
            queue.ring.post(self._segments(buffer.gpa, size, parts, True), buffer, indirect)
        queue.ring.flush()
        return count

    def _slots(self, parts: int) -> int:
        """Descriptors of a buffer whose frame is in so many."""
        return parts + int(self.shape.header_apart)

    def _segments(self, gpa: int, length: int, parts: int, writable: bool = False) -> list[Segment]:
        """A buffer in so many pieces of about the same length, or its header and so many."""
        head = self.header if self.shape.header_apart else 0
        step = -(-(length - head) // parts)
        cuts = [0, *range(head, length, step), length] if head else [*range(0, length, step), length]
        return [Segment(gpa + at, end - at, writable) for at, end in zip(cuts, cuts[1:])]

    def take_packets(self, pair: int = 0, refill: bool = True) -> list[tuple[bytes, bytes]]:
        """virtio-net header and frame of each that has arrived; their buffers are posted again, or kept."""
        queue = self.rx(pair)
        packets = []
        done = queue.ring.poll()
        parts = iter(done)
        for used in parts:
            data = self._take_buffer(queue, used)
            if len(data) < self.header:
                raise ValueError(f"the device says it wrote {len(data)} bytes, less than a header")
            more = int.from_bytes(data[10:12], self.shape.byte_order) - 1 if self.features & Feature.MRG_RXBUF else 0
            for _ in range(more):
                data += self._take_buffer(queue, next(parts))
            packets.append((data[:self.header], data[self.header:]))
        if done and refill:
            self.post_rx(len(done), pair)
        return packets

    def _take_buffer(self, queue: Queue, used: Used) -> bytes:
        """What was written to a buffer, which is free again."""
        buffer = used.token
        if not 0 < used.written <= buffer.length:
            raise ValueError(f"the device says it wrote {used.written} bytes to a buffer of {buffer.length}")
        queue.buffers.append(buffer)
        return self.mem.read(buffer.gpa, used.written)

    def take(self, pair: int = 0, refill: bool = True) -> list[bytes]:
        """Frames that have arrived."""
        return [frame for _, frame in self.take_packets(pair, refill)]

    def receive(self, count: int, pair: int = 0, timeout: float = 20.0, refill: bool = True) -> list[bytes]:
        """Wait for so many frames."""
        frames: list[bytes] = []
        end = time.monotonic() + timeout
        while len(frames) < count:
            got = self.take(pair, refill)
            frames += got
            if not got:
                if time.monotonic() > end:
                    raise NoAnswer(f"{len(frames)} of {count} frames arrived within {timeout} s")
                time.sleep(0.0005)
        return frames

    def post_tx(self, frame: bytes, pair: int = 0, parts: int = 1, indirect: bool = False, region=None,
                header: bytes | None = None) -> None:
        """Post one frame, its header and data in so many descriptors; not published yet."""
        queue = self.tx(pair)
        data = (bytes(self.header) if header is None else header[:self.header]) + frame
        if queue.buffers and queue.buffers[-1].length >= len(data):
            buffer = queue.buffers.pop()
        else:
            length = max(BUFFER, len(data))
            buffer = Buffer(self.mem.alloc(length, 64, region), length)
        self.mem.write(buffer.gpa, data)
        indirect |= self.shape.indirect
        queue.ring.post(self._segments(buffer.gpa, len(data), parts), buffer, indirect)

    def reap(self, pair: int = 0) -> int:
        """Take back sent buffers."""
        queue = self.tx(pair)
        done = queue.ring.poll()
        queue.buffers += [used.token for used in done]
        return len(done)

    def send(self, frames: list[bytes], pair: int = 0, parts: int = 1, indirect: bool = False,
             timeout: float = 20.0, region=None) -> None:
        """Send frames, and wait until the device has given back all buffers."""
        ring = self.tx(pair).ring
        end = time.monotonic() + timeout
        todo = list(reversed(frames))
        while todo or ring.outstanding:
            before = len(todo)
            while todo and ring.free >= self._slots(parts):
                self.post_tx(todo.pop(), pair, parts, indirect, region)
            if before != len(todo):
                ring.flush()
            if not self.reap(pair) and before == len(todo):
                if time.monotonic() > end:
                    raise NoAnswer(f"{ring.outstanding} buffers were not given back within {timeout} s, "
                                   f"{len(todo)} frames wait")
                time.sleep(0.0005)


def open_listener(path: str) -> socket.socket:
    """A socket at which a back end of --client mode connects."""
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    return listener
