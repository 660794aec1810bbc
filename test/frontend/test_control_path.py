# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The control path: what is made before it is needed, and what waits for nothing."""

import json
import statistics
import time
from collections import Counter

import pytest
from hfrig import nic, paths, usage, vdpa, wait
from hfvhost import frames
from hfvhost.memory import Memory
from hfvhost.net import Shape
from hfvhost.proto import Feature, Status
from cputime import check_idle, cpus
from pair import Pair, address, both_ways, burst, transfer, virtqueues_only

CREATED = ("CREATE_CQ", "CREATE_QP", "CREATE_UMEM", "CREATE_GENERAL_OBJECT")


def early_made(rig: Pair, vf: int) -> None:
    """Wait until a VF has the queues that it makes at probe."""
    rig.nic.process.expect(rf"{nic.vf_bdf(vf)}: \d+ queue pairs of \d+ entries are made", 20, rewind=True)


def hinted(stage, devargs: str, caps: dict[str, int] | None = None) -> Pair:
    """dpdk-vdpa with hints about its guests, whose queues are made."""
    rig = Pair(stage, vdpa.VdpaConfig(devargs=devargs, nic=nic.NicConfig(caps=caps or {})))
    for vf in range(2):
        early_made(rig, vf)
    return rig


def virtqs(rig, vf: int) -> dict[int, tuple[int, str]]:
    """Id and state of each of a VF's queues, by their index."""
    objects = rig.nic.function(nic.vf_bdf(vf))["objects"]
    return {o["index"]: (o["id"], o["state"]) for o in objects if o["object"] == "virtq"}


def commands(rig, vf: int, prefix: str) -> int:
    """How many commands with such a name a VF has carried out."""
    func = rig.nic.function(nic.vf_bdf(vf), "commands")
    return sum(c["count"] for c in func["commands"] if c["name"].startswith(prefix))


def all_commands(rig, vf: int) -> Counter:
    """All commands that a VF has carried out, by name."""
    return Counter({c["name"]: c["count"] for c in rig.nic.function(nic.vf_bdf(vf), "commands")["commands"]})


def steering(rig, vf: int) -> dict[str, int]:
    """How many of the objects of receive steering a VF has."""
    objects = [o["object"] for o in rig.nic.function(nic.vf_bdf(vf))["objects"]]
    return {kind: objects.count(kind) for kind in ("rqt", "tir", "flow")}


RESTS = {"rqt": 1, "tir": 7, "flow": 0}
LEADS = {"rqt": 1, "tir": 7, "flow": 7}


@virtqueues_only
@pytest.mark.parametrize("pairs", [1, 2])
def test_hinted_connect(stage, pairs):
    """With hints a guest's first start is: its memory, a key for it, and a modify of each queue; so is that of the next guest."""
    rig = hinted(stage, f"queues={pairs},queue_size=256")
    assert steering(rig, 1) == LEADS
    a = rig.guest(0)
    a.send(burst(20))       # nobody is there: they end in queues that do not run
    rig.nic.wait_idle(nic.vf_bdf(1))
    for first in (1000, 2000):
        before = all_commands(rig, 1)
        b = rig.guest(1, Shape(pairs=pairs))
        took = all_commands(rig, 1) - before
        del took["QUERY_GENERAL_OBJECT"]
        assert took == {"CREATE_MKEY": 2, "MODIFY_GENERAL_OBJECT": 2 * pairs}
        both_ways(a, b, first)
        b.close()
        rig.wait_kept(1, 0)
        assert steering(rig, 1) == LEADS


@virtqueues_only
def test_first_pair(stage):
    """
    Without hints, too, one pair is made at probe with all that leads to it but the flows, which are there as long as there is a
    front end: until then packets are the host's.
    """
    rig = Pair(stage)
    early_made(rig, 1)
    assert sorted(virtqs(rig, 1)) == [0, 1] and steering(rig, 1) == RESTS
    made = {what: commands(rig, 1, what) for what in (*CREATED, "CREATE_RQT", "CREATE_TIR", "MODIFY_RQT")}
    a = rig.guest(0)
    for first in (0, 1000):
        b = rig.guest(1)
        assert steering(rig, 1) == LEADS
        both_ways(a, b, first)
        b.close()
        rig.wait_kept(1, 0)
        assert steering(rig, 1) == RESTS
    assert {what: commands(rig, 1, what) for what in made} == made
    b = rig.guest(1, Shape(pairs=3))
    both_ways(a, b, 2000)
    assert commands(rig, 1, "CREATE_RQT") == made["CREATE_RQT"] and steering(rig, 1) == LEADS


