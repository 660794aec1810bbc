# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""One program under test: its log file, its prompt, and its end, each with a time-out."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import weakref
from pathlib import Path

TAIL = 60


def prompt(name: str) -> str:
    """Pattern of rte_cmdline's prompt "name> ", which is written byte by byte, with a line of the log between any two."""
    ends = "|".join(name[at:] for at in range(1, len(name) + 1))
    return rf"{name}>|^(?:{ends})>"


class ProcessError(Exception):
    """A program ended, or did not say what was expected; the message has the end of its log."""


class Process:
    """A program in a process group of its own; all that it prints goes to one log file."""

    def __init__(self, name: str, argv: list[str], logdir: Path, env: dict[str, str] | None = None):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.log = logdir / f"{name}-{time.monotonic_ns()}.log"
        self.seen = 0       # how much of the log expect() has passed
        self.farewell = ""  # what it is told at its prompt to end; empty: SIGTERM
        with open(self.log, "wb") as out:
            out.write((" ".join(self.argv) + "\n").encode())
            out.flush()
            # A program that prints to a file keeps it in a buffer until that is full: stdbuf has it print lines.
            self.popen = subprocess.Popen(["stdbuf", "-oL"] + self.argv, stdin=subprocess.PIPE, stdout=out,
                                          stderr=subprocess.STDOUT, start_new_session=True,
                                          env={**os.environ, **(env or {})})

    @property
    def pid(self) -> int:
        """Of the program; also of its group."""
        return self.popen.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.popen.poll() is None

    def text(self) -> str:
        """All that it printed."""
        return self.log.read_text(errors="replace")

    def tail(self) -> str:
        """The end of what it printed, for a person."""
        lines = self.text().splitlines()[-TAIL:]
        return "\n".join([f"--- end of {self.log} ---"] + lines)

    def fail(self, why: str) -> ProcessError:
        """An exception with the log's end."""
        return ProcessError(f"{self.name}: {why}\n{self.tail()}")

    def check_sanitizers(self) -> None:
        """Raise if a sanitizer reported anything."""
        report = re.search(r"(ERROR: \w+Sanitizer|runtime error:).*", self.text())
        if report:
            raise self.fail(f"a sanitizer reported {report.group(0)}")

    def write(self, text: str) -> None:
        """Type a line at its prompt."""
        try:
            self.popen.stdin.write((text + "\n").encode())
            self.popen.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self.fail(f"ended with {self.popen.poll()}, could not be told '{text}'") from None

    def expect(self, pattern: str, timeout: float = 30.0, rewind: bool = False) -> re.Match:
        """Wait for a pattern in what was printed since the last match (or since the start)."""
        end = time.monotonic() + timeout
        while True:
            alive = self.alive      # asked before the log is read: then nothing can come after it
            text = self.text()
            match = re.compile(pattern, re.M).search(text, 0 if rewind else self.seen)
            if match:
                self.seen = match.end()
                return match
            if not alive:
                raise self.fail(f"ended with {self.popen.returncode} before it said /{pattern}/")
            if time.monotonic() > end:
                raise self.fail(f"did not say /{pattern}/ within {timeout} s")
            time.sleep(0.02)

    def command(self, text: str, pattern: str, timeout: float = 30.0) -> re.Match:
        """Type a line, and wait for a pattern in what comes after it."""
        self.seen = len(self.text())
        self.write(text)
        return self.expect(pattern, timeout)

    def _signal(self, number: int, group: bool) -> None:
        try:
            if group:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def kill(self) -> None:
        """End it as a crash would: SIGKILL, at once."""
        self._signal(signal.SIGKILL, True)
        self.popen.wait(20)

    def wait(self, timeout: float = 30.0) -> int:
        """Wait until it ends by itself; its exit status."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self.fail(f"did not end within {timeout} s") from None

    def end(self) -> None:
        """End it, gently if it lets us."""
        if self.alive:
            try:
                if self.farewell:
                    self.write(self.farewell)
                else:
                    self._signal(signal.SIGTERM, False)
                self.popen.wait(30)
            except (ProcessError, subprocess.TimeoutExpired):
                pass
        self._signal(signal.SIGKILL, True)
        self.popen.wait(20)
        if self.popen.stdin and not self.popen.stdin.closed:
            try:
                self.popen.stdin.close()
            except BrokenPipeError:
                pass


class Stage:
    """Everything that one test started; ended in reverse order."""

    opened: weakref.WeakSet[Stage] = weakref.WeakSet()

    def __init__(self, directory: Path):
        self.opened.add(self)
        self.dir = directory
        self.acts: list = []
        self.tag = f"hf{os.getpid()}-{time.monotonic_ns() % 10**8}"
        self.count = 0

    def prefix(self) -> str:
        """A file prefix for EAL that no other process has."""
        self.count += 1
        return f"{self.tag}-{self.count}"

    def run(self, name: str, argv: list[str], env: dict[str, str] | None = None) -> Process:
        """Start a program that ends with the test."""
        return self.keep(Process(name, argv, self.dir, env))

    def keep(self, act):
        """Have something ended (a process) or closed (anything else) with the test."""
        self.acts.append(act)
        return act

    def processes(self) -> list[Process]:
        """The programs, for their logs."""
        return [a for a in self.acts if isinstance(a, Process)]

    def close(self) -> None:
        """End everything."""
        while self.acts:
            act = self.acts.pop()
            if isinstance(act, Process):
                act.end()
            else:
                act.close()

    def finish(self) -> None:
        """End everything, and raise if a sanitizer reported anything."""
        processes = self.processes()
        self.close()
        for process in processes:
            process.check_sanitizers()

    def abandon(self) -> None:
        """End every program at once: they have sessions of their own, and would outlive the tests."""
        for process in self.processes():
            process.kill()


def abandon_all(*_) -> None:
    """Handler of SIGTERM, which comes when the tests took too long: no time is left for an orderly end."""
    for stage in list(Stage.opened):
        stage.abandon()
    os._exit(128 + signal.SIGTERM)
