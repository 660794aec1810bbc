# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What a hostile front end makes of a recorded session: a few changes, drawn by dice.

Nothing is ever cut off in the middle of a message: the size in a head is never more than what follows it.
"""

from __future__ import annotations

import random
from dataclasses import replace

from . import proto
from .memory import UVA_BASE
from .proto import Request
from .session import Step, Thing

# Where numbers turn: of rings, sizes, pages, widths, signs.
EDGES = [0, 1, 2, 3, 7, 8, 9, 15, 16, 31, 32, 127, 128, 255, 256, 257, 4095, 4096, 32767, 32768, 32769, 65535, 65536,
         (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 40), (1 << 47), (1 << 63) - 1, 1 << 63, (1 << 64) - 4096,
         (1 << 64) - 1]
REQUESTS = [*Request, 0, 41, 42, 43, 1000, 0x7FFFFFFF, 0xFFFFFFFF]
# What belongs to features that were not offered, or to none of what a session has.
STRANGERS = [Step(Request.IOTLB_MSG, proto.IOTLB.pack(0, 1 << 32, UVA_BASE, 3, kind)) for kind in (1, 2, 3, 4)] + [
    Step(Request.SET_LOG_BASE, proto.U64.pack(4096) * 2, (Thing("memory", 8192, 1003),)),
    Step(Request.SET_LOG_FD, things=(Thing("event"),)),
    Step(Request.POSTCOPY_ADVISE), Step(Request.POSTCOPY_LISTEN), Step(Request.POSTCOPY_END),
    Step(Request.GET_INFLIGHT_FD, bytes(16) + b"\2\0\0\1"), Step(Request.SET_VRING_ENDIAN, proto.VRING_STATE.pack(0, 1)),
    Step(Request.ADD_MEM_REG, bytes(40), (Thing("memory", 8192, 1003),)), Step(Request.GET_MAX_MEM_SLOTS),
    Step(Request.GET_CONFIG, proto.CONFIG_HEAD.pack(0, 24, 0) + bytes(24)),
    Step(Request.SET_CONFIG, proto.CONFIG_HEAD.pack(0, 6, 0) + bytes(6)), Step(Request.SEND_RARP, bytes(8))]
# What ends something, and may come at any moment.
ENDINGS = [Step(Request.RESET_OWNER), Step(Request.SET_STATUS, bytes(8)), Step(Request.SET_FEATURES, bytes(8)),
           Step(Request.SET_MEM_TABLE, bytes(8)), Step(Request.RESET_DEVICE), Step(Request.SET_OWNER),
           *[Step(Request.GET_VRING_BASE, proto.VRING_STATE.pack(i, 0)) for i in (0, 1, 3)],
           *[Step(Request.SET_VRING_ENABLE, proto.VRING_STATE.pack(i, on)) for i in (0, 1) for on in (0, 1)]]
THINGS = [Thing("null"), Thing("pipe"), Thing("file"), Thing("event"), Thing("socket"), Thing("memory", 0, 1000),
          Thing("memory", 4096, 1001), Thing("memory", 1 << 26, 1002)]
MAX_FDS = 12        # more than the 8 that librte_vhost has room for


# Messages whose payload begins with the number of a ring.
OF_RINGS = (Request.SET_VRING_NUM, Request.SET_VRING_ADDR, Request.SET_VRING_BASE, Request.GET_VRING_BASE,
            Request.SET_VRING_ENABLE)
MAX_RINGS = 256


def leaks(step: Step) -> bool:
    """Does librte_vhost 22.11 leave the message's descriptors open? It closes the connection before the driver sees it.

    Of SET_INFLIGHT_FD it takes the number of queues for that of a ring.
    """
    ring = int.from_bytes(step.payload[:4], "little")
    return bool(step.things) and (step.request == Request.SET_INFLIGHT_FD or
                                  step.request in OF_RINGS and ring >= MAX_RINGS)


class Mutator:
    """Changes to sessions, the same for the same seed."""

    def __init__(self, sessions: list[list[Step]], seed: int):
        self.dice = random.Random(seed)
        self.sessions = sessions
        self.pool = [step for session in sessions for step in session]

    def session(self) -> list[Step]:
        """One session with some changes, that may end early."""
        steps = list(self.dice.choice(self.sessions))
        for _ in range(self.dice.choice([1, 1, 2, 3, 5, 9])):
            self.change(steps)
        if self.dice.random() < 0.2:
            del steps[self.dice.randrange(len(steps)) + 1:]
        return [replace(step, things=()) if leaks(step) else step for step in steps]

    def change(self, steps: list[Step]) -> None:
        """One change, somewhere."""
        at = self.dice.randrange(len(steps))
        how = self.dice.choice([self.of_order] * 3 + [self.of_payload] * 5 + [self.of_head] * 2 + [self.of_things] * 2)
        how(steps, at)

    # --- order ---

    def of_order(self, steps: list[Step], at: int) -> None:
        """Leave out, repeat, swap, or put in what belongs elsewhere."""
        what = self.dice.randrange(6)
        if what == 0 and len(steps) > 1:
            del steps[at]
        elif what == 1:
            steps[at:at] = [steps[at]] * self.dice.choice([1, 2, 20])
        elif what == 2:
            other = self.dice.randrange(len(steps))
            steps[at], steps[other] = steps[other], steps[at]
        elif what == 3:
            steps.insert(at, self.dice.choice(ENDINGS + STRANGERS))
        elif what == 4:
            steps.insert(at, self.dice.choice(self.pool))
        else:
            begin = self.dice.randrange(len(steps))
            steps[at:at] = steps[begin:begin + self.dice.randrange(1, 12)]

    # --- one message ---

    def of_head(self, steps: list[Step], at: int) -> None:
        """Another request, other flags, or less in the head than follows."""
        step = steps[at]
        what = self.dice.randrange(4)
        if what == 0:
            steps[at] = replace(step, request=int(self.dice.choice(REQUESTS)))
        elif what == 1:
            steps[at] = replace(step, flags=self.dice.choice([0, 1, 2, 3, 4, 5, 8, 9, 0xD, 0xFFFFFFFF, 1 << 31 | 1]))
        elif what == 2:
            steps[at] = replace(step, flags=step.flags ^ proto.FLAG_NEED_REPLY)
        elif step.payload:
            steps[at] = replace(step, size=self.dice.randrange(len(step.payload)))

    def number(self, old: int, bits: int) -> int:
        """Another number: an edge, one beside it, beside the old one, or anything."""
        what = self.dice.randrange(5)
        if what == 0:
            new = self.dice.choice(EDGES)
        elif what == 1:
            new = old + self.dice.choice([-1, 1, -8, 8, 4096, -4096, self.dice.choice(EDGES)])
        elif what == 2:
            new = old ^ 1 << self.dice.randrange(bits)
        elif what == 3:
            new = self.dice.getrandbits(bits)
        else:
            new = -1 - self.dice.choice(EDGES)
        return new % (1 << bits)

    def of_payload(self, steps: list[Step], at: int) -> None:
        """A field has another value; or the payload is shorter, or longer."""
        step = steps[at]
        payload = bytearray(step.payload)
        what = self.dice.randrange(10)
        if what == 0:
            payload = payload[:self.dice.randrange(len(payload) + 1)]
        elif what == 1:
            payload += self.dice.randbytes(self.dice.choice([1, 4, 8, 32, 256, 600, 2000]))
        elif len(payload) >= 4:
            width = self.dice.choice([4, 8] if len(payload) >= 8 else [4])
            where = self.dice.randrange(0, len(payload) - width + 1, 4)
            old = int.from_bytes(payload[where:where + width], "little")
            payload[where:where + width] = self.number(old, 8 * width).to_bytes(width, "little")
        steps[at] = replace(step, payload=bytes(payload))

    def of_things(self, steps: list[Step], at: int) -> None:
        """Other descriptors: of another kind, more, fewer, none."""
        step = steps[at]
        things = list(step.things)
        what = self.dice.randrange(4)
        if what == 0 or not things:
            things += [self.dice.choice(THINGS)] * self.dice.choice([1, 1, 2, 8, MAX_FDS])
        elif what == 1:
            things.pop(self.dice.randrange(len(things)))
        elif what == 2:
            things[self.dice.randrange(len(things))] = self.dice.choice(THINGS)
        else:
            things.append(self.dice.choice(things))
        steps[at] = replace(step, things=tuple(things[:MAX_FDS]))
