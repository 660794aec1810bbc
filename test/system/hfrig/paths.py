# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Where the built programs are (meson tells by environment variables), and what this machine can do."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
DEPS = Path(os.environ.get("HF_DEPS", REPO / "build" / "deps"))
BUILD = Path(os.environ.get("HF_BUILD", REPO / "build" / "release"))

NICEMU = Path(os.environ.get("HF_NICEMU", BUILD / "app/nicemu/nicemu"))
_PLUGIN = Path(os.environ.get("HF_PMD", BUILD / "drivers/vdpa/holdfast/librte_vdpa_holdfast.so"))
VDPA_APP = Path(os.environ.get("HF_VDPA_APP", BUILD / "test/system/dpdk-vdpa"))
DATAPATH = os.environ.get("HF_DATAPATH", "")      # of devices whose test does not say; empty: the driver's default
NIC = os.environ.get("HF_NIC", "")    # as nicemu's --nic, where the test does not say; empty: a ConnectX-6 Dx
POLLED = DATAPATH == "poll" or NIC == "cx5"     # a ConnectX-5 has no virtqueues
SANITIZED = os.environ.get("HF_SANITIZE", "no") == "yes"     # with ASan and UBSan
THREAD_SANITIZED = os.environ.get("HF_SANITIZE", "no") == "thread"

QEMU_ROOT = DEPS / "qemu"
GUEST = DEPS / "guest"
FIRMWARE = DEPS / "firmware"
# dpdk-testpmd and dpdk-test are programs of Debian's; ip is in sbin, which not everybody has in the PATH.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


def why_no_guest() -> str:
    """Why QEMU guests cannot run here; empty if they can."""
    programs = [QEMU_ROOT / "usr/bin" / f"qemu-system-{machine}" for machine in ("x86_64", "ppc64")]
    if not all(path.exists() for path in [*programs, GUEST / "initramfs.gz"]):
        return f"no QEMU or guest kernel in {DEPS}: run devtools/setup"
    return ""


def why_no_netns() -> str:
    """Why network namespaces and tap devices cannot be made here; empty if they can."""
    if os.geteuid() != 0:
        return "network namespaces and tap devices need root"
    if not os.path.exists("/dev/net/tun"):
        return "this machine has no /dev/net/tun"
    if not shutil.which("ip"):
        return "no ip command: run devtools/setup"
    return ""


def why_no_boot_server() -> str:
    """Why no guest can boot from the network here; empty if it can."""
    if not shutil.which("dnsmasq") or not FIRMWARE.exists():
        return f"no dnsmasq, or no firmware in {DEPS}: run devtools/setup"
    return ""


def is_private(path: Path) -> bool:
    """Not below a directory that everybody may write: EAL refuses plugins there."""
    return not any(p.stat().st_mode & 0o002 for p in path.resolve().parents)


def _loadable(plugin: Path) -> Path:
    """The plugin where EAL takes it: itself, or for a checkout below /tmp a copy that goes with this process."""
    if not plugin.exists() or is_private(plugin):
        return plugin
    for place in (os.environ.get("XDG_RUNTIME_DIR"), str(Path.home()), "/run"):
        if place and os.access(place, os.W_OK) and is_private(Path(place) / plugin.name):
            copy = Path(tempfile.mkdtemp(prefix="holdfast-", dir=place)) / plugin.name
            atexit.register(shutil.rmtree, copy.parent, ignore_errors=True)
            return Path(shutil.copy2(plugin, copy))
    raise SystemExit(f"EAL refuses {plugin}, below a directory that everybody may write, and no private place was found")


PLUGIN = _loadable(_PLUGIN)
