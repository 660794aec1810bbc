# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The public interface (rte_pmd_holdfast.h), used by an application that is compiled against what is installed."""

from __future__ import annotations

import errno
import os
import struct
import time

import pytest
from hfrig import api, nic, paths, telemetry, vdpa
from hfvhost.channel import Closed, Refused
from hfvhost.memory import Backing, Memory, Region
from hfvhost.net import Shape
from hfvhost.proto import Feature, Request
from pair import ApiPair, both_ways, burst, hang_up

MIB = 1 << 20
GUEST, HOST = api.ASID_GUEST, api.ASID_HOST


@pytest.fixture
def rig(stage, program):
    """The application on a NIC with two VFs, both with a guest."""
    pair = ApiPair(stage, program)
    pair.a, pair.b = pair.guest(0), pair.guest(1)
    return pair


def refused(answer: dict, number: int) -> None:
    """An answer is this error."""
    assert answer["ret"] == -number, answer


def path_of(region: Region) -> str:
    """Where another process finds what backs a region."""
    return f"/proc/{os.getpid()}/fd/{region.backing.fd}"


def test_sizes(stage, program):
    """Old and future callers of each call."""
    pair = ApiPair(stage, program)
    answer = pair.do("sizes")
    assert answer["calls"] == 11
    assert answer["failed"] == []


def test_capabilities(stage, program):
    """Before any guest is there; a device of nobody has none."""
    pair = ApiPair(stage, program)
    caps = pair.do("caps")
    assert caps["ret"] == 0
    assert caps["asids"] == 2 and caps["max_regions"] == 512 and caps["max_queue_pairs"] >= 4
    assert caps["caps"] == 0xff
    assert caps["backend_features"] == api.F_IOTLB_ASID | api.F_ENABLE_AFTER_DRIVER_OK | api.F_IOTLB_PERSIST
    refused(pair.app.do("caps", 77), errno.ENODEV)


def test_connection_seen_from_its_first_message(stage, program):
    """What ends a process with librte_vhost alone is refused, features are offered at the first question, and a second
    front end is sent away at once."""
    pair = ApiPair(stage, program)
    hostile = pair.connect(0)
    short = Backing(0)
    with pytest.raises(Closed):
        hostile.channel.tell(Request.SET_INFLIGHT_FD, struct.pack("<QQHHI", MIB, 0, 2, 256, 0), [short.fd])
        hostile.channel.wait_closed()
        hostile.channel.ask(Request.GET_FEATURES)
    short.close()
    hostile.close()
    dev = pair.connect(0)
    assert dev.read_config(6, 2) == b"\1\0"
    assert dev.channel.ask(Request.GET_FEATURES).u64() & Feature.SPEED_DUPLEX
    hang_up(dev)
    a, b = pair.guest(0), pair.guest(1)
    second = pair.connect(0)
    with pytest.raises(Closed):
        second.channel.ask(Request.GET_FEATURES)
    both_ways(a, b)


def test_capabilities_of_a_lesser_nic(stage, program):
    """What the NIC cannot do is not said."""
    lesser = nic.NicConfig(caps={"vnet_modify_ext": 0, "packed": 0, "log_max_rq": 0})
    pair = ApiPair(stage, program, vdpa.VdpaConfig(devargs="datapath=auto", nic=lesser))
    assert pair.do("caps")["caps"] == 0x57


def test_capabilities_without_virtqueues(stage, program):
    """Poll mode does split and packed rings by itself."""
    pair = ApiPair(stage, program, vdpa.VdpaConfig(nic=nic.NicConfig(caps={"virtio_net_q": 0})))
    assert pair.do("caps")["caps"] == 0xb7


def test_persist_follows_policy(rig):
    """IOTLB_PERSIST is offered exactly when the policy makes it true, and binds the policy when acknowledged."""
    assert rig.do("backend")["backend_features"] & api.F_IOTLB_PERSIST
    assert rig.do("policy", api.POLICY_MR, 0)["ret"] == 0
    assert not rig.do("backend")["backend_features"] & api.F_IOTLB_PERSIST
    refused(rig.do("backend", api.F_IOTLB_PERSIST), errno.EOPNOTSUPP)
    assert rig.do("policy", api.POLICY_MR, 2)["mr_policy"] == 2
    assert rig.do("backend", api.F_IOTLB_PERSIST)["ret"] == 0
    refused(rig.do("policy", api.POLICY_MR, 0), errno.EBUSY)
    assert rig.do("policy")["mr_policy"] == 2
    assert rig.do("backend", 0)["ret"] == 0
    assert rig.do("policy", api.POLICY_MR, 0)["ret"] == 0
    refused(rig.do("backend", 1 << 1), errno.EOPNOTSUPP)


