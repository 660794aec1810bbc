# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""
All that guests do, at the same time and at random, for a while; and one thing very often.

Built with ThreadSanitizer these look for races between the threads of library, driver and application; the library and
the emulated NIC are as they always are.
"""

import random
import threading
import time
from pathlib import Path

import pytest
from hfrig import nic, paths, tsan, vdpa, wait
from hfvhost.dirty import Log
from hfvhost.net import NetDevice, Shape
from hfvhost.proto import Feature, Protocol
from pair import Pair, both_ways, burst

DATAPATHS = ["hw", "poll", "auto", "auto"]      # of each VF
VFS = len(DATAPATHS)
PAIRS = 2
SHAPE = Shape(pairs=PAIRS)
SEED = 1
MIB = 1 << 20
PLUGGED = 1 << 36       # where memory comes and goes
LOGGED = 4096           # bytes of a log: of what lies lowest, the rings among it
WARM = 50               # resets after which nothing grows any more


class Guest(threading.Thread):
    """One VF's guest, with a mind of its own."""

    def __init__(self, rig: Pair, vf: int):
        super().__init__(name=f"guest {vf}")
        self.rig = rig
        self.vf = vf
        self.until = 0.0
        self.random = random.Random(SEED + vf)
        self.acts = [self.reset, self.disable, self.plug, self.reconnect]
        if DATAPATHS[vf] != "hw":
            self.acts.append(self.migrate)
        self.dev = self.fresh()
        self.frames = 0         # that arrived
        self.done: dict[str, int] = {}
        self.error: Exception | None = None

    def fresh(self) -> NetDevice:
        """A front end of its own, not in the stage's list: that is another thread's. Rings of one size need other parts than
        those of another."""
        shape = Shape(pairs=PAIRS, packed=self.random.random() < 0.5, size=self.random.choice([64, 256]))
        shape.protocol |= Protocol.LOG_SHMFD
        return NetDevice(self.rig.socks[self.vf], None, shape)

    def run(self) -> None:
        try:
            self.begin()
            while time.monotonic() < self.until or not self.did_all():
                act = self.random.choice([self.traffic] * 4 + self.acts)
                act()
                self.done[act.__name__] = self.done.get(act.__name__, 0) + 1
        except Exception as err:    # pylint: disable=broad-exception-caught  # whatever it is, the test tells it
            self.error = err

    def did_all(self) -> bool:
        """It has done each thing, and heard of others: on a busy machine that takes its time."""
        return self.frames > 0 and len(self.done) > len(self.acts)

    def pause(self) -> None:
        """Some time, often none."""
        time.sleep(self.random.choice([0, 0, 0.0005, 0.002, 0.01]))

    def begin(self) -> None:
        """The guest boots; it wants to be called, so that the event thread is there while all else goes on."""
        self.dev.start()
        for queue in self.dev.queues:
            queue.ring.want_calls(True)
        for pair in range(PAIRS):
            self.dev.post_rx(32, pair)

    def traffic(self) -> None:
        """Frames to another guest, and what comes from others."""
        to = self.random.choice([vf for vf in range(VFS) if vf != self.vf])
        self.dev.send(burst(8, self.frames, self.vf, to), pair=self.random.randrange(PAIRS))
        self.pause()
        for pair in range(PAIRS):
            self.frames += len(self.dev.take(pair))

    def reset(self) -> None:
        """The guest reboots, with traffic under way."""
        self.dev.send(burst(8, 0, self.vf, (self.vf + 1) % VFS))
        self.dev.stop(self.random.random() < 0.5)
        self.pause()
        self.dev.start()

    def disable(self) -> None:
        """ethtool -L, there and back."""
        for enabled in (False, True):
            for index in range(2, 2 * PAIRS):
                self.dev.enable(index, enabled)
            self.pause()

    def plug(self) -> None:
        """Memory comes, and goes."""
        region = self.dev.mem.add(PLUGGED, 2 * MIB)
        self.dev.set_mem_table()
        self.pause()
        self.dev.mem.remove(region)
        self.dev.set_mem_table()
        region.backing.close()

    def life(self) -> None:
        """A short one, after which the device keeps what it will always keep."""
        self.begin()
        if self.migrate in self.acts:
            self.migrate(True)
        self.dev.close()
        self.rig.nic.wait_idle(nic.vf_bdf(self.vf))

    def migrate(self, cancelled: bool = False) -> None:
        """A migration that is cancelled, or begun anew; what is "auto" goes to poll mode for it, and back."""
        log = Log(LOGGED)
        log.hand_over(self.dev)
        self.dev.set_features(self.dev.features | Feature.LOG_ALL)
        for index in range(2 * PAIRS):
            self.dev.set_ring_addr(index, True)
        self.traffic()
        log.close()
        if cancelled or self.random.random() < 0.7:
            self.dev.set_features(self.dev.features & ~Feature.LOG_ALL)
            self.pause()

    def reconnect(self) -> None:
        """The front end hangs up, and another one comes."""
        self.dev.close()
        self.dev.mem.close()
        self.pause()
        self.dev = self.fresh()
        self.begin()


def kinds(rig: Pair) -> dict[str, int]:
    """How many objects of each kind the NIC has."""
    counts: dict[str, int] = {}
    for func in rig.nic.ask("objects")["functions"]:
        for kind, count in func["counts"].items():
            counts[kind] = counts.get(kind, 0) + count
    return counts


def held(pid: int) -> tuple[int, int]:
    """Descriptors and threads of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), len(list(Path(f"/proc/{pid}/task").iterdir()))


def steady(pid: int) -> tuple[int, int]:
    """The same when it does not change any more: the NIC's connection with a test that asked it goes later."""
    return wait.steady(lambda: held(pid))


