# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Fixtures of the front end's tests."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "system"))

from hfrig import api, nic  # noqa: E402  (needs the paths above)
from hfrig.process import ProcessError, Stage  # noqa: E402
import shapes  # noqa: E402
from pair import Pair  # noqa: E402

pytest_plugins = ["hfrig.fixtures"]


def pytest_generate_tests(metafunc):
    """Tests with 'wants' run with guests of each: it makes their shapes."""
    if "wants" in metafunc.fixturenames:
        kinds = shapes.kinds(metafunc.config.getoption("--long"))
        metafunc.parametrize("wants", kinds.values(), ids=kinds.keys())


@pytest.fixture
def rig(stage):
    """dpdk-vdpa with our plugin on a NIC with two VFs."""
    return Pair(stage)


class Application:
    """One dpdk-vdpa for the tests of a file; another one if a test ends it."""

    def __init__(self, make_directory, config=None):
        self.make_directory = make_directory
        self.config = config
        self.stage: Stage | None = None
        self.rig: Pair | None = None

    def get(self) -> Pair:
        """It runs, and no guest is there."""
        if self.rig is None or not self.rig.app.process.alive:
            self.end()
            self.stage = Stage(self.make_directory())
            self.rig = Pair(self.stage, self.config)
        return self.rig

    def clean(self, mark: int) -> None:
        """The guests of a test go, and its faults; what does not become clean by that is not used again."""
        try:
            while len(self.stage.acts) > mark:
                self.stage.acts.pop().close()
            if self.rig.app.process.alive:
                self.rig.nic.ask("fail clear")
                for vf in range(self.rig.good):
                    self.rig.nic.wait_idle(nic.vf_bdf(vf))
        except (OSError, ValueError, ProcessError):
            self.end()
            raise

    def end(self) -> None:
        """It ends; a sanitizer's report is an error."""
        stage, self.stage, self.rig = self.stage, None, None
        if stage is not None:
            stage.finish()


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    """For those files whose 'rig' is 'shared_rig'."""
    act = Application(lambda: tmp_path_factory.mktemp("app"))
    yield act
    act.end()


@pytest.fixture
def shared_rig(application):
    """As 'rig', but the application is that of the test before."""
    rig = application.get()
    mark = len(rig.stage.acts)
    rig.mark = rig.app.process.seen = len(rig.app.process.text())
    yield rig
    application.clean(mark)


@pytest.fixture(params=[False, True], ids=["split", "packed"])
def packed(request):
    """Both kinds of rings."""
    return request.param


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The application of the public interface."""
    return api.compile_app(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def every(request):
    """All positions, or a few of each kind."""
    return request.config.getoption("--long")