def test_policy_at_run_time(rig):
    """A policy that is set holds from the next event on."""
    live, registered = rig.kept(1), rig.registered(1)
    assert rig.do("policy", api.POLICY_MR, 0)["mr_policy"] == 0
    assert rig.kept(1) == live
    rig.b.stop()
    rig.wait_kept(1, 0)
    rig.do("policy", api.POLICY_MR, 1)
    rig.b.start()
    rig.wait_ready(1, 2)
    rig.b.stop()
    rig.b.start()
    rig.wait_ready(1, 2)
    assert rig.registered(1) == registered + live
    both_ways(rig.a, rig.b)


@pytest.mark.parametrize("args", [(api.POLICY_MR, 3), (api.POLICY_GRACE, 0, 0), (api.POLICY_GRACE, 0, 3600001)],
                         ids=["no policy", "no time", "too long"])
def test_bad_policy(rig, args):
    """A value out of range is refused, and nothing changes."""
    before = rig.do("policy")
    refused(rig.do("policy", *args), errno.EINVAL)
    assert rig.do("policy") == before


def test_held_memory(rig):
    """What is held without an owner is seen, and goes by request."""
    refused(rig.do("release"), errno.ENOENT)
    rig.do("policy", api.POLICY_MR | api.POLICY_GRACE, 2, 60000)
    live = rig.kept(1)
    rig.b.close()
    end = time.monotonic() + 20
    while rig.do("memory", GUEST)["held_bytes"] != 64 * MIB:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert rig.kept(1) == live
    assert rig.do("release")["ret"] == 0
    rig.wait_kept(1, 0)
    assert rig.do("memory", GUEST)["held_bytes"] == 0


def test_held_memory_obeys_a_new_policy(rig):
    """A policy that holds nothing lets go of what is held."""
    rig.do("policy", api.POLICY_MR | api.POLICY_GRACE, 2, 60000)
    rig.b.close()
    rig.nic.process.expect("stay pinned for 60000 ms", 20, rewind=True)
    rig.do("policy", api.POLICY_MR, 1)
    rig.wait_kept(1, 0)


def test_memory_report(rig):
    """The report agrees with the NIC, and says how large it would be."""
    report = rig.do("memory", GUEST, 8)
    assert report["ret"] == 0
    assert report["regions"] == [{"iova": 0, "size": 64 * MIB, "mrs": 1, "requested": 0}]
    assert report["live_bytes"] == 64 * MIB and report["mrs"] == rig.kept(1)
    assert report["mrs_registered"] == rig.registered(1)
    assert report["process_bytes"] == 2 * 64 * MIB      # of both guests
    rig.b.mem.add(1024 * MIB, 32 * MIB)
    rig.b.set_mem_table()
    rig.wait_ready(1, 2)
    few = rig.do("memory", GUEST, 1)
    refused(few, errno.EMSGSIZE)
    assert few["n_regions"] == 2
    assert rig.do("memory", HOST, 8)["regions"] == []
    refused(rig.do("memory", 2, 8), errno.EINVAL)


def test_map_under_traffic(rig):
    """A range is mapped while queues run, without making them anew: buffers in it are sent from and received into."""
    both_ways(rig.a, rig.b)
    registered, before = rig.registered(1), queues(rig)
    extra = Region(1024 * MIB, 32 * MIB, Backing(64 * MIB), 16 * MIB)
    assert rig.do("map", GUEST, extra.gpa, extra.size, path_of(extra), extra.offset)["ret"] == 0
    assert rig.registered(1) == registered + 1
    rig.b.mem.regions.append(extra)     # the table of the front end does not have it
    rig.b.tx().buffers.clear()
    back = burst(50, 500, 1, 0)
    rig.b.send(back, region=extra)
    assert rig.a.receive(50) == back
    assert queues(rig) == before
    report = rig.do("memory", GUEST, 8)["regions"]
    assert {"iova": extra.gpa, "size": extra.size, "mrs": 1, "requested": 1} in report
    rig.b.tx().buffers.clear()
    assert rig.do("unmap", GUEST, extra.gpa, extra.size)["ret"] == 0
    rig.b.mem.regions.remove(extra)
    rig.wait_kept(1, 1)
    both_ways(rig.a, rig.b, 1000)


