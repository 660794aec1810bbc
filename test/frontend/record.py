#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Record what front ends say, for test_messages.py: a proxy between them and the driver on an emulated NIC.

    record.py DIRECTORY [NAME ...]      writes DIRECTORY/NAME.json; names are those of RECORDINGS below

Environment as for the tests (HF_BUILD). A recording changes when a front end does, or the driver's offer.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "system"))

from hfrig import nic, qemu, testpmd, vdpa  # noqa: E402  (needs the paths above)
from hfrig.process import Stage  # noqa: E402
from hfvhost import proto  # noqa: E402
from hfvhost.channel import Channel, Closed  # noqa: E402
from hfvhost.net import DEFAULT_FEATURES, DEFAULT_PROTOCOL, NetDevice, Shape  # noqa: E402
from hfvhost.proto import Feature, Protocol, Request  # noqa: E402
from hfvhost.session import Step, save, thing  # noqa: E402

QUEUES = 4      # of a VF: what is recorded is played to such a one


class Proxy:
    """Listens for one front end, and passes on what it and the back end say."""

    def __init__(self, path: str, target: str):
        self.steps: list[Step] = []
        self.known: dict[tuple[int, int], int] = {}
        self.target = target
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Until the front end hangs up."""
        front = Channel(self.listener.accept()[0], 3600)
        back = Channel.connect(self.target, 3600)
        threading.Thread(target=self.answers, args=(back, front), daemon=True).start()
        try:
            while True:
                msg = front.receive()
                self.steps.append(Step(msg.request, msg.payload, tuple(thing(fd, self.known) for fd in msg.fds), msg.flags))
                back.send(msg.request, msg.payload, msg.fds, msg.flags)
                for fd in msg.fds:
                    os.close(fd)
        except Closed:
            back.sock.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def answers(back: Channel, front: Channel) -> None:
        """What the back end says."""
        try:
            while True:
                msg = back.receive()
                front.send(msg.request, msg.payload, msg.fds, msg.flags)
        except (Closed, OSError):
            return

    def stop(self) -> list[Step]:
        """What was said, once the front end has gone."""
        self.thread.join(60)
        self.listener.close()
        return self.steps


def virtio_user(stage: Stage, path: str, **config) -> None:
    """testpmd: two queue pairs, stopped, changed and started again."""
    guest = testpmd.guest(stage, testpmd.GuestConfig(path, queues=2, **config))
    guest.start()
    guest.stop()
    for order in ("port stop 0", "port config 0 rx_offload tcp_cksum on", "port start 0"):
        guest.do(order)
    guest.quit()


def machine(stage: Stage, path: str, **card) -> None:
    """QEMU: a boot, a reset, and the end."""
    vm = qemu.Machine(stage, qemu.Config(qemu.Card(path, mac=nic.vf_mac(0), **card), "10.9.0.2"))
    vm.wait_up()
    vm.reset()
    vm.process.end()


def power(stage: Stage, path: str, **card) -> None:
    """QEMU as a POWER machine, whose firmware is big-endian: it starts the card, is reset, and starts it again."""
    vm = qemu.Machine(stage, qemu.Config(qemu.Card(path, mac=nic.vf_mac(0), **card), slots=False, power=True))
    for turn in range(2):
        if turn:
            vm.command("system_reset")
        vm.serial.expect("Requesting information via DHCP", 120)
    vm.process.end()


def scripted(_: Stage, path: str, **shape) -> None:
    """Our own front end: a start, frames' buffers, all that may be asked, a stop, a start with a new table, RESET_OWNER."""
    dev = NetDevice(path, None, Shape(**shape))
    dev.start()
    dev.get_status()
    dev.channel.ask(Request.GET_QUEUE_NUM)
    dev.read_config()
    dev.set_call(0)
    dev.enable(1, False)
    dev.enable(1)
    if dev.features & Feature.LOG_ALL:
        log = os.memfd_create("log")
        os.ftruncate(log, 4096)
        dev.channel.send(Request.SET_LOG_BASE, proto.U64.pack(4096) + proto.U64.pack(0), [log])
        dev.channel.receive()
    dev.channel.tell(Request.NET_SET_MTU, proto.U64.pack(1500))
    dev.channel.tell(Request.SEND_RARP, proto.U64.pack(0x0123456789AB))
    dev.stop()
    dev.mem.add(1 << 30, 2 << 20)
    dev.start()
    dev.channel.tell(Request.RESET_OWNER)
    dev.queues = []
    dev.start()
    dev.stop(status_first=True)
    dev.close()


MORE = int(DEFAULT_PROTOCOL | Protocol.CONFIG | Protocol.NET_MTU | Protocol.RARP | Protocol.LOG_SHMFD)
RECORDINGS = {
    "virtio-user": (virtio_user, {}),
    "virtio-user-packed": (virtio_user, {"packed": True}),
    "qemu": (machine, {}),
    "qemu-legacy": (machine, {"options": ",disable-modern=on,disable-legacy=off"}),
    "qemu-big-endian": (power, {"options": "disable-modern=on,bootindex=0"}),
    "scripted": (scripted, {"pairs": 2, "protocol": MORE}),
    "scripted-packed": (scripted, {"packed": True, "protocol": MORE, "features": int(DEFAULT_FEATURES | Feature.LOG_ALL)}),
    "scripted-old": (scripted, {"features": int(Feature.INDIRECT_DESC), "protocol": 0}),
    "scripted-big-endian": (scripted, {"legacy": True, "big_endian": True, "mrg_rxbuf": True, "protocol": MORE}),
}


def record(name: str) -> list[Step]:
    """One of them."""
    how, options = RECORDINGS[name]
    with tempfile.TemporaryDirectory() as directory:
        stage = Stage(Path(directory))
        try:
            app = vdpa.Vdpa(stage, vdpa.VdpaConfig(nic=nic.NicConfig(vfs=1, queues=QUEUES)))
            proxy = Proxy(f"{directory}/front", app.create(0))
            how(stage, f"{directory}/front", **options)
            return proxy.stop()
        finally:
            stage.close()


def main() -> None:
    """See above."""
    directory = Path(sys.argv[1])
    for name in sys.argv[2:] or RECORDINGS:
        steps = record(name)
        save(directory / f"{name}.json", steps)
        print(f"{name}: {len(steps)} messages")


if __name__ == "__main__":
    main()
