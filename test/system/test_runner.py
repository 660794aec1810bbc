# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""nicemu run: what it tells of its command at the end, and what it leaves when it is killed."""

import ctypes.util
import os
import signal
import subprocess
import sys
import time

import pytest
from hfrig import paths
from hfrig.nic import sanitizer_env

# Opens the first device, makes a protection domain, closes the device if told so, and exits.
FORGETFUL = """
import ctypes, sys
lib = ctypes.CDLL(sys.argv[1])
for name in ("ibv_get_device_list", "ibv_open_device", "ibv_alloc_pd"):
    getattr(lib, name).restype = ctypes.c_void_p
lib.ibv_get_device_list.restype = ctypes.POINTER(ctypes.c_void_p)
ctx = ctypes.c_void_p(lib.ibv_open_device(ctypes.c_void_p(lib.ibv_get_device_list(None)[0])))
pd = ctypes.c_void_p(lib.ibv_alloc_pd(ctx))
if "dealloc" in sys.argv:
    assert lib.ibv_dealloc_pd(pd) == 0
if "close" in sys.argv:
    lib.ibv_close_device(ctx)
"""


def forget(*what: str) -> subprocess.CompletedProcess:
    """Run that program on a NIC that tells what is left."""
    return subprocess.run([paths.NICEMU, "run", "--vfs", "0", "--leaks", "--objects-at-exit", "--", sys.executable, "-c",
                           FORGETFUL, ctypes.util.find_library("ibverbs"), *what], timeout=60, capture_output=True,
                          text=True, check=False, env={**os.environ, **sanitizer_env()})


def test_nothing_left():
    """A program that cleans up has its own exit status, and leaves the null key."""
    done = forget("dealloc", "close")
    assert done.returncode == 0, done.stderr
    assert "left behind" not in done.stderr
    assert "  counts: mkey=1\n" in done.stderr


def test_left_in_closed_device():
    """What it forgot is named, and the kernel has cleaned it up."""
    done = forget("close")
    assert done.returncode == 3, done.stderr
    assert "mlx5_0: left behind when the device was closed: pd 0x100 (1)\n" in done.stderr
    assert "  counts: mkey=1\n" in done.stderr


def test_left_at_exit():
    """A device that is open when its program exits."""
    done = forget()
    assert done.returncode == 3, done.stderr
    assert "mlx5_0: left behind at exit: pd 0x100" in done.stderr
    assert " pd=1 " in done.stderr


def alive(pid: int) -> bool:
    """Whether a process runs: one that nobody waits for does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def descendants(directory) -> list[int]:
    """Processes that have this directory in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as env:
                if os.fsencode(f"TMPDIR={directory}") in env.read() and alive(int(pid)):
                    found.append(int(pid))
        except OSError:
            pass
    return found


@pytest.mark.parametrize("delay", [0, 0.002, 0.004, 0.008, 0.016, 0.3])
def test_runner_killed(tmp_path, delay):
    """A runner that is killed, whenever that is, leaves neither its command nor its files."""
    runner = subprocess.Popen([paths.NICEMU, "run", "--", "sleep", "1000"], env={
        **os.environ, **sanitizer_env(), "TMPDIR": str(tmp_path)})
    time.sleep(delay)
    runner.send_signal(signal.SIGKILL)
    runner.wait(20)
    end = time.monotonic() + 20
    while descendants(tmp_path) or os.listdir(tmp_path):
        assert time.monotonic() < end, f"left: {descendants(tmp_path)}, {os.listdir(tmp_path)}"
        time.sleep(0.02)
