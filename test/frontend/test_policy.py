# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Which memory registrations outlive which event: the table of mr_policy, row by row, as the NIC counts it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Callable

import pytest
from hfrig import nic, paths, vdpa
from hfvhost.channel import Refused
from hfvhost.memory import Backing, Memory
from hfvhost.net import NetDevice, Shape
from hfvhost.proto import Feature, Protocol, Request, Status
from pair import Pair, both_ways, burst

MIB = 1 << 20
GRACE = 1.2     # seconds, of mr_policy=memory where it is to end
AGES = 60       # where a front end is to be in time
POLICIES = ["reset", "connection", "memory"]


def two_regions() -> Memory:
    """A guest's memory: two regions with a hole."""
    mem = Memory()
    mem.add(0, 64 * MIB).brk = 4096
    mem.add(256 * MIB, 16 * MIB)
    return mem


class Subject(Pair):
    """Two guests, of which the second goes through it."""

    def __init__(self, stage, policy: str, more: str = "", grace: float = GRACE):
        devargs = f"mr_policy={policy},mr_grace_ms={int(grace * 1000)}{more}"
        super().__init__(stage, vdpa.VdpaConfig(devargs=devargs))
        self.policy = policy
        self.peer = self.guest(0)
        self.dev: NetDevice = self.come(two_regions())
        self.first = 0

    def come(self, mem: Memory, shape: Shape | None = None) -> NetDevice:
        """A front end with this memory connects, and runs."""
        self.dev = self.guest(1, shape, mem)
        return self.dev

    def run(self) -> None:
        """The front end starts the device again."""
        self.dev.start()
        self.wait_ready(1, len(self.dev.queues))

    def works(self) -> None:
        """Frames arrive whole, both ways, that were never sent before."""
        both_ways(self.peer, self.dev, self.first, 60)
        self.first += 120


# --- the events: each leaves the subject running, on a table that it names ---

def ring_stop(s: Subject) -> None:
    """A ring is disabled and enabled while the other runs."""
    s.dev.enable(0, False)
    s.dev.enable(0, True)
    s.wait_ready(1, 2)


def ring_base_read(s: Subject) -> None:
    """The base of one ring is read while the other runs; the library stops both for it."""
    s.dev.get_base(0)
    s.dev.setup_ring(0)
    s.dev.enable(0)
    s.wait_ready(1, 2)


def bases_first(s: Subject) -> None:
    """Device stop as QEMU 10 has it: bases, then status 0."""
    s.dev.stop()
    s.run()


def status_first(s: Subject) -> None:
    """Device stop as QEMU 7.2 has it: status 0, then bases."""
    s.dev.stop(status_first=True)
    s.run()


def owner_reset(s: Subject) -> None:
    """RESET_OWNER, upon which the library forgets the memory; the connection lives on."""
    s.dev.channel.tell(Request.RESET_OWNER, need_reply=False)
    s.dev.back.close()
    for queue in s.dev.queues:
        queue.ring.close()
    s.dev.queues = []
    s.run()
    s.dev.post_rx()


def renegotiate(s: Subject) -> None:
    """A stop, other features, a start."""
    s.dev.stop()
    s.dev.features ^= Feature.CSUM
    s.run()


def permute(s: Subject) -> None:
    """The same regions in another order, under running rings."""
    s.dev.set_mem_table(list(reversed(range(len(s.dev.mem.regions)))))
    s.wait_ready(1, 2)


def grow(s: Subject) -> None:
    """A region more, under running rings."""
    s.dev.mem.add(1024 * MIB, 32 * MIB)
    s.dev.set_mem_table()
    s.wait_ready(1, 2)


def shrink(s: Subject) -> None:
    """The last region goes, under running rings."""
    s.dev.mem.remove(s.dev.mem.regions[-1])
    s.dev.set_mem_table()
    s.wait_ready(1, 2)


def swap(s: Subject) -> None:
    """From A to B and back to A: another object behind the second region's addresses, by way of a table without it."""
    region = s.dev.mem.regions[1]
    old = region.backing
    for backing in (Backing(region.size), old):
        s.dev.mem.remove(region)
        s.dev.set_mem_table()
        region.backing = backing
        s.dev.mem.regions.append(region)
        s.dev.set_mem_table()
    s.wait_ready(1, 2)


