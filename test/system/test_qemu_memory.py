# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What becomes of the memory of a Linux guest in QEMU that moves to another machine, is reset, dies, or gets more of it."""

import copy
import itertools
import time

import pytest
from bench import CARD, HOST, STREAM, Bench, wait_until
from hfrig import qemu
from hfrig.datapaths import AUTO, HW, POLL, RINGS, cases

STREAM_MIB, STREAM_SECONDS = 24, 6      # of a stream that goes on while a guest moves


@pytest.mark.parametrize("path, ring", cases([(AUTO, "split")], list(itertools.product((AUTO, POLL), RINGS))))
def test_migration(stage, path, ring):
    """A guest moves to another machine, on another VF, while it streams: nothing of the streams is lost or changed. By
    "auto" it is the hardware's (whose doorbell page it rings), poll mode's from when dirty pages are asked for, and the
    hardware's at its new place. Its memory and QEMU's log of pages are sealed."""
    bench = Bench(stage, path, devargs="sealed=1", vfs=2, mac="52:54:00:12:34:56", options=f"page-per-vq=on{CARD[ring]}")
    bench.check_ping()
    host = bench.listen(STREAM_MIB, STREAM_SECONDS)
    bench.vm.serial.write(f"stream {HOST} {STREAM_MIB}")
    wait_until(lambda: min(bench.passed(0)) > 1 << 20, "no stream")
    place = copy.deepcopy(bench.config)
    place.card.sock = bench.socks[1]
    new = qemu.Machine(stage, place, incoming=True)
    bench.vm.migrate(new)
    bench.check_datapath(0, "poll")
    bench.check_datapath(1, path.serves)
    bench.check_stream(STREAM_MIB, host, new.serial.expect(f"HF: {STREAM}$\\n", 180))
    assert min(bench.passed(1)) > 1 << 20, "the stream did not go on at the new place"
    bench.vm.process.end()
    bench.vm = new
    bench.check_ping()
    bench.vm.reboot()
    bench.check_ping()


POLICIES = ("reset", "connection", "memory")


@pytest.mark.parametrize("path, policy", cases(
    [(HW, policy) for policy in POLICIES], list(itertools.product((HW, POLL), POLICIES))))
def test_policies(stage, path, policy):
    """A guest is reset, and QEMU is killed and started again on the same file: what is registered anew is the policy's."""
    file = stage.dir / "memory"
    bench = Bench(stage, path, devargs=f"mr_policy={policy},mr_grace_ms=60000", file=str(file))
    bench.check_ping()
    before, kept = bench.registered(), bench.kept()
    bench.vm.reset()
    bench.check_ping()
    assert bench.registered() - before == (kept if policy == "reset" else 0)
    before = bench.registered()
    bench.vm.process.kill()
    bench.boot()
    bench.check_ping()
    assert bench.registered() - before == (0 if policy == "memory" else kept)
    assert bench.kept() == kept


@pytest.mark.parametrize("path", cases([(HW,)], [(HW,), (POLL,)]))
def test_memory_plugged(stage, path):
    """A module of memory is plugged in, filled and used: one MR more, and it pings on."""
    bench = Bench(stage, path)
    bench.check_ping()
    before = bench.registered()
    small = int(bench.vm.order("mem", r"mem (\d+)").group(1))
    bench.vm.plug_memory(128)
    end = time.monotonic() + 30
    while int(bench.vm.order("mem", r"mem (\d+)").group(1)) < small + 120 * 1024:
        assert time.monotonic() < end, "the guest did not take the memory"
        time.sleep(0.2)
    bench.vm.order("fill 160", r"fill (\d+)", 60)
    bench.check_ping()
    assert bench.registered() == before + 1
