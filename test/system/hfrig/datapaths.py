# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Ways to have our driver serve a guest, each on a NIC that can; tests take one as a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from .nic import NicConfig
from .vdpa import VdpaConfig


@dataclass(frozen=True)
class Datapath:
    """What to tell the driver and the NIC, and which datapath a Linux guest gets by it."""

    name: str
    devargs: str
    serves: str
    options: tuple[str, ...] = ()       # of nicemu run

    def config(self, *devargs: str, client: bool = False, **card) -> VdpaConfig:
        """How to start the application so; card: more of the NIC's description."""
        said = ",".join(filter(None, [*devargs, self.devargs]))
        return VdpaConfig(nic=NicConfig(options=list(self.options), **card), devargs=said, client=client)


HW = Datapath("hw", "datapath=hw", "hw")
POLL = Datapath("poll", "datapath=poll", "poll")
CX5 = Datapath("cx5", "datapath=auto", "poll", ("--nic", "cx5"))            # has no virtqueues
AUTO = Datapath("auto", "datapath=auto", "hw")
MORE = Datapath("more", "datapath=auto,poll_features=1", "poll")        # offers what hardware cannot do, and Linux takes it
ALL = (HW, POLL, CX5, MORE)
RINGS = ("split", "packed")


def cases(quick: Sequence[tuple], every: Sequence[tuple]) -> list:
    """Parameters of a test: the quick ones, and the others with --long."""
    return [pytest.param(*case, id="-".join(getattr(value, "name", str(value)) for value in case),
                         marks=[] if case in quick else pytest.mark.long) for case in every]
