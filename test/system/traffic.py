# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Two testpmd guests on the two VFs of a NIC, frames from a capture file in one to capture files of the other."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from hfrig import capture, nic, pcap, testpmd, vdpa
from hfvhost import frames

STRIDE = 10_000_000     # between the sequence numbers of the two guests
KINDS = ("udp4", "tcp4", "udp6", "tcp6", "ip4", "ip6")


def make_frames(count: int, src: int, dst: int, first: int = 0) -> list[bytes]:
    """Frames of many flows, kinds and sizes from one VF to another."""
    flows = [f for kind in KINDS for f in frames.flows(64, kind)]
    to, of = frames.mac(nic.vf_mac(dst)), frames.mac(nic.vf_mac(src))
    return [frames.build(flows[i % len(flows)], to, of, first + i, 60 + i * 37 % 1440) for i in range(count)]


@dataclass
class Side:
    """One guest: what it sends, and where it stores what it gets."""

    vf: int
    stem: str
    queues: int
    size: int = 256         # of a ring
    sent: list[bytes] = field(default_factory=list)
    guest: testpmd.Testpmd | None = None

    def config(self, sock: str, packed: bool, **more) -> testpmd.GuestConfig:
        """The guest's configuration; its frames are dealt out to one file for each queue."""
        for queue in range(self.queues):
            pcap.write(f"{self.stem}.in{queue}", self.sent[queue::self.queues])
        return testpmd.GuestConfig(sock, nic.vf_mac(self.vf), self.queues, packed, rx_pcap=f"{self.stem}.in%q",
                                   tx_pcap=f"{self.stem}.out%q", size=self.size, **more)

    def stored(self) -> list[list[bytes]]:
        """What arrived, by queue."""
        return [pcap.read(f"{self.stem}.out{queue}") for queue in range(self.queues)]

    def received(self) -> list[bytes]:
        """What arrived, on any queue."""
        return [frame for queue in self.stored() for frame in queue]


class TwoGuests:
    """The application and two guests; both send to each other."""

    def __init__(self, stage, cfg: vdpa.VdpaConfig, queues: int = 1, packed: bool = False, count: int = 6000,
                 size: int = 256):
        self.stage = stage
        self.packed = packed
        self.app = vdpa.Vdpa(stage, cfg)
        self.nic = self.app.nic
        self.socks = [self.app.create(vf) for vf in (0, 1)]
        self.sides = [Side(vf, f"{stage.dir}/g{vf}", queues, size, make_frames(count, vf, 1 - vf, vf * STRIDE))
                      for vf in (0, 1)]
        for side in self.sides:
            self.boot(side)

    def boot(self, side: Side, **more) -> None:
        """Start a guest; it forwards nothing yet."""
        side.guest = testpmd.guest(self.stage, side.config(self.socks[side.vf], self.packed, **more))
        side.guest.do("set fwd io retry")
        side.guest.do("set burst tx delay 20 retry 5000")
        self.wait_ready(side.vf, 2 * side.queues)

    def wait_ready(self, vf: int, queues: int) -> None:
        """Wait until so many virtqueues of a VF serve."""
        self.nic.wait_serving(nic.vf_bdf(vf), queues)

    def function(self, vf: int, what: str = "objects") -> dict:
        """The NIC's tables of a VF."""
        return self.nic.function(nic.vf_bdf(vf), what)

    def dropped(self, vf: int) -> int:
        """Frames that a VF could not take, as the NIC counted."""
        stats = self.function(vf, "stats")["vport"]
        return sum(stats[name] for name in ("rx_no_buffer", "rx_no_flow", "rx_oversize"))

    def in_flight(self, vf: int) -> str:
        """What of a guest's frames is still under way to the other; empty when nothing is."""
        side, other = self.sides[vf], self.sides[1 - vf]
        read, sent = side.guest.stats(1)["RX-packets"], side.guest.stats(0)["TX-packets"]
        passed = self.function(vf, "stats")["vport"]["tx_pkts"]
        arrived, dropped = other.guest.stats(0)["RX-packets"], self.dropped(1 - vf)
        if read == len(side.sent) and sent == passed == arrived + dropped:
            return ""
        return (f"VF {vf}: {read} of {len(side.sent)} read, {sent} given to the NIC, {passed} passed on, "
                f"{arrived} arrived, {dropped} dropped")

    def settle(self, timeout: float = 60.0) -> None:
        """Wait until all is sent, and has arrived or was dropped."""
        end = time.monotonic() + timeout
        while True:
            left = [what for what in map(self.in_flight, (0, 1)) if what]
            if not left:
                return
            if time.monotonic() > end:
                raise self.app.process.fail(f"after {timeout} s: {'; '.join(left)}")
            time.sleep(0.1)

    def run(self) -> list[capture.Verdict]:
        """Let both guests send all they have; what each received of what the other sent."""
        for side in self.sides:
            side.guest.start()
        self.settle()
        for side in self.sides:
            side.guest.stop()
        return [capture.compare(self.sides[1 - vf].sent, self.sides[vf].received()) for vf in (0, 1)]


class Match:
    """Two guests that send back to each other whatever they get, as fast as they can: full traffic, both ways."""

    IN_PLAY = 3     # bursts of 32 frames of each queue; fewer than a ring has buffers

    def __init__(self, stage, app: vdpa.Vdpa, packed: bool = False, queues: int = 1, socks: list[str] | None = None,
                 server: bool = False, size: int = 256):
        self.stage = stage
        self.size = size
        self.app = app
        self.packed = packed
        self.queues = queues
        self.server = server
        self.socks = socks or [app.create(vf) for vf in (0, 1)]
        self.guests = [self.player(vf) for vf in (0, 1)]

    def player(self, vf: int) -> testpmd.Testpmd:
        """Start a guest on a VF."""
        cfg = testpmd.GuestConfig(self.socks[vf], nic.vf_mac(vf), self.queues, self.packed, self.server, size=self.size,
                                  forward="mac", extra=[f"--eth-peer=0,{nic.vf_mac(1 - vf)}", "--port-topology=loop"])
        return testpmd.guest(self.stage, cfg)

    def kick_off(self) -> None:
        """Put frames into play, and see that they move."""
        for vf in (0, 1):
            self.app.nic.wait_serving(nic.vf_bdf(vf), 2 * self.queues)
        for guest in self.guests:
            guest.do("stop", r"Done|not started")
        self.guests[0].start()
        self.guests[1].start(f"tx_first {self.IN_PLAY}")
        for guest in self.guests:
            self.wait_moving(guest)

    @staticmethod
    def wait_moving(guest: testpmd.Testpmd, timeout: float = 30.0) -> None:
        """Wait until a guest receives and sends."""
        end = time.monotonic() + timeout
        first = guest.stats(0)
        while time.monotonic() < end:
            now = guest.stats(0)
            if all(now[name] > first[name] + 1000 for name in ("RX-packets", "TX-packets")):
                return
            time.sleep(0.1)
        raise guest.process.fail(f"no traffic within {timeout} s: {guest.stats(0)}")

    def speed(self, src: int, seconds: float) -> float:
        """Packets per second that arrive at one guest when the other only sends."""
        for guest, mode in ((self.guests[1 - src], "rxonly"), (self.guests[src], "txonly")):
            guest.do("stop", r"Done|not started")
            guest.do(f"set fwd {mode}")
            guest.start()
        receiver = self.guests[1 - src]
        first, start = receiver.stats(0)["RX-packets"], time.monotonic()
        time.sleep(seconds)
        return (receiver.stats(0)["RX-packets"] - first) / (time.monotonic() - start)
