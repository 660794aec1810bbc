# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What a guest waits for when it starts, resets, changes or comes back: one driver, and one guest of some size.

Three processes beside the driver's: a front end (front), frames that flow all the time (traffic), and a guest at the other
end of the wire on a NIC of its own, behind which our driver serves, whoever is measured.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hfrig import nic, vdpa
from hfrig.process import ProcessError, Stage
from hfvhost import frames

from .commands import TraceFile, Work
from .front import FrontEnd, GuestFile
from .rings import GuestRing, Window
from .traffic import FROM_GUEST, WAYS, Ends, Traffic

WINDOW = 48 << 20       # of the guests' memory, where rings and buffers are
FAR_RING = 1024
FAR_MAC = "0c:42:a1:0e:0f:01"
VF = 0
TICK = 0.001            # seconds between two frames of a flow
LISTEN = 1.2            # seconds after which librte_vhost has looked at a new socket
NEVER_PER_GIB = 0.03    # seconds more that traffic may take to come back, if time is modelled
QUIET = ["--log-level=lib.vhost.config:warning", "--log-level=pmd.vdpa.holdfast:notice"]
SETTLE_NS = 5_000_000
STARTS = 10             # that are tried until the application is up


@dataclass(frozen=True)
class Side:
    """A driver with its arguments."""

    name: str
    driver: str
    devargs: str = ""           # {pairs}, {ring}: of the guest that is measured

    def ours(self) -> bool:
        """Whether it is our driver."""
        return self.driver == vdpa.HOLDFAST


@dataclass(frozen=True)
class Setting:
    """What is measured: a driver, a guest's size, and how the NIC models time."""

    side: Side
    gib: int
    pairs: int
    timing: str = "none"
    scale: float = 1.0
    ring: int = 256
    pause: float = 5.0          # seconds between a guest's stop and its start, where it takes its time
    never: float = 6.0          # seconds after which traffic does not come back any more

    def timed(self) -> bool:
        """Whether commands take time."""
        return self.timing != "none"

    def quiet(self) -> float:
        """Seconds without a command after which nothing is put off any more."""
        return 0.3 + 0.7 * self.timed() * min(1.0, self.scale)

    def options(self, trace: Path) -> list[str]:
        """Of nicemu run."""
        options = ["--trace", str(trace), "--no-memlock"]
        if self.timed():
            options += ["--timing", self.timing, "--timing-scale", str(self.scale)]
        return options


class Far:
    """The other end of the wire: a guest with one pair on a NIC of its own, the same for all that is measured."""

    def __init__(self, stage: Stage):
        self.wire = f"link:{stage.dir}/wire"
        config = nic.NicConfig(vfs=1, wire=self.wire, options=["--mac", f"1={FAR_MAC}"])
        self.app = vdpa.Vdpa(stage, vdpa.VdpaConfig(nic=config))
        guest = stage.keep(GuestFile(1))
        window = Window(guest.backing.fd, WINDOW)
        self.rings = [stage.keep(GuestRing(window, FAR_RING, receives)) for receives in (True, False)]
        for ring in self.rings:
            ring.fresh()
        sock = self.app.create(VF, f"{stage.dir}/far")
        time.sleep(LISTEN)
        self.front = stage.keep(FrontEnd(sock, guest, [self.rings]))
        self.front.do("connect", 0, False)


