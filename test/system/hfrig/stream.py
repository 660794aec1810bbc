# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The far end of a stream, as a program: sends noise and receives what comes, at once, and prints both digests.

It may take its time for that: so many seconds at least, evenly, both ways.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
import threading
import time

PORT = 7
_PIECE = 1 << 16
_MIB = 1 << 20


class Pace:
    """So many bytes a second, at most; 0: as they come."""

    def __init__(self, rate: float):
        self.rate = rate
        self.start = time.monotonic()

    def wait(self, length: int) -> None:
        """Wait until so many are due."""
        if self.rate:
            time.sleep(max(0.0, self.start + length / self.rate - time.monotonic()))


def _send(sock: socket.socket, mib: int, seconds: float, digest) -> None:
    pace = Pace(mib * _MIB / seconds if seconds else 0)
    for sent in range(0, mib * _MIB, _PIECE):
        piece = os.urandom(_PIECE)
        digest.update(piece)
        pace.wait(sent)
        sock.sendall(piece)


def serve(mib: int, seconds: float) -> None:
    """Serve one connection. The other end closes first: the nc of busybox ends when its peer does."""
    sent, came, length = hashlib.sha256(), hashlib.sha256(), 0
    with socket.create_server(("", PORT)) as server:
        print("ready", flush=True)
        sock, _ = server.accept()
    sender = threading.Thread(target=_send, args=(sock, mib, seconds, sent))
    sender.start()
    pace = Pace(mib * _MIB / seconds if seconds else 0)
    while True:
        piece = sock.recv(_PIECE)
        if not piece:
            break
        came.update(piece)
        length += len(piece)
        pace.wait(length)
    sender.join()
    sock.close()
    print(json.dumps({"sent": sent.hexdigest(), "came": came.hexdigest(), "length": length}), flush=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]))
