# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""A virtual machine (QEMU without KVM): a serial line to give orders at, and a monitor."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass, field

from . import paths
from .process import Process, ProcessError, Stage

BOOT = 120.0


@dataclass
class Card:
    """A vhost-user network card of the machine."""

    sock: str
    mac: str = "52:54:00:12:34:56"
    pairs: int = 1
    options: str = ""       # more properties of virtio-net-pci
    rom: bool = False       # with the ROM that QEMU gives it, iPXE
    server: bool = False    # QEMU listens, the back end connects


@dataclass
class Config:
    """A machine with one card."""

    card: Card
    address: str = "10.9.0.2"       # of Linux
    boot: list[str] = field(default_factory=list)   # what it boots, as QEMU's options; none: Linux
    memory: int = 256       # MiB
    slots: bool = True      # memory can be plugged in
    file: str = ""          # that backs the memory; none: a memfd of its own
    power: bool = False     # an IBM POWER machine, big-endian, that boots its firmware, SLOF
    extra: list[str] = field(default_factory=list)


def linux(address: str) -> list[str]:
    """Options to boot the test guest."""
    return ["-kernel", str(paths.GUEST / "vmlinuz"), "-initrd", str(paths.GUEST / "initramfs.gz"), "-append",
            f"console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off random.trust_cpu=on hf.ip={address}"]


def argv(cfg: Config, sockets: str, incoming: bool = False) -> list[str]:
    """QEMU's command line; its serial line and monitor are sockets below that path."""
    root = paths.QEMU_ROOT
    mem = f"{cfg.memory}M,slots=2,maxmem={cfg.memory + 1024}M" if cfg.slots else f"{cfg.memory}M"
    card = f"virtio-net-pci,id=card,netdev=n0,mac={cfg.card.mac}" + ("" if cfg.card.rom else ",romfile=")
    netdev = "vhost-user,id=n0,chardev=c0"
    if cfg.card.pairs > 1:
        netdev += f",queues={cfg.card.pairs}"
        card += f",mq=on,vectors={2 * cfg.card.pairs + 2}"
    card += "".join(f",{option}" for option in cfg.card.options.split(",") if option)
    chardev = f"socket,id=c0,path={cfg.card.sock}" + (",server=on,wait=off" if cfg.card.server else "")
    backend = f"memory-backend-file,mem-path={cfg.file}" if cfg.file else "memory-backend-memfd"
    machine = ["-machine", "pseries,accel=tcg"] if cfg.power else [
        "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", str(cfg.card.pairs), *(cfg.boot or linux(cfg.address))]
    return [
        str(root / f"usr/bin/qemu-system-{'ppc64' if cfg.power else 'x86_64'}"), "-L", str(root / "usr/share/seabios"),
        "-L", str(root / "usr/share/qemu"), "-L", str(root / "usr/lib/ipxe/qemu"), *machine,
        "-m", mem, "-nodefaults", "-no-user-config", "-display", "none",
        "-object", f"{backend},id=mem0,size={cfg.memory}M,share=on",
        "-numa", "node,memdev=mem0", "-chardev", chardev, "-netdev", netdev, "-device", card,
        "-serial", f"unix:{sockets}.serial,server=on,wait=on",
        "-monitor", f"unix:{sockets}.monitor,server=on,wait=off",
        *(["-incoming", "defer"] if incoming else []), *cfg.extra]


