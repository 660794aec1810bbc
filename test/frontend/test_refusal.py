# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Which guests are served, and how the others are refused: feature set x NIC x datapath x legacy.

Each cell is asked of the driver before there is a guest, and produced with one: what is not offered is missing in the
offer; what is refused is told in a way that the front end understands, of which there are three, in turns; and the log has
the text that the question was answered with. What is served starts, on the datapath that the answer named.
"""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hfrig import api, nic, paths, testpmd, vdpa
from hfrig.process import ProcessError
from hfvhost import proto
from hfvhost.channel import Closed, Refused
from hfvhost.net import DEFAULT_PROTOCOL, NetDevice, Shape
from hfvhost.proto import Feature, Protocol, Request, Status

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import features as guide  # noqa: E402  (needs the path above)

NICS = {
    "full": [],
    "no-packed": ["packed=0"],
    "no-modern": ["virtio_version_1_0=0"],
    "no-raw-queues": ["log_max_rq=0"],
    "no-virtqueues": ["virtio_net_q=0"],
}
SERVED, NOT_OFFERED, REFUSED = range(3)
HW, POLL, AUTO = range(3)      # what may be wanted
AS_IF = 7   # flags of a query
QUERY_BIG_ENDIAN = 1 << 3
LEGACY_REASONS = 3, 4

BASE = Feature.PROTOCOL_FEATURES
MODERN = BASE | Feature.VERSION_1
SETS = {
    "modern": MODERN,
    "packed": MODERN | Feature.RING_PACKED,
    "merged": MODERN | Feature.MRG_RXBUF,
    "logged": MODERN | Feature.LOG_ALL,
    "tso": MODERN | Feature.HOST_TSO4,          # without checksums
    "iommu": MODERN | Feature.IOMMU_PLATFORM,
    "legacy": BASE | Feature.CSUM,
    "merged-legacy": BASE | Feature.CSUM | Feature.MRG_RXBUF,
    "packed-legacy": BASE | Feature.CSUM | Feature.RING_PACKED,
    "big-endian": BASE | Feature.CSUM,
}

# What serves (hw, poll), what is not offered (-) or refused (x) with the number of the reason, as rte_pmd_holdfast.h has
# it. Without a cell the device is not there: the log says why.
TABLE = """
nic           datapath legacy modern packed merged logged tso iommu legacy merged-legacy packed-legacy big-endian
full          hw       auto   hw     hw     -1     -1     x2  -1    hw     -1            x2            -7
full          hw       off    hw     hw     -1     -1     x2  -1    x3     -1            x2            -3
full          hw       poll   hw     hw     -1     -1     x2  -1    x4     -1            x2            -4
full          poll     auto   poll   poll   poll   poll   x2  -1    poll   poll          x2            poll
full          poll     off    poll   poll   poll   poll   x2  -1    x3     x3            x2            -3
full          poll     poll   poll   poll   poll   poll   x2  -1    poll   poll          x2            poll
full          auto     auto   hw     hw     -1     poll   x2  -1    hw     -1            x2            poll
full          auto     off    hw     hw     -1     poll   x2  -1    x3     -1            x2            -3
full          auto     poll   hw     hw     -1     poll   x2  -1    poll   -1            x2            poll
no-packed     hw       auto   hw     -1     -1     -1     x2  -1    hw     -1            -1            -7
no-packed     hw       off    hw     -1     -1     -1     x2  -1    x3     -1            -1            -3
no-packed     hw       poll   hw     -1     -1     -1     x2  -1    x4     -1            -1            -4
no-packed     poll     auto   poll   poll   poll   poll   x2  -1    poll   poll          x2            poll
no-packed     poll     off    poll   poll   poll   poll   x2  -1    x3     x3            x2            -3
no-packed     poll     poll   poll   poll   poll   poll   x2  -1    poll   poll          x2            poll
no-packed     auto     auto   hw     poll   -1     poll   x2  -1    hw     -1            x2            poll
no-packed     auto     off    hw     poll   -1     poll   x2  -1    x3     -1            x2            -3
no-packed     auto     poll   hw     poll   -1     poll   x2  -1    poll   -1            x2            poll
no-modern     hw       auto   -1     -1     -1     -1     -1  -1    hw     -1            -1            -7
no-modern     hw       off
no-modern     hw       poll
no-modern     poll     auto   poll   poll   poll   poll   x2  -1    poll   poll          x2            poll
no-modern     poll     off    poll   poll   poll   poll   x2  -1    x3     x3            x2            -3
no-modern     poll     poll   poll   poll   poll   poll   x2  -1    poll   poll          x2            poll
no-modern     auto     auto   poll   poll   -1     poll   x2  -1    hw     -1            x2            poll
no-modern     auto     off    poll   poll   -1     poll   x2  -1    x3     -1            x2            -3
no-modern     auto     poll   poll   poll   -1     poll   x2  -1    poll   -1            x2            poll
no-raw-queues hw       auto   hw     hw     -1     -1     x2  -1    hw     -1            x2            -7
no-raw-queues hw       off    hw     hw     -1     -1     x2  -1    x3     -1            x2            -3
no-raw-queues hw       poll   hw     hw     -1     -1     x2  -1    x4     -1            x2            -4
no-raw-queues poll     auto
no-raw-queues poll     off
no-raw-queues poll     poll
no-raw-queues auto     auto   hw     hw     -1     -1     x2  -1    hw     -1            x2            -7
no-raw-queues auto     off    hw     hw     -1     -1     x2  -1    x3     -1            x2            -3
no-raw-queues auto     poll   hw     hw     -1     -1     x2  -1    x4     -1            x2            -4
no-virtqueues hw       auto
no-virtqueues hw       off
no-virtqueues hw       poll
no-virtqueues poll     auto   poll   poll   poll   poll   x2  -1    poll   poll          x2            poll
no-virtqueues poll     off    poll   poll   poll   poll   x2  -1    x3     x3            x2            -3
no-virtqueues poll     poll   poll   poll   poll   poll   x2  -1    poll   poll          x2            poll
no-virtqueues auto     auto   poll   poll   poll   poll   x2  -1    poll   poll          x2            poll
no-virtqueues auto     off    poll   poll   poll   poll   x2  -1    x3     x3            x2            -3
no-virtqueues auto     poll   poll   poll   poll   poll   x2  -1    poll   poll          x2            poll
"""


@dataclass(frozen=True)
class Row:
    """A VF: its NIC, its arguments, and what becomes of each set of features."""

    nic: str
    datapath: str
    legacy: str
    cells: dict[str, str]

    def __str__(self) -> str:
        return f"{self.nic}-{self.datapath}-{self.legacy}"


def rows() -> list[Row]:
    """The table above."""
    head, *lines = (line.split() for line in TABLE.strip().splitlines())
    assert head[3:] == list(SETS)
    return [Row(*line[:3], dict(zip(head[3:], line[3:]))) for line in lines]


# Below sanitizers some of the NICs.
ROWS = [row for row in rows() if not paths.SANITIZED or row.nic in ("full", "no-modern")]
# By which words a front end can be told. One that can read the status does not ask for answers here, and so on.
QUIET = int(DEFAULT_PROTOCOL) & ~(Protocol.REPLY_ACK | Protocol.STATUS | Protocol.BACKEND_REQ | Protocol.BACKEND_SEND_FD)
WAYS = {"answer": QUIET | Protocol.REPLY_ACK, "status": QUIET | Protocol.STATUS, "hangup": QUIET}


class Scene:
    """One application with a VF for each row."""

    def __init__(self, stage, program):
        only, options = {}, []
        for vf, row in enumerate(ROWS):
            only[vf] = f"datapath={row.datapath},legacy={row.legacy}"
            for cap in NICS[row.nic]:
                options += ["--cap", f"{vf + 1}:{cap}"]
        config = vdpa.VdpaConfig(nic=nic.NicConfig(vfs=len(ROWS), queues=2, options=options), only=only)
        self.app = api.Api(stage, program, config)
        self.stage = stage
        self.socks = {vf: self.app.create(vf) for vf, row in enumerate(ROWS) if row.cells}

    def query(self, vf: int, name: str) -> dict:
        """What the driver says would become of this guest."""
        answer = self.app.do("query", vf, QUERY_BIG_ENDIAN if name == "big-endian" else 0, int(SETS[name]))
        assert answer["ret"] == 0
        return answer

    def connect(self, vf: int, name: str, way: str) -> NetDevice:
        """A front end that has asked for the offer."""
        protocol = int(WAYS[way])
        if name == "big-endian":
            protocol |= Protocol.CROSS_ENDIAN
        dev = self.stage.keep(NetDevice(self.socks[vf], None, Shape(
            features=int(SETS[name]), protocol=protocol, legacy="legacy" in name or name == "big-endian",
            big_endian=name == "big-endian")))
        dev.channel.tell(Request.SET_OWNER)
        dev.channel.send(Request.GET_FEATURES)
        return dev

    def meet(self, dev: NetDevice, way: str) -> int:
        """It gets the offer, and has negotiated the protocol's features."""
        offered = dev.channel.receive().u64()
        dev.protocol = dev.channel.ask(Request.GET_PROTOCOL_FEATURES).u64() & dev.shape.protocol
        dev.channel.tell(Request.SET_PROTOCOL_FEATURES, proto.U64.pack(dev.protocol))
        dev.channel.need_reply = way == "answer"
        return offered

    def hang_up(self, devs: list[NetDevice]) -> None:
        """Go, and see that the back end has noticed: the next connections are looked at after that."""
        for dev in devs:
            with contextlib.suppress(OSError):      # it was the back end that went
                dev.channel.sock.shutdown(socket.SHUT_WR)
        for dev in devs:
            with contextlib.suppress(OSError):
                dev.channel.wait_closed()
            self.stage.acts.remove(dev)
            dev.close()


