# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A client of DPDK's telemetry socket."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
from pathlib import Path


class Telemetry:
    """One connection; the protocol is a packet each way."""

    def __init__(self, path: Path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(20)
        self.sock.connect(str(path))
        self.limit = json.loads(self.sock.recv(1024))["max_output_len"]

    def ask(self, command: str, params: str = ""):
        """What a command answers; None if it failed."""
        self.sock.sendall((f"{command},{params}" if params else command).encode())
        return json.loads(self.sock.recv(self.limit))[command]

    def close(self) -> None:
        """Hang up."""
        self.sock.close()


@contextlib.contextmanager
def runtime():
    """What starts inside the block has its sockets below the directory, which goes with the block: connect inside, too."""
    with tempfile.TemporaryDirectory(prefix="hf") as directory:
        os.environ["RUNTIME_DIRECTORY"] = directory
        try:
            yield Path(directory)
        finally:
            del os.environ["RUNTIME_DIRECTORY"]


def connect(directory: Path) -> Telemetry:
    """To the one program that started so."""
    return Telemetry(next(directory.rglob("dpdk_telemetry.v2")))