@virtqueues_only
@pytest.mark.parametrize("fault", ["CREATE_RQT:1", "CREATE_TIR:4", "SET_FLOW_TABLE_ENTRY:3"])
def test_steering_refused_early(stage, fault):
    """What leads packets and was refused at probe is made by the start."""
    rig = Pair(stage, vdpa.VdpaConfig(devargs="queues=1,queue_size=256", nic=nic.NicConfig(
        options=["--fail", f"{nic.vf_bdf(1)}/{fault}"])))
    rig.nic.process.expect(rf"{nic.vf_bdf(1)}: not all queues could be made early", 20, rewind=True)
    a, b = rig.guest(0), rig.guest(1)
    both_ways(a, b)
    assert steering(rig, 1) == LEADS


@virtqueues_only
@pytest.mark.parametrize("devargs", ["", ",queues=1,queue_size=256"], ids=["default", "hinted"])
def test_first_pair_for_poll_mode(stage, devargs):
    """For a guest that poll mode serves, what was made for the NIC's virtqueues goes, steering with it; the next one gets them."""
    rig = hinted(stage, f"datapath=auto,poll_features=1{devargs}")
    in_order = Shape(mrg_rxbuf=True, in_order=True)
    a, b = rig.guest(0, in_order), rig.guest(1, in_order)
    rig.in_log(f"{nic.vf_bdf(1)}: datapath poll")
    both_ways(a, b)
    assert not virtqs(rig, 1) and steering(rig, 1) == LEADS
    b.close()
    rig.wait_kept(1, 0)
    assert steering(rig, 1)["flow"] == 0
    b = rig.guest(1, Shape(features=Shape().features & ~Feature.INDIRECT_DESC))
    rig.in_log(f"{nic.vf_bdf(1)}: datapath hw")
    both_ways(a, b, 1000)
    assert sorted(virtqs(rig, 1)) == [0, 1] and steering(rig, 1) == LEADS


@virtqueues_only
@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
def test_hint(stage, packed):
    """As many queues as were hinted at, made once; a guest of that size runs on them, and so does the next one."""
    rig = hinted(stage, "queues=2,queue_size=256")
    made = virtqs(rig, 1)
    assert sorted(made) == [0, 1, 2, 3] and {state for _, state in made.values()} == {"INIT"}
    before = {what: commands(rig, 1, what) for what in CREATED}
    modified = commands(rig, 1, "MODIFY_GENERAL_OBJECT")
    shape = Shape(pairs=2, packed=packed)
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    assert commands(rig, 1, "MODIFY_GENERAL_OBJECT") == modified + 4, "one for each: its start changes the key, too"
    both_ways(a, b)
    assert {i: ident for i, (ident, _) in virtqs(rig, 1).items()} == {i: ident for i, (ident, _) in made.items()}
    assert {what: commands(rig, 1, what) for what in CREATED} == before
    b.close()
    rig.nic.wait_idle(nic.vf_bdf(1))
    b = rig.guest(1, shape)
    both_ways(a, b, 1000)
    assert {i: ident for i, (ident, _) in virtqs(rig, 1).items()} == {i: ident for i, (ident, _) in made.items()}


@virtqueues_only
def test_hint_of_another_size(stage):
    """D24: rings of another size get queues of their own; one that nobody set up stays as it was made."""
    rig = hinted(stage, "queues=2,queue_size=256")
    made = virtqs(rig, 1)
    a, b = rig.guest(0), rig.guest(1, Shape(size=64))
    both_ways(a, b)
    now = virtqs(rig, 1)
    assert now[0][1] == now[1][1] == "RDY" and not {now[0][0], now[1][0]} & {ident for ident, _ in made.values()}
    assert (now[2], now[3]) == (made[2], made[3])


@virtqueues_only
def test_hint_without_modify(stage):
    """On a NIC whose queues take no addresses after their creation the parts alone are made early."""
    rig = hinted(stage, "queues=1,queue_size=256", {"virtio_net_q_addr_modify": 0})
    assert not virtqs(rig, 1)
    before = {what: commands(rig, 1, what) for what in CREATED[:3]}
    a, b = rig.guest(0), rig.guest(1)
    both_ways(a, b)
    assert {what: commands(rig, 1, what) for what in CREATED[:3]} == before