@pytest.fixture(scope="module")
def scene(module_stage, program):
    """One application for all rows."""
    return Scene(module_stage, program)


def expected(cell: str) -> dict:
    """What the query has to answer."""
    if cell in ("hw", "poll"):
        return {"outcome": SERVED, "reason": 0, "served_by": ("hw", "poll").index(cell)}
    return {"outcome": NOT_OFFERED if cell[0] == "-" else REFUSED, "reason": int(cell[1:])}


def check_served(scene, vf: int, dev: NetDevice, cell: str) -> None:
    """It starts, by what the answer named."""
    dev.set_features(dev.shape.wanted() & ~Feature.ANY_LAYOUT)
    dev.make_rings()
    dev.start()
    dev.settle()
    scene.app.nic.wait_serving(nic.vf_bdf(vf), 2)
    assert scene.app.do("datapath", vf)["present"] == ("hw", "poll").index(cell)


def check_told(dev: NetDevice, way: str, features: int, big_endian: bool) -> None:
    """The front end hears of it, in its way: what it says first is what cannot be."""
    with contextlib.ExitStack() as stack:
        if way == "answer":
            stack.enter_context(pytest.raises(Refused))
        elif way == "hangup" or big_endian:
            stack.enter_context(pytest.raises(Closed))
        if big_endian:
            dev.set_ring_endian(0, True)
        else:
            dev.set_features(features)
        dev.settle()
    if way == "answer":
        dev.settle()        # it lives on
    elif way == "status" and not big_endian:
        dev.set_status(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK)
        assert dev.get_status() == Status.ACKNOWLEDGE | Status.DRIVER


