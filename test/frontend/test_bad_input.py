# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Bad input to the driver, row by row: a clear error for each, and nothing else disturbed.

All rows meet one application. VF 0 gets what is bad; VFs 1 and 2 are two guests that pass verified packets after every
row; the devices behind them are those that must not come into being. What each kind of input does to VF 0 itself:

- device arguments, a NIC that cannot: that device is not there, the others are;
- a bad memory table, ring size or base: refused, and what is there runs on;
- a ring in a bad place, or without eventfds: the device does not start; set up well, it does, on the same connection;
- more queues than the NIC has: refused, and those that are there can be used;
- no vhost-user at all: the connection ends, and the next one is like any other.
"""

import contextlib
import os
import random
import select
import struct

import pytest
from hfrig import paths
from hfrig.nic import NicConfig, vf_bdf
from hfrig.vdpa import VdpaConfig
from hfvhost import proto
from hfvhost.channel import Closed, Refused
from hfvhost.memory import PAGE, UVA_BASE, Backing
from hfvhost.net import Shape
from hfvhost.proto import Request, Status
from pair import Pair, both_ways, burst, transfer

MIB = 1 << 20
TOP = (1 << 64) - PAGE
QUEUES = 4      # virtqueues of each VF

# What is said of a device that cannot be, by its arguments or by what its NIC can do.
DEVICES = [
    ("unknown", {"only": "colour=blue"}, r"unknown argument 'colour'; there are: .*queue_pairs"),
    ("no-number", {"only": "queue_pairs=many"}, r"argument queue_pairs=many: must be a number from 1 to"),
    ("no-value", {"only": "queue_pairs="}, r"argument queue_pairs=: must be a number from 1 to"),
    ("zero", {"only": "queue_pairs=0"}, r"argument queue_pairs=0: must be a number from 1 to"),
    ("too-large", {"only": "queue_pairs=4000"}, r"argument queue_pairs=4000: must be a number from 1 to"),
    ("more-than-the-nic", {"only": "queue_pairs=3"}, r"argument queue_pairs=3: there are queues for 2 pairs"),
    ("twice", {"only": "queue_pairs=1,queue_pairs=2"}, r"argument 'queue_pairs' is given more than once"),
    ("event-mode", {"only": "event_mode=3"}, r"argument event_mode=3: must be a number from 0 to 2"),
    ("event-us", {"only": "event_us=0"}, r"argument event_us=0: must be a number from 1 to 100000"),
    ("hint-alone", {"only": "queues=1"}, r"arguments queues and queue_size: give both of them, or none"),
    ("hint-size", {"only": "queues=1,queue_size=100"}, r"argument queue_size=100: must be a power of two"),
    ("hint-pairs", {"only": "queues=3,queue_size=64"}, r"argument queues=3: the device has 2 pairs"),
    ("hint-above-pairs", {"only": "queue_pairs=1,queues=2,queue_size=64"}, r"argument queues=2: the device has 1 pairs"),
    ("no-such-cpu", {"only": "event_core=100000"}, r"argument event_core=100000: must be a number from 0 to"),
    ("no-bool", {"only": "host_notifier=yes"}, r"argument host_notifier=yes: must be a number from 0 to 1"),
    ("no-policy", {"only": "mr_policy=forever"}, r"argument mr_policy=forever: must be reset, connection or memory"),
    ("no-grace", {"only": "mr_grace_ms=0"}, r"argument mr_grace_ms=0: must be a number from 1 to"),
    ("no-size", {"only": "mr_held_max=lots"}, r"argument mr_held_max=lots: must be a number of bytes below 2\^64"),
    ("no-such-unit", {"only": "mr_held_max=1T"}, r"argument mr_held_max=1T: must be a number of bytes below 2\^64"),
    ("size-wraps", {"only": "mr_pinned_max=17179869185G"}, r"mr_pinned_max=17179869185G: must be .* below 2\^64"),
    ("no-datapath", {"only": "datapath=fast"}, r"argument datapath=fast: must be hw, poll or auto"),
    ("no-poll-cpu", {"only": "poll_core=99999"}, r"argument poll_core=99999: must be a number from 0"),
    ("no-mac", {"only": "mac=0c:42:a1"}, r"argument mac=0c:42:a1: must be the address of one station"),
    ("mac-of-a-group", {"only": "mac=01:00:5e:00:00:01"}, r"mac=01:00:5e:00:00:01: must be the address of one station"),
    ("mac-of-nobody", {"only": "mac=00:00:00:00:00:00"}, r"mac=00:00:00:00:00:00: must be the address of one station"),
    ("no-mtu", {"only": "mtu=67"}, r"argument mtu=67: must be a number from 68 to 65535"),
    ("mtu-above-port", {"only": "mtu=1501"}, r"argument mtu=1501: the port's is 1500: raise that on the host"),
    ("no-virtio", {"only": "datapath=hw", "caps": ["virtio_net_q=0"]},
     r"datapath=hw: the NIC has no virtio-net queues: .*enabled in its firmware\?; datapath=poll or auto .* \(virtio_net_q 0,"),
    ("no-split", {"only": "datapath=hw", "caps": ["split=0"]}, r"datapath=hw: the NIC's queues lack split rings"),
    ("no-event-qp", {"only": "datapath=hw", "caps": ["event_mode_qp=0"]},
     r"datapath=hw: the NIC's queues lack completion through QPs"),
    ("no-raw-queues", {"only": "datapath=poll", "caps": ["log_max_rq=0"]},
     r"datapath=poll: the NIC has no raw Ethernet queues"),
    ("no-queues-at-all", {"only": "datapath=auto", "caps": ["virtio_net_q=0", "log_max_rq=0"]},
     r"datapath=auto: .*; the NIC has no raw Ethernet queues"),
]
GOOD = 3        # VFs before them


def application(stage) -> Pair:
    """dpdk-vdpa with three good devices and all the bad ones."""
    only, options = {}, []
    for vf, (_, what, _) in enumerate(DEVICES, GOOD):
        only[vf] = what.get("only", "")
        for cap in what.get("caps", []):
            options += ["--cap", f"{vf + 1}:{cap}"]
    cfg = NicConfig(vfs=GOOD + len(DEVICES), queues=QUEUES, options=options)
    return Pair(stage, VdpaConfig(nic=cfg, only=only), GOOD)


class Scene:
    """The application, the guest that misbehaves (VF 0), and those that must not notice (VFs 1 and 2)."""

    def __init__(self, stage):
        self.rig = application(stage)
        self.witnesses = self.rig.guest(1), self.rig.guest(2)
        self.bad = None
        self.count = 0

    def victim(self, packed: bool):
        """A guest on VF 0 that runs: the one that is there, unless a row ended it."""
        if self.bad is None or not self.bad.queues or self.bad.shape.packed != packed:
            self.end()
            self.bad = self.rig.guest(0, Shape(packed=packed))
        return self.bad

    def connect(self, shape: Shape | None = None):
        """A front end on VF 0 that has said nothing yet."""
        self.end()
        self.bad = self.rig.connect(0, shape)
        return self.bad

    def end(self) -> None:
        """Hang up on VF 0, and wait until the driver has noticed."""
        if self.bad is not None:
            self.bad.close()
            self.rig.nic.wait_idle(vf_bdf(0))
            self.bad = None

    @contextlib.contextmanager
    def says(self, pattern: str):
        """The application says this while, or soon after, the block does its worst."""
        process = self.rig.app.process
        process.seen = len(process.text())
        yield
        process.expect(pattern, 20)

    def undisturbed(self) -> None:
        """The others pass packets, each verified."""
        a, b = self.witnesses
        transfer(a, b, burst(20, self.count, 1, 2))
        transfer(b, a, burst(20, self.count + 20, 2, 1))
        self.count += 40

    def runs(self, dev) -> None:
        """So does the guest on VF 0."""
        self.rig.wait_ready(0, len(dev.queues))
        both_ways(dev, self.witnesses[0], self.count, 20)
        self.count += 40

    def again(self, dev) -> None:
        """The guest on VF 0 gives up what it did, sets up all as it should, on the same connection, and runs."""
        dev.stop()
        for queue in dev.queues:
            queue.ring.close()
        dev.make_rings()
        dev.start()
        self.rig.wait_ready(0, len(dev.queues))
        for pair in range(dev.shape.pairs):
            dev.post_rx(pair=pair)
        self.runs(dev)


@pytest.fixture(scope="module")
def scene(module_stage):
    """One application for all rows."""
    return Scene(module_stage)


@pytest.fixture(autouse=True)
def nothing_else_disturbed(scene):
    """After every row."""
    yield
    scene.undisturbed()
    scene.rig.alive()


# --- devices ---

@pytest.mark.parametrize("name", [row[0] for row in DEVICES])
def test_device(scene, name):
    """A device that cannot be is not there, and the log says why."""
    index = [row[0] for row in DEVICES].index(name)
    bdf = vf_bdf(GOOD + index)
    scene.rig.in_log(rf"{bdf}: .*{DEVICES[index][2]}")
    assert bdf not in scene.rig.app.devices()


def test_no_such_device(scene):
    """An address at which there is nothing cannot be bound to a socket."""
    said = scene.rig.app.do(f"create {scene.rig.stage.dir}/none 0000:cb:00.0")
    assert "Unable to find vdpa device" in said


# --- memory tables ---

def region(gpa: int, size: int, user: int | None = None, offset: int = 0) -> bytes:
    """One region of a table; its user address is that of a good one unless given."""
    return proto.MEM_REGION.pack(gpa, size, UVA_BASE + gpa if user is None else user, offset)


def table(*regions: bytes, count: int | None = None) -> bytes:
    """The payload of SET_MEM_TABLE."""
    return proto.MEM_HEAD.pack(len(regions) if count is None else count, 0) + b"".join(regions)


LOW = region(0, 32 * MIB)
TABLES = {
    "overlap": (table(LOW, region(16 * MIB, 32 * MIB)), 2,
                r"region 0x1000000\+0x2000000 overlaps region 0x0\+0x2000000"),
    "twice": (table(LOW, LOW), 2, r"region 0x0\+0x2000000 overlaps region 0x0\+0x2000000"),
    "overlap-by-a-page": (table(LOW, region(32 * MIB - PAGE, MIB)), 2,
                          r"region 0x1fff000\+0x100000 overlaps region 0x0"),
    "empty-region": (table(LOW, region(64 * MIB, 0)), 2, r"region 0x4000000\+0x0 .* refused: it is empty"),
    "address-unaligned": (table(region(256, MIB)), 1, r"region 0x100\+0x100000 .* must be multiples of the page size"),
    "size-unaligned": (table(region(0, MIB + 8)), 1, r"region 0x0\+0x100008 .* must be multiples of the page size"),
    "offset-unaligned": (table(region(0, MIB, offset=512)), 1,
                         r"file offset 0x200.* must be a multiple of the page size"),
    "guest-wraps": (table(region(TOP, 2 * PAGE, UVA_BASE)), 1,
                    r"region 0xfffffffffffff000\+0x2000 .* ends beyond 64 bits"),
    "guest-to-the-top": (table(region(TOP, PAGE, UVA_BASE)), 1,
                         r"region 0xfffffffffffff000\+0x1000 .* ends beyond 64 bits"),
    "user-wraps": (table(region(0, MIB, TOP)), 1,
                   r"0x0\+0x100000 ends beyond 64 bits in the front end, .* 0xfffffffffffff000"),
    "offset-wraps": (table(region(0, MIB, offset=TOP)), 1, r"file offset 0xfffffffffffff000.*: no file is that long"),
    "size-huge": (table(region(0, TOP, 0)), 1, r"region 0x0\+0xfffffffffffff000 .*: no file is that long"),
    "file-too-short": (table(region(0, 128 * MIB)), 1, r"region 0x0\+0x8000000: .*the file is shorter"),
    "offset-behind-the-end": (table(region(0, MIB, offset=64 * MIB)), 1, r"offset 0x4000000: .*the file is shorter"),
    "too-many": (table(*(region(i * MIB, MIB) for i in range(9))), 9, r"expect 9 FDs .*received 8"),
    "descriptor-missing": (table(LOW, region(32 * MIB, MIB)), 1, r"expect 2 FDs .*received 1"),
    "no-descriptor": (table(LOW), 0, r"expect 1 FDs .*received 0"),
    "descriptor-too-many": (table(LOW), 2, r"expect 1 FDs .*received 2"),
    "says-more-than-it-has": (table(LOW, count=2), 2, r"SET_MEM_TABLE refused: its payload has 40 bytes, .* needs 72"),
    "says-far-more": (table(LOW, count=0xFFFFFFFF), 1,
                      r"SET_MEM_TABLE refused: its payload has 40 bytes, .* needs 137438953448"),
}


@pytest.mark.parametrize("row", TABLES)
def test_memory_table(scene, packed, row):
    """A table that is no address space, in place of one that is: refused, and the guest runs on the one it has."""
    payload, fds, said = TABLES[row]
    dev = scene.victim(packed)
    with scene.says(said), pytest.raises(Refused):
        dev.channel.tell(Request.SET_MEM_TABLE, payload, [dev.mem.regions[0].backing.fd] * fds)
    scene.runs(dev)


@pytest.mark.parametrize("kind", ["pipe", "socket", "eventfd", "read-only"])
def test_memory_that_cannot_be_mapped(scene, kind):
    """A descriptor that is no memory, or none that can be written."""
    dev = scene.victim(False)
    fds = {"pipe": lambda: list(os.pipe()), "socket": lambda: [os.dup(dev.channel.sock.fileno())],
           "eventfd": lambda: [os.eventfd(0)], "read-only": read_only}[kind]()
    with scene.says(r"region 0x0\+0x100000: can't map descriptor \d+ from offset 0x0: \S+"), pytest.raises(Refused):
        dev.channel.tell(Request.SET_MEM_TABLE, table(region(0, MIB)), fds[:1])
    for fd in fds:
        os.close(fd)
    scene.runs(dev)


def read_only() -> list[int]:
    """A file of a MiB that can only be read."""
    backing = Backing(MIB)
    fd = os.open(f"/proc/self/fd/{backing.fd}", os.O_RDONLY)
    backing.close()
    return [fd]


def test_first_memory_table(scene):
    """The same for the first table of a connection: refused, and a good one after it serves."""
    payload, fds, said = TABLES["overlap"]
    dev = scene.connect()
    dev.negotiate()
    dev.make_rings()
    with scene.says(said), pytest.raises(Refused):
        dev.channel.tell(Request.SET_MEM_TABLE, payload, [dev.mem.regions[0].backing.fd] * fds)
    dev.start()
    scene.rig.wait_ready(0, 2)
    dev.post_rx()
    scene.runs(dev)


def test_no_memory_at_all(scene):
    """An empty table takes all memory away, so nothing runs; with the next one it does."""
    dev = scene.victim(False)
    dev.channel.tell(Request.SET_MEM_TABLE, table(), [])
    assert scene.rig.running(0) == 0
    scene.again(dev)


# --- rings ---

SIZES = [(0, r"size 0 is not between 1 and 32768"), (3, r"size 3 of a split ring is not a power of two"),
         (257, r"size 257 of a split ring is not a power of two"), (32769, r"size 32769 is not between"),
         (65536, r"size 65536 is not between"), (0xFFFFFFFF, r"size 4294967295 is not between")]


def kinds(rows, packed_too):
    """Each row for split rings, and for packed ones where it is bad for those, too. Texts are no part of its name."""
    params = []
    for row in rows:
        for packed in (False, True):
            if not packed or packed_too(*row):
                name = ["packed" if packed else "split"] + [str(part) for part in row if " " not in str(part)]
                params.append(pytest.param(packed, *row, id="-".join(name)))
    return params


@pytest.mark.parametrize("packed,size,said", kinds(SIZES, lambda size, said: "split" not in said))
def test_ring_size(scene, packed, size, said):
    """A number of entries that no ring can have: refused, and the ring keeps the one it has."""
    dev = scene.victim(packed)
    with scene.says(r"ring 1: " + said), pytest.raises(Refused):
        dev.set_ring_num(1, size)
    scene.runs(dev)


def set_up(dev, ring=None, areas=None, base=None, fds=None) -> None:
    """Start a device that is stopped, one of whose rings has areas, base or descriptors that are not its own."""
    dev.set_mem_table()
    for index, queue in enumerate(dev.queues):
        dev.set_ring_num(index)
        dev.set_ring_base(index, base if index == ring else None)
        places = [dev.mem.uva(getattr(queue.ring, area)) for area in ("desc", "device", "driver")]
        if index == ring and areas:
            places = [areas.get(area, place) for area, place in zip(("desc", "device", "driver"), places)]
        dev.channel.tell(Request.SET_VRING_ADDR, proto.VRING_ADDR.pack(index, 0, *places, 0))
        dev.set_ring_fds(index)
        if index == ring and fds:
            fds(index)
    for index in range(len(dev.queues)):
        dev.enable(index)
    dev.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK | Status.DRIVER_OK)
    dev.settle()


AREAS = {"desc": r"descriptor (table|ring)", "driver": r"(available ring|driver event suppression)",
         "device": r"(used ring|device event suppression)"}
END = UVA_BASE + 64 * MIB       # of a guest's memory, in the front end's addresses
PLACES = {"outside": 0x1234_5678_0000, "null": 0, "just-behind": END, "just-before": UVA_BASE - 16,
          "wraps": TOP + PAGE - 16, "over-the-end": END - 4}


# The other areas of a packed ring have four bytes, which fit.
@pytest.mark.parametrize("packed,area,place", kinds([(area, place) for area in AREAS for place in PLACES],
                                                    lambda area, place: area == "desc" or place != "over-the-end"))
def test_ring_place(scene, packed, area, place):
    """A part of a ring that is not where memory is: named, and nothing runs until that is right."""
    dev = scene.victim(packed)
    dev.stop()
    where = PLACES[place] - (12 if place == "over-the-end" and area == "desc" else 0)
    with scene.says(rf"ring 0: the {AREAS[area]} at {where:#x} of the front end \(\d+ bytes\) is not inside"):
        set_up(dev, 0, {area: where})
    assert scene.rig.running(0) == 0
    scene.again(dev)


@pytest.mark.parametrize("area,off,align", [("desc", 8, 16), ("driver", 1, 2), ("device", 2, 4)], ids=list(AREAS))
def test_ring_alignment(scene, area, off, align):
    """A part of a split ring that is not aligned as virtio 1.2, 2.7 wants it."""
    dev = scene.victim(False)
    dev.stop()
    at = UVA_BASE + 8 * MIB + off
    with scene.says(rf"ring 0: the .* at guest address {at - UVA_BASE:#x} is not aligned to {align} bytes"):
        set_up(dev, 0, {area: at})
    assert scene.rig.running(0) == 0
    scene.again(dev)


def test_ring_over_two_regions(scene):
    """A ring that begins in one region and ends in the next, which lies beside it in the front end only."""
    dev = scene.victim(False)
    dev.stop()
    dev.mem.add(64 * MIB, MIB)
    with scene.says(rf"ring 1: the descriptor table at {END - 256:#x} .* is not inside one region"):
        set_up(dev, 1, {"desc": END - 256})
    assert scene.rig.running(0) == 0
    scene.again(dev)
    scene.end()


def test_addresses_before_memory(scene):
    """Ring addresses when there is no memory yet."""
    dev = scene.connect()
    dev.negotiate()
    dev.make_rings()
    with scene.says(r"ring 0: its addresses come before a memory table"), pytest.raises(Refused):
        dev.set_ring_addr(0)
    dev.start()
    scene.rig.wait_ready(0, 2)
    dev.post_rx()
    scene.runs(dev)


@pytest.mark.parametrize("base", [0x10000, 0xFFFFFFFF])
def test_split_base(scene, base):
    """A position of more than 16 bits."""
    dev = scene.victim(False)
    with scene.says(rf"ring 0: base {base} of a split ring has more than 16 bits"), pytest.raises(Refused):
        dev.set_ring_base(0, base)
    scene.runs(dev)


@pytest.mark.parametrize("wrap", [0, 0x8000])
@pytest.mark.parametrize("base", [256, 300, 0x7FFF])
def test_packed_base(scene, base, wrap):
    """A position that the packed ring has not, in either round."""
    dev = scene.victim(True)
    dev.stop()
    with scene.says(rf"ring 0: base {base} is beyond its 256 entries"):
        set_up(dev, 0, base=base | wrap)
    assert scene.rig.running(0) == 0
    scene.again(dev)


def test_packed_wrap_bit(scene):
    """The wrong round of a packed ring: to the NIC nothing is available, so nothing is taken; then the right one."""
    dev = scene.victim(True)
    scene.again(dev)
    dev.stop()
    set_up(dev, 1, base=dev.tx().base ^ 0x8000)
    scene.rig.wait_ready(0, 2)
    dev.post_tx(burst(1)[0])
    dev.tx().ring.flush()
    scene.undisturbed()
    assert dev.reap() == 0
    scene.again(dev)


def descriptor(kind: str) -> int:
    """Something that is no eventfd."""
    if kind == "memfd":
        return os.memfd_create("no-eventfd")
    read, write = os.pipe()
    os.close(read if kind == "pipe-out" else write)
    return write if kind == "pipe-out" else read


@pytest.mark.parametrize("kind", ["pipe-in", "pipe-out", "memfd"])
@pytest.mark.parametrize("which", ["kick", "call"])
def test_no_eventfd(scene, which, kind):
    """Kick and call descriptors of another kind."""
    dev = scene.victim(False)
    dev.stop()
    fd = descriptor(kind)
    with scene.says(r"ring 1: cannot relay notifications \(kick and call descriptors must be eventfds\)"):
        set_up(dev, 1, fds=lambda index: (dev.set_kick if which == "kick" else dev.set_call)(index, fd))
    os.close(fd)
    assert scene.rig.running(0) == 0
    scene.again(dev)


def test_epoll_as_kick(scene):
    """An anonymous inode like an eventfd, which cannot be read: noticed at the first kick."""
    dev = scene.victim(False)
    dev.stop()
    poll = select.epoll()
    poll.register(dev.tx().ring.kick_fd.fd, select.EPOLLIN)
    what = "a guest's kick descriptor is no eventfd: its" if paths.POLLED else "ring 1: the kick descriptor is no eventfd;"
    with scene.says(what):
        set_up(dev, 1, fds=lambda index: dev.set_kick(index, poll.fileno()))
        dev.tx().ring.kick_fd.signal()
    poll.close()
    scene.again(dev)


@pytest.mark.parametrize("request_id", [Request.SET_VRING_KICK, Request.SET_VRING_CALL])
def test_descriptor_not_sent(scene, request_id):
    """A message that says it brings a descriptor, and brings none."""
    dev = scene.victim(False)
    with scene.says(r"expect 1 FDs .*received 0"), pytest.raises(Refused):
        dev.channel.tell(request_id, proto.U64.pack(1))
    scene.runs(dev)


def test_no_kick_descriptor(scene):
    """A ring without kick, as the protocol allows: the log says what that means. In poll mode nothing."""
    dev = scene.victim(False)
    dev.stop()
    with scene.says("ring 1 runs" if paths.POLLED else "ring 1 has no kick descriptor: the NIC notices new buffers only if"):
        set_up(dev, 1, fds=lambda index: dev.set_kick(index, None))
    scene.rig.wait_ready(0, 2)
    if paths.POLLED:
        scene.runs(dev)
    scene.again(dev)


# --- queues ---

def test_more_queues_than_the_nic_has(scene, packed):
    """Four pairs on queues for two: refused with the first ring too many, and a guest with two pairs finds all of it."""
    dev = scene.connect(Shape(pairs=4, packed=packed))
    dev.negotiate()
    dev.make_rings()
    with scene.says(rf"SET_VRING_NUM refused: ring {QUEUES}: there are rings 0 to {QUEUES - 1}.* at most {QUEUES // 2} queue"):
        with pytest.raises(Refused):
            set_up(dev)
    assert scene.rig.running(0) == 0
    del dev.queues[QUEUES:]     # told so, the front end can do with those
    set_up(dev)
    scene.rig.wait_ready(0, QUEUES)
    scene.end()
    scene.bad = scene.rig.guest(0, Shape(pairs=2, packed=packed))
    scene.runs(scene.bad)


@pytest.mark.parametrize("index,said", [(QUEUES, r"SET_VRING_NUM refused: ring 4: there are rings 0 to 3"),
                                        (256, r"invalid vring index: 256")])
def test_ring_index(scene, index, said):
    """A ring that the device has not, or that no device can have."""
    dev = scene.connect(Shape(pairs=3))
    dev.negotiate()
    dev.make_rings()
    dev.set_mem_table()
    with scene.says(said), pytest.raises((Closed, Refused)):
        dev.set_ring_num(index, 256)
    scene.end()


def test_rings_of_others(scene):
    """A front end that wants all rings of a protocol at their largest: there is memory for the next one's."""
    dev = scene.connect()
    dev.negotiate()
    refused = 0
    for index in range(256):
        try:
            dev.channel.tell(Request.SET_VRING_NUM, proto.VRING_STATE.pack(index, 32768))
        except Refused:
            refused += 1
    assert refused == 256 - QUEUES
    scene.runs(scene.victim(False))


