# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""Sphinx configuration of the Holdfast guides."""

import configparser
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "../../test"))
import defects  # noqa: E402  (needs the path above)
import features as guest_features  # noqa: E402
import negotiation  # noqa: E402

project = "Holdfast"
copyright = "2026, The Holdfast authors"
release = version = (HERE / "../../VERSION").read_text().strip()
html_theme = "alabaster"
html_theme_options = {"page_width": "70em", "sidebar_width": "16em"}
nitpicky = True
exclude_patterns = ["_build", "_generated"]


def features(path: Path) -> dict[str, str]:
    """The [Features] section of a file in the format of DPDK's feature tables."""
    ini = configparser.ConfigParser(interpolation=None, comment_prefixes=(";",), inline_comment_prefixes=None)
    ini.optionxform = str
    ini.read(path)
    return dict(ini["Features"])


def write_features_table(app) -> None:
    """One row for each feature that default.ini lists, one column for each driver."""
    folder = HERE / "vdpadevs/features"
    names = features(folder / "default.ini")
    drivers = sorted(p for p in folder.glob("*.ini") if p.name != "default.ini")
    values = {p.stem: features(p) for p in drivers}
    for driver, table in values.items():
        unknown = sorted(set(table) - set(names))
        if unknown:
            raise SystemExit(f"{driver}.ini: features that default.ini does not list: {', '.join(unknown)}")
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 40 " + " ".join(["20"] * len(drivers)), ""]
    lines += ["   * - Feature"] + [f"     - {d}" for d in values]
    for name in names:
        lines += [f"   * - {name}"] + [f"     - {table.get(name, '') or '–'}" for table in values.values()]
    out = HERE / "_generated"
    out.mkdir(exist_ok=True)
    (out / "features.txt").write_text("\n".join(lines) + "\n")


RULE = re.compile(r'^FW_RULE\((\w+),\s*(0x[0-9a-f]+),\s*(\w+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)', re.M)


def write_rules(app) -> None:
    """The table of what the emulated firmware refuses, from the list that the firmware itself is made of."""
    text = (HERE / "../../lib/nicemu/fw/fw_rules.h").read_text()
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 14 22 64", ""]
    lines += ["   * - syndrome", "     - status", "     - rule"]
    for _, number, status, literals in RULE.findall(text):
        words = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))
        lines += [f"   * - ``{number}``", f"     - {status}", f"     - {words}"]
    (HERE / "_generated/rules.txt").write_text("\n".join(lines) + "\n")


VQ_ERROR = re.compile(r'^VQ_ERROR\((\w+), (\w+),\s*"([^"]*)"\)', re.M)


def write_vq_errors(app) -> None:
    """The table of what fails a virtqueue, from the list that the engines themselves have."""
    text = (HERE / "../../lib/nicemu/vq_errors.h").read_text()
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 66 34", ""]
    lines += ["   * - error", "     - error_type"]
    for _, kind, words in VQ_ERROR.findall(text):
        if kind != "NONE":
            lines += [f"   * - {words}", f"     - {kind}"]
    (HERE / "_generated/vq_errors.txt").write_text("\n".join(lines) + "\n")


DEVX_OP = re.compile(r'^DEVX_OP\((0x[0-9a-f]+), (\w+), (\w+), "([^"]*)"\)', re.M)


def write_commands(app) -> None:
    """The table of commands that a DevX user can send, from the list that the emulated kernel checks them by."""
    text = (HERE / "../../lib/nicemu/uverbs/devx_ops.h").read_text()
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 10 40 14 36", ""]
    lines += ["   * - opcode", "     - command", "     - method", "     - here"]
    for opcode, name, method, lacks in DEVX_OP.findall(text):
        here = f"BAD_OP: {lacks}" if lacks else "served"
        lines += [f"   * - ``{opcode}``", f"     - {name}", f"     - {method.lower()}", f"     - {here}"]
    (HERE / "_generated/commands.txt").write_text("\n".join(lines) + "\n")


UV_ROW = re.compile(r'^\t\{"([^"]+)", (\w+),\s*\{(?:MLX5_IB_|UVERBS_)OBJECT_(\w+), (?:(?:MLX5_IB_|UVERBS_)METHOD_)?(\w+),',
                    re.M)


def write_kernel_rules(app) -> None:
    """The table of what the emulated kernel refuses: each row is a request that the unit test 'uverbs' makes."""
    text = (HERE / "../../test/unit/uverbs_rows.c").read_text()
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 44 38 18", ""]
    lines += ["   * - request", "     - method", "     - errno"]
    for what, errno, _, method in UV_ROW.findall(text):
        if errno != "0":
            lines += [f"   * - {what}", f"     - {method if method[0].isalpha() else '-'}", f"     - {errno}"]
    (HERE / "_generated/kernel_rules.txt").write_text("\n".join(lines) + "\n")


def write_defects(app) -> None:
    """One table of defects for each kind of answer. A test that is named and not there ends the build."""
    rows = defects.read()
    wrong = defects.missing(rows)
    if wrong:
        raise SystemExit("\n".join(wrong))
    for kind in defects.KINDS:
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 8 46 46", ""]
        lines += ["   * - number", "     - defect", f"     - {dict(test='tests', cannot='why')[kind]}"]
        for row in (row for row in rows if row.kind == kind):
            answer = row.answer
            if kind == "test":
                answer = ", ".join(f"``{Path(file).stem}::{function}``" for file, function in row.tests())
            lines += [f"   * - {row.number}", f"     - {row.what}", f"     - {answer}"]
        (HERE / f"_generated/defects_{kind}.txt").write_text("\n".join(lines) + "\n")


def write_guests(app) -> None:
    """What the driver does with which feature, and with which message of a negotiation, from the tables it has."""
    (HERE / "_generated/guest_features.txt").write_text("\n".join(guest_features.guide()) + "\n")
    (HERE / "_generated/negotiation.txt").write_text("\n".join(negotiation.guide()) + "\n")


def setup(app) -> None:
    app.connect("builder-inited", write_features_table)
    app.connect("builder-inited", write_rules)
    app.connect("builder-inited", write_vq_errors)
    app.connect("builder-inited", write_commands)
    app.connect("builder-inited", write_kernel_rules)
    app.connect("builder-inited", write_defects)
    app.connect("builder-inited", write_guests)
