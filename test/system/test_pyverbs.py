# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Debian's python3-pyverbs on the emulated NIC: scripts of ours, and the tests that rdma-core ships with it."""

import gzip
import os
import re
from pathlib import Path

import pytest
from hfrig import nic
from hfrig.nic import NicConfig

SCRIPTS = Path(__file__).parent / "scripts"
PYTHON = "/usr/bin/python3"         # that of the package, whatever else is in the PATH
SHIPPED = Path("/usr/share/doc/rdma-core/tests")

CONFIG = NicConfig(options=["--no-memlock"])

# Of rdma-core's own tests: how many have to pass. Where the others need queue pairs of verbs, which are refused, they
# say so ("Failed to create QP"); where they need a capability that is not offered, they are skipped.
PASS = {
    "test_device": 12,
    "test_pd": 4,
    "test_mr": 1,
    "test_cq": 3,
    "test_cqex": 2,
    "test_addr": 1,
    "test_mlx5_var": 1,
    "test_mlx5_uar": 1,
    "test_mlx5_cq": 1,
}
REFUSED = re.compile(r"PyverbsRDMAError: Failed to create (QP|SRQ)\b")
# pyverbs' own: an interpreter that ends may have taken its sets of weak references apart before it closes what is left.
AT_EXIT = re.compile(r"AttributeError: 'WeakSet' object has no attribute '_pending_removals'|"
                     r"Exception ignored in: 'pyverbs\.\w+\.\w+\.__dealloc__'")


def run(stage, argv, timeout=60, cfg=CONFIG):
    """A script on a NIC; its exit status, and what it printed."""
    process, _ = nic.run(stage, Path(argv[1]).stem, cfg, argv)
    return process.wait(timeout), process.text()


@pytest.mark.parametrize("script", ["pv_device", "pv_memory", "pv_devx"])
def test_script(stage, script):
    """Devices, domains, regions, completion queues, DevX objects, umems, UAR and VAR."""
    status, text = run(stage, [PYTHON, SCRIPTS / f"{script}.py"])
    assert status == 0, text
    assert re.search(r"^OK$", text, re.M), text


@pytest.mark.parametrize("part", ["cx6dx", "cx5"])
def test_raw(stage, part):
    """Raw Ethernet by DevX queues, from one VF to another; every byte and what completions say is compared."""
    cfg = NicConfig(options=["--no-memlock", "--nic", part])
    status, text = run(stage, [PYTHON, SCRIPTS / "pv_raw.py"], cfg=cfg)
    assert status == 0, text
    assert re.search(r"^OK$", text, re.M), text


@pytest.fixture(scope="module", name="shipped")
def unpack(tmp_path_factory):
    """rdma-core's tests, which the package has compressed."""
    if not SHIPPED.is_dir():
        pytest.skip(f"{SHIPPED} is not installed (dpkg excludes /usr/share/doc?)")
    place = tmp_path_factory.mktemp("rdma-core") / "tests"
    place.mkdir()
    for path in SHIPPED.iterdir():
        if path.suffix == ".gz":
            (place / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        elif path.suffix == ".py":
            (place / path.name).write_bytes(path.read_bytes())
    return place


@pytest.mark.parametrize("module", PASS)
def test_shipped(stage, shipped, monkeypatch, module):
    """rdma-core's own tests, unchanged: what is offered passes, what is not is skipped or refused."""
    monkeypatch.setenv("PYTHONPATH", str(shipped))
    monkeypatch.setenv("PATH", os.environ["PATH"])
    _, text = run(stage, [PYTHON, shipped / "run_tests.py", "-v", f"tests.{module}"])
    assert re.search(r"^Ran \d+ tests? in", text, re.M), text
    assert len(re.findall(r" \.\.\. ok$", text, re.M)) == PASS[module], text
    errors = re.findall(r"^[\w.]*(?:Error|Exception)\b.*", text, re.M)
    assert not [e for e in errors if not REFUSED.search(e) and not AT_EXIT.search(e)], text