@pytest.mark.parametrize("request_, payload", [
    (Request.SET_VRING_ADDR, proto.VRING_ADDR.pack(QUEUES, 0, 0, 0, 0, 0)),
    (Request.SET_VRING_BASE, proto.VRING_STATE.pack(QUEUES, 0)),
    (Request.GET_VRING_BASE, proto.VRING_STATE.pack(QUEUES, 0)),
    (Request.SET_VRING_ENABLE, proto.VRING_STATE.pack(QUEUES, 1)),
    (Request.SET_VRING_KICK, proto.U64.pack(QUEUES | proto.NOFD)),
    (Request.SET_VRING_CALL, proto.U64.pack(QUEUES | proto.NOFD)),
    (Request.SET_VRING_ERR, proto.U64.pack(QUEUES | proto.NOFD)),
])
def test_ring_index_of(scene, request_, payload):
    """The same in each message that has one: a device that runs runs on."""
    dev = scene.victim(False)
    with scene.says(rf"message {request_.name} refused: ring {QUEUES}: there are rings 0 to"), pytest.raises(Refused):
        dev.channel.tell(request_, payload)
    scene.runs(dev)


# --- messages that nobody offered to understand ---

NOT_OFFERED = {
    "POSTCOPY_ADVISE": (b"", False),
    "POSTCOPY_LISTEN": (b"", False),
    "POSTCOPY_END": (b"", False),
    "GET_INFLIGHT_FD": (struct.pack("<QQHHI", 0, 0, 65535, 65535, 0), False),
    "SET_INFLIGHT_FD": (struct.pack("<QQHHI", MIB, 0, 2, 256, 0), True),
    "IOTLB_MSG": (proto.IOTLB.pack(0, 1 << 48, UVA_BASE, 3, 3), False),
}


