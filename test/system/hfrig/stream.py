# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The far end of a stream, as a program: sends noise and receives what comes, at once, and prints both digests."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
import threading

PORT = 7
_PIECE = 1 << 20


def _send(sock: socket.socket, mib: int, digest) -> None:
    for _ in range(mib):
        piece = os.urandom(_PIECE)
        digest.update(piece)
        sock.sendall(piece)


def serve(mib: int) -> None:
    """Serve one connection. The other end closes first: the nc of busybox ends when its peer does."""
    sent, came, length = hashlib.sha256(), hashlib.sha256(), 0
    with socket.create_server(("", PORT)) as server:
        print("ready", flush=True)
        sock, _ = server.accept()
    sender = threading.Thread(target=_send, args=(sock, mib, sent))
    sender.start()
    while True:
        piece = sock.recv(_PIECE)
        if not piece:
            break
        came.update(piece)
        length += len(piece)
    sender.join()
    sock.close()
    print(json.dumps({"sent": sent.hexdigest(), "came": came.hexdigest(), "length": length}), flush=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
