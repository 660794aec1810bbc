# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""One of the commands that are under way together fails, or the NIC dies at it: the others end, and nothing stays referenced."""

import json

import pytest
from hfrig import paths
from hfvhost.net import Shape
from pair import burst, transfer
from sweep import Victim, finish, start

SHAPE = Shape(pairs=16)
# The first of which others are under way, and some still to come.
COMMANDS = ({"CREATE_SQ": 9, "MODIFY_SQ": 9, "MODIFY_RQ": 9} if paths.POLLED else
            {"CREATE_GENERAL_OBJECT": 17, "MODIFY_GENERAL_OBJECT": 17, "QUERY_GENERAL_OBJECT": 17})
# And the first resume of a queue to which steering leads already.
DEATHS = [*COMMANDS.items(), *([] if paths.POLLED else [("MODIFY_GENERAL_OBJECT", 1)])]
DEAD = "the NIC has a fatal error: all its rings stop"


def company(path, bdf: str, status: str) -> list[int]:
    """For each command of a function that ended so: how many of its commands were under way when it ended."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    spans = [line for line in lines if line["kind"] == "cmd" and line["func"] == bdf]
    ends = [line["t_ns"] + line["dur_ns"] for line in spans if line["status"] == status]
    return [sum(line["t_ns"] < end <= line["t_ns"] + line["dur_ns"] for line in spans) for end in ends]


def timed(stage, vfs: int):
    """A NIC whose commands take time, and its trace."""
    path = stage.dir / "trace.json"
    return start(stage, vfs, ("--timing", "cx6dx", "--timing-scale", "4", "--trace", str(path)), queues=32), path


def test_one_fails(stage):
    """A command in the midst of others like it fails while others are under way: that is said, and the next guest is served."""
    rig, path = timed(stage, 2)
    victim = Victim(rig, 0, 1)
    for name, nth in COMMANDS.items():
        mark = victim.mark()
        victim.fail(f"{name}:{nth}:INT_ERR", SHAPE)
        victim.said(mark, "failed: .*Input/output error")
        victim.thrive(SHAPE)
    # queries are so short that on a busy machine they may miss each other
    assert sum(count > 1 for count in company(path, victim.bdf, "INT_ERR")) >= len(COMMANDS) - 1
    victim.peer.close()
    finish(rig, leaks=True)


@pytest.mark.parametrize("name, nth", DEATHS)
def test_dies(stage, name, nth):
    """The NIC dies at it: what is under way ends at once, and so does the guest's life; other VFs go on."""
    rig, path = timed(stage, 3)
    victim = Victim(rig, 0)
    a, b = rig.guest(1), rig.guest(2)
    mark = victim.mark()
    victim.fail(f"{name}:{nth}:die", SHAPE)
    victim.said(mark, DEAD)
    transfer(a, b, burst(40, 0, 1, 2))
    transfer(b, a, burst(40, 40, 2, 1))
    rig.wait_kept(0, 0)
    for guest in (a, b):
        guest.close()
    finish(rig)
