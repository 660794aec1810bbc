#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The table of features, as the driver has it (drivers/vdpa/holdfast/vhost/hf_feature.c). The guide's is made of it.

usage: test/features.py     print it
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "drivers/vdpa/holdfast/vhost/hf_feature.c"

_ROW = re.compile(r"^\t(?:ROW\((\w+), (\w+), (\w+)\)|IF_CAP\((\w+), (\w+), (\w+)\)),$", re.M)
_SHORT = re.compile(r"^(VIRTIO_NET_F|VIRTIO_RING_F|VIRTIO_F|VHOST_USER_F|VHOST_F)_")
# Capabilities whose field of struct hf_devx_caps has another name than the firmware's.
CAPS = {"version_1": "virtio_version_1_0", "tso4": "tso_ipv4", "tso6": "tso_ipv6"}
POLL = {"CSUM": "with checksum offload", "LSO": "with segmentation of 64 KiB", "WANTED": "yes", "TAKEN": "yes"}
AUTO = {"TAKEN": "with ``poll_features=1``, and then poll mode serves", "WANTED": "yes, and then poll mode serves"}
BIT = {"CSUM": 0, "GUEST_CSUM": 1, "CTRL_GUEST_OFFLOADS": 2, "MTU": 3, "MAC": 5, "GSO": 6, "GUEST_TSO4": 7,
       "GUEST_TSO6": 8, "GUEST_ECN": 9, "GUEST_UFO": 10, "HOST_TSO4": 11, "HOST_TSO6": 12, "HOST_ECN": 13,
       "HOST_UFO": 14, "MRG_RXBUF": 15, "STATUS": 16, "CTRL_VQ": 17, "CTRL_RX": 18, "CTRL_VLAN": 19,
       "CTRL_RX_EXTRA": 20, "GUEST_ANNOUNCE": 21, "MQ": 22, "CTRL_MAC_ADDR": 23, "NOTIFY_ON_EMPTY": 24,
       "LOG_ALL": 26, "ANY_LAYOUT": 27, "INDIRECT_DESC": 28, "EVENT_IDX": 29, "PROTOCOL_FEATURES": 30,
       "VERSION_1": 32, "IOMMU_PLATFORM": 33, "RING_PACKED": 34, "IN_ORDER": 35, "ORDER_PLATFORM": 36,
       "SR_IOV": 37, "NOTF_COAL": 53, "HASH_REPORT": 57, "RSS": 60, "RSC_EXT": 61, "STANDBY": 62, "SPEED_DUPLEX": 63}


@dataclass(frozen=True)
class Row:
    """A feature: on which condition the NIC's virtqueues do it, and poll mode."""

    name: str       # without its prefix
    hw: str         # NEVER, ALWAYS, or the capability, by the firmware's name
    poll: str       # NEVER, ALWAYS, or of POLL

    @property
    def legacy(self) -> bool:
        """Is it one of the 32 that a legacy driver can see?"""
        return BIT[self.name] < 32

    def in_auto(self) -> str:
        """What "auto" offers on a NIC with virtqueues that do all they can."""
        if self.hw != "NEVER":
            return "yes" if self.hw == "ALWAYS" or self.name not in ("VERSION_1", "RING_PACKED") \
                else f"yes; poll mode serves it without ``{self.hw}``"
        return AUTO.get(self.poll, "–")


def read(path: Path = SOURCE) -> list[Row]:
    """All rows, in the file's order."""
    rows = []
    for a, hw, poll, b, cap, cap_poll in _ROW.findall(path.read_text(encoding="utf-8")):
        rows.append(Row(_SHORT.sub("", a or b), hw or CAPS.get(cap, cap), poll or cap_poll))
    return rows


def guide(path: Path = SOURCE) -> list[str]:
    """The table as lines of reStructuredText; what nothing does is in one row at the end."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 22 22 22 24 10", ""]
    lines += ["   * - feature"] + [f"     - {head}" for head in ("hardware", "poll mode", "offered by ``auto``",
                                                                 "legacy guests")]
    nothing = []
    for row in read(path):
        if row.hw == row.poll == "NEVER":
            nothing.append(row.name)
            continue
        hw = {"NEVER": "–", "ALWAYS": "yes"}.get(row.hw, f"capability ``{row.hw}``")
        poll = {"NEVER": "–", "ALWAYS": "yes"}.get(row.poll) or POLL[row.poll]
        lines += [f"   * - ``{row.name}``", f"     - {hw}", f"     - {poll}", f"     - {row.in_auto()}",
                  f"     - {'yes' if row.legacy else '–'}"]
    lines += ["   * - " + ", ".join(f"``{name}``" for name in nothing)] + ["     - –"] * 4
    return lines


if __name__ == "__main__":
    sys.stdout.write("\n".join(guide()) + "\n")
