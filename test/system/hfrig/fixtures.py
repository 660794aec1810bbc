# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""pytest fixtures that both test directories use."""

from __future__ import annotations

import signal

import pytest

from .process import Stage, abandon_all


def pytest_addoption(parser):
    """Options of all tests."""
    parser.addoption("--long", action="store_true",
                     help="also the tests marked so; fail every call of a sweep, not a few of each kind; race for minutes")


def pytest_configure(config):
    """Marks of tests; and no program outlives them."""
    signal.signal(signal.SIGTERM, abandon_all)
    config.addinivalue_line("markers", "long: only with --long")
    # A thread that ends with an exception has not tested what it should.
    config.addinivalue_line("filterwarnings", "error::pytest.PytestUnhandledThreadExceptionWarning")


def pytest_collection_modifyitems(config, items):
    """Leave out what is long, unless asked for."""
    if not config.getoption("--long"):
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep a test's outcome, and show the ends of its programs' logs when it failed."""
    outcome = yield
    report = outcome.get_result()
    args = getattr(item, "funcargs", {})
    stage = args.get("stage") or getattr(args.get("rig"), "stage", None)
    if report.failed and stage is not None:
        for process in stage.processes():
            report.sections.append((f"log of {process.name}", process.tail()))


@pytest.fixture
def stage(tmp_path):
    """Whatever a test starts ends with it."""
    act = Stage(tmp_path)
    yield act
    act.finish()


@pytest.fixture(scope="module")
def module_stage(tmp_path_factory):
    """Whatever the tests of a file start together ends with the last of them."""
    act = Stage(tmp_path_factory.mktemp("stage"))
    yield act
    act.finish()
