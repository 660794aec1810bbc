# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""The report of the control path as a picture: SVG or PNG, by the name of the file."""

from __future__ import annotations

from .control_report import LABELS

COLORS = {"default": "#0f3d4d", "connection": "#1f6f8b", "memory": "#4aa3a2", "reset": "#9ccfd8", "mlx5": "#b0b7bd", "mlx5 tuned": "#6b7075"}
DASHES = ("-", "--", ":", "-.")
LEAST = 0.1             # ms, at the foot of the logarithmic scale


def _height(value: float | None) -> float:
    return max(value or 0, LEAST)


def _bars(axis, block: dict, order: list[str]) -> None:
    """A group for each event, a bar for each driver, with the smallest and largest of all rounds."""
    names = list(dict.fromkeys(row["scenario"] for row in block["rows"]))
    sides = [name for name in order if any(row["side"] == name for row in block["rows"])]
    width = 0.8 / len(sides)
    for i, side in enumerate(sides):
        rows = {row["scenario"]: row for row in block["rows"] if row["side"] == side}
        at = [n - 0.4 + (i + 0.5) * width for n, name in enumerate(names) if name in rows]
        spreads = [rows[name]["any_ms"] for name in names if name in rows]
        median = [_height(s["median"]) for s in spreads]
        error = [[m - _height(s["min"]) for m, s in zip(median, spreads)], [_height(s["max"]) - m for m, s in zip(median, spreads)]]
        axis.bar(at, median, width, yerr=error, color=COLORS[side], label=side, error_kw={"linewidth": 0.6})
        for x, s in zip(at, spreads):
            if s["median"] is None:
                axis.annotate("never", (x, 1.2 * LEAST), rotation=90, ha="center", va="bottom", fontsize=7)
    axis.set_xticks(range(len(names)), [LABELS[name].replace(", ", ",\n") for name in names], fontsize=7, rotation=20)
    axis.set_title(f"timing {block['timing']} × {block['scale']:g}, {block['gib']} GiB, {block['pairs']} queue pairs", fontsize=9)


def _lines(axis, blocks: list[dict], scenario: str, order: list[str]) -> None:
    """One event: a colour for each driver, a kind of line for each number of queue pairs, over the guest's memory."""
    for side in order:
        for style, pairs in zip(DASHES, sorted({block["pairs"] for block in blocks})):
            points = [(block["gib"], row["any_ms"]["median"]) for block in blocks if block["pairs"] == pairs
                      for row in block["rows"] if (row["scenario"], row["side"]) == (scenario, side)]
            points = [point for point in points if point[1] is not None]
            name = f"{side}, {pairs} queue pairs" + ("" if points else ": never")
            axis.plot(*(zip(*points) if points else ((), ())), style, marker=".", color=COLORS[side], label=name)
    axis.set_xscale("log", base=2)
    axis.set_xticks(sorted({block["gib"] for block in blocks}), sorted({block["gib"] for block in blocks}))
    axis.set_xlabel("GiB of the guest")
    axis.set_title(f"{LABELS[scenario]} (timing {blocks[0]['timing']} × {blocks[0]['scale']:g})", fontsize=9)


def picture(report: dict, path: str) -> None:
    """Milliseconds without traffic: by event, or, if the guest had several sizes, by size for each event."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    blocks, order = report["blocks"], list(report["sides"])
    timings = list(dict.fromkeys((block["timing"], block["scale"]) for block in blocks))
    grown = len({block["gib"] for block in blocks}) > 1
    if grown:
        sizes = [[block for block in blocks if (block["timing"], block["scale"]) == timing] for timing in timings]
        names = list(dict.fromkeys(row["scenario"] for row in blocks[0]["rows"]))
        plots = [lambda axis, s=same, n=name: _lines(axis, s, n, order) for same in sizes for name in names]
    else:
        plots = [lambda axis, b=block: _bars(axis, b, order) for block in blocks]
    figure, axes = pyplot.subplots(len(plots), 1, figsize=(10, 4 * len(plots)), squeeze=False)
    for axis, plot in zip(axes[:, 0], plots):
        plot(axis)
        axis.set_yscale("log")
        axis.set_ylabel("ms without traffic")
        axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)
    pyplot.close(figure)
