# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Negotiation's states and messages: each cell of the table, over the socket.

The table here, the driver's, and the guide's, which is made of the driver's, are the same; each cell is produced with
a front end that asks for answers and with one that does not, and what becomes of it is what the table says: by answer,
connection and status, and by the state that telemetry tells (not below sanitizers, which telemetry does not bear).
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest
from hfrig import nic, paths, telemetry, vdpa
from hfvhost import proto
from hfvhost.channel import Closed, Refused
from hfvhost.config import SIZE
from hfvhost.net import DEFAULT_PROTOCOL, Shape
from hfvhost.proto import Feature, Protocol, Request, Status
from pair import ApiPair, both_ways, hang_up

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import negotiation  # noqa: E402  (needs the path above)

# What is done, and the state after it. Of "refuse" the state is that where FEATURES_OK is withheld.
TABLE = """
event        open           chosen         agreed         refused          running        reset
NOTHING      pass/open      pass/open      pass/open      pass/open        close/running  take/reset
LEGAL        pass/chosen    pass/chosen    pass/agreed    pass/chosen      close/running  close/reset
ILLEGAL      refuse/refused refuse/refused close/agreed   refuse/refused   close/running  close/reset
SAME         -              -              -              -                pass/running   pass/reset
STATUS_0     pass/open      pass/open      pass/open      pass/open        pass/reset     pass/reset
STATUS       pass/open      pass/chosen    pass/chosen    pass/refused     pass/running   pass/reset
FEATURES_OK  pass/agreed    pass/agreed    pass/agreed    withhold/refused pass/running   pass/reset
DRIVER_OK    pass/agreed    pass/agreed    pass/agreed    close/refused    pass/running   pass/running
UNSERVED     take/refused   take/refused   take/refused   -                -              close/reset
ENDIAN       take/open      take/chosen    take/agreed    take/refused     take/running   take/reset
BAD_ENDIAN   close/open     close/chosen   close/agreed   close/refused    close/running  close/reset
KICK         pass/open      pass/chosen    pass/agreed    close/refused    pass/running   pass/reset
START        pass/running   pass/running   pass/running   close/refused    pass/running   pass/reset
STOP         pass/open      pass/chosen    pass/agreed    pass/refused     pass/open      pass/open
OWNER        pass/open      pass/open      pass/open      pass/open        pass/open      pass/open
"""


def rows() -> dict[str, dict[str, tuple[str, str] | None]]:
    """The table above."""
    head, *lines = TABLE.strip().splitlines()
    states = head.split()[1:]
    table = {}
    for line in lines:
        event, *cells = line.split()
        table[event] = {state: None if cell == "-" else tuple(cell.split("/"))
                        for state, cell in zip(states, cells, strict=True)}
    return table


# These are not messages, or take more than one: tests of their own.
OWN = ("UNSERVED", "START")
# Whether the front end asks for answers makes a difference where it is refused something.
CELLS = [(event, state, ask) for event, row in rows().items() if event not in OWN for state, cell in row.items()
         for ask in (False, True) if cell and (ask or cell[0] not in ("pass", "take"))]

BASE = int(Feature.PROTOCOL_FEATURES)
LEGAL = int(Feature.VERSION_1 | Feature.PROTOCOL_FEATURES | Feature.MQ)
OTHER = int(Feature.VERSION_1 | Feature.PROTOCOL_FEATURES)
ILLEGAL = int(Feature.VERSION_1 | Feature.PROTOCOL_FEATURES | Feature.HOST_TSO4)     # without CSUM
READY = Status.ACKNOWLEDGE | Status.DRIVER
QUIET = int(DEFAULT_PROTOCOL) & ~(Protocol.REPLY_ACK | Protocol.BACKEND_REQ | Protocol.BACKEND_SEND_FD)
ASKING = QUIET | Protocol.REPLY_ACK
OLD = QUIET & ~Protocol.STATUS
PLAIN, MODERN_ONLY = 0, 1       # VFs
HW, AUTO = 0, 2


