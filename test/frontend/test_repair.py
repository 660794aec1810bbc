# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A queue that the NIC stops on an error: the driver says so, starts it again, and gives up when that helps nothing."""

import re
import time

from hfrig import paths
from hfrig.nic import vf_bdf
from hfvhost.net import Shape
from hfvhost.ring import Segment
from pair import both_ways, burst, transfer, virtqueues_only

NOWHERE = 1 << 40       # no guest of these has memory there
REPAIRS = 3             # HF_VQ_ERRORS_MAX within
WINDOW = 3.0            # HF_VQ_ERRORS_WINDOW_MS
ERROR = ("ring 1: poll mode serves it no more: Bad address" if paths.POLLED else
         r"ring 1: the NIC stopped on an error of type \d+, available index")


def poison(dev) -> int:
    """Post a buffer that is nowhere on the transmit queue; where the descriptor is."""
    ring = dev.tx().ring
    before = dev.mem.read(ring.desc, 16 * ring.size)
    ring.post([Segment(NOWHERE, 128)], None)
    after = dev.mem.read(ring.desc, 16 * ring.size)
    ring.flush()
    return ring.desc + next(at for at in range(0, len(after), 16) if before[at:at + 8] != after[at:at + 8])


def cure(dev, descriptor: int) -> None:
    """Give that descriptor memory: a frame that is nobody's."""
    gpa = dev.mem.alloc(128)
    dev.mem.write(gpa, bytes(12) + b"\x02" * 12 + bytes(104))
    dev.mem.write(descriptor, gpa.to_bytes(8, "little"))


def said(rig, since: int, pattern: str) -> int:
    """How often the application has said something."""
    return len(re.findall(pattern, rig.app.process.text()[since:]))


def error_until_left(rig, dev) -> int:
    """Have the driver repair the transmit queue of VF 0 as often as it does; where the bad descriptor is."""
    since = len(rig.app.process.text())
    descriptor = poison(dev)
    rig.app.wait_log(rf"{vf_bdf(0)}: ring 1: {REPAIRS + 1} errors within .*left stopped")
    errors = said(rig, since, ERROR)
    assert errors > REPAIRS     # more where the first was long ago when the last came
    assert said(rig, since, r"ring 1: repair \d+\n") == errors - 1
    assert rig.running(0) == len(dev.queues) - 1
    return descriptor


def test_too_many_errors(rig, packed):
    """P22, D27: the error is named, repaired a few times, then the ring is left until the guest starts it again."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    descriptor = error_until_left(rig, a)
    transfer(b, a, burst(50, 100, 1, 0))        # the other ring of the guest serves on
    cure(a, descriptor)
    a.enable(1, False)
    a.enable(1)
    rig.wait_ready(0, 2)
    a.tx().ring.wait(1)
    both_ways(a, b, 1000)


def test_errors_after_the_window(rig):
    """P22: errors long ago are forgotten: as many again are repaired."""
    a, b = rig.guest(0), rig.guest(1)
    for turn in range(2):
        cure(a, error_until_left(rig, a))
        time.sleep(WINDOW)
        a.stop()
        a.start()
        rig.wait_ready(0, 2)
        a.tx().ring.wait(1)
        both_ways(a, b, 1000 * turn)


def test_error_and_reset(rig, packed):
    """A guest whose ring was left resets in the midst of it: everything starts anew."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    poison(a)
    for queue in a.queues:
        queue.ring.close()
    a.stop()
    a.make_rings()
    a.start()
    rig.wait_ready(0, 2)
    a.post_rx()
    both_ways(a, b)


@virtqueues_only
def test_event_queue_pair(rig, packed):
    """The queue pair by which a queue tells of its progress fails: the queue is made anew, no buffer is lost."""
    a, b = rig.guest(0, Shape(packed=packed)), rig.guest(1, Shape(packed=packed))
    both_ways(a, b)
    b.rx().ring.want_calls(True)
    rig.nic.ask("fail 2/event:1:error")
    sent = burst(20, 1000)
    a.send(sent)
    rig.app.wait_log(rf"{vf_bdf(1)}: ring 0: the queue pair that tells of its progress failed")
    rig.app.wait_log(rf"{vf_bdf(1)}: ring 0: repair 1\n")
    rig.wait_ready(1, 2)
    assert sorted(b.receive(20)) == sorted(sent)
    for turn in range(3):
        assert b.rx().ring.call_fd.wait(20)
        both_ways(a, b, 2000 + 1000 * turn)
