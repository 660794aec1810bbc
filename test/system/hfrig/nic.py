# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""nicemu: the description of a NIC as options, and what the NIC itself says on its control socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import paths, tsan
from .process import Process, Stage


FLOWS = 7   # one for each kind of packet, in our driver and in DPDK's


GUEST_MR = 1 << 20      # bytes; guests have no less memory
QUEUES = ("virtq", "sq", "rq")


def sends(queue: dict) -> bool:
    """Is this object a queue from which the guest sends?"""
    return queue["object"] == "sq" or queue["object"] == "virtq" and queue["index"] % 2 == 1


def vf_bdf(index: int) -> str:
    """PCI address of the VF with that index, 0 is the first."""
    devfn = index + 2
    return f"0000:ca:{devfn >> 3:02x}.{devfn & 7}"


def vf_mac(index: int) -> str:
    """The MAC address that the VF with that index has unless told otherwise."""
    return f"0c:42:a1:0e:00:{index + 1:02x}"


def describe() -> str:
    """The default NIC as an INI file: each capability by its name, with its value."""
    return subprocess.run([str(paths.NICEMU), "describe"], check=True, capture_output=True, text=True).stdout


@dataclass
class NicConfig:
    """What the NIC is to be like."""

    vfs: int = 2
    queues: int = 0                                     # virtqueues of a function, 0: the default
    wire: str = "none"
    engines: int = 1
    caps: dict[str, int] = field(default_factory=dict)  # of all functions
    learn: bool = False
    options: list[str] = field(default_factory=list)    # more of nicemu run

    def argv(self) -> list[str]:
        """As options of nicemu run."""
        argv = ["--vfs", str(self.vfs), "--wire", self.wire, "--engines", str(self.engines)]
        argv += ["--queues", str(self.queues)] if self.queues else []
        argv += ["--learn"] if self.learn else []
        for name, value in self.caps.items():
            argv += ["--cap", f"{name}={value}"]
        argv += ["--nic", paths.NIC] if paths.NIC and "--nic" not in self.options else []
        return argv + self.options


class NicControl:
    """The control socket: the NIC's own tables."""

    def __init__(self, path: Path | str, process: Process | None = None):
        self.path = str(path)
        self.process = process

    def ask(self, line: str, timeout: float = 20.0) -> dict:
        """One request, one answer."""
        end = time.monotonic() + timeout
        while True:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(timeout)
            try:
                sock.connect(self.path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                sock.close()
                if time.monotonic() > end or (self.process and not self.process.alive):
                    raise TimeoutError(f"no NIC listens at {self.path}") from None
                time.sleep(0.05)
        with sock:
            sock.sendall((line + "\n").encode())
            data = b""
            while not data.endswith(b"\n"):
                part = sock.recv(65536)
                if not part:
                    break
                data += part
        answer = json.loads(data)
        if not answer.get("ok"):
            raise ValueError(f"nicemu: '{line}': {answer.get('error')}")
        return answer

    def function(self, bdf: str, what: str = "objects") -> dict:
        """What the NIC says of one function."""
        for func in self.ask(what)["functions"]:
            if func["bdf"] == bdf:
                return func
        raise KeyError(f"the NIC has no function {bdf}")

    def running(self, bdf: str) -> int:
        """How many queues of a function run: virtqueues, or the raw ones of poll mode."""
        return sum(o["object"] in QUEUES and o["state"] == "RDY" for o in self.function(bdf)["objects"])

    def serving(self, bdf: str) -> int:
        """How many queues of a function run and get what is theirs: receive queues need the steering, too."""
        func = self.function(bdf)
        steered = {ident for o in func["objects"] if o["object"] == "rqt" for ident in o.get("virtqs", o.get("rqs"))}
        if func["counts"]["flow"] < FLOWS:
            steered = set()
        return sum(o["object"] in QUEUES and o["state"] == "RDY" and (sends(o) or o["id"] in steered)
                   for o in func["objects"])

    def wait_serving(self, bdf: str, queues: int, timeout: float = 30.0) -> None:
        """Wait until so many virtqueues serve: the front end is not told when the driver has finished."""
        end = time.monotonic() + timeout
        while True:
            now = self.serving(bdf)
            if now >= queues:
                return
            if time.monotonic() > end:
                why = f"{now} of {queues} queues of {bdf} serve after {timeout} s"
                raise self.process.fail(why) if self.process else TimeoutError(why)
            time.sleep(0.02)

    def wait_idle(self, bdf: str, timeout: float = 30.0) -> None:
        """Wait until a function has no MR and runs no queue: the driver hears of a disconnect on its own thread."""
        end = time.monotonic() + timeout
        while self.kept(bdf) or self.running(bdf):
            if time.monotonic() > end:
                raise TimeoutError(f"{bdf} has {self.kept(bdf)} MRs and {self.running(bdf)} running queues "
                                   f"after {timeout} s")
            time.sleep(0.02)

    def registered(self, bdf: str) -> int:
        """How many MRs were ever registered with a function."""
        return self.function(bdf)["mr_registered"]

    def kept(self, bdf: str) -> int:
        """How many MRs of guests a function has now."""
        return sum(size >= GUEST_MR for size in self.sizes(bdf))

    def own(self, bdf: str) -> int:
        """How many MRs of the driver's own: poll mode registers a little memory for each queue that sends."""
        return sum(size < GUEST_MR for size in self.sizes(bdf))

    def sizes(self, bdf: str) -> list[int]:
        """Of all MRs that a function has."""
        return [o["len"] for o in self.function(bdf)["objects"] if o["object"] == "mkey" and o["mode"] == "MTT"]


def sanitizer_env() -> dict[str, str]:
    """Sanitizers come first of all that is preloaded, and their reports end the program."""
    if paths.THREAD_SANITIZED:
        # dpdk-vdpa cleans up in its signal handler.
        known = Path(__file__).with_name("tsan.supp")
        return {"TSAN_OPTIONS": f"exitcode={tsan.STATUS}:report_signal_unsafe=0:second_deadlock_stack=1:suppressions={known}"}
    if not paths.SANITIZED:
        return {}
    libs = [subprocess.run(["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True,
                           timeout=20).stdout.strip() for name in ("libasan.so", "libubsan.so")]
    return {"LD_PRELOAD": " ".join(str(Path(lib).resolve()) for lib in libs),
            "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:handle_abort=0",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}


class NicProcess(Process):
    """A program under 'nicemu run', which stays as its parent to clean up behind it."""

    def program(self) -> int:
        """Process id of the program itself."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == self.pid:
                return int(stat.parent.name)
        raise self.fail("has no program")

    def kill(self) -> None:
        """Have the program crash, and its parent clean up."""
        os.kill(self.program(), signal.SIGKILL)
        self.wait(20)


def run(stage: Stage, name: str, nic: NicConfig, argv: list[str]) -> tuple[Process, NicControl]:
    """Start a program on a NIC."""
    stage.count += 1
    ctl = stage.dir / f"c{stage.count}"
    process = stage.keep(NicProcess(name, [str(paths.NICEMU), "run", "-v", "--ctl", str(ctl), *nic.argv(), "--",
                                           *argv], stage.dir, sanitizer_env()))
    return process, NicControl(ctl, process)