def check_refused(scene, dev: NetDevice, way: str, offered: int, answer: dict) -> None:
    """The offer, what the front end is told, and the log."""
    features, big_endian = dev.shape.features, dev.shape.big_endian
    process = scene.app.process
    process.seen = len(process.text())
    if answer["outcome"] == NOT_OFFERED:
        assert (features & ~offered) or (big_endian and not dev.protocol & Protocol.CROSS_ENDIAN)
    else:
        assert not features & ~offered
    if big_endian and answer["reason"] not in LEGACY_REASONS:
        dev.set_features(features)      # that can be, its rings cannot
    else:
        big_endian = False
    check_told(dev, way, features, big_endian)
    process.expect(r"message \w+ 0x\w+ refused, .*: " + re.escape(answer["text"]) + "\n", 20)


def check(scene, vf: int, name: str, dev: NetDevice, way: str) -> None:
    """One cell: asked, and tried."""
    cell = ROWS[vf].cells[name]
    answer = scene.query(vf, name)
    assert {key: answer[key] for key in expected(cell)} == expected(cell)
    offered = scene.meet(dev, way)
    if answer["outcome"] == SERVED:
        check_served(scene, vf, dev, cell)
    else:
        check_refused(scene, dev, way, offered, answer)


@pytest.mark.parametrize("name", SETS)
def test_set(scene, name):
    """A column: this guest on each VF, told in each way in turns. All connect at once: the library takes its time."""
    ways = {vf: list(WAYS)[(vf + list(SETS).index(name)) % len(WAYS)] for vf in scene.socks}
    devs = {vf: scene.connect(vf, name, way) for vf, way in ways.items()}
    for vf, dev in devs.items():
        try:
            check(scene, vf, name, dev, ways[vf])
        except Exception as error:
            raise AssertionError(f"{name} on {ROWS[vf]}, told by {ways[vf]}: {error}") from error
    scene.hang_up(list(devs.values()))