def test_map_on_a_nic_that_cannot_switch(stage, program):
    """Where queues cannot be resumed with another mkey they are made anew, and lose nothing."""
    lesser = nic.NicConfig(caps={"vnet_modify_ext": 0, "freeze_to_rdy_supported": 0})
    pair = ApiPair(stage, program, vdpa.VdpaConfig(nic=lesser))
    a, b = pair.guest(0), pair.guest(1)
    extra = Region(1024 * MIB, 32 * MIB, Backing(32 * MIB))
    assert pair.do("map", GUEST, extra.gpa, extra.size, path_of(extra), 0)["ret"] == 0
    pair.wait_ready(1, 2)
    both_ways(a, b)
    b.mem.regions.append(extra)
    b.tx().buffers.clear()
    back = burst(50, 500, 1, 0)
    b.send(back, region=extra)
    assert a.receive(50) == back


def test_requested_range_survives_the_front_end(rig):
    """What the application mapped is the application's: a disconnect leaves it, a map reset takes it."""
    assert rig.do("map", GUEST, 1 << 40, 2 * MIB)["ret"] == 0
    rig.b.close()
    rig.wait_kept(1, 1)
    assert rig.do("memory", GUEST, 8)["regions"] == [{"iova": 1 << 40, "size": 2 * MIB, "mrs": 1, "requested": 1}]
    assert rig.do("reset_map", GUEST)["ret"] == 0
    rig.wait_kept(1, 0)
    both_ways(rig.a, rig.guest(1))


@pytest.mark.parametrize("asid", [GUEST, HOST])
def test_bad_maps(rig, asid):
    """Each bad request has its error, and leaves what is there."""
    assert rig.do("map", asid, 1 << 40, 4 * MIB)["ret"] == 0
    before = rig.do("memory", asid, 8)["regions"]
    for args, number in [
            ((asid, (1 << 40) + 2 * MIB, 4 * MIB), errno.EEXIST),   # over a requested one
            ((asid, 1 << 40, 4 * MIB), errno.EEXIST),               # the very same
            ((asid, (1 << 40) + 1, 4096), errno.EINVAL),            # not on a page
            ((asid, 1 << 41, 0), errno.EINVAL),                     # nothing
            ((asid, 2 ** 64 - 4096, 8192), errno.EINVAL),           # a wrap
            ((2, 1 << 41, 4096), errno.EINVAL),                     # no such address space
            ((asid, 1 << 41, 8 * MIB, "/dev/null", 0), None)]:      # what can't be mapped
        answer = rig.do("map", *args)
        assert answer["ret"] == -number if number else answer["ret"] < 0, (args, answer)
    for args, number in [
            ((asid, 0, 0), errno.EINVAL),
            ((asid, 1 << 40, 2 * MIB), errno.EINVAL),               # would cut it in two
            ((asid, 1 << 42, 4096), errno.ENOENT),
            ((asid, 4096, 2 ** 64 - 4096), errno.EINVAL),           # a wrap
            ((2, 1 << 40, 4 * MIB), errno.EINVAL)]:
        refused(rig.do("unmap", *args), number)
    assert rig.do("memory", asid, 8)["regions"] == before
    assert rig.do("unmap", asid, 0, api.EVERYTHING)["ret"] == 0
    assert rig.do("unmap", asid, 0, api.EVERYTHING)["ret"] == 0, "nothing is everything, too"
    assert all(not r["requested"] for r in rig.do("memory", asid, 8)["regions"])
    both_ways(rig.a, rig.b)


def test_front_end_table_is_not_touched(rig):
    """Neither mapped over nor unmapped by request; and a table over a requested range is refused."""
    refused(rig.do("map", GUEST, 32 * MIB, 64 * MIB), errno.EEXIST)
    refused(rig.do("unmap", GUEST, 0, 64 * MIB), errno.EEXIST)
    assert rig.do("map", GUEST, 1024 * MIB, 2 * MIB)["ret"] == 0
    both_ways(rig.a, rig.b)