@pytest.mark.parametrize("name", NOT_OFFERED)
def test_message_not_offered(scene, name):
    """What belongs to a feature that was not offered is refused; a file that comes with it is not used."""
    payload, with_file = NOT_OFFERED[name]
    dev = scene.victim(False)
    fds = [os.memfd_create("empty")] if with_file else []
    with scene.says(rf"message {name} refused: it belongs to .*, which was not offered"):
        with pytest.raises(Refused):
            dev.channel.tell(Request[name], payload, fds, True)
    for fd in fds:
        os.close(fd)
    scene.runs(dev)


@pytest.mark.parametrize("size, offset", [(MIB, 0), (PAGE, PAGE), (0, 0), (2 ** 64 - PAGE, PAGE), (PAGE, 2 ** 63)])
def test_log_beyond_its_file(scene, size, offset):
    """A log of written pages that its file has no room for would end the process at the first page."""
    dev = scene.victim(False)
    fd = os.memfd_create("log")
    os.ftruncate(fd, PAGE)
    with scene.says(rf"log of written pages refused: {size} bytes at {offset} of its file cannot be mapped"):
        with pytest.raises(Refused):
            dev.channel.tell(Request.SET_LOG_BASE, struct.pack("<QQ", size, offset), [fd], True)
    os.close(fd)
    scene.runs(dev)


