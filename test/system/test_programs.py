# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Other stock programs: each ends in success, or says what it does not get; none crashes.

Debian 12 has one rdma-core (44) and one DPDK (22.11), and bookworm-backports neither: what these programs are is other
users of the same libraries.
"""

import shutil
import socket

import pytest
from hfrig import nic
from hfrig.nic import NicConfig
from hfrig.testpmd import PROMPT

CONFIG = NicConfig(options=["--no-memlock"])
VF = "mlx5_1"


def run(stage, argv, timeout=60):
    """A program to its end: exit status (a signal's is negative, or above 128), and what it printed."""
    if not shutil.which(argv[0]):
        pytest.skip(f"{argv[0]} is not installed: run devtools/setup")
    process, _ = nic.run(stage, argv[0], CONFIG, argv)
    return process.wait(timeout), process.text()


def test_ibv_devices(stage):
    """All functions, with their GUIDs."""
    status, text = run(stage, ["ibv_devices"])
    assert status == 0
    for index in range(3):
        assert f"mlx5_{index}" in text
        assert f"0e42a1fffe0e000{index}" in text


def test_ibv_asyncwatch(stage):
    """It opens the channel of asynchronous events, and waits."""
    process, _ = nic.run(stage, "ibv_asyncwatch", CONFIG, ["ibv_asyncwatch", "-d", VF])
    process.expect(rf"{VF}: async event FD \d+", 30)
    assert process.alive


def test_ucx_info(stage):
    """UCX opens every device and its ports, and finds none with a transport that it could use."""
    status, text = run(stage, ["ucx_info", "-d"])
    assert status == 0
    for index in range(3):
        assert f"Memory domain: mlx5_{index}" in text or f"mlx5_{index}:1" in text


@pytest.mark.parametrize("provider,status", [("verbs", 61), ("tcp", 0)])
def test_fi_info(stage, provider, status):
    """libfabric's verbs provider finds no endpoint that it could offer (61: ENODATA); the others are not disturbed."""
    assert run(stage, ["fi_info", "-p", provider])[0] == status


@pytest.mark.parametrize("program,said", [
    ("ibv_rc_pingpong", "Couldn't create QP"),
    ("ibv_uc_pingpong", "Couldn't create QP"),
    ("ibv_ud_pingpong", "Couldn't create QP"),
    ("ibv_srq_pingpong", "Couldn't create SRQ"),
    ("ibv_xsrq_pingpong", "Couldn't Open the XRC Domain"),
])
def test_pingpong(stage, program, said):
    """rdma-core's examples get as far as their queue pair: there is no RDMA."""
    status, text = run(stage, [program, "-d", VF])
    assert status == 1
    assert said in text


def free_port():
    """A TCP port that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_perftest(stage):
    """Both ends of ib_send_bw meet over TCP, and say that there is no queue pair."""
    if not shutil.which("ib_send_bw"):
        pytest.skip("ib_send_bw is not installed: run devtools/setup")
    port = str(free_port())
    server, _ = nic.run(stage, "server", CONFIG, ["ib_send_bw", "-d", "mlx5_1", "-p", port])
    server.expect(r"Waiting for client", 30)
    client, _ = nic.run(stage, "client", CONFIG, ["ib_send_bw", "-d", "mlx5_2", "-p", port, "127.0.0.1"])
    assert client.wait(60) == 1
    assert "Couldn't create IB resources" in client.text()
    assert server.wait(60) == 1


@pytest.mark.parametrize("what", ["dev", "link", "resource", "system"])
def test_rdma(stage, what):
    """iproute2's rdma is told that the kernel's netlink of RDMA has nothing for it, and does not wait."""
    status, text = run(stage, ["rdma", what], 20)
    assert status == 1
    assert "Operation not supported" in text


def test_net_mlx5(stage):
    """DPDK's Ethernet driver for the same NICs says why it does not take the device, and the program goes on."""
    argv = ["dpdk-testpmd", "-l", "0,1", "--no-huge", "-m", "256", "--no-telemetry", "--no-shconf",
            f"--file-prefix={stage.prefix()}", "-a", f"{nic.vf_bdf(0)},class=eth", "--", "-i",
            "--total-num-mbufs=2048"]
    process, _ = nic.run(stage, "testpmd", CONFIG, argv)
    process.expect(PROMPT, 60)
    process.write("quit")
    assert process.wait(60) == 0
    text = process.text()
    assert "Failed to load driver mlx5_eth" in text
    assert "No probed ethernet devices" in text