class Walk:
    """The application, and front ends on it that have come so far."""

    def __init__(self, stage, program):
        self.tel = None
        config = vdpa.VdpaConfig(eal=[] if paths.SANITIZED else ["--telemetry"], only={MODERN_ONLY: "legacy=off"})
        with telemetry.runtime() as run:
            self.rig = ApiPair(stage, program, config)
            if not paths.SANITIZED:
                self.tel = stage.keep(telemetry.connect(run))

    def state(self, vf: int = PLAIN) -> str | None:
        """What telemetry says."""
        return self.tel.ask("/holdfast/devices", nic.vf_bdf(vf))["negotiation"] if self.tel else None

    def is_in(self, state: str, vf: int = PLAIN, reader=None) -> None:
        """Telemetry says it is, if it says anything; also after a front end has read the configuration space."""
        assert self.state(vf) in (state, None)
        if reader:
            assert len(reader.read_config()) == SIZE
            assert reader.read_config(250, 7) == b""
            assert self.state(vf) in (state, None)

    def connect(self, protocol: int = QUIET, vf: int = PLAIN, features: int = LEGAL):
        """A front end that has negotiated the protocol's features, and nothing of a guest."""
        dev = self.rig.connect(vf, Shape(features=features, protocol=int(protocol)))
        dev.channel.tell(Request.SET_OWNER)
        assert dev.channel.ask(Request.GET_FEATURES).u64() & LEGAL == LEGAL
        dev.protocol = dev.channel.ask(Request.GET_PROTOCOL_FEATURES).u64() & int(protocol)
        assert dev.protocol == protocol
        dev.channel.tell(Request.SET_PROTOCOL_FEATURES, proto.U64.pack(dev.protocol))
        return dev

    def bring(self, state: str, protocol: int = QUIET):
        """A front end in that state; it asks for no answers yet."""
        dev = self.connect(protocol | Protocol.STATUS)
        if state in ("running", "reset"):
            dev.set_features(LEGAL)
            dev.make_rings()
            dev.start()
        elif state == "refused":
            dev.channel.send(Request.SET_FEATURES, proto.U64.pack(ILLEGAL))
        elif state != "open":
            dev.set_features(LEGAL)
        if state == "agreed":
            dev.set_status(READY | Status.FEATURES_OK)
        if state == "reset":
            dev.set_status(Status.RESET)
        dev.settle()
        self.is_in(state, reader=dev)
        return dev


@pytest.fixture(scope="module")
def walk(module_stage, program):
    """One application for all cells."""
    return Walk(module_stage, program)


def message(event: str, state: str) -> tuple[Request, bytes]:
    """What the front end says."""
    features = {"NOTHING": 0, "LEGAL": OTHER, "ILLEGAL": ILLEGAL, "SAME": LEGAL}
    status = {"STATUS_0": 0, "STATUS": READY, "FEATURES_OK": READY | Status.FEATURES_OK,
              "DRIVER_OK": READY | Status.FEATURES_OK | Status.DRIVER_OK}
    if event in features:
        return Request.SET_FEATURES, proto.U64.pack(features[event])
    if event in status:
        return Request.SET_STATUS, proto.U64.pack(int(status[event]))
    if event == "ENDIAN":
        return Request.SET_VRING_ENDIAN, proto.VRING_STATE.pack(2, 0)        # that one does not run
    if event == "BAD_ENDIAN":
        return Request.SET_VRING_ENDIAN, proto.VRING_STATE.pack(0, 0 if state in ("running", "reset") else 2)
    if event == "KICK":
        return Request.SET_VRING_KICK, proto.U64.pack(0 | proto.NOFD)
    if event == "STOP":
        return Request.GET_VRING_BASE, proto.VRING_STATE.pack(0, 0)
    assert event == "OWNER"
    return Request.RESET_OWNER, b""


