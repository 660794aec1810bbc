# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The application of the public interface (test/api), on an emulated NIC."""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path

from . import nic, paths
from .process import Stage
from .vdpa import VdpaConfig, vf_argument

ASID_GUEST, ASID_HOST = 0, 1
POLICIES = ["reset", "connection", "memory"]
POLICY_MR, POLICY_GRACE, POLICY_HELD_MAX, POLICY_PINNED_MAX = 1, 2, 4, 8
F_IOTLB_ASID, F_ENABLE_AFTER_DRIVER_OK, F_IOTLB_PERSIST = 1 << 3, 1 << 6, 1 << 8
RESET_CLEAN_MAP = 1
EVERYTHING = 2 ** 64 - 1


@cache
def installed(root: Path) -> Path:
    """What 'meson install' makes of the build, in a directory that goes with the test."""
    subprocess.run(["meson", "install", "-C", str(paths.BUILD), "--no-rebuild", "--destdir", str(root)], check=True,
                   capture_output=True, timeout=120)
    return root


def compile_app(root: Path) -> Path:
    """The application, compiled as a user does it: against the installed header and library, by pkg-config."""
    pc = next(installed(root).rglob("libholdfast.pc"))
    env = {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": ""}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libdpdk"], check=True, capture_output=True, text=True,
                           env=env, timeout=30).stdout.split()
    header = next(root.rglob("rte_pmd_holdfast.h"))
    library = next(root.rglob("librte_vdpa_holdfast.so"))
    sources = sorted((paths.REPO / "test/api").glob("*.c"))
    app = root / "api_app"
    sanitize = ["-fsanitize=address,undefined"] if paths.SANITIZED else []
    subprocess.run(["cc", "-O1", "-g", "-Wall", "-Werror", "-o", str(app), *map(str, sources), f"-I{header.parent}",
                    f"-L{library.parent}", "-lrte_vdpa_holdfast", f"-Wl,-rpath,{library.parent}", *sanitize, *flags],
                   check=True, timeout=120)
    return app


def argv(app: Path, stage: Stage, cfg: VdpaConfig) -> list[str]:
    """The application's command line; it is linked to the driver, so no plugin is named."""
    line = [str(app), "--lcores", cfg.lcores, "--no-huge", "-m", str(cfg.memory), "--no-shconf",
            f"--file-prefix={stage.prefix()}", "--log-level=pmd.vdpa.holdfast:info", *cfg.eal]
    if "--telemetry" not in cfg.eal:
        line.append("--no-telemetry")
    for index in range(cfg.nic.vfs):
        line += ["-a", vf_argument(cfg, index)]
    return line


class Api:
    """The running application."""

    def __init__(self, stage: Stage, app: Path, cfg: VdpaConfig | None = None):
        self.cfg = cfg or VdpaConfig()
        self.stage = stage
        self.process, self.nic = nic.run(stage, "api", self.cfg.nic, argv(app, stage, self.cfg))
        self.process.expect(r"^api_app: ready$", 60)

    def do(self, command: str, vf: int, *args, timeout: float = 60.0) -> dict:
        """One command for a VF, and what it answers."""
        line = " ".join([command, nic.vf_bdf(vf), *map(str, args)])
        return json.loads(self.process.command(line, r"^(\{.*\})$", timeout).group(1))

    def create(self, vf: int) -> str:
        """Bind a VF to a socket; the socket's path."""
        sock = f"{self.stage.dir}/v{vf}"
        answer = self.do("create", vf, sock)
        assert answer["ret"] == 0, answer
        return sock

    def devices(self) -> list[str]:
        """For those who ask whether it lives."""
        return [nic.vf_bdf(vf) for vf in range(self.cfg.nic.vfs) if self.do("caps", vf)["ret"] == 0]

    def said(self, pattern: str) -> list[str]:
        """Lines of its log that match."""
        return re.findall(f"^.*{pattern}.*$", self.process.text(), re.M)