def grow_while_stopped(s: Subject) -> None:
    """A region more while the device is stopped, of which no op tells."""
    s.dev.stop()
    s.dev.mem.add(1024 * MIB, 32 * MIB)
    s.dev.set_mem_table()
    s.run()


def shrink_while_stopped(s: Subject) -> None:
    """A region goes while the device is stopped."""
    s.dev.stop()
    s.dev.mem.remove(s.dev.mem.regions[-1])
    s.dev.set_mem_table()
    s.run()


def hang_up(s: Subject) -> Memory:
    """The front end is gone; its memory, which outlives it here."""
    mem = s.dev.mem
    s.dev.close()
    end = time.monotonic() + 20
    while s.running(1):
        assert time.monotonic() < end, "the device runs on without a front end"
        time.sleep(0.02)
    return mem


def return_in_time(s: Subject) -> None:
    """A front end comes back with the same memory within the grace time."""
    mem = hang_up(s)
    s.come(mem)


def return_late(s: Subject) -> None:
    """It comes back after the grace time."""
    mem = hang_up(s)
    s.wait_kept(1, 0)
    s.come(mem)


def return_with_other_memory(s: Subject) -> None:
    """Another front end comes within the grace time, with other memory of the same shape."""
    hang_up(s)
    s.come(two_regions())


@dataclass(frozen=True)
class Row:
    """An event, and how many MRs it has registered and destroyed by the time that the device runs again."""

    event: Callable[[Subject], None]
    registered: dict[str, int]
    destroyed: dict[str, int]


def same(count: int) -> dict[str, int]:
    """The same under each policy."""
    return {policy: count for policy in POLICIES}


def only(policy: str, count: int) -> dict[str, int]:
    """Under one policy only."""
    return {**same(0), policy: count}


ALL = 2
ROWS = [
    Row(ring_stop, same(0), same(0)),
    Row(ring_base_read, same(0), same(0)),
    Row(bases_first, only("reset", ALL), only("reset", ALL)),
    Row(status_first, only("reset", ALL), only("reset", ALL)),
    Row(owner_reset, only("reset", ALL), only("reset", ALL)),
    Row(renegotiate, only("reset", ALL), only("reset", ALL)),
    Row(permute, same(0), same(0)),
    Row(grow, same(1), same(0)),
    Row(shrink, same(0), same(1)),
    Row(swap, same(2), same(2)),
    Row(grow_while_stopped, {**same(1), "reset": ALL + 1}, only("reset", ALL)),
    Row(shrink_while_stopped, only("reset", ALL), {**same(1), "reset": ALL + 1}),
    Row(return_in_time, {**same(ALL), "memory": 0}, {**same(ALL), "memory": 0}),
    Row(return_late, same(ALL), same(ALL)),
    Row(return_with_other_memory, same(ALL), same(ALL)),
]


@pytest.mark.parametrize("policy", POLICIES)
def test_table(stage, policy):
    """The whole table, one event after the other, with frames that are compared after each."""
    s = Subject(stage, policy, grace=AGES)
    s.works()
    live = s.kept(1)
    registered = s.registered(1)
    for row in ROWS:
        if row.event is return_late and policy == "memory":
            continue    # test_grace_time_ends
        row.event(s)
        s.works()
        name = f"{row.event.__name__} under mr_policy={policy}"
        assert s.registered(1) - registered == row.registered[policy], f"registered by {name}"
        live += row.registered[policy] - row.destroyed[policy]
        s.wait_kept(1, live)    # destruction may follow later, and is counted until then
        registered = s.registered(1)


