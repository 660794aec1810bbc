# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Fixtures of the front end's tests."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "system"))

from hfrig import api  # noqa: E402  (needs the paths above)
from pair import Pair  # noqa: E402

pytest_plugins = ["hfrig.fixtures"]


def pytest_addoption(parser):
    """Options of these tests."""
    parser.addoption("--long", action="store_true", help="fail every call of a sweep, not a few of each kind")


@pytest.fixture
def rig(stage):
    """dpdk-vdpa with our plugin on a NIC with two VFs."""
    return Pair(stage)


@pytest.fixture(params=[False, True], ids=["split", "packed"])
def packed(request):
    """Both kinds of rings."""
    return request.param


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The application of the public interface."""
    return api.compile_app(tmp_path_factory.mktemp("installed"))
