# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Sessions of front ends as they were recorded: messages with what their descriptors were, and how to play them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
from dataclasses import dataclass, field
from pathlib import Path

from . import proto
from .backchan import BackChannel
from .channel import Channel, Closed, Message, NoAnswer, ProtocolError
from .memory import Backing
from .proto import Request

ANSWERED = {Request.GET_FEATURES, Request.GET_PROTOCOL_FEATURES, Request.GET_QUEUE_NUM, Request.GET_VRING_BASE,
            Request.GET_STATUS, Request.GET_CONFIG, Request.SET_LOG_BASE}


@dataclass(frozen=True)
class Thing:
    """What a descriptor stands for: memory (which object, how large), an event, a socket; or what nobody should send."""

    kind: str           # memory, event, socket; null, pipe, file
    size: int = 0
    number: int = 0     # of the object: the same one may be sent again


def thing(fd: int, known: dict[tuple[int, int], int]) -> Thing:
    """What a descriptor is that a front end sent; objects are numbered as they come."""
    st = os.fstat(fd)
    if stat.S_ISREG(st.st_mode):
        number = known.setdefault((st.st_dev, st.st_ino), len(known))
        return Thing("memory", st.st_size, number)
    return Thing("socket") if stat.S_ISSOCK(st.st_mode) else Thing("event")


@dataclass(frozen=True)
class Step:
    """A message of the front end. The size in its head may be another than that of its payload."""

    request: int
    payload: bytes = b""
    things: tuple[Thing, ...] = ()
    flags: int = proto.VERSION
    size: int | None = None

    def head(self) -> bytes:
        """The message's head."""
        return proto.HEADER.pack(self.request, self.flags, len(self.payload) if self.size is None else self.size)

    def is_answered(self) -> bool:
        """Is there an answer to wait for, if the back end takes the message?"""
        return self.request in ANSWERED or bool(self.flags & proto.FLAG_NEED_REPLY)

    def __str__(self) -> str:
        name = Request(self.request).name if self.request in Request.__members__.values() else f"{self.request:#x}"
        what = ",".join(t.kind for t in self.things)
        said = "" if self.size is None else f" says {self.size:#x}"
        return f"{name} flags {self.flags:#x}{said} {self.payload.hex()} [{what}]"


def save(path: Path, steps: list[Step]) -> None:
    """Write a session, a message in a line."""
    lines = [json.dumps([s.request, s.flags, s.payload.hex(), [[t.kind, t.size, t.number] for t in s.things]])
             for s in steps]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def load(path: Path) -> list[Step]:
    """Read one."""
    return [Step(request, bytes.fromhex(payload), tuple(Thing(*t) for t in things), flags)
            for request, flags, payload, things in json.loads(path.read_text())]


@dataclass
class Player:
    """Plays a session to a back end. close() gives back what was made for it."""

    path: str
    patience: float = 5.0           # seconds to wait for an answer
    deaf: bool = False              # its end of the back end's channel is not served
    objects: dict[Thing, int] = field(default_factory=dict)
    backs: list[BackChannel] = field(default_factory=list)
    done: int = 0                   # messages that were sent
    unanswered: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stack = contextlib.ExitStack()
        self.channel = Channel.connect(self.path)

    def _open(self, what: Thing) -> int:
        """A descriptor of the kind."""
        if what.kind == "memory":
            backing = Backing(what.size)
            self.stack.callback(backing.close)
            return backing.fd
        if what.kind == "socket":
            back = BackChannel()
            self.backs.append(back)
            if self.deaf:
                back.stop.set()
            return back.theirs.fileno()
        if what.kind == "pipe":
            ends = os.pipe()
            for end in ends:
                self.stack.callback(os.close, end)
            return ends[0]
        fd = os.eventfd(0) if what.kind == "event" else os.open(__file__ if what.kind == "file" else "/dev/null", os.O_RDWR)
        self.stack.callback(os.close, fd)
        return fd

    def descriptor(self, what: Thing) -> int:
        """The descriptor of a thing; memory is the same object each time."""
        if what.kind != "memory":
            return self._open(what)
        if what not in self.objects:
            self.objects[what] = self._open(what)
        return self.objects[what]

    def step(self, step: Step) -> Message | None:
        """Send a message; the answer, if there is to be one and it comes in time."""
        self.channel.send_raw(step.head() + step.payload, [self.descriptor(t) for t in step.things])
        self.done += 1
        if not step.is_answered():
            return None
        try:
            answer = self.channel.receive(self.patience)
        except NoAnswer:
            self.unanswered.append(step)
            return None
        for fd in answer.fds:
            os.close(fd)
        return answer

    def play(self, steps: list[Step]) -> bool:
        """All of them, until the back end hangs up; False if it did."""
        try:
            for step in steps:
                self.step(step)
        except (Closed, ProtocolError):
            return False
        return True

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self.channel.sock.shutdown(socket.SHUT_RDWR)
        self.channel.close()
        for back in self.backs:
            back.close()
        self.stack.close()