@pytest.mark.parametrize("policy", POLICIES)
def test_nic_dies(stage, policy):
    """A NIC that died knows no key: its MRs go, under each policy, and the guest of the other VF is not concerned."""
    s = Subject(stage, policy)
    s.nic.ask("kill 2")
    s.in_log(rf"NIC error: mr_policy {policy}: 0 MRs \(0 MiB\) kept, 0 \(0 MiB\) registered, 2 \(80 MiB\) dropped")
    assert s.running(0) == 2
    s.dev.close()
    s.nic.ask("kill 1")
    s.in_log(rf"NIC error: mr_policy {policy}: 0 MRs \(0 MiB\) kept, 0 \(0 MiB\) registered, 1 \(64 MiB\) dropped")


def test_stop_without_status(stage):
    """mr_policy=reset with a front end that knows no status: the last base that is read is the stop."""
    s = Subject(stage, "reset")
    hang_up(s)
    shape = Shape(protocol=int(Shape().protocol) & ~Protocol.STATUS)
    s.come(two_regions(), shape)
    live = s.kept(1)
    s.dev.get_base(0)
    assert s.kept(1) == live, "one base is no device stop"
    s.dev.get_base(1)
    s.wait_kept(1, 0)
    s.dev.running = False
    s.run()
    s.works()


def test_bases_are_answered_first(stage):
    """mr_policy=reset, status 0 before the bases: the front end does not wait for memory that goes."""
    s = Subject(stage, "reset")
    s.dev.stop(status_first=True)
    s.wait_kept(1, 0)
    s.in_log(r"vring base idx:1 file:(.*\n)+.*device stop: mr_policy reset: .* 2 \(80 MiB\) dropped")


@pytest.mark.parametrize("wait", [True, False], ids=["waits", "at-once"])
def test_bases_that_nobody_reads(stage, wait):
    """mr_policy=reset: after status 0 one base of two is read. The memory goes by itself, or before a start."""
    s = Subject(stage, "reset")
    registered = s.registered(1)
    s.dev.set_status(Status.RESET)
    s.dev.get_base(0)
    if wait:
        s.wait_kept(1, 0)
    s.run()
    s.wait_kept(1, ALL)
    assert s.registered(1) == registered + ALL
    s.works()


def test_table_before_the_start(stage):
    """A table is registered when it comes; the start has nothing to add. Without a start it goes, even under mr_policy=memory."""
    s = Subject(stage, "memory")
    hang_up(s)
    s.wait_kept(1, 0)
    for starts in (False, True):
        s.dev = s.connect(1, None, two_regions())
        s.dev.prepare()
        s.wait_kept(1, ALL)
        assert s.running(1) == 0, "it has started"
        if not starts:
            hang_up(s)
            s.wait_kept(1, 0)
    registered = s.registered(1)
    s.dev.go()
    s.wait_ready(1, 2)
    s.dev.post_rx()
    s.dev.supplied()
    assert s.registered(1) == registered, "the start registered it again"
    s.works()


def test_stopped_guest_stays_pinned(stage):
    """mr_policy=connection: a guest that is stopped keeps its MRs until its front end is gone."""
    s = Subject(stage, "connection")
    live = s.kept(1)
    s.dev.stop()
    time.sleep(0.3)
    assert s.kept(1) == live
    s.dev.close()
    s.wait_kept(1, 0)


def test_held_is_bounded(stage):
    """mr_policy=memory holds no more than mr_held_max for a front end's return."""
    s = Subject(stage, "memory", ",mr_held_max=32M", AGES)
    hang_up(s)
    s.wait_kept(1, 0)
    s.in_log(r"more than mr_held_max=33554432: not held")


def test_grace_time_ends(stage):
    """Held memory goes by itself, not before its time, and says so; who comes later has his registered anew."""
    s = Subject(stage, "memory")
    registered, before = s.registered(1), time.monotonic()
    return_late(s)
    assert time.monotonic() >= before + GRACE
    s.in_log(r"stay pinned for 1200 ms \(mr_grace_ms\)")
    s.in_log(r"grace time over: mr_policy memory: 0 MRs \(0 MiB\) kept, 0 \(0 MiB\) registered, 2 \(80 MiB\) dropped")
    s.works()
    assert s.registered(1) == registered + ALL