def wait_held(pid: int, want: tuple[int, int]) -> None:
    """Wait until a process has no more than it had, and no less."""
    now = wait.until(lambda: held(pid), lambda seen: seen == want)
    assert now == want, f"descriptors and threads: {want} before, {now} after"


def resident(pid: int) -> int:
    """Bytes of a process's own memory."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("RssAnon:")[1].split()[0]) << 10


def race(stage, seconds: float) -> None:
    """Guests against each other; then all is as it was, and still works."""
    rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(vfs=VFS, engines=2), devargs="mr_policy=memory,mr_grace_ms=20",
                                      only={vf: f"datapath={path}" for vf, path in enumerate(DATAPATHS)}))
    pid = rig.app.process.program()
    guests = [Guest(rig, vf) for vf in range(VFS)]
    for guest in guests:
        guest.life()
    before = steady(pid)
    for guest in guests:
        guest.dev = guest.fresh()
        guest.until = time.monotonic() + seconds
        guest.start()
    while any(guest.is_alive() for guest in guests):
        # The answer is among what the log says meanwhile: nobody waits for it.
        rig.app.process.write(f"stats {nic.vf_bdf(random.randrange(VFS))} {random.randrange(2 * PAIRS)}")
        time.sleep(0.02)
    for guest in guests:
        guest.join()
        guest.dev.close()
        assert guest.error is None, f"{guest.name} after {guest.done}: {guest.error!r}"
    for guest in guests:
        rig.nic.wait_idle(nic.vf_bdf(guest.vf))
        guest.dev = guest.fresh()
        guest.life()
    wait_held(pid, before)
    both_ways(rig.guest(0, SHAPE), rig.guest(1, SHAPE))
    finish(rig)


def finish(rig: Pair) -> None:
    """The application ends without a word from a sanitizer."""
    status = rig.app.quit()
    said = rig.app.process.text()
    assert not tsan.reports(said), "\n".join(tsan.reports(said))
    assert status == (tsan.STATUS if "ThreadSanitizer" in said else 0)


HEAP = """WARNING: ThreadSanitizer: data race (pid=1)
  Write of size 8 at 0x000110309180 by main thread:
    #0 memset ../../../../src/libsanitizer/sanitizer_common/sanitizer_common_interceptors.inc:799 (libtsan.so.2+0x5cbc4)
    #1 {} (dpdk-vdpa+0x32e6)

  Previous write of size 8 at 0x000110309180 by thread T43:
    #0 memset ../../../../src/libsanitizer/sanitizer_common/sanitizer_common_interceptors.inc:799 (libtsan.so.2+0x5cbc4)
    #1 <null> <null> ({}+0x22c22)

  Location is global '<null>' at 0x000000000000 (memfd:nohuge (deleted)+0xffd8180)

SUMMARY: ThreadSanitizer: data race
==================
"""


def test_reports():
    """What is told of ThreadSanitizer's: each race of the driver's, and what is no race, but not what DPDK's heap does."""
    ours = HEAP.format("cmd_device_stats_parsed main.c:508", f"{tsan.DRIVER}.so.23")
    order = "WARNING: ThreadSanitizer: lock-order-inversion (potential deadlock) (pid=1)\n  Cycle\n" + "=" * 18 + "\n"
    assert not tsan.reports(HEAP.format("cmd_device_stats_parsed main.c:508", "librte_eal.so.23"))
    assert tsan.reports(ours + order) == [ours.rstrip(), order.rstrip()]
    assert len(tsan.reports(HEAP.format(f"hf_f a.c:1 ({tsan.DRIVER}.so+0x1)\n    #2 main main.c:508", "librte_eal.so.23"))) == 1


# Of a reset: each queue is suspended, queried and resumed; or, in poll mode, goes to reset and to ready, and the port is
# asked for its MTU.
COMMANDS = {"hw": 2 * PAIRS * 3, "poll": 2 * PAIRS * 2 + 1}


def resets(stage, datapath: str, count: int) -> None:
    """Guest resets under traffic leave nothing behind: objects, descriptors, threads, memory, commands."""
    rig = Pair(stage, vdpa.VdpaConfig(devargs=f"datapath={datapath}"))
    pid = rig.app.process.program()
    a, b = rig.guest(0, SHAPE), rig.guest(1, SHAPE)
    base = None
    for i in range(WARM + count):
        a.send(burst(4, i))
        b.stop(i % 2 == 0)
        b.start()
        b.take(), b.take(1), a.reap(), a.reap(1)
        if i == WARM - 1:
            rig.wait_ready(1, 2 * PAIRS)
            base = (steady(pid), kinds(rig), resident(pid), rig.registered(1), executed(rig, 1))
    rig.wait_ready(1, 2 * PAIRS)
    wait_held(pid, base[0])
    assert kinds(rig) == base[1]
    assert rig.registered(1) == base[3], "a reset registers memory"
    assert executed(rig, 1) - base[4] == count * COMMANDS[datapath]
    if not paths.SANITIZED and not paths.THREAD_SANITIZED:      # theirs grows
        assert resident(pid) - base[2] < MIB
    both_ways(a, b, 10000)
    finish(rig)


def executed(rig: Pair, vf: int) -> int:
    """Commands that a VF has carried out."""
    return sum(c["count"] for c in rig.nic.function(nic.vf_bdf(vf), "commands")["commands"])


def test_race(stage, request):
    """For seconds; with --long for three minutes."""
    race(stage, 180 if request.config.getoption("--long") else 6)


@pytest.mark.parametrize("datapath", COMMANDS)
def test_resets(stage, request, datapath):
    """100 of them; with --long 10,000."""
    resets(stage, datapath, 10000 if request.config.getoption("--long") else 100)
