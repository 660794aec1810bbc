# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The vhost-user socket: messages with descriptors, answers with a time-out."""

from __future__ import annotations

import array
import os
import socket
import time
from dataclasses import dataclass, field

from . import proto
from .proto import Request
from .wait import readable

TIMEOUT = 20.0


class ProtocolError(Exception):
    """The back end answered something else than the protocol asks for."""


class Refused(Exception):
    """The back end answered a message with a failure (REPLY_ACK with a number that is not 0)."""


class Closed(Exception):
    """The back end closed the connection."""


class NoAnswer(Exception):
    """The back end did not answer in time."""


@dataclass
class Message:
    """One message as it came from the socket."""

    request: int
    flags: int
    payload: bytes
    fds: list[int] = field(default_factory=list)

    def u64(self) -> int:
        """The payload as one number."""
        if len(self.payload) != proto.U64.size:
            raise ProtocolError(f"answer to {self.request} has {len(self.payload)} bytes, not 8")
        return proto.U64.unpack(self.payload)[0]


class Channel:
    """One connection. Not for more than one thread."""

    def __init__(self, sock: socket.socket, timeout: float = TIMEOUT):
        self.sock = sock
        self.timeout = timeout
        self.need_reply = False     # ask for an answer to each message, once REPLY_ACK is negotiated

    @classmethod
    def connect(cls, path: str, timeout: float = TIMEOUT) -> Channel:
        """Connect to a back end that listens at path; it may still be about to."""
        end = time.monotonic() + timeout
        while True:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.connect(path)
                return cls(sock, timeout)
            except (FileNotFoundError, ConnectionRefusedError):
                sock.close()
                if time.monotonic() > end:
                    raise NoAnswer(f"nobody listens at {path} after {timeout} s") from None
                time.sleep(0.02)

    @classmethod
    def accept(cls, listener: socket.socket, timeout: float = TIMEOUT) -> Channel:
        """Wait for a back end that connects to us (dpdk-vdpa --client)."""
        if not readable(listener, timeout):
            raise NoAnswer(f"no back end connected within {timeout} s")
        return cls(listener.accept()[0], timeout)

    def close(self) -> None:
        """Hang up."""
        self.sock.close()

    def send_raw(self, data: bytes, fds: list[int] | tuple[int, ...] = ()) -> None:
        """Send bytes as they are, with descriptors."""
        ancillary = []
        if fds:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        try:
            sent = self.sock.sendmsg([data], ancillary)
            if sent < len(data):
                self.sock.sendall(data[sent:])
        except (BrokenPipeError, ConnectionResetError):
            raise Closed("the back end closed the connection") from None

    def send(self, request: int, payload: bytes = b"", fds=(), flags: int = proto.VERSION) -> None:
        """Send one message and wait for nothing."""
        self.send_raw(proto.HEADER.pack(request, flags, len(payload)) + payload, fds)

    def _exactly(self, size: int, fds: list[int], end: float) -> bytes:
        data = b""
        while len(data) < size:
            left = end - time.monotonic()
            if left <= 0 or not readable(self.sock, left):
                raise NoAnswer(f"no answer within {self.timeout} s")
            try:
                part, ancillary, _, _ = self.sock.recvmsg(size - len(data), socket.CMSG_SPACE(32 * 4))
            except ConnectionResetError:
                part, ancillary = b"", []
            for level, kind, raw in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    got = array.array("i")
                    got.frombytes(raw[:len(raw) - len(raw) % got.itemsize])
                    fds += got
            if not part:
                raise Closed("the back end closed the connection")
            data += part
        return data

    def receive(self, timeout: float | None = None) -> Message:
        """Receive one message."""
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        fds: list[int] = []
        request, flags, size = proto.HEADER.unpack(self._exactly(proto.HEADER.size, fds, end))
        return Message(request, flags, self._exactly(size, fds, end) if size else b"", fds)

    def ask(self, request: int, payload: bytes = b"", fds=()) -> Message:
        """Send a message that has an answer of its own, and return that."""
        self.send(request, payload, fds)
        answer = self.receive()
        if answer.request != request or not answer.flags & proto.FLAG_REPLY:
            raise ProtocolError(f"asked {request}, answered {answer.request} flags {answer.flags:#x}")
        return answer

    def tell(self, request: int, payload: bytes = b"", fds=(), need_reply: bool | None = None) -> None:
        """Send a message that has no answer; with need_reply wait until it is done, and raise Refused if it failed."""
        if need_reply is None:
            need_reply = self.need_reply
        if not need_reply:
            self.send(request, payload, fds)
            return
        self.send(request, payload, fds, proto.VERSION | proto.FLAG_NEED_REPLY)
        answer = self.receive()
        if answer.request != request or not answer.flags & proto.FLAG_REPLY:
            raise ProtocolError(f"told {request}, answered {answer.request} flags {answer.flags:#x}")
        if answer.u64() != 0:
            name = Request(request).name if request in Request.__members__.values() else str(request)
            raise Refused(f"{name} was refused with {answer.u64():#x}")

    def wait_closed(self, timeout: float | None = None) -> None:
        """Wait until the back end hangs up; what it still says is dropped."""
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        try:
            while True:
                for fd in self.receive(max(0.0, end - time.monotonic())).fds:
                    os.close(fd)
        except Closed:
            return