@virtqueues_only
def test_hint_refused(stage):
    """A queue that the NIC refuses at first is made when it starts."""
    rig = Pair(stage, vdpa.VdpaConfig(devargs="queues=2,queue_size=256", nic=nic.NicConfig(
        options=["--fail", f"{nic.vf_bdf(1)}/CREATE_GENERAL_OBJECT:3"])))
    rig.nic.process.expect(rf"{nic.vf_bdf(1)}: not all queues could be made early", 20, rewind=True)
    shape = Shape(pairs=2)
    both_ways(rig.guest(0, shape), rig.guest(1, shape))


@pytest.mark.parametrize("datapath", ["hw", "poll"])
def test_one_umem(stage, datapath):
    """All queues that are made for a guest's start lie in one umem."""
    rig = Pair(stage, vdpa.VdpaConfig(devargs=f"datapath={datapath}"))
    if datapath == "hw":
        early_made(rig, 1)
    before = commands(rig, 1, "CREATE_UMEM")
    shape = Shape(pairs=2)
    both_ways(rig.guest(0, shape), rig.guest(1, shape))
    assert commands(rig, 1, "CREATE_UMEM") == before + 1


@virtqueues_only
def test_steering_is_modified(stage):
    """What leads to the queues stays when their number changes: one command changes the table."""
    rig = Pair(stage)
    shape = Shape(pairs=2)
    a, b = rig.guest(0, shape), rig.guest(1, shape)
    resumed = Counter(MODIFY_RQT=1, MODIFY_GENERAL_OBJECT=1)
    for turn in range(2):
        for enabled, wanted in ((False, resumed + Counter(QUERY_GENERAL_OBJECT=1)), (True, resumed)):
            before = all_commands(rig, 1)
            b.enable(2, enabled)
            rig.wait_ready(1, 3 + enabled)
            assert all_commands(rig, 1) - before == wanted, f"turn {turn}, enabled {enabled}"
    transfer(a, b, burst(64))


def test_room_for_descriptors(stage):
    """
    What a guest with many queues brings finds room in the process's table of descriptors: to grow it, the kernel would let
    all wait.
    """
    rig = Pair(stage)
    pid = rig.app.process.program()
    open_before, room = wait.steady(lambda: usage.descriptors(pid))
    for vf in range(2):
        rig.guest(vf, Shape(pairs=16))
    now_open, now_room = usage.descriptors(pid)
    assert now_room == room and now_open > 2 * open_before


def called_one_by_one(a, b, first: int, count: int = 30) -> None:
    """Each frame sent alone; the guest sleeps until it is called."""
    ring = b.rx().ring
    for frame in burst(count, first):
        a.send([frame])
        while not b.take():
            assert ring.call_fd.wait(20), "no call for a frame"


def rounds(rig) -> int:
    """How often the timer has looked at the receive queue of VF 1."""
    return rig.app.stats(1, 0)["timer_rounds"]


def streamed(a, b, first: int, count: int = 100) -> None:
    """Frames that wait for nothing, each with a kick: events follow each other, however late their receiver hears of it."""
    sent = burst(count, first)
    for frame in sent:
        a.post_tx(frame)
        a.tx().ring.flush()
    assert b.receive(count) == sent
    a.send([])


def until_timed(rig, a, b, first: int, mode: int) -> None:
    """Frames that are told of by events, until the timer takes over: the dynamic one when they come fast enough."""
    before, end = rounds(rig), time.monotonic() + 60
    called_one_by_one(a, b, first)
    while mode != INTERRUPT and rounds(rig) == before:
        assert time.monotonic() < end, "the timer never took over"
        streamed(a, b, first)


def last_round(rig) -> int:
    """How many rounds there were when there are no more: 16 without traffic, each longer than the one before."""
    seen = [-1, rounds(rig)]
    while seen[-1] != seen[-2]:
        time.sleep(2)       # the longest of them are 1.7 s
        seen.append(rounds(rig))
    return seen[-1]


DYNAMIC, FIXED, INTERRUPT = range(3)
EVENT_US = {DYNAMIC: 100000, FIXED: 10000, INTERRUPT: 10000}    # in which the next event has to come for the dynamic one