def say(dev, event: str, state: str, ask: bool) -> str:
    """Say it; "done", "error", or "closed"."""
    request, payload = message(event, state)
    try:
        if request == Request.GET_VRING_BASE:
            dev.channel.ask(request, payload)
        else:
            dev.channel.tell(request, payload, need_reply=ask)
        dev.settle()
    except Refused:
        return "error"
    except Closed:
        return "closed"
    return "done"


def test_tables_agree():
    """The test's table is the code's, and the guide's is made of that."""
    assert negotiation.read() == rows()
    lines = "\n".join(negotiation.guide())
    assert lines.count("\n   * - ") == len(rows()) + 1
    assert set(negotiation.meanings()) >= set(rows())
    conf = (Path(__file__).parent.parent.parent / "doc/guides/conf.py").read_text(encoding="utf-8")
    assert "negotiation.guide()" in conf
    assert "_generated/negotiation.txt" in (Path(__file__).parent.parent.parent /
                                            "doc/guides/vdpadevs/negotiation.rst").read_text(encoding="utf-8")


@pytest.mark.parametrize("event, state, ask", CELLS)
def test_cell(walk, event, state, ask):
    """One cell: an answer, an error, a connection that is closed, a status without FEATURES_OK; and the state after it."""
    act, after = rows()[event][state]
    dev = walk.bring(state, ASKING if ask else QUIET)
    outcome = say(dev, event, state, ask)
    if act in ("pass", "take", "withhold"):
        assert outcome == "done"
        walk.is_in(after, reader=dev)
    elif ask:
        assert outcome == "error"
        walk.is_in(state, reader=dev)
    elif act == "refuse":
        assert outcome == "done"
        walk.is_in(after, reader=dev)
    else:
        assert outcome == "closed"
    if after == "refused" and outcome == "done":
        dev.set_status(READY | Status.FEATURES_OK)
        assert dev.get_status() & Status.FEATURES_OK == 0
    elif act == "pass" and event == "FEATURES_OK":
        assert dev.get_status() & Status.FEATURES_OK
    hang_up(dev)


# --- what takes more than one message ---

@pytest.mark.parametrize("state", [state for state, cell in rows()["UNSERVED"].items() if cell and cell[0] == "take"])
@pytest.mark.parametrize("then", ["FEATURES_OK", "DRIVER_OK", "KICK"])
def test_unserved(walk, state, then):
    """The front end goes ahead with nothing on a device for modern guests, or with what the user has excluded since."""
    if state == "open":
        dev = walk.connect(vf=MODERN_ONLY)
        vf = MODERN_ONLY
    else:
        dev = walk.bring(state)
        vf = PLAIN
        dev.channel.tell(Request.SET_FEATURES, proto.U64.pack(LEGAL | Feature.RING_PACKED | Feature.LOG_ALL))
        dev.settle()
        assert walk.rig.app.do("datapath", PLAIN, HW)["ret"] == 0
    try:
        assert say(dev, then, state, False) == ("done" if then == "FEATURES_OK" else "closed")
        if then == "FEATURES_OK":
            walk.is_in("refused", vf)
            assert dev.get_status() & Status.FEATURES_OK == 0
            assert say(dev, "KICK", "refused", False) == "closed"
    finally:
        assert walk.rig.app.do("datapath", PLAIN, AUTO)["ret"] == 0
    hang_up(dev)


