#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The table of defects, test/defects.ini: read it, and check that what it names is there.

usage: test/defects.py
"""

import configparser
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "test/defects.ini"
KINDS = ("test", "cannot")


@dataclass(frozen=True)
class Defect:
    """One row."""

    number: str
    what: str
    kind: str       # of KINDS
    answer: str

    def tests(self) -> list[tuple[str, str]]:
        """File and function of each test."""
        return [tuple(name.split("::", 1)) for name in self.answer.split()] if self.kind == "test" else []


def read(path: Path = TABLE) -> list[Defect]:
    """All rows, in the file's order. ValueError: one is not as it should be."""
    ini = configparser.ConfigParser(interpolation=None)
    ini.read_string(path.read_text(encoding="utf-8"))
    rows = []
    for number in ini.sections():
        keys = dict(ini[number])
        what = keys.pop("what", "")
        if not what or len(keys) != 1 or next(iter(keys)) not in KINDS:
            raise ValueError(f"{path.name}: {number}: wants 'what' and one of {', '.join(KINDS)}")
        kind, answer = keys.popitem()
        rows.append(Defect(number, what, kind, answer))
    return rows


def exists(file: str, function: str) -> bool:
    """Whether the file has the test: a function of pytest, or of a unit suite that is among its cases."""
    path = ROOT / file
    if not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return re.search(rf"^def {function}\(", text, re.M) is not None
    defined = re.search(rf"^{function}\(", text, re.M) is not None
    return defined and re.search(rf"\w*CASE\w*\([^;{{}}]*\b{function}\)", text) is not None


def missing(rows: list[Defect]) -> list[str]:
    """A line for each test that is named and not there."""
    return [f"{TABLE.name}: {row.number}: there is no test {file}::{function}"
            for row in rows for file, function in row.tests() if not exists(file, function)]


def main() -> int:
    """Print what is wrong, or how many there are of each kind."""
    try:
        rows = read()
    except (ValueError, configparser.Error) as err:
        print(err, file=sys.stderr)
        return 1
    lines = missing(rows)
    for line in lines:
        print(line, file=sys.stderr)
    if not lines:
        print(f"{len(rows)} defects: " + ", ".join(f"{kind} {sum(row.kind == kind for row in rows)}" for kind in KINDS))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
