# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Stock programs find the NIC, and the driver claims what it should."""

import re
import sys

import pytest
from hfrig import nic, paths, vdpa
from hfrig.nic import NicConfig
from hfvhost.proto import Feature


def run(stage, argv, cfg=None, timeout=60):
    """Run a command on a NIC to its end; what it printed."""
    process, _ = nic.run(stage, argv[0], cfg or NicConfig(), argv)
    status = process.wait(timeout)
    assert status == 0, process.tail()
    return process.text()


def test_plugin_may_be_loaded():
    """The plugin lies where EAL accepts it."""
    assert paths.is_private(paths.PLUGIN)


@pytest.mark.parametrize(("part", "ids", "version"), [
    ("cx6dx", [0x101d, 0x101e, 0x101e], "22.41.1000"),
    ("cx5", [0x1017, 0x1018, 0x1018], "16.35.4030"),
])
def test_ibv_devinfo(stage, part, ids, version):
    """ibv_devinfo -v lists the PF and both VFs, active, with the adapter's ids."""
    text = run(stage, ["ibv_devinfo", "-v"], NicConfig(options=["--nic", part]))
    assert text.count("hca_id:") == 3
    assert text.count("PORT_ACTIVE (4)") == 3
    assert [int(n) for n in re.findall(r"vendor_part_id:\s+(\d+)", text)] == ids
    assert set(re.findall(r"fw_ver:\s+(\S+)", text)) == {version}


@pytest.mark.parametrize("command", ["version_autotest", "devargs_autotest"])
def test_dpdk_test(stage, command):
    """DPDK's own test program loads the plugin, probes our device, and passes."""
    argv = ["env", f"DPDK_TEST={command}", "dpdk-test", "--no-huge", "-m", "128", "--no-telemetry", "--no-shconf",
            "-l", "0", f"--file-prefix={stage.prefix()}", "--log-level=pmd.vdpa.holdfast:info",
            "-d", str(paths.PLUGIN), "-a", f"{nic.vf_bdf(0)},class=vdpa"]
    text = run(stage, argv)
    assert "Test OK" in text
    assert f"{nic.vf_bdf(0)}: 16 queue pairs" in text


def test_dpdk_test_dumps_devices(stage):
    """dump_devices of dpdk-test names our driver as that of the device."""
    argv = ["dpdk-test", "--no-huge", "-m", "128", "--no-telemetry", "--no-shconf", "-l", "0",
            f"--file-prefix={stage.prefix()}", "-d", str(paths.PLUGIN), "-a", f"{nic.vf_bdf(0)},class=vdpa"]
    process, _ = nic.run(stage, "dpdk-test", NicConfig(), argv)
    process.expect(r"RTE>>", 60)
    process.write("dump_devargs")
    process.expect(rf"{nic.vf_bdf(0)}")
    process.write("quit")
    process.wait(30)


@pytest.mark.parametrize("driver,devargs", [(vdpa.HOLDFAST, "datapath=auto"), (vdpa.HOLDFAST, "datapath=hw"), (vdpa.MLX5, "")])
def test_list(stage, driver, devargs):
    """dpdk-vdpa lists both VFs, with our driver and with DPDK's; poll mode alone can keep a dirty log."""
    app = vdpa.Vdpa(stage, vdpa.VdpaConfig(driver, devargs=devargs))
    devices = app.devices()
    assert list(devices) == [nic.vf_bdf(0), nic.vf_bdf(1)]
    for queues, features in devices.values():
        assert queues == 16
        assert features & Feature.VERSION_1
        assert not features & Feature.IOMMU_PLATFORM
        if driver == vdpa.HOLDFAST:
            assert features & Feature.RING_PACKED
            assert bool(features & Feature.LOG_ALL) == (devargs == "datapath=auto")
    assert app.quit() == 0
    if driver == vdpa.HOLDFAST:
        assert "leak" not in app.process.text()


def test_unclaimed_without_class(stage):
    """Without class=vdpa the device is not ours."""
    argv = [str(paths.VDPA_APP), "-l", "0", "--no-huge", "-m", "128", "--no-shconf", "--no-telemetry",
            f"--file-prefix={stage.prefix()}", "-d", str(paths.PLUGIN), "-a", nic.vf_bdf(0), "--", "-i"]
    process, _ = nic.run(stage, "vdpa", NicConfig(), argv)
    process.expect(vdpa.PROMPT, 60)
    assert "queue pairs, features" not in process.text()
    assert nic.vf_bdf(0) not in process.command("list", rf"features\n[\s\S]*(?:{vdpa.PROMPT})").group(0)


def test_queue_pairs(stage):
    """queue_pairs limits what is offered."""
    app = vdpa.Vdpa(stage, vdpa.VdpaConfig(devargs="queue_pairs=3"))
    assert [queues for queues, _ in app.devices().values()] == [3, 3]


OPEN_ALL = """
import ctypes, re
verbs = ctypes.CDLL("libibverbs.so.1")
verbs.ibv_get_device_list.restype = ctypes.POINTER(ctypes.c_void_p)
verbs.ibv_open_device.restype = ctypes.c_void_p
verbs.ibv_open_device.argtypes = [ctypes.c_void_p]
number = ctypes.c_int()
devices = verbs.ibv_get_device_list(ctypes.byref(number))
resident = lambda: int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read()).group(1))
opened = sum(verbs.ibv_open_device(devices[i]) is not None for i in range(number.value))
print("OPEN", opened, "KIB", resident())
"""


@pytest.mark.skipif(paths.SANITIZED, reason="sanitizers take memory of their own")
def test_idle_memory(stage):
    """A NIC with 64 VFs, all of them open, is below 100 MiB, together with the process that it is in."""
    text = run(stage, [sys.executable, "-c", OPEN_ALL], NicConfig(vfs=64))
    opened, resident = map(int, re.search(r"OPEN (\d+) KIB (\d+)", text).groups())
    assert opened == 65
    assert resident < 100 * 1024
