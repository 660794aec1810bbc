# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Drivers of every age, none of them ours: each gets an address by DHCP and a file by TFTP, and the file is whole."""

import itertools
import re

import pytest
from bench import HOST
from hfrig import nic, paths, qemu, testpmd
from hfrig.bootserver import NOISE
from hfrig.datapaths import AUTO, HW, POLL, RINGS, cases
from hfrig.netns import Namespace
from office import AGES, MAC, Office, UBoot

ROWS = list(itertools.product((HW, POLL), AGES))
OFFLOAD, GUEST_ANNOUNCE, ANY_LAYOUT = 0x1803, 1 << 21, 1 << 27
MRG_RXBUF, INDIRECT_DESC, EVENT_IDX, RING_PACKED, IN_ORDER = 1 << 15, 1 << 28, 1 << 29, 1 << 34, 1 << 35


def linux_takes(path, age: str) -> int:
    """Features that Linux takes of the back end besides VERSION_1: all that it knows."""
    return (OFFLOAD | GUEST_ANNOUNCE | (ANY_LAYOUT if age == "legacy" else 0)
            | (MRG_RXBUF | INDIRECT_DESC | EVENT_IDX if path.serves == "poll" else 0))


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
    site.check_age(age != "legacy", linux_takes(path, age))


IPXE = """#!ipxe
imgfetch tftp://${next-server}/noise || goto end
echo HF: fetched
:end
shell
"""


@pytest.mark.parametrize("path, age", cases([(POLL, "legacy")], ROWS))
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
    boot = UBoot(site, age)
    address = boot.dhcp()
    assert address == site.server.lease(MAC)
    boot.do(f"tftpboot 0x1000000 {HOST}:{NOISE}", rf"Bytes transferred = {len(site.server.noise)} ", 60)
    site.check_noise(address)
    site.check_memory()
    site.check_age(age == "modern")


@pytest.mark.parametrize("path", cases([], [(HW,), (POLL,), (AUTO,)]))
def test_hand_over(stage, path):
    """U-Boot, legacy, gets Linux, modern, which takes the device over; and a reset gives it back."""
    site = Office(stage, path)
    site.server.put("vmlinuz", (paths.GUEST / "vmlinuz").read_bytes())
    site.server.put("initramfs", (paths.GUEST / "initramfs.gz").read_bytes())
    boot = UBoot(site, "transitional", memory=256)
    boot.dhcp()
    boot.do(f"tftpboot 0x1000000 {HOST}:vmlinuz", "Bytes transferred", 120)
    site.check_age(False)
    boot.do("setenv kernel $filesize")
    boot.do(f"tftpboot 0xa000000 {HOST}:initramfs", "Bytes transferred", 60)
    boot.do(f"setenv bootargs {qemu.linux('')[-1]}")
    boot.vm.serial.write("zboot 0x1000000 $kernel 0xa000000 $filesize")
    boot.vm.wait_up()
    boot.vm.order("dhcp", r"dhcp (\S+)")
    assert boot.vm.order(f"fetch {HOST} {NOISE}", r"fetch (\w+)").group(1) == site.server.digest
    site.check_age(True, linux_takes(path, "transitional"))
    boot.vm.command("system_reset")
    boot.wait_prompt()
    boot.dhcp()
    site.check_age(False)


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
    by_poll = MRG_RXBUF | INDIRECT_DESC | IN_ORDER if path.serves == "poll" else 0
    site.check_age(True, by_poll | (RING_PACKED if ring == "packed" else 0))


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