@pytest.mark.parametrize("features", [0, BASE], ids=["zero", "transport"])
@pytest.mark.parametrize("then", ["FEATURES_OK", "DRIVER_OK", "KICK"])
def test_untold(walk, features, then):
    """No feature, chosen while the rings of the life before still run, reaches no librte_vhost: that set is not used again."""
    dev = walk.bring("reset", ASKING)
    dev.set_features(features)
    assert say(dev, then, "reset", True) == "error"
    walk.is_in("reset")
    for index in range(len(dev.queues)):
        dev.get_base(index)
    walk.is_in("open")
    if then == "FEATURES_OK":
        dev.channel.send(Request.SET_STATUS, proto.U64.pack(int(READY | Status.FEATURES_OK)))
        assert dev.get_status() & Status.FEATURES_OK == 0
    else:
        assert say(dev, then, "open", True) == "error"
    walk.is_in("refused")
    walk.rig.app.process.seen = len(walk.rig.app.process.text())
    assert say(dev, "KICK", "refused", True) == "error"
    walk.rig.app.process.expect(r"SET_VRING_KICK .* refused, .*: the rings still ran when features were chosen", 20)
    for queue in dev.queues:
        queue.ring.close()
    dev.set_features(features)
    dev.set_status(READY | Status.FEATURES_OK)
    rings(dev, features)
    assert dev.header == proto.NET_HEADER_LEGACY
    dev.go()
    starts(walk, dev)


def starts(walk, dev) -> None:
    """It runs, and what it said before is what it runs with."""
    walk.rig.wait_ready(PLAIN, len(dev.queues))
    dev.settle()
    walk.is_in("running")
    other = walk.rig.guest(MODERN_ONLY)
    dev.post_rx()
    both_ways(dev, other, 0, 20)
    hang_up(dev)
    other.close()
    walk.rig.nic.wait_idle(nic.vf_bdf(MODERN_ONLY))


def rings(dev, features: int) -> None:
    """Memory and rings of a device that has negotiated these features; enabled where that is asked for."""
    dev.features = features
    dev.make_rings()
    dev.set_mem_table()
    for index in range(len(dev.queues)):
        dev.setup_ring(index)
    for index in range(len(dev.queues)):
        dev.enable(index)


def test_start_open(walk):
    """An old front end that knows no status and no features: a legacy guest, by what it did not negotiate."""
    dev = walk.connect(OLD)
    rings(dev, 0)
    assert dev.header == proto.NET_HEADER_LEGACY
    starts(walk, dev)


@pytest.mark.parametrize("features", [LEGAL, BASE], ids=["modern", "legacy"])
def test_start_chosen(walk, features):
    """A front end that knows no status."""
    dev = walk.connect(OLD)
    dev.set_features(features)
    dev.settle()
    walk.is_in("chosen" if features != BASE else "open")
    rings(dev, features)
    starts(walk, dev)


@pytest.mark.parametrize("features", [LEGAL, BASE], ids=["modern", "legacy"])
def test_start_agreed(walk, features):
    """A front end that sets the status."""
    dev = walk.connect()
    dev.set_features(features)
    dev.set_status(READY | Status.FEATURES_OK)
    rings(dev, features)
    dev.settle()
    walk.is_in("agreed")
    dev.go()
    starts(walk, dev)


def test_start_refused(walk):
    """DRIVER_OK of a life before: the library wants the device started with a set that was refused."""
    dev = walk.bring("running")
    for index in range(len(dev.queues)):
        dev.get_base(index)
    dev.set_features(LEGAL)
    for index in range(len(dev.queues)):
        dev.set_ring_num(index)
        dev.set_ring_base(index)
        dev.set_ring_addr(index)
        dev.set_kick(index)
    dev.set_call(0)
    dev.channel.send(Request.SET_FEATURES, proto.U64.pack(ILLEGAL))
    dev.settle()
    walk.is_in("refused")
    walk.rig.app.process.seen = len(walk.rig.app.process.text())
    dev.set_call(1)
    dev.settle()
    walk.is_in("refused")
    walk.rig.app.process.expect(r"not started for connection \d+: feature VIRTIO_NET_F_HOST_TSO4 without", 20)
    assert walk.rig.running(PLAIN) == 0
    hang_up(dev)


