# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Debian's dpdk-testpmd: a guest (virtio-user), or a software back end (vhost)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .process import Process, Stage, prompt

PROMPT = prompt("testpmd")


@dataclass
class GuestConfig:
    """A guest: its device, and where its packets come from and go to."""

    sock: str
    mac: str = "52:54:00:00:00:01"
    queues: int = 1
    packed: bool = False
    server: bool = False            # listen at sock, wait for the back end to connect
    options: str = ""               # more devargs of virtio-user
    rx_pcap: str = ""               # sends what is in this file; %q is the queue's number
    tx_pcap: str = ""               # stores what it receives in this file; likewise
    second: str = ""                # devargs of a second port, instead of one on those files
    forward: str = "io"
    size: int = 256                 # of a ring
    extra: list[str] = field(default_factory=list)

    def mbufs(self) -> int:
        """Buffers for all rings, full both ways, and some to move."""
        return max(8192, 2 * self.size * self.queues + 4096)

    def memory(self) -> int:
        """MiB that those, and testpmd itself, need."""
        return 64 + self.mbufs() * 3 // 1024

    def device(self) -> str:
        """Devargs of virtio-user."""
        args = [f"net_virtio_user0,path={self.sock},queues={self.queues},mac={self.mac},queue_size={self.size}"]
        args += ["packed_vq=1"] if self.packed else []
        args += ["server=1"] if self.server else []
        args += [self.options] if self.options else []
        return ",".join(args)


class Testpmd:
    """A running testpmd with its prompt."""

    def __init__(self, process: Process):
        self.process = process
        process.expect(PROMPT, 60)

    def do(self, command: str, pattern: str = PROMPT, timeout: float = 30.0) -> re.Match:
        """Type a command, wait for a pattern."""
        return self.process.command(command, pattern, timeout)

    def start(self, how: str = "") -> None:
        """Start forwarding."""
        self.do(f"start {how}".strip())

    def stop(self) -> None:
        """Stop forwarding."""
        self.do("stop", r"Done\.|not started")

    def stats(self, port: int) -> dict[str, int]:
        """A port's statistics, by testpmd's names: RX-packets, TX-packets, RX-missed, ..."""
        self.do(f"show port stats {port}", r"NIC statistics for port")
        at = self.process.seen
        self.process.expect(r"^ *#+$")
        return {k: int(v) for k, v in re.findall(r"([A-Za-z-]+): +(\d+)", self.process.text()[at:self.process.seen])}

    def rates(self, port: int) -> tuple[int, int]:
        """Packets per second (received, sent) since the last call."""
        self.do(f"show port stats {port}", r"Rx-pps: +(\d+)")
        at = self.process.text().rfind("Rx-pps")
        text = self.process.expect(r"Tx-pps: +(\d+)").group(1)
        return int(re.search(r"Rx-pps: +(\d+)", self.process.text()[at:]).group(1)), int(text)

    def quit(self) -> None:
        """Leave by the prompt."""
        self.process.write("quit")
        self.process.wait(30)


def _eal(stage: Stage, memory: int, lcores: str) -> list[str]:
    # All cores of a test are one CPU's threads: what the scheduler gives, not what the core list says.
    return ["dpdk-testpmd", "--lcores", lcores, "--no-pci", "--no-huge", "-m", str(memory), "--no-telemetry",
            "--no-shconf", f"--file-prefix={stage.prefix()}"]


def guest(stage: Stage, cfg: GuestConfig, cpu: str = "0-1") -> Testpmd:
    """Start a guest; it has a second port on capture files if there are any."""
    argv = _eal(stage, cfg.memory(), f"0@({cpu}),1@({cpu})") + [f"--vdev={cfg.device()}"]
    if cfg.rx_pcap or cfg.tx_pcap:
        files = [f"rx_pcap={cfg.rx_pcap.replace('%q', str(i))}" for i in range(cfg.queues) if cfg.rx_pcap]
        files += [f"tx_pcap={cfg.tx_pcap.replace('%q', str(i))}" for i in range(cfg.queues) if cfg.tx_pcap]
        argv.append("--vdev=net_pcap0," + ",".join(files))
    if cfg.second:
        argv.append(f"--vdev={cfg.second}")
    argv += ["--", "-i", "--nb-cores=1", f"--rxq={cfg.queues}", f"--txq={cfg.queues}", f"--rxd={cfg.size}",
             f"--txd={cfg.size}", f"--total-num-mbufs={cfg.mbufs()}", f"--forward-mode={cfg.forward}",
             "--no-flush-rx"] + cfg.extra
    return Testpmd(stage.run("guest", argv))


def vhost(stage: Stage, sock: str, queues: int = 1, start: bool = True) -> Testpmd:
    """DPDK's software vhost, which sends back what it receives, on the same queue pair."""
    argv = _eal(stage, 128, "0@(0-1),1@(0-1)")
    argv += [f"--vdev=net_vhost0,iface={sock},queues={queues}", "--", "-i", "--nb-cores=1", f"--rxq={queues}",
             f"--txq={queues}", "--port-topology=loop", "--total-num-mbufs=8192"]
    pmd = Testpmd(stage.run("vhost", argv))
    if start:
        pmd.start()
    return pmd


class Bridge(Testpmd):
    """testpmd that forwards between two ports; how many frames each stretch of forwarding dropped."""

    def __init__(self, process: Process):
        super().__init__(process)
        self.dropped: list[int] = []

    def stop(self) -> None:
        """Stop forwarding, and take down what was dropped."""
        at = len(self.process.text())
        super().stop()
        said = self.process.text()[at:]
        total = said[said.find("Accumulated forward statistics"):]
        self.dropped.append(sum(int(n) for n in re.findall(r"[RT]X-dropped: (\d+)", total)))


def bridge(stage: Stage, socks: tuple[str, str], main_cpu: int, cpu: int) -> Bridge:
    """DPDK's software vhost, which forwards between two guests' ports on a CPU of its own."""
    argv = _eal(stage, 256, f"0@{main_cpu},1@{cpu}")
    argv += [f"--vdev=net_vhost{i},iface={sock},queues=1" for i, sock in enumerate(socks)]
    argv += ["--", "-i", "--nb-cores=1", "--rxq=1", "--txq=1", "--forward-mode=io", "--total-num-mbufs=16384"]
    return Bridge(stage.run("vhost", argv))
