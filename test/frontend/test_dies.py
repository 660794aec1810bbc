# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The NIC dies: at every call by which a guest's life makes the driver use it, or under a guest that runs.

As in test_sweep.py, by default at the first two calls of each kind, one in the middle and the last; with --long at each.
"""

import pytest
from hfrig import paths
from hfvhost.net import Shape
from pair import both_ways, burst, transfer
from sweep import OTHER, TRIED, WORKERS, Victim, finish, spread, start, targets

DEAD = "the NIC has a fatal error: all its rings stop"
DEAD_STILL = "the NIC had a fatal error: no guest is served"


def die_at(victim: Victim, target, lives: tuple[Shape, ...]) -> None:
    """A life, after these, in which the NIC dies at a call; a new guest of that VF is told so, and nothing is left of either."""
    for shape in lives:
        victim.thrive(shape)
    mark = victim.mark()
    victim.fail(target.spec("die"), TRIED)
    victim.said(mark, DEAD)
    mark = victim.mark()
    victim.suffer(TRIED)
    victim.said(mark, DEAD_STILL)
    victim.rig.wait_kept(victim.vf, 0)


def batches(items: list, size: int) -> list[list]:
    """Lists of at most so many."""
    return [items[i:i + size] for i in range(0, len(items), size)]


def test_dies(stage, every):
    """The NIC dies at a call: a clear word, no hang, the other VFs go on, and all of it can be taken down."""
    rig = start(stage, 1)
    first = Victim(rig, 0)
    before = first.counts()
    first.thrive(TRIED)
    calls = first.since(before)
    # What only a later guest makes the driver do: poll mode keeps its queues for the next one, if he wants them so.
    later = {call: count for call, count in first.record(OTHER, TRIED).items() if call not in calls}
    finish(rig)
    assert bool(later) == paths.POLLED
    chosen = [(target, lives) for kinds, lives in ((calls, ()), (later, (OTHER,))) for target in targets(kinds, every)
              if target.kind == "command" or target.nth == 1]
    for batch in batches(chosen, 60):
        rig = start(stage, len(batch) + 2)
        a, b = rig.guest(0), rig.guest(1)
        wrong = spread(rig, list(range(WORKERS)), list(enumerate(batch, 2)),
                       lambda _, what: die_at(Victim(rig, what[0]), *what[1]))
        assert not wrong, "\n".join(wrong)
        both_ways(a, b)
        for guest in (a, b):
            guest.close()
        finish(rig)


@pytest.mark.parametrize("how", ["kill", "unload"])
def test_dies_running(stage, how):
    """A NIC that dies, or loses its driver, under a guest: its rings stop, a new guest is not served, others go on."""
    rig = start(stage, 3)
    victim = Victim(rig, 0)
    a, b, c = rig.guest(0), rig.guest(1), rig.guest(2)
    both_ways(a, b)
    mark = victim.mark()
    rig.nic.ask(f"{how} 1")
    victim.said(mark, DEAD)
    transfer(b, c, burst(40, 0, 1, 2))
    a.close()
    mark = victim.mark()
    victim.suffer(TRIED)
    victim.said(mark, DEAD_STILL)
    rig.nic.ask("revive 1")     # what the driver has open stays dead
    victim.suffer(TRIED)
    transfer(c, b, burst(40, 40, 2, 1))
    for guest in (b, c):
        guest.close()
    finish(rig)