# --- front ends that do not speak vhost-user ---

GARBAGE = {
    "random": (random.Random(1).randbytes(600), r"invalid msg size: "),
    "half-a-header": (proto.HEADER.pack(Request.SET_OWNER, 1, 0)[:7], r"Unexpected header size read"),
    "size-too-large": (proto.HEADER.pack(Request.SET_MEM_TABLE, 1, 633), r"invalid msg size: 633"),
    "size-huge": (proto.HEADER.pack(Request.SET_MEM_TABLE, 1, 0xFFFFFFF0), r"invalid msg size: -16"),
    "half-a-payload": (proto.HEADER.pack(Request.SET_MEM_TABLE, 1, 40) + bytes(11), r"read control message failed"),
    "unknown-request": (proto.HEADER.pack(1000, 1, 0), r"vhost message \(req: 1000\) was not handled"),
    "request-zero": (proto.HEADER.pack(0, 1, 0), r"vhost message \(req: 0\) was not handled"),
    "version-0": (proto.HEADER.pack(Request.SET_OWNER, 0, 0),
                  r"message 3 refused: it is of version 0 .*flags 0x0\), spoken is"),
    "version-2": (proto.HEADER.pack(Request.GET_FEATURES, 2, 0),
                  r"message 1 refused: it is of version 2 .*spoken is version 1"),
    "no-payload": (proto.HEADER.pack(Request.SET_STATUS, 1, 0),
                   r"SET_STATUS refused: its payload has 0 bytes, .* needs 8"),
    "short-payload": (proto.HEADER.pack(Request.SET_VRING_ADDR, 1, 8) + bytes(8),
                      r"SET_VRING_ADDR refused: its payload has 8 bytes, .* needs 40"),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage(scene, kind):
    """Bytes that are no message end the connection."""
    data, said = GARBAGE[kind]
    dev = scene.connect()
    dev.channel.ask(Request.GET_FEATURES)
    with scene.says(said):
        dev.channel.send_raw(data)
    dev.channel.wait_closed()


@pytest.mark.parametrize("kind", ["random", "half-a-payload", "unknown-request", "version-2", "short-payload"])
def test_garbage_while_running(scene, kind):
    """So do they on a device that runs; the next connection is like any other."""
    data, said = GARBAGE[kind]
    dev = scene.victim(False)
    with scene.says(said):
        dev.channel.send_raw(data)
    dev.channel.wait_closed()
    scene.end()
    scene.runs(scene.victim(False))
