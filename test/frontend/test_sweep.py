# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Every call by which a guest's life makes the driver use the NIC fails (the NIC dies at it: test_dies.py).

What is called is taken from a life that was recorded just before. By default the first two calls of each kind fail, one
in the middle and the last; with --long every one.
"""

import re

from hfrig import nic, paths, vdpa
from sweep import (OTHER, TRIED, WORKERS, Victim, finish, left_behind, named_leaks, objects_at_exit, spread, start,
                   targets)

# The kernel only warns when the firmware keeps a flow (Linux fs_core.c: del_hw_fte()), and then its TIR stays in use
# until the device is closed: a VF for each of these.
KERNELS_SECRET = "DELETE_FLOW_TABLE_ENTRY"


def test_refused(stage, every):
    """A call that fails is reported, disturbs no more than its own guest's life, and the next guest is served."""
    rig = start(stage, 2 * WORKERS)
    victims = [Victim(rig, 2 * i, 2 * i + 1) for i in range(WORKERS)]
    calls = victims[0].record(OTHER, TRIED)
    assert sum(calls.values()) > (150 if paths.POLLED else 250)
    for victim in victims:
        victim.thrive(OTHER)

    def attempt(victim, target):
        mark, failed = victim.mark(), victim.failed_calls()
        victim.fail(target.spec(), TRIED)
        if victim.failed_calls() > failed:      # else the kernel keeps it to itself
            victim.said(mark, target.reported())
        victim.thrive(OTHER)

    wrong = spread(rig, victims, [t for t in targets(calls, every) if t.name != KERNELS_SECRET], attempt)
    assert not wrong, "\n".join(wrong)
    for victim in victims:
        victim.peer.close()
    finish(rig, leaks=True)


def test_flow_kept(stage, every):
    """A flow that the firmware keeps: the next guest is served through what is left."""
    rig = start(stage, 16)
    record = Victim(rig, 0).record(OTHER, TRIED)
    secret = targets({k: n for k, n in record.items() if k[1] == KERNELS_SECRET}, every)
    for vf, target in enumerate(secret, 1):
        victim = Victim(rig, vf)
        victim.thrive(OTHER)
        victim.fail(target.spec(), TRIED)
        victim.thrive(TRIED)
    rig.app.quit()
    text = rig.app.process.text()
    assert left_behind(text) <= named_leaks(text)
    assert objects_at_exit(text) == {" mkey=1"}


def test_probe_refused(stage):
    """Each VF's probe fails at another command, or what is made early for its first guest: the others are served."""
    count = 50
    rig = start(stage, 2)
    if not paths.POLLED:
        rig.nic.process.expect(f"{nic.vf_bdf(0)}: 1 queue pairs of 256 entries are made", 20, rewind=True)
    commands = rig.nic.function(nic.vf_bdf(0), "commands")
    early = ("CREATE_CQ", "CREATE_QP", "RST2INIT", "INIT2RTR", "RTR2RTS", "CREATE_UMEM", "CREATE_GENERAL_OBJECT", "CREATE_RQT",
             "CREATE_TIR")
    total = sum(c["count"] for c in commands["commands"])
    probe = sum(c["count"] for c in commands["commands"] if not c["name"].startswith(early))
    finish(rig)
    assert total < count, f"a probe takes {total} commands"
    total = min(total, 32)      # failures that one NIC takes
    fail = [f"--fail={vf + 1}/any:{vf + 1}" for vf in range(total)]
    app = vdpa.Vdpa(stage, vdpa.VdpaConfig(nic=nic.NicConfig(vfs=total + 2, queues=8, options=[
        "--leaks", "--objects-at-exit", *fail])))
    found = app.devices()
    missing = [nic.vf_bdf(vf) for vf in range(total) if nic.vf_bdf(vf) not in found]
    assert probe // 2 < len(missing) <= probe      # libmlx5 does without some answers, and a start makes what is missing
    for bdf in missing:
        assert re.search(rf"{bdf}: .*failed", app.process.text()), f"{bdf}: nothing says why it is not there"
    assert {nic.vf_bdf(total), nic.vf_bdf(total + 1)} <= set(found)
    app.quit()
    text = app.process.text()
    assert left_behind(text) <= named_leaks(text)
    assert objects_at_exit(text) == {" mkey=1"}