def test_query_fails_while_a_map_changes(rig):
    """A queue was suspended for the switch and does not tell where it stands: it is repaired, and traffic goes on."""
    rig.nic.ask(f"fail 2/{'MODIFY_SQ' if paths.POLLED else 'QUERY_GENERAL_OBJECT'}:1")
    assert rig.do("map", GUEST, 1 << 40, 2 * MIB)["ret"] < 0
    rig.nic.ask("fail clear")
    rig.wait_ready(1, 2)
    both_ways(rig.a, rig.b)
    assert rig.do("memory", GUEST, 8)["regions"] == [{"iova": 0, "size": 64 * MIB, "mrs": 1, "requested": 0}]


def test_plug_over_a_requested_range(rig):
    """A table that overlaps a requested range is refused before the library takes it, and the device runs on."""
    assert rig.do("map", GUEST, 1024 * MIB, 2 * MIB)["ret"] == 0
    region = rig.b.mem.add(1024 * MIB, 32 * MIB)
    with pytest.raises(Refused):
        rig.b.set_mem_table()
    rig.b.mem.remove(region)
    both_ways(rig.a, rig.b)


def test_start_after_a_request(rig):
    """A front end whose table had no room is served as soon as the application makes some."""
    rig.b.close()
    rig.wait_kept(1, 0)
    assert rig.do("policy", api.POLICY_PINNED_MAX, 0, 0, 0, 66 * MIB)["ret"] == 0
    assert rig.do("map", GUEST, 1 << 40, 4 * MIB)["ret"] == 0
    dev = rig.connect(1)
    dev.start()
    rig.nic.process.expect(r"more than mr_pinned_max=\d+: raise it.*(\n.*)*cannot serve connection", 20, rewind=True)
    assert rig.do("unmap", GUEST, 1 << 40, 4 * MIB)["ret"] == 0
    dev.settle()
    rig.wait_ready(1, 2)
    dev.post_rx()
    both_ways(rig.a, dev)


def test_reset_that_fails(rig):
    """A reset that the NIC refused is repeated, and the guest goes on."""
    rig.nic.ask(f"fail 2/{'CREATE_SQ' if paths.POLLED else 'CREATE_GENERAL_OBJECT'}:1")
    assert rig.do("reset", 0)["ret"] < 0
    rig.nic.ask("fail clear")
    assert rig.do("reset", 0)["ret"] == 0
    rig.wait_ready(1, 2)
    both_ways(rig.a, rig.b)


def test_drop_that_fails(rig):
    """Memory that could not be dropped at a disconnect is seen as held, and goes at another attempt."""
    rig.do("policy", api.POLICY_GRACE, 0, 300)
    assert rig.do("map", GUEST, 1 << 40, 2 * MIB)["ret"] == 0
    rig.nic.ask("fail 2/CREATE_MKEY:1:NO_RES")
    rig.b.close()
    rig.nic.process.expect("cannot release the guest's memory", 20, rewind=True)
    rig.wait_kept(1, 1)
    assert rig.do("memory", GUEST)["held_bytes"] == 0


def test_large_request_is_nobodys_guest(rig):
    """A requested range of many MRs is not taken for a guest that left."""
    rig.do("policy", api.POLICY_MR, 2)
    rig.b.close()
    rig.nic.process.expect("stay pinned", 20, rewind=True)
    assert rig.do("release")["ret"] == 0
    backing = Backing(8 << 30)
    assert rig.do("map", GUEST, 1 << 40, 8 << 30, f"/proc/{os.getpid()}/fd/{backing.fd}", 0)["ret"] == 0
    dev = rig.connect(1)
    dev.negotiate()
    dev.close()
    time.sleep(0.3)
    assert rig.do("memory", GUEST)["held_bytes"] == 0
    refused(rig.do("release"), errno.ENOENT)