def test_grace_time_is_not_prolonged(stage):
    """Front ends that look in and hang up do not keep another one's memory alive."""
    s = Subject(stage, "memory")
    hang_up(s)
    end = time.monotonic() + 20
    while s.kept(1):
        assert time.monotonic() < end, "held memory stays as long as somebody knocks"
        s.connect(1).channel.ask(Request.GET_FEATURES)
        s.stage.acts.pop().close()
        time.sleep(GRACE / 4)


def test_owner_who_takes_his_time(stage):
    """An owner who is back in time keeps his memory, though he starts after the grace time would have been over."""
    grace = 5       # the first part of it is for the front end to be back
    s = Subject(stage, "memory", grace=grace)
    registered = s.registered(1)
    mem = hang_up(s)
    s.dev = s.connect(1, None, mem)
    s.dev.negotiate()
    s.dev.make_rings()
    s.dev.set_mem_table()
    time.sleep(1.2 * grace)
    s.run()
    s.dev.post_rx()
    s.works()
    assert s.registered(1) == registered


def test_no_room_beside_held_memory(stage):
    """What is held for one front end's return goes when another one needs the room."""
    s = Subject(stage, "memory", ",mr_pinned_max=128M", AGES)
    hang_up(s)
    s.come(two_regions())
    s.works()
    s.in_log(r"no room beside what is held: mr_policy memory: 0 MRs .* 2 \(80 MiB\) dropped")
    s.wait_kept(1, ALL)


def test_queue_that_must_not_keep_its_key(stage):
    """A NIC that cannot change a queue's key, a policy that drops the memory: no stopped queue stays on a dead key."""
    card = nic.NicConfig(caps={"vnet_modify_ext": 0})
    s = Pair(stage, vdpa.VdpaConfig(nic=card, devargs="mr_policy=reset"))
    s.peer, s.dev, s.first = s.guest(0), s.guest(1), 0
    s.dev.stop()
    s.wait_kept(1, 0)
    objects = s.nic.function(nic.vf_bdf(1))["objects"]
    keys = {o["key"] for o in objects if o["object"] == "mkey"}
    queues = [o for o in objects if o["object"] == "virtq"]
    assert all(o["mkey"] in keys for o in queues), f"{queues} stand on other keys than {keys}"
    s.dev.start()
    s.wait_ready(1, 2)
    s.dev.post_rx()
    Subject.works(s)


def test_same_file_by_another_process(stage, tmp_path):
    """A named file is the same memory for whoever opens it: a restarted front end finds its MRs."""
    path = tmp_path / "guest"
    path.write_bytes(b"")
    os.truncate(path, 64 * MIB)

    def memory() -> Memory:
        backing = Backing(4096)
        os.close(backing.fd)
        backing.fd = os.open(path, os.O_RDWR)
        mem = Memory()
        mem.add(0, 64 * MIB, backing).brk = 4096
        return mem

    s = Subject(stage, "memory", grace=AGES)
    hang_up(s)
    s.come(memory())
    s.works()
    registered = s.registered(1)
    hang_up(s)
    s.come(memory())
    s.works()
    assert s.registered(1) == registered, "the same file was registered anew"
    hang_up(s)
    path.unlink()
    path.write_bytes(b"")
    os.truncate(path, 64 * MIB)
    s.come(memory())
    s.works()
    assert s.registered(1) == registered + 1, "another file of the same name was taken for the old one"


def test_replaced_memory_gets_no_byte(stage):
    """After a table was answered, nothing goes to the pages that left it, and nothing comes from them."""
    s = Subject(stage, "memory")
    region = s.dev.mem.regions[1]
    old_map, old = region.map, region.backing
    s.dev.stop()
    s.dev.mem.remove(region)
    s.dev.set_mem_table()
    fresh = s.dev.mem.add(256 * MIB, 16 * MIB, Backing(16 * MIB))
    s.dev.set_mem_table()
    old_map[:] = b"\xa5" * len(old_map)
    s.run()
    s.dev.tx().buffers.clear()
    back = burst(40, 5000, 1, 0)
    s.dev.send(back, region=fresh)
    assert s.peer.receive(40) == back
    s.dev.rx().buffers.clear()
    s.works()
    assert old_map[:] == b"\xa5" * len(old_map), "the device wrote to memory that the guest gave up"
    old.close()


