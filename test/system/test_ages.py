# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Drivers of every age, none of them ours: each gets an address by DHCP and a file by TFTP, and the file is whole."""

import itertools
import re
from pathlib import Path

import pytest
from bench import HOST, Site
from hfrig import nic, paths, qemu, testpmd
from hfrig.bootserver import NOISE, BootServer
from hfrig.datapaths import AUTO, HW, POLL, RINGS, cases
from hfrig.netns import Namespace

AGES = {"modern": "disable-legacy=on", "transitional": "", "legacy": "disable-modern=on"}
ROWS = list(itertools.product((HW, POLL), AGES))
VERSION_1 = "VIRTIO_F_VERSION_1"
MAC = nic.vf_mac(0)


class Office(Site):
    """A site whose host hands out addresses and files, and a machine on the first VF once it is booted."""

    def __init__(self, stage, path, boots=""):
        why = paths.why_no_boot_server()
        if why:
            pytest.skip(why)
        super().__init__(stage, path, vfs=1)
        self.server = BootServer(stage, self.net, HOST, boots)
        self.file = Path(stage.dir) / "memory"
        self.vm: qemu.Machine | None = None

    def boot(self, age: str, boot=(), rom=False, options="", memory=128, power=False) -> qemu.Machine:
        """Start the machine."""
        card = qemu.Card(self.socks[0], MAC, options=f"{AGES[age]},{options}", rom=rom)
        self.vm = qemu.Machine(self.stage, qemu.Config(card, "", list(boot), memory, slots=False, file=str(self.file),
                                                       power=power))
        return self.vm

    def check_age(self, modern: bool) -> None:
        """The guest's driver, the library and the NIC agree on what was negotiated, and the datapath is that asked for."""
        self.check_datapath(0, self.path.serves)
        if self.vm:
            assert (VERSION_1 in self.vm.negotiated()) == modern
        taken = re.findall(r"negotiated Virtio features: (0x[0-9a-f]+)", self.app.process.text())[-1]
        assert bool(int(taken, 16) >> 32 & 1) == modern, taken
        if self.path.serves == "hw":
            queues = [o for o in self.app.nic.function(nic.vf_bdf(0))["objects"] if o["object"] == "virtq"]
            assert queues and all(o["version_1_0"] == modern for o in queues), queues

    def check_noise(self, address: str) -> None:
        """The noise was sent, and came to the VF."""
        self.server.sent(address, NOISE)
        assert self.passed(0)[0] > len(self.server.noise)

    def check_memory(self) -> None:
        """The noise is in the guest's memory, in one piece."""
        assert self.server.noise in self.file.read_bytes(), "what the guest has of the noise is not the noise"


@pytest.mark.parametrize("path, age", cases([(HW, "legacy"), (POLL, "legacy")], ROWS))
def test_linux(stage, path, age):
    """Linux, whose driver is legacy only where the device is."""
    site = Office(stage, path)
    vm = site.boot(age)
    vm.wait_up()
    address = vm.order("dhcp", r"dhcp (\S+)").group(1)
    assert address == site.server.lease(MAC)
    assert vm.ping(HOST, 5) == 5
    assert vm.order(f"fetch {HOST} {NOISE}", r"fetch (\w+)").group(1) == site.server.digest
    site.check_noise(address)
    site.check_age(age != "legacy")


IPXE = """#!ipxe
imgfetch tftp://${next-server}/noise || goto end
echo HF: fetched
:end
shell
"""


@pytest.mark.parametrize("path, age", cases([(HW, "modern"), (POLL, "legacy")], ROWS))
def test_ipxe(stage, path, age):
    """iPXE of QEMU's ROM, under SeaBIOS: it polls, merges nothing and has no interrupt."""
    site = Office(stage, path, boots="boot.ipxe")
    site.server.put("boot.ipxe", IPXE)
    vm = site.boot(age, ["-machine", "graphics=off"], rom=True, options="bootindex=0")
    vm.serial.expect("HF: fetched", 60)
    site.check_noise(site.server.lease(MAC))
    site.check_memory()
    site.check_age(age != "legacy")


