# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Fixtures of the system tests."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "frontend"))

pytest_plugins = ["hfrig.fixtures"]