def test_reset_map(rig):
    """Refused under running queues; afterwards the address space is empty, and the front end can start again."""
    refused(rig.do("reset_map", GUEST), errno.EBUSY)
    both_ways(rig.a, rig.b)
    rig.b.stop()
    assert rig.do("reset_map", GUEST)["ret"] == 0
    rig.wait_kept(1, 0)
    assert rig.do("memory", GUEST, 8)["regions"] == []
    rig.b.start()
    rig.wait_ready(1, 2)
    both_ways(rig.a, rig.b, 1000)
    refused(rig.do("reset_map", 2), errno.EINVAL)


def test_reset(rig, packed):
    """A reset by the application makes the queues anew and keeps the map; with a clean map all is registered again."""
    rig.b.close()
    rig.wait_kept(1, 0)
    b = rig.guest(1, Shape(packed=packed))
    both_ways(rig.a, b)
    registered, before = rig.do("memory", GUEST)["mrs_registered"], queues(rig)
    assert rig.do("reset", 0)["ret"] == 0
    rig.wait_ready(1, 2)
    assert rig.do("memory", GUEST)["mrs_registered"] == registered and not queues(rig) & before
    both_ways(rig.a, b, 1000)
    assert rig.do("reset", api.RESET_CLEAN_MAP)["ret"] == 0
    rig.wait_ready(1, 2)
    assert rig.do("memory", GUEST)["mrs_registered"] == registered + 1
    both_ways(rig.a, b, 2000)


def queues(rig) -> set[tuple[str, int]]:
    """The NIC's queues that serve VF 1."""
    return {(o["object"], o["id"]) for o in rig.nic.function(nic.vf_bdf(1))["objects"] if o["object"] in nic.QUEUES}


def test_host_address_space(rig):
    """Memory of the application at addresses of its own choice; the guest's map is not concerned."""
    guest = rig.do("memory", GUEST, 8)["regions"]
    assert rig.do("map", HOST, 0x7000_0000_0000, 8 * MIB)["ret"] == 0
    assert rig.do("memory", HOST, 8)["live_bytes"] == 8 * MIB
    assert rig.do("memory", GUEST, 8)["regions"] == guest
    rig.b.stop()
    rig.b.close()
    rig.wait_kept(1, 1)
    assert rig.do("reset_map", HOST)["ret"] == 0
    rig.wait_kept(1, 0)


@pytest.mark.skipif(paths.SANITIZED, reason="rte_telemetry leaks by itself")
def test_telemetry(stage, program):
    """The same by telemetry: devices, memory, policy, and changing it."""
    with telemetry.runtime() as run:
        pair = ApiPair(stage, program, vdpa.VdpaConfig(eal=["--telemetry"]))
        tel = stage.keep(telemetry.connect(run))
    bdf = nic.vf_bdf(1)
    pair.guest(1)
    assert tel.ask("/holdfast/devices") == [nic.vf_bdf(0), bdf]
    about = tel.ask("/holdfast/devices", bdf)
    assert about["queues_running"] == 2 and about["configured"] == 1
    assert about["datapath"] == ("poll" if paths.POLLED else "hw") and about["poll_dropped_no_buffer"] == 0
    assert (about["mac"].lower(), about["mtu"], about["link"], about["speed_mbps"]) == (nic.vf_mac(1), 1500, 1, 100000)
    pair.nic.ask("link 2 down")
    pair.app.process.expect("link down", 20, rewind=True)
    after = tel.ask("/holdfast/devices", bdf)
    assert (after["link"], after["speed_mbps"]) == (0, 0)
    assert after["config_generation"] == about["config_generation"] + 1
    memory = tel.ask("/holdfast/memory", bdf)
    assert memory["guest"]["live_bytes"] == 64 * MIB and memory["guest"]["mrs"] == pair.kept(1)
    assert tel.ask("/holdfast/policy", bdf)["mr_policy"] == "connection"
    assert tel.ask("/holdfast/policy", f"{bdf},mr_policy=memory,mr_grace_ms=500")["mr_grace_ms"] == 500
    assert tel.ask("/holdfast/policy", f"{bdf},mr_policy=never") is None
    assert tel.ask("/holdfast/policy", f"{bdf},queue_pairs=1") is None
    assert tel.ask("/holdfast/memory", f"{bdf},release") is None, "nothing is held"
    assert tel.ask("/holdfast/memory", "0000:00:00.0") is None
    assert tel.ask("/holdfast/policy", bdf)["mr_policy"] == "memory"