def test_pinned_max(stage):
    """A front end with more memory than mr_pinned_max is refused before anything of it is pinned."""
    s = Subject(stage, "connection", ",mr_pinned_max=128M")
    hang_up(s)
    mem = Memory()
    mem.add(0, 64 << 30).brk = 4096     # sparse
    dev = s.connect(1, None, mem)
    dev.negotiate()
    before = s.registered(1)
    with pytest.raises(Refused):
        dev.set_mem_table()
    s.in_log(r"mr_pinned_max=134217728")
    assert s.registered(1) == before
    dev.close()
    s.come(two_regions())
    s.works()


def test_policy_is_named(stage):
    """Each event says what it did, under which policy."""
    s = Subject(stage, "connection")
    s.dev.stop()
    s.in_log(r"device stop: mr_policy connection: 2 MRs \(80 MiB\) kept, 0 \(0 MiB\) registered, 0 \(0 MiB\) dropped")
    s.run()
    s.in_log(r"memory table: mr_policy connection: 2 MRs \(80 MiB\) kept, 0 \(0 MiB\) registered, 0 \(0 MiB\) dropped")


def test_status_zero_before_start(stage):
    """A status of 0 on a device that never ran drops nothing of anybody, and clears no ring."""
    s = Subject(stage, "reset")
    s.dev.stop()
    s.dev.set_status(Status.RESET)
    s.dev.set_status(Status.RESET)
    s.run()
    s.works()


def stop_and_start(pairs: int, times: int = 1) -> dict[str, int]:
    """Commands of queues that are stopped and started so often, once of them by the guest."""
    if paths.POLLED:
        return {"MODIFY_RQ": 2 * pairs * times, "MODIFY_SQ": 2 * pairs * times, "QUERY_NIC_VPORT_CONTEXT": 1}
    return {"MODIFY_GENERAL_OBJECT": 4 * pairs * times, "QUERY_GENERAL_OBJECT": 2 * pairs * times}


@pytest.mark.parametrize("pairs", [1, 4])
def test_commands_of_a_reset(stage, pairs):
    """A guest's reset costs a suspend, a query and a resume for each queue: no memory, no steering, nothing made anew."""
    s = Pair(stage)
    s.peer, s.dev, s.first = s.guest(0), s.guest(1, Shape(pairs=pairs)), 0
    before = commands(s)
    s.dev.stop()
    s.dev.start()
    s.wait_ready(1, 2 * pairs)
    assert new_commands(s, before) == stop_and_start(pairs)
    Subject.works(s)


@pytest.mark.parametrize("pairs", [1, 4])
def test_commands_of_a_plug(stage, pairs):
    """Memory that is plugged in costs its MR, a new key over all, and that key for each queue, all before the library's stop and start."""
    s = Pair(stage)
    s.peer, s.dev, s.first = s.guest(0), s.guest(1, Shape(pairs=pairs)), 0
    before, live = commands(s), s.kept(1)
    s.dev.mem.add(1024 * MIB, 32 * MIB)
    s.dev.set_mem_table()
    s.wait_ready(1, 2 * pairs)
    end = time.monotonic() + 20
    wanted = {"CREATE_MKEY": 2, "DESTROY_MKEY": 1, **stop_and_start(pairs, 2)}
    while (done := new_commands(s, before)) != wanted and time.monotonic() < end:
        time.sleep(0.02)    # the former key goes later
    assert done == wanted
    assert s.kept(1) == live + 1
    Subject.works(s)


def new_commands(rig: Pair, before: dict[str, int]) -> dict[str, int]:
    """What VF 1 was given since."""
    return {name: count - before.get(name, 0) for name, count in commands(rig).items() if count != before.get(name, 0)}


def commands(rig: Pair) -> dict[str, int]:
    """How often VF 1 was given each command."""
    func = next(f for f in rig.nic.ask("commands")["functions"] if f["bdf"] == nic.vf_bdf(1))
    return {c["name"]: c["count"] for c in func["commands"]}