class Bench:
    """One driver with a guest of some size: the application, its front end, the traffic."""

    def __init__(self, stage: Stage, far: Far, setting: Setting):
        self.stage, self.far, self.setting = stage, far, setting
        self.guest = stage.keep(GuestFile(setting.gib))
        window = Window(self.guest.backing.fd, WINDOW)
        self.pairs = range(setting.pairs)
        self.sets = [[stage.keep(GuestRing(window, setting.ring, index % 2 == 0)) for index in range(2 * setting.pairs)]
                     for _ in range(2)]
        ends = Ends(self.sets, far.rings, (frames.mac(nic.vf_mac(VF)), frames.mac(FAR_MAC)))
        ends.prepare()
        ends.flip()
        self.which = ends.now
        self.traffic = stage.keep(Traffic(ends, TICK))
        self.front = self._front_end(None)
        self.offloads = True
        self.runs = self.hung = 0
        self.active = (self.pairs, self.pairs)
        self.lines: list[dict] = []
        self.boot()
        time.sleep(LISTEN)

    def _front_end(self, dead: FrontEnd | None) -> FrontEnd:
        if dead:
            self.stage.acts.remove(dead)
        return self.stage.keep(FrontEnd(f"{self.stage.dir}/near", self.guest, self.sets))

    # --- what a scenario is made of ---

    def _start(self, path: Path) -> vdpa.Vdpa:
        side, setting = self.setting.side, self.setting
        config = nic.NicConfig(vfs=1, wire=self.far.wire, queues=max(32, 2 * setting.pairs), options=setting.options(path))
        args = side.devargs.format(pairs=setting.pairs, ring=setting.ring)
        # The peer's probe may wait for a thread that missed its wake-up (D11): then it is started again.
        acts = len(self.stage.acts)
        for _ in range(STARTS):
            try:
                return vdpa.Vdpa(self.stage, vdpa.VdpaConfig(side.driver, config, args, eal=QUIET,
                                                             patience=15 + 5 * setting.timed()))
            except ProcessError:
                if side.ours():
                    raise
                self.hung += 1
                while len(self.stage.acts) > acts:
                    self.stage.acts.pop().kill()
        raise ProcessError(f"{side.name} did not come up in {STARTS} starts")

    def boot(self) -> None:
        """Start the application, and bind the VF to the socket."""
        self.runs += 1
        path = self.stage.dir / f"trace{self.runs}"
        self.trace = TraceFile(path, nic.vf_bdf(VF))
        self.app = self._start(path)
        self.program = self.app.process.program()
        self.app.create(VF, f"{self.stage.dir}/near")

    def fresh(self) -> None:
        """The guest's driver starts anew on other rings."""
        self.traffic.ask("flip")
        self.which ^= 1

    def connect(self) -> None:
        """The front end connects, and its guest starts, or goes on where it was."""
        self.front.do("connect", self.which, self.offloads)

    def reset(self, pause: float = 0.0) -> None:
        """The guest resets its device, and starts it again."""
        self.front.do("stop")
        self.fresh()
        time.sleep(pause)
        self.front.do("start", self.which, self.offloads)

    def renegotiate(self) -> None:
        """The same with other features."""
        self.offloads = not self.offloads
        self.reset()

    def _limit(self, pairs: range) -> None:
        self.active = (self.pairs, pairs)
        self.traffic.ask("active", FROM_GUEST, pairs)

    def fewer(self) -> None:
        """Half of the queue pairs are switched off."""
        half = len(self.pairs) // 2
        self._limit(self.pairs[:half])
        self.front.do("enable", self.pairs[half:], False)

    def more(self) -> None:
        """And on again."""
        self.front.do("enable", self.pairs[len(self.pairs) // 2:], True)
        self._limit(self.pairs)

    def plug(self) -> None:
        """1 GiB is plugged in."""
        self.front.do("plug")

    def reconnect(self) -> None:
        """The connection is lost, and the same process connects again."""
        self.front.do("hang_up")
        self.connect()

    def revive(self) -> None:
        """The front end is killed with its guest; another one starts the guest again, on the same file."""
        self.front.kill()
        self.fresh()
        self.front = self._front_end(self.front)
        self.connect()

    def restart(self) -> None:
        """The application is stopped and started; the front end connects as soon as it can."""
        try:
            self.app.quit()
        except ProcessError:
            # The peer's threads may miss the wake-up to their end, too.
            if self.setting.side.ours():
                raise
            self.hung += 1
            self.app.process.kill()
        self.stage.acts.remove(self.app.process)
        self.front.do("hang_up")
        self.boot()
        self.connect()

    # --- how it is measured ---

    def _cpu(self) -> int:
        """Nanoseconds of CPU time that the driver's process has used, all but the engines of its NIC."""
        tasks = Path(f"/proc/{self.program}/task").iterdir()
        engines = [task for task in tasks if (task / "comm").read_text(encoding="ascii").startswith("nicemu-")]
        # The kernel's clock of another process's CPU time, as clock_getcpuclockid(3) makes it.
        return time.clock_gettime_ns((~self.program << 3) | 2) - sum(
            int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in engines)

    def _wait_back(self, since: int) -> bool:
        setting = self.setting
        end = time.monotonic() + setting.never + setting.timed() * NEVER_PER_GIB * setting.scale * setting.gib
        while not self.traffic.back(since, self.active):
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True

    def measure(self, action: Callable[[], None], pause: float = 0.0) -> dict:
        """Do something, wait until all flows are back and nothing is put off any more; what it took, in milliseconds.

        any_ms, all_ms: without a frame, and without a frame of the flow that had none for longest, less the guest's own
        pause; of the two ways the longer one. None: it did not come back.
        """
        self.trace.skip()
        self.traffic.ask("mark")
        runs, hung, cpu = self.runs, self.hung, self._cpu()
        begin = time.monotonic_ns()
        action()
        # What was under way when the queues stopped has arrived by then.
        back = self._wait_back(time.monotonic_ns() + SETTLE_NS) and hung == self.hung
        gaps = self.traffic.ask("gaps", begin)
        self.trace.wait_quiet(self.setting.quiet())
        cpu = self._cpu() - (cpu if runs == self.runs else 0)
        self.lines = self.trace.take()
        result = {"any_ms": None, "all_ms": None, "cpu_ms": cpu / 1e6, **Work.of(self.lines).report(),
                  **{name: gaps[name] for name in ("wrong", "twice", "stall_ms")}}
        if back:
            for key in ("any", "all"):
                result[f"{key}_ms"] = max(gaps[way][key] for way in WAYS) / 1e6 - pause * 1e3
        return result

    def keep_trace(self, path: Path) -> None:
        """Write the trace of what was measured last, for nicemu trace."""
        path.write_text("".join(json.dumps(line) + "\n" for line in self.lines), encoding="ascii")


@dataclass(frozen=True)
class Scenario:
    """Something that happens to a guest."""

    name: str
    label: str
    run: Callable[[Bench], dict]
    ratio: float | None = None      # how many times less time than each peer is to be reached
    policy: str = "connection"      # of ours, to which that applies
    pairs: int = 1                  # that it needs


SCENARIOS = (
    Scenario("connect", "connect", lambda b: b.measure(b.connect), 3.0),
    Scenario("reset", "guest reset, start at once", lambda b: b.measure(b.reset), 10.0),
    Scenario("reset5", "guest reset, start after 5 s",
             lambda b: b.measure(lambda: b.reset(b.setting.pause), b.setting.pause), 3.0),
    Scenario("features", "other features", lambda b: b.measure(b.renegotiate)),
    Scenario("fewer", "half of the queues off", lambda b: b.measure(b.fewer), pairs=2),
    Scenario("more", "and on again", lambda b: b.measure(b.more), pairs=2),
    Scenario("plug", "1 GiB plugged in", lambda b: b.measure(b.plug), 100.0),
    Scenario("reconnect", "connection lost and back", lambda b: b.measure(b.reconnect), 50.0, "memory"),
    Scenario("revive", "front end killed and back", lambda b: b.measure(b.revive), 50.0, "memory"),
    Scenario("restart", "application stopped, started", lambda b: b.measure(b.restart)),
)