@pytest.mark.parametrize("state", ["running", "reset"])
def test_start_again(walk, state):
    """The library stops and starts the device for a table of memory that changes."""
    dev = walk.bring(state)
    dev.mem.add(1 << 32, 1 << 21)
    dev.set_mem_table()
    dev.settle()
    walk.rig.wait_ready(PLAIN, len(dev.queues))
    walk.is_in(state)
    hang_up(dev)


@pytest.mark.parametrize("features", [BASE, 0], ids=["transport", "zero"])
def test_legacy_off(walk, features):
    """An old front end's legacy guest, on a device for modern ones: its rings do not start, and it is told."""
    dev = walk.connect(OLD, MODERN_ONLY)
    dev.set_features(features)
    walk.rig.app.process.seen = len(walk.rig.app.process.text())
    with pytest.raises(Closed):
        rings(dev, features)
        dev.settle()
    walk.rig.app.process.expect("SET_VRING_KICK .* refused, the connection is closed: .*legacy=off", 20)
    hang_up(dev)


def test_features_after_reset(walk):
    """A device that was reset is another guest's: modern, legacy and modern again, on one connection."""
    dev = walk.connect(ASKING)
    own = int(Feature.MAC | Feature.STATUS | Feature.SPEED_DUPLEX)     # what the driver alone knows of
    for turn, features in enumerate((LEGAL | own, BASE, OTHER)):
        dev.set_features(features)
        dev.set_status(READY | Status.FEATURES_OK)
        rings(dev, features)
        dev.go()
        walk.rig.wait_ready(PLAIN, len(dev.queues))
        about = walk.tel.ask("/holdfast/devices", nic.vf_bdf(PLAIN)) if walk.tel else None
        assert about is None or about["legacy"] == (features == BASE)
        dev.set_features(features)      # what it runs with may be said again
        dev.stop(status_first=turn == 1)
        dev.set_features(0)
        walk.is_in("open")
        for queue in dev.queues:
            queue.ring.close()
        dev.queues = []
    hang_up(dev)


# --- asking without C ---

@pytest.mark.skipif(paths.SANITIZED, reason="telemetry is off")
def test_query(walk):
    """Telemetry answers as the call does, and takes no nonsense."""
    ask = partial(walk.tel.ask, "/holdfast/query")
    vf = nic.vf_bdf(PLAIN)
    kinds = {"datapath": ["hw", "poll", "auto"], "legacy": ["auto", "off", "poll"]}
    for features, flags, datapath, legacy in [(LEGAL, 0, 0, 0), (ILLEGAL, 0, 0, 0), (0, 2, 0, 1), (0, 3, 0, 2), (0, 8, 0, 0),
                                              (0, 9, 0, 0), (LEGAL | Feature.MRG_RXBUF, 0, 0, 0)]:
        called = walk.rig.app.do("query", PLAIN, flags, features, datapath, legacy)
        words = [vf, f"features={features:#x}"]
        words += [f"datapath={kinds['datapath'][datapath]}"] if flags & 1 else []
        words += [f"legacy={kinds['legacy'][legacy]}"] if flags & 2 else []
        words += ["big_endian=1"] if flags & 8 else []
        told = ask(",".join(words))
        assert "".join(told["text"]) == called["text"]
        for key in ("reason", "offered", "poll_features"):
            assert told[key] == called[key]
        assert told["outcome"] == ["served", "not offered", "refused"][called["outcome"]]
        for key, names in kinds.items():
            assert told[key] == names[called[key]]
        assert told["served_by"] == ("" if called["outcome"] else kinds["datapath"][called["served_by"]])
    told = ask(f"{vf},features={LEGAL | Feature.MRG_RXBUF},poll_features=1")
    assert (told["outcome"], told["served_by"]) == ("served", "poll")
    for bad in ("features=", "features=-1", "features=1x", "datapath=fast", "legacy=2", "big_endian=2", "colour=blue"):
        assert ask(f"{vf},{bad}") is None
    assert ask("0000:00:00.0,features=0") is None