class Line:
    """A serial line or monitor on a socket; what came in is kept."""

    def __init__(self, path: str, process: Process):
        self.process = process
        self.text = ""
        self.seen = 0
        end = time.monotonic() + 20
        while True:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self.sock.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                self.sock.close()
                if time.monotonic() > end or not process.alive:
                    raise process.fail(f"does not listen at {path}") from None
                time.sleep(0.05)
        self.sock.settimeout(0.1)

    def write(self, text: str) -> None:
        """Type a line."""
        self.seen = len(self.text)
        self.sock.sendall((text + "\n").encode())

    def expect(self, pattern: str, timeout: float = 30.0) -> re.Match:
        """Wait for a pattern in what came since the last match or the last line typed."""
        end = time.monotonic() + timeout
        while True:
            match = re.compile(pattern, re.M).search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            if time.monotonic() > end:
                raise ProcessError(f"{self.process.name}: no /{pattern}/ within {timeout} s in:\n"
                                   f"{self.text[-3000:]}\n{self.process.tail()}")
            try:
                data = self.sock.recv(65536)
                if not data:
                    raise self.process.fail(f"hung up before it said /{pattern}/\n{self.text[-3000:]}")
                self.text += data.decode(errors="replace").replace("\r", "")
            except TimeoutError:
                pass
            except ConnectionResetError:
                raise self.process.fail("reset its line") from None


class Machine:
    """A running machine, or one that waits for a guest to come in."""

    def __init__(self, stage: Stage, cfg: Config, incoming: bool = False):
        self.cfg = cfg
        sockets = self.sockets = f"{stage.dir}/vm{stage.count}"
        stage.count += 1
        root = paths.QEMU_ROOT
        env = {"LD_LIBRARY_PATH": f"{root}/usr/lib/x86_64-linux-gnu:{root}/lib/x86_64-linux-gnu",
               "QEMU_MODULE_DIR": f"{root}/usr/lib/x86_64-linux-gnu/qemu"}
        self.process = stage.run("qemu", argv(cfg, sockets, incoming), env)
        self.serial = Line(f"{sockets}.serial", self.process)
        self.monitor = Line(f"{sockets}.monitor", self.process)
        self.monitor.expect(r"\(qemu\) ")

    def wait_up(self) -> None:
        """Wait until the guest has its network device."""
        self.serial.expect(rf"HF: up {re.escape(self.cfg.address)}\n", BOOT)

    def order(self, what: str, pattern: str, timeout: float = 60.0) -> re.Match:
        """Give the guest an order; wait for its answer."""
        self.serial.write(what)
        return self.serial.expect(f"HF: {pattern}$\\n", timeout)

    def ping(self, address: str, count: int = 5) -> int:
        """Ping from the guest; how many answers came."""
        return int(self.order(f"ping {address} {count}", r"ping (\d+)").group(1))

    def command(self, text: str) -> str:
        """A command of the monitor; what it printed."""
        self.monitor.write(text)
        return self.monitor.expect(r"([\s\S]*)\(qemu\) ").group(1)

    def negotiated(self) -> set[str]:
        """Names of the features that the card's driver took, as QEMU says."""
        said = self.command("info virtio-status /machine/peripheral/card/virtio-backend")
        taken = said[said.index("Guest features:"):said.index("Host features:")]
        return set(re.findall(r"VIRTIO_\w+", taken))

    def reboot(self) -> None:
        """reboot -f in the guest."""
        self.order("reboot", "rebooting")
        self.wait_up()

    def reset(self) -> None:
        """system_reset in the monitor."""
        self.serial.seen = len(self.serial.text)
        self.command("system_reset")
        self.wait_up()

    def plug_memory(self, size: int, name: str = "m1") -> None:
        """Plug in a module of so many MiB, and have the guest use it."""
        self.command(f"object_add memory-backend-memfd,id={name},size={size}M,share=on")
        self.command(f"device_add pc-dimm,id=d{name},memdev={name}")

    def migrate(self, to: Machine) -> None:
        """Have the guest move, as it runs, to a machine that waits for it."""
        to.command(f"migrate_incoming unix:{to.sockets}.incoming")
        self.command(f"migrate -d unix:{to.sockets}.incoming")
        end = time.monotonic() + 60
        while "status: completed" not in (said := self.command("info migrate")):
            if "status: failed" in said or time.monotonic() > end:
                raise self.process.fail(f"does not migrate: {said}\n{to.process.tail()}")
            time.sleep(0.1)