def test_no_device(scene):
    """What could serve nobody is not there; the log says why, and nobody can be asked."""
    for vf, row in enumerate(ROWS):
        if row.cells:
            continue
        why = f"(datapath={row.datapath}: the NIC has no|no guest could be served: datapath={row.datapath})"
        scene.app.process.seen = 0
        scene.app.process.expect(rf"{nic.vf_bdf(vf)}: .*{why}", 20)
        assert scene.app.do("query", vf, 0, 0)["ret"] == -errno.ENODEV


def offers(*conditions: str) -> int:
    """By the guide's table, what a NIC that has all offers: the rows of which a condition holds."""
    return sum(1 << guide.BIT[row.name] for row in guide.read() if any(getattr(row, c) != "NEVER" for c in conditions))


def test_features_table(scene):
    """What the guide says of each feature is what is offered: by hardware, by poll mode, by "auto", and with all of it."""
    def offered(datapath: int, poll_features: int = 0) -> int:
        return scene.app.do("query", 0, AS_IF, 0, datapath, 0, poll_features)["offered"]

    capabilities = nic.describe()
    assert all(f"\n# {row.hw} = " in capabilities for row in guide.read() if row.hw not in ("NEVER", "ALWAYS"))
    assert offered(HW) == offers("hw")
    assert offered(POLL) == offered(AUTO, 1) == offers("poll")
    wanted = sum(1 << guide.BIT[row.name] for row in guide.read() if row.poll == "WANTED")
    assert offered(AUTO) == offers("hw") | wanted
    assert all(row.in_auto().startswith("yes") == bool(offered(AUTO) >> guide.BIT[row.name] & 1)
               for row in guide.read())


@pytest.mark.skipif(paths.SANITIZED, reason="a stock program, once is enough")
def test_stock_virtio_user(scene):
    """DPDK's virtio-user reads the status: it does not start with what the user has excluded since it was offered."""
    vf = next(i for i, row in enumerate(ROWS) if str(row) == "no-packed-auto-auto")
    assert scene.app.do("datapath", vf, HW)["ret"] == 0
    config = testpmd.GuestConfig(sock=scene.socks[vf], packed=True)
    with pytest.raises(ProcessError, match="Failed to set FEATURES_OK status"):
        testpmd.guest(scene.stage, config)
    said = re.escape(scene.app.do("query", vf, 0, int(SETS["packed"]))["text"])
    scene.app.process.seen = 0
    scene.app.process.expect(rf"{nic.vf_bdf(vf)}: message SET_FEATURES 0x\w+ refused, FEATURES_OK is withheld: {said}\n", 20)
    assert scene.app.do("datapath", vf, AUTO)["ret"] == 0
    guest = testpmd.guest(scene.stage, config)
    scene.app.nic.wait_serving(nic.vf_bdf(vf), 2)
    guest.quit()


@pytest.mark.skipif(paths.SANITIZED, reason="a stock program, once is enough")
def test_virtio_user_without_modern(scene):
    """Without VERSION_1 in the offer virtio-user sends neither features nor call descriptors: the log says what is missing."""
    vf = next(i for i, row in enumerate(ROWS) if str(row) == "no-modern-hw-auto")
    guest = testpmd.guest(scene.stage, testpmd.GuestConfig(sock=scene.socks[vf]))
    scene.app.process.seen = 0
    scene.app.process.expect(rf"{nic.vf_bdf(vf)}: ring 0 is enabled, and waits for SET_VRING_CALL .* datapath=auto or poll", 20)
    guest.quit()