@virtqueues_only
@pytest.mark.parametrize("mode", [DYNAMIC, FIXED, INTERRUPT], ids=["dynamic", "fixed", "interrupt"])
def test_event_mode(stage, mode):
    """D33, P9: every frame is told of, in each mode; by the timer under load, and without traffic nothing runs."""
    rig = Pair(stage, vdpa.VdpaConfig(devargs=f"event_mode={mode},event_us={EVENT_US[mode]}"))
    a, b = rig.guest(0), rig.guest(1)
    b.rx().ring.want_calls(True)
    until_timed(rig, a, b, 0, mode)
    last = last_round(rig)
    check_idle(rig.app.process.program())
    assert rounds(rig) == last, "the timer runs without traffic"
    until_timed(rig, a, b, 1000, mode)
    assert mode != INTERRUPT or rounds(rig) == 0
    both_ways(a, b, 2000)


def test_event_core(stage):
    """The event thread of all devices is on the CPU that was asked for; a device that asks for another is not there."""
    only = {0: "event_core=1", 2: "event_core=0"}
    rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(vfs=3), only=only), good=2)
    rig.in_log(f"{nic.vf_bdf(2)}: event_core=0: the process has one event thread, and the first device put it on CPU 1")
    assert cpus(rig.app.process.program(), "hf-events") == "1"
    both_ways(rig.guest(0), rig.guest(1))
    rig.alive()


class Trace:
    """What nicemu writes of a NIC's commands, as spans of time in seconds."""

    def __init__(self, stage):
        self.path = stage.dir / "trace"

    def options(self, timing: str = "cx6dx") -> list[str]:
        """Of nicemu run."""
        return ["--trace", str(self.path), "--timing", timing]

    def spans(self, since: float = 0.0) -> list[dict]:
        """All lines that begin after some time, with their begin and end."""
        lines = [json.loads(line) for line in self.path.read_text(encoding="ascii").splitlines() if line.endswith("}")]
        for line in lines:
            line["from"] = line["t_ns"] / 1e9
            line["to"] = line["from"] + line["dur_ns"] / 1e9
        return [line for line in lines if line["from"] >= since]


def modifies(spans: list[dict]) -> list[dict]:
    """Modifies of queues."""
    return [s for s in spans if s["name"] in ("MODIFY_GENERAL_OBJECT", "MODIFY_SQ", "MODIFY_RQ")]


def together(spans: list[dict]) -> int:
    """How many of these go on at a time, at most."""
    return max((sum(other["from"] <= s["from"] < other["to"] for other in spans) for s in spans), default=0)


def test_plug_registers_first(stage):
    """Memory that is plugged in is registered while the queues run, which only then are stopped for the new table."""
    trace = Trace(stage)
    rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(options=[*trace.options(), "--no-memlock"])))
    a, b = rig.guest(0), rig.guest(1)
    before = time.monotonic()
    b.mem.add(4 << 30, 1 << 30)
    b.set_mem_table()
    rig.wait_ready(1, 2)
    both_ways(a, b)
    spans = [s for s in trace.spans(before) if s["func"] == nic.vf_bdf(1)]
    pins = [s for s in spans if s["name"] == "PIN"]
    stops = modifies(spans)
    assert len(pins) >= 4 and together(pins) >= 4 and stops
    assert max(s["to"] for s in pins) <= min(s["from"] for s in stops)


@virtqueues_only
@pytest.mark.parametrize("size", [256, 64])
def test_made_beside_registration(stage, size):
    """
    A guest's queues are made, side by side, while its memory is registered; a start changes nothing but the key. So is the pair
    that was made at probe with 256 entries, if the guest's rings have others.
    """
    trace = Trace(stage)
    options = [*trace.options(), "--timing-scale", "16", "--no-memlock"]    # so that they overlap on a busy machine, too
    rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(options=options)))
    early_made(rig, 0)
    mem = Memory()
    mem.add(0, 4 << 30)
    before = time.monotonic()
    rig.guest(0, Shape(pairs=3, size=size), mem)
    spans = [s for s in trace.spans(before) if s["func"] == nic.vf_bdf(0)]
    pins = [s for s in spans if s["name"] == "PIN"]
    pinned = max(s["to"] for s in pins)
    assert together([s for s in pins if s["pinned"] > 256 << 20]) >= 4, "pieces of the memory, one after the other"
    made = [s for s in spans if s["name"] == "CREATE_GENERAL_OBJECT" and s.get("object") == "virtq"]
    new = 4 if size == 256 else 6       # the first pair was made before its rings were known
    assert len(made) == new and max(s["to"] for s in made) < pinned
    took = max(s["to"] for s in made) - min(s["from"] for s in made)
    assert took < 0.75 * sum(s["to"] - s["from"] for s in made), "one after the other"
    starts = [s["fields"]["select"] for s in spans if s["name"] == "MODIFY_GENERAL_OBJECT"]
    assert len(starts) == 6 and starts.count(["STATE", "Q_MKEY"]) == new
    assert steering(rig, 0) == LEADS