@pytest.mark.parametrize("path, age", cases([(HW, "legacy"), (POLL, "legacy")], ROWS))
def test_u_boot(stage, path, age):
    """U-Boot, whose driver is legacy where the device can be."""
    site = Office(stage, path)
    # Slot 5: what is in slot 1 it takes for a chip set's.
    vm = site.boot(age, ["-bios", str(paths.FIRMWARE / "u-boot.rom")], options="addr=5")
    vm.serial.expect("Hit any key", 60)
    vm.serial.write("")
    vm.serial.expect("=> ")

    def do(command, pattern, timeout=30.0):
        vm.serial.write(command)
        vm.serial.expect(pattern, timeout)
        vm.serial.expect("^=> ")

    # Its legacy driver does not read the card's MAC address as it is.
    do(f"setenv ethaddr {MAC}", "")
    do("setenv autoload no; virtio scan; dhcp", r"bound to address (\S+)")
    address = site.server.lease(MAC)
    do(f"tftpboot 0x1000000 {HOST}:{NOISE}", rf"Bytes transferred = {len(site.server.noise)} ", 60)
    site.check_noise(address)
    site.check_memory()
    site.check_age(age == "modern")


GRUB = f"""insmod gcry_sha256
insmod hashsum
hashsum --hash sha256 (tftp)/{NOISE}
"""


@pytest.mark.parametrize("path, age", cases([], ROWS))
def test_ovmf(stage, path, age):
    """VirtioNetDxe of EDK2 gets GRUB by PXE, and GRUB the noise through it. It is legacy where the device can be."""
    site = Office(stage, path, boots="grub.efi")
    modules = paths.FIRMWARE / "x86_64-efi"
    site.server.put("grub.efi", (modules / "monolithic/grubnetx64.efi").read_bytes())
    site.server.put("grub/grub.cfg", GRUB)
    for name in ("gcry_sha256.mod", "hashsum.mod"):
        site.server.put(f"grub/x86_64-efi/{name}", (modules / name).read_bytes())
    vm = site.boot(age, ["-bios", str(paths.FIRMWARE / "OVMF.fd")], options="bootindex=0", memory=256)
    assert vm.serial.expect(r"([0-9a-f]{64})  \(tftp\)", 180).group(1) == site.server.digest
    site.check_noise(site.server.lease(MAC))
    site.check_age(age == "modern")


@pytest.mark.parametrize("path, ring", cases([(POLL, "split")], list(itertools.product((HW, POLL), RINGS))))
def test_virtio_user(stage, path, ring):
    """DPDK's virtio-user under the IP stack of a namespace. It is modern: of a legacy device it never sends features."""
    site = Office(stage, path)
    stack = stage.keep(Namespace(f"{stage.tag}u"))
    guest = testpmd.guest(stage, testpmd.GuestConfig(
        site.socks[0], MAC, packed=ring == "packed", second=f"net_tap0,iface={stack.tap},mac={MAC}"))
    stack.adopt()
    site.app.nic.wait_serving(nic.vf_bdf(0), 2)
    guest.start()
    stack.run("busybox", "udhcpc", "-i", stack.tap, "-n", "-q", "-s", str(paths.REPO / "test/system/guest/udhcpc"))
    address = site.server.lease(MAC)
    assert stack.ping(HOST, 5) == 5
    got = stage.dir / "got"
    stack.run("busybox", "tftp", "-g", "-b", "1428", "-l", str(got), "-r", NOISE, HOST)
    assert got.read_bytes() == site.server.noise
    site.check_noise(address)
    site.check_age(True)


@pytest.mark.parametrize("path, age", cases([(POLL, "legacy")], list(itertools.product((POLL, AUTO), AGES))))
def test_slof(stage, path, age):
    """SLOF, the firmware of a POWER machine, which is big-endian: so are a legacy card's rings and headers."""
    site = Office(stage, path, boots=NOISE)
    vm = site.boot(age, options="bootindex=0", memory=256, power=True)
    vm.serial.expect(rf"TFTP: Received {NOISE} ", 120)
    site.check_noise(site.server.lease(MAC))
    site.check_memory()
    rings = set(re.findall(r"ring \d runs: size \d+ ([^,]+(?:, big-endian)?),", site.app.process.text()))
    assert rings == {"split, big-endian" if age == "legacy" else "split"}
    assert re.findall(rf"{nic.vf_bdf(0)}: datapath (\w+): ", site.app.process.text())[0] == (
        "poll" if age == "legacy" else path.serves)


@pytest.mark.parametrize("path", cases([], [(HW,)]))
def test_slof_without_poll_mode(stage, path):
    """The NIC's virtqueues do not serve it: QEMU is not offered what it needs for such a guest, and says so."""
    site = Office(stage, path, boots=NOISE)
    vm = site.boot("legacy", options="bootindex=0", memory=256, power=True)
    vm.serial.expect("Initializing NIC", 120)
    vm.process.expect("unable to start vhost net")
    assert " runs: size" not in site.app.process.text()
