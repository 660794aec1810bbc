# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""pytest fixtures that both test directories use."""

from __future__ import annotations

import pytest

from .process import Stage


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
    processes = act.processes()
    act.close()
    for process in processes:
        process.check_sanitizers()