VFS = 64


def commands_of(spans: list[dict]) -> list[dict]:
    """Those of the firmware and the pinning; not the kernel's calls around them."""
    return [s for s in spans if s["kind"] != "ioctl"]


def beside(spans: list[dict]) -> list[int]:
    """How many functions carry out a command at the begin of each span, its own included."""
    return [len({other["func"] for other in spans if other["from"] <= s["from"] < other["to"]}) for s in spans]


def test_many_devices(stage):
    """
    64 VFs in one process: no thread for each, none waits for another's start, and idle they cost nothing.

    Commands take four times as long as on a NIC, so that they overlap on a busy machine, too.
    """
    trace = Trace(stage)
    options = [*trace.options(), "--timing-scale", "4", "--no-memlock"]
    rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(vfs=VFS, queues=4, options=options), patience=120, memory=512))
    pid = rig.app.process.program()
    shape = Shape(pairs=2, size=64)
    guests = [rig.connect(vf, shape) for vf in range(VFS)]
    for guest in guests:
        guest.prepare()
    before = usage.threads(pid)
    guests[0].go()
    rig.wait_ready(0, 4)
    all_others = time.monotonic()
    for guest in guests[1:]:
        guest.channel.need_reply = False
        guest.go()
    for vf in range(1, VFS):
        rig.wait_ready(vf, 4)
    assert usage.threads(pid) == before + paths.POLLED <= 64     # one polls for all
    working = beside(commands_of(trace.spans(all_others)))
    assert statistics.median(working) >= 4, "one after the other"
    check_idle(pid)
    for guest in (guests[0], guests[-1]):
        for pair in range(2):
            guest.post_rx(16, pair)
    guests[-1].supplied()
    frame = frames.build(frames.flows(1)[0], frames.mac(nic.vf_mac(VFS - 1)), frames.mac(nic.vf_mac(0)), 0)
    guests[0].send([frame])
    deadline = time.monotonic() + 20
    while not (got := guests[-1].take(0) + guests[-1].take(1)):
        assert time.monotonic() < deadline
    assert got == [frame]


def test_status_during_start(stage):
    """A front end is told status and configuration while its device starts, and the devices behind it are served."""
    # The other one has seconds for its start, even on a busy machine.
    options = ["--timing", "cx6dx", "--timing-scale", "4", "--no-memlock"]
    rig = Pair(stage, vdpa.VdpaConfig(nic=nic.NicConfig(options=options)))
    mem = Memory()
    mem.add(0, 32 << 30)
    large = rig.connect(0, None, mem)
    other = rig.connect(1)
    large.prepare()
    other.prepare()
    large.go()
    other.go()
    assert large.get_status() == Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK | Status.DRIVER_OK
    assert large.read_config(0, 6) == address(0)
    rig.wait_ready(1, 2)
    assert not rig.running(0), "32 GiB are registered already"
    rig.wait_ready(0, 2)


def test_failed_start(stage):
    """A start that the NIC refused is tried again when something changed, but not for a guest whose driver is gone."""
    rig = Pair(stage)
    a, b = rig.guest(0), rig.connect(1)
    rig.nic.ask(f"fail {nic.vf_bdf(1)}/CREATE_MKEY:1")
    b.prepare()
    b.go()
    rig.nic.process.expect("cannot serve connection", 20, rewind=True)
    b.set_status(Status.RESET)
    b.settle()
    b.set_ring_num(0)
    time.sleep(0.3)
    assert not virtqs(rig, 1) or not rig.running(1)
    b.go()
    rig.wait_ready(1, 2)
    b.post_rx()
    both_ways(a, b)
