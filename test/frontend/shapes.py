# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Which features a test's guests ask for."""

from __future__ import annotations

from functools import partial
from itertools import combinations, product

from hfrig import paths
from hfvhost.net import DEFAULT_FEATURES, Shape
from hfvhost.proto import Feature

OPTIONS = ("packed", "mrg_rxbuf", "indirect", "event_idx", "in_order")     # fields of Shape


def everything() -> list[set[str]]:
    """Each choice of options."""
    return [{name for name, on in zip(OPTIONS, choice) if on} for choice in product((False, True), repeat=len(OPTIONS))]


def pairwise() -> list[set[str]]:
    """Six choices in which each two options occur with none, one, the other, and both.

    None of them; and five, of which each option is in another three: any two such threes meet, and differ.
    """
    threes = list(zip(OPTIONS, combinations(range(5), 3)))
    return [set(), *({name for name, rows in threes if row in rows} for row in range(5))]


def kinds(every: bool) -> dict[str, partial]:
    """Makers of Shape, by a name for each. What virtqueues do is split and packed; poll mode does all options.

    Guests of other ages and byte orders have test_legacy.py and test_byte_order.py; here only among all.
    """
    legacy = {"legacy": partial(Shape, legacy=True)} if every else {}
    if not paths.POLLED:
        return {"split": partial(Shape, packed=False), "packed": partial(Shape, packed=True), **legacy}
    choices = everything() if every else pairwise()[:2 if paths.NIC else None]
    base = int(DEFAULT_FEATURES & ~Feature.INDIRECT_DESC)
    modern = {"-".join(sorted(chosen)) or "split": partial(Shape, features=base, **dict.fromkeys(chosen, True))
              for chosen in choices}
    if every:
        big = partial(Shape, legacy=True, big_endian=True, features=base)
        legacy |= {"big-endian": big, "big-endian-all": partial(big, mrg_rxbuf=True, indirect=True, event_idx=True)}
    return {**modern, **legacy}
